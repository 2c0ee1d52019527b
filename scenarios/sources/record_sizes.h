// RecordSizes: how large the values of drawn records are: one by one, or many together in a few
// draws.
//
// Up to sixteen are drawn singly; the sum of more is drawn from a log-normal distribution with the
// mean and the variance of that sum (Fenton 1960, "The sum of log-normal probability distributions
// in scatter transmission systems"), which the sum of many approaches, as it does the normal one.
// Equal sizes are exact.
//
// Lifetime: a value. Threads: none. Errors: of a file, a sentence with its line.
#pragma once

#include "base/random.h"
#include "base/result.h"
#include "scenarios/description.h"

#include <string>
#include <vector>

namespace brokerlab::scenarios {

class RecordSizes {
 public:
  /// As a source describes them. Reads its file, if it has one.
  static Result<RecordSizes, std::string> of(const Scenario& scenario, const RecordSizeSpec& spec);
  static RecordSizes fixed(Bytes size);
  static RecordSizes log_normal(Bytes median, double sigma, Bytes max);
  struct Listed {
    Bytes size;
    double share;
  };
  static RecordSizes listed(const std::vector<Listed>& sizes);

  Bytes draw(RandomStream& random) const;
  /// Of `count` records together.
  Bytes draw_sum(RandomStream& random, std::int64_t count) const;

  double mean() const { return mean_; }
  double deviation() const { return deviation_; }
  Bytes least() const { return least_; }  ///< No record is smaller; of a log-normal, 1.
  Bytes most() const { return most_; }

 private:
  double sigma_ = 0;
  double median_ = 0;           ///< Of a log-normal.
  std::vector<Listed> listed_;  ///< Shares summed up, to 1.
  double mean_ = 0;
  double deviation_ = 0;
  Bytes least_{1};
  Bytes most_;
};

}  // namespace brokerlab::scenarios
