#include "model/client/offset_fetcher.h"

#include <algorithm>

namespace brokerlab::model {

void OffsetFetcher::update_positions() {
  subscriptions_.validate_on_new_metadata();
  for (const PositionState state : {PositionState::await_validation, PositionState::await_reset}) {
    for (auto& [node, asked] : subscriptions_.wanted(state, world_.now())) {
      NodeConnection* connection = network_.node(node);
      if (connection == nullptr) {
        network_.request_update();
        continue;
      }
      if (!network_.ready(*connection)) continue;
      for (const AskedPosition& one : asked) {
        subscriptions_.retry_at(*subscriptions_.find(one), world_.now() + config_.request_timeout);
      }
      if (state == PositionState::await_reset) {
        process_.spawn(list_offsets(*connection, std::move(asked)));
      } else {
        process_.spawn(ask_epochs(*connection, std::move(asked)));
      }
    }
  }
}

/// OffsetFetcherUtils: the answer was an error; another attempt follows after retry.backoff.ms.
void OffsetFetcher::retry_later(const TopicPartition& partition, ApiKey api, ErrorCode error) {
  network_.errors().answered(api, error, &partition);
  network_.request_update();
  Position& position = *subscriptions_.find(partition);
  outages_.note_failing(partition, position, error);
  subscriptions_.retry_at(position, world_.now() + config_.retry_backoff);
}

void OffsetFetcher::retry_all_later(ApiKey api, const NodeConnection& connection,
                                    const RpcFailure& failure,
                                    const std::vector<AskedPosition>& asked) {
  outages_.note_unanswered(api, connection.address(), failure, asked);
  network_.request_update();
  for (const AskedPosition& one : asked) {
    Position* position = subscriptions_.find(one);
    if (position != nullptr)
      subscriptions_.retry_at(*position, world_.now() + config_.retry_backoff);
  }
}

sim::Task<> OffsetFetcher::list_offsets(NodeConnection& connection,
                                        std::vector<AskedPosition> asked) {
  auto request = std::make_unique<ListOffsetsRequest>();
  request->isolation = config_.isolation_level;
  for (const AskedPosition& one : asked) {
    request->partitions.push_back({one.partition, one.leader.epoch, one.reset_to});
  }
  RequestPtr message = std::move(request);
  outages_.note_asked(asked);
  Result<std::unique_ptr<ListOffsetsResponse>, RpcFailure> result =
      co_await call_as<ListOffsetsResponse>(connection, std::move(message));
  if (!result) {
    retry_all_later(ApiKey::list_offsets, connection, result.error(), asked);
  } else {
    outages_.note_reached(connection.address());
    for (const ListOffsetsResponse::Partition& answer : (*result)->partitions) {
      const Position* position = subscriptions_.find(answer.partition);
      const auto one = std::find_if(asked.begin(), asked.end(), [&](const auto& candidate) {
        return candidate.partition == answer.partition;
      });
      // Something else is wanted by now (resetPositionIfNeeded).
      if (position == nullptr || one == asked.end() || one->reset_to != position->reset_to()) {
        continue;
      }
      take_offset(answer);
    }
  }
  network_.changed().notify_all();
}

void OffsetFetcher::take_offset(const ListOffsetsResponse::Partition& answer) {
  Position* position = subscriptions_.find(answer.partition);
  if (position == nullptr || position->state() != PositionState::await_reset) return;
  if (answer.error != ErrorCode::none) {
    retry_later(answer.partition, ApiKey::list_offsets, answer.error);
    return;
  }
  if (answer.offset == log::no_offset) {
    subscriptions_.reset_to_end(*position);
    subscriptions_.retry_at(*position, {});
    return;
  }
  // Without an epoch: there is nothing to validate about it.
  position->offset = answer.offset;
  observer_.on_position_reset(setup_.client_id, answer.partition, answer.offset);
  position->offset_epoch = log::no_epoch;
  subscriptions_.set_leader(*position, network_.view().leader(answer.partition));
  subscriptions_.enter(*position, PositionState::fetching);
  subscriptions_.retry_at(*position, {});
}

/// KIP-320: asks the new leader where the epoch of our last record ends in its log.
sim::Task<> OffsetFetcher::ask_epochs(NodeConnection& connection,
                                      std::vector<AskedPosition> asked) {
  auto request = std::make_unique<OffsetForLeaderEpochRequest>();
  for (const AskedPosition& one : asked) {
    request->partitions.push_back({one.partition, one.leader.epoch, one.offset_epoch});
  }
  RequestPtr message = std::move(request);
  outages_.note_asked(asked);
  Result<std::unique_ptr<OffsetForLeaderEpochResponse>, RpcFailure> result =
      co_await call_as<OffsetForLeaderEpochResponse>(connection, std::move(message));
  if (!result) {
    retry_all_later(ApiKey::offset_for_leader_epoch, connection, result.error(), asked);
  } else {
    outages_.note_reached(connection.address());
    for (const OffsetForLeaderEpochResponse::Partition& answer : (*result)->partitions) {
      const auto one = std::find_if(
          asked.begin(), asked.end(),
          [&](const AskedPosition& candidate) { return candidate.partition == answer.partition; });
      if (one != asked.end()) take_end_of_epoch(*one, answer);
    }
  }
  network_.changed().notify_all();
}

/// SubscriptionState.maybeCompleteValidation.
void OffsetFetcher::take_end_of_epoch(const AskedPosition& asked,
                                      const OffsetForLeaderEpochResponse::Partition& answer) {
  Position* found = subscriptions_.find(asked);
  if (found == nullptr || found->state() != PositionState::await_validation) return;
  Position& position = *found;
  if (answer.error != ErrorCode::none) {
    retry_later(asked.partition, ApiKey::offset_for_leader_epoch, answer.error);
    return;
  }
  const bool same = position.offset == asked.offset &&
                    position.leader().leader == asked.leader.leader &&
                    position.leader().epoch == asked.leader.epoch;
  if (!same) return;  // the leadership has moved on: that one is asked
  subscriptions_.retry_at(position, {});
  if (answer.end_offset == log::no_offset || answer.leader_epoch == log::no_epoch) {
    subscriptions_.reset(asked.partition, position, ApiKey::offset_for_leader_epoch,
                         "LogTruncationException");
  } else if (answer.end_offset >= position.offset) {
    subscriptions_.enter(position, PositionState::fetching);
  } else {
    // The log was cut behind us: records we have read are gone, others will take their offsets.
    if (!position.failing) position.failing = world_.cause();
    if (config_.auto_offset_reset == AutoOffsetReset::none) {
      subscriptions_.enter(position, PositionState::failed);
      subscriptions_.fail_application(asked.partition, ApiKey::offset_for_leader_epoch,
                                      ErrorCode::offset_out_of_range, "LogTruncationException");
      return;
    }
    subscriptions_.enter(position, PositionState::fetching);
    position.offset = answer.end_offset;
    position.offset_epoch = answer.leader_epoch;
  }
}

}  // namespace brokerlab::model
