// What a log knows of producers and transactions: on the way in, after a truncation, at the start
// (log.h, producer_state.h). Source of the order of things:
// UnifiedLog.analyzeAndValidateProducerState, UnifiedLog.rebuildProducerState.
#include "log/partition/log.h"

#include <algorithm>

namespace brokerlab::log {
namespace {

/// Nothing for what is no marker.
Result<std::optional<EndTransactionMarker>, ProducerError> marker_of(
    const Incoming::OfProducer& batch) {
  if (!batch.batch.control) return std::optional<EndTransactionMarker>();
  auto marker = read_marker(BatchView::parse(batch.control).value());
  if (!marker.ok()) {
    return fail(ProducerError{ProducerError::Kind::invalid_control_batch, marker.error().message});
  }
  return *marker;
}

}  // namespace

Result<Log::ProducerChanges, LogError> Log::analyze_producers(
    std::span<const Incoming::OfProducer> batches, AppendOrigin origin) const {
  ProducerChanges changes;
  for (const Incoming::OfProducer& one : batches) {
    const auto marker = marker_of(one);
    if (!marker.ok()) return fail(producer_error(marker.error()));
    const std::int64_t id = one.batch.producer_id;
    if (origin == AppendOrigin::client) {
      const ProducerState* known = producers_.find(id);
      if (known != nullptr) changes.duplicate = known->find_duplicate(one.batch);
      if (changes.duplicate) break;
    }
    const auto append =
        changes.appends.try_emplace(id, ProducerAppend(producers_, id, origin)).first;
    const auto completed = append->second.add(one.batch, *marker);
    if (!completed.ok()) return fail(producer_error(completed.error()));
    if (*completed) changes.completed.push_back(**completed);
  }
  return changes;
}

/// Of a batch that is in the log: what the leader let pass is not judged again.
Result<Log::ProducerChanges, LogError> Log::analyze_producers(const BatchView& batch) const {
  if (batch.producer_id() == no_producer_id) return ProducerChanges();
  const auto one = Incoming::OfProducer::of(batch);
  return analyze_producers({&one, 1}, AppendOrigin::replication);
}

AppendInfo Log::info_of_duplicate(const AppendedBatch& known) {
  AppendInfo then;
  then.duplicate = true;
  then.first_offset = known.first_offset();
  then.last_offset = known.last_offset;
  then.max_timestamp = known.timestamp;
  then.offset_of_max_timestamp = known.last_offset;
  return then;
}

/// The batches are written: now it is so.
Status<IoError> Log::take(const ProducerChanges& changes, LogSegment& segment) {
  for (const auto& [id, append] : changes.appends) producers_.update(append);
  for (const CompletedTransaction& transaction : changes.completed) {
    if (transaction.aborted) {
      auto noted = segment.transactions().append(
          *env_, {transaction.producer_id, transaction.first_offset, transaction.last_offset,
                  producers_.last_stable_offset_after(transaction)});
      if (!noted.ok()) return noted;
    }
    producers_.complete(transaction);
  }
  return {};
}

Status<IoError> Log::replay_producers(LogSegment& segment, const BatchView& batch) {
  producers_end_ = batch.next_offset();
  const auto changes = analyze_producers(batch);
  // Refused are only a marker that makes no sense, and records outside of the transaction that
  // their producer has open (invalid_state). Kafka's loader would stop here; we go on without.
  if (!changes.ok()) return {};
  return take(*changes, segment);
}

/// From what is known, or from a snapshot, on to `offset`, reading what is in between. Transaction
/// indexes on the way are left as they are.
Status<IoError> Log::bring_producers_to(Offset offset) {
  if (producers_end_ == offset) return {};
  producers_.clear();
  const Offset start = segments_.empty()
                           ? log_start_offset_
                           : std::max(log_start_offset_, segments_.front()->base_offset());
  producers_end_ = std::min(start, offset);
  auto snapshot = snapshots_.latest(*env_, producers_end_, offset);
  if (!snapshot.ok()) return fail(snapshot.error());
  if (*snapshot) {
    for (ProducerState& producer : (*snapshot)->producers) {
      if (last_now_ - producer.last_timestamp >= config_->producer_id_expiration_ms &&
          !producer.transaction_first_offset) {
        continue;
      }
      producers_.restore(std::move(producer));
    }
    producers_end_ = (*snapshot)->offset;
  }
  for (std::size_t i = segment_index_for(producers_end_); i < segments_.size(); ++i) {
    LogSegment& segment = *segments_[i];
    if (segment.base_offset() >= offset) break;
    auto place = segment.find(std::max(producers_end_, segment.base_offset()));
    while (place.ok() && *place && (*place)->batch.base_offset < offset) {
      const auto bytes = segment.read((*place)->position, (*place)->batch.size);
      if (!bytes.ok()) return fail(bytes.error());
      const auto batch = BatchView::parse(*bytes);
      if (!batch.ok()) break;
      const auto changes = analyze_producers(*batch);
      if (changes.ok()) {
        for (const auto& [id, append] : changes->appends) producers_.update(append);
        for (const auto& done : changes->completed) producers_.complete(done);
      }
      place = segment.batch_at((*place)->end());
    }
    if (!place.ok()) return fail(place.error());
  }
  producers_end_ = offset;
  return {};
}

Status<IoError> Log::remove_stray_snapshots() {
  std::vector<Offset> bases;
  for (const auto& segment : segments_) bases.push_back(segment->base_offset());
  return snapshots_.remove_strays(*env_, bases);
}

Status<IoError> Log::load_producers(bool clean) {
  // After a clean stop without any snapshot nobody here ever knew of producers: nothing to read.
  if (clean && !snapshots_.latest_offset()) {
    producers_end_ = log_end_offset_;
    return {};
  }
  return reload_producers();
}

/// After the log's end or start has changed otherwise than by an append.
Status<IoError> Log::reload_producers() {
  if (auto removed = snapshots_.remove_behind(*env_, log_end_offset_); !removed.ok()) {
    return removed;
  }
  if (producers_end_ > log_end_offset_) producers_end_ = no_offset;
  if (auto brought = bring_producers_to(log_end_offset_); !brought.ok()) return brought;
  producers_.on_log_start_offset(log_start_offset_);
  return {};
}

std::vector<AbortedTransaction> Log::aborted_transactions(Offset from, Offset upto) const {
  std::vector<AbortedTransaction> found;
  for (std::size_t i = segment_index_for(from); i < segments_.size(); ++i) {
    if (segments_[i]->transactions().collect(from, upto, found)) break;
  }
  return found;
}

}  // namespace brokerlab::log
