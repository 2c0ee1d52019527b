// SourceFeed: the rows of a source as they come into being: arrival times from the scenario's load,
// contents from its file.
//
// Lifetime: owned by the run; outlives the processes that take from it. Threads: none.
#pragma once

#include "model/client/table_poller.h"
#include "scenarios/description.h"
#include "scenarios/record_source.h"

namespace brokerlab::scenarios {

class SourceFeed final : public model::RecordFeed {
 public:
  /// `key`: the column that keys the records, if any. `end`: of the run.
  SourceFeed(const SourceSpec& spec, std::optional<std::string> key, RecordSource source,
             RandomStream random, Time end);

  std::optional<Time> next_due() const override { return next_; }
  model::FeedRecord take() override;

  std::int64_t taken() const { return number_; }
  /// Records a second that the load wants at that date.
  PerSecond rate_at(Time date) const;

 private:
  void advance();

  const SourceSpec spec_;
  const std::optional<std::string> key_;
  const RecordSource source_;
  RandomStream random_;
  const Time end_;
  std::int64_t number_ = 0;
  std::optional<Time> next_;
};

}  // namespace brokerlab::scenarios
