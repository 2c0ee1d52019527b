// What groups have not read.
#include "scenarios/ledger/ledger.h"

#include <algorithm>
#include <limits>

namespace brokerlab::scenarios {

using model::Offset;
using model::TopicPartition;

namespace {

std::int64_t lag_between(Offset high_watermark, Offset position) {
  return std::max<std::int64_t>(0, high_watermark - position);
}

Offset position_in(const Ledger::GroupView& group, const TopicPartition& name) {
  const auto next = group.next_offset.find(name);
  return next == group.next_offset.end() ? 0 : next->second;
}

}  // namespace

std::vector<std::pair<TopicPartition, std::int64_t>> Ledger::lags(
    const std::string& group, const std::vector<std::string>& topics) const {
  std::vector<std::pair<TopicPartition, std::int64_t>> lags;
  const auto member = groups_.find(group);
  for (const auto& [name, view] : partitions_) {
    if (std::find(topics.begin(), topics.end(), name.topic) == topics.end()) continue;
    const Offset position = member == groups_.end() ? 0 : position_in(member->second, name);
    lags.emplace_back(name, lag_between(view.high_watermark, position));
  }
  return lags;
}

/// It can only grow when a high watermark rises, so that is when the most is found.
void Ledger::note_lag(const TopicPartition& name, Offset from, Offset to) {
  if (from == to) return;
  for (auto& [id, group] : groups_) {
    if (!group.topics.contains(name.topic)) continue;
    const Offset position = position_in(group, name);
    group.lag += lag_between(to, position) - lag_between(from, position);
    if (group.lag <= group.most_lag) continue;
    group.most_lag = group.lag;
    group.most_lag_at = world_.now();
  }
}

/// Called before it moves there.
void Ledger::note_position(GroupView& group, const TopicPartition& name, Offset next) const {
  const Offset before = position_in(group, name);
  const auto view = partitions_.find(name);
  if (next <= before || view == partitions_.end() || !group.topics.contains(name.topic)) return;
  const Offset high_watermark = view->second.high_watermark;
  group.lag += lag_between(high_watermark, next) - lag_between(high_watermark, before);
}

/// Up to where a consumer can read.
Offset Ledger::readable_end(const TopicPartition& name) const {
  const auto view = partitions_.find(name);
  if (view == partitions_.end()) return 0;
  // Who took over may not know yet how far the one before had come.
  const model::Partition* leader =
      find_replica_ ? find_replica_(view->second.leader, name) : nullptr;
  return leader != nullptr && leader->is_leader() ? leader->high_watermark()
                                                  : view->second.high_watermark;
}

std::int64_t Ledger::unreadable(const TopicPartition& name) const {
  const Acknowledgments* acknowledged = acknowledgments_of(name);
  return acknowledged == nullptr ? 0
                                 : acknowledged->count(readable_end(name), Acknowledgments::no_end);
}

Ledger::Unread Ledger::unread(const std::string& group,
                              const std::vector<std::string>& topics) const {
  Unread unread;
  const auto view = groups_.find(group);
  if (view == groups_.end()) return unread;
  for (const auto& [name, acknowledged] : acknowledgments_) {
    if (std::find(topics.begin(), topics.end(), name.topic) == topics.end()) continue;
    const Offset end = readable_end(name);
    // What was deleted is counted by itself.
    const auto partition = partitions_.find(name);
    const Offset log_start = partition == partitions_.end() ? 0 : partition->second.log_start;
    const Offset begin = std::max(reads_from(view->second, name), log_start);
    acknowledged.for_each(
        log_start, Acknowledgments::no_end, [&](Offset from, Offset to, const Acknowledgment& ack) {
          book_.for_each_unread(
              ack.run(to - from), view->second.bit, [&](std::int64_t first, std::int64_t last) {
                const Offset at = from + first - ack.record.number;
                for_each_left(name, at, at + last - first, [&](Offset left, Offset behind) {
                  unread.records += behind - left;
                  const std::int64_t waiting = std::min(behind, end) - std::max(left, begin);
                  if (waiting <= 0) return;
                  unread.waiting += waiting;
                  unread.since = std::min(unread.since, ack.when);
                });
              });
        });
  }
  return unread;
}

/// With auto.offset.reset = latest what was there before it came is not for it.
Offset Ledger::reads_from(const GroupView& group, const TopicPartition& name) {
  if (!group.resets_to_latest) return 0;
  const auto next = group.next_offset.find(name);
  if (next != group.next_offset.end()) return next->second;
  const auto committed = group.committed.find(name);
  return committed != group.committed.end() ? committed->second
                                            : std::numeric_limits<Offset>::max();
}

}  // namespace brokerlab::scenarios
