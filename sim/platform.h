// SimGrid's engine and its platform: one star of hosts, each with a NIC up and a NIC down, round a
// switch that never blocks.
//
// The engine is a singleton and its platform is fixed once it has run, so the OS process has one
// pool of hosts, made when the first Network sends its first large message and big enough for that
// one (and at least for small_pool). A Network borrows the hosts it needs, with its own rates.
//
// Settings (measured, see docs/architecture.md): CM02 without cross traffic and without TCP-gamma,
// links without latency; the kernel adds the delays itself. `fifo` NICs have a concurrency limit
// of 1.
//
// Lifetime: until the OS process ends. Threads: none.
#pragma once

#include "sim/hardware.h"

#include <vector>

namespace simgrid::s4u {
class Host;
}

namespace brokerlab::sim::platform {

inline constexpr int small_pool = 64;

/// Borrows a host a NIC; stops the program when the pool is too small.
std::vector<int> borrow_hosts(const std::vector<NicConfig>& nics);
void return_hosts(const std::vector<int>& hosts);
simgrid::s4u::Host* host(int number);

}  // namespace brokerlab::sim::platform
