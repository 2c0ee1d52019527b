// Machines that die and come back, and the processes on them.
//
// A Process is an operating-system process: a program that may be started, killed, paused and
// started again. Each start builds a fresh Program (all its memory); its death destroys every
// coroutine of the process, newest first, then the Program. What must survive (disk contents)
// lives outside and is handed to the factory.
//
//   kill        the machine lives on: peers are reset at once; the page cache keeps its bytes
//   power_off   silence: peers see nothing; what was not durable on disk is gone (on_power_loss)
//   power_on    boot_time later every process that is enabled starts
//   pause       nothing of the process runs until the pause ends (a stop-the-world GC)
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

/// The memory of a running process.
struct Program {
  virtual ~Program() = default;
};

class Process {
 public:
  using Factory = std::function<std::unique_ptr<Program>(Process&)>;

  World& world() const;
  Machine& machine() const;
  Network& network() const;
  ProcessId id() const;
  const std::string& name() const;
  bool running() const;
  int starts() const;  ///< How often it was started: 1 in its first life.

  /// Runs the task as part of this process.
  void spawn(Task<> task);
  void start();
  /// Ends the process now (kill -9). Safe to call from its own coroutines: they are destroyed
  /// after the current event. Nothing when it is not running.
  void kill();
  /// As kill(), said by the program itself; a supervisor starts it again after `restart_after`
  /// (systemd's Restart=on-failure), unless that is `never`-like max_duration.
  void exit(std::string_view why, Duration restart_after = max_duration);
  void pause(Duration length);

  /// The event that ended or silenced the process; none while it runs normally.
  EventId down_cause() const;
  /// The Program of the present life; nullptr when it is not running.
  Program* program() const;
};

class Machine {
 public:
  Machine(World& world, Network& network, MachineId id, std::string name,
          const MachineConfig& config);
  ~Machine();

  MachineId id() const;
  const std::string& name() const;
  const MachineConfig& config() const;
  World& world() const;
  Network& network() const;
  Cpu& cpu();
  Disk& disk(int index = 0);
  PageCache& page_cache(int disk = 0);

  /// A process of this machine; it starts when told to, or at boot once it has been started.
  Process& add_process(ProcessId id, std::string name, Process::Factory factory);
  const std::vector<std::unique_ptr<Process>>& processes() const;

  bool powered() const;
  void power_off();
  void power_on();  ///< Processes that were running at the power loss start after boot_time.
  /// Called at each power loss, after the processes have died: drop what was not durable.
  void on_power_loss(std::function<void()> callback);
  EventId down_cause() const;  ///< The power_off event while it is off.
};

/// Events of this folder.
namespace events {
extern const EventKind power_off, power_on, process_started, process_killed, process_exited,
    process_paused, network_cut, network_healed;
}

}  // namespace brokerlab::sim
