#include "model/client_metadata.h"

#include <algorithm>
#include <cmath>

namespace brokerlab::model {

// --- ClusterView ---

void ClusterView::update(const MetadataResponse& response) {
  brokers_.clear();
  for (const BrokerEndpoint& broker : response.brokers) brokers_[broker.id] = broker.address;
  for (const TopicMetadata& topic : response.topics) {
    Topic& known = topics_[topic.name];
    known.error = topic.error;
    // A broker that has not heard of the topic yet does not make us forget it.
    if (topic.error != ErrorCode::none && topic.partitions.empty()) continue;
    known.partitions.resize(topic.partitions.size());
    for (const PartitionMetadata& partition : topic.partitions) {
      ENSURE(partition.partition >= 0 &&
                 static_cast<std::size_t>(partition.partition) < known.partitions.size(),
             "partitions of a topic must be dense");
      LeaderInfo& leader = known.partitions[static_cast<std::size_t>(partition.partition)];
      if (partition.leader_epoch != log::no_epoch && partition.leader_epoch < leader.epoch) {
        continue;  // an answer from the past
      }
      leader = {partition.leader, partition.leader_epoch};
    }
  }
}

bool ClusterView::knows_topic(const std::string& topic) const { return partition_count(topic) > 0; }

int ClusterView::partition_count(const std::string& topic) const {
  const auto found = topics_.find(topic);
  return found == topics_.end() ? 0 : static_cast<int>(found->second.partitions.size());
}

LeaderInfo ClusterView::leader(const TopicPartition& partition) const {
  const auto found = topics_.find(partition.topic);
  if (found == topics_.end()) return {};
  const std::vector<LeaderInfo>& partitions = found->second.partitions;
  const auto index = static_cast<std::size_t>(partition.partition);
  return index < partitions.size() ? partitions[index] : LeaderInfo{};
}

std::vector<int> ClusterView::available_partitions(const std::string& topic) const {
  std::vector<int> available;
  const auto found = topics_.find(topic);
  if (found == topics_.end()) return available;
  const std::vector<LeaderInfo>& partitions = found->second.partitions;
  for (std::size_t i = 0; i < partitions.size(); ++i) {
    if (partitions[i].leader.valid()) available.push_back(static_cast<int>(i));
  }
  return available;
}

ErrorCode ClusterView::topic_error(const std::string& topic) const {
  const auto found = topics_.find(topic);
  return found == topics_.end() ? ErrorCode::none : found->second.error;
}

Duration exponential_backoff(Duration base, Duration most, int attempts, RandomStream& random) {
  const double doubled = to_seconds(base) * std::pow(2.0, std::clamp(attempts, 0, 30));
  const double jittered = doubled * random.uniform(0.8, 1.2);
  return std::min(from_seconds(std::min(jittered, 1e6)), most);
}

// --- ClientNetwork ---

ClientNetwork::ClientNetwork(sim::Process& process, ClientNetworkSettings settings,
                             Observer& observer)
    : process_(process),
      settings_(std::move(settings)),
      errors_(observer, settings_.rpc.client_id),
      random_(process.world().stream(fmt::format("{}/{}/metadata/{}", process.name(),
                                                 settings_.rpc.client_id, process.starts()))),
      wake_(process.world()),
      changed_(process.world()) {
  ENSURE(!settings_.bootstrap.empty(), "a client needs a broker to begin with");
}

void ClientNetwork::start() { process_.spawn(refresh_loop()); }

void ClientNetwork::add_topic(const std::string& topic) {
  if (!topics_.insert(topic).second) return;
  request_update();
}

void ClientNetwork::request_update() {
  wanted_ = true;
  wake_.notify_all();
}

sim::Task<bool> ClientNetwork::wait_update(std::int64_t version, Time deadline) {
  while (version_ <= version && process_.world().now() < deadline) {
    co_await changed_.wait(deadline);
  }
  co_return version_ > version;
}

NodeConnection& ClientNetwork::connection(Address address) {
  std::unique_ptr<NodeConnection>& connection = connections_[address];
  if (!connection) connection = dedicated(address);
  return *connection;
}

std::unique_ptr<NodeConnection> ClientNetwork::dedicated(Address address, Duration patience) const {
  RpcSettings settings = settings_.rpc;
  settings.request_timeout = std::max(settings.request_timeout, patience);
  return std::make_unique<NodeConnection>(process_, address, settings);
}

NodeConnection* ClientNetwork::node(BrokerId broker) {
  const auto found = view_.brokers().find(broker);
  return found == view_.brokers().end() ? nullptr : &connection(found->second);
}

bool ClientNetwork::ensure_connected(NodeConnection& node) {
  if (node.connected()) return true;
  if (connecting_.insert(&node).second) process_.spawn(connect(node));
  return false;
}

sim::Task<> ClientNetwork::connect(NodeConnection& node) {
  const bool connected = co_await node.connect(never);
  connecting_.erase(&node);
  if (!connected) {
    // Kafka asks for new metadata whenever a broker goes away (handleServerDisconnect).
    request_update();
    if (on_unreachable) {
      on_unreachable(node.address(), node.last_trouble());
    }
  }
  changed_.notify_all();
}

/// Kafka's leastLoadedNode: a connected broker with nothing in flight, else the one with the least,
/// else one that may be connected to now; ties by chance.
NodeConnection& ClientNetwork::least_loaded() {
  std::vector<Address> candidates;
  for (const auto& [id, address] : view_.brokers()) candidates.push_back(address);
  if (candidates.empty()) candidates = settings_.bootstrap;
  const auto start =
      static_cast<std::size_t>(random_.below(static_cast<std::int64_t>(candidates.size())));
  NodeConnection* best = nullptr;
  std::int64_t best_rank = 0;
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    NodeConnection& node = connection(candidates[(start + i) % candidates.size()]);
    constexpr std::int64_t not_connected = 1'000;
    std::int64_t rank = node.in_flight();
    if (!node.connected()) {
      const Duration backoff = node.backoff_until() - process_.world().now();
      rank = not_connected + std::max<std::int64_t>(0, backoff.count());
      if (connecting_.contains(&node)) ++rank;  // it may be hanging; prefer an untried one
    }
    if (best != nullptr && rank >= best_rank) continue;
    best = &node;
    best_rank = rank;
  }
  return *best;
}

