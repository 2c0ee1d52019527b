// When to look again who runs and who reaches whom.
//
// Threads: none.
#pragma once

#include "scenarios/cluster.h"

#include <functional>

namespace brokerlab::scenarios {

/// Calls `look` at each event of a machine, a process or the network, and when a process that
/// stands still goes on. What the event brings about has not happened yet. Before the run starts;
/// `look` must outlive it.
void when_paths_change(sim::World& world, Cluster& cluster, const std::function<void()>& look);

}  // namespace brokerlab::scenarios
