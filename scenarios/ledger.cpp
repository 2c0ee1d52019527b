#include "scenarios/ledger.h"

#include "model/events.h"

#include <algorithm>
#include <tuple>

namespace brokerlab::scenarios {

using model::BrokerId;
using model::LeaderEpoch;
using model::Offset;
using model::RecordRef;
using model::TopicPartition;

namespace {

constexpr std::size_t most_violations_kept = 20;

std::uint64_t content_hash(log::ByteView value) { return stable_hash(log::as_text(value)); }

bool same_bytes(log::ByteView a, log::ByteView b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end());
}

}  // namespace

Ledger::Ledger(sim::World& world) : world_(world) {
  world.trace().subscribe([this](const sim::Event& event) {
    if (event.kind == &sim::events::power_off) power_lost_[event.machine] = event.time;
    if (event.kind == &sim::events::process_started) started_[event.machine] = event.time;
  });
}

// --- Invariants ---

Invariant& Ledger::invariant(std::string_view name) {
  const auto found = invariants_.find(name);
  if (found != invariants_.end()) return found->second;
  return invariants_.emplace(std::string(name), Invariant{std::string(name)}).first->second;
}

void Ledger::violate(std::string_view name, std::string why) {
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
    if (why.find(directory + " ") != std::string::npos ||
        why.find(directory + ":") != std::string::npos) {
      about.cause = event.id;
    }
  }
  world_.trace().record(model::events::invariant_violated, about,
                        {{"name", std::string(name)}, {"why", why}});
  broken.violations.push_back(std::move(why));
}

std::vector<std::pair<model::TopicPartition, std::int64_t>> Ledger::lags(
    const std::string& group, const std::vector<std::string>& topics) const {
  std::vector<std::pair<model::TopicPartition, std::int64_t>> lags;
  const auto member = groups_.find(group);
  for (const auto& [name, view] : partitions_) {
    if (std::find(topics.begin(), topics.end(), name.topic) == topics.end()) continue;
    model::Offset position = 0;
    if (member != groups_.end()) {
      const auto at = member->second.next_offset.find(name);
      if (at != member->second.next_offset.end()) position = at->second;
    }
    lags.emplace_back(name, std::max<std::int64_t>(0, view.high_watermark - position));
  }
  return lags;
}

std::vector<Invariant> Ledger::invariants() const {
  std::vector<Invariant> all;
  for (const auto& [name, one] : invariants_) all.push_back(one);
  return all;
}

bool Ledger::all_held() const {
  return std::all_of(invariants_.begin(), invariants_.end(),
                     [](const auto& entry) { return entry.second.held(); });
}

// --- Clients ---

void Ledger::declare_consumer(std::string consumer, std::string group, bool resets_to_latest) {
  const bool is_new = !groups_.contains(group);
  GroupView& view = groups_[group];
  if (is_new) view.bit = static_cast<int>(groups_.size()) - 1;
  ENSURE(view.bit < 64, "more than 64 groups");
  view.resets_to_latest = view.resets_to_latest || resets_to_latest;
  group_of_[std::move(consumer)] = std::move(group);
}

void Ledger::declare_producer(int producer, bool wants_all) { wants_all_[producer] = wants_all; }

Ledger::SentRecord* Ledger::find(RecordRef record) {
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
}

void Ledger::on_acknowledged(RecordRef ref, const TopicPartition& name, Offset offset) {
  for (model::Observer* listener : listeners_) listener->on_acknowledged(ref, name, offset);
  SentRecord* record = find(ref);
  ENSURE(record != nullptr && !record->acknowledged && !record->failed,
         "a record was acknowledged that was not under way");
  record->acknowledged = true;
  ++acknowledged_;
  ++acknowledged_by_[ref.producer];
  produce_latency_.add(world_.now() - record->intended);
  send_latency_.add(world_.now() - record->sent);
  PartitionView& view = partitions_[name];
  ++view.acknowledged;
  view.acknowledgment_wait.add(world_.now() - record->sent);
  if (offset == log::no_offset) {  // acks=0: nobody knows
    ++sent_blindly_;
    blind_[name].push_back(ref);
    return;
  }
  auto& acknowledged = acknowledgments_[name];
  int epochs = 0;
  LeaderEpoch epoch = log::no_epoch;
  for (const AppendedRange& range : appended_[name]) {
    if (offset < range.first || offset >= range.end) continue;
    ++epochs;
    epoch = std::max(epoch, range.epoch);
  }
  ++invariant("acknowledged_offsets_are_unique").checked;
  const auto [entry, is_new] =
      acknowledged.try_emplace(offset, Acknowledgment{ref, world_.now(), epoch});
  if (is_new) return;
  // Allowed with acks=1: a deposed leader that did not know it yet acknowledged the offset, too.
  if (++acknowledged_again_[{name, offset}] >= epochs) {
    violate("acknowledged_offsets_are_unique",
            fmt::format("offset {} of {} was acknowledged for two records", offset, name.name()));
  }
  displaced_[name].emplace_back(offset, entry->second);
  entry->second = {ref, world_.now(), epoch};
}

