// Machines that die and come back, and the processes on them.
//
// A Process is an operating-system process: a program that may be started, killed, paused and
// started again. Each start builds a fresh Program (all its memory); its death destroys every
// coroutine of the process, newest first, then the Program. What must survive (disk contents)
// lives outside and is handed to the factory.
//
//   terminate   the program is asked to end (SIGTERM) and does so when it has tidied up
//   kill        the machine lives on: peers are reset at once; the page cache keeps its bytes
//   power_off   silence: peers see nothing; what was not durable on disk is gone (on_power_loss)
//   power_on    boot_time later every process that is enabled starts
//   pause       nothing of the process runs until the pause ends
//   collect     the same, as a garbage collection; allocate() leads to young ones (GcConfig)
//
// Lifetime: machines are owned by whoever builds the cluster and borrow the World and the Network.
// Threads:  none.
#pragma once

#include "sim/cpu.h"
#include "sim/disk.h"
#include "sim/network.h"
#include "sim/page_cache.h"
#include "sim/trace.h"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace brokerlab::sim {

class Process;

/// The memory of a running process.
struct Program {
  Program() = default;
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;
  virtual ~Program() = default;
  /// What it does at SIGTERM: its process exits, now or when the work in hand is done.
  virtual void terminate(Process& self);
};

class Process {
 public:
  using Factory = std::function<std::unique_ptr<Program>(Process&)>;

  Process(Machine& machine, ProcessId id, std::string name, Factory factory);
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;
  ~Process();

  World& world() const;
  Machine& machine() const { return machine_; }
  Network& network() const;
  ProcessId id() const { return id_; }
  const std::string& name() const { return name_; }
  bool running() const { return running_; }
  int starts() const { return starts_; }  ///< How often it was started: 1 in its first life.

  /// Runs the task as part of this process.
  void spawn(Task<> task);
  /// Starts it; when its machine is off or booting, as soon as that is up. Nothing when it runs.
  void start();
  /// Ends the process now (kill -9). Safe to call from its own coroutines: they are destroyed
  /// after the current event. Nothing when it is not running.
  void kill();
  /// As kill(), said by the program itself; a supervisor starts it again after `restart_after`
  /// (systemd's Restart=on-failure), unless that is `never`-like max_duration.
  void exit(Phrase why, Duration restart_after = max_duration);
  /// Asks the program to end (SIGTERM); when it is paused, after that. When its supervisor was
  /// about to start it again, it will not. Otherwise nothing when not running.
  void terminate();
  /// Whether it has exited and its supervisor will start it again.
  bool restarts() const;
  void pause(Duration length);
  /// The program has allocated memory on its heap. After every GcConfig::every bytes all of it
  /// stands still for a young collection, once the present event is over. Nothing without gc.
  void allocate(Bytes bytes);
  /// A full collection, now: as pause(), and what was allocated so far is gone.
  void collect(Duration length);
  Duration collecting() const { return collecting_; }  ///< Time in collections, all lives.
  Time paused_until() const { return paused_until_; }  ///< In the past when it runs.

  /// The event that ended, paused or silenced the process; none while it runs normally.
  EventId down_cause() const;
  /// The Program of the present life; nullptr when it is not running.
  Program* program() const { return program_.get(); }

 private:
  friend class Machine;

  void begin();
  Task<> deliver_terminate();
  void end_by(EventId cause, bool boots_again);
  void destroy(EventId cause, bool silently);
  void stand_still(const EventKind& why, Duration length);
  EventId record(const EventKind& kind, std::vector<Detail> details = {});

  Machine& machine_;
  const ProcessId id_;
  const std::string name_;
  const Factory factory_;
  TaskGroup tasks_;
  std::unique_ptr<Program> program_;
  bool running_ = false;
  bool ending_ = false;  ///< Its own coroutine has ended it; destroyed after this event.
  bool starts_at_boot_ = false;
  bool restarts_ = false;
  int starts_ = 0;
  EventId down_cause_;
  Time paused_until_{};
  RandomStream collections_;
  Bytes allocated_{0};  ///< Since the last collection.
  Duration collecting_{0};
};

class Machine {
 public:
  Machine(World& world, Network& network, MachineId id, std::string name,
          const MachineConfig& config);
  Machine(const Machine&) = delete;
  Machine& operator=(const Machine&) = delete;
  ~Machine();

  MachineId id() const { return id_; }
  const std::string& name() const { return name_; }
  const MachineConfig& config() const { return config_; }
  World& world() const { return world_; }
  Network& network() const { return network_; }
  Cpu& cpu() { return cpu_; }
  int disks() const { return static_cast<int>(disks_.size()); }
  Disk& disk(int index = 0);
  /// The page cache in front of that disk: an equal share of the machine's memory.
  PageCache& page_cache(int disk = 0);

  /// What the machine takes for the time of day; now() of the World when its clock is right.
  Time clock() const;
  /// clock(), for something that is kept (a record's time stamp). How often that was wrong, by a
  /// millisecond or more, is counted.
  Time stamp() const;
  std::int64_t wrong_stamps() const { return wrong_stamps_; }
  /// From now on the clock is that much ahead of the true time (less than 0: behind), and gains
  /// `drift` seconds a second. It may go back. Both 0: it is right again.
  void set_clock(Duration ahead, double drift);

  /// A process of this machine; it starts when told to, or at boot once it has been started.
  Process& add_process(ProcessId id, std::string name, Process::Factory factory);
  const std::vector<std::unique_ptr<Process>>& processes() const { return processes_; }

  bool powered() const { return power_ != Power::off; }
  /// Powered and booted: processes run and the network is answered.
  bool up() const { return power_ == Power::on; }
  /// Called from a coroutine of this machine, it happens after the current event.
  void power_off();
  void power_on();  ///< Processes that were running at the power loss start after boot_time.
  /// Called at each power loss, after the processes have died: drop what was not durable.
  void on_power_loss(std::function<void()> callback);
  /// The power_off event until the machine is up again.
  EventId down_cause() const { return down_cause_; }

 private:
  enum class Power { off, booting, on };

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
  std::vector<std::unique_ptr<Process>> processes_;
  std::vector<std::function<void()>> on_power_loss_;
  Power power_ = Power::on;
  int power_cycle_ = 0;
  EventId down_cause_;
  Time clock_set_{};  ///< When the two were true:
  Duration clock_ahead_{0};
  double clock_drift_ = 0;
  mutable std::int64_t wrong_stamps_ = 0;
};

/// Events of this folder.
namespace events {
extern const EventKind power_off, power_on, process_started, process_killed, process_terminated,
    process_exited, process_paused, clock_set, clock_drifts, clock_right, process_collects,
    network_cut, network_lossy, network_delayed, network_healed, switch_failed, area_cut,
    outage_mended, nic_slowed, nic_restored;
}

}  // namespace brokerlab::sim
