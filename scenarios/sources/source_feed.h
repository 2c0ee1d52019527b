// SourceFeed: the records of a source as they come into being, one by one with their bytes: rows of
// its file, or drawn ones.
//
// A drawn record is {"id": 17, "source": "clicks", "padding": "..."}, padded with hexadecimal
// digits (which compress to about half) to exactly its size; no two are equal.
//
// Each property has a random stream of its own: arrivals, sizes, keys.
//
// Lifetime: owned by the run; outlives the processes that take from it. Threads: none.
// Errors:   files must have been checked by the loader; one that changed since is a sentence.
#pragma once

#include "base/random.h"
#include "model/client/record_feed.h"
#include "scenarios/description.h"
#include "scenarios/sources/arrivals.h"
#include "scenarios/sources/closed_users.h"
#include "scenarios/sources/record_keys.h"
#include "scenarios/sources/record_sizes.h"
#include "scenarios/sources/record_source.h"

#include <memory>
#include <optional>
#include <string>

namespace brokerlab::scenarios {

/// The random streams of a source, by the name of its producer.
struct SourceStreams {
  SourceStreams(std::uint64_t seed, const std::string& producer)
      : arrivals(seed, "source/" + producer),
        sizes(seed, "source/" + producer + "/sizes"),
        keys(seed, "source/" + producer + "/keys") {}
  RandomStream arrivals;
  RandomStream sizes;
  RandomStream keys;
};

/// The least size of a real record that is drawn by a source of that name.
Bytes least_real_size(const std::string& source);
/// Record `number`, of that size, which must not be less than the least.
std::string drawn_value(const std::string& source, std::int64_t number, Bytes size);

class SourceFeed final : public model::RecordFeed {
 public:
  /// `producer`: who sends them.
  static Result<std::unique_ptr<SourceFeed>, std::string> open(const Scenario& scenario,
                                                               const ProducerSpec& producer,
                                                               const SourceStreams& streams);

  std::optional<Time> next_due() const override;
  model::FeedRecord take() override;
  void on_done(std::int64_t count, Time now) override;
  void on_forgotten(Time now) override;

  std::int64_t taken() const { return number_; }
  /// Records a second that the load wants at that date; 0 of a closed loop.
  PerSecond rate_at(Time date) const;

 private:
  SourceFeed(const Scenario& scenario, const ProducerSpec& producer, const SourceStreams& streams,
             RateCurve curve);
  void put_contents(model::FeedRecord& record);

  const std::string name_;
  const std::optional<std::string> key_column_;
  std::optional<RecordSource> rows_;  ///< Of a file; else these draw:
  std::optional<RecordSizes> sizes_;
  RecordKeys keys_;
  SourceStreams streams_;
  std::optional<SingleArrivals> arrivals_;  ///< One of these two.
  std::optional<ClosedUsers> users_;
  std::int64_t number_ = 0;
};

}  // namespace brokerlab::scenarios
