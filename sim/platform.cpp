#include "sim/platform.h"

#include <simgrid/s4u.hpp>

#include <algorithm>
#include <string>

namespace brokerlab::sim::platform {
namespace {

namespace s4u = simgrid::s4u;

struct PoolHost {
  s4u::Host* host;
  s4u::Link* up;
  s4u::Link* down;
  bool borrowed = false;
};

struct Pool {
  std::unique_ptr<s4u::Engine> engine;
  std::vector<PoolHost> hosts;
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
  pool().engine = std::make_unique<s4u::Engine>(&count, arguments);
  s4u::Engine::set_config("network/model:CM02");
  s4u::Engine::set_config("network/crosstraffic:0");
  s4u::Engine::set_config("network/TCP-gamma:1e15");
}

void build(std::size_t size) {
  start_engine();
  s4u::NetZone* zone = s4u::create_star_zone("switch");
  constexpr double any = 1e9;  // speed of a host nobody computes on, rate of a NIC not borrowed yet
  for (std::size_t i = 0; i < size; ++i) {
    const std::string name = "host-" + std::to_string(i);
    s4u::Host* host = zone->create_host(name, any)->seal();
    s4u::Link* up = zone->create_link(name + "-up", any)->set_latency(0)->seal();
    s4u::Link* down = zone->create_link(name + "-down", any)->set_latency(0)->seal();
    zone->add_route(host->get_netpoint(), nullptr, nullptr, nullptr, {s4u::LinkInRoute(up)}, false);
    zone->add_route(nullptr, host->get_netpoint(), nullptr, nullptr, {s4u::LinkInRoute(down)},
                    false);
    pool().hosts.push_back({host, up, down});
  }
  zone->seal();
}

}  // namespace

std::vector<int> borrow_hosts(const std::vector<NicConfig>& nics) {
  if (pool().hosts.empty()) build(std::max<std::size_t>(nics.size(), small_pool));
  std::vector<int> borrowed;
  for (std::size_t i = 0; i < pool().hosts.size() && borrowed.size() < nics.size(); ++i) {
    PoolHost& it = pool().hosts[i];
    if (it.borrowed) continue;
    it.borrowed = true;
    const NicConfig& nic = nics[borrowed.size()];
    for (s4u::Link* link : {it.up, it.down}) {
      link->set_bandwidth(static_cast<double>(nic.rate.count()));
      link->set_concurrency_limit(nic.discipline == NicDiscipline::fifo ? 1 : -1);
    }
    borrowed.push_back(static_cast<int>(i));
  }
  ENSURE(borrowed.size() == nics.size(),
         "{} machines do not fit in the platform of this process: its first network had fewer",
         nics.size());
  return borrowed;
}

void return_hosts(const std::vector<int>& hosts) {
  for (const int number : hosts) pool().hosts[static_cast<std::size_t>(number)].borrowed = false;
}

s4u::Host* host(int number) { return pool().hosts[static_cast<std::size_t>(number)].host; }

}  // namespace brokerlab::sim::platform
