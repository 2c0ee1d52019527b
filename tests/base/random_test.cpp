// Counts drawn from seeded streams have the distribution that they are named after.
#include "base/random.h"

#include <catch2/catch.hpp>

#include <cmath>
#include <map>

using namespace brokerlab;

namespace {

struct Moments {
  double mean = 0;
  double variance = 0;
};

template <class Draw>
Moments moments_of(int many, Draw draw) {
  double sum = 0;
  double squares = 0;
  for (int i = 0; i < many; ++i) {
    const auto value = static_cast<double>(draw());
    sum += value;
    squares += value * value;
  }
  const double mean = sum / many;
  return {mean, squares / many - mean * mean};
}

/// How far counts are from what is expected, in units of what chance does; about the number of
/// values, give or take some roots of twice that.
template <class Draw, class Probability>
void check_shares(int many, Draw draw, Probability log_probability) {
  std::map<std::int64_t, int> seen;
  for (int i = 0; i < many; ++i) ++seen[draw()];
  double chi = 0;
  int values = 0;
  for (std::int64_t k = 0; k < 3000; ++k) {
    const double wanted = many * std::exp(log_probability(static_cast<double>(k)));
    if (wanted < 10) continue;
    chi += (seen[k] - wanted) * (seen[k] - wanted) / wanted;
    ++values;
  }
  CHECK(chi < values + 5 * std::sqrt(2.0 * values));
}

}  // namespace

TEST_CASE("random: poisson counts are Poisson's, small and large", "[unit]") {
  const double mean = GENERATE(0.0, 0.01, 0.9, 5.0, 9.99, 10.0, 33.3, 1000.0, 1e6, 1e10);
  INFO(mean);
  RandomStream random(1, "poisson");
  constexpr int many = 20'000;
  const Moments found = moments_of(many, [&] { return random.poisson(mean); });
  CHECK(found.mean == Approx(mean).margin(5 * std::sqrt(mean / many)));
  CHECK(found.variance ==
        Approx(mean).margin(5 * (mean + std::sqrt(mean)) * std::sqrt(2.0 / many)));
  if (mean == 0 || mean > 1000) return;
  check_shares(
      100'000, [&] { return random.poisson(mean); },
      [&](double k) { return k * std::log(mean) - mean - std::lgamma(k + 1); });
}

TEST_CASE("random: binomial counts are the binomial law's, small and large", "[unit]") {
  const std::int64_t n = GENERATE(0, 1, 7, 40, 1000, 1'000'000, 10'000'000'000);
  const double p = GENERATE(0.0, 1e-4, 0.1, 0.5, 0.8, 1.0);
  INFO(n << " of " << p);
  RandomStream random(1, "binomial");
  constexpr int many = 20'000;
  const auto draw = [&] {
    const std::int64_t k = random.binomial(n, p);
    REQUIRE((k >= 0 && k <= n));
    return k;
  };
  const auto count = static_cast<double>(n);
  const double variance = count * p * (1 - p);
  const Moments found = moments_of(many, draw);
  CHECK(found.mean == Approx(count * p).margin(5 * std::sqrt(variance / many)));
  CHECK(found.variance ==
        Approx(variance).margin(5 * (variance + std::sqrt(variance)) * std::sqrt(2.0 / many) +
                                count * count * p * p * 1e-12));
  if (variance == 0 || n > 1000) return;
  check_shares(100'000, draw, [&](double k) {
    if (k > count) return -1e9;
    return std::lgamma(count + 1) - std::lgamma(k + 1) - std::lgamma(count - k + 1) +
           k * std::log(p) + (count - k) * std::log1p(-p);
  });
}
