#include "base/random.h"

#include <bit>
#include <cmath>
#include <numbers>

namespace brokerlab {
namespace {

std::uint64_t splitmix64(std::uint64_t& state) {
  std::uint64_t z = (state += 0x9e3779b97f4a7c15ULL);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
  return z ^ (z >> 31);
}

/// log(k!) less Stirling's (k + 1/2) log(k + 1) - (k + 1) + log(2 pi) / 2.
double stirling_rest(double k) {
  static constexpr std::array<double, 10> small{
      0.0810614667953272,  0.0413406959554092, 0.0276779256849983, 0.02079067210376509,
      0.0166446911898211,  0.0138761288230707, 0.0118967099458917, 0.0104112652619720,
      0.00925546218271273, 0.00833056343336287};
  if (k < 10) return small[static_cast<std::size_t>(k)];
  const double next = k + 1;
  const double square = next * next;
  return (1.0 / 12 - (1.0 / 360 - 1.0 / 1260 / square) / square) / next;
}

double log_factorial(double k) {
  constexpr double half_log_two_pi = 0.91893853320467274;
  return (k + 0.5) * std::log(k + 1) - (k + 1) + half_log_two_pi + stirling_rest(k);
}

constexpr double few = 10;  ///< Expected up to here, a count is looked for from 0 on.

}  // namespace

std::uint64_t mix_hash(std::uint64_t hash, std::uint64_t value) {
  std::uint64_t state = hash ^ (value * 0xff51afd7ed558ccdULL);
  return splitmix64(state) ^ std::rotl(hash, 23);
}

std::uint64_t stable_hash(std::string_view text, std::uint64_t seed) {
  std::uint64_t hash = mix_hash(seed, text.size());
  std::uint64_t word = 0;
  int filled = 0;
  for (const char c : text) {
    word = (word << 8) | static_cast<unsigned char>(c);
    if (++filled == 8) {
      hash = mix_hash(hash, word);
      word = 0;
      filled = 0;
    }
  }
  return filled == 0 ? hash : mix_hash(hash, word);
}

RandomStream::RandomStream(std::uint64_t seed, std::string_view name) {
  std::uint64_t state = stable_hash(name, seed);
  for (std::uint64_t& word : state_) word = splitmix64(state);
}

std::uint64_t RandomStream::bits() {
  const std::uint64_t result = std::rotl(state_[0] + state_[3], 23) + state_[0];
  const std::uint64_t shifted = state_[1] << 17;
  state_[2] ^= state_[0];
  state_[3] ^= state_[1];
  state_[1] ^= state_[2];
  state_[0] ^= state_[3];
  state_[2] ^= shifted;
  state_[3] = std::rotl(state_[3], 45);
  return result;
}

double RandomStream::uniform() { return static_cast<double>(bits() >> 11) * 0x1.0p-53; }

double RandomStream::uniform(double low, double high) { return low + (high - low) * uniform(); }

std::int64_t RandomStream::below(std::int64_t n) {
  ENSURE(n > 0, "below({})", n);
  const auto range = static_cast<std::uint64_t>(n);
  const std::uint64_t reject_below = (0 - range) % range;  // 2^64 mod range
  std::uint64_t draw = bits();
  while (draw < reject_below) draw = bits();
  return static_cast<std::int64_t>(draw % range);
}

bool RandomStream::chance(double probability) { return uniform() < probability; }

double RandomStream::exponential(double mean) { return -mean * std::log1p(-uniform()); }

double RandomStream::normal(double mean, double deviation) {
  // Box-Muller, one of the pair: the stream's position stays a simple count of draws.
  const double radius = std::sqrt(-2.0 * std::log1p(-uniform()));
  return mean + deviation * radius * std::cos(2.0 * std::numbers::pi * uniform());
}

double RandomStream::lognormal(double median, double sigma) {
  return median * std::exp(normal(0, sigma));
}

std::int64_t RandomStream::poisson(double mean) {
  ENSURE(mean >= 0 && std::isfinite(mean), "poisson({})", mean);
  if (mean < few) {
    double left = uniform();
    double probability = std::exp(-mean);
    std::int64_t k = 0;
    for (; left >= probability && k < 1000; probability *= mean / static_cast<double>(++k)) {
      left -= probability;
    }
    return k;
  }
  const double root = std::sqrt(mean);
  const double log_mean = std::log(mean);
  const double b = 0.931 + 2.53 * root;
  const double a = -0.059 + 0.02483 * b;
  const double inverse_alpha = 1.1239 + 1.1328 / (b - 3.4);
  const double surely = 0.9277 - 3.6224 / (b - 2);
  while (true) {
    const double u = uniform() - 0.5;
    const double v = uniform();
    const double edge = 0.5 - std::abs(u);
    const double k = std::floor((2 * a / edge + b) * u + mean + 0.43);
    if (edge >= 0.07 && v <= surely) return static_cast<std::int64_t>(k);
    if (k < 0 || (edge < 0.013 && v > edge)) continue;
    const double height = std::log(v * inverse_alpha / (a / (edge * edge) + b));
    if (height <= k * log_mean - mean - log_factorial(k)) return static_cast<std::int64_t>(k);
  }
}

std::int64_t RandomStream::binomial(std::int64_t n, double probability) {
  ENSURE(n >= 0, "binomial of {}", n);
  if (probability > 0.5) return n - binomial(n, 1 - probability);
  if (n == 0 || probability <= 0) return 0;
  const auto count = static_cast<double>(n);
  const double p = probability;
  const double ratio = p / (1 - p);
  if (count * p < few) {
    double left = uniform();
    double likely = std::exp(count * std::log1p(-p));
    std::int64_t k = 0;
    for (; left >= likely && k < n; ++k) {
      left -= likely;
      likely *= ratio * static_cast<double>(n - k) / static_cast<double>(k + 1);
    }
    return k;
  }
  const double deviation = std::sqrt(count * p * (1 - p));
  const double b = 1.15 + 2.53 * deviation;
  const double a = -0.0873 + 0.0248 * b + 0.01 * p;
  const double surely = 0.92 - 4.2 / b;
  const double alpha = (2.83 + 5.1 / b) * deviation;
  const double mode = std::floor((count + 1) * p);
  while (true) {
    const double u = uniform() - 0.5;
    const double v = uniform();
    const double edge = 0.5 - std::abs(u);
    const double k = std::floor((2 * a / edge + b) * u + count * p + 0.5);
    if (edge >= 0.07 && v <= surely) return static_cast<std::int64_t>(k);
    if (k < 0 || k > count) continue;
    const double height = std::log(v * alpha / (a / (edge * edge) + b));
    const double of_mode = (mode + 0.5) * std::log((mode + 1) / (ratio * (count - mode + 1)));
    const double beside = (count + 1) * std::log((count - mode + 1) / (count - k + 1));
    const double of_k = (k + 0.5) * std::log(ratio * (count - k + 1) / (k + 1));
    const double rests = stirling_rest(mode) + stirling_rest(count - mode) - stirling_rest(k) -
                         stirling_rest(count - k);
    if (height <= of_mode + beside + of_k + rests) return static_cast<std::int64_t>(k);
  }
}

Duration RandomStream::exponential(Duration mean) {
  return from_seconds(exponential(to_seconds(mean)));
}

Duration RandomStream::uniform(Duration low, Duration high) {
  return low >= high ? low : low + Duration(below((high - low).count()));
}

}  // namespace brokerlab
