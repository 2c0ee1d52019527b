// The cores of a machine: work items in one queue, first come first served, `cores` at a time.
//
// An item is a demand of core time; its real cost is the demand times a log-normal factor of
// median 1 (CpuConfig::tail_sigma), from the stream "<machine>/cpu".
//
// Lifetime: owned by a Machine. Threads: none. Work of a process that dies leaves its core at once.
#pragma once

#include "sim/channel.h"
#include "sim/hardware.h"

#include <deque>
#include <string_view>
#include <vector>

namespace brokerlab::sim {

class Cpu {
 public:
  Cpu(World& world, const CpuConfig& config, std::string_view machine_name);
  Cpu(const Cpu&) = delete;
  Cpu& operator=(const Cpu&) = delete;

  /// `co_await cpu.run(50us)`: queues for a core, then holds it for the item's cost. While its
  /// process is paused the item still ends in time; only the coroutine resumes later.
  Task<> run(Duration demand);
  /// Demand of handling a request: see CpuConfig.
  Duration demand(int partitions, std::int64_t records, Bytes bytes) const;
  /// Demand of encrypting or decrypting: nothing without TLS.
  Duration tls_demand(Bytes bytes) const;
  Duration handshake_demand() const;

  const CpuConfig& config() const { return config_; }
  Duration busy() const;  ///< Core time spent since the start.
  int queue_length() const { return static_cast<int>(queue_.size()); }
  void power_off();  ///< Forgets every item.

 private:
  struct Item;  ///< Lives in the frame of run(); takes itself out when the frame dies.
  struct Core {
    Item* item = nullptr;
    Time since{};
    std::uint32_t serial = 0;  ///< Tells the completion of this item from that of an earlier one.
  };

  void submit(Item& item);
  void abandon(Item& item);
  void start(std::size_t core, Item& item);
  void free_core(std::size_t core);
  void complete(std::size_t core, std::uint32_t serial);

  World& world_;
  const CpuConfig config_;
  RandomStream stream_;
  std::vector<Core> cores_;
  std::vector<std::size_t> idle_;  ///< Cores without an item.
  std::deque<Item*> queue_;
  Duration spent_{0};
};

}  // namespace brokerlab::sim
