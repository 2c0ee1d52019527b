// Bisection: the highest factor that holds, asked of an oracle one factor at a time. Doubles (or
// halves) until it has one that holds and one that does not, then halves the distance of their
// logarithms. Both neighbours of its answer have been tried.
//
// Lifetime: a value. Threads: none. Pure.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

namespace brokerlab::plan {

class Bisection {
 public:
  struct Options {
    double first = 1;
    double precision = 0.02;  ///< It ends when the factor that fails is at most so much higher.
    double least = 1.0 / 1024;
    double most = 1024;
  };
  explicit Bisection(const Options& options) : options_(options) {}

  /// The next to try; nothing: done.
  std::optional<double> next() const;
  void tell(double factor, bool holds);

  /// About how many are still to be tried.
  std::size_t left() const;

  std::optional<double> holds() const { return holds_; }  ///< The highest that held.
  std::optional<double> fails() const { return fails_; }  ///< The lowest that did not.

 private:
  Options options_;
  std::optional<double> holds_, fails_;
};

struct Interval {
  double mean = 0;
  double low = 0, high = 0;  ///< Of 95 % (Student's t); as wide as the values when there are two.
};
/// At least one value.
Interval confidence(const std::vector<double>& values);

}  // namespace brokerlab::plan
