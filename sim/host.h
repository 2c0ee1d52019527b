// A host: one computer. Cores, disks, page caches, network card, clock and power, for all machines
// that stand on it.
//
// Most machines have a host to themselves. Several may share one, as containers do: each keeps its
// name, its address and its processes; what they work with is the same.
//
//   power_off   silence: peers see nothing; what was not durable on disk is gone (on_power_loss)
//   power_on    boot_time later every process that is enabled starts
//
// Lifetime: owned by whoever builds the cluster, or by its only Machine; outlives its machines and
//           borrows the World and the Network.
// Threads:  none.
#pragma once

#include "sim/cpu.h"
#include "sim/disk.h"
#include "sim/network.h"
#include "sim/page_cache.h"
#include "sim/trace.h"
#include "sim/troubles.h"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace brokerlab::sim {

class Host {
 public:
  /// `id`: no machine's, but of a machine that has it to itself.
  Host(World& world, Network& network, MachineId id, std::string name, const MachineConfig& config);
  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;
  ~Host();

  MachineId id() const { return id_; }
  const std::string& name() const { return name_; }
  const MachineConfig& config() const { return config_; }
  World& world() const { return world_; }
  Network& network() const { return network_; }
  const std::vector<Machine*>& machines() const { return machines_; }
  Cpu& cpu() { return cpu_; }
  int disks() const { return static_cast<int>(disks_.size()); }
  Disk& disk(int index);
  /// The page cache in front of that disk: an equal share of the host's memory.
  PageCache& page_cache(int disk);

  /// What it takes for the time of day; now() of the World when its clock is right.
  Time clock() const;
  /// clock(), for something that is kept (a record's time stamp). How often that was wrong, by a
  /// millisecond or more, is counted.
  Time stamp() const;
  std::int64_t wrong_stamps() const { return wrong_stamps_; }
  /// From now on the clock is that much ahead of the true time (less than 0: behind), and gains
  /// `drift` seconds a second. It may go back. Both 0: it is right again.
  void set_clock(Duration ahead, double drift);

  bool powered() const { return power_ != Power::off; }
  /// Powered and booted: processes run and the network is answered.
  bool up() const { return power_ == Power::on; }
  /// Called from a coroutine of one of its machines, it happens after the current event.
  void power_off();
  void power_on();  ///< Processes that were running at the power loss start after boot_time.
  /// Called at each power loss, after the processes have died: drop what was not durable.
  void on_power_loss(std::function<void()> callback);
  /// The power_off event until it is up again.
  EventId down_cause() const { return down_cause_; }

  /// Something is wrong with all of its machines.
  void begin_trouble(TroubleKind kind, EventId event);
  void end_trouble(TroubleKind kind);

 private:
  friend class Machine;
  enum class Power { off, booting, on };

  void add(Machine& machine);
  void remove(Machine& machine);
  bool runs_here() const;
  void booted();
  void tell_credits_gone(int disk, Metered what);

  World& world_;
  Network& network_;
  const MachineId id_;
  const std::string name_;
  const MachineConfig config_;
  Cpu cpu_;
  std::unique_ptr<VolumeLink> volume_link_;
  std::vector<std::unique_ptr<Disk>> disks_;
  std::vector<std::unique_ptr<PageCache>> page_caches_;
  std::vector<Machine*> machines_;
  int machines_ever_ = 0;
  std::vector<std::function<void()>> on_power_loss_;
  Power power_ = Power::on;
  int power_cycle_ = 0;
  EventId down_cause_;
  Time clock_set_{};  ///< When the two were true:
  Duration clock_ahead_{0};
  double clock_drift_ = 0;
  mutable std::int64_t wrong_stamps_ = 0;
};

}  // namespace brokerlab::sim
