#include "model/client/fetcher.h"

#include <algorithm>
#include <utility>

namespace brokerlab::model {

/// AbstractFetch.prepareFetchRequests.
void Fetcher::send_fetches() {
  subscriptions_.validate_on_new_metadata();
  if (network_.update_due()) return;  // metadata first; changed() tells when it is on its way
  const Time now = process_.world().now();
  std::map<BrokerId, std::vector<AskedPosition>> wanted;
  const bool elsewhere = subscriptions_.reads_elsewhere();
  const bool buffered = !buffer_.empty();
  auto busy = fetching_.begin();  // leaders come in the same order
  for (const auto& [leader, positions] : subscriptions_.fetchable_by_leader()) {
    while (busy != fetching_.end() && *busy < leader) ++busy;
    if (!elsewhere && busy != fetching_.end() && *busy == leader) continue;
    for (auto* entry : positions) {
      auto& [partition, position] = *entry;
      const BrokerId node = elsewhere ? node_for(partition, leader, now) : leader;
      if (elsewhere && is_fetching(node)) continue;
      if (position.retry_at() > now || (buffered && buffer_.contains(partition))) continue;
      if (!node.valid()) {
        network_.request_update();
        break;
      }
      std::vector<AskedPosition>& asked = wanted[node];
      if (asked.empty()) asked.reserve(positions.size());
      asked.push_back(subscriptions_.ask_about(partition, position));
    }
  }
  for (auto& [node, asked] : wanted) {
    // It may lead some and follow others; take_answers() wants them in the order of names.
    if (elsewhere) {
      std::sort(asked.begin(), asked.end(),
                [](const auto& a, const auto& b) { return a.partition < b.partition; });
    }
    NodeConnection* connection = network_.node(node);
    if (connection == nullptr) {
      network_.request_update();
    } else if (!connection->unavailable()) {
      fetching_.insert(std::lower_bound(fetching_.begin(), fetching_.end(), node), node);
      process_.spawn(fetch(node, *connection, std::move(asked)));
    }
  }
}

/// AbstractFetch.selectReadReplica.
BrokerId Fetcher::node_for(const TopicPartition& partition, BrokerId leader, Time now) {
  Position& position = subscriptions_.at(partition);
  const BrokerId replica = subscriptions_.read_replica(position, now);
  if (!replica.valid()) return leader;
  if (network_.view().brokers().contains(replica)) return replica;
  // It is not there any more, or we have not heard of it.
  network_.request_update();
  subscriptions_.clear_read_replica(position);
  return leader;
}

sim::Task<> Fetcher::fetch(BrokerId node, NodeConnection& connection,
                           std::vector<AskedPosition> asked) {
  auto request = std::make_unique<FetchRequest>();
  request->max_wait = config_.fetch_max_wait;
  request->min_bytes = config_.fetch_min_bytes;
  request->max_bytes = config_.fetch_max_bytes;
  request->rack = config_.client_rack;
  request->isolation = config_.isolation_level;
  std::vector<FetchRequest::Partition> next;
  next.reserve(asked.size());
  for (const AskedPosition& one : asked) {
    FetchRequest::Partition partition;
    partition.partition = one.partition;
    partition.current_leader_epoch = one.leader.epoch;
    partition.fetch_offset = one.offset;
    partition.max_bytes = config_.max_partition_fetch_bytes;
    next.push_back(partition);
  }
  FetchSessionHandler& session = sessions_[node];
  session.build(next, *request);
  RequestPtr message = std::move(request);
  outages_.note_asked(asked);
  Result<std::unique_ptr<FetchResponse>, RpcFailure> result =
      co_await call_as<FetchResponse>(connection, std::move(message));
  fetching_.erase(std::lower_bound(fetching_.begin(), fetching_.end(), node));
  if (!result) {
    session.fail();
    outages_.note_unanswered(ApiKey::fetch, connection.address(), result.error(), asked);
    for (const AskedPosition& one : asked) {
      Position* position = subscriptions_.find(one);
      if (position != nullptr) subscriptions_.clear_read_replica(*position);
    }
    network_.request_update();
  } else {
    outages_.note_reached(connection.address());
    const ErrorCode error = (*result)->error;
    if (session.take(**result)) {
      take_answers(asked, **result, connection.address());
    } else {
      network_.errors().answered(ApiKey::fetch, error);
    }
  }
  network_.changed().notify_all();
}

/// AbstractFetch.handleFetchSuccess. Those asked for come in the order of names.
void Fetcher::take_answers(const std::vector<AskedPosition>& asked, FetchResponse& response,
                           Address from) {
  std::vector<bool> answered(asked.size());
  for (FetchResponse::Partition& answer : response.partitions) {
    const auto one = std::lower_bound(
        asked.begin(), asked.end(), answer.partition,
        [](const AskedPosition& it, const TopicPartition& name) { return it.partition < name; });
    ENSURE(one != asked.end() && one->partition == answer.partition,
           "an answer about a partition that was not asked for");
    answered[static_cast<std::size_t>(one - asked.begin())] = true;
    outages_.note_answered(*one, answer, from);
    network_.errors().answered(ApiKey::fetch, answer.error, &answer.partition);
    CompletedFetch fetch;
    fetch.partition = answer.partition;
    fetch.from = from;
    fetch.next_offset = one->offset;
    fetch.error = answer.error;
    fetch.high_watermark = answer.high_watermark;
    fetch.last_stable_offset = answer.last_stable_offset;
    fetch.read_replica = answer.preferred_read_replica;
    fetch.data = std::move(answer.records);
    fetch.aborted = std::move(answer.aborted);
    buffer_.completed.push_back(std::move(fetch));
    if (!names_new_leader(answer.error, answer.current_leader)) continue;
    if (!network_.update_leader(answer.partition, answer.current_leader, response.node_endpoints)) {
      continue;
    }
    Position* position = subscriptions_.find(answer.partition);
    if (position != nullptr) subscriptions_.validate(answer.partition, *position);
  }
  for (std::size_t i = 0; i < asked.size(); ++i) {
    if (!answered[i]) outages_.note_no_news(asked[i]);
  }
}

sim::Task<> Fetcher::close_session(NodeConnection& connection, std::int32_t session) {
  auto request = std::make_unique<FetchRequest>();
  request->max_wait = config_.fetch_max_wait;
  request->session_id = session;
  RequestPtr message = std::move(request);
  (void)co_await call_as<FetchResponse>(connection, std::move(message));  // no matter what it says
  --closing_;
  network_.changed().notify_all();
}

sim::Task<> Fetcher::close_sessions(Time deadline) {
  for (const auto& [node, session] : sessions_) {  // a fetch under way still has its own
    NodeConnection* connection = network_.node(node);
    if (session.session_id() == no_fetch_session || connection == nullptr ||
        connection->unavailable()) {
      continue;
    }
    ++closing_;
    process_.spawn(close_session(*connection, session.session_id()));
  }
  while (closing_ > 0 && process_.world().now() < deadline) {
    co_await network_.changed().wait(deadline);
  }
}

}  // namespace brokerlab::model
