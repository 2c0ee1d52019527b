// Troubles: what is wrong where, since when, and by which event; for whoever waits in vain.
//
// Silence has no messenger: who gets no answer within its timeout asks here what explains it. Those
// who bring trouble (power, kills, pauses, cuts, slow disks and cards, clocks) report it with its
// event; explain() finds the nearest reason that was in force at some time of the wait. Nearest
// first: no power, no way, no process, a process that stands still, a disk, a card, a slow way, a
// clock.
//
// Lifetime: owned by the Network. Threads: none. Memory: a few words a trouble; short ones that are
//           over (collections) are forgotten after `remembered`.
#pragma once

#include "base/units.h"
#include "sim/ids.h"

#include <functional>
#include <vector>

namespace brokerlab::sim {

enum class TroubleKind { dark, cut, gone, still, disk, card, slow_way, clock };

class Troubles {
 public:
  static constexpr Duration remembered = 15min;

  /// Of one machine, until end() or `until`.
  void begin(TroubleKind kind, MachineId machine, EventId event, Time now, Time until = never);
  /// Of the way from one machine to another; `hits` says of which pairs.
  void begin(TroubleKind kind, std::function<bool(MachineId from, MachineId to)> hits,
             EventId event, Time now);
  /// What began with this event is over.
  void end(EventId event, Time now);
  /// Every trouble of that kind with the machine is over.
  void end(TroubleKind kind, MachineId machine, Time now);

  /// The nearest reason why `from` heard nothing from `to` between `since` and `now`, either way;
  /// of several of a kind the latest. None: nothing was wrong.
  EventId explain(MachineId from, MachineId to, Time since, Time now) const;

 private:
  struct Trouble {
    TroubleKind kind;
    MachineId machine;                               ///< None: of a way.
    std::function<bool(MachineId, MachineId)> hits;  ///< Of a way.
    EventId event;
    Time begin;
    Time end;
  };
  void forget(Time now);

  std::vector<Trouble> all_;  ///< By begin.
};

}  // namespace brokerlab::sim
