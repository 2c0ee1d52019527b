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

Duration RandomStream::exponential(Duration mean) {
  return from_seconds(exponential(to_seconds(mean)));
}

Duration RandomStream::uniform(Duration low, Duration high) {
  return low >= high ? low : low + Duration(below((high - low).count()));
}

}  // namespace brokerlab
