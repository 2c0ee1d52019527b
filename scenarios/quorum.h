// Quorum: for how long ZooKeeper had no quorum, and the brokers no controller.
//
// A quorum is there at an instant when a majority of the ensemble's servers run, do not stand
// still, and one of them reaches all the others, there and back. How long the election of a leader
// takes is not asked: that belongs to a loss that the ensemble gets over by itself. A controller is
// there when the broker that became it last runs and has not resigned. Nothing counts before there
// was one.
//
// Lifetime: borrows World, Cluster and Ledger; made before the run starts. Threads: none. Edges are
// dates of events of the run.
#pragma once

#include "scenarios/cluster.h"

#include <vector>

namespace brokerlab::scenarios {

class Quorum {
 public:
  struct Outage {
    Time begin;
    Time end;  ///< `never` while it lasts.
  };

  Quorum(sim::World& world, Cluster& cluster, Ledger& ledger);

  void finish(Time end);

  /// Of the quorum.
  const std::vector<Outage>& outages() const { return quorum_.outages; }
  Duration longest() const { return quorum_.longest(); }
  bool missing_at_the_end() const { return quorum_.lasts; }
  Duration longest_without_controller() const { return controller_.longest(); }
  bool no_controller_at_the_end() const { return controller_.lasts; }

 private:
  struct Track {
    std::vector<Outage> outages;
    bool was_there = false;
    bool lasts = false;  ///< When the run ended.
    void note(bool there, Time now);
    void finish(Time end);
    Duration longest() const;
  };

  void look_when_due();
  void look();
  bool stands(const Cluster::Member& member) const;
  bool has_quorum() const;
  bool has_controller() const;

  sim::World& world_;
  Cluster& cluster_;
  const Ledger& ledger_;
  Track quorum_, controller_;
  bool look_is_due_ = false;
};

}  // namespace brokerlab::scenarios
