#include "sim/platform.h"

#include <simgrid/kernel/resource/Action.hpp>
#include <simgrid/kernel/resource/Model.hpp>
#include <simgrid/kernel/resource/NetworkModelIntf.hpp>
#include <simgrid/s4u.hpp>

#include <algorithm>
#include <csignal>
#include <string>

namespace brokerlab::sim::platform {
namespace {

namespace s4u = simgrid::s4u;
using NetPoint = simgrid::kernel::routing::NetPoint;

constexpr double any = 1e9;  // speed of a host nobody computes on, rate of a link not set yet

/// Both directions.
struct Cable {
  s4u::Link* up = nullptr;
  s4u::Link* down = nullptr;

  void set_rates(BytesPerSecond up_rate, BytesPerSecond down_rate) const {
    up->set_bandwidth(static_cast<double>(up_rate.count()));
    down->set_bandwidth(static_cast<double>(down_rate.count()));
  }
  void set_rate(BytesPerSecond rate) const { set_rates(rate, rate); }
};

struct PoolHost {
  s4u::Host* host;
  Cable nic;
  int area;
  bool borrowed = false;
};

struct BuiltArea {
  int parent;
  s4u::NetZone* zone;
  NetPoint* border;  ///< Where what leaves it goes through.
  Cable uplink;
};

struct Pool {
  std::unique_ptr<s4u::Engine> engine;
  std::vector<PoolHost> hosts;
  std::vector<BuiltArea> areas;
  std::vector<Cable> lines;
};

/// Never destroyed: SimGrid's own static objects may be gone before ours.
Pool& pool() {
  static Pool* const the_pool = new Pool;
  return *the_pool;
}

void start_engine() {
  static char program[] = "brokerlab";
  // Set on the command line of the engine, quietly: it logs every change made later.
  static char quiet[] = "--log=root.thres:error";
  static char* arguments[] = {program, quiet, nullptr};
  int count = 2;
  // It would take Ctrl-C for itself and end the program with the status 1, without a word.
  struct sigaction interrupt {};
  sigaction(SIGINT, nullptr, &interrupt);
  pool().engine = std::make_unique<s4u::Engine>(&count, arguments);
  sigaction(SIGINT, &interrupt, nullptr);
  s4u::Engine::set_config("network/model:CM02");
  s4u::Engine::set_config("network/crosstraffic:0");
  s4u::Engine::set_config("network/TCP-gamma:1e15");
}

s4u::Link* make_link(s4u::NetZone* zone, const std::string& name) {
  return zone->create_link(name, any)->set_latency(0)->seal();
}

Cable make_cable(s4u::NetZone* zone, const std::string& name) {
  return {make_link(zone, name + "-up"), make_link(zone, name + "-down")};
}

/// What goes to or from `point` of a star takes the cable, if there is one.
void join_star(s4u::NetZone* zone, NetPoint* point, NetPoint* gateway, const Cable& cable) {
  std::vector<s4u::LinkInRoute> up;
  std::vector<s4u::LinkInRoute> down;
  if (cable.up != nullptr) {
    up.emplace_back(cable.up);
    down.emplace_back(cable.down);
  }
  zone->add_route(point, nullptr, gateway, nullptr, up, false);
  zone->add_route(nullptr, point, nullptr, gateway, down, false);
}

void add_host(s4u::NetZone* zone, int area) {
  const std::string name = "host-" + std::to_string(pool().hosts.size());
  s4u::Host* host = zone->create_host(name, any)->seal();
  const Cable nic = make_cable(zone, name);
  join_star(zone, host->get_netpoint(), nullptr, nic);
  pool().hosts.push_back({host, nic, area});
}

/// SimGrid finds the way out of nested zones only through a router in a zone of its own.
NetPoint* add_border(s4u::NetZone* zone, const std::string& name) {
  s4u::NetZone* border = s4u::create_star_zone(name + "-border")->set_parent(zone);
  NetPoint* router = border->create_router(name + "-router");
  border->seal();
  join_star(zone, border->get_netpoint(), router, {});
  return router;
}

/// Zones from the outside in, hosts and routes from the inside out, as sealing wants it.
void build_areas(s4u::NetZone* root, const std::vector<Place>& places, const Shape& shape) {
  s4u::NetZone* wide = s4u::create_full_zone("lines")->set_parent(root);
  for (std::size_t i = 0; i < shape.areas.size(); ++i) {
    const int parent = shape.areas[i].parent;
    const std::string name = "area-" + std::to_string(i);
    s4u::NetZone* zone = s4u::create_star_zone(name)->set_parent(
        parent < 0 ? wide : pool().areas[static_cast<std::size_t>(parent)].zone);
    pool().areas.push_back({parent, zone, add_border(zone, name), {}});
  }
  for (const Place& place : places) {
    add_host(pool().areas[static_cast<std::size_t>(place.area)].zone, place.area);
  }
  for (std::size_t i = shape.areas.size(); i-- > 0;) {
    BuiltArea& area = pool().areas[i];
    area.zone->seal();
    if (shape.areas[i].parent < 0) continue;
    s4u::NetZone* around = pool().areas[static_cast<std::size_t>(shape.areas[i].parent)].zone;
    area.uplink = make_cable(around, "area-" + std::to_string(i));
    join_star(around, area.zone->get_netpoint(), area.border, area.uplink);
  }
  for (std::size_t i = 0; i < shape.lines.size(); ++i) {
    pool().lines.push_back(make_cable(wide, "line-" + std::to_string(i)));
  }
  for (const Shape::Way& way : shape.ways) {
    std::vector<s4u::LinkInRoute> links;
    for (const int passed : way.lines) {
      const Cable& line = pool().lines[static_cast<std::size_t>(passed / 2)];
      links.emplace_back(passed % 2 == 0 ? line.up : line.down);
    }
    const BuiltArea& from = pool().areas[static_cast<std::size_t>(way.from)];
    const BuiltArea& to = pool().areas[static_cast<std::size_t>(way.to)];
    if (links.empty()) continue;  // nobody stands there
    wide->add_route(from.zone->get_netpoint(), to.zone->get_netpoint(), from.border, to.border,
                    links, false);
  }
  wide->seal();
}

void build(const std::vector<Place>& places, const Shape& shape) {
  start_engine();
  s4u::NetZone* root = s4u::create_star_zone("switch");
  const std::size_t flat =
      shape.areas.empty() ? std::max<std::size_t>(places.size(), small_pool) : small_pool;
  for (std::size_t i = 0; i < flat; ++i) add_host(root, -1);
  if (!shape.areas.empty()) build_areas(root, places, shape);
  root->seal();
}

}  // namespace

namespace {

bool is_built(const Shape& shape) {
  return std::equal(shape.areas.begin(), shape.areas.end(), pool().areas.begin(),
                    pool().areas.end(), [](const Shape::Area& wanted, const BuiltArea& built) {
                      return wanted.parent == built.parent;
                    });
}

}  // namespace

std::vector<int> borrow_hosts(const std::vector<Place>& places, const Shape& shape) {
  if (pool().hosts.empty()) build(places, shape);
  ENSURE(shape.areas.empty() || is_built(shape),
         "the first network of this process had other racks and zones than these {}",
         shape.areas.size());
  std::vector<int> borrowed;
  for (const Place& place : places) {
    for (std::size_t i = 0; i < pool().hosts.size(); ++i) {
      PoolHost& it = pool().hosts[i];
      if (it.borrowed || it.area != place.area) continue;
      it.borrowed = true;
      borrowed.push_back(static_cast<int>(i));
      set_card(borrowed.back(), place.card);
      break;
    }
  }
  ENSURE(borrowed.size() == places.size(),
         "{} machines do not fit in the platform of this process: its first network had fewer",
         places.size());
  if (!shape.areas.empty()) set_rates(shape);
  return borrowed;
}

void return_hosts(const std::vector<int>& hosts) {
  for (const int number : hosts) pool().hosts[static_cast<std::size_t>(number)].borrowed = false;
}

s4u::Host* host(int number) { return pool().hosts[static_cast<std::size_t>(number)].host; }

namespace {

namespace resource = simgrid::kernel::resource;

resource::Model& network() {
  static auto* const model =
      dynamic_cast<resource::Model*>(pool().engine->get_netzone_root()->get_network_model());
  ENSURE(model != nullptr, "SimGrid has no network model");
  return *model;
}

}  // namespace

simgrid::kernel::resource::Action* latest_action() {
  ENSURE(!network().get_started_action_set()->empty(), "a communication did not start");
  return &network().get_started_action_set()->back();
}

bool is_clear() {
  return network().get_finished_action_set()->empty() && network().get_failed_action_set()->empty();
}

std::optional<double> next_change() {
  const double now = s4u::Engine::get_clock();
  const double until = network().next_occurring_event(now);  // shares the rates out; may end some
  if (!is_clear() || until < 0) return std::nullopt;
  return now + until;
}

void set_card(int host, const Card& card) {
  const Cable& cable = pool().hosts[static_cast<std::size_t>(host)].nic;
  cable.set_rates(card.up, card.down);
  for (s4u::Link* link : {cable.up, cable.down}) {
    link->set_concurrency_limit(card.discipline == NicDiscipline::fifo ? 1 : -1);
  }
}

void set_rates(const Shape& shape) {
  // Nothing may have a rate of 0; where nothing passes no flow is started.
  const auto at_least = [](BytesPerSecond rate) { return std::max(rate, BytesPerSecond(1)); };
  for (std::size_t i = 0; i < shape.areas.size(); ++i) {
    const auto& uplink = shape.areas[i].uplink;
    if (uplink && pool().areas[i].uplink.up != nullptr) {
      pool().areas[i].uplink.set_rate(at_least(*uplink));
    }
  }
  for (std::size_t i = 0; i < shape.lines.size(); ++i) {
    pool().lines[i].set_rate(at_least(shape.lines[i].rate));
  }
}

}  // namespace brokerlab::sim::platform
