// QuotaRate: how much a second, over the last samples. What is recorded goes into the sample under
// way, which lasts for quota.window.size.seconds; quota.window.num of them are looked at, and one
// that began before them as long as it has young entries. So a burst after a silence is spread over
// all samples, and one that goes on counts over the time since the oldest began.
//
// Lifetime: a value. Threads: none. Times are milliseconds of one clock. Errors: none.
// Source: Kafka's Rate, SampledStat, WindowedSum; kafka.utils.QuotaUtils.
#pragma once

#include <cstdint>
#include <vector>

namespace brokerlab::model {

class QuotaRate {
 public:
  struct Window {
    int samples = 11;                   ///< quota.window.num
    std::int64_t sample_millis = 1000;  ///< quota.window.size.seconds
    bool simple = false;                ///< Over the time since the oldest began (SimpleRate).
  };
  explicit QuotaRate(Window window) : window_(window) {}

  void record(double value, std::int64_t now);
  double per_second(std::int64_t now);
  /// How long nothing must be recorded for the rate to fall to `bound`, in milliseconds; 0: it is
  /// not above it.
  std::int64_t throttle_millis(double bound, std::int64_t now);

 private:
  struct Sample {
    std::int64_t start = 0;
    std::int64_t last_event = 0;
    double value = 0;
  };
  void purge(std::int64_t now);
  std::int64_t elapsed(std::int64_t now);

  Window window_;
  std::vector<Sample> samples_;
  std::size_t current_ = 0;
};

}  // namespace brokerlab::model
