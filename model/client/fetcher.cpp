#include "model/client/fetcher.h"

#include <algorithm>
#include <utility>

namespace brokerlab::model {

void Fetcher::send_fetches() {
  subscriptions_.validate_on_new_metadata();
  if (network_.update_due()) return;  // metadata first; changed() tells when it is on its way
  const std::set<TopicPartition> in_buffer = buffer_.partitions();
  for (auto& [node, asked] :
       subscriptions_.wanted(PositionState::fetching, process_.world().now())) {
    NodeConnection* connection = network_.node(node);
    if (connection == nullptr) {
      network_.request_update();
      continue;
    }
    std::erase_if(asked,
                  [&](const AskedPosition& one) { return in_buffer.contains(one.partition); });
    if (asked.empty() || connection->unavailable() || !fetching_.insert(node).second) continue;
    std::stable_sort(
        asked.begin(), asked.end(), [this](const AskedPosition& a, const AskedPosition& b) {
          return subscriptions_.find(a.partition)->turn < subscriptions_.find(b.partition)->turn;
        });
    process_.spawn(fetch(node, *connection, std::move(asked)));
  }
}

sim::Task<> Fetcher::fetch(BrokerId node, NodeConnection& connection,
                           std::vector<AskedPosition> asked) {
  auto request = std::make_unique<FetchRequest>();
  request->max_wait = config_.fetch_max_wait;
  request->min_bytes = config_.fetch_min_bytes;
  request->max_bytes = config_.fetch_max_bytes;
  for (const AskedPosition& one : asked) {
    FetchRequest::Partition partition;
    partition.partition = one.partition;
    partition.current_leader_epoch = one.leader.epoch;
    partition.fetch_offset = one.offset;
    partition.max_bytes = config_.max_partition_fetch_bytes;
    request->partitions.push_back(partition);
  }
  RequestPtr message = std::move(request);
  outages_.note_asked(asked);
  Result<std::unique_ptr<FetchResponse>, RpcFailure> result =
      co_await call_as<FetchResponse>(connection, std::move(message));
  fetching_.erase(node);
  if (!result) {
    outages_.note_unanswered(ApiKey::fetch, connection.address(), result.error(), asked);
    network_.request_update();
  } else {
    outages_.note_reached(connection.address());
    take_answers(asked, **result, connection.address());
  }
  network_.changed().notify_all();
}

/// AbstractFetch.handleFetchSuccess.
void Fetcher::take_answers(const std::vector<AskedPosition>& asked, FetchResponse& response,
                           Address from) {
  for (FetchResponse::Partition& answer : response.partitions) {
    const auto one = std::find_if(asked.begin(), asked.end(), [&](const AskedPosition& candidate) {
      return candidate.partition == answer.partition;
    });
    ENSURE(one != asked.end(), "an answer about a partition that was not asked for");
    Position* position = subscriptions_.find(answer.partition);
    const bool was_failing = position != nullptr && position->failing.has_value();
    outages_.note_answered(*one, answer, from);
    if (position != nullptr && answer.error == ErrorCode::none) {
      const Offset told = std::exchange(position->told_high_watermark, answer.high_watermark);
      const bool news = told != answer.high_watermark || was_failing;
      if (answer.records.empty() && !news) continue;
    }
    network_.errors().answered(ApiKey::fetch, answer.error, &answer.partition);
    CompletedFetch fetch;
    fetch.partition = answer.partition;
    fetch.from = from;
    fetch.next_offset = one->offset;
    fetch.error = answer.error;
    fetch.high_watermark = answer.high_watermark;
    fetch.data = std::move(answer.records);
    buffer_.completed.push_back(std::move(fetch));
    if (!names_new_leader(answer.error, answer.current_leader)) continue;
    if (!network_.update_leader(answer.partition, answer.current_leader, response.node_endpoints)) {
      continue;
    }
    if (position != nullptr) subscriptions_.validate(answer.partition, *position);
  }
}

}  // namespace brokerlab::model
