// ErrorSpells: the errors that clients meet, as an operator would tell them: each kind once, with
// how often and for how long.
//
// The first error of a kind (client, request, name) is an event of the trace; those that follow it
// within `apart` of each other are counted with it. Connections that break or are not made are told
// by the clients' own events.
//
// Lifetime: borrows World, Cluster and Ledger; made before the run starts. Threads: none.
#pragma once

#include "scenarios/cluster.h"

#include <map>
#include <string>
#include <tuple>

namespace brokerlab::scenarios {

class ErrorSpells final : public model::Observer {
 public:
  static constexpr Duration apart = 10s;

  struct Spell {
    std::int64_t count = 0;
    Time first;
    Time last;
  };

  ErrorSpells(sim::World& world, Cluster& cluster, Ledger& ledger);

  void on_client_error(const model::ClientError& error) override;

  /// By the event that told of the first.
  const std::map<sim::EventId, Spell>& all() const { return spells_; }

 private:
  sim::EventId why(const model::ClientError& error) const;
  /// What keeps a replica of the ISR from the leader of the partition.
  sim::EventId why_waiting(const model::TopicPartition& name) const;
  /// The consumer's partition of __consumer_offsets; none of a producer.
  std::optional<model::TopicPartition> coordinator_of(std::string_view client) const;

  sim::World& world_;
  Cluster& cluster_;
  const Ledger& ledger_;
  std::map<std::tuple<std::string, std::string, std::string>, sim::EventId> open_;
  std::map<sim::EventId, Spell> spells_;
};

}  // namespace brokerlab::scenarios
