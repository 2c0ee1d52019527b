// SourceRuns: the records of a phantom source, as runs without contents.
//
// Drawn records: a run for each partition that gets some, its bytes drawn together. What a call
// costs grows with the partitions, not with the records. Rows of a file: a run for each, with the
// true time, size and key of the record that a real source would give, so that both can be
// compared.
//
// Each property has a random stream of its own: arrivals, sizes, keys. Same seed and same moments
// of calls, same runs.
//
// Lifetime: owned by the run; outlives the processes that take from it. Threads: none.
// Errors:   files must have been checked by the loader; one that changed since is a sentence.
#pragma once

#include "model/client/record_feed.h"
#include "scenarios/sources/source_feed.h"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace brokerlab::scenarios {

class SourceRuns final : public model::RunFeed {
 public:
  /// `producer`: who sends them. If it does not send by key (round_robin, partitioner.ignore.keys),
  /// all runs are of lane 0, keys or not.
  static Result<std::unique_ptr<SourceRuns>, std::string> open(const Scenario& scenario,
                                                               const ProducerSpec& producer,
                                                               const SourceStreams& streams);

  std::optional<Time> next_due() const override;
  void take(Time now, int partitions, std::vector<model::FeedRun>& into) override;
  void on_done(std::int64_t count, Time now) override;
  void on_forgotten(Time now) override;

  std::int64_t taken() const { return taken_; }
  /// Records a second that the load wants at that date; 0 of a closed loop.
  PerSecond rate_at(Time date) const;

 private:
  SourceRuns(const ProducerSpec& producer, const SourceStreams& streams, const KeysSpec& keys);
  void take_rows(Time now, int partitions, std::vector<model::FeedRun>& into);
  void take_drawn(Time now, std::vector<model::FeedRun>& into);
  void use_partitions(int partitions);
  std::int64_t numbers_from(int lane, std::int64_t count);

  bool closed_ = false;
  const bool by_key_;                 ///< The producer sends a key to its own partition.
  std::unique_ptr<SourceFeed> rows_;  ///< Of a file; else these draw:
  std::optional<RecordSizes> sizes_;
  RecordKeys keys_;
  SourceStreams streams_;
  std::optional<ManyArrivals> arrivals_;  ///< One of these two.
  std::optional<ClosedUsers> users_;
  std::optional<PartitionLottery> lottery_;  ///< For `partitions_` of them.
  int partitions_ = 0;
  Bytes key_bytes_;
  std::vector<std::int64_t> next_number_;  ///< By lane.
  std::int64_t taken_ = 0;
};

}  // namespace brokerlab::scenarios