void Ledger::on_send_failed(RecordRef ref, model::ErrorCode) {
  SentRecord* record = find(ref);
  ENSURE(record != nullptr, "a record failed that was never sent");
  record->failed = true;
  ++failed_;
}

void Ledger::on_consumed(std::string_view consumer, const TopicPartition& name, Offset offset,
                         log::ByteView value) {
  ++consumed_by_[std::string(consumer)];
  ++invariant("consumed_bytes_are_sent_bytes").checked;
  SentRecord* record = nullptr;
  if (const auto found = by_hash_.find(content_hash(value)); found != by_hash_.end()) {
    for (const RecordRef ref : found->second) {
      SentRecord* candidate = find(ref);
      if (same_bytes(candidate->value, value)) record = candidate;
    }
  }
  if (record == nullptr) {
    violate("consumed_bytes_are_sent_bytes",
            fmt::format("{} read bytes at offset {} of {} that nobody sent", consumer, offset,
                        name.name()));
  }
  const auto group = group_of_.find(consumer);
  if (group == group_of_.end()) return;
  GroupView& view = groups_[group->second];
  if (record != nullptr) {
    const std::uint64_t bit = std::uint64_t{1} << view.bit;
    consumed_ += record->consumed_by == 0;
    if ((record->consumed_by & bit) != 0) {
      ++redelivered_;
    } else {
      record->consumed_by |= bit;
      end_to_end_latency_.add(world_.now() - record->intended);
    }
  }
  ++view.consumed_by[std::string(consumer)];
  ++invariant("consumed_offsets_have_no_gaps").checked;
  const auto [next, first] = view.next_offset.try_emplace(name, offset + 1);
  if (first) return;
  // A group without a commit may be sent to the end of the log again.
  const bool may_jump = view.resets_to_latest && !view.committed.contains(name);
  if (offset > next->second && !may_jump) {
    violate("consumed_offsets_have_no_gaps",
            fmt::format("group {} went from offset {} to {} of {}", group->second, next->second - 1,
                        offset, name.name()));
  }
  next->second = std::max(next->second, offset + 1);
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

void Ledger::on_leader_append(BrokerId broker, const TopicPartition& name, LeaderEpoch epoch,
                              Offset first, Offset end, std::int64_t bytes) {
  for (model::Observer* listener : listeners_) {
    listener->on_leader_append(broker, name, epoch, first, end, bytes);
  }
  std::vector<AppendedRange>& ranges = appended_[name];
  for (auto range = ranges.rbegin(); range != ranges.rend(); ++range) {
    if (range->epoch != epoch) continue;
    if (range->end == first) {
      range->end = end;
      return;
    }
    break;
  }
  ranges.push_back({epoch, first, end});
}

void Ledger::on_became_leader(BrokerId broker, const TopicPartition& name, LeaderEpoch epoch) {
  ++invariant("one_leader_per_epoch").checked;
  const auto [leader, is_new] = leaders_.try_emplace({name, epoch}, broker);
  if (!is_new && leader->second != broker) {
    violate("one_leader_per_epoch", fmt::format("brokers {} and {} both lead {} in epoch {}",
                                                leader->second, broker, name.name(), epoch));
  }
  partitions_[name].serving = broker;
  if (!find_replica_) return;
  if (const model::Partition* replica = find_replica_(broker, name)) {
    note_losses(name, broker, replica->log_end_offset());
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
  const bool same_reign = last.epoch == replica->leader_epoch() && !started(broker, last.when);
  if (same_reign && offset < last.offset) {
    violate("high_watermark_never_falls", fmt::format("{}: from {} to {} on broker {}", name.name(),
                                                      last.offset, offset, broker));
  }
  last = {replica->leader_epoch(), offset, world_.now()};
  check_committed(name, *replica, view.high_watermark, offset);
  view.high_watermark = std::max(view.high_watermark, offset);
}

/// Remembers the batches that the high watermark has just passed.
void Ledger::check_committed(const TopicPartition& name, const model::Partition& replica,
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

/// Why a leader does not have what others had at `since`.
Ledger::Loss Ledger::kind_of_loss(const TopicPartition& name, BrokerId leader, Time since) const {
  const PartitionView& view = partitions_.at(name);
  if (view.unclean && view.leader == leader) return Loss::unclean_election;
  return lost_power(leader, since) ? Loss::unsynced : Loss::not_replicated;
}

bool Ledger::has_happened(const std::map<sim::MachineId, Time>& last, BrokerId broker,
                          Time since) const {
  const auto machine = context_->broker_machines.find(broker);
  if (machine == context_->broker_machines.end()) return false;
  const auto found = last.find(machine->second);
  return found != last.end() && found->second >= since;
}

/// A leader whose log ends at `end` took over: what others acknowledged from there on is lost.
void Ledger::note_losses(const TopicPartition& name, BrokerId leader, Offset end) {
  auto& acknowledged = acknowledgments_[name];
  PartitionView& view = partitions_.at(name);
  for (auto entry = acknowledged.lower_bound(end); entry != acknowledged.end();) {
    const sim::World::KeepCause keep(world_);
    const Acknowledgment ack = entry->second;
    const Loss kind = kind_of_loss(name, leader, ack.when);
    const bool committed = entry->first < view.high_watermark;
    const std::string label = label_of(*find(ack.record), ack.record);
    std::string why = explain(name, ack, committed ? kind : Loss::not_replicated);
    const sim::EventId cause = world_.cause();
    world_.trace().record(
        model::events::record_lost, {.partition = context_->partitions.id_of(name)},
        {{"record", label}, {"offset", std::to_string(entry->first)}, {"why", why}});
    lost_.push_back({ack.record, label, name, entry->first, ack.when, cause, std::move(why),
                     kind != Loss::not_replicated});
    lost_offsets_.insert({name, entry->first});
    entry = acknowledged.erase(entry);
  }
  // What the settings allow to be lost was not promised to survive.
  auto& committed = committed_[name];
  for (auto batch = committed.lower_bound(end); batch != committed.end();) {
    const bool allowed = kind_of_loss(name, leader, batch->second.when) != Loss::not_replicated;
    batch = allowed ? committed.erase(batch) : std::next(batch);
  }
  if (committed.lower_bound(end) == committed.end()) {
    view.high_watermark = std::min(view.high_watermark, end);
  }
}

std::string Ledger::explain(const TopicPartition& name, const Acknowledgment& ack,
                            Loss kind) const {
  const auto leader = leaders_.find({name, ack.epoch});
  const std::string now_leads(context_->broker_name(partitions_.at(name).serving));
  const std::string acknowledged_by =
      leader == leaders_.end() ? "its leader" : std::string(context_->broker_name(leader->second));
  switch (kind) {
    case Loss::not_replicated:
      break;
    case Loss::unclean_election:
      return fmt::format(
          "acknowledged at {} by {}; at {} {} was elected from outside the ISR "
          "(unclean.leader.election.enable), without it",
          to_text(ack.when), acknowledged_by, to_text(world_.now()), now_leads);
    case Loss::unsynced:
      return fmt::format(
          "acknowledged at {} by {}; {} had it in memory only when it lost power, and leads "
          "without it since {}",
          to_text(ack.when), acknowledged_by, now_leads, to_text(world_.now()));
  }
  if (acknowledged_by == now_leads) {
    return fmt::format("{} acknowledged it at {}, lost it and leads without it since {}", now_leads,
                       to_text(ack.when), to_text(world_.now()));
  }
  return fmt::format(
      "{} acknowledged it at {} before another replica had it; {} took over without it at {}",
      acknowledged_by, to_text(ack.when), now_leads, to_text(world_.now()));
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

void Ledger::on_truncated(BrokerId, const TopicPartition&, Offset, Offset) {
  // What a truncation removes was noted as lost when the leader took over without it.
}

void Ledger::on_partition_state(const TopicPartition& name, BrokerId leader, LeaderEpoch epoch,
                                const std::vector<BrokerId>& isr,
                                const std::vector<BrokerId>& replicas) {
  PartitionView& view = partitions_[name];
  if (view.epoch != log::no_epoch) {
    if (view.leader != leader) ++view.elections;
    if (view.isr != isr) ++view.isr_changes;
  }
  if (leader.valid() && leader != view.leader) {
    view.unclean = view.epoch != log::no_epoch && !view.isr.empty() &&
                   std::find(view.isr.begin(), view.isr.end(), leader) == view.isr.end();
  }
  view.leader = leader;
  view.epoch = epoch;
  view.isr = isr;
  view.replicas = replicas;
}

void Ledger::on_controller(BrokerId broker, model::ControllerEpoch) {
  controller_ = broker;
  ++controller_elections_;
}

// --- ZooKeeper ---

void Ledger::on_zookeeper_role(int myid, std::string_view role) { zookeeper_roles_[myid] = role; }

void Ledger::on_log_end(BrokerId broker, const TopicPartition& name, Offset end) {
  for (model::Observer* listener : listeners_) listener->on_log_end(broker, name, end);
}

void Ledger::on_zookeeper_applied(int myid, std::int64_t zxid, std::uint64_t hash) {
  for (model::Observer* listener : listeners_) listener->on_zookeeper_applied(myid, zxid, hash);
  ++invariant("zookeeper_writes_are_linear").checked;
  const auto [entry, is_new] = zookeeper_history_.try_emplace(zxid, hash);
  if (!is_new && entry->second != hash) {
    violate("zookeeper_writes_are_linear",
            fmt::format("two servers applied different transactions as {:#x}", zxid));
  }
}

// --- The end ---

void Ledger::finish() {
  for (auto& [name, view] : partitions_) {
    const model::Partition* leader =
        view.leader.valid() ? find_replica_(view.leader, name) : nullptr;
    const auto acknowledged = acknowledgments_.find(name);
    if (leader != nullptr && leader->is_leader()) {
      compare_with_log(name, *leader);
    } else if (acknowledged != acknowledgments_.end() && !acknowledged->second.empty()) {
      not_verifiable_[name] = static_cast<std::int64_t>(acknowledged->second.size());
    }
    compare_replicas(name);
  }
  std::sort(lost_.begin(), lost_.end(), [](const LostRecord& a, const LostRecord& b) {
    return std::tie(a.partition, a.offset) < std::tie(b.partition, b.offset);
  });
  for (const LostRecord& lost : lost_) {
    const auto wants = wants_all_.find(lost.record.producer);
    if (wants != wants_all_.end() && wants->second && !lost.allowed) {
      violate("acknowledged_by_all_survive",
              fmt::format("record {} ({}, offset {}) was acknowledged with acks=all and is lost",
                          lost.label, lost.partition.name(), lost.offset));
    }
  }
  if (std::any_of(wants_all_.begin(), wants_all_.end(), [](const auto& w) { return w.second; })) {
    invariant("acknowledged_by_all_survive").checked = acknowledged_;
  }
}

/// Every acknowledged record must stand at its offset; what the high watermark had passed must be
/// what it was.
void Ledger::compare_with_log(const TopicPartition& name, const model::Partition& leader) {
  auto& committed = committed_[name];
  auto& acknowledged = acknowledgments_[name];
  std::map<RecordRef, int> copies;
  log::ByteVector scratch;
  const Offset end = leader.log_end_offset();
  Invariant& survive = invariant("committed_records_survive");
  survive.checked += static_cast<std::int64_t>(committed.size());
  for (Offset at = leader.log().log_start_offset(); at < end;) {
    const auto data = leader.log().read(at, (4_MiB).count(), end, true);
    if (!data || data->bytes.empty()) break;
    for (const log::BatchView& batch : log::Batches(data->bytes)) {
      at = batch.next_offset();
      if (const auto was = committed.find(batch.base_offset()); was != committed.end()) {
        if (was->second.checksum != batch.checksum() || was->second.epoch != batch.leader_epoch()) {
          violate("committed_records_survive",
                  fmt::format("offsets {} to {} of {} changed after they were committed",
                              batch.base_offset(), batch.last_offset(), name.name()));
        }
        committed.erase(was);
      }
      const auto visited = log::for_each_record(batch, scratch, [&](const log::RecordView& record) {
        if (!record.value) return true;
        const auto candidates = by_hash_.find(content_hash(*record.value));
        if (candidates == by_hash_.end()) return true;
        for (const RecordRef ref : candidates->second) {
          const SentRecord* sent = find(ref);
          if (!same_bytes(sent->value, *record.value)) continue;
          if (++copies[ref] > 1) ++duplicates_in_log_;
          if (!sent->acknowledged) ++unacknowledged_in_log_;
          if (const auto ack = acknowledged.find(record.offset);
              ack != acknowledged.end() && ack->second.record == ref) {
            acknowledged.erase(ack);
          }
        }
        return true;
      });
      if (!visited) {
        violate("replicas_agree",
                fmt::format("{}: a batch at offset {} cannot be read: {}", name.name(),
                            batch.base_offset(), visited.error().message));
      }
    }
  }
  for (const auto& [base, batch] : committed) {
    violate("committed_records_survive",
            fmt::format("offsets {} to {} of {} were committed and are gone", base,
                        batch.last_offset, name.name()));
  }
  std::vector<std::pair<Offset, Acknowledgment>> unseen = displaced_[name];
  unseen.insert(unseen.end(), acknowledged.begin(), acknowledged.end());
  for (const auto& [offset, ack] : unseen) {
    if (copies.contains(ack.record)) continue;  // stands elsewhere: a retry wrote it again
    const std::string label = label_of(*find(ack.record), ack.record);
    lost_.push_back({ack.record, label, name, offset, ack.when, sim::EventId(),
                     "the leader's log at the end of the run does not hold it", false});
  }
  const auto blind = blind_.find(name);
  if (blind != blind_.end()) {
    blindly_lost_ += std::count_if(blind->second.begin(), blind->second.end(),
                                   [&](RecordRef ref) { return !copies.contains(ref); });
  }
  // A record that was lost at one offset and written again by a retry is not lost.
  std::erase_if(lost_, [&](const LostRecord& lost) {
    return lost.partition == name && copies.contains(lost.record);
  });
}

/// Logs of live replicas are equal up to the smallest high watermark among them.
void Ledger::compare_replicas(const TopicPartition& name) {
  const PartitionView& view = partitions_.at(name);
  const model::Partition* first = nullptr;
  BrokerId first_broker;
  for (const BrokerId broker : view.replicas) {
    const model::Partition* replica = find_replica_(broker, name);
    if (replica == nullptr || !replica->has_log()) continue;
    if (first == nullptr) {
      first = replica;
      first_broker = broker;
      continue;
    }
    const Offset upto = std::min(first->high_watermark(), replica->high_watermark());
    Offset at = std::max(first->log().log_start_offset(), replica->log().log_start_offset());
    ++invariant("replicas_agree").checked;
    while (at < upto) {
      const auto a = first->log().read(at, (1_MiB).count(), upto, true);
      const auto b = replica->log().read(at, (1_MiB).count(), upto, true);
      if (!a || !b || a->bytes.empty() || b->bytes.empty()) break;
      const std::size_t both = std::min(a->bytes.size(), b->bytes.size());
      if (!same_bytes(a->bytes.view().first(both), b->bytes.view().first(both))) {
        violate("replicas_agree",
                fmt::format("brokers {} and {} differ in {} at or after offset {}", first_broker,
                            broker, name.name(), at));
        break;
      }
      const Offset before = at;
      for (const log::BatchView& batch : log::Batches(a->bytes.view().first(both))) {
        at = batch.next_offset();
      }
      if (at == before) break;
    }
  }
}

}  // namespace brokerlab::scenarios
