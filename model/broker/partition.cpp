#include "model/broker/partition.h"

#include "model/broken_rules.h"

#include <algorithm>
#include <utility>

namespace brokerlab::model {

namespace {

ErrorCode producer_error_code(log::ProducerError::Kind kind) {
  using Kind = log::ProducerError::Kind;
  switch (kind) {
    case Kind::invalid_epoch:
      return ErrorCode::invalid_producer_epoch;
    case Kind::out_of_order:
      return ErrorCode::out_of_order_sequence_number;
    case Kind::invalid_state:
      return ErrorCode::invalid_txn_state;
    case Kind::coordinator_fenced:
      return ErrorCode::transaction_coordinator_fenced;
    case Kind::invalid_control_batch:
      return ErrorCode::invalid_record;
  }
  UNREACHABLE();
}

}  // namespace

Partition::Partition(BrokerId local, TopicPartition partition, sim::PartitionId id,
                     TopicConfig config, Duration replica_lag_time_max)
    : local_(local),
      name_(partition),
      id_(id),
      config_(std::move(config)),
      replica_lag_time_max_(replica_lag_time_max) {}

Partition::~Partition() { tell_watchers(); }

void Partition::watch_standing(StandingWatcher& watcher) {
  const Standing now = standing();
  ENSURE(watchers_.empty() || watched_ == now, "{} has changed, and who watches was not told",
         name_.name());
  watched_ = now;
  watchers_.push_back(&watcher);
}

void Partition::tell_watchers() {
  for (StandingWatcher* watcher : std::exchange(watchers_, {})) watcher->on_standing_changed();
}

void Partition::set_log(std::unique_ptr<log::Log> log, Offset high_watermark, Time now) {
  last_flush_ = now;
  log_ = std::move(log);
  log_->on_ends_moved([this] { tell_if_standing_changed(); });
  move_high_watermark(std::clamp(high_watermark, log_->log_start_offset(), log_->log_end_offset()));
  check();
}

void Partition::move_high_watermark(Offset to) {
  high_watermark_ = to;
  log_->on_high_watermark(to);  // transactions that end below it hold nobody back any more
}

void Partition::check() {
  ENSURE(high_watermark_ <= log_end_offset(), "{}: high watermark {}, but the log ends at {}",
         name_.name(), high_watermark_, log_end_offset());
  for (const BrokerId member : isr_) {
    ENSURE(contains(replicas_, member), "{}: {} is in the ISR and no replica", name_.name(),
           member);
  }
  ENSURE(leader_epoch_ >= checked_.leader, "{}: leader epoch {} after {}", name_.name(),
         leader_epoch_, checked_.leader);
  ENSURE(partition_epoch_ >= checked_.partition, "{}: partition epoch {} after {}", name_.name(),
         partition_epoch_, checked_.partition);
  checked_ = {leader_epoch_, partition_epoch_};
  tell_if_standing_changed();
}

bool Partition::in_isr(BrokerId broker) const { return contains(isr_, broker); }

std::vector<BrokerId> Partition::maximal_isr() const {
  if (in_flight_ && in_flight_->to.size() > isr_.size()) return in_flight_->to;
  return isr_;
}

/// Kafka caps min.insync.replicas at the number of replicas (KAFKA-15583).
int Partition::effective_min_isr() const {
  return std::min(config_.min_insync_replicas, static_cast<int>(replicas_.size()));
}

ErrorCode Partition::check_leader(LeaderEpoch current) const {
  const ErrorCode error = check_epoch(current);
  if (error != ErrorCode::none) return error;
  return is_leader() ? ErrorCode::none : ErrorCode::not_leader_or_follower;
}

ErrorCode Partition::check_epoch(LeaderEpoch current) const {
  if (current == log::no_epoch || current == leader_epoch_) return ErrorCode::none;
  return current < leader_epoch_ ? ErrorCode::fenced_leader_epoch : ErrorCode::unknown_leader_epoch;
}

// --- Leadership ---

void Partition::take_replicas(const LeaderAndIsrRequest::Partition& state) {
  replicas_ = state.replicas;
  for (const BrokerId replica : replicas_) {
    if (replica != local_) followers_.try_emplace(replica);
  }
  std::erase_if(followers_, [&](const auto& entry) { return !contains(replicas_, entry.first); });
  in_flight_.reset();
}

Partition::Transition Partition::make_leader(const LeaderAndIsrRequest::Partition& state,
                                             Time now) {
  if (state.state.partition_epoch < partition_epoch_) return {};
  const bool is_new_leader = role_ != Role::leader;
  const bool is_new_epoch = state.state.leader_epoch > leader_epoch_;
  const Offset start = log_end_offset();
  // First, as it may fail: who cannot write down since when he leads, does not lead.
  if (is_new_epoch && !log_->assign_epoch_start(state.state.leader_epoch, start)) {
    return {.storage_failed = true};
  }
  Transition transition{.accepted = true};
  take_replicas(state);
  // Who is no replica any longer, after a reassignment, is about to leave the ISR: Kafka's leader
  // has it in there until then, and does not wait for it (only remoteReplicas count).
  isr_.clear();
  for (const BrokerId member : state.state.isr) {
    if (contains(replicas_, member)) isr_.push_back(member);
  }
  role_ = Role::leader;
  leader_ = local_;
  if (is_new_epoch) {
    for (auto& [broker, follower] : followers_) {
      const bool in_sync = in_isr(broker);
      const Time caught_up = in_sync ? now : long_ago;
      if (is_new_leader) {
        follower = FollowerState{.last_caught_up = caught_up};
      } else {
        follower.leader_end_at_last_fetch = start;
        follower.last_fetch = in_sync ? now : long_ago;
        follower.last_caught_up = caught_up;
      }
    }
    leader_epoch_ = state.state.leader_epoch;
    leader_epoch_start_ = start;
  }
  partition_epoch_ = state.state.partition_epoch;
  transition.changed = is_new_leader || is_new_epoch;
  transition.high_watermark_moved = maybe_increment_high_watermark(now);
  check();
  return transition;
}

bool Partition::note_epoch_start(const LeaderAndIsrRequest::Partition& state) {
  if (state.state.partition_epoch < partition_epoch_ || state.state.leader_epoch <= leader_epoch_) {
    return true;
  }
  return log_->assign_epoch_start(state.state.leader_epoch, log_end_offset()).ok();
}

Partition::Transition Partition::make_follower(const LeaderAndIsrRequest::Partition& state) {
  if (state.state.partition_epoch < partition_epoch_) return {};
  Transition transition{.accepted = true};
  transition.changed = role_ != Role::follower || leader_ != state.state.leader ||
                       leader_epoch_ != state.state.leader_epoch;
  take_replicas(state);
  isr_.clear();  // a follower does not know the ISR
  role_ = Role::follower;
  leader_ = state.state.leader;
  leader_epoch_ = state.state.leader_epoch;
  leader_epoch_start_ = log::no_offset;
  partition_epoch_ = state.state.partition_epoch;
  check();
  return transition;
}

// --- Leader ---

ErrorCode Partition::check_append(Acks acks) const {
  if (!is_leader() && !is_broken(Rule::deposed_leaders_refuse_writes)) {
    return ErrorCode::not_leader_or_follower;
  }
  return acks == Acks::all && under_min_isr() ? ErrorCode::not_enough_replicas : ErrorCode::none;
}

Result<Partition::Appended, ErrorCode> Partition::append_as_leader(log::MutableByteView batches,
                                                                   Acks acks, Time now,
                                                                   log::Timestamp wall,
                                                                   log::AppendOrigin origin,
                                                                   Guard guard) {
  if (const ErrorCode wrong = check_append(acks); wrong != ErrorCode::none) return fail(wrong);
  for (const log::BatchView& batch : log::Batches(batches)) {
    const ErrorCode wrong = check_verified(log::ProducerBatch::of(batch), origin, guard);
    if (wrong != ErrorCode::none) return fail(wrong);
  }
  // A coordinator's own appends have no sequences.
  const bool unchecked = is_broken(Rule::sequences_are_checked);
  const auto done = log_->append_as_leader(batches, leader_epoch_, wall,
                                           unchecked ? log::AppendOrigin::coordinator : origin);
  if (done && !verifications_.empty()) {
    for (const log::BatchView& batch : log::Batches(batches)) {
      forget_verification(log::ProducerBatch::of(batch));
    }
  }
  return appended(done, now);
}

Result<Partition::Appended, ErrorCode> Partition::append_as_leader(const log::PhantomBatch& batch,
                                                                   Acks acks, Time now,
                                                                   log::Timestamp wall,
                                                                   Guard guard) {
  ErrorCode wrong = check_append(acks);
  const log::ProducerBatch of_producer = log::ProducerBatch::of(batch);
  if (wrong == ErrorCode::none) {
    wrong = check_verified(of_producer, log::AppendOrigin::client, guard);
  }
  if (wrong != ErrorCode::none) return fail(wrong);
  const auto done = log_->append_phantom_as_leader(batch, leader_epoch_, wall);
  if (done) forget_verification(of_producer);
  return appended(done, now);
}

// --- Verification (KIP-890) ---

bool Partition::has_open_transaction(std::int64_t producer_id) const {
  const log::ProducerState* known = log().producers().find(producer_id);
  return known != nullptr && known->transaction_first_offset.has_value();
}

Partition::Guard Partition::begin_verification(ProducerIdAndEpoch producer, std::int32_t sequence) {
  if (has_open_transaction(producer.id)) return no_guard;
  Verification& known = verifications_[producer.id];
  if (known.guard == no_guard) {
    known = {++last_guard_, sequence, producer.epoch};
  } else if (producer.epoch > known.epoch) {
    known.epoch = producer.epoch;
    known.lowest_sequence = sequence;
  } else if (producer.epoch == known.epoch) {
    known.lowest_sequence = std::min(known.lowest_sequence, sequence);
  }
  return known.guard;
}

/// UnifiedLog.analyzeAndValidateProducerState, ProducerAppendInfo.checkSequence. What is in the log
/// already needs no guard.
ErrorCode Partition::check_verified(const log::ProducerBatch& batch, log::AppendOrigin origin,
                                    Guard guard) const {
  if (!verifies_ || !batch.transactional || batch.control) return ErrorCode::none;
  const log::ProducerState* known = log().producers().find(batch.producer_id);
  const bool client = origin == log::AppendOrigin::client;
  if (client && known != nullptr && known->find_duplicate(batch)) return ErrorCode::none;
  const auto verification = verifications_.find(batch.producer_id);
  if (!has_open_transaction(batch.producer_id)) {
    const bool verified = guard != no_guard && verification != verifications_.end() &&
                          verification->second.guard == guard;
    if (!verified) return ErrorCode::invalid_txn_state;
  }
  const bool too_late = client && verification != verifications_.end() &&
                        batch.base_sequence > verification->second.lowest_sequence;
  return too_late ? ErrorCode::out_of_order_sequence_number : ErrorCode::none;
}

void Partition::forget_verification(const log::ProducerBatch& batch) {
  if (batch.transactional) verifications_.erase(batch.producer_id);
}

Result<Partition::Appended, ErrorCode> Partition::appended(
    const Result<log::AppendInfo, log::LogError>& appended, Time now) {
  if (!appended) {
    using Kind = log::LogError::Kind;
    switch (appended.error().kind) {
      case Kind::record_too_large:
        return fail(ErrorCode::message_too_large);
      case Kind::batch_too_large:
        return fail(ErrorCode::record_list_too_large);
      case Kind::corrupt:
        return fail(ErrorCode::corrupt_message);
      case Kind::producer:
        return fail(producer_error_code(*appended.error().producer));
      case Kind::invalid:
        return fail(ErrorCode::invalid_record);
      case Kind::invalid_timestamp:
        return fail(ErrorCode::invalid_timestamp);
      default:
        return fail(ErrorCode::kafka_storage_error);
    }
  }
  // With an ISR of one the high watermark moves right here.
  const bool moved = maybe_increment_high_watermark(now);
  check();
  return Appended{*appended, moved};
}

/// A follower that is about to join the ISR is waited for, or it would never get there.
bool Partition::waits_to_join(BrokerId broker, const FollowerState& follower, Offset end,
                              Time now) const {
  return is_alive_(broker) && follower.is_caught_up(end, now, replica_lag_time_max_);
}

std::vector<Partition::Awaited> Partition::awaited(Time now) const {
  std::vector<Awaited> all;
  if (!is_leader()) return all;
  const std::vector<BrokerId> maximal = maximal_isr();
  const Offset end = log_end_offset() + 1;
  for (const auto& [broker, follower] : followers_) {
    if (contains(maximal, broker)) {
      all.push_back({broker, never});
    } else if (waits_to_join(broker, follower, end, now)) {
      all.push_back({broker, follower.last_caught_up + replica_lag_time_max_});
    }
  }
  return all;
}

bool Partition::maybe_increment_high_watermark(Time now) {
  if (!is_leader() || under_min_isr()) return false;
  const std::vector<BrokerId> maximal = maximal_isr();
  const Offset end = log_end_offset();
  Offset candidate = end;
  for (const auto& [broker, follower] : followers_) {
    if (follower.log_end_offset >= candidate) continue;
    if (is_broken(Rule::high_watermark_waits_for_isr)) break;
    const bool counted = contains(maximal, broker);
    if (counted || waits_to_join(broker, follower, end, now)) candidate = follower.log_end_offset;
  }
  if (candidate <= high_watermark_) return false;
  move_high_watermark(candidate);
  return true;
}

Partition::FollowerFetch Partition::note_follower_fetch(BrokerId follower, Offset offset,
                                                        Offset leader_end, Time now, Offset start) {
  const auto found = followers_.find(follower);
  if (found == followers_.end()) return {};
  FollowerFetch outcome{.known = true};
  outcome.log_start_moved = std::exchange(found->second.log_start_offset, start) != start;
  // Mostly it has all, as it had before, and nothing else can follow from that.
  if (offset == leader_end && offset == found->second.log_end_offset && in_isr(follower)) {
    found->second.note_fetch(offset, leader_end, now);
    return outcome;
  }
  const Offset before = found->second.log_end_offset;
  found->second.note_fetch(offset, leader_end, now);
  outcome.isr_change = maybe_expand_isr(follower);
  if (before != offset) outcome.high_watermark_moved = maybe_increment_high_watermark(now);
  check();
  return outcome;
}

std::optional<IsrChange> Partition::maybe_expand_isr(BrokerId follower) {
  if (in_flight_ || in_isr(follower) || !is_alive_(follower)) return std::nullopt;
  const Offset end = followers_.at(follower).log_end_offset;
  const bool caught_up = end >= high_watermark_ && end >= leader_epoch_start_;
  if (!caught_up && !is_broken(Rule::isr_grows_once_caught_up)) return std::nullopt;
  std::vector<BrokerId> to = isr_;
  to.push_back(follower);
  return begin_isr_change(std::move(to));
}

std::optional<IsrChange> Partition::maybe_shrink_isr(Time now) {
  if (!is_leader() || in_flight_) return std::nullopt;
  const Offset end = log_end_offset();
  std::vector<BrokerId> to;
  for (const BrokerId member : isr_) {
    if (member == local_ || followers_.at(member).is_caught_up(end, now, replica_lag_time_max_)) {
      to.push_back(member);
    }
  }
  if (to.size() == isr_.size()) return std::nullopt;
  return begin_isr_change(std::move(to));
}

IsrChange Partition::begin_isr_change(std::vector<BrokerId> to) {
  in_flight_ = IsrChange{name_, leader_epoch_, partition_epoch_, isr_, std::move(to)};
  return *in_flight_;
}

Partition::IsrOutcome Partition::finish_isr_change(const IsrChange& change,
                                                   const AlterPartitionResponse::Partition& answer,
                                                   Time now) {
  if (in_flight_ != change) return {};  // overtaken by a LeaderAndIsr request
  switch (answer.error) {
    case ErrorCode::none:
      break;
    case ErrorCode::ineligible_replica:
      in_flight_.reset();  // certainly not done
      return {};
    case ErrorCode::unknown_topic_or_partition:
    case ErrorCode::fenced_leader_epoch:
    case ErrorCode::invalid_update_version:
      // The controller knows better, and will tell. Until then the change may have been made: it
      // stays pending, and with it the larger of the two ISRs in force.
      return {};
    default:
      return {.retry = in_flight_};
  }
  // What is newer here came by a LeaderAndIsr request; the change stays pending.
  if (answer.state.leader_epoch != leader_epoch_ ||
      answer.state.partition_epoch < partition_epoch_) {
    return {};
  }
  in_flight_.reset();
  isr_ = answer.state.isr;
  partition_epoch_ = answer.state.partition_epoch;
  const bool moved = maybe_increment_high_watermark(now);
  check();
  return {.high_watermark_moved = moved, .done = true};
}

Offset Partition::bound_of(Reader reader) const {
  switch (reader) {
    case Reader::follower:
      return log_end_offset();
    case Reader::consumer:
      return is_broken(Rule::high_watermark_bounds_fetches) ? log_end_offset() : high_watermark_;
    case Reader::committed_consumer:
      return last_stable_offset();
  }
  UNREACHABLE();
}

Partition::Read Partition::read(const FetchRequest::Partition& wanted, Reader reader,
                                Bytes max_bytes, bool min_one_batch) const {
  Read read;
  read.error = may_read(wanted.current_leader_epoch, reader == Reader::follower);
  if (read.error != ErrorCode::none) return read;
  read.high_watermark = high_watermark_;
  read.log_start_offset = log().log_start_offset();
  read.log_end_offset = log_end_offset();
  read.last_stable_offset = last_stable_offset();
  read.bound = bound_of(reader);
  // Below the start there is no divergence to tell of: that is gone (Partition.readRecords).
  if (wanted.fetch_offset < read.log_start_offset) {
    read.error = ErrorCode::offset_out_of_range;
    return read;
  }
  if (wanted.last_fetched_epoch != log::no_epoch) {
    const log::EpochEndOffset end = log().end_offset_for_epoch(wanted.last_fetched_epoch);
    if (end.end_offset == log::no_offset || end.epoch == log::no_epoch) {
      read.error = ErrorCode::offset_out_of_range;
      return read;
    }
    if (end.epoch < wanted.last_fetched_epoch || end.end_offset < wanted.fetch_offset) {
      read.diverging = {end.epoch, end.end_offset};
      return read;
    }
  }
  // A consumer may be ahead of a new leader's high watermark; it waits, as KIP-207 explains.
  const Offset bound = read.bound;
  if (wanted.fetch_offset > read.log_end_offset) {
    read.error = ErrorCode::offset_out_of_range;
    return read;
  }
  if (wanted.fetch_offset >= bound) return read;
  auto data = log().read_records(wanted.fetch_offset, max_bytes.count(), bound, min_one_batch);
  if (!data) {
    read.error = data.error().kind == log::LogError::Kind::offset_out_of_range
                     ? ErrorCode::offset_out_of_range
                     : ErrorCode::kafka_storage_error;
    return read;
  }
  read.records = std::move(*data);
  if (reader == Reader::committed_consumer &&
      !log().aborted_transactions(wanted.fetch_offset, bound).empty()) {
    Offset end = wanted.fetch_offset;
    log::for_each_mark(read.records,
                       [&](const log::BatchMark& mark) { end = mark.last_offset + 1; });
    read.aborted = log().aborted_transactions(wanted.fetch_offset, end);
  }
  return read;
}

Partition::Readable Partition::readable(const FetchRequest::Partition& wanted,
                                        Reader reader) const {
  if (may_read(wanted.current_leader_epoch, reader == Reader::follower) != ErrorCode::none) {
    return {.answer_now = true};
  }
  if (wanted.last_fetched_epoch != log::no_epoch) {
    const log::EpochEndOffset end = log().end_offset_for_epoch(wanted.last_fetched_epoch);
    if (end.end_offset == log::no_offset || end.epoch < wanted.last_fetched_epoch ||
        end.end_offset < wanted.fetch_offset) {
      return {.answer_now = true};
    }
  }
  const Offset bound = bound_of(reader);
  // Its leader has told it of more than we know of (KIP-207, KIP-392): it waits. With
  // read_committed it may be the end of a transaction.
  if (reader != Reader::follower && wanted.fetch_offset > bound &&
      wanted.fetch_offset <= log_end_offset()) {
    return {};
  }
  // Behind the end: the log was cut meanwhile.
  if (wanted.fetch_offset > bound) return {.answer_now = true};
  if (wanted.fetch_offset == bound) return {};
  // Any record at all satisfies the usual fetch.min.bytes=1; for more, the log says how much.
  const auto found = log().readable(wanted.fetch_offset, bound);
  if (!found) return {.answer_now = true};
  return {.older_segment = found->goes_on_behind, .bytes = Bytes(found->bytes)};
}

Partition::AckState Partition::acknowledged(Offset required) const {
  if (!is_leader()) return {true, ErrorCode::not_leader_or_follower};
  if (high_watermark_ < required) return {};
  if (effective_min_isr() > static_cast<int>(maximal_isr().size())) {
    return {true, ErrorCode::not_enough_replicas_after_append};
  }
  return {true, ErrorCode::none};
}

Result<Offset, ErrorCode> Partition::start_to_be(Offset wanted) const {
  if (!is_leader()) return fail(ErrorCode::not_leader_or_follower);
  if (!config_.deletes()) return fail(ErrorCode::policy_violation);
  const Offset start = wanted == up_to_high_watermark ? high_watermark_ : wanted;
  if (start < 0 || start > high_watermark_) return fail(ErrorCode::offset_out_of_range);
  return start;
}

Offset Partition::low_watermark() const {
  Offset low = log().log_start_offset();
  for (const auto& [broker, follower] : followers_) {
    if (is_alive_(broker)) low = std::min(low, follower.log_start_offset);
  }
  return low;
}

OffsetForLeaderEpochResponse::Partition Partition::end_of_epoch(
    const OffsetForLeaderEpochRequest::Partition& wanted) const {
  OffsetForLeaderEpochResponse::Partition answer{.partition = name_};
  answer.error = check_leader(wanted.current_leader_epoch);
  if (answer.error != ErrorCode::none) return answer;
  const log::EpochEndOffset end = log().end_offset_for_epoch(wanted.leader_epoch);
  answer.leader_epoch = end.epoch;
  answer.end_offset = end.end_offset;
  return answer;
}

void Partition::maybe_flush(Time now) {
  if (now - last_flush_ < config_.flush_time) return;
  last_flush_ = now;
  (void)log_->flush();  // What the disk does is seen when the broker waits for it.
}

// --- Follower ---

namespace {

/// The first batch; nothing: it is damaged.
std::optional<log::BatchMark> first_batch(const log::Records& records) {
  if (records.is_phantom()) {
    if (records.phantoms().empty()) return std::nullopt;
    return log::BatchMark::of(records.phantoms().front());
  }
  const auto batch = log::BatchView::parse(records.bytes());
  if (!batch.ok()) return std::nullopt;
  return log::BatchMark::of(*batch);
}

/// A leader's log may begin in the middle of a batch (DeleteRecords), which comes whole: an empty
/// log then begins with the batch. Source: Partition.appendRecordsToFollowerOrFutureReplica.
Status<log::LogError> make_way_for(const log::Records& records, Partition& partition) {
  const Offset end = partition.log_end_offset();
  if (end != partition.log().log_start_offset()) return {};
  const std::optional<log::BatchMark> first = first_batch(records);
  if (!first || first->base_offset >= end || first->last_offset < end) return {};
  return partition.truncate_fully_and_start_at(first->base_offset);
}

}  // namespace

Result<log::AppendInfo, log::LogError> Partition::append_as_follower(
    const FetchResponse::Partition& data, log::Timestamp wall) {
  log::AppendInfo info;
  if (!data.records.empty()) {
    const auto ready = make_way_for(data.records, *this);
    if (!ready) return fail(ready.error());
    auto appended = log_->append_records_as_follower(data.records, wall);
    if (!appended) return fail(appended.error());
    info = *appended;
  }
  if (data.log_start_offset > log_->log_start_offset() &&
      data.log_start_offset <= log_->log_end_offset()) {
    const auto advanced = log_->advance_log_start_offset(data.log_start_offset);
    if (!advanced) return fail(advanced.error());
  }
  move_high_watermark(std::clamp(data.high_watermark, log_->log_start_offset(), log_end_offset()));
  check();
  return info;
}

Offset Partition::truncation_point(const FetchResponse::DivergingEpoch& diverging) const {
  const log::EpochEndOffset ours = log().end_offset_for_epoch(diverging.epoch);
  const Offset end = log_end_offset();
  if (ours.end_offset == log::no_offset) return std::min(diverging.end_offset, end);
  // An epoch we never had: cut to the end of the largest one below it, and ask again.
  if (ours.epoch != diverging.epoch) return std::min(ours.end_offset, end);
  return std::min({ours.end_offset, diverging.end_offset, end});
}

Result<bool, log::LogError> Partition::truncate_to(Offset offset) {
  auto cut = log_->truncate_to(offset);
  high_watermark_ = std::min(high_watermark_, log_end_offset());
  check();
  return cut;
}

Status<log::LogError> Partition::truncate_fully_and_start_at(Offset offset) {
  auto cut = log_->truncate_fully_and_start_at(offset);
  // Where the disk failed the log is not at `offset`, and may have lost its end.
  high_watermark_ = cut.ok() ? offset : std::min(high_watermark_, log_end_offset());
  check();
  return cut;
}

LeaderEpoch Partition::last_fetched_epoch() const {
  return log().leader_epochs().latest_epoch().value_or(log::no_epoch);
}

}  // namespace brokerlab::model
