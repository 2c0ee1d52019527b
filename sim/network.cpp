#include "sim/network.h"

#include "sim/connection.h"
#include "sim/machine.h"
#include "sim/tcp.h"

#include <algorithm>
#include <set>

namespace brokerlab::sim {
namespace {

constexpr Duration loopback_delay = 5us;

/// "broker-1, broker-2 and 3 more".
Phrase names_of(const Trace& trace, const std::vector<MachineId>& machines) {
  constexpr std::size_t most = 4;
  std::string list;
  for (std::size_t i = 0; i < std::min(machines.size(), most); ++i) {
    list += (i == 0 ? "" : ", ") + std::string(trace.machine_name(machines[i]));
  }
  if (machines.size() <= most) return {list, list};
  return {fmt::format("{} and {} more", list, machines.size() - most),
          fmt::format("{} 외 {}대", list, machines.size() - most)};
}

}  // namespace

namespace events {

const EventKind network_cut{"network.cut", Level::fault,
                            "nothing gets from {from} to {to} any more",
                            "{from}에서 {to}(으)로 가는 패킷이 모두 끊겼다"};
const EventKind network_lossy{"network.lossy", Level::fault,
                              "of the packets from {from} to {to}, {share} are lost",
                              "{from}에서 {to}(으)로 가는 패킷의 {share}가 사라진다"};
const EventKind network_delayed{"network.delayed", Level::fault,
                                "packets from {from} to {to} take {delay} longer",
                                "{from}에서 {to}(으)로 가는 패킷이 {delay} 늦어진다"};
const EventKind network_healed{"network.healed", Level::control,
                               "packets get from {from} to {to} as before",
                               "{from}에서 {to}(으)로 패킷이 전처럼 전달된다"};
const EventKind network_relieved{
    "network.relieved", Level::control,
    "one of the troubles from {from} to {to} is over; others of them go on",
    "{from}에서 {to}(으)로 가는 길의 장애 가운데 하나가 끝났다. 다른 장애는 남아 있다"};
const EventKind switch_failed{"network.switch_failed", Level::fault, "switch {switch} failed",
                              "스위치 {switch}이(가) 고장 났다"};
const EventKind area_cut{"network.area_cut", Level::fault,
                         "{area} is cut off from everything outside", "{area}이(가) 바깥과 끊겼다"};
const EventKind outage_mended{"network.outage_mended", Level::control, "{what} works again",
                              "{what}이(가) 다시 동작한다"};

}  // namespace events

// --- Machines and reachability ---

NetworkState::NetworkState(World& the_world, const NetworkConfig& the_config,
                           std::shared_ptr<const Topology> topology)
    : world(the_world),
      fabric(the_world, the_config, std::move(topology)),
      chance(the_world.stream("network/loss")),
      flows(the_world) {
  flows.set_shape(fabric.shape());
}

NetworkState::~NetworkState() {
  for (auto& [id, connection] : connections) connection->net = nullptr;
  for (auto& [place, listener] : listeners) listener->state_ = nullptr;
}

Node& NetworkState::node(MachineId machine) {
  const auto found = nodes.find(machine);
  ENSURE(found != nodes.end(), "machine {} is not on the network", machine);
  return found->second;
}

const Node& NetworkState::node(MachineId machine) const {
  const auto found = nodes.find(machine);
  ENSURE(found != nodes.end(), "machine {} is not on the network", machine);
  return found->second;
}

Card& NetworkState::card(MachineId of) {
  const auto found = nodes.find(of);
  return found == nodes.end() ? cards.at(of) : *found->second.card;
}

EventId NetworkState::silence(const Node& from, const Node& to) const {
  if (!to.up) return to.down_cause;
  if (!from.up) return from.down_cause;
  return fabric.silence(from.card->number, to.card->number);
}

Duration NetworkState::delay(const Node& from, const Node& to) {
  return from.card == to.card ? loopback_delay
                              : fabric.delay(from.card->number, to.card->number).total;
}

Duration NetworkState::delay(const Node& from, const Node& to, Outgoing& item) {
  if (from.card == to.card) return loopback_delay;
  const Fabric::Delay delay = fabric.delay(from.card->number, to.card->number);
  item.delayed(delay.because, delay.extra);
  return delay.total;
}

void NetworkState::lose(const Node& from, const Node& to, Outgoing& item) {
  const int here = from.card->number;
  const int there = to.card->number;
  item.loss = fabric.loss(here, there);
  item.losses = {};
  if (item.loss == 0) return;
  item.losses = tcp::lose(chance, item.message.size, item.loss, fabric.round_trip(here, there));
  item.delayed(fabric.lossy(here, there), item.losses.delay);
}

void NetworkState::note_slow_cards(Outgoing& item, const Card& from, const Card& to,
                                   Duration took) {
  const EventId slow = from.slowed_to ? from.slowed_by : to.slowed_to ? to.slowed_by : EventId{};
  if (!slow.valid()) return;
  const Bytes size = tcp::wire_size(item.message.size);
  item.delayed(slow, took - time_for(size, std::min(from.nic.rate, to.nic.rate)));
}

void NetworkState::note_slow_stream(Outgoing& item, const Card& from, const Card& to,
                                    Duration took) {
  note_slow_cards(item, from, to, took);
  if (from.slowed_to || to.slowed_to) return;
  EventId way = fabric.lossy(from.number, to.number);
  if (!way.valid()) way = fabric.delayed(from.number, to.number);
  const Bytes size = tcp::wire_size(item.message.size);
  item.delayed(way, took - time_for(size, std::min(from.nic.rate, to.nic.rate)));
}

std::vector<MachineId> NetworkState::hosts_of(const std::vector<MachineId>& machines) const {
  std::vector<MachineId> all;
  for (const MachineId machine : machines) {
    const MachineId host = node(machine).card->id;
    if (std::find(all.begin(), all.end(), host) == all.end()) all.push_back(host);
  }
  return all;
}

std::vector<int> NetworkState::numbers(const std::vector<MachineId>& hosts) const {
  std::vector<int> all;
  all.reserve(hosts.size());
  for (const MachineId host : hosts) all.push_back(cards.at(host).number);
  return all;
}

// --- The network ---

Network::Network(World& world, const NetworkConfig& config,
                 std::shared_ptr<const Topology> topology)
    : state_(std::make_unique<NetworkState>(world, config, std::move(topology))) {}

Network::~Network() = default;

std::unique_ptr<Listener> Network::listen(Process& process, int port) {
  return state_->listen(process, process.machine().id(), port);
}

Task<Result<SocketPtr, NetError>> Network::connect(Process& from, MachineId to, int port,
                                                   Time deadline) {
  return state_->connect(from, state_->node(from.machine().id()), state_->node(to), port, deadline);
}

// --- What goes wrong ---

ImpairmentId Network::impair(const std::vector<MachineId>& from, const std::vector<MachineId>& to,
                             const Impairment& what, EventId cause) {
  const std::vector<MachineId> sources = state_->hosts_of(from);
  const std::vector<MachineId> targets = state_->hosts_of(to);
  Trace& trace = state_->world.trace();
  std::vector<Detail> details{Detail::of("from", names_of(trace, sources)),
                              Detail::of("to", names_of(trace, targets))};
  const EventKind* kind = &events::network_cut;
  if (!what.cut && what.loss > 0) {
    kind = &events::network_lossy;
    details.push_back({"share", fmt::format("{:.3g} %", what.loss * 100)});
  } else if (!what.cut) {
    kind = &events::network_delayed;
    std::string length = brokerlab::to_text(what.delay);
    if (what.jitter > 0ns) length += "-" + brokerlab::to_text(what.delay + what.jitter);
    details.push_back({"delay", std::move(length)});
  }
  const EventId event = trace.record(*kind, Trace::about({}, cause), std::move(details));
  const ImpairmentId id =
      state_->fabric.impair(state_->numbers(sources), state_->numbers(targets), what, event);
  state_->impaired.emplace(id, std::pair(sources, targets));
  state_->begun.emplace(id, event);
  const auto hits = [state = state_.get(), sources, targets](MachineId a, MachineId b) {
    const MachineId here = state->node(a).card->id;
    const MachineId there = state->node(b).card->id;
    return here != there && std::find(sources.begin(), sources.end(), here) != sources.end() &&
           std::find(targets.begin(), targets.end(), there) != targets.end();
  };
  state_->troubles.begin(what.cut ? TroubleKind::cut : TroubleKind::slow_way, hits, event,
                         state_->world.now());
  state_->paths_changed();
  return id;
}

void Network::repair(ImpairmentId id) {
  const auto found = state_->impaired.find(id);
  if (found == state_->impaired.end()) return;
  const auto cut = found->second;
  const std::vector<MachineId>& from = cut.first;
  const std::vector<MachineId>& to = cut.second;
  state_->impaired.erase(found);
  state_->fabric.repair(id);
  state_->troubles.end(state_->begun.at(id), state_->world.now());
  const auto meet = [](const std::vector<MachineId>& some, const std::vector<MachineId>& others) {
    return std::any_of(some.begin(), some.end(), [&](MachineId one) {
      return std::find(others.begin(), others.end(), one) != others.end();
    });
  };
  const bool more = std::any_of(state_->impaired.begin(), state_->impaired.end(), [&](auto& left) {
    return meet(left.second.first, from) && meet(left.second.second, to);
  });
  Trace& trace = state_->world.trace();
  trace.record(more ? events::network_relieved : events::network_healed, {},
               {Detail::of("from", names_of(trace, from)), Detail::of("to", names_of(trace, to))});
  state_->paths_changed();
}

OutageId Network::fail_switch(std::string_view name, EventId cause) {
  const Topology* topology = state_->fabric.topology();
  ENSURE(topology != nullptr && topology->find_place(name), "{} is no switch", name);
  const EventId event = state_->world.trace().record(events::switch_failed, Trace::about({}, cause),
                                                     {{"switch", std::string(name)}});
  return state_->break_paths({{*topology->find_place(name)}, {}}, name, event);
}

OutageId Network::cut_area(std::string_view name, EventId cause) {
  const Topology* topology = state_->fabric.topology();
  ENSURE(topology != nullptr && topology->find_area(name), "{} is no rack, zone or data centre",
         name);
  const EventId event = state_->world.trace().record(events::area_cut, Trace::about({}, cause),
                                                     {{"area", std::string(name)}});
  return state_->break_paths(topology->border_of(*topology->find_area(name)), name, event);
}

OutageId NetworkState::break_paths(const Topology::Outage& what, std::string_view name,
                                   EventId event) {
  const OutageId id = fabric.fail(what, event);
  outages.emplace(id, name);
  begun.emplace(id, event);
  // Whom it separates now, when others are out of order besides.
  std::set<std::pair<MachineId, MachineId>> apart;
  for (const auto& [a, from] : nodes) {
    for (const auto& [b, to] : nodes) {
      if (fabric.silence(from.card->number, to.card->number) == event) apart.emplace(a, b);
    }
  }
  troubles.begin(
      TroubleKind::cut,
      [apart = std::move(apart)](MachineId a, MachineId b) {
        return apart.contains({a, b});
      },
      event, world.now());
  paths_changed();
  return id;
}

void Network::mend(OutageId id) {
  const auto found = state_->outages.find(id);
  if (found == state_->outages.end()) return;
  const std::string what = found->second;
  state_->outages.erase(found);
  const bool another = std::any_of(state_->outages.begin(), state_->outages.end(),
                                   [&what](const auto& one) { return one.second == what; });
  if (!another) state_->world.trace().record(events::outage_mended, {}, {{"what", what}});
  state_->fabric.mend(id);
  state_->troubles.end(state_->begun.at(id), state_->world.now());
  state_->paths_changed();
}

const Topology* Network::topology() const { return state_->fabric.topology(); }

// --- Asking ---

bool Network::reachable(MachineId from, MachineId to) const {
  return state_->passes(state_->node(from), state_->node(to));
}

EventId Network::silence(MachineId from, MachineId to) const {
  return state_->silence(state_->node(from), state_->node(to));
}

EventId Network::trouble(MachineId from, MachineId to, Time since) const {
  const EventId now = silence(from, to);
  if (now.valid()) return now;
  const EventId back = silence(to, from);
  return back.valid() ? back : state_->troubles.explain(from, to, since, state_->world.now());
}

EventId Network::refusal(MachineId machine, int port) const {
  const auto found = state_->refusals.find({machine, port});
  return found == state_->refusals.end() ? EventId{} : found->second;
}

Troubles& Network::troubles() { return state_->troubles; }

void Network::on_transfer(std::function<void(const Transfer&)> callback) {
  state_->on_transfer.push_back(std::move(callback));
}

std::vector<Transfer> Network::undelivered() const {
  std::vector<Transfer> all;
  for (const auto& [id, connection] : state_->connections) {
    for (int side : {0, 1}) {
      for (const Outgoing& item : connection->ways[side].queue) {
        if (item.kind != Outgoing::Kind::data) continue;
        Transfer transfer = transfer_of(*connection, side, item, never);
        const Way& way = connection->ways[side];
        if (way.stalled && !transfer.trouble.valid()) transfer.trouble = way.stalled_by;
        if (way.stalled) transfer.late = state_->world.now() - item.sent;
        all.push_back(transfer);
      }
    }
  }
  return all;
}

void Network::add_card(MachineId host, const NicConfig& nic) {
  const auto [at, is_new] = state_->cards.try_emplace(host);
  ENSURE(is_new, "two hosts have the id {}", host);
  at->second.id = host;
  at->second.nic = nic;
  at->second.number = state_->fabric.add_machine(state_->world.trace().machine_name(host));
  state_->add_card(at->second);
}

void Network::add_machine(MachineId machine, MachineId host) {
  const bool is_new = state_->nodes.emplace(machine, Node{machine, &state_->cards.at(host)}).second;
  ENSURE(is_new, "two machines have the id {}", machine);
}

void Network::machine_up(MachineId machine) {
  Node& node = state_->node(machine);
  node.up = true;
  node.down_cause = {};
  state_->troubles.end(TroubleKind::dark, machine, state_->world.now());
}

void Network::machine_gone(MachineId machine) {
  state_->on_transfer.clear();
  machine_down(machine, EventId{});
}

void Network::machine_down(MachineId machine, EventId cause) {
  state_->end_listeners(cause, [&](const Listener& it) { return it.machine_ == machine; });
  if (cause.valid()) {
    state_->troubles.begin(TroubleKind::dark, machine, cause, state_->world.now());
  }
  state_->machine_down(state_->node(machine), cause);
}

void Network::process_died(const Process& process, EventId cause) {
  state_->end_listeners(cause, [&](const Listener& it) { return &it.process_ == &process; });
  state_->process_died(process, cause);
}

}  // namespace brokerlab::sim
