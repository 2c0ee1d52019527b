// Ids of the simulated world.
#pragma once

#include "base/ids.h"

namespace brokerlab::sim {

using MachineId = Id<struct MachineTag>;
using ProcessId = Id<struct ProcessTag>;
/// A partition as far as traces, metrics and recordings care: a small number with a name.
using PartitionId = Id<struct PartitionTag>;
/// An event of the trace. Ids grow with time; a cause always has a smaller id than its effect.
using EventId = Id<struct EventTag, std::int64_t>;

}  // namespace brokerlab::sim
