// Machines that die and come back, and the processes on them. A machine is a name, an address on
// the network and what runs there; its hardware is its host's (sim/host.h), its own or shared.
//
// A Process is an operating-system process: a program that may be started, killed, paused and
// started again. Each start builds a fresh Program (all its memory); its death destroys every
// coroutine of the process, newest first, then the Program. What must survive (disk contents)
// lives outside and is handed to the factory.
//
//   terminate   the program is asked to end (SIGTERM) and does so when it has tidied up
//   kill        the machine lives on: peers are reset at once; the page cache keeps its bytes
//   power_off   of the host: silence; power_on: boot_time later what is enabled starts
//   pause       nothing of the process runs until the pause ends
//   collect     the same, as a garbage collection; allocate() leads to young ones (GcConfig)
//
// Lifetime: machines are owned by whoever builds the cluster and borrow the World and the Network.
// Threads:  none.
#pragma once

#include "sim/host.h"

#include <functional>
#include <memory>
#include <optional>
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
  /// From each start until its program is there: a JVM that loads. At first 0.
  void set_start_up(Duration length) { start_up_ = length; }

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
  /// The Program of the present life; nullptr when it is not running, or still loading.
  Program* program() const { return program_.get(); }

 private:
  friend class Machine;

  void begin();
  Task<> load_program();
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
  Duration start_up_{0};
};

class Machine {
 public:
  /// With a host of its own, of the same id and name.
  Machine(World& world, Network& network, MachineId id, std::string name,
          const MachineConfig& config);
  Machine(Host& host, MachineId id, std::string name);
  Machine(const Machine&) = delete;
  Machine& operator=(const Machine&) = delete;
  ~Machine();

  MachineId id() const { return id_; }
  const std::string& name() const { return name_; }
  Host& host() const { return host_; }
  World& world() const { return host_.world(); }
  Network& network() const { return host_.network(); }

  /// A process of this machine; it starts when told to, or at boot once it has been started.
  Process& add_process(ProcessId id, std::string name, Process::Factory factory);
  const std::vector<std::unique_ptr<Process>>& processes() const { return processes_; }

  // --- What it works with, its host's ---

  const MachineConfig& config() const { return host_.config(); }
  Cpu& cpu() { return host_.cpu(); }
  int disks() const { return host_.disks(); }
  Disk& disk(int index = 0) { return host_.disk(index); }
  PageCache& page_cache(int disk = 0) { return host_.page_cache(disk); }
  /// How page cache and disks know the machine's file of that number.
  PageCache::FileKey file(std::int64_t number) const { return first_file_ + number; }
  /// The number of a file; nothing: it is another machine's.
  std::optional<std::int64_t> number_of(PageCache::FileKey file) const {
    const std::int64_t number = file - first_file_;
    return number >= 0 && number >> 32 == 0 ? std::optional(number) : std::nullopt;
  }
  Time clock() const { return host_.clock(); }
  Time stamp() const { return host_.stamp(); }
  std::int64_t wrong_stamps() const { return host_.wrong_stamps(); }
  void set_clock(Duration ahead, double drift) { host_.set_clock(ahead, drift); }
  bool powered() const { return host_.powered(); }
  bool up() const { return host_.up(); }
  void power_off() { host_.power_off(); }
  void power_on() { host_.power_on(); }
  void on_power_loss(std::function<void()> callback) { host_.on_power_loss(std::move(callback)); }
  EventId down_cause() const { return host_.down_cause(); }

 private:
  friend class Host;

  void move_in();
  bool runs_something() const;
  void lose_power(bool was_up);
  void boot();

  const std::unique_ptr<Host> own_host_;  ///< nullptr: it shares one.
  Host& host_;
  const MachineId id_;
  const std::string name_;
  std::int64_t first_file_ = 0;
  std::vector<std::unique_ptr<Process>> processes_;
};

/// Events of this folder.
namespace events {
extern const EventKind power_off, power_on, process_started, process_killed, process_terminated,
    process_exited, process_paused, clock_set, clock_drifts, clock_right, process_collects,
    network_cut, network_lossy, network_delayed, network_healed, switch_failed, area_cut,
    outage_mended, nic_slowed, nic_restored;
}

}  // namespace brokerlab::sim
