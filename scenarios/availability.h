// Availability: for how long each partition could not be written to.
//
// A partition can be written to while the broker that leads it (in the highest epoch, should there
// be two that believe it) runs, does not stand still and is reachable from a producer of its topic,
// and, when a producer asks for acks=all, while an acknowledgment can come: the ISR is at least
// min.insync.replicas, and every member of it runs and is reachable from the leader. Looked at
// after every event of the trace (when all that is due at that date has run), so the edges are
// exact.
//
// Lifetime: borrows the Cluster. Threads: none.
#pragma once

#include "scenarios/cluster.h"

namespace brokerlab::scenarios {

class Availability {
 public:
  struct Outage {
    Time begin;
    Time end;                 ///< `never` while it lasts.
    bool leaderless = false;  ///< At some moment in it nobody led.
  };

  Availability(sim::World& world, Cluster& cluster);

  /// Looks at every partition of the scenario's topics.
  void look();
  void finish(Time end);

  const std::map<model::TopicPartition, std::vector<Outage>>& outages() const { return outages_; }
  Duration longest(const model::TopicPartition& name) const;
  Duration longest() const;

 private:
  enum class Condition { writable, leaderless, unreachable, unacknowledged };
  Condition condition(const model::TopicPartition& name, bool needs_all) const;

  bool awake(model::BrokerId id) const;
  bool reachable_both_ways(sim::MachineId a, sim::MachineId b) const;
  void look_when_due();

  sim::World& world_;
  Cluster& cluster_;
  std::map<std::string, bool> needs_all_;                         ///< By topic.
  std::map<std::string, std::vector<sim::MachineId>> producers_;  ///< Their machines, by topic.
  std::map<model::TopicPartition, std::vector<Outage>> outages_;
  bool look_is_due_ = false;
  std::map<model::TopicPartition, bool> was_writable_;  ///< Once it has been: outages count.
};

}  // namespace brokerlab::scenarios
