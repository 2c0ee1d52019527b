// Retries: tells of what a producer's retries did to a log, when they do it: batches that stand
// there a second time, and batches behind what the same producer sent later.
//
// One event a batch (producer.written_twice, producer.written_out_of_order), because of what the
// producer sent it again for. What a truncation has taken away since is no first copy and no later
// record: the leader's log is looked at before anything is told. The ledger's counts at the end are
// of what is left by then.
//
// Lifetime: borrows World, Cluster and Ledger; made before the run starts. Threads: none.
// Memory:   a few words for every batch that was appended, as the ledger has them for every record.
#pragma once

#include "scenarios/cluster.h"

#include <map>
#include <utility>

namespace brokerlab::scenarios {

class Retries final : public model::Observer {
 public:
  Retries(sim::World& world, Cluster& cluster, Ledger& ledger);

  void on_batch_appended(const model::AppendedBatch& batch) override;

 private:
  struct Written {
    model::RecordRef last;  ///< Its record that was sent last.
    model::Offset base;
    model::Offset end;
    sim::EventId because;
    Time when;
  };
  /// By the number of the first record.
  using Log = std::map<std::int64_t, Written>;

  bool stands(const model::AppendedBatch& now, const Written& before) const;
  void tell(const sim::EventKind& kind, const model::AppendedBatch& batch, const Written& before,
            sim::Detail beside) const;

  sim::World& world_;
  Cluster& cluster_;
  const Ledger& ledger_;
  std::map<std::pair<model::TopicPartition, int>, Log> logs_;  ///< By partition and producer.
};

}  // namespace brokerlab::scenarios
