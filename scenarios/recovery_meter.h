// RecoveryMeter: how long the marks of trouble stay, to the second.
//
//   under-replicated   the time in which some leader's ISR was smaller than its replicas, from when
//                      every partition was led and whole for the first time (Kafka's
//                      UnderReplicatedPartitions of all brokers; partitions that nobody leads are
//                      told by Availability)
//   drained            of a group: from its greatest lag to the first look at which it has caught
//   up:
//                      all that could be read at the look before, a second ago, it has processed,
//                      and that look saw the greatest lag; or its lag is 0. What waits then has
//                      come in since, of each partition. A steady load never has a lag of exactly
//                      0, and a share of the greatest lag may still be minutes of it.
//
// Lifetime: borrows Cluster and Ledger. Threads: none. Cost: a look at each broker, each partition
// and group; at each partition of a group while it has not caught up.
#pragma once

#include "scenarios/cluster.h"

#include <map>
#include <optional>
#include <string>

namespace brokerlab::scenarios {

class RecoveryMeter {
 public:
  RecoveryMeter(Cluster& cluster, const Ledger& ledger) : cluster_(cluster), ledger_(ledger) {}

  void look(Time now);  ///< Every second.

  Duration under_replicated() const { return under_replicated_; }
  std::int64_t most_under_replicated() const { return most_; }
  /// The last look at which some were; 0: there was none.
  Time under_replicated_until() const { return until_; }
  bool under_replicated_at_the_end() const { return now_ > 0; }
  /// Nothing: not by the last look.
  std::optional<Duration> drained_after(const std::string& group) const;

 private:
  struct Drain {
    Time most_at{};
    std::optional<Duration> after;
  };

  void look_at_groups(Time now);
  bool has_read_what_was_there(const Ledger::GroupView& group, const std::string& name) const;

  Cluster& cluster_;
  const Ledger& ledger_;
  bool was_whole_ = false;
  Time last_{};
  Duration under_replicated_{0};
  Time until_{};
  std::int64_t now_ = 0;
  std::int64_t most_ = 0;
  std::map<std::string, Drain> drains_;
  std::map<model::TopicPartition, model::Offset> readable_before_;  ///< At the look before.
};

}  // namespace brokerlab::scenarios
