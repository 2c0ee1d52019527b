#include "log/directory/verify_producers.h"

#include <fmt/format.h>

#include <algorithm>

namespace brokerlab::log {
namespace {

/// "a COMMIT marker of producer 7", "records of producer 7", "records without a producer id".
std::string contents_of(const BatchView& batch, const std::optional<EndTransactionMarker>& marker) {
  const std::string what = !batch.is_control()                          ? "records"
                           : !marker                                    ? "a control record"
                           : marker->result == TransactionResult::abort ? "an ABORT marker"
                                                                        : "a COMMIT marker";
  if (batch.producer_id() == no_producer_id) return what + " without a producer id";
  return fmt::format("{} of producer {}", what, batch.producer_id());
}

std::optional<EndTransactionMarker> marker_of(const BatchView& batch) {
  if (!batch.is_control()) return std::nullopt;
  const auto marker = read_marker(batch);
  return marker.ok() ? *marker : std::nullopt;
}

/// What is wrong with an entry by itself; "" when nothing is.
std::string wrong_with(const TransactionIndexEntry& entry, Offset before, Offset first_offset,
                       Offset end_offset) {
  const AbortedTransaction& aborted = entry.aborted;
  if (entry.version != 0) return fmt::format("version {}, must be 0", entry.version);
  if (aborted.producer_id < 0) return "no producer has such an id";
  if (aborted.first_offset < 0 || aborted.first_offset > aborted.last_offset) {
    return "ends before it begins";
  }
  if (aborted.last_offset <= before) return "does not grow";
  if (aborted.last_offset < first_offset || aborted.last_offset >= end_offset) {
    return fmt::format("ends outside of its segment, which has offsets {} to {}", first_offset,
                       end_offset - 1);
  }
  if (aborted.last_stable_offset < 0 || aborted.last_stable_offset > aborted.last_offset + 1) {
    return fmt::format("last stable offset {} cannot be when {} is the last one",
                       aborted.last_stable_offset, aborted.last_offset);
  }
  return {};
}

/// The same for a producer of a snapshot as of `offset`.
std::string wrong_with(const ProducerState& producer, Offset offset) {
  if (producer.id < 0) return "no producer has such an id";
  if (producer.last_offset() >= offset) {
    return fmt::format("its last offset {} is not below {}, which the snapshot is as of",
                       producer.last_offset(), offset);
  }
  if (producer.transaction_first_offset.value_or(0) >= offset) {
    return fmt::format("its transaction begins at {}, not below {}, which the snapshot is as of",
                       *producer.transaction_first_offset, offset);
  }
  if (producer.batches.empty()) return {};
  const AppendedBatch& last = producer.batches.back();
  if (last.offset_delta < 0 || last.first_offset() < 0) {
    return fmt::format("its last batch ends at offset {} and has {} offsets more", last.last_offset,
                       last.offset_delta);
  }
  return {};
}

}  // namespace

// --- Reading ---

Status<IoError> ProducerFilesVerifier::load(Env& env, const std::string& dir,
                                            const std::vector<SegmentFiles>& segments) {
  for (const SegmentFiles& segment : segments) {
    if (auto loaded = load_index(env, segment); !loaded.ok()) return loaded;
  }
  const auto snapshots = list_snapshots(env, dir);
  if (!snapshots.ok()) return fail(snapshots.error());
  for (const SnapshotFile& file : *snapshots) {
    if (auto loaded = load_snapshot(env, file); !loaded.ok()) return loaded;
  }
  return {};
}

Status<IoError> ProducerFilesVerifier::load_index(Env& env, const SegmentFiles& segment) {
  IndexFile& index = indexes_[segment.base_offset];
  index.first_offset = index.end_offset = segment.base_offset;
  index.path = join_path(parent_path(segment.log),
                         segment_file_name(segment.base_offset, transaction_index_suffix));
  if (segment.transaction_index.empty()) return {};
  auto read = read_transaction_index(env, segment.transaction_index);
  if (!read.ok()) return fail(read.error());
  index.exists = true;
  index.odd_bytes = read->odd_bytes;
  index.entries = std::move(read->entries);
  for (std::size_t i = 0; i < index.entries.size(); ++i) {
    const AbortedTransaction& aborted = index.entries[i].aborted;
    index.by_end.emplace(aborted.last_offset, i);
    index.seen.push_back(
        {static_cast<std::int64_t>(i * transaction_entry_size), aborted.producer_id, {}});
  }
  return {};
}

Status<IoError> ProducerFilesVerifier::load_snapshot(Env& env, const SnapshotFile& file) {
  Snapshot& snapshot = snapshots_.emplace_back(Snapshot{file, {}, {}, {}});
  const auto text = read_text(env, file.path);
  if (!text.ok() && text.error().kind != IoErrorKind::malformed) return fail(text.error());
  if (!text.ok()) {
    snapshot.damage = SnapshotDamage{0, text.error().message};
    return {};
  }
  auto producers = decode_snapshot(as_bytes(*text));
  if (!producers.ok()) {
    snapshot.damage = producers.error();
    return {};
  }
  snapshot.producers = std::move(producers).value();
  for (std::size_t i = 0; i < snapshot.producers.size(); ++i) {
    const ProducerState& producer = snapshot.producers[i];
    snapshot.seen.push_back({snapshot_entry_position(i), producer.id, {}});
    if (producer.last_offset() >= 0) {
      claims_.emplace(producer.last_offset(), std::pair(snapshots_.size() - 1, i));
    }
  }
  return {};
}

// --- Batches ---

void ProducerFilesVerifier::see(const SegmentFiles& segment, const BatchView& batch) {
  IndexFile& index = indexes_.at(segment.base_offset);
  index.end_offset = std::max(index.end_offset, batch.next_offset());
  see_transaction(index, batch);
  const auto behind = claims_.upper_bound(batch.last_offset());
  for (auto claim = claims_.lower_bound(batch.base_offset()); claim != behind; ++claim) {
    Snapshot& snapshot = snapshots_[claim->second.first];
    const ProducerState& producer = snapshot.producers[claim->second.second];
    std::string& contradiction = snapshot.seen[claim->second.second].contradiction;
    if (batch.producer_id() != producer.id || batch.is_control()) {
      contradiction = fmt::format("the batch at its last offset {} holds {}", claim->first,
                                  contents_of(batch, marker_of(batch)));
    } else if (batch.last_offset() != claim->first) {
      contradiction = fmt::format("its last offset is {}, but the batch there goes on to {}",
                                  claim->first, batch.last_offset());
    } else if (const auto last = ProducerBatch::of(batch).last_sequence();
               last != producer.last_sequence()) {
      contradiction = fmt::format("its last sequence is {}, but the batch there ends with {}",
                                  producer.last_sequence(), last);
    }
  }
}

void ProducerFilesVerifier::see_transaction(IndexFile& index, const BatchView& batch) {
  const auto marker = marker_of(batch);
  const std::int64_t producer = batch.producer_id();
  const bool aborts = marker && marker->result == TransactionResult::abort;
  bool listed = false;
  const auto behind = index.by_end.upper_bound(batch.last_offset());
  for (auto at = index.by_end.lower_bound(batch.base_offset()); at != behind; ++at) {
    Entry& entry = index.seen[at->second];
    if (aborts && producer == entry.producer_id) {
      listed = true;
    } else {
      entry.contradiction = fmt::format("at its last offset is {}", contents_of(batch, marker));
    }
  }
  if (batch.is_control()) {
    const auto open = open_.find(producer);
    if (open == open_.end() || !marker) return;
    if (aborts && !listed) {
      index.unlisted.push_back(fmt::format(
          "no entry for the transaction of producer {} at offsets {} to {}, which was aborted",
          producer, open->second, batch.last_offset()));
    }
    open_.erase(open);
  } else if (batch.is_transactional() && batch.record_count() > 0) {
    // A cleaner may have taken away all records; then the transaction needs no entry.
    open_.emplace(producer, batch.base_offset());
  }
}

// --- What was found ---

std::int64_t ProducerFilesVerifier::transaction_index_entries() const {
  std::int64_t entries = 0;
  for (const auto& [base, index] : indexes_) {
    entries += static_cast<std::int64_t>(index.entries.size());
  }
  return entries;
}

void ProducerFilesVerifier::report(Offset log_end, const Found& found) const {
  for (const auto& [base, index] : indexes_) report(index, found);
  for (const Snapshot& snapshot : snapshots_) report(snapshot, log_end, found);
}

void ProducerFilesVerifier::report(const IndexFile& index, const Found& found) const {
  Offset before = -1;
  for (std::size_t i = 0; i < index.entries.size(); ++i) {
    const AbortedTransaction& aborted = index.entries[i].aborted;
    std::string wrong = wrong_with(index.entries[i], before, index.first_offset, index.end_offset);
    if (wrong.empty()) wrong = index.seen[i].contradiction;
    before = std::max(before, aborted.last_offset);
    if (wrong.empty()) continue;
    found(index.path, index.seen[i].position,
          fmt::format("entry (producer {}, offsets {} to {}): {}", aborted.producer_id,
                      aborted.first_offset, aborted.last_offset, wrong));
  }
  const auto whole = static_cast<std::int64_t>(index.entries.size() * transaction_entry_size);
  if (index.odd_bytes > 0) {
    found(index.path, whole, fmt::format("{} bytes behind the last whole entry", index.odd_bytes));
  }
  for (const std::string& unlisted : index.unlisted) {
    found(index.path, whole, (index.exists ? "has " : "is missing: ") + unlisted);
  }
}

void ProducerFilesVerifier::report(const Snapshot& snapshot, Offset log_end,
                                   const Found& found) const {
  const std::string& path = snapshot.file.path;
  if (snapshot.file.offset > log_end) {
    found(path, 0,
          fmt::format("is as of offset {}, but the log ends at {}", snapshot.file.offset, log_end));
  }
  if (snapshot.damage) found(path, snapshot.damage->position, snapshot.damage->reason);
  for (std::size_t i = 0; i < snapshot.producers.size(); ++i) {
    const ProducerState& producer = snapshot.producers[i];
    std::string wrong = wrong_with(producer, snapshot.file.offset);
    if (wrong.empty()) wrong = snapshot.seen[i].contradiction;
    if (wrong.empty()) continue;
    found(path, snapshot.seen[i].position, fmt::format("producer {}: {}", producer.id, wrong));
  }
}

}  // namespace brokerlab::log
