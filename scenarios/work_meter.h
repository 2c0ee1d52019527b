// WorkMeter: rates and utilisation over the time that work went on.
//
// Work goes on from the first send() to the last send(), acknowledgment or record processed; a run
// in which nothing is sent is all work. Means are over that time (or a second, if it was less),
// peaks over its busiest second (of the seconds of the run, counted from its start), so idle time
// before and after dilutes nothing. A first poll brings what came before it: of a steady load the
// mean may be a little more than any whole second shows, and is the peak then. A share is of what
// the hardware sustains, not of its burst:
//
//   network card  bytes moved in its busier direction, of its rate (of less while a fault slows it)
//   disks         of the busiest one, the time with an operation in progress, or its operations of
//                 the volume's iops, if that is more; or all its bytes of the volume link's rate
//   processor     work of all cores, of all cores
//
// So a card or a volume that lives on its burst credits shows more than 100 %.
//
// Memory does not grow with the run: of the past it keeps the looks at both ends of the work, and
// the peaks between them.
//
// Lifetime: borrows World, Cluster and Ledger. Threads: none.
#pragma once

#include "scenarios/cluster.h"

#include <functional>
#include <optional>
#include <utility>
#include <vector>

namespace brokerlab::scenarios {

class WorkMeter {
 public:
  struct Load {
    double mean = 0;
    double peak = 0;
  };
  struct MachineLoad {
    Load nic, disk, cpu;
  };

  WorkMeter(sim::World& world, Cluster& cluster, const Ledger& ledger);

  /// Looks now and every second from now on.
  void start();
  /// Who looks at the same dates; before start().
  void on_look(std::function<void(Time now)> also) { also_ = std::move(also); }
  void finish(Time end);

  Time begin() const { return begin_; }
  Time end() const { return end_; }
  /// Records a second that were acknowledged, or handed to a connection with acks=0.
  Load acknowledged() const { return acknowledged_; }
  /// Deliveries a second: to every group, and again ones, too.
  Load consumed() const { return consumed_; }
  const std::vector<MachineLoad>& machines() const { return machines_; }  ///< As hosts().

 private:
  /// Totals since the start; `could` is what the hardware sustains in the same time.
  struct Use {
    double did = 0;
    double could = 0;
  };
  struct MachineTotals {
    Use out, in;
    std::vector<Use> disks;  ///< For each disk its time and its operations; last the link's bytes.
    Use cpu;
  };
  struct Look {
    Time at;
    double acknowledged = 0;
    double consumed = 0;
    std::vector<MachineTotals> machines;
  };

  /// The busiest second of a stretch.
  struct Peaks {
    double acknowledged = 0;
    double consumed = 0;
    std::vector<MachineLoad> machines;  ///< Their peaks.
  };

  void look();
  void note_second(const Look& from, const Look& to);
  MachineTotals totals_of(sim::Host& host, std::size_t index) const;
  static void raise(Peaks& peaks, const Peaks& by);
  static Peaks rates_between(const Look& from, const Look& to);

  std::function<void(Time)> also_;
  sim::World& world_;
  Cluster& cluster_;
  const Ledger& ledger_;
  std::optional<Look> first_;  ///< Before the work began; the first of all until then.
  std::optional<Look> last_;   ///< Behind all work so far.
  Peaks peaks_;                ///< Between them.
  std::optional<Look> newest_;
  Peaks since_;  ///< Of what came behind last_ and counts only if work goes on.
  bool working_ = false;
  Time begin_{};
  Time end_{};
  Load acknowledged_, consumed_;
  std::vector<MachineLoad> machines_;
};

}  // namespace brokerlab::scenarios
