// Records that are deleted: what they were, whether they might be, and who had not read them.
#include "base/translation.h"
#include "model/events.h"
#include "scenarios/ledger/ledger.h"

#include <algorithm>

namespace brokerlab::scenarios {

using model::Offset;
using model::TopicPartition;

namespace {

/// Bytes of the segments behind the one that holds the offset.
std::int64_t bytes_behind(const log::Log& log, Offset offset) {
  std::int64_t bytes = 0;
  for (const auto& segment : log.segments()) {
    if (segment->base_offset() > offset) bytes += segment->size();
  }
  return bytes;
}

}  // namespace

void Ledger::on_deleting(const model::DeletedRecords& deleted) {
  for (model::Observer* listener : listeners_) listener->on_deleting(deleted);
  const TopicPartition& name = deleted.partition;
  const model::Partition* replica = find_replica_ ? find_replica_(deleted.broker, name) : nullptr;
  if (replica == nullptr) return;
  PartitionView& view = partitions_[name];
  if (view.serving == deleted.broker) view.log_start = std::max(view.log_start, deleted.to);
  ++invariant("retention_keeps_what_it_must").checked;
  if (deleted.to > replica->high_watermark()) {
    violate("retention_keeps_what_it_must",
            phrase("{}: broker {} deletes up to offset {}, above the high watermark {}",
                   name.name(), deleted.broker, deleted.to, replica->high_watermark()));
  }
  FoundInLog& found = found_[name];
  quietly(deleted.broker, [&] { look_at(name, *replica, deleted.to, found, &deleted); });
}

/// The rules of retention.ms and retention.bytes, batch by batch.
void Ledger::check_deleted(const model::DeletedRecords& deleted, const model::Partition& replica,
                           const log::BatchMark& batch, log::Timestamp newest) {
  const model::TopicConfig& config = replica.config();
  if (deleted.asked) return;
  const bool old = config.retention_ms >= 0 && deleted.now - newest > config.retention_ms;
  const bool beyond = config.retention_bytes >= 0 &&
                      bytes_behind(replica.log(), batch.base_offset) >= config.retention_bytes;
  if (config.deletes() && (old || beyond)) return;
  violate(
      "retention_keeps_what_it_must",
      phrase("{}: broker {} deletes offsets {} to {}, which are {} old, and retention.ms is {}; "
             "{} bytes lie behind them, and retention.bytes is {}",
             deleted.partition.name(), deleted.broker, batch.base_offset, batch.last_offset,
             to_text(std::chrono::milliseconds(deleted.now - newest)), config.retention_ms,
             bytes_behind(replica.log(), batch.base_offset), config.retention_bytes));
}

/// Told when the group goes on behind them, or does not until the end: what a consumer has fetched
/// already it may still process.
void Ledger::note_deleted_unread(const std::string& id, GroupView& group,
                                 const TopicPartition& name, Offset from, Offset to) {
  const Acknowledgments* acknowledged = acknowledgments_of(name);
  if (acknowledged == nullptr || from >= to) return;
  std::int64_t unread = 0;
  acknowledged->for_each(from, to, [&](Offset begin, Offset end, const Acknowledgment& ack) {
    book_.for_each_unread(ack.run(end - begin), group.bit,
                          [&](std::int64_t first, std::int64_t last) { unread += last - first; });
  });
  if (unread == 0) return;
  group.deleted += unread;
  exempt("consumed_offsets_have_no_gaps", Exempted::deleted, unread);
  const sim::World::KeepCause keep(world_);
  const auto why = deletions_.find(name);
  world_.trace().record(
      model::events::record_deleted_unread,
      {.partition = context_->partitions.id_of(name),
       .cause = why == deletions_.end() ? std::nullopt : std::optional(why->second)},
      {{"count", std::to_string(unread)},
       {"group", id},
       {"from", std::to_string(from)},
       {"to", std::to_string(to - 1)}});
}

void Ledger::note_deleted_unread() {
  for (auto& [id, group] : groups_) {
    for (const auto& [name, view] : partitions_) {
      if (!group.topics.contains(name.topic)) continue;
      const auto next = group.next_offset.find(name);
      const bool came_later = next == group.next_offset.end() && group.resets_to_latest;
      if (came_later) continue;
      const Offset from = next == group.next_offset.end() ? 0 : next->second;
      note_deleted_unread(id, group, name, from, view.log_start);
    }
  }
}

}  // namespace brokerlab::scenarios
