#include "scenarios/effects.h"

#include "base/translation.h"
#include "model/events.h"

#include <algorithm>

namespace brokerlab::scenarios {
namespace {

constexpr Duration noise = 1ms;
/// Fetches wait for records anyway; one within this time of a write may have carried it.
constexpr Duration about_a_write = 100ms;

namespace is = model::events;

}  // namespace

Effects::Effects(sim::World& world, Cluster& cluster, Ledger& ledger,
                 const Availability& availability, const Quorum& quorum)
    : world_(world),
      cluster_(cluster),
      ledger_(ledger),
      availability_(availability),
      quorum_(quorum) {
  ledger.listen(*this);
  world.trace().subscribe([this](const sim::Event& event) { on_event(event); });
  cluster.network().on_transfer(
      [this](const sim::Transfer& transfer) { on_transfer(transfer, tallies_); });
}

void Effects::insert(std::vector<std::string>& names, std::string name) {
  if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(std::move(name));
}

void Effects::add(Tally& tally, Effect effect, std::int64_t count, Duration longest) {
  const auto at = static_cast<std::size_t>(effect);
  tally.counts[at] += count;
  tally.longest[at] = std::max(tally.longest[at], longest);
}

// --- What the plan says ---

void Effects::doing(std::optional<FaultIndex> fault) {
  doing_ = fault;
  if (fault) struck_.try_emplace(*fault, world_.now());
}

void Effects::silenced(FaultIndex fault, const Cluster::Member& member, Time until) {
  Silent silent{fault,
                member.machine->id(),
                member.role.role,
                member.role.name,
                member.role.spec,
                {},
                world_.now(),
                until,
                until != never};
  const auto assigned = ledger_.assignments().find(silent.name);
  if (assigned != ledger_.assignments().end()) silent.assigned = assigned->second;
  silent_.push_back(std::move(silent));
  if (until == never) return;
  world_.at(until, [this, fault, machine = member.machine->id()] {
    end_silences([=](const Silent& it) { return it.fault == fault && it.machine == machine; });
  });
}

void Effects::speaks_again(const Cluster::Member& member) {
  end_silences([&member](const Silent& it) { return it.machine == member.machine->id(); });
}

void Effects::end_silences(const std::function<bool(const Silent&)>& which) {
  const auto over = std::stable_partition(silent_.begin(), silent_.end(), std::not_fn(which));
  for (auto it = over; it != silent_.end(); ++it) {
    end_silence(*it, tally(it->fault), world_.now());
  }
  silent_.erase(over, silent_.end());
}

/// What the process would have done while it was silent, and who waited for that.
void Effects::end_silence(const Silent& silent, Tally& tally, Time end) const {
  if (silent.role == Role::producer) {
    const ProducerSpec& spec = cluster_.scenario().producers[silent.spec];
    const std::optional<Time> due = cluster_.next_due(silent.spec);
    // Before poll_interval is over rows wait for the next poll anyway.
    if (due && *due != never && *due + spec.poll_interval + noise <= end) {
      add(tally, Effect::rows_waited, 1, end - std::max(*due, silent.begin));
    }
  } else if (silent.role == Role::consumer) {
    const ConsumerSpec& spec = cluster_.scenario().consumers[silent.spec];
    const Duration length = end - silent.begin;
    if (length < noise) return;
    std::int64_t unread = 0;
    for (const auto& [name, lag] : ledger_.lags(spec.group, spec.topics)) {
      const bool its =
          std::find(silent.assigned.begin(), silent.assigned.end(), name) != silent.assigned.end();
      if (its) unread += lag;
    }
    // Of the rest of a backlog it would not have got to more than that in the time.
    if (spec.service_time > 0ns) {
      unread = std::min<std::int64_t>(unread, (length - 1ns) / spec.service_time + 1);
    }
    if (unread > 0) add(tally, Effect::records_waited, unread, length);
  }
}

std::size_t Effects::watch(FaultIndex fault, Effect effect, Count count,
                           std::vector<Count> if_grown) {
  if_grown.insert(if_grown.begin(), std::move(count));
  const std::size_t size = if_grown.size();
  watched_.push_back({fault, effect, std::move(if_grown), std::vector<std::int64_t>(size), {}});
  return watched_.size() - 1;
}

std::vector<std::int64_t> Effects::Watched::now() const {
  std::vector<std::int64_t> all = counted;
  for (std::size_t i = 0; before && i < counts.size(); ++i) all[i] += counts[i]() - (*before)[i];
  return all;
}

void Effects::in_force(std::size_t watch) {
  std::vector<std::int64_t> now;
  for (const Count& count : watched_[watch].counts) now.push_back(count());
  watched_[watch].before = std::move(now);
}

void Effects::covered(std::size_t watch) {
  watched_[watch].counted = watched_[watch].now();
  watched_[watch].before.reset();
}

void Effects::damaged(FaultIndex fault, sim::MachineId machine, std::string directory) {
  damages_.push_back({fault, machine, std::move(directory)});
}

std::int64_t Effects::worked(const sim::Host& host) const {
  std::int64_t sum = 0;
  for (const Cluster::Member* member : cluster_.members_on(host)) {
    const auto found = worked_.find(member->machine->id());
    if (found != worked_.end()) sum += found->second;
  }
  return sum;
}

// --- Events ---

std::optional<Effects::FaultIndex> Effects::fault_of(sim::EventId event) const {
  if (!event.valid()) return std::nullopt;
  const auto at = static_cast<std::size_t>(event.value());
  if (at >= fault_of_event_.size() || fault_of_event_[at] < 0) return std::nullopt;
  return static_cast<FaultIndex>(fault_of_event_[at]);
}

Effects::FaultIndex Effects::behind(FaultIndex fault) const {
  const auto found = undone_by_.find(fault);
  return found == undone_by_.end() ? fault : found->second;
}

void Effects::on_event(const sim::Event& event) {
  std::optional<FaultIndex> fault = fault_of(event.cause);
  const bool is_fault = !event.cause.valid() && doing_.has_value();
  if (is_fault) fault = doing_;
  fault_of_event_.resize(static_cast<std::size_t>(event.id.value()) + 1, -1);
  if (fault) fault_of_event_.back() = static_cast<std::int32_t>(*fault);
  note_damage(event);
  if (!fault || is_fault) return;
  const bool shows_when_undone = event.kind == &is::record_lost ||
                                 event.kind == &is::replica_truncated ||
                                 event.kind == &is::log_recovered;
  Tally& of = tally(shows_when_undone ? behind(*fault) : *fault);
  count(of, event);
  if (event.machine.valid()) of.touched[event.machine] = event.time;
  if (event.partition.valid()) of.touched_partition[event.partition] = event.time;
}

void Effects::count(Tally& tally, const sim::Event& event) {
  const sim::EventKind* const kind = event.kind;
  if (kind == &is::record_lost) {
    // Of a phantom batch several in one sentence.
    const std::string several(event.detail("count"));
    add(tally, Effect::record_lost, several.empty() ? 1 : std::atoll(several.c_str()));
  } else if (kind == &is::producer_record_failed) {
    add(tally, Effect::send_failed, std::atoll(std::string(event.detail("count")).c_str()));
  } else if (kind == &is::producer_request_failed || kind == &is::consumer_stalled) {
    add(tally, Effect::unreachable);
  } else if (kind == &is::consumer_resumed) {
    const Duration waited(std::atoll(std::string(event.detail("waited_ns")).c_str()));
    tally.consumer_waited = std::max(tally.consumer_waited, waited);
  } else if (kind == &is::connection_broken) {
    add(tally, Effect::request_broken, std::atoll(std::string(event.detail("count")).c_str()));
  } else if (kind == &is::zk_leader_lost || kind == &is::zk_leader_elected ||
             kind == &is::zk_follower_lost) {
    add(tally, Effect::ensemble);
  } else if (kind == &is::zk_session_expired) {
    const std::string owner(event.detail("owner"));
    insert(tally.sessions, owner);
    tally.a_session_counts = tally.a_session_counts || holds_anything(owner);
    add(tally, Effect::session_expired);
  } else {
    count_of_broker(tally, event);
    count_of_group(tally, event);
  }
}

void Effects::count_of_broker(Tally& tally, const sim::Event& event) {
  const std::string machine(world_.trace().machine_name(event.machine));
  const sim::EventKind* const kind = event.kind;
  if (kind == &is::broker_start_failed || kind == &is::log_directory_failed ||
      kind == &is::log_directory_offline) {
    insert(tally.brokers_down, machine);
    add(tally, Effect::broker_down);
  } else if (kind == &is::zk_disconnected) {
    insert(tally.lost_zookeeper, machine);
    add(tally, Effect::zookeeper_lost);
  } else if (kind == &is::controller_elected) {
    add(tally, Effect::controller_elected);
  } else if (kind == &is::partition_leader_elected) {
    add(tally, Effect::leader_elected);
    if (shrinks_isr(event)) add(tally, Effect::isr_shrunk);
  } else if (kind == &is::partition_offline) {
    add(tally, Effect::leaderless);
  } else if (kind == &is::partition_isr_shrunk) {
    add(tally, Effect::isr_shrunk);
  } else if (kind == &is::isr_change_refused) {
    add(tally, Effect::isr_refused);
  } else if (kind == &is::partition_under_min_isr) {
    add(tally, Effect::below_min_isr);
  } else if (kind == &is::replica_truncated) {
    add(tally, Effect::truncated);
  } else if (kind == &is::log_recovered) {
    if (event.detail("cut") != to_rounded_text(Bytes(0))) add(tally, Effect::recovered);
  }
}

void Effects::count_of_group(Tally& tally, const sim::Event& event) {
  const sim::EventKind* const kind = event.kind;
  if (kind == &is::consumer_left) {
    insert(tally.left, std::string(world_.trace().machine_name(event.machine)));
    add(tally, Effect::left_group);
  } else if (kind == &is::group_rebalancing) {
    add(tally, Effect::rebalanced);
  } else if (kind == &is::coordinator_loaded) {
    add(tally, Effect::coordinator_moved);
  } else if (kind == &is::coordinator_lost) {
    add(tally, Effect::coordinator_lost);
  } else if (kind == &is::coordinator_found) {
    note_found(tally, event);
  } else if (kind == &is::client_error || kind == &is::client_exception ||
             kind == &is::commit_failed) {
    const std::string_view name = event.detail("error");  // "TimeoutException (CODE)"
    tally.errors.insert(fmt::format("{} {}", event.detail("api"), name.substr(0, name.find(" ("))));
  }
}

/// The ledger hears of the new state after this.
bool Effects::shrinks_isr(const sim::Event& election) const {
  const std::string_view now = election.detail("isr");
  const auto members = now == "[]" ? 0 : std::count(now.begin(), now.end(), ',') + 1;
  if (!election.partition.valid()) return false;
  const auto before =
      ledger_.partitions().find(cluster_.context().partitions.name_of(election.partition));
  return before != ledger_.partitions().end() &&
         static_cast<std::ptrdiff_t>(before->second.isr.size()) > members;
}

/// Who commits after each poll() stands still until there is a coordinator again.
void Effects::note_found(Tally& tally, const sim::Event& event) const {
  const Cluster::Member* member = cluster_.find(world_.trace().machine_name(event.machine));
  if (member == nullptr || !event.cause.valid()) return;
  if (cluster_.scenario().consumers[member->role.spec].config.enable_auto_commit) return;
  const Duration waited = event.time - world_.trace().event(event.cause).time;
  tally.consumer_waited = std::max(tally.consumer_waited, waited);
}

/// A bit is met where nothing leads back to it but the place.
void Effects::note_damage(const sim::Event& event) {
  const bool met = event.kind == &is::damage_met;
  const bool recovered = event.kind == &is::log_recovered;
  const bool broken = event.kind == &is::invariant_violated;
  if (!met && !recovered && !broken) return;
  for (const Damage& damage : damages_) {
    const bool there =
        met ? world_.trace().partition_name(event.partition) == damage.directory
        : recovered
            ? event.machine == damage.machine && event.detail("cut") != to_rounded_text(Bytes(0))
            : event.detail("why").find(damage.directory + " ") != std::string_view::npos ||
                  event.detail("why").find(damage.directory + ":") != std::string_view::npos;
    if (!there) continue;
    Tally& of = tally(damage.fault);
    add(of, Effect::damage_met);
    if (of.damage.empty()) of.damage = damage.directory;
  }
}

/// A broker with a replica, or the controller.
bool Effects::holds_anything(std::string_view machine) const {
  const Cluster::Member* member = cluster_.find(machine);
  if (member == nullptr || member->role.role != Role::broker) return false;
  const model::BrokerId id = cluster_.broker_id(*member);
  if (ledger_.controller() == id) return true;
  return std::any_of(ledger_.partitions().begin(), ledger_.partitions().end(),
                     [id](const auto& entry) {
                       const auto& all = entry.second.replicas;
                       return std::find(all.begin(), all.end(), id) != all.end();
                     });
}

// --- Messages ---

bool Effects::carries_work(const sim::Transfer& transfer) const {
  const std::string_view kind = transfer.kind;
  const Cluster::Member* consumer = consumer_in(transfer);
  if (kind.starts_with("Fetch")) {
    const Time written = consumer != nullptr ? last_record_ : last_append_;
    return written + about_a_write >= transfer.sent &&
           (transfer.arrived == never || written <= transfer.arrived);
  }
  if (kind.starts_with("OffsetCommit") && consumer != nullptr) {
    return commits_anything_new(*consumer, transfer.sent);
  }
  const bool idle = kind.find("ping") != std::string_view::npos || kind.starts_with("Heartbeat") ||
                    kind.starts_with("Metadata") || kind.starts_with("ZooKeeper connect");
  return !idle;
}

/// At either end; nullptr: none.
const Cluster::Member* Effects::consumer_in(const sim::Transfer& transfer) const {
  for (const Cluster::Member& member : cluster_.members()) {
    const sim::MachineId machine = member.machine->id();
    const bool here = machine == transfer.source || machine == transfer.destination;
    if (here && member.role.role == Role::consumer) return &member;
  }
  return nullptr;
}

/// enable.auto.commit sends every position again and again, moved or not
/// (ConsumerCoordinator.maybeAutoCommitOffsetsAsync).
bool Effects::commits_anything_new(const Cluster::Member& consumer, Time sent) const {
  const model::ConsumerConfig& config = cluster_.scenario().consumers[consumer.role.spec].config;
  const auto last = last_consumed_.find(consumer.role.name);
  if (last == last_consumed_.end()) return false;
  return !config.enable_auto_commit || last->second + config.auto_commit_interval >= sent;
}

void Effects::on_transfer(const sim::Transfer& transfer,
                          std::map<FaultIndex, Tally>& tallies) const {
  const bool waits = !silent_.empty();
  if (!transfer.trouble.valid() && !waits) return;
  if (waits && transfer.arrived != never) {
    for (const Silent& silent : silent_) {
      if (!silent.stands_still || silent.machine != transfer.destination) continue;
      if (transfer.arrived < silent.begin || transfer.arrived + noise > silent.until) continue;
      if (!carries_work(transfer)) continue;
      Tally& of = tallies[silent.fault];
      const Time end = std::min(silent.until, Time(cluster_.scenario().duration));
      add(of, Effect::message_late, 1, end - transfer.arrived);
      of.touched[transfer.source] = of.touched[transfer.destination] = silent.until;
    }
  }
  const std::optional<FaultIndex> fault = fault_of(transfer.trouble);
  if (!fault || !carries_work(transfer)) return;
  Tally& of = tallies[*fault];
  if (transfer.arrived == never) {
    add(of, Effect::message_lost);
  } else {
    const Duration way = transfer.arrived - transfer.sent - transfer.late;
    if (transfer.late < noise || transfer.late * 10 < way) return;
    add(of, Effect::message_late, 1, transfer.late);
  }
  of.touched[transfer.source] = of.touched[transfer.destination] = world_.now();
}

/// At the end of the run. What was sent to the dead is told as lost only when TCP gives up, after
/// the run perhaps; what may still come is late so far.
void Effects::on_undelivered(const sim::Transfer& transfer,
                             std::map<FaultIndex, Tally>& tallies) const {
  const std::optional<FaultIndex> fault = fault_of(transfer.trouble);
  if (!fault || !carries_work(transfer)) return;
  const bool may_come = std::all_of(
      cluster_.members().begin(), cluster_.members().end(), [&](const Cluster::Member& member) {
        const sim::MachineId id = member.machine->id();
        const bool is_end = id == transfer.source || id == transfer.destination;
        return !is_end || member.machine->up();
      });
  if (!may_come) {
    add(tallies[*fault], Effect::message_lost);
    return;
  }
  // How long its way is without the trouble is not known before it is there.
  const Duration late = std::min(transfer.late, world_.now() - transfer.sent);
  if (late >= worth_telling) add(tallies[*fault], Effect::message_late, 1, late);
}

// --- What it hears ---

void Effects::on_sent(const model::SentRecords& sent) {
  sent_[sent.run.producer].assign(sent.run.first, sent.run.end(), world_.now());
}

void Effects::on_consumed(const model::ConsumedRecords& consumed) {
  auto last = last_consumed_.find(consumed.consumer);
  if (last == last_consumed_.end()) last = last_consumed_.emplace(consumed.consumer, Time{}).first;
  last->second = world_.now();
}

void Effects::on_leader_append(model::BrokerId broker, const model::TopicPartition& name,
                               model::LeaderEpoch, model::Offset, model::Offset, std::int64_t) {
  last_append_ = world_.now();
  if (name.topic != model::offsets_topic) last_record_ = world_.now();
  ++worked_[cluster_.context().broker_machines.at(broker)];
}

void Effects::on_log_end(model::BrokerId broker, const model::TopicPartition&, model::Offset) {
  ++worked_[cluster_.context().broker_machines.at(broker)];
}

void Effects::on_zookeeper_applied(int myid, std::int64_t, std::uint64_t) {
  for (const Cluster::Member& member : cluster_.members()) {
    if (member.role.role == Role::zookeeper && member.role.index + 1 == myid) {
      ++worked_[member.machine->id()];
    }
  }
}

}  // namespace brokerlab::scenarios
