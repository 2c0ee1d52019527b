#include "model/broker/replica_fetcher.h"

#include "model/broker/replica_manager.h"
#include "model/broker/replication_quota.h"
#include "model/java_hash.h"
#include "model/wire/fetch_session_handler.h"
#include "model/wire/rpc.h"

#include <utility>

namespace brokerlab::model {

struct ReplicaFetchers::Fetcher {
  Fetcher(sim::Process& process, const BrokerEndpoint& endpoint, RpcSettings rpc)
      : leader(endpoint),
        connection(process, endpoint.address, std::move(rpc)),
        changed(process.world()) {}

  const BrokerEndpoint leader;
  NodeConnection connection;
  FetchSessionHandler session;
  struct Following {
    Time not_before{};
    const Partition* replica = nullptr;  ///< As of that change of the broker's replicas.
    std::int64_t as_of = -1;
    sim::EventId transition;  ///< As of so many.
    std::int64_t transition_as_of = -1;
    /// By the last answer it had all below the high watermark
    /// (PartitionFetchState.isReplicaInSync).
    bool in_sync = false;
  };
  std::map<TopicPartition, Following> partitions;
  sim::Signal changed;
  bool stopped = false;
};

ReplicaFetchers::ReplicaFetchers(sim::Process& process, ClusterContext& cluster, BrokerId id,
                                 const BrokerConfig& config, ReplicaManager& replicas,
                                 ReplicationQuota& quota)
    : process_(process),
      cluster_(cluster),
      id_(id),
      config_(config),
      replicas_(replicas),
      quota_(quota),
      numbers_(config.num_replica_fetchers) {}

ReplicaFetchers::~ReplicaFetchers() = default;

void ReplicaFetchers::follow(const TopicPartition& partition, const BrokerEndpoint& leader) {
  unfollow(partition);
  const int number =
      java_positive(java_combine(java_hash(partition.topic), partition.partition)) % numbers_;
  const Key key{leader.id, number};
  std::shared_ptr<Fetcher>& fetcher = fetchers_[key];
  if (!fetcher) {
    RpcSettings rpc;
    rpc.client_id = fmt::format("broker-{}-fetcher-{}", id_, number);
    rpc.request_timeout = config_.replica_socket_timeout;
    rpc.timeout_name = "replica.socket.timeout.ms";
    fetcher = std::make_shared<Fetcher>(process_, leader, std::move(rpc));
    process_.spawn(run(fetcher));
  }
  fetcher->partitions[partition] = {};
  fetcher->changed.notify_all();
  following_[partition] = key;
}

void ReplicaFetchers::unfollow(const TopicPartition& partition) {
  const auto found = following_.find(partition);
  if (found == following_.end()) return;
  fetchers_.at(found->second)->partitions.erase(partition);
  following_.erase(found);
}

void ReplicaFetchers::resize() {
  if (std::exchange(numbers_, config_.num_replica_fetchers) == numbers_) return;
  std::vector<std::pair<TopicPartition, BrokerEndpoint>> all;
  for (const auto& [name, key] : following_) all.emplace_back(name, fetchers_.at(key)->leader);
  for (const auto& [name, leader] : all) follow(name, leader);
  shut_down_idle();
}

void ReplicaFetchers::shut_down_idle() {
  std::erase_if(fetchers_, [](const auto& entry) {
    if (!entry.second->partitions.empty()) return false;
    entry.second->stopped = true;
    entry.second->changed.notify_all();
    entry.second->connection.disconnect();
    return true;
  });
}

void ReplicaFetchers::stop() {
  following_.clear();
  for (auto& [key, fetcher] : fetchers_) fetcher->partitions.clear();
  shut_down_idle();
}

std::unique_ptr<FetchRequest> ReplicaFetchers::next_request(Fetcher& fetcher) const {
  auto request = std::make_unique<FetchRequest>();
  request->replica = id_;
  request->max_wait = config_.replica_fetch_wait_max;
  request->min_bytes = config_.replica_fetch_min_bytes;
  request->max_bytes = config_.replica_fetch_response_max_bytes;
  std::vector<FetchRequest::Partition> wanted;
  wanted.reserve(fetcher.partitions.size());
  for (auto& [name, following] : fetcher.partitions) {
    if (following.not_before > process_.world().now()) continue;
    if (std::exchange(following.as_of, replicas_.changes()) != replicas_.changes()) {
      following.replica = replicas_.find(name);
    }
    const std::int64_t transitions = replicas_.transition_count();
    if (std::exchange(following.transition_as_of, transitions) != transitions) {
      following.transition = replicas_.transition(name);
    }
    const Partition* partition = following.replica;
    if (partition == nullptr || partition->role() != Partition::Role::follower) continue;
    if (quota_.holds_back(*partition, following.in_sync)) continue;
    const LeaderEpoch last_fetched =
        replicas_.truncates_to_high_watermark() ? log::no_epoch : partition->last_fetched_epoch();
    wanted.push_back({name, partition->leader_epoch(), partition->log_end_offset(), last_fetched,
                      partition->log().log_start_offset(), config_.replica_fetch_max_bytes,
                      following.transition});
  }
  fetcher.session.build(wanted, *request);
  // Nothing to fetch, and nothing to take back (RemoteLeaderEndPoint.buildFetch).
  if (wanted.empty() && request->forgotten.empty()) return nullptr;
  return request;
}

sim::Task<> ReplicaFetchers::run(std::shared_ptr<Fetcher> fetcher) {
  sim::World& world = process_.world();
  while (!fetcher->stopped) {
    std::unique_ptr<FetchRequest> request = next_request(*fetcher);
    if (request == nullptr) {
      const Time deadline =
          fetcher->partitions.empty() ? never : world.now() + config_.replica_fetch_backoff;
      co_await fetcher->changed.wait(deadline);
      continue;
    }
    auto answer = co_await call_as<FetchResponse>(fetcher->connection, std::move(request));
    if (fetcher->stopped) co_return;
    if (!answer) {
      fetcher->session.fail();
      co_await world.sleep(config_.replica_fetch_backoff);
      continue;
    }
    if (!fetcher->session.take(**answer)) continue;
    std::int64_t bytes = 0;
    for (const auto& data : (*answer)->partitions) {
      bytes += data.records.size();
    }
    sim::Cpu& cpu = process_.machine().cpu();
    co_await cpu.run(cpu.demand(static_cast<int>((*answer)->partitions.size()), 0, Bytes(bytes)));
    for (const FetchResponse::Partition& data : (*answer)->partitions) {
      // Moved elsewhere or cut while the request was under way: the data is stale.
      const Partition* partition = replicas_.find(data.partition);
      if (fetcher->stopped) co_return;
      const FetchRequest::Partition* asked = fetcher->session.asked(data.partition);
      if (!fetcher->partitions.contains(data.partition) || partition == nullptr ||
          asked == nullptr || partition->role() != Partition::Role::follower ||
          partition->log_end_offset() != asked->fetch_offset ||
          partition->leader_epoch() != asked->current_leader_epoch) {
        continue;
      }
      co_await take(fetcher, data);
    }
  }
}

/// ReplicaFetcherThread.processPartitionData: replicas in sync count, too.
void ReplicaFetchers::note_taken(Fetcher& fetcher, const FetchResponse::Partition& data,
                                 Bytes size) {
  const auto following = fetcher.partitions.find(data.partition);
  const Partition* partition = replicas_.find(data.partition);
  if (following == fetcher.partitions.end() || partition == nullptr) return;
  following->second.in_sync = partition->log_end_offset() >= data.high_watermark;
  if (size > 0_B && quota_.is_throttled(*partition)) quota_.record(size);
}

sim::Task<> ReplicaFetchers::take(std::shared_ptr<Fetcher> fetcher,
                                  const FetchResponse::Partition& data) {
  switch (data.error) {
    case ErrorCode::none: {
      const Bytes size(data.records.size());
      const bool taken = co_await replicas_.follow(data);
      if (taken) {
        note_taken(*fetcher, data, size);
        co_return;
      }
      break;
    }
    case ErrorCode::offset_out_of_range: {
      co_await find_range(fetcher, data.partition);
      co_return;
    }
    case ErrorCode::fenced_leader_epoch: {
      // Nothing but another LeaderAndIsr request helps (AbstractFetcherThread.onPartitionFenced).
      fetcher->partitions.erase(data.partition);
      following_.erase(data.partition);
      // Mostly it is on its way already: a fetch was parked when the epoch moved. Worth a sentence
      // when it is not.
      process_.world().after(config_.replica_fetch_backoff,
                             [this, life = std::weak_ptr(fetcher), name = data.partition] {
                               if (life.expired() || following_.contains(name)) return;
                               replicas_.tell_fetch_failed(name, ErrorCode::fenced_leader_epoch);
                             });
      co_return;
    }
    default:
      break;
  }
  // An epoch that one side does not know yet, a leader that is none any more, damaged records:
  // Kafka tries again after replica.fetch.backoff.ms.
  const auto found = fetcher->partitions.find(data.partition);
  if (found != fetcher->partitions.end()) {
    found->second.not_before = process_.world().now() + config_.replica_fetch_backoff;
  }
}

/// The leader's log does not hold our offset. Where it ends is asked first; where it begins only
/// when ours does not go on behind that. Source: AbstractFetcherThread.fetchOffsetAndTruncate.
sim::Task<> ReplicaFetchers::find_range(std::shared_ptr<Fetcher> fetcher,
                                        TopicPartition partition) {
  const std::optional<Offset> end = co_await ask_offset(fetcher, partition, latest_timestamp);
  if (!end || replicas_.cut_to_leaders_end(partition, *end)) co_return;
  const std::optional<Offset> start = co_await ask_offset(fetcher, partition, earliest_timestamp);
  if (start) replicas_.begin_at_leaders_start(partition, *start);
}

/// Nothing while the leader does not say, and when it is not followed any more.
sim::Task<std::optional<Offset>> ReplicaFetchers::ask_offset(std::shared_ptr<Fetcher> fetcher,
                                                             TopicPartition partition,
                                                             std::int64_t timestamp) {
  const Partition* local = replicas_.find(partition);
  if (local == nullptr) co_return std::nullopt;
  auto request = std::make_unique<ListOffsetsRequest>();
  request->from_follower = true;
  request->partitions.push_back({partition, local->leader_epoch(), timestamp});
  auto answer = co_await call_as<ListOffsetsResponse>(fetcher->connection, std::move(request));
  const auto found = fetcher->partitions.find(partition);
  if (fetcher->stopped || found == fetcher->partitions.end()) co_return std::nullopt;
  if (answer && !(*answer)->partitions.empty() &&
      (*answer)->partitions[0].error == ErrorCode::none) {
    co_return (*answer)->partitions[0].offset;
  }
  found->second.not_before = process_.world().now() + config_.replica_fetch_backoff;
  co_return std::nullopt;
}

}  // namespace brokerlab::model
