// A fault of a scenario: what goes wrong, with whom, and how it is put right again.
//
// Whom: a machine's name, "controller", a name that an earlier fault bound with "as", or the leader
// of something at that moment. Faults of paths take sets: "brokers", "zookeeper", "clients",
// "everyone_else", and racks, zones and data centres of the topology.
//
// Lifetime: values. Threads: none. Errors: checked in loading (validate_faults.cpp).
#pragma once

#include "base/settings_fwd.h"
#include "base/units.h"

#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace brokerlab::scenarios {

/// A machine's name, "controller", or a name that an earlier fault bound with "as"; in a fault of
/// paths also a set.
struct Named {
  std::string name;
};
/// The broker that leads most partitions of a topic at that moment; the lowest id of several.
struct LeaderOfMost {
  std::string topic;
};
/// The leader of one partition at that moment.
struct LeaderOf {
  std::string topic;
  int partition = 0;
  static const Settings<LeaderOf>& settings();
};
struct Target {
  std::variant<Named, LeaderOfMost, LeaderOf> who;
  static const Settings<Target>& settings();
};

// --- Machines and processes ---

struct PowerOff {  ///< Silence at once; what was not synced is lost.
  Target target;
};
struct PowerOn {  ///< Boots (boot_time), then its processes start.
  Target target;
};
struct KillProcess {  ///< SIGKILL: the machine lives on, connections are reset, its cache stays.
  Target target;
};
/// SIGTERM: a broker first gives its leaders away, a consumer leaves its group, a producer sends
/// what it holds; then the process exits.
struct StopProcess {
  Target target;
};
struct StartProcess {
  Target target;
};
/// The process stands still (a stop-the-world collection) and then goes on as if nothing had been.
struct Pause {
  Target machine;
  Duration length{0};  ///< JSON: "for".
  static const Settings<Pause>& settings();
};

/// The machine's clock jumps: from now on it is `ahead` of the true time or `behind` it, and gains
/// `drift` seconds a million.
struct Clock {
  Target machine;
  Duration ahead{0};
  Duration behind{0};
  double drift = 0;  ///< JSON: "drift_ppm".
  static const Settings<Clock>& settings();
};

// --- Paths ---

struct Sides {
  std::vector<Target> between;
  std::vector<Target> against;  ///< JSON: "and".
  bool one_way = false;         ///< Only from `between` to `and`.
};
/// No message passes between the two sides, until the cut is healed.
struct Cut : Sides {
  static const Settings<Cut>& settings();
};
struct Loss : Sides {
  double share = 0.01;  ///< Of all packets.
  static const Settings<Loss>& settings();
};
struct Delay : Sides {
  Duration by{0};
  Duration jitter{0};  ///< And up to this.
  static const Settings<Delay>& settings();
};
struct SlowNic {
  Target machine;
  BytesPerSecond rate = 10_Mbps;
  static const Settings<SlowNic>& settings();
};

// --- The topology ---

struct SwitchOff {  ///< A switch passes nothing on.
  std::string name;
};
struct CutOff {  ///< Nothing passes between a rack, zone or data centre and the rest.
  std::string area;
};
struct RackOff {  ///< Everything in it loses power: machines and switches.
  std::string area;
};

// --- Disks ---

struct SlowDisk {  ///< Every operation takes so many times as long.
  Target machine;
  int disk = 1;
  double factor = 10;
  static const Settings<SlowDisk>& settings();
};
struct FailDisk {  ///< Operations fail with this probability.
  Target machine;
  int disk = 1;
  double share = 1;
  static const Settings<FailDisk>& settings();
};
struct FillDisk {  ///< Somebody else's files take the room.
  Target machine;
  int disk = 1;
  Bytes left{0};
  static const Settings<FillDisk>& settings();
};
struct LyingDisk {  ///< Syncs are confirmed and do nothing: a power loss takes what they promised.
  Target machine;
  int disk = 1;
  static const Settings<LyingDisk>& settings();
};
struct Corrupt {  ///< One bit of a broker's log segments flips on the medium.
  Target machine;
  std::string directory;  ///< "orders-3"; empty: any.
  static const Settings<Corrupt>& settings();
};

/// Ends the fault that was given this name with "as".
struct Heal {
  std::string fault;
};

struct Fault {
  using Action = std::variant<PowerOff, PowerOn, KillProcess, StopProcess, StartProcess, Pause,
                              Clock, Cut, Loss, Delay, SlowNic, SwitchOff, CutOff, RackOff,
                              SlowDisk, FailDisk, FillDisk, LyingDisk, Corrupt, Heal>;

  Duration at{0};
  Action action;
  std::string as;  ///< Names what was hit, and the fault itself for a heal; empty: no name.
  static const Settings<Fault>& settings();
};

}  // namespace brokerlab::scenarios
