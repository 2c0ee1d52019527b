// Availability: for how long each partition could not be written to, and not be read.
//
// A partition is available for produce (for fetch) at an instant when such a request, sent then,
// would be answered without an error and without anything having to change first: no process has
// to start or to wake, no path to heal, no leader or ISR to change. How long the work takes is not
// asked: slowness is told by the latencies. In full:
//
//   the request   a produce with the topic's acks, the strictest that a producer of the topic asks
//                 for (all, Kafka's default, when it has none); a consumer's fetch at an offset
//                 that the log holds
//   who sends it  somebody who knows who leads, by a new connection, from any machine of the
//                 topic's producers (consumers) that is up. When there is none the network is not
//                 asked: a dead client makes no partition unavailable
//   the leader    the broker that the controller elected last and that has led since that election:
//                 a deposed leader that does not know it yet does not count, whatever it
//                 acknowledges. It runs, serves, does not stand still, and packets get to it and
//                 back
//   acks=all      beside that: the ISR is not below min.insync.replicas, and each follower that the
//                 high watermark would wait for (the ISR's; with an ISR change under way the larger
//                 one's; Kafka waits for one that is about to join, too) runs, does not stand
//                 still, has packets get there and back, follows this leader in its epoch, and has
//                 caught up with it since all that is so. So a dead member counts until it is out
//                 of the ISR, and one that waits for replica.fetch.backoff.ms until it has fetched
//
// Nothing counts before a partition was available for the first time; one that never was, was not
// from the start on. A garbage collection stands still, too. Edges are dates of events of the run,
// exact to the nanosecond. One approximation: after a cut that was shorter than
// replica.fetch.wait.max.ms the follower's next fetch is waited for, which may be that late.
//
// Lifetime: borrows World, Cluster and Ledger; made before the run starts. Threads: none. Cost: a
// look at one partition at each change of a replica, at all of them when a process or a path
// changes.
#pragma once

#include "scenarios/cluster.h"

#include <map>
#include <set>
#include <string>
#include <vector>

namespace brokerlab::scenarios {

enum class Side { produce, fetch };

class Availability final : public model::ReplicaWatch {
 public:
  struct Outage {
    Time begin;
    Time end;                 ///< `never` while it lasts.
    bool leaderless = false;  ///< At some moment in it nobody led.
    bool of_brokers = false;  ///< Not only because no path led there from its clients.
  };
  struct Measure {
    Duration longest{0};
    Time longest_from{};
    Duration total{0};
    int times = 0;
    bool at_the_end = false;  ///< It lasted when the run ended.
  };

  Availability(sim::World& world, Cluster& cluster, Ledger& ledger);

  void finish(Time end);

  void on_replica_changed(model::BrokerId, sim::PartitionId partition) override;
  void on_broker_changed(model::BrokerId) override { look_at_all_when_due(); }
  void on_follower_fetch(model::BrokerId leader, model::BrokerId follower,
                         sim::PartitionId partition) override;

  /// Whether it was not available for produce at some moment from then on.
  bool failed_since(const model::TopicPartition& name, Time since) const;

  /// Of the scenario's topics.
  const std::vector<model::TopicPartition>& partitions() const { return partitions_; }
  const std::vector<Outage>& outages(const model::TopicPartition& name, Side side) const;
  Measure measure(const model::TopicPartition& name, Side side) const;
  /// Of all the scenario's partitions: the longest of any one; in total and how often any was not
  /// available, counting once what overlaps.
  Measure measure(Side side) const;
  /// Of the group's coordinator: whether a commit would be accepted, so whether its partition of
  /// __consumer_offsets is available for produce with acks=all. Nothing when it has none yet.
  std::optional<Measure> coordinator(std::string_view group) const;

 private:
  struct Follower {
    bool connected = false;
    bool caught_up = false;   ///< Since it is connected.
    std::int64_t before = 0;  ///< How often it had caught up when it was not connected last.
  };
  struct Track {
    std::vector<Outage> outages;
    bool was_available = false;
  };
  struct Item {
    model::TopicPartition name;
    bool needs_all = true;
    std::vector<sim::MachineId> producers;
    std::vector<sim::MachineId> consumers;
    const Ledger::PartitionView* view = nullptr;  ///< Once it has been led.
    // Of the leader at the last look.
    model::BrokerId leader;
    model::LeaderEpoch epoch = log::no_epoch;
    std::map<model::BrokerId, Follower> followers;
    bool waits_for_fetch = false;  ///< A follower's next fetch may end an outage.
    Track produce;
    Track fetch;
    bool is_due = false;
  };

  void watch(const model::TopicPartition& name);
  void look_when_due();
  void look_at_due();
  void look_at_all_when_due();
  void make_due(Item& item);
  Item* item_of(sim::PartitionId partition);
  void note_led(Item& item);

  void look(Item& item);
  /// The replica that leads by the definition above; nullptr: nobody.
  const model::Partition* leader_of(const Item& item, model::BrokerId& id) const;
  bool all_would_fetch(Item& item, const model::Partition& leader);
  bool is_connected(const Item& item, const model::Partition& leader, model::BrokerId id) const;
  /// `of_brokers`: what is missing is not a path alone.
  void note(Track& track, bool available, bool of_brokers, bool leaderless) const;
  bool stands_still(model::BrokerId id) const;
  bool reachable(sim::MachineId a, sim::MachineId b) const;
  bool any_reaches(const std::vector<sim::MachineId>& clients, sim::MachineId home) const;

  sim::World& world_;
  Cluster& cluster_;
  Ledger& ledger_;
  std::vector<model::TopicPartition> partitions_;
  std::map<model::TopicPartition, Item> items_;
  std::vector<Item*> by_id_;  ///< By PartitionId; nullptr: not asked yet.
  std::vector<Item*> led_;    ///< Those that ever were: the others are not available.
  std::vector<Item*> due_;
  Time end_ = never;
  bool all_are_due_ = false;
  bool look_is_due_ = false;
};

}  // namespace brokerlab::scenarios
