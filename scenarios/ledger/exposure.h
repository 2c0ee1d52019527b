// Exposure: when a record was acknowledged, and nothing that carries it to another replica was yet
// on its way.
//
// A Ledger that also listens to the network. From the moment at which the leader answers the
// producer until it answers the first follower's fetch with the record in it, the leader's end is
// the record's: answers that are on their way arrive, whatever becomes of who sent them. A run is a
// pure function of its scenario, and a fault changes nothing before it strikes: so what one run
// tells holds for the next one that strikes there. Labs choose the moments of their crashes so.
//
// Lifetime, threads: as the Ledger's. Memory: two dates for each acknowledgment.
#pragma once

#include "scenarios/ledger/ledger.h"
#include "sim/network.h"

namespace brokerlab::scenarios {

struct Exposed {
  std::string leader;  ///< The machine's name.
  Time from;           ///< It sent the acknowledgment.
  Time until;  ///< It sent the record to a follower; equal to `from`: it had done so before.
  bool operator==(const Exposed&) const = default;
};

class Exposure final : public Ledger {
 public:
  using Ledger::Ledger;

  void on_acknowledged(const model::RecordRun& run, const model::TopicPartition& name,
                       model::Offset offset) override;
  void on_log_end(model::BrokerId broker, const model::TopicPartition& name,
                  model::Offset end) override;
  /// What the network delivers, when it does.
  void on_transfer(const sim::Transfer& transfer);

  /// Of every acknowledgment, in the order of their arrival; those sent at one date by one leader
  /// once, with the latest `until`. A record that no follower has yet is exposed until `never`.
  std::vector<Exposed> all() const;

 private:
  struct Acknowledged {
    model::BrokerId leader;
    Time sent;
    Time copied = never;
  };
  /// A follower's log reached `end` with an answer that was sent at that date.
  struct Copy {
    model::Offset end;
    Time sent;
  };
  using Waiting = std::multimap<model::Offset, std::size_t>;  ///< Which of `acknowledged_`.

  std::optional<sim::MachineId> machine_of(model::BrokerId broker) const;

  std::vector<Acknowledged> acknowledged_;
  std::map<model::TopicPartition, Waiting> waiting_;
  std::map<model::TopicPartition, std::vector<Copy>> copies_;  ///< The latest ones.
  std::map<sim::MachineId, Time> produce_answers_;             ///< By who sent it: the latest.
  std::map<sim::MachineId, Time> fetch_answers_;               ///< By who got it: the latest.
};

}  // namespace brokerlab::scenarios
