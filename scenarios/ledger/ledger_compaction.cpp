// Compaction: whether the last record of every key stays.
#include "base/translation.h"
#include "scenarios/ledger/ledger.h"

#include <algorithm>
#include <map>
#include <set>

namespace brokerlab::scenarios {

using model::Offset;
using model::TopicPartition;

namespace {

constexpr const char* promise = "compaction_keeps_the_last_of_every_key";

/// Calls `visit(batch, record)` for the records of a segment that can be read.
template <class Visit>
void for_each_in(const log::LogSegment& segment, Visit visit) {
  if (segment.size() == 0) return;
  const auto data = segment.read_records(0, segment.size());
  if (!data) return;
  log::ByteVector scratch;
  for (const log::BatchView& batch : log::Batches(data->bytes())) {
    if (batch.is_control()) continue;
    (void)log::for_each_record(batch, scratch, [&](const log::RecordView& record) {
      visit(batch, record);
      return true;
    });
  }
}

}  // namespace

/// Of batches that the high watermark has passed.
void Ledger::note_keys(const TopicPartition& name, const log::Records& records) {
  Keys& keys = keys_[name];
  log::ByteVector scratch;
  for (const log::BatchView& batch : log::Batches(records.bytes())) {
    if (batch.is_control()) continue;
    (void)log::for_each_record(batch, scratch, [&](const log::RecordView& record) {
      if (!record.key) return true;
      // A transaction's fate is told by its marker: what it wrote is not judged.
      Offset& last = keys.last[std::string(log::as_text(*record.key))];
      last = std::max(last, batch.is_transactional() ? Keys::not_judged : record.offset);
      return true;
    });
  }
}

/// A leader whose log ends at `end` took over: what was last may have been another record.
void Ledger::forget_keys(const TopicPartition& name, Offset end) {
  const auto keys = keys_.find(name);
  if (keys == keys_.end()) return;
  std::erase_if(keys->second.last, [end](const auto& entry) {
    return entry.second >= end && entry.second != Keys::not_judged;
  });
  keys->second.cleaned = std::min(keys->second.cleaned, end);
}

void Ledger::on_compacting(const model::CompactedSegments& compacted) {
  for (model::Observer* listener : listeners_) listener->on_compacting(compacted);
  const TopicPartition& name = compacted.partition;
  const model::Partition* replica = find_replica_ ? find_replica_(compacted.broker, name) : nullptr;
  if (replica == nullptr || compacted.originals.empty()) return;
  (void)partitions_[name];
  quietly(compacted.broker, [&] {
    std::set<Offset> kept;
    std::map<Offset, log::Timestamp> horizons;  // of tombstones
    for_each_in(compacted.copy, [&](const log::BatchView& batch, const log::RecordView& record) {
      kept.insert(record.offset);
      if (!record.value && batch.delete_horizon()) {
        horizons[record.offset] = *batch.delete_horizon();
      }
    });
    Keys& keys = keys_[name];
    Offset end = compacted.originals.front()->base_offset();
    for (const log::LogSegment* segment : compacted.originals) {
      const auto next = segment->read_next_offset();
      if (next) end = std::max(end, *next);
    }
    look_at(name, *replica, end, found_[name]);
    for (const log::LogSegment* segment : compacted.originals) {
      for_each_in(*segment, [&](const log::BatchView& batch, const log::RecordView& record) {
        const auto horizon = horizons.find(record.offset);
        if (horizon != horizons.end() && !batch.delete_horizon()) {
          check_horizon(compacted, *replica, record.offset, horizon->second);
        }
        if (kept.contains(record.offset)) return;
        keys.gone.add(record.offset, record.offset + 1);
        check_removed(compacted, batch, record, keys);
      });
    }
    keys.cleaned = std::max(keys.cleaned, end);
  });
}

void Ledger::check_removed(const model::CompactedSegments& compacted, const log::BatchView& batch,
                           const log::RecordView& record, const Keys& keys) {
  if (!record.key || batch.is_transactional()) return;
  ++invariant(promise).checked;
  const auto last = keys.last.find(std::string(log::as_text(*record.key)));
  if (last == keys.last.end() || last->second > record.offset) return;
  if (record.value) {
    violate(promise, phrase("{}: broker {} drops offset {}, the last of its key",
                            compacted.partition.name(), compacted.broker, record.offset));
    return;
  }
  const auto horizon = batch.delete_horizon();
  if (horizon && compacted.now >= *horizon) return;
  violate(
      promise,
      phrase("{}: broker {} drops the tombstone at offset {} before delete.retention.ms is over",
             compacted.partition.name(), compacted.broker, record.offset));
}

/// Of a tombstone that a cleaner met for the first time.
void Ledger::check_horizon(const model::CompactedSegments& compacted,
                           const model::Partition& replica, Offset tombstone,
                           log::Timestamp horizon) {
  ++invariant(promise).checked;
  const Duration left = std::chrono::milliseconds(horizon - compacted.now);
  if (left >= replica.config().delete_retention) return;
  violate(promise, phrase("{}: broker {} will drop the tombstone at offset {} in {}, and "
                          "delete.retention.ms is {}",
                          compacted.partition.name(), compacted.broker, tombstone, to_text(left),
                          to_text(replica.config().delete_retention)));
}

/// Calls `f(from, to)` for what compaction has left of [from, to).
void Ledger::for_each_left(const TopicPartition& name, Offset from, Offset to,
                           const std::function<void(Offset, Offset)>& f) const {
  const auto keys = keys_.find(name);
  if (keys == keys_.end()) {
    f(from, to);
  } else {
    keys->second.gone.for_each_gap(from, to, f);
  }
}

Offset Ledger::cleaned_up_to(const TopicPartition& name) const {
  const auto keys = keys_.find(name);
  return keys == keys_.end() ? 0 : keys->second.cleaned;
}

}  // namespace brokerlab::scenarios
