// Retries: tells of what a producer's retries did to a log, when they do it: batches that stand
// there a second time, and batches behind what the same producer sent later.
//
// One event a batch (producer.written_twice, producer.written_out_of_order), because of what the
// producer sent it again for. What a truncation has taken away since is no first copy and no later
// record: the leader's log is looked at before anything is told. The ledger's counts at the end are
// of what is left by then.
//
// Lifetime: borrows World, Cluster and Ledger; made before the run starts. Threads: none.
// Memory:   a few hundred bytes for each partition and producer; while batches are sent again, and
// an hour longer, about ten more for every batch.
#pragma once

#include "base/packed_range_map.h"
#include "scenarios/cluster.h"

#include <map>
#include <utility>

namespace brokerlab::scenarios {

class Retries final : public model::Observer {
 public:
  Retries(sim::World& world, Cluster& cluster, Ledger& ledger);

  void on_batch_appended(const model::AppendedBatch& batch) override;
  void on_client_error(const model::ClientError& error) override;

 private:
  struct Written {
    model::Offset base = 0;
    std::int64_t count = 0;
    std::int64_t to_last = 0;  ///< From the number of its first record to that of its last one.
    sim::EventId because;
    std::int64_t second = 0;  ///< When, in whole seconds.

    model::Offset end() const { return base + count; }
    static constexpr std::size_t words = 5;
    void to_words(std::uint64_t* to) const;
    static Written from_words(const std::uint64_t* from);
  };
  struct Log {
    PackedRangeMap<Written> batches;  ///< By the number of the first record.
    std::int64_t look_in = 0;         ///< The second in which some may be forgotten.
  };

  void forget_old(Log& log) const;
  void forget_acknowledged(Log& log, int producer) const;
  bool stands(const model::AppendedBatch& now, std::int64_t first, const Written& before) const;
  void tell(const sim::EventKind& kind, const model::AppendedBatch& batch, const Written& before,
            sim::Detail beside) const;

  sim::World& world_;
  Cluster& cluster_;
  const Ledger& ledger_;
  std::map<std::pair<model::TopicPartition, int>, Log> logs_;  ///< By partition and producer.
  std::int64_t doubtful_until_ = 0;  ///< The second up to which something may come a second time.
};

}  // namespace brokerlab::scenarios
