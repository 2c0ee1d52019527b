#include "model/client/consumer_outages.h"

#include "base/korean.h"
#include "model/events.h"
#include "model/explain.h"

#include <utility>

namespace brokerlab::model {

void ConsumerOutages::note_unreachable(Address address, RpcFailure::Kind error,
                                       sim::EventId cause) {
  if (unreachable_.contains(address)) return;
  sim::Trace::About here{.machine = process_.machine().id()};
  if (cause.valid()) here.cause = cause;
  const sim::EventId told = world_.trace().record(events::consumer_stalled, here,
                                                  {{"to", machine_name(process_, address)},
                                                   sim::Detail::of("what", what_failed(error)),
                                                   sim::Detail::of("error", to_phrase(error))});
  unreachable_[address] = told;
  for (auto& [partition, position] : subscriptions_.positions()) {
    const auto leader = network_.view().brokers().find(network_.view().leader(partition).leader);
    if (leader != network_.view().brokers().end() && leader->second == address) {
      position.failing = told;
    }
  }
}

void ConsumerOutages::note_asked(const std::vector<AskedPosition>& asked) {
  for (const AskedPosition& one : asked) {
    Position* position = subscriptions_.find(one);
    if (position != nullptr && position->asked_since == never) position->asked_since = world_.now();
  }
}

void ConsumerOutages::note_unanswered(ApiKey api, Address address, const RpcFailure& failure,
                                      const std::vector<AskedPosition>& asked) {
  network_.errors().unanswered(api, failure);
  note_unreachable(address, failure.kind, failure.cause);
  for (const AskedPosition& one : asked) {
    Position* position = subscriptions_.find(one);
    if (position == nullptr) continue;
    // A request to the old leader may fail long after the new one was asked.
    const bool still_there = position->state() == PositionState::await_reset ||
                             position->leader().leader == one.leader.leader;
    if (still_there) position->failing = unreachable_.at(address);
  }
}

void ConsumerOutages::note_failing(const TopicPartition& partition, Position& position,
                                   ErrorCode error) {
  if (position.failing) return;
  const sim::EventId behind =
      why_answered(world_.trace(), error, context_.partitions.id_of(partition));
  position.failing = behind.valid() ? behind : world_.cause();
}

/// When the answer comes, not when the application gets to it: that may be long after.
void ConsumerOutages::note_answered(const AskedPosition& asked,
                                    const FetchResponse::Partition& answer, Address from) {
  Position* position = subscriptions_.find(asked);
  if (position == nullptr || position->state() != PositionState::fetching) return;
  if (answer.error != ErrorCode::none || position->offset != asked.offset) return;
  // Nobody reads again to whom nothing is readable though there is something to read.
  if (answer.records.empty() && answer.high_watermark < answer.log_end_offset) return;
  const Duration waited = world_.now() - std::exchange(position->asked_since, never);
  if (!position->failing) return;
  const sim::EventId interrupted = *std::exchange(position->failing, std::nullopt);
  const sim::World::KeepCause keep(world_);
  const sim::PartitionId id = context_.partitions.id_of(asked.partition);
  const std::string length = to_rounded_text(waited);
  world_.trace().record(events::consumer_resumed,
                        {.machine = process_.machine().id(),
                         .partition = id,
                         .cause = why_again(world_.trace(), id, interrupted, interrupted)},
                        {{"to", machine_name(process_, from)},
                         {"waited", length, with_korean_unit(length)},
                         {"waited_ns", std::to_string(waited.count())}});
}

void ConsumerOutages::note_no_news(const AskedPosition& asked) {
  Position* position = subscriptions_.find(asked);
  if (position != nullptr && !position->failing) position->asked_since = never;
}

}  // namespace brokerlab::model
