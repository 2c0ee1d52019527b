#include "scenarios/ledger.h"

#include "base/translation.h"
#include "model/events.h"
#include "scenarios/record_bytes.h"
#include "sim/machine.h"

#include <algorithm>
#include <utility>

namespace brokerlab::scenarios {

using model::BrokerId;
using model::LeaderEpoch;
using model::Offset;
using model::RecordRef;
using model::TopicPartition;

namespace {

constexpr std::size_t most_violations_kept = 20;

}  // namespace

Ledger::Ledger(sim::World& world) : world_(world) {
  world.trace().subscribe([this](const sim::Event& event) {
    if (event.kind == &sim::events::power_off) power_lost_[event.machine] = event.time;
    if (event.kind == &sim::events::process_started) started_[event.machine] = event.time;
    if (event.kind == &model::events::producer_record_failed) {
      // Its records are told next, at this very moment.
      giving_up_ = {event.time, {}};
      for (const auto& [name, id] : context_->partitions.all()) {
        if (id == event.partition) giving_up_.partition = name;
      }
    }
  });
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
                              const std::vector<std::string>& topics) {
  const bool is_new = !groups_.contains(group);
  GroupView& view = groups_[group];
  if (is_new) view.bit = static_cast<int>(groups_.size()) - 1;
  ENSURE(view.bit < 64, "more than 64 groups");
  view.resets_to_latest = view.resets_to_latest || resets_to_latest;
  view.topics.insert(topics.begin(), topics.end());
  group_of_[std::move(consumer)] = std::move(group);
}

void Ledger::declare_producer(int producer, bool wants_all) { wants_all_[producer] = wants_all; }

Ledger::SentRecord* Ledger::find(RecordRef record) {
  return const_cast<SentRecord*>(std::as_const(*this).find(record));
}

const Ledger::SentRecord* Ledger::find(RecordRef record) const {
  const auto producer = records_.find(record.producer);
  if (producer == records_.end()) return nullptr;
  const auto index = static_cast<std::size_t>(record.number);
  return index < producer->second.size() ? &producer->second[index] : nullptr;
}

std::string Ledger::label_of(const SentRecord& record, RecordRef ref) {
  const std::string_view text = log::as_text(record.value);
  const std::string_view key = "\"id\": ";
  const std::size_t at = text.find(key);
  if (at == std::string_view::npos) return fmt::format("{}/{}", ref.producer, ref.number);
  const std::size_t end = text.find_first_of(",}", at);
  return "id " + std::string(text.substr(at + key.size(), end - at - key.size()));
}

void Ledger::on_sent(RecordRef ref, Time intended, log::ByteView value) {
  std::vector<SentRecord>& all = records_[ref.producer];
  if (all.size() <= static_cast<std::size_t>(ref.number)) {
    all.resize(static_cast<std::size_t>(ref.number) + 1);
  }
  SentRecord& record = all[static_cast<std::size_t>(ref.number)];
  record.value.assign(value.begin(), value.end());
  record.intended = intended;
  record.sent = world_.now();
  by_hash_[content_hash(value)].push_back(ref);
  ++records_sent_;
  for (model::Observer* listener : listeners_) listener->on_sent(ref, intended, value);
  if (!first_work_) first_work_ = world_.now();
  last_work_ = world_.now();
}

void Ledger::on_acknowledged(RecordRef ref, const TopicPartition& name, Offset offset) {
  for (model::Observer* listener : listeners_) listener->on_acknowledged(ref, name, offset);
  SentRecord* record = find(ref);
  ENSURE(record != nullptr && !record->acknowledged && !record->failed,
         "a record was acknowledged that was not under way");
  record->acknowledged = true;
  ++acknowledged_by_[ref.producer];
  last_work_ = world_.now();
  if (offset == log::no_offset) {  // acks=0: it was handed to the connection, nobody answers
    ++sent_blindly_;
    blind_[name].push_back(ref);
    return;
  }
  ++acknowledged_;
  produce_latency_.add(world_.now() - record->intended);
  send_latency_.add(world_.now() - record->sent);
  PartitionView& view = partitions_[name];
  ++view.acknowledged;
  view.longest_wait = std::max(view.longest_wait, world_.now() - record->sent);
  ++invariant("acknowledged_offsets_are_unique").checked;
  const AppendedRange* range = appended_by(name, offset, ref);
  const LeaderEpoch epoch = range == nullptr ? log::no_epoch : range->epoch;
  if (range != nullptr && is_superseded(name, *range, offset)) {
    fenced_[name].push_back({offset, {ref, world_.now(), epoch}, range->broker});
    exempt("acknowledged_offsets_are_unique", Exempted::deposed, 1);
    return;
  }
  auto& acknowledged = acknowledgments_[name];
  const auto [entry, is_new] =
      acknowledged.try_emplace(offset, Acknowledgment{ref, world_.now(), epoch});
  if (is_new) return;
  if (entry->second.epoch == epoch) {
    violate("acknowledged_offsets_are_unique",
            phrase("offset {} of {} was acknowledged for two records", offset, name.name()));
  }
  displaced_[name].emplace_back(offset, entry->second);
  entry->second = {ref, world_.now(), epoch};
}

void Ledger::on_send_failed(RecordRef ref, model::ErrorCode error) {
  SentRecord* record = find(ref);
  ENSURE(record != nullptr, "a record failed that was never sent");
  record->failed = true;
  ++failed_;
  ++failed_by_[error];
  if (const auto partition = giving_up()) {
    Duration& longest = partitions_[*partition].longest_wait;
    longest = std::max(longest, world_.now() - record->sent);
  }
  for (model::Observer* listener : listeners_) listener->on_send_failed(ref, error);
}

std::optional<TopicPartition> Ledger::giving_up() const {
  return giving_up_.when == world_.now() ? giving_up_.partition : std::nullopt;
}

std::optional<RecordRef> Ledger::identify(const TopicPartition& name, Offset offset,
                                          log::ByteView value,
                                          const std::function<bool(RecordRef)>& is_fresh) const {
  const auto candidates = by_hash_.find(content_hash(value));
  if (candidates == by_hash_.end()) return std::nullopt;
  std::optional<RecordRef> found;
  bool found_fresh = false;
  for (const RecordRef ref : candidates->second) {
    if (!same_bytes(find(ref)->value, value)) continue;
    // Mostly there is one. Of equal ones: who was acknowledged just there, else one not met yet.
    if (candidates->second.size() == 1) return ref;
    const auto acknowledged = acknowledgments_.find(name);
    if (acknowledged != acknowledgments_.end()) {
      const auto ack = acknowledged->second.find(offset);
      if (ack != acknowledged->second.end() && ack->second.record == ref) return ref;
    }
    if (found_fresh) continue;
    found_fresh = is_fresh(ref);
    if (!found || found_fresh) found = ref;
  }
  return found;
}

void Ledger::on_consumed(std::string_view consumer, const TopicPartition& name, Offset offset,
                         log::ByteView value) {
  for (model::Observer* listener : listeners_) {
    listener->on_consumed(consumer, name, offset, value);
  }
  ++consumed_by_[std::string(consumer)];
  last_work_ = world_.now();
  ++invariant("consumed_bytes_are_sent_bytes").checked;
  const auto group = group_of_.find(consumer);
  const int bit_number = group == group_of_.end() ? 0 : groups_.at(group->second).bit;
  const std::uint64_t bit = std::uint64_t{1} << bit_number;
  const auto ref = identify(name, offset, value,
                            [&](RecordRef one) { return (find(one)->consumed_by & bit) == 0; });
  SentRecord* record = ref ? find(*ref) : nullptr;
  if (record == nullptr) {
    violate(
        "consumed_bytes_are_sent_bytes",
        phrase("{} read bytes at offset {} of {} that nobody sent", consumer, offset, name.name()));
  }
  if (group == group_of_.end()) return;
  GroupView& view = groups_[group->second];
  if (record != nullptr) {
    consumed_ += record->consumed_by == 0;
    if ((record->consumed_by & bit) != 0) {
      ++redelivered_;
      ++view.redelivered;
    } else {
      ++view.consumed;
      record->consumed_by |= bit;
      end_to_end_latency_.add(world_.now() - record->intended);
    }
  }
  ++view.consumed_by[std::string(consumer)];
  ++invariant("consumed_offsets_have_no_gaps").checked;
  note_position(view, name, offset + 1);
  const auto [next, first] = view.next_offset.try_emplace(name, offset + 1);
  if (first) return;
  // A group without a commit may be sent to the end of the log again.
  const bool may_jump = view.resets_to_latest && !view.committed.contains(name);
  if (offset > next->second && may_jump) {
    view.skipped += offset - next->second;
    exempt("consumed_offsets_have_no_gaps", Exempted::skipped, offset - next->second);
  } else if (offset > next->second) {
    violate("consumed_offsets_have_no_gaps",
            phrase("group {} went from offset {} to {} of {}", group->second, next->second - 1,
                   offset, name.name()));
  }
  next->second = std::max(next->second, offset + 1);
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

void Ledger::on_assigned(std::string_view consumer, const std::vector<TopicPartition>& assigned) {
  assignments_[std::string(consumer)] = assigned;
}

void Ledger::on_committed(std::string_view group, const TopicPartition& name, Offset offset) {
  groups_[std::string(group)].committed[name] = offset;
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

std::int64_t Ledger::sent_by(int producer) const {
  const auto found = records_.find(producer);
  return found == records_.end() ? 0 : static_cast<std::int64_t>(found->second.size());
}

// --- Brokers ---

void Ledger::on_batch_appended(const model::AppendedBatch& batch) {
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
    if (range->end == first) {
      range->end = end;
      return;
    }
    break;
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
  partitions_[name].serving = broker;
  if (!find_replica_) return;
  if (const model::Partition* replica = find_replica_(broker, name)) {
    const Offset end = replica->log_end_offset();
    log_ends_[{name, broker}] = end;
    reigns_[name].push_back({epoch, broker, end});
    note_losses(name, broker, end);
    quietly(broker, [&] { compare_committed(name, *replica); });
  }
}

void Ledger::on_high_watermark(BrokerId broker, const TopicPartition& name, Offset offset) {
  PartitionView& view = partitions_[name];
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
  last = {replica->leader_epoch(), offset, world_.now()};
  quietly(broker, [&] { note_committed(name, *replica, view.high_watermark, offset); });
  note_readable(view, name, view.high_watermark, offset);
  note_lag(name, view.high_watermark, std::max(view.high_watermark, offset));
  view.high_watermark = std::max(view.high_watermark, offset);
}

/// What was acknowledged before the high watermark passed it could not be read until now.
void Ledger::note_readable(PartitionView& view, const TopicPartition& name, Offset from,
                           Offset to) {
  const auto acknowledged = acknowledgments_.find(name);
  // A leader that starts again begins with the high watermark of its last checkpoint.
  if (acknowledged == acknowledgments_.end() || to <= from) return;
  const auto end = acknowledged->second.lower_bound(to);
  for (auto one = acknowledged->second.lower_bound(from); one != end; ++one) {
    view.longest_unreadable = std::max(view.longest_unreadable, world_.now() - one->second.when);
  }
}

/// Remembers the batches that the high watermark has just passed.
void Ledger::note_committed(const TopicPartition& name, const model::Partition& replica,
                            Offset from, Offset to) {
  auto& committed = committed_[name];
  for (Offset at = from; at < to;) {
    const auto data = replica.log().read(at, (1_MiB).count(), to, true);
    if (!data || data->bytes.empty()) return;
    const Offset before = at;
    for (const log::BatchView& batch : log::Batches(data->bytes)) {
      if (batch.last_offset() >= to) break;
      committed[batch.base_offset()] = {batch.last_offset(), batch.checksum(), batch.leader_epoch(),
                                        world_.now()};
      at = batch.next_offset();
    }
    if (at == before) return;
  }
}

std::optional<Time> Ledger::oldest_pending() const {
  std::optional<Time> oldest;
  for (const auto& [producer, records] : records_) {
    for (const SentRecord& record : records) {
      if (record.acknowledged || record.failed || record.value.empty()) continue;
      if (!oldest || record.sent < *oldest) oldest = record.sent;
    }
  }
  return oldest;
}

void Ledger::on_partition_state(const TopicPartition& name, BrokerId leader, LeaderEpoch epoch,
                                const std::vector<BrokerId>& isr,
                                const std::vector<BrokerId>& replicas) {
  PartitionView& view = partitions_[name];
  if (view.epoch != log::no_epoch) {
    if (leader.valid() && view.leader != leader) ++view.elections;
    if (view.isr != isr) ++view.isr_changes;
  }
  if (leader.valid() && leader != view.leader) {
    view.unclean = view.epoch != log::no_epoch && !view.isr.empty() &&
                   std::find(view.isr.begin(), view.isr.end(), leader) == view.isr.end();
  }
  if (leader != view.leader || view.epoch == log::no_epoch) view.elected_in = epoch;
  view.leader = leader;
  view.epoch = epoch;
  view.isr = isr;
  view.replicas = replicas;
  if (on_leadership_) on_leadership_(name);
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