sim::Task<> ClientNetwork::refresh_loop() {
  sim::World& world = process_.world();
  int failures = 0;
  while (true) {
    if (!wanted_) {
      const bool ever = version_ > 0;
      const Time expires = ever ? last_update_ + settings_.metadata_max_age : world.now();
      if (expires > world.now()) {
        co_await wake_.wait(expires);
        continue;
      }
    }
    const bool fresh = co_await refresh_once();
    failures = fresh ? 0 : failures + 1;
    // retry.backoff.ms apart even when all goes well: what was just answered is not asked again.
    const Duration pause = exponential_backoff(settings_.retry_backoff, settings_.retry_backoff_max,
                                               failures, random_);
    co_await world.sleep(pause);
  }
}

sim::Task<bool> ClientNetwork::refresh_once() {
  wanted_ = false;
  auto request = std::make_unique<MetadataRequest>();
  request->topics.assign(topics_.begin(), topics_.end());
  NodeConnection& node = least_loaded();
  if (!node.connected()) {
    const bool connected = co_await node.connect(never);
    if (!connected) {
      wanted_ = true;
      changed_.notify_all();
      co_return false;
    }
  }
  RequestPtr sent = std::move(request);
  Result<std::unique_ptr<MetadataResponse>, RpcFailure> result =
      co_await call_as<MetadataResponse>(node, std::move(sent));
  if (!result) {
    errors_.unanswered(ApiKey::metadata, result.error().kind);
    wanted_ = true;
    changed_.notify_all();
    co_return false;
  }
  // An answer without brokers comes from one that is just starting (Kafka drops it as well).
  if ((*result)->brokers.empty()) {
    wanted_ = true;
    co_return false;
  }
  note_errors(**result);
  view_.update(**result);
  ++version_;
  last_update_ = process_.world().now();
  for (const TopicMetadata& topic : (*result)->topics) {
    const bool leaderless =
        std::any_of(topic.partitions.begin(), topic.partitions.end(),
                    [](const PartitionMetadata& partition) { return !partition.leader.valid(); });
    if (topic.error != ErrorCode::none || leaderless) wanted_ = true;
  }
  changed_.notify_all();
  co_return true;
}

void ClientNetwork::note_errors(const MetadataResponse& response) {
  for (const TopicMetadata& topic : response.topics) {
    if (topic.error != ErrorCode::none) {
      const TopicPartition whole{topic.name, -1};
      errors_.answered(ApiKey::metadata, topic.error, &whole);
    }
    for (const PartitionMetadata& partition : topic.partitions) {
      const TopicPartition name{topic.name, partition.partition};
      errors_.answered(ApiKey::metadata, partition.error, &name);
    }
  }
}

std::string machine_name(sim::Process& process, Address address) {
  return std::string(process.world().trace().machine_name(address.machine));
}

}  // namespace brokerlab::model
