#include "scenarios/ledger/ledger.h"

#include "base/translation.h"
#include "model/events.h"
#include "sim/machine.h"

#include <algorithm>
#include <utility>

namespace brokerlab::scenarios {

using model::BrokerId;
using model::LeaderEpoch;
using model::Offset;
using model::RecordRef;
using model::RecordRun;
using model::TopicPartition;

namespace {

constexpr std::size_t most_violations_kept = 20;

}  // namespace

Ledger::Ledger(sim::World& world) : world_(world) {
  world.trace().subscribe([this](const sim::Event& event) {
    if (event.kind == &sim::events::power_off) {
      power_lost_[event.machine] = event.time;
      if (power_losses_.empty() || power_losses_.back() != event.time) {
        power_losses_.push_back(event.time);
      }
      note_uncommitted();
    }
    if (event.kind == &sim::events::process_started) started_[event.machine] = event.time;
    if (event.kind == &model::events::segments_deleted ||
        event.kind == &model::events::records_deleted) {
      deletions_[context_->partitions.name_of(event.partition)] = event.id;
    }
    if (event.kind == &model::events::producer_record_failed) {
      // Its records are told next, at this very moment.
      giving_up_ = {event.time, {}};
      if (event.partition.valid()) {
        giving_up_.partition = context_->partitions.name_of(event.partition);
      }
    }
  });
}

// --- What is packed ---

void Ledger::Acknowledgment::to_words(std::uint64_t* to) const {
  to[0] = static_cast<std::uint64_t>(record.producer);
  to[1] = static_cast<std::uint64_t>(record.number);
  to[2] = static_cast<std::uint64_t>(when.time_since_epoch().count());
  to[3] = static_cast<std::uint64_t>(epoch);
}

Ledger::Acknowledgment Ledger::Acknowledgment::from_words(const std::uint64_t* from) {
  return {{static_cast<int>(from[0]), static_cast<std::int64_t>(from[1])},
          Time(Duration(static_cast<Duration::rep>(from[2]))),
          static_cast<LeaderEpoch>(from[3])};
}

void Ledger::CommittedBatch::to_words(std::uint64_t* to) const {
  to[0] = checksum;
  to[1] = static_cast<std::uint64_t>(epoch);
  to[2] = power_losses;
}

Ledger::CommittedBatch Ledger::CommittedBatch::from_words(const std::uint64_t* from) {
  return {static_cast<std::uint32_t>(from[0]), static_cast<LeaderEpoch>(from[1]), from[2]};
}

// --- Invariants ---

Invariant& Ledger::invariant(std::string_view name) {
  const auto found = invariants_.find(name);
  if (found != invariants_.end()) return found->second;
  return invariants_.emplace(std::string(name), Invariant{std::string(name)}).first->second;
}

void Ledger::violate(std::string_view name, Phrase why) {
  Invariant& broken = invariant(name);
  if (broken.violations.size() >= most_violations_kept) return;
  // A flipped bit waits where it is until somebody looks: nothing leads from it to here.
  sim::Trace::About about;
  for (const sim::Event& event : world_.trace().events()) {
    if (event.kind != &model::events::log_corrupted) continue;
    const std::string_view file = event.detail("file");
    const std::size_t end = file.rfind('/');
    const std::size_t begin =
        end == 0 || end == std::string_view::npos ? 0 : file.rfind('/', end - 1) + 1;
    const std::string directory(file.substr(begin, end - begin));
    if (why.english.find(directory + " ") != std::string::npos ||
        why.english.find(directory + ":") != std::string::npos) {
      about.cause = event.id;
    }
  }
  world_.trace().record(model::events::invariant_violated, about,
                        {{"name", std::string(name)}, sim::Detail::of("why", why)});
  broken.violations.push_back(std::move(why));
}

void Ledger::exempt(std::string_view name, Exempted why, std::int64_t count) {
  if (count > 0) invariant(name).exemptions[why] += count;
}

std::vector<Invariant> Ledger::invariants() const {
  std::vector<Invariant> all;
  for (const auto& [name, one] : invariants_) all.push_back(one);
  return all;
}

// --- Clients ---

void Ledger::declare_consumer(std::string consumer, std::string group, bool resets_to_latest,
                              const std::vector<std::string>& topics, bool read_committed) {
  const bool is_new = !groups_.contains(group);
  GroupView& view = groups_[group];
  if (is_new) {
    ENSURE(groups_.size() <= 64, "more than 64 groups");
    view.bit = RecordBook::Groups{1} << (groups_.size() - 1);
  }
  view.resets_to_latest = view.resets_to_latest || resets_to_latest;
  view.read_committed = read_committed;
  view.topics.insert(topics.begin(), topics.end());
  group_of_[std::move(consumer)] = std::move(group);
  declare_readers();
}

void Ledger::declare_producer(int producer, Producer wants, const std::string& topic) {
  producers_[producer] = wants;
  topic_of_[producer] = topic;
  declare_readers();
}

void Ledger::declare_stream(int producer, const std::string& group, bool exactly_once) {
  streams_.declare(producer, group, exactly_once);
  if (exactly_once) (void)invariant("exactly_once_output");
}

void Ledger::declare_readers() {
  for (const auto& [producer, topic] : topic_of_) {
    RecordBook::Groups readers = 0;
    for (const auto& [name, group] : groups_) {
      if (group.topics.contains(topic)) readers |= group.bit;
    }
    book_.declare_producer(producer, readers);
  }
}

bool Ledger::wants_all(int producer) const {
  const auto known = producers_.find(producer);
  return known != producers_.end() && known->second.wants_all;
}

const Ledger::Acknowledgments* Ledger::acknowledgments_of(const TopicPartition& name) const {
  const auto found = acknowledgments_.find(name);
  return found == acknowledgments_.end() ? nullptr : &found->second;
}

void Ledger::on_sent(const model::SentRecords& sent) {
  book_.add(sent, world_.now());
  records_sent_ += sent.run.count;
  for (model::Observer* listener : listeners_) listener->on_sent(sent);
  if (!first_work_) first_work_ = world_.now();
  last_work_ = world_.now();
}

void Ledger::on_acknowledged(const RecordRun& run, const TopicPartition& name, Offset first) {
  for (model::Observer* listener : listeners_) listener->on_acknowledged(run, name, first);
  const Time now = world_.now();
  last_work_ = now;
  acknowledged_by_[run.producer] += run.count;
  if (first == log::no_offset) {  // acks=0: it was handed to the connection, nobody answers
    book_.end_waiting(run, [](std::int64_t, const RecordBook::Sent&) {});
    sent_blindly_ += run.count;
    model::add_run(blind_[name], run);
    return;
  }
  acknowledged_ += run.count;
  PartitionView& view = partitions_[name];
  view.acknowledged += run.count;
  book_.end_waiting(run, [&](std::int64_t count, const RecordBook::Sent& sent) {
    recent_.produce.add_spread(now - sent.intended, now - sent.after(count - 1).intended, count);
    recent_.send.add(now - sent.sent, count);
    view.longest_wait = std::max(view.longest_wait, now - sent.sent);
  });
  if (view.deleted) {  // The answer was under way.
    deleted_ += run.count;
    return;
  }
  invariant("acknowledged_offsets_are_unique").checked += run.count;
  const AppendedRange* range = appended_by(name, first, run.front());
  const LeaderEpoch epoch = range == nullptr ? log::no_epoch : range->epoch;
  const Acknowledgment ack{run.front(), range == nullptr ? now : answered_at(range->broker), epoch};
  if (range != nullptr && is_superseded(name, *range, first)) {
    fenced_[name].push_back({first, run.count, ack, range->broker});
    exempt("acknowledged_offsets_are_unique", Exempted::deposed, run.count);
    return;
  }
  Acknowledgments& acknowledged = acknowledgments_[name];
  const Offset end = first + run.count;
  if (!acknowledged.empty() && first < acknowledged.end()) {
    acknowledged.for_each(first, end, [&](Offset from, Offset to, const Acknowledgment& before) {
      if (before.epoch == epoch) {
        violate("acknowledged_offsets_are_unique",
                phrase("offset {} of {} was acknowledged for two records", from, name.name()));
      }
      displaced_[name].push_back({from, to - from, before});
    });
  }
  acknowledged.assign(first, end, ack);
  maybe_unreadable_.insert(name);
}

/// An answer that comes when its broker has lost power left before that.
Time Ledger::answered_at(BrokerId broker) const {
  const Time now = world_.now();
  for (const auto* places : {&context_->broker_machines, &context_->broker_hosts}) {
    const auto place = places->find(broker);
    const auto lost = place == places->end() ? power_lost_.end() : power_lost_.find(place->second);
    if (lost != power_lost_.end() && !started(broker, lost->second)) return lost->second;
  }
  return now;
}

void Ledger::on_send_failed(const RecordRun& run, model::ErrorCode error,
                            std::string_view exception) {
  Time sent = world_.now();
  book_.end_waiting(run, [&sent](std::int64_t, const RecordBook::Sent& first) {
    sent = std::min(sent, first.sent);
  });
  book_.note_failed(run);
  failed_ += run.count;
  const bool has_code = error != model::ErrorCode::unknown_server_error || exception.empty();
  failed_by_[std::string(has_code ? model::to_text(error) : exception)] += run.count;
  if (const auto partition = giving_up()) {
    Duration& longest = partitions_[*partition].longest_wait;
    longest = std::max(longest, world_.now() - sent);
  }
  for (model::Observer* listener : listeners_) {
    listener->on_send_failed(run, error, exception);
  }
}

std::optional<TopicPartition> Ledger::giving_up() const {
  return giving_up_.when == world_.now() ? giving_up_.partition : std::nullopt;
}

std::optional<RecordRef> Ledger::identify(const TopicPartition& name, Offset offset,
                                          log::ByteView value,
                                          const std::function<bool(RecordRef)>& is_fresh) const {
  const std::vector<RecordRef> candidates = book_.with_bytes(value);
  if (candidates.empty()) return std::nullopt;
  // Mostly there is one. Of equal ones: who was acknowledged just there, else one not met yet.
  if (candidates.size() == 1) return candidates.front();
  if (const Acknowledgments* acknowledged = acknowledgments_of(name)) {
    const auto ack = acknowledged->at(offset);
    const bool among =
        ack && std::find(candidates.begin(), candidates.end(), ack->record) != candidates.end();
    if (among) return ack->record;
  }
  const auto fresh = std::find_if(candidates.begin(), candidates.end(), is_fresh);
  return fresh == candidates.end() ? candidates.front() : *fresh;
}

/// The records that were consumed; too few when nobody sent them.
std::vector<RecordRun> Ledger::identify(const model::ConsumedRecords& consumed,
                                        RecordBook::Groups group) const {
  if (consumed.phantom != nullptr) {
    const log::PhantomBatch& batch = *consumed.phantom;
    if (!book_.was_sent(batch)) return {};
    return book_.of_batch(batch, consumed.first - batch.base_offset, consumed.count);
  }
  const auto record = identify(consumed.partition, consumed.first, consumed.value,
                               [&](RecordRef one) { return !book_.has_read(one, group); });
  if (!record) return {};
  return {RecordRun{record->producer, record->number, 1}};
}

void Ledger::on_consumed(const model::ConsumedRecords& consumed) {
  for (model::Observer* listener : listeners_) listener->on_consumed(consumed);
  const Time now = world_.now();
  const TopicPartition& name = consumed.partition;
  const auto total = consumed_by_.find(consumed.consumer);
  (total != consumed_by_.end() ? total->second : consumed_by_[std::string(consumed.consumer)]) +=
      consumed.count;
  last_work_ = now;
  invariant("consumed_bytes_are_sent_bytes").checked += consumed.count;
  const auto group = group_of_.find(consumed.consumer);
  GroupView* view = group == group_of_.end() ? nullptr : &groups_[group->second];
  const RecordBook::Groups bit = view == nullptr ? 0 : view->bit;
  const std::vector<RecordRun> records = identify(consumed, bit);
  if (records.empty()) {
    violate("consumed_bytes_are_sent_bytes",
            phrase("{} read bytes at offset {} of {} that nobody sent", consumed.consumer,
                   consumed.first, name.name()));
  }
  if (view == nullptr) return;
  if (!streams_.empty()) {
    streams_.note_consumed(group->second, name, consumed.first, consumed.end());
  }
  for (const RecordRun& run : records) {
    const RecordBook::Read read =
        book_.read(run, bit, [&](std::int64_t count, const RecordBook::Sent& sent) {
          const Duration first = consumed.since - sent.intended;
          const Duration last = now - sent.after(count - 1).intended;
          recent_.end_to_end.add_spread(first, last, count);
          view->longest = std::max({view->longest, first, last});
        });
    consumed_ += read.by_nobody_before;
    redelivered_ += read.again;
    view->redelivered += read.again;
    view->consumed += run.count - read.again;
  }
  view->delivered += consumed.count;
  note_read_committed(consumed, group->second);
  if (view->read_committed) look_for_aborted(*view, consumed);
  invariant("consumed_offsets_have_no_gaps").checked += consumed.count;
  note_position(*view, name, consumed.end());
  const auto [next, first] = view->next_offset.try_emplace(name, consumed.end());
  if (first && view->resets_to_latest) return;
  Offset expected = first ? 0 : next->second;
  const Offset log_start = std::min(partitions_[name].log_start, consumed.first);
  if (expected < log_start) {
    note_deleted_unread(group->second, *view, name, expected, log_start);
    expected = log_start;
  }
  if (first) return;
  note_gap(group->second, *view, name, expected, consumed.first);
  next->second = std::max(next->second, consumed.end());
  // What it jumped over it has jumped over once.
  const auto reset = view->reset_to.find(name);
  if (reset != view->reset_to.end() && next->second >= reset->second) view->reset_to.erase(reset);
}

void Ledger::note_read_committed(const model::ConsumedRecords& consumed, std::string_view group) {
  invariant("consumed_records_are_committed").checked += consumed.count;
  const Offset committed = partitions_[consumed.partition].highest_watermark;
  if (consumed.end() <= committed) return;
  violate("consumed_records_are_committed",
          phrase("group {} read offset {} of {}, and no high watermark was above {}", group,
                 consumed.end() - 1, consumed.partition.name(), committed));
}

Ledger::Latencies& Ledger::Latencies::operator+=(const Latencies& other) {
  produce += other.produce;
  send += other.send;
  end_to_end += other.end_to_end;
  return *this;
}

Ledger::Latencies Ledger::latencies() const {
  Latencies all = older_;
  all += recent_;
  return all;
}

Ledger::Latencies Ledger::take_recent_latencies() {
  older_ += recent_;
  return std::exchange(recent_, {});
}

void Ledger::on_client_error(const model::ClientError& error) {
  for (model::Observer* listener : listeners_) listener->on_client_error(error);
  const std::string_view name =
      error.exception.empty() ? model::to_text(error.error) : error.exception;
  ErrorCount& seen = client_errors_[{std::string(error.api), std::string(name), error.source}];
  if (seen.count == 0) seen.first = world_.now();
  seen.last = world_.now();
  ++seen.count;
  seen.final += error.final;
}

/// Where it goes on may be anywhere.
void Ledger::on_seek(std::string_view consumer, const TopicPartition& name) {
  const auto group = group_of_.find(consumer);
  if (group == group_of_.end()) return;
  groups_[group->second].sought[name] = 0;
  groups_[group->second].next_offset.erase(name);
  groups_[group->second].reset_to.erase(name);
  groups_[group->second].moved.insert(name);
}

void Ledger::on_assigned(std::string_view consumer, const std::vector<TopicPartition>& assigned) {
  assignments_[std::string(consumer)] = assigned;
}

void Ledger::on_committed(std::string_view group, const TopicPartition& name, Offset offset) {
  GroupView& view = groups_[std::string(group)];
  view.committed[name] = offset;
  view.committed_at[name] = world_.now();
  // Behind the last record that it was given there may be the end of a transaction.
  const auto next = view.next_offset.find(name);
  if (next == view.next_offset.end() || next->second >= offset) return;
  const Holder holder = who_has(name, offset);
  if (holder.replica == nullptr) return;
  if (!is_passed_over(holder, next->second, offset, view.read_committed)) return;
  note_position(view, name, offset);
  next->second = offset;
}

void Ledger::on_commit_read(std::string_view group, const TopicPartition& name, Offset offset) {
  const auto view = groups_.find(std::string(group));
  if (view == groups_.end()) return;
  const auto committed = view->second.committed.find(name);
  if (committed == view->second.committed.end()) return;
  if (is_commit_lost(view->second, name, offset)) {
    violate("committed_offsets_survive",
            phrase("group {} committed offset {} of {} and was sent back to {}", group,
                   committed->second, name.name(), offset));
  }
  // From here on it is a group without a commit there.
  if (offset == log::no_offset) view->second.committed.erase(committed);
}

/// Who is told of its leadership late may read an old log: only the leader's counts.
void Ledger::on_commits_loaded(sim::MachineId machine, const TopicPartition& where,
                               std::string_view group,
                               const std::map<TopicPartition, Offset>& commits) {
  const auto view = groups_.find(std::string(group));
  const auto place = partitions_.find(where);
  if (view == groups_.end() || place == partitions_.end() || context_ == nullptr) return;
  const auto leader = context_->broker_machines.find(place->second.leader);
  if (leader == context_->broker_machines.end() || leader->second != machine) return;
  for (const auto& [name, committed] : view->second.committed) {
    const auto partition = partitions_.find(name);
    if (partition != partitions_.end() && partition->second.deleted) continue;
    const auto found = commits.find(name);
    const Offset offset = found == commits.end() ? log::no_offset : found->second;
    if (!is_commit_lost(view->second, name, offset)) continue;
    violate("committed_offsets_survive",
            phrase("group {} committed offset {} of {}, and its new coordinator knows of {}", group,
                   committed, name.name(), offset));
  }
}

/// What was found of a commit is less, and nothing excuses that.
bool Ledger::is_commit_lost(const GroupView& group, const TopicPartition& name, Offset found) {
  const Time since = group.committed_at.at(name);
  // A log that was cut sends its readers back, and their commits with them.
  const auto partition = partitions_.find(name);
  const bool was_cut = partition != partitions_.end() && partition->second.truncated_at >= since;
  const bool expired = found == log::no_offset && world_.now() - since >= offsets_retention_;
  if (was_cut || expired || commits_may_be_lost(since)) return false;
  ++invariant("committed_offsets_survive").checked;
  return found < group.committed.at(name);
}

/// By what happened to __consumer_offsets since then.
bool Ledger::commits_may_be_lost(Time since) const {
  if (commits_end_ == CommitsEnd::by_damage) return true;
  const bool power_lost = !power_losses_.empty() && power_losses_.back() >= since;
  if (power_lost && commits_end_ == CommitsEnd::by_power_loss) return true;
  const model::TopicName offsets(model::offsets_topic);
  for (auto one = partitions_.lower_bound({offsets, 0});
       one != partitions_.end() && one->first.topic == offsets; ++one) {
    if (one->second.unclean_at >= since) return true;
  }
  return false;
}

/// Its members begin as those of a new group do.
void Ledger::on_group_deleted(std::string_view group) {
  const auto view = groups_.find(std::string(group));
  if (view == groups_.end()) return;
  view->second.committed.clear();
  view->second.committed_at.clear();
}

void Ledger::on_group_state(std::string_view group, std::string_view state, int generation,
                            const std::vector<std::string>& members) {
  GroupView& view = groups_[std::string(group)];
  if (state == "PreparingRebalance" && view.state != state) ++view.rebalances;
  view.state = state;
  view.generation = generation;
  view.members = members;
}

std::int64_t Ledger::consumed_by(std::string_view consumer) const {
  const auto found = consumed_by_.find(consumer);
  return found == consumed_by_.end() ? 0 : found->second;
}

std::int64_t Ledger::acknowledged_by(int producer) const {
  const auto found = acknowledged_by_.find(producer);
  return found == acknowledged_by_.end() ? 0 : found->second;
}

// --- Brokers ---

void Ledger::on_sequences_forgotten(const TopicPartition& name,
                                    const std::vector<RecordRun>& refused) {
  for (const RecordRun& run : refused) {
    NumberSet& numbers = forgotten_[{name, run.producer}];
    numbers.add(run.first, run.end());
    book_.add_waiting_to(numbers, run.producer);
  }
}

void Ledger::on_batch_appended(const model::AppendedBatch& batch) {
  if (batch.phantom != nullptr) book_.add_batch(*batch.phantom, batch.records);
  streams_.note_appended(batch);
  const auto epoch = epochs_.find(batch.producer.id);
  if (epoch != epochs_.end()) {
    constexpr const char* promise = "fenced_producers_write_nothing";
    ++invariant(promise).checked;
    // A leader that has been deposed will cut it off.
    const bool leads = partitions_[batch.partition].leader == batch.leader;
    if (leads && batch.producer.epoch < epoch->second) {
      violate(promise, phrase("producer {} wrote to {} in epoch {}, after it was fenced off by {}",
                              batch.producer.id, batch.partition.name(), batch.producer.epoch,
                              epoch->second));
    }
  }
  for (model::Observer* listener : listeners_) listener->on_batch_appended(batch);
}

void Ledger::on_leader_append(BrokerId broker, const TopicPartition& name, LeaderEpoch epoch,
                              Offset first, Offset end, std::int64_t bytes) {
  for (model::Observer* listener : listeners_) {
    listener->on_leader_append(broker, name, epoch, first, end, bytes);
  }
  log_ends_[{name, broker}] = end;
  std::vector<AppendedRange>& ranges = appended_[name];
  for (auto range = ranges.rbegin(); range != ranges.rend(); ++range) {
    if (range->epoch != epoch) continue;
    if (range->end == first && range->broker == broker) {
      range->end = end;
      return;
    }
    break;
  }
  const auto leader = leaders_.find({name, epoch});
  if (leader != leaders_.end() && leader->second != broker) {
    violate("one_leader_per_epoch", phrase("broker {} appended to {} in epoch {}, which {} leads",
                                           broker, name.name(), epoch, leader->second));
  }
  ranges.push_back({epoch, first, end, broker});
}

void Ledger::on_became_leader(BrokerId broker, const TopicPartition& name, LeaderEpoch epoch) {
  ++invariant("one_leader_per_epoch").checked;
  const auto [leader, is_new] = leaders_.try_emplace({name, epoch}, broker);
  if (!is_new && leader->second != broker) {
    violate("one_leader_per_epoch", phrase("brokers {} and {} both lead {} in epoch {}",
                                           leader->second, broker, name.name(), epoch));
  }
  // Who hears of it late, when somebody else leads already, is no judge of what was committed.
  const auto later = leaders_.upper_bound({name, epoch});
  if (later != leaders_.end() && later->first.first == name) return;
  partitions_[name].serving = broker;
  maybe_unreadable_.insert(name);
  if (!find_replica_) return;
  if (const model::Partition* replica = find_replica_(broker, name)) {
    const Offset end = replica->log_end_offset();
    log_ends_[{name, broker}] = end;
    reigns_[name].push_back({epoch, broker, end});
    // An unclean leader writes anew where others had deleted already.
    FoundInLog& found = found_[name];
    found.upto = std::min(found.upto, end);
    forget_keys(name, end);
    partitions_[name].log_start =
        std::min(std::max(partitions_[name].log_start, replica->log().log_start_offset()), end);
    note_losses(name, broker, end);
    quietly(broker, [&] { compare_committed(name, broker, *replica); });
  }
}

void Ledger::on_high_watermark(BrokerId broker, const TopicPartition& name, Offset offset) {
  PartitionView& view = partitions_[name];
  view.highest_watermark = std::max(view.highest_watermark, offset);
  if (view.serving != broker || !find_replica_) return;
  const model::Partition* replica = find_replica_(broker, name);
  if (replica == nullptr || !replica->is_leader()) return;
  ++invariant("high_watermark_never_falls").checked;
  auto& last = leader_high_watermarks_[{name, broker}];
  // Who starts again begins with the high watermark of its last checkpoint, in the same epoch when
  // no controller has noticed.
  const bool falls = last.epoch == replica->leader_epoch() && offset < last.offset;
  if (falls && started(broker, last.when)) {
    exempt("high_watermark_never_falls", Exempted::restarted, 1);
  } else if (falls) {
    violate("high_watermark_never_falls",
            phrase("{}: from {} to {} on broker {}", name.name(), last.offset, offset, broker));
  }
  if (offset < view.high_watermark) maybe_unreadable_.insert(name);
  last = {replica->leader_epoch(), offset, world_.now()};
  quietly(broker, [&] { note_committed(name, *replica, view.high_watermark, offset); });
  note_readable(view, name, view.high_watermark, offset);
  note_lag(name, view.high_watermark, std::max(view.high_watermark, offset));
  view.high_watermark = std::max(view.high_watermark, offset);
}

/// What was acknowledged before the high watermark passed it could not be read until now.
void Ledger::note_readable(PartitionView& view, const TopicPartition& name, Offset from,
                           Offset to) {
  const Acknowledgments* acknowledged = acknowledgments_of(name);
  // A leader that starts again begins with the high watermark of its last checkpoint.
  if (acknowledged == nullptr || to <= from) return;
  acknowledged->for_each(from, to, [&](Offset, Offset, const Acknowledgment& ack) {
    view.longest_unreadable = std::max(view.longest_unreadable, world_.now() - ack.when);
  });
}

/// What is in a leader's log now, the power loss of just now may have taken from its followers,
/// although the leader, who does not know, counts them when it commits that later.
void Ledger::note_uncommitted() {
  for (const auto& [name, view] : partitions_) {
    const auto end = log_ends_.find({name, view.serving});
    if (end == log_ends_.end() || end->second <= view.high_watermark) continue;
    uncommitted_[name].push_back({power_losses_.size() - 1, view.epoch, end->second});
  }
}

/// How many power losses there had been before the batch was written.
std::size_t Ledger::losses_before(const TopicPartition& name, const log::BatchMark& batch,
                                  std::size_t losses) const {
  const auto uncommitted = uncommitted_.find(name);
  if (uncommitted == uncommitted_.end()) return losses;
  for (const Uncommitted& one : uncommitted->second) {
    const bool was_there = one.end > batch.base_offset && one.epoch >= batch.epoch;
    if (was_there && one.loss < losses) return one.loss;
  }
  return losses;
}

/// Remembers the batches that the high watermark has just passed.
void Ledger::note_committed(const TopicPartition& name, const model::Partition& replica,
                            Offset from, Offset to) {
  Committed& committed = committed_[name];
  const bool lost_just_now = !power_losses_.empty() && power_losses_.back() == world_.now();
  const std::size_t losses = power_losses_.size() - (lost_just_now ? 1 : 0);
  for (Offset at = std::max(from, replica.log().log_start_offset()); at < to;) {
    const auto data = replica.log().read_records(at, (1_MiB).count(), to, true);
    if (!data || data->empty()) return;
    if (replica.config().compacts()) note_keys(name, *data);
    const Offset before = at;
    log::for_each_mark(*data, [&](const log::BatchMark& mark) {
      if (mark.last_offset >= to) return;
      committed.assign(mark.base_offset, std::max(mark.base_offset, mark.last_offset) + 1,
                       {mark.checksum, mark.epoch, losses_before(name, mark, losses)});
      at = mark.last_offset + 1;
    });
    if (at <= before) return;
  }
}

void Ledger::on_partition_state(const TopicPartition& name, BrokerId leader, LeaderEpoch epoch,
                                const std::vector<BrokerId>& isr,
                                const std::vector<BrokerId>& replicas) {
  PartitionView& view = partitions_[name];
  view.deleted = false;
  if (view.epoch != log::no_epoch) {
    if (leader.valid() && view.leader != leader) ++view.elections;
    if (view.isr != isr) ++view.isr_changes;
  }
  if (leader.valid() && leader != view.leader) {
    view.unclean = view.epoch != log::no_epoch && !view.isr.empty() &&
                   std::find(view.isr.begin(), view.isr.end(), leader) == view.isr.end();
    if (view.unclean) view.unclean_at = world_.now();
  }
  if (leader != view.leader || view.epoch == log::no_epoch) view.elected_in = epoch;
  if (leader != view.leader) maybe_unreadable_.insert(name);
  view.leader = leader;
  view.epoch = epoch;
  view.isr = isr;
  view.replicas = replicas;
  if (on_leadership_) on_leadership_(name);
}

void Ledger::on_topic_deleted(const std::string& topic) {
  for (model::Observer* listener : listeners_) listener->on_topic_deleted(topic);
  const auto of_topic = [&](const TopicPartition& name) { return name.topic == topic; };
  const auto forget = [&](auto& by_partition) {
    std::erase_if(by_partition, [&](const auto& entry) { return of_topic(entry.first); });
  };
  const auto forget_each = [&](auto& by_pair) {
    std::erase_if(by_pair, [&](const auto& entry) { return of_topic(entry.first.first); });
  };
  for (auto& [name, view] : partitions_) {
    if (!of_topic(name)) continue;
    if (const Acknowledgments* acknowledged = acknowledgments_of(name)) {
      deleted_ += acknowledged->count();
    }
    note_lag(name, view.high_watermark, 0);
    view.leader = view.serving = {};
    view.epoch = view.elected_in = log::no_epoch;
    view.isr.clear();
    view.replicas.clear();
    view.high_watermark = 0;
    view.deleted = true;
  }
  for (auto& [id, group] : groups_) {
    forget(group.next_offset);
    forget(group.committed);
  }
  forget(acknowledgments_);
  forget(appended_);
  forget(reigns_);
  forget(fenced_);
  forget(displaced_);
  forget(committed_);
  forget(blind_);
  forget_each(log_ends_);
  forget_each(leaders_);
  forget_each(leader_high_watermarks_);
  for (auto& [id, decided] : decided_) std::erase_if(decided.without_marker, of_topic);
  for (auto& [name, view] : partitions_) {
    if (view.deleted && of_topic(name) && on_leadership_) on_leadership_(name);
  }
}

void Ledger::on_controller(BrokerId broker, model::ControllerEpoch) {
  controller_ = broker;
  ++controller_elections_;
}

// --- ZooKeeper ---

void Ledger::on_zookeeper_role(int myid, std::string_view role) { zookeeper_roles_[myid] = role; }

void Ledger::on_log_end(BrokerId broker, const TopicPartition& name, Offset end) {
  log_ends_[{name, broker}] = end;
  for (model::Observer* listener : listeners_) listener->on_log_end(broker, name, end);
}

void Ledger::on_zookeeper_applied(int myid, std::int64_t zxid, std::uint64_t hash) {
  for (model::Observer* listener : listeners_) listener->on_zookeeper_applied(myid, zxid, hash);
  ++invariant("zookeeper_writes_are_linear").checked;
  const auto [entry, is_new] = zookeeper_history_.try_emplace(zxid, hash);
  if (!is_new && entry->second != hash) {
    violate("zookeeper_writes_are_linear",
            phrase("two servers applied different transactions as {:#x}", zxid));
  }
}

}  // namespace brokerlab::scenarios
