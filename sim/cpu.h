// The cores of a machine: work items in one queue, first come first served, `cores` at a time.
//
// An item is a demand of core time; its real cost is the demand times a log-normal factor of
// median 1 (CpuConfig::tail_sigma), from the stream "<machine>/cpu".
//
// Lifetime: owned by a Machine. Threads: none. Work of a process that dies leaves its core at once.
#pragma once

#include "sim/channel.h"
#include "sim/hardware.h"

namespace brokerlab::sim {

class Cpu {
 public:
  Cpu(World& world, const CpuConfig& config, std::string_view machine_name);

  /// `co_await cpu.run(50us)`: queues for a core, then holds it for the item's cost.
  Task<> run(Duration demand);
  /// Demand of handling a request: see CpuConfig.
  Duration demand(int partitions, std::int64_t records, Bytes bytes) const;

  const CpuConfig& config() const { return config_; }
  Duration busy() const;    ///< Core time spent since the start.
  int queue_length() const;
  void power_off();         ///< Forgets every item.
};

}  // namespace brokerlab::sim
