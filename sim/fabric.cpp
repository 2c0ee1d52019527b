#include "sim/fabric.h"

#include "sim/tcp.h"

namespace brokerlab::sim {

Fabric::Fabric(World& world, const NetworkConfig& config, std::shared_ptr<const Topology> topology)
    : world_(world),
      config_(config),
      topology_(std::move(topology)),
      jitter_(world.stream("network/jitter")) {
  if (topology_ == nullptr) return;
  for (std::size_t area = 0; area < topology_->areas().size(); ++area) {
    if (topology_->areas()[area].kind == Topology::AreaKind::rack &&
        !topology_->areas()[area].machines.empty()) {
      rack_areas_.push_back(static_cast<int>(area));
    }
  }
  recompute();
}

int Fabric::add_machine(std::string_view name) {
  const auto number = static_cast<int>(racks_.size());
  int rack = 0;
  if (topology_ != nullptr) {
    const std::optional<int> place = topology_->find_place(name);
    ENSURE(place.has_value(), "{} has no place in the topology", name);
    const int area = topology_->places()[static_cast<std::size_t>(*place)].area;
    const auto found = std::find(rack_areas_.begin(), rack_areas_.end(), area);
    ENSURE(found != rack_areas_.end(), "{} stands in no rack", name);
    rack = static_cast<int>(found - rack_areas_.begin());
    places_.push_back(*place);
  }
  racks_.push_back(rack);
  return number;
}

// --- Of a path ---

bool Fabric::hits(const Blow& blow, int from, int to) const {
  const auto a = static_cast<std::size_t>(from);
  const auto b = static_cast<std::size_t>(to);
  return a < blow.from.size() && b < blow.to.size() && blow.from[a] && blow.to[b] && from != to;
}

const Fabric::RackPair& Fabric::pair(int from, int to) const {
  const auto a = static_cast<std::size_t>(racks_[static_cast<std::size_t>(from)]);
  const auto b = static_cast<std::size_t>(racks_[static_cast<std::size_t>(to)]);
  return pairs_[a * rack_areas_.size() + b];
}

EventId Fabric::silence(int from, int to) const {
  if (from == to) return {};
  for (const auto& [id, blow] : blows_) {
    if (blow.what.cut && hits(blow, from, to)) return blow.event;
  }
  return topology_ == nullptr ? EventId{} : pair(from, to).silence;
}

Fabric::Delay Fabric::delay(int from, int to) {
  Delay delay{topology_ == nullptr ? config_.delay : pair(from, to).delay, {}, {}};
  if (config_.jitter > 0ns) delay.total += jitter_.uniform(0ns, config_.jitter);
  Duration most{0};
  for (const auto& [id, blow] : blows_) {
    if (!hits(blow, from, to)) continue;
    Duration more = blow.what.delay;
    if (blow.what.jitter > 0ns) more += jitter_.uniform(0ns, blow.what.jitter);
    delay.extra += more;
    if (more <= most) continue;
    most = more;
    delay.because = blow.event;
  }
  delay.total += delay.extra;
  return delay;
}

Duration Fabric::round_trip(int from, int to) const {
  Duration total = config_.jitter;
  for (const auto& [a, b] : {std::pair(from, to), std::pair(to, from)}) {
    total += topology_ == nullptr ? config_.delay : pair(a, b).delay;
    for (const auto& [id, blow] : blows_) {
      if (hits(blow, a, b)) total += blow.what.delay + blow.what.jitter / 2;
    }
  }
  return std::max(total, Duration{1});
}

double Fabric::loss(int from, int to) const {
  double arrives = 1;
  for (const auto& [id, blow] : blows_) {
    if (hits(blow, from, to)) arrives *= 1 - blow.what.loss;
  }
  return 1 - arrives;
}

template <class Measure>
EventId Fabric::worst(int from, int to, Measure measure) const {
  EventId worst;
  decltype(measure(Impairment{})) most{};
  for (const auto& [id, blow] : blows_) {
    if (!hits(blow, from, to) || measure(blow.what) <= most) continue;
    most = measure(blow.what);
    worst = blow.event;
  }
  return worst;
}

EventId Fabric::lossy(int from, int to) const {
  return worst(from, to, [](const Impairment& what) { return what.loss; });
}

EventId Fabric::delayed(int from, int to) const {
  return worst(from, to, [](const Impairment& what) { return what.delay + what.jitter; });
}

BytesPerSecond Fabric::stream_rate(int from, int to) const {
  return tcp::stream_rate(round_trip(from, to), loss(from, to), config_.tcp_window);
}

Time Fabric::through_uplinks(int from, int to, Bytes size, Time left, BytesPerSecond nic) {
  if (topology_ == nullptr) return left;
  // The bytes follow each other: on an idle way only its slowest part takes time.
  const Time began = left - time_for(size, nic);
  for (const int number : pair(from, to).uplinks) {
    Pipe& pipe = pipes_[static_cast<std::size_t>(number)];
    const Duration time = time_for(size, pipe.rate);
    left = std::max({left, began + time, pipe.free + time});
    pipe.free = left;
  }
  return left;
}

// --- What goes wrong ---

ImpairmentId Fabric::impair(const std::vector<int>& from, const std::vector<int>& to,
                            const Impairment& what, EventId event) {
  ENSURE(what.loss >= 0 && what.loss < 1, "a loss of {}", what.loss);
  Blow blow{std::vector<bool>(racks_.size()), std::vector<bool>(racks_.size()), what, event};
  for (const int machine : from) blow.from[static_cast<std::size_t>(machine)] = true;
  for (const int machine : to) blow.to[static_cast<std::size_t>(machine)] = true;
  clean_ = false;
  blows_.emplace(next_id_, std::move(blow));
  return next_id_++;
}

void Fabric::repair(ImpairmentId id) {
  blows_.erase(id);
  clean_ = blows_.empty() && failures_.empty();
}

OutageId Fabric::fail(const Topology::Outage& what, EventId event) {
  ENSURE(topology_ != nullptr, "an outage in a network without a topology");
  clean_ = false;
  failures_.emplace(next_id_, Failure{what, event});
  recompute();
  return next_id_++;
}

void Fabric::mend(OutageId id) {
  if (failures_.erase(id) == 0) return;
  clean_ = blows_.empty() && failures_.empty();
  recompute();
}

Topology::Outage Fabric::all_outages() const {
  Topology::Outage all;
  for (const auto& [id, failure] : failures_) {
    all.places.insert(failure.what.places.begin(), failure.what.places.end());
    all.cables.insert(failure.what.cables.begin(), failure.what.cables.end());
  }
  return all;
}

/// The first failure that alone separates them; of several that only do so together, the last.
EventId Fabric::blame(int from_machine, int to_machine) const {
  for (const auto& [id, failure] : failures_) {
    if (!topology_->route(from_machine, to_machine, failure.what)) return failure.event;
  }
  return failures_.rbegin()->second.event;
}

std::vector<int> Fabric::pipes_of(const Topology::Route& route) const {
  std::vector<int> pipes;
  const auto& places = topology_->places();
  for (std::size_t i = 0; i < route.cables.size(); ++i) {
    const Topology::Place& here = places[static_cast<std::size_t>(route.places[i])];
    const Topology::Place& there = places[static_cast<std::size_t>(route.places[i + 1])];
    if (here.kind == Topology::PlaceKind::machine || there.kind == Topology::PlaceKind::machine) {
      continue;  // a port: the card is booked
    }
    if (here.kind < there.kind) {
      pipes.push_back(up_pipe(here.area));
    } else if (here.kind > there.kind) {
      pipes.push_back(down_pipe(there.area));
    } else {
      const int line = topology_->line_of(route.cables[i]);
      const bool forth =
          topology_->cables()[static_cast<std::size_t>(route.cables[i])].a == route.places[i];
      pipes.push_back(static_cast<int>(2 * topology_->areas().size()) + 2 * line + (forth ? 0 : 1));
    }
  }
  return pipes;
}

void Fabric::recompute() {
  const Topology::Outage outage = all_outages();
  const auto& areas = topology_->areas();
  pipes_.resize(2 * (areas.size() + topology_->lines().size()));
  const platform::Shape now = shape();
  for (std::size_t area = 0; area < areas.size(); ++area) {
    const BytesPerSecond rate = now.areas[area].uplink.value_or(1_GBps);
    pipes_[2 * area].rate = pipes_[2 * area + 1].rate = rate;
  }
  for (std::size_t line = 0; line < now.lines.size(); ++line) {
    const std::size_t first = 2 * (areas.size() + line);
    pipes_[first].rate = pipes_[first + 1].rate = now.lines[line].rate;
  }
  const std::size_t racks = rack_areas_.size();
  pairs_.assign(racks * racks, {});
  // Two machines of a rack see each other through its own switches; any machine stands for it.
  std::vector<int> first;
  for (const int area : rack_areas_) {
    first.push_back(areas[static_cast<std::size_t>(area)].machines.front());
  }
  for (std::size_t a = 0; a < racks; ++a) {
    const auto routes = topology_->routes(first[a], first, outage);
    for (std::size_t b = 0; b < racks; ++b) {
      RackPair& pair = pairs_[a * racks + b];
      if (a == b) {
        const auto [delay, works] = topology_->inside(rack_areas_[a], outage);
        pair.delay = delay;
        if (!works) pair.silence = failures_.rbegin()->second.event;
      } else if (routes[b]) {
        pair.delay = routes[b]->delay;
        pair.uplinks = pipes_of(*routes[b]);
      } else {
        pair.silence = blame(first[a], first[b]);
      }
    }
  }
}

// --- For the flow network ---

platform::Shape Fabric::shape() const {
  platform::Shape shape;
  if (topology_ == nullptr) return shape;
  const Topology::Outage outage = all_outages();
  for (std::size_t area = 0; area < topology_->areas().size(); ++area) {
    const auto number = static_cast<int>(area);
    shape.areas.push_back({topology_->areas()[area].parent, topology_->uplink(number, outage)});
  }
  for (const int cable : topology_->lines()) {
    const Topology::Cable& it = topology_->cables()[static_cast<std::size_t>(cable)];
    const auto area = [&](int core) {
      return topology_->places()[static_cast<std::size_t>(core)].area;
    };
    BytesPerSecond rate = it.rate;
    if (outage.cables.contains(cable) || outage.places.contains(it.a) ||
        outage.places.contains(it.b)) {
      // What went this way takes another; the flow network only knows the first one.
      const auto detour = topology_->route(it.a, it.b, outage);
      rate = detour ? detour->rate : 1_Mbps;
    }
    shape.lines.push_back({area(it.a), area(it.b), rate});
  }
  // The ways between data centres as they are when nothing is out of order.
  std::vector<int> centers;
  for (std::size_t area = 0; area < shape.areas.size(); ++area) {
    if (shape.areas[area].parent < 0) centers.push_back(static_cast<int>(area));
  }
  for (const int from : centers) {
    for (const int to : centers) {
      if (from == to) continue;
      shape.ways.push_back({from, to, topology_->lines_between(from, to)});
    }
  }
  return shape;
}

int Fabric::area_of(int machine) const {
  if (topology_ == nullptr) return -1;
  return rack_areas_[static_cast<std::size_t>(racks_[static_cast<std::size_t>(machine)])];
}

}  // namespace brokerlab::sim
