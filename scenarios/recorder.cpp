#include "scenarios/recorder.h"

#include "base/json_text.h"
#include "model/client/table_poller.h"
#include "model/events.h"
#include "model/stream/stream_processor.h"
#include "sim/topology.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <set>

namespace brokerlab::scenarios {
namespace {

constexpr Duration offsets_every = 100ms;
constexpr Duration rare_offsets_every = 1s;  // Where requests are not kept either.
constexpr Duration samples_every = 1s;

recording::EventLevel level_of(sim::Level level) {
  switch (level) {
    case sim::Level::fault:
      return recording::EventLevel::fault;
    case sim::Level::control:
      return recording::EventLevel::control;
    case sim::Level::detail:
      return recording::EventLevel::detail;
  }
  UNREACHABLE();
}

/// ZooKeeper's server states, in the words of the recording.
std::string_view role_in_ensemble(std::string_view state) {
  if (state == "leading") return "leader";
  if (state == "following") return "follower";
  return state;
}

/// Ids of partitions that are asked for in the order of their names.
class IdsInOrder {
 public:
  explicit IdsInOrder(model::PartitionDirectory& directory)
      : directory_(directory), at_(directory.all().begin()) {}
  sim::PartitionId of(const model::TopicPartition& name) {
    const auto end = directory_.all().end();
    while (at_ != end && at_->first < name) ++at_;
    return at_ != end && at_->first == name ? at_->second : directory_.id_of(name);
  }

