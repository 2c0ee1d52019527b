// What groups have not read, and what they may leave out.
#include "base/translation.h"
#include "scenarios/ledger/ledger.h"

#include <algorithm>
#include <limits>
#include <set>
#include <utility>

namespace brokerlab::scenarios {

using model::BrokerId;
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
  for (const model::TopicName topic : std::set<model::TopicName>(topics.begin(), topics.end())) {
    for (auto one = partitions_.lower_bound({topic, 0});
         one != partitions_.end() && one->first.topic == topic; ++one) {
      const auto& [name, view] = *one;
      const Offset position = member == groups_.end() ? 0 : position_in(member->second, name);
      lags.emplace_back(name, lag_between(view.high_watermark, position));
    }
  }
  return lags;
}

std::vector<std::pair<TopicPartition, std::int64_t>> Ledger::changed_lags(
    const std::string& group) {
  std::vector<std::pair<TopicPartition, std::int64_t>> lags;
  const auto member = groups_.find(group);
  if (member == groups_.end()) return lags;
  for (const TopicPartition& name : member->second.moved) {
    const auto view = partitions_.find(name);
    if (view == partitions_.end()) continue;
    lags.emplace_back(name,
                      lag_between(view->second.high_watermark, position_in(member->second, name)));
  }
  member->second.moved.clear();
  return lags;
}

/// It can only grow when a high watermark rises, so that is when the most is found.
void Ledger::note_lag(const TopicPartition& name, Offset from, Offset to) {
  if (from == to) return;
  for (auto& [id, group] : groups_) {
    if (!group.topics.contains(name.topic)) continue;
    const Offset position = position_in(group, name);
    group.lag += lag_between(to, position) - lag_between(from, position);
    group.moved.insert(name);
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
  group.moved.insert(name);
}

/// Up to where a consumer can read; with read_committed, to where all transactions have ended.
Offset Ledger::readable_end(const TopicPartition& name, bool read_committed) const {
  const auto view = partitions_.find(name);
  if (view == partitions_.end()) return 0;
  // Who took over may not know yet how far the one before had come.
  const model::Partition* leader =
      find_replica_ ? find_replica_(view->second.leader, name) : nullptr;
  if (leader == nullptr || !leader->is_leader()) return view->second.high_watermark;
  return read_committed ? leader->last_stable_offset() : leader->high_watermark();
}

std::int64_t Ledger::unreadable(const TopicPartition& name) const {
  const Acknowledgments* acknowledged = acknowledgments_of(name);
  return acknowledged == nullptr ? 0
                                 : acknowledged->count(readable_end(name), Acknowledgments::no_end);
}

std::map<TopicPartition, std::int64_t> Ledger::all_unreadable() {
  std::map<TopicPartition, std::int64_t> all;
  std::erase_if(maybe_unreadable_, [&](const TopicPartition& name) {
    const std::int64_t count = unreadable(name);
    if (count > 0) all.emplace(name, count);
    return count == 0;
  });
  return all;
}

Ledger::Unread Ledger::unread(const std::string& group,
                              const std::vector<std::string>& topics) const {
  Unread unread;
  const auto view = groups_.find(group);
  if (view == groups_.end()) return unread;
  for (const auto& entry : acknowledgments_) {
    const TopicPartition& name = entry.first;
    const Acknowledgments& acknowledged = entry.second;
    if (std::find(topics.begin(), topics.end(), name.topic) == topics.end()) continue;
    const Offset end = readable_end(name, view->second.read_committed);
    const NumberSet never = view->second.read_committed ? aborted_in(name) : NumberSet();
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
                  never.for_each_gap(left, behind, [&](Offset one, Offset next) {
                    unread.records += next - one;
                    const std::int64_t waiting = std::min(next, end) - std::max(one, begin);
                    if (waiting <= 0) return;
                    unread.waiting += waiting;
                    unread.since = std::min(unread.since, ack.when);
                  });
                });
              });
        });
  }
  return unread;
}

void Ledger::on_position_reset(std::string_view consumer, const TopicPartition& name,
                               Offset offset) {
  const auto group = group_of_.find(consumer);
  if (group == group_of_.end()) return;
  GroupView& view = groups_[group->second];
  const auto sought = view.sought.find(name);
  if (sought != view.sought.end()) sought->second = offset;
  if (!view.resets_to_latest) return;
  Offset& reset_to = view.reset_to[name];
  reset_to = std::max(reset_to, offset);
}

/// The group goes on at `to` instead of `from`.
void Ledger::note_gap(const std::string& group, GroupView& view, const TopicPartition& name,
                      Offset from, Offset to) {
  if (to <= from) return;
  constexpr const char* promise = "consumed_offsets_have_no_gaps";
  const auto left_between = [&](Offset begin, Offset end) {
    std::int64_t left = 0;
    for_each_left(name, begin, end, [&left](Offset one, Offset next) { left += next - one; });
    exempt(promise, Exempted::compacted, end - begin - left);
    return left;
  };
  // Without a commit, or with one that is gone, it may have been sent to the end of the log.
  const auto reset = view.reset_to.find(name);
  if (reset != view.reset_to.end()) {
    const Offset jumped = std::clamp(reset->second, from, to);
    const std::int64_t skipped = left_between(from, jumped);
    view.skipped += skipped;
    exempt(promise, Exempted::skipped, skipped);
    from = jumped;
  }
  if (from == to) return;
  const Holder holder = who_has(name, to);
  if (holder.replica == nullptr) {
    exempt(promise, Exempted::not_verifiable, to - from);
    return;
  }
  if (is_passed_over(holder, from, to, view.read_committed)) return;
  if (left_between(from, to) == 0 || !has_any(holder, from, to)) return;
  violate(promise,
          phrase("group {} went from offset {} to {} of {}", group, from - 1, to, name.name()));
}

/// Whether the log that is read from has a record there: a hole that recovery has left is not its
/// readers' fault.
bool Ledger::has_any(const Holder& holder, Offset from, Offset to) const {
  const model::Partition& replica = *holder.replica;
  bool any = true;
  quietly(holder.broker, [&] {
    const auto data = replica.log().read_records(from, 1, replica.log_end_offset(), true);
    if (!data || data->empty()) return;
    bool first = true;
    log::for_each_mark(*data, [&](const log::BatchMark& mark) {
      if (std::exchange(first, false)) any = mark.base_offset < to;
    });
  });
  return any;
}

/// With auto.offset.reset = latest what was there before it came, or came back without a commit, is
/// not for it; nor what its application has gone past by a seek.
Offset Ledger::reads_from(const GroupView& group, const TopicPartition& name) {
  if (!group.resets_to_latest && !group.sought.contains(name)) return 0;
  const auto next = group.next_offset.find(name);
  const auto reset = group.reset_to.find(name);
  const Offset jumped = reset == group.reset_to.end() ? 0 : reset->second;
  if (next != group.next_offset.end()) return std::max(next->second, jumped);
  // Who takes over what was sought goes on from the commit.
  const auto sought = group.sought.find(name);
  const auto committed = group.committed.find(name);
  const Offset from = committed != group.committed.end() ? committed->second : log::no_offset;
  if (sought != group.sought.end()) return std::max(sought->second, from);
  return from != log::no_offset ? from : std::numeric_limits<Offset>::max();
}

}  // namespace brokerlab::scenarios
