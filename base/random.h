// Seeded, named random streams with our own distributions.
//
// A stream is derived from (run seed, name): "broker-1/cpu" always yields the same numbers for the
// same seed, whoever else draws. Distributions are written here because the standard library's
// differ between implementations. Generator: xoshiro256++ (Blackman and Vigna, 2019,
// https://prng.di.unimi.it/), seeded by splitmix64. Large counts are drawn by transformed rejection
// (Hoermann 1993, "The generation of binomial random variates", "The transformed rejection method
// for generating Poisson random variables").
//
// Lifetime: a value; copy it to replay. Threads: none.
#pragma once

#include "base/units.h"

#include <array>
#include <cstdint>
#include <string_view>

namespace brokerlab {

/// A well-mixed 64-bit hash of text; stable over platforms and versions.
std::uint64_t stable_hash(std::string_view text, std::uint64_t seed = 0);
/// Mixes one more value into a running 64-bit hash.
std::uint64_t mix_hash(std::uint64_t hash, std::uint64_t value);

class RandomStream {
 public:
  RandomStream(std::uint64_t seed, std::string_view name);

  std::uint64_t bits();                     ///< 64 uniform bits.
  double uniform();                         ///< In [0, 1).
  double uniform(double low, double high);  ///< In [low, high).
  std::int64_t below(std::int64_t n);       ///< In [0, n), unbiased. n > 0.
  bool chance(double probability);
  double exponential(double mean);
  double normal(double mean, double deviation);
  double lognormal(double median, double sigma);  ///< exp(normal(log median, sigma)).
  /// How many events happen when `mean` of them are expected. Exact, in a few draws.
  std::int64_t poisson(double mean);
  /// How many of `n` happen, each with that probability. Exact, in a few draws.
  std::int64_t binomial(std::int64_t n, double probability);
  Duration exponential(Duration mean);
  Duration uniform(Duration low, Duration high);  ///< In [low, high).

 private:
  std::array<std::uint64_t, 4> state_;
};

}  // namespace brokerlab