 private:
  model::PartitionDirectory& directory_;
  std::map<model::TopicPartition, sim::PartitionId>::const_iterator at_;
};

/// Areas with their switches, racks with their machines, lines between data centres.
std::string topology_text(const sim::Topology& topology) {
  static constexpr const char* kinds[] = {"rack", "zone", "data_center"};
  Json areas = Json::array();
  for (const sim::Topology::Area& area : topology.areas()) {
    Json one{{"name", area.name},
             {"kind", kinds[static_cast<int>(area.kind)]},
             {"parent", area.parent},
             {"switches", Json::array()}};
    const auto name = [&](int place) {
      return topology.places()[static_cast<std::size_t>(place)].name;
    };
    for (const int place : area.switches) one["switches"].push_back(name(place));
    if (area.kind == sim::Topology::AreaKind::rack) {
      one["machines"] = Json::array();
      for (const int machine : area.machines) one["machines"].push_back(name(machine));
    }
    areas.push_back(std::move(one));
  }
  Json lines = Json::array();
  for (const int line : topology.lines()) {
    const sim::Topology::Cable& cable = topology.cables()[static_cast<std::size_t>(line)];
    const auto area = [&](int place) {
      return topology.places()[static_cast<std::size_t>(place)].area;
    };
    lines.push_back({{"a", area(cable.a)}, {"b", area(cable.b)}});
  }
  return json_text({{"areas", std::move(areas)}, {"lines", std::move(lines)}});
}

std::string join(const std::vector<model::BrokerId>& ids) { return model::to_text(ids); }

}  // namespace

Recorder::Recorder(sim::World& world, Cluster& cluster, Ledger& ledger,
                   recording::Recording recording)
    : world_(world),
      cluster_(cluster),
      ledger_(ledger),
      recording_(std::move(recording)),
      selection_(scope_of(cluster.scenario().recording, cluster.scenario().duration),
                 world.trace()) {}

namespace {

std::string_view process_kind(Role role) {
  switch (role) {
    case Role::broker:
      return "broker";
    case Role::zookeeper:
      return "zookeeper";
    case Role::producer:
      return "producer";
    case Role::consumer:
      return "consumer";
  }
  UNREACHABLE();
}

}  // namespace

void Recorder::describe_machines() {
  const sim::Topology* topology = cluster_.network().topology();
  if (topology != nullptr) recording_.meta("topology_json", topology_text(*topology));
  for (const Cluster::Member& member : cluster_.members()) {
    const int machine = member.machine->id().value();
    const Role role = member.role.role;
    const std::string_view kind = process_kind(role);
    const bool is_client = role == Role::producer || role == Role::consumer;
    recording_.machine(machine, member.role.name, is_client ? "client" : kind);
    recording_.process(member.process->id().value(), machine, member.role.name, kind,
                       member.role.index + 1);
  }
  for (const sim::Host* host : cluster_.hosts()) {
    if (cluster_.is_shared(*host)) recording_.machine(host->id().value(), host->name(), "host");
  }
  for (const sim::Process* program : cluster_.background()) {
    const int machine = program->machine().id().value();
    recording_.machine(machine, program->name(), "program");
    recording_.process(program->id().value(), machine, program->name(), "program", 1);
  }
  sim::Process& admin = cluster_.admin();
  recording_.process(admin.id().value(), admin.machine().id().value(), admin.name(), "admin", 1);
}

void Recorder::attach() {
  recording_.scope(selection_.scope());
  describe_machines();
  if (!selection_.keeps_anything()) return;
  world_.trace().subscribe([this](const sim::Event& event) { on_event(event); });
  if (selection_.keeps_messages()) {
    cluster_.network().on_transfer(
        [this](const sim::Transfer& transfer) { on_transfer(transfer); });
  }
  // Repeating looks are callbacks of nobody: they cannot be stopped by a dying process.
  struct Every {
    static void run(Recorder& recorder, Duration period, void (Recorder::*look)()) {
      (recorder.*look)();
      recorder.world_.after(period, [&recorder, period, look] { run(recorder, period, look); });
    }
  };
  Every::run(*this, offsets_every, &Recorder::look_at_offsets);
  Every::run(*this, samples_every, &Recorder::write_samples);
  write_facts();
}

void Recorder::declare_partitions() {
  const model::PartitionDirectory& all = cluster_.context().partitions;
  for (; partitions_declared_ < all.size(); ++partitions_declared_) {
    const auto id = static_cast<std::int32_t>(partitions_declared_);
    const model::TopicPartition& name = all.name_of(sim::PartitionId(id));
    recording_.partition(id, name.topic, name.partition, name.topic == model::offsets_topic);
  }
}

void Recorder::on_event(const sim::Event& event) {
  declare_partitions();
  // The dead are told of as they were, not as they were up to a tenth of a second before.
  if (event.kind == &sim::events::power_off || event.kind == &sim::events::process_killed) {
    write_offsets();
  }
  note_registration(event);
  if (event.kind->name.starts_with("network.")) {
    reach_is_due_ = true;
    const bool lossy = event.kind->name == "network.lossy";
    if (lossy || event.kind->name == "network.delayed") bad_ways_.emplace(event.id, lossy);
  }
  for (const sim::Event* one : selection_.take(event)) write_event(*one);
  // Facts follow once everything that is due at this date has happened.
  if (std::exchange(facts_are_due_, true)) return;
  world_.after(0ns, [this] {
    facts_are_due_ = false;
    write_facts();
  });
}

void Recorder::note_registration(const sim::Event& event) {
  if (event.kind == &model::events::broker_registered) {
    registered_.insert(event.machine);
  } else if (event.kind == &model::events::zk_session_expired ||
             event.kind == &model::events::zk_session_closed) {
    registered_.erase(world_.trace().find_machine(event.detail("owner")));
  }
}

void Recorder::write_event(const sim::Event& event) {
  recording::EventRow row;
  row.id = event.id.value();
  row.t = event.time;
  row.kind = event.kind->name;
  row.level = level_of(event.kind->level);
  if (event.machine.valid()) row.machine = event.machine.value();
  if (event.partition.valid()) row.partition = event.partition.value();
  if (event.cause.valid()) row.cause = event.cause.value();
  const std::string english = world_.trace().sentence(event, sim::Language::english);
  const std::string korean = world_.trace().sentence(event, sim::Language::korean);
  row.en = english;
  row.ko = korean;
  for (const sim::Detail& detail : event.details) {
    row.details.emplace_back(std::string(detail.key), detail.value);
    if (!detail.korean.empty()) {
      row.details.emplace_back(std::string(detail.key) + "_ko", detail.korean);
    }
  }
  recording_.event(row);
}

void Recorder::write_undelivered() {
  for (const sim::Transfer& transfer : cluster_.network().undelivered()) on_transfer(transfer);
}

void Recorder::on_transfer(const sim::Transfer& transfer) {
  const Selection::Exchange exchange = selection_.take(transfer);
  if (!exchange.kept) return;
  recording::MessageRow row;
  row.sent = transfer.sent;
  if (transfer.arrived != never) row.arrived = transfer.arrived;
  row.source = transfer.source.value();
  row.destination = transfer.destination.value();
  row.kind = transfer.kind;
  row.size = transfer.size;
  row.exchange = exchange.number;
  recording_.message(row);
}

// --- Facts ---

void Recorder::write_facts() {
  const Time now = world_.now();
  for (const sim::Host* host : cluster_.hosts()) {
    if (!cluster_.is_shared(*host)) continue;
    recording_.fact(now, fmt::format("machine/{}", host->id()), "power",
                    host->powered() ? "on" : "off");
    for (const sim::Machine* machine : host->machines()) {
      recording_.fact(now, fmt::format("machine/{}", machine->id()), "host",
                      fmt::format("{}", host->id()));
    }
  }
  for (const Cluster::Member& member : cluster_.members()) {
    recording_.fact(now, fmt::format("machine/{}", member.machine->id()), "power",
                    member.machine->powered() ? "on" : "off");
    recording_.fact(now, fmt::format("process/{}", member.process->id()), "state",
                    member.process->running() ? "running" : "stopped");
    if (member.role.role == Role::broker) {
      const model::Broker* broker = cluster_.broker(cluster_.broker_id(member));
      const std::string subject = fmt::format("broker/{}", cluster_.broker_id(member));
      recording_.fact(now, subject, "controller",
                      broker != nullptr && broker->controller().active() ? "true" : "false");
      recording_.fact(
          now, subject, "registered",
          broker != nullptr && registered_.contains(member.machine->id()) ? "true" : "false");
    } else if (member.role.role == Role::zookeeper) {
      const int myid = member.role.index + 1;
      const auto role = ledger_.zookeeper_roles().find(myid);
      const bool known = member.process->running() && role != ledger_.zookeeper_roles().end();
      recording_.fact(now, fmt::format("zookeeper/{}", myid), "role",
                      !member.process->running() ? "down"
                      : known                    ? role_in_ensemble(role->second)
                                                 : "looking");
    }
  }
  if (std::exchange(reach_is_due_, false)) write_reach();
  write_partition_facts();
  write_group_facts();
}

Recorder::Reach Recorder::reach_of(const sim::Machine& machine, bool of_clients) const {
  const sim::Network& network = cluster_.network();
  Reach reach;
  for (const Cluster::Member& other : cluster_.members()) {
    const Role role = other.role.role;
    const bool is_client = role == Role::producer || role == Role::consumer;
    if (is_client != of_clients || other.machine == &machine) continue;
    if (!other.machine->powered() || !machine.powered()) continue;  // Not the network's doing.
    const sim::MachineId here = machine.id();
    const sim::MachineId there = other.machine->id();
    ++reach.all;
    reach.reached += network.reachable(here, there) && network.reachable(there, here);
    if (bad_ways_.empty()) continue;
    for (const auto& [from, to] : {std::pair(here, there), std::pair(there, here)}) {
      const auto why = bad_ways_.find(network.trouble(from, to, world_.now()));
      if (why == bad_ways_.end()) continue;
      reach.lossy |= why->second;
      reach.late |= !why->second;
    }
  }
  return reach;
}

// After an event of the network only: it asks about every pair.
void Recorder::write_reach() {
  for (const Cluster::Member& member : cluster_.members()) {
    const Role role = member.role.role;
    const bool is_client = role == Role::producer || role == Role::consumer;
    const std::string subject = fmt::format("machine/{}", member.machine->id());
    Reach peers = reach_of(*member.machine, false);
    recording_.fact(world_.now(), subject, "peers", peers.text());
    if (!is_client) {
      const Reach clients = reach_of(*member.machine, true);
      recording_.fact(world_.now(), subject, "clients", clients.text());
      peers.lossy |= clients.lossy;
      peers.late |= clients.late;
    }
    recording_.fact(world_.now(), subject, "lossy", peers.lossy ? "true" : "false");
    recording_.fact(world_.now(), subject, "late", peers.late ? "true" : "false");
  }
}

Recorder::Told& Recorder::told(sim::PartitionId id) {
  const auto at = static_cast<std::size_t>(id.value());
  if (at >= told_.size()) told_.resize(at + 1);
  return told_[at];
}

void Recorder::write_partition_facts() {
  declare_partitions();
  std::set<model::BrokerId> alive;
  for (const Cluster::Member& member : cluster_.members()) {
    if (member.role.role != Role::broker) continue;
    const model::BrokerId id = cluster_.broker_id(member);
    // Who runs without being registered (its session has expired) leads nobody either.
    if (cluster_.broker(id) != nullptr && registered_.contains(member.machine->id())) {
      alive.insert(id);
    }
  }
  // Few of many partitions change at once: those that did not cost no text.
  IdsInOrder ids(cluster_.context().partitions);
  for (const auto& [name, view] : ledger_.partitions()) {
    const sim::PartitionId id = ids.of(name);
    Told& before = told(id);
    // What is true now, not what ZooKeeper still believes: a dead leader leads nobody.
    const model::BrokerId leader = alive.contains(view.leader) ? view.leader : model::BrokerId{};
    if (before.leader == leader && before.epoch == view.epoch && before.isr == view.isr &&
        before.replicas == view.replicas) {
      continue;
    }
    before.leader = leader;
    before.epoch = view.epoch;
    before.isr = view.isr;
    before.replicas = view.replicas;
    const std::string subject = fmt::format("partition/{}", id);
    recording_.fact(world_.now(), subject, "leader",
                    leader.valid() ? fmt::format("{}", leader) : "-1");
    recording_.fact(world_.now(), subject, "epoch", std::to_string(view.epoch));
    recording_.fact(world_.now(), subject, "isr", join(view.isr));
    recording_.fact(world_.now(), subject, "replicas", join(view.replicas));
  }
}

void Recorder::look_at_offsets() {
  const Time now = world_.now();
  const recording::Scope& scope = selection_.scope();
  const bool rarely = scope.level == recording::Level::control && !scope.in_window(now);
  if (!rarely || now.time_since_epoch() % rare_offsets_every == 0ns) write_offsets();
}

void Recorder::write_offsets() {
  declare_partitions();
  const Time now = world_.now();
  // Ten times a second over every replica: brokers, names and views are sorted alike, so that one
  // walk finds them all.
  struct Replicas {
    model::BrokerId broker;
    std::map<model::TopicPartition, std::unique_ptr<model::Partition>>::const_iterator at, end;
  };
  std::vector<Replicas> walks;
  for (const Cluster::Member& member : cluster_.members()) {
    if (member.role.role != Role::broker) continue;
    const model::BrokerId id = cluster_.broker_id(member);
    const model::Broker* broker = cluster_.broker(id);
    if (broker == nullptr) continue;
    const auto& partitions = broker->replicas().partitions();
    walks.push_back({id, partitions.begin(), partitions.end()});
  }
  IdsInOrder ids(cluster_.context().partitions);
  for (const auto& [name, view] : ledger_.partitions()) {
    const sim::PartitionId id = ids.of(name);
    Told& before = told(id);
    if (before.high_watermark != view.high_watermark) {
      before.high_watermark = view.high_watermark;
      recording_.fact(now, fmt::format("partition/{}", id), "hw",
                      std::to_string(view.high_watermark));
    }
    for (Replicas& walk : walks) {
      while (walk.at != walk.end && walk.at->first < name) ++walk.at;
      if (walk.at == walk.end || name < walk.at->first || !walk.at->second->has_log()) continue;
      if (std::find(view.replicas.begin(), view.replicas.end(), walk.broker) ==
          view.replicas.end()) {
        continue;
      }
      const model::Offset end = walk.at->second->log_end_offset();
      auto& known = before.log_end_offset.try_emplace(walk.broker, -1).first->second;
      if (std::exchange(known, end) == end) continue;
      recording_.fact(now, fmt::format("replica/{}/{}", id, walk.broker), "leo",
                      std::to_string(end));
    }
  }
}

void Recorder::write_group_facts() {
  const Time now = world_.now();
  for (const auto& [group, view] : ledger_.groups()) {
    const std::string subject = "group/" + group;
    std::string members;
    for (const std::string& member : view.members) {
      members += (members.empty() ? "" : ",") + member;
    }
    recording_.fact(now, subject, "state", view.state);
    recording_.fact(now, subject, "generation", std::to_string(view.generation));
    recording_.fact(now, subject, "members", members);
  }
  for (const auto& [consumer, assigned] : ledger_.assignments()) {
    std::string ids;
    for (const model::TopicPartition& name : assigned) {
      ids += fmt::format("{}{}", ids.empty() ? "" : ",", cluster_.context().partitions.id_of(name));
    }
    recording_.fact(now, "assignment/" + consumer, "partitions", ids);
  }
}

// --- Metrics ---

int Recorder::metric(std::string_view name, std::string_view unit, std::string_view label,
                     std::optional<int> machine, std::optional<int> partition) {
  const auto key = std::make_tuple(std::string(name), std::string(label), machine.value_or(-1),
                                   partition.value_or(-1));
  const auto found = metrics_.find(key);
  if (found != metrics_.end()) return found->second;
  const int id = recording_.metric(name, unit, label, machine, partition);
  metrics_[key] = id;
  return id;
}

/// A total that only grows, sampled as its growth a second.
void Recorder::rate(std::string_view name, std::string_view unit, std::string_view label,
                    double total, std::optional<int> machine) {
  const int id = metric(name, unit, label, machine);
  auto& [then, before] = totals_.try_emplace(id, world_.now(), total).first->second;
  const double seconds = to_seconds(world_.now() - then);
  // After a restart a counter begins anew.
  const double grown = total >= before ? total - before : total;
  if (seconds > 0) recording_.sample(id, world_.now(), grown / seconds);
  then = world_.now();
  before = total;
}

/// A card is as busy as its busier direction, of what it can carry now.
void Recorder::write_network(const Cluster::Member& member) {
  const sim::MachineId id = member.machine->id();
  const int machine = id.value();
  const sim::Network& network = cluster_.network();
  double busiest = 0;
  for (const sim::Direction way : {sim::Direction::out, sim::Direction::in}) {
    const bool out = way == sim::Direction::out;
    const auto moved = static_cast<double>(network.moved(id, way).count());
    const auto capacity = static_cast<double>(network.capacity(id, way).count());
    rate(out ? "nic-sent-rate" : "nic-received-rate", "B/s", "", moved, machine);
    auto& [moved_before, capacity_before] = network_totals_[{machine, out}];
    const double could = capacity - std::exchange(capacity_before, capacity);
    const double did = moved - std::exchange(moved_before, moved);
    if (could > 0) busiest = std::max(busiest, did / could);
    const std::optional<Bytes> credits = network.burst_credits(id, way);
    if (!credits) continue;
    recording_.sample(metric("nic-burst-credits", "B", out ? "out" : "in", machine), world_.now(),
                      static_cast<double>(credits->count()));
  }
  recording_.sample(metric("nic-utilisation", "share", "", machine), world_.now(), busiest);
}

/// A machine's disks are as busy as the busiest; each for itself when there are several.
void Recorder::write_disks(const Cluster::Member& member) {
  sim::Machine& it = *member.machine;
  const int machine = it.id().value();
  double busiest = 0;
  for (int i = 0; i < it.disks(); ++i) {
    sim::Disk& disk = it.disk(i);
    const std::string label = fmt::format("disk {}", i + 1);
    const double busy = to_seconds(disk.busy());
    auto& [then, before] = disk_totals_.try_emplace({machine, i}, world_.now(), busy).first->second;
    const double seconds = to_seconds(world_.now() - then);
    const double share = seconds > 0 ? (busy - before) / seconds : 0;
    then = world_.now();
    before = busy;
    busiest = std::max(busiest, share);
    if (it.disks() > 1) {
      recording_.sample(metric("per-disk-utilisation", "share", label, machine), world_.now(),
                        share);
    }
    if (disk.config().burst_iops) {
      recording_.sample(metric("disk-burst-credits", "operations", label, machine), world_.now(),
                        static_cast<double>(disk.burst_credits().count()));
    }
  }
  recording_.sample(metric("disk-utilisation", "share", "", machine), world_.now(), busiest);
}

/// Of what was acknowledged, and processed, in the last second.
void Recorder::write_latencies() {
  const Ledger::Latencies recent = ledger_.take_recent_latencies();
  const auto write = [this](std::string_view name, const LatencySketch& latency) {
    if (latency.count() == 0) return;
    for (const auto& [label, share] :
         {std::pair("p50", 0.5), std::pair("p99", 0.99), std::pair("p99.9", 0.999)}) {
      recording_.sample(metric(name, "s", label), world_.now(),
                        to_seconds(latency.percentile(share)));
    }
  };
  write("produce-latency", recent.produce);
  write("end-to-end-latency", recent.end_to_end);
}

/// Of the last second, of a broker that runs for that long.
void Recorder::write_idleness(std::string_view name, Duration idle, int machine) {
  const int id = metric(name, "share", "", machine);
  const auto [known, fresh] = idle_.try_emplace(id, world_.now(), idle);
  auto& [then, before] = known->second;
  if (!fresh && idle >= before && world_.now() > then) {
    recording_.sample(id, world_.now(),
                      to_seconds(idle - before) / to_seconds(world_.now() - then));
  }
  then = world_.now();
  before = idle;
}

void Recorder::write_broker(const Cluster::Member& member) {
  const Time now = world_.now();
  const int machine = member.machine->id().value();
  const model::Broker* broker = cluster_.broker(cluster_.broker_id(member));
  const bool runs = broker != nullptr;
  const auto gauge = [&](std::string_view name, double value, std::string_view label = {}) {
    recording_.sample(metric(name, "count", label, machine), now, value);
  };
  const auto meter = [&](std::string_view name, std::string_view unit, std::int64_t total) {
    rate(name, unit, "", static_cast<double>(total), machine);
  };
  const model::BrokerCounters counters =
      runs ? broker->replicas().counters() : model::BrokerCounters{};
  meter("MessagesInPerSec", "1/s", counters.messages_in);
  meter("BytesInPerSec", "B/s", counters.bytes_in);
  meter("BytesOutPerSec", "B/s", counters.bytes_out);
  meter("ReplicationBytesInPerSec", "B/s", counters.replication_bytes_in);
  meter("ReplicationBytesOutPerSec", "B/s", counters.replication_bytes_out);
  meter("IsrShrinksPerSec", "1/s", counters.isr_shrinks);
  meter("IsrExpandsPerSec", "1/s", counters.isr_expands);
  const model::ReplicaManager::Counts counts =
      runs ? broker->replicas().count() : model::ReplicaManager::Counts{};
  gauge("PartitionCount", counts.replicas);
  gauge("LeaderCount", counts.led);
  gauge("UnderReplicatedPartitions", counts.under_replicated);
  gauge("UnderMinIsrPartitionCount", counts.under_min_isr);
  gauge("AtMinIsrPartitionCount", counts.at_min_isr);
  using Kind = model::DelayedKind;
  using Waiting = std::pair<Kind, std::string_view>;
  for (const auto& [kind, label] :
       {Waiting(Kind::produce, "Produce"), Waiting(Kind::fetch, "Fetch"),
        Waiting(Kind::delete_records, "DeleteRecords")}) {
    gauge("PurgatorySize", runs ? broker->replicas().purgatory().watched(kind) : 0, label);
  }
  gauge("ActiveControllerCount", runs && broker->controller().active() ? 1 : 0);
  gauge("EventQueueSize", runs ? static_cast<double>(broker->controller().events_queued()) : 0.0);
  meter("LeaderElectionRateAndTimeMs", "1/s", runs ? broker->controller().broker_changes() : 0);
  meter("UncleanLeaderElectionsPerSec", "1/s", runs ? broker->controller().unclean_elections() : 0);
  gauge("RequestQueueSize", runs ? static_cast<double>(broker->server().queued()) : 0.0);
  if (!runs) return;
  write_idleness("RequestHandlerAvgIdlePercent", broker->server().io_idle().mean(), machine);
  write_idleness("NetworkProcessorAvgIdlePercent", broker->server().network_idle().mean(), machine);
}

void Recorder::write_server(const Cluster::Member& member) {
  const int machine = member.machine->id().value();
  const auto status = cluster_.zookeeper().status(member.role.index + 1);
  if (!status) return;
  recording_.sample(metric("zk_znode_count", "count", "", machine), world_.now(),
                    static_cast<double>(status->nodes));
  recording_.sample(metric("zk_global_sessions", "count", "", machine), world_.now(),
                    static_cast<double>(status->sessions));
}

/// What a client tells of itself.
void Recorder::write_clients(const Cluster::Member& member) {
  const Time now = world_.now();
  sim::Program* program = member.process->program();
  if (auto* sends = dynamic_cast<model::TablePoller*>(program)) {
    recording_.sample(metric("buffer-available-bytes", "B", member.role.name), now,
                      static_cast<double>(sends->producer().buffer_available().count()));
  }
  const model::KafkaConsumer* consumer = nullptr;
  if (auto* reads = dynamic_cast<model::ConsumerApp*>(program)) consumer = &reads->consumer();
  if (auto* stream = dynamic_cast<model::StreamProcessor*>(program)) consumer = &stream->consumer();
  if (consumer == nullptr) return;
  const std::optional<std::int64_t> most = consumer->records_lag_max();
  recording_.sample(metric("assigned-partitions", "count", member.role.name), now,
                    static_cast<double>(consumer->assignment().size()));
  if (!most) return;
  recording_.sample(metric("records-lag-max", "records", member.role.name), now,
                    static_cast<double>(*most));
}

void Recorder::write_samples() {
  const Time now = world_.now();
  write_latencies();
  const Scenario& scenario = cluster_.scenario();
  for (std::size_t i = 0; i < scenario.producers.size(); ++i) {
    const ProducerSpec& producer = scenario.producers[i];
    const int index = static_cast<int>(i);
    rate("record-send-rate", "1/s", producer.name,
         static_cast<double>(ledger_.acknowledged_by(index)));
    recording_.sample(metric("source-rate", "1/s", producer.source), now,
                      cluster_.rate_at(i, now).count());
  }
  for (const Cluster::Member& member : cluster_.members()) {
    write_network(member);
    write_disks(member);
    if (member.role.role == Role::consumer) {
      rate("records-consumed-rate", "1/s", member.role.name,
           static_cast<double>(ledger_.consumed_by(member.role.name)));
    }
    if (member.role.role == Role::broker) write_broker(member);
    if (member.role.role == Role::zookeeper) write_server(member);
    write_clients(member);
  }
  int offline = 0;
  for (const auto& [name, view] : ledger_.partitions()) {
    if (!view.leader.valid() || cluster_.broker(view.leader) == nullptr) ++offline;
  }
  recording_.sample(metric("OfflinePartitionsCount", "count", ""), now, offline);
  write_groups();
}

void Recorder::write_groups() {
  const Time now = world_.now();
  const std::map<model::TopicPartition, std::int64_t> unreadable = ledger_.all_unreadable();
  for (const ConsumerSpec& consumer : cluster_.scenario().consumers) {
    write_lags(consumer);
    std::int64_t waiting = 0;
    for (const auto& [name, count] : unreadable) {
      const bool its = std::find(consumer.topics.begin(), consumer.topics.end(), name.topic) !=
                       consumer.topics.end();
      if (its) waiting += count;
    }
    const std::int64_t total = lags_told_[consumer.group].total;
    recording_.sample(metric("group-lag", "records", consumer.group), now,
                      static_cast<double>(total));
    // Acknowledged and above the high watermark: no lag by Kafka's measure, and nobody has it.
    recording_.sample(metric("group-unreadable", "records", consumer.group), now,
                      static_cast<double>(waiting));
    recording_.fact(now, "group/" + consumer.group, "lag", std::to_string(total));
  }
}

/// Of a partition only when it is another than before: there may be many, and most stand still.
void Recorder::write_lags(const ConsumerSpec& consumer) {
  LagsTold& told = lags_told_[consumer.group];
  const bool new_ones =
      std::exchange(told.partitions, ledger_.partitions().size()) != ledger_.partitions().size();
  const auto changed = ledger_.changed_lags(consumer.group);
  for (const auto& [name, lag] :
       new_ones ? ledger_.lags(consumer.group, consumer.topics) : changed) {
    const int id = cluster_.context().partitions.id_of(name).value();
    const auto place = static_cast<std::size_t>(id);
    if (told.lags.size() <= place) told.lags.resize(place + 1, LagsTold::nothing);
    std::int64_t& before = told.lags[place];
    if (before == lag) continue;
    told.total += lag - (before == LagsTold::nothing ? 0 : before);
    before = lag;
    recording_.sample(metric("records-lag", "records", consumer.group, {}, id), world_.now(),
                      static_cast<double>(lag));
  }
}

}  // namespace brokerlab::scenarios
