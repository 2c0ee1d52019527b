// RecordKeys: which keys drawn records have. Singly, a key is drawn by its number; of many records
// together only the share of each partition counts, which is the sum of the shares of the keys that
// Kafka's murmur2 sends there.
//
// Cost: a single draw is constant (Zipf: rejection-inversion, Hoermann and Derflinger 1996); the
// shares of partitions take one hash a key, once: a second for the ten million that a source may
// have.
// Lifetime: a value. Threads: none. Errors: none.
#pragma once

#include "base/random.h"
#include "scenarios/sources/source_spec.h"

#include <string>
#include <vector>

namespace brokerlab::scenarios {

class RecordKeys {
 public:
  explicit RecordKeys(const KeysSpec& spec);

  bool any() const { return spec_.any(); }
  /// The number of a record's key, from 1.
  std::int64_t draw(RandomStream& random) const;
  /// "key-17"
  static std::string text(std::int64_t number);

  struct Partitions {
    std::vector<double> shares;  ///< Of all records, by partition; together 1.
    double key_bytes = 0;        ///< The mean length of a record's key.
  };
  Partitions partitions(int count) const;

 private:
  std::int64_t draw_zipf(RandomStream& random) const;
  double weight(std::int64_t number) const;

  KeysSpec spec_;
  /// Of the area below x^-exponent, from which Zipf's numbers are drawn.
  double first_area_ = 0;
  double last_area_ = 0;
  double close_enough_ = 0;
};

/// Splits counts over the partitions, in proportion to shares.
class PartitionLottery {
 public:
  explicit PartitionLottery(const std::vector<double>& shares);

  struct Part {
    int partition;
    std::int64_t count;
  };
  /// Ascending; only those that got some. A draw for each record, or for each partition.
  std::vector<Part> split(RandomStream& random, std::int64_t count) const;

 private:
  std::vector<double> shares_;
  std::vector<double> upto_;  ///< Running sums.
};

}  // namespace brokerlab::scenarios
