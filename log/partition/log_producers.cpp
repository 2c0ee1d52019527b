#include "log/partition/log_producers.h"

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

Result<LogProducers::Changes, LogError> LogProducers::analyze(
    std::span<const Incoming::OfProducer> batches, AppendOrigin origin) const {
  Changes changes;
  for (const Incoming::OfProducer& one : batches) {
    const auto marker = marker_of(one);
    if (!marker.ok()) return fail(producer_error(marker.error()));
    const std::int64_t id = one.batch.producer_id;
    if (origin == AppendOrigin::client) {
      const ProducerState* known = states_.find(id);
      if (known != nullptr) changes.duplicate = known->find_duplicate(one.batch);
      if (changes.duplicate) break;
    }
    const auto append = changes.appends.try_emplace(id, ProducerAppend(states_, id, origin)).first;
    const auto completed = append->second.add(one.batch, *marker);
    if (!completed.ok()) return fail(producer_error(completed.error()));
    if (*completed) changes.completed.push_back(**completed);
  }
  return changes;
}

/// Of a batch that is in the log: what the leader let pass is not judged again.
Result<LogProducers::Changes, LogError> LogProducers::analyze_again(const BatchView& batch) const {
  if (batch.producer_id() == no_producer_id) return Changes();
  const auto one = Incoming::OfProducer::of(batch);
  return analyze({&one, 1}, AppendOrigin::replication);
}

Status<IoError> LogProducers::take(const Changes& changes, LogSegment& segment, Offset end) {
  for (const auto& [id, append] : changes.appends) states_.update(append);
  for (const CompletedTransaction& transaction : changes.completed) {
    if (transaction.aborted) {
      auto noted = segment.transactions().append(
          *env_, {transaction.producer_id, transaction.first_offset, transaction.last_offset,
                  states_.last_stable_offset_after(transaction)});
      if (!noted.ok()) return noted;
    }
    states_.complete(transaction);
  }
  end_ = end;
  return {};
}

Status<IoError> LogProducers::replay(const BatchView& batch, LogSegment& segment) {
  end_ = batch.next_offset();
  const auto changes = analyze_again(batch);
  // Refused are only a marker that makes no sense, and records outside of the transaction that
  // their producer has open (invalid_state). Kafka's loader would stop here; we go on without.
  return changes.ok() ? take(*changes, segment, end_) : Status<IoError>();
}

Status<IoError> LogProducers::bring_to(Offset offset, const LocalLog& log, Offset log_start,
                                       Timestamp now) {
  if (end_ == offset) return {};
  const Offset start = log.empty() ? log_start : std::max(log_start, log.first().base_offset());
  auto begun = start_from_snapshot(std::min(start, offset), offset,
                                   log.config().producer_id_expiration_ms, now);
  if (!begun.ok()) return begun;
  for (std::size_t i = log.index_for(end_); i < log.segments().size(); ++i) {
    LogSegment& segment = *log.segments()[i];
    if (segment.base_offset() >= offset) break;
    if (auto read = read_on(segment, offset); !read.ok()) return read;
  }
  end_ = offset;
  return {};
}

/// The latest snapshot from `start` to `offset`, or nothing at `start`.
Status<IoError> LogProducers::start_from_snapshot(Offset start, Offset offset,
                                                  std::int64_t expiration, Timestamp now) {
  states_.clear();
  end_ = start;
  auto snapshot = snapshots_.latest(*env_, start, offset);
  if (!snapshot.ok()) return fail(snapshot.error());
  if (!*snapshot) return {};
  for (ProducerState& producer : (*snapshot)->producers) {
    const bool expired = now - producer.last_timestamp >= expiration;
    if (expired && !producer.transaction_first_offset) continue;
    states_.restore(std::move(producer));
  }
  end_ = (*snapshot)->offset;
  return {};
}

Status<IoError> LogProducers::read_on(LogSegment& segment, Offset offset) {
  auto place = segment.find(std::max(end_, segment.base_offset()));
  while (place.ok() && *place && (*place)->batch.base_offset < offset) {
    const auto bytes = segment.read((*place)->position, (*place)->batch.size);
    if (!bytes.ok()) return fail(bytes.error());
    const auto batch = BatchView::parse(*bytes);
    if (!batch.ok()) break;
    const auto changes = analyze_again(*batch);
    if (changes.ok()) {
      for (const auto& [id, append] : changes->appends) states_.update(append);
      for (const auto& done : changes->completed) states_.complete(done);
    }
    place = segment.batch_at((*place)->end());
  }
  if (!place.ok()) return fail(place.error());
  return {};
}

Status<IoError> LogProducers::load(const LocalLog& log, Offset log_start, Timestamp now,
                                   bool clean) {
  if (clean && !snapshots_.latest_offset()) {
    end_ = log.end();
    return {};
  }
  return reload(log, log_start, now);
}

Status<IoError> LogProducers::reload(const LocalLog& log, Offset log_start, Timestamp now) {
  if (auto removed = snapshots_.remove_behind(*env_, log.end()); !removed.ok()) return removed;
  if (end_ > log.end()) end_ = no_offset;
  if (auto brought = bring_to(log.end(), log, log_start, now); !brought.ok()) return brought;
  states_.on_log_start_offset(log_start);
  return {};
}

Status<IoError> LogProducers::start_empty_at(Offset offset) {
  states_.clear();
  end_ = offset;
  return snapshots_.remove_all(*env_);
}

Status<IoError> LogProducers::load_snapshots(const std::string& dir) {
  auto snapshots = ProducerSnapshots::load(*env_, dir);
  if (!snapshots.ok()) return fail(snapshots.error());
  snapshots_ = std::move(snapshots).value();
  return {};
}

Status<IoError> LogProducers::remove_stray_snapshots(const LocalLog& log) {
  std::vector<Offset> bases;
  for (const auto& segment : log.segments()) bases.push_back(segment->base_offset());
  return snapshots_.remove_strays(*env_, bases);
}

}  // namespace brokerlab::log
