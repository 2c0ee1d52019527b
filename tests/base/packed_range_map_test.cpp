// A PackedRangeMap is a RangeMap, whatever is packed at the time.
#include "base/packed_range_map.h"

#include "base/random.h"

#include <catch2/catch.hpp>

#include <tuple>
#include <vector>

using namespace brokerlab;

namespace {

/// Goes on as numbers do, and is made one with a neighbour that does.
struct Counted {
  static constexpr std::size_t words = 2;
  void to_words(std::uint64_t* to) const {
    to[0] = static_cast<std::uint64_t>(is);
    to[1] = static_cast<std::uint64_t>(kind);
  }
  static Counted from_words(const std::uint64_t* from) {
    return {static_cast<std::int64_t>(from[0]), static_cast<std::int64_t>(from[1])};
  }
  Counted after(std::int64_t n) const { return {is + n, kind}; }
  bool operator==(const Counted&) const = default;

  std::int64_t is = 0;
  std::int64_t kind = 0;
};

using Seen = std::vector<std::tuple<std::int64_t, std::int64_t, std::int64_t, std::int64_t>>;

template <class Map>
Seen seen(const Map& map, std::int64_t begin, std::int64_t end) {
  Seen all;
  map.for_each(begin, end, [&](std::int64_t from, std::int64_t to, const Counted& value) {
    all.emplace_back(from, to, value.is, value.kind);
  });
  return all;
}
template <class Map>
Seen seen_from(const Map& map, std::int64_t begin, std::size_t most) {
  Seen all;
  map.for_each_from(begin, [&](std::int64_t from, std::int64_t to, const Counted& value) {
    all.emplace_back(from, to, value.is, value.kind);
    return all.size() < most;
  });
  return all;
}
template <class Map>
Seen seen_backwards(const Map& map, std::size_t most) {
  Seen all;
  map.for_each_backwards([&](std::int64_t from, std::int64_t to, const Counted& value) {
    all.emplace_back(from, to, value.is, value.kind);
    return all.size() < most;
  });
  return all;
}

constexpr std::int64_t least = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t most = RangeMap<Counted>::no_end;

void live(RandomStream& random) {
  RangeMap<Counted> plain;
  PackedRangeMap<Counted> packed;
  // Some lives stay in a few hundred numbers, some go on and on.
  const std::int64_t space = random.chance(0.5) ? 900 : 1'000'000;
  std::int64_t end = 0;
  for (int step = 0; step < 1500; ++step) {
    std::int64_t from = end + random.below(2);
    std::int64_t to = from + 1 + random.below(4);
    const auto dice = random.below(200);
    if (dice < 12 || from > space) {
      from = random.below(std::min(space, end + 10)) - 5;
      to = from + 1 + (random.chance(0.1) ? random.below(600) : random.below(5));
    }
    if (dice < 6) {
      if (dice == 0) to = most;
      if (dice == 1) from = least;
      plain.erase(from, to);
      packed.erase(from, to);
    } else {
      const Counted value{random.chance(0.3) ? from : random.below(1000) - 500, random.below(2)};
      plain.assign(from, to, value);
      packed.assign(from, to, value);
    }
    REQUIRE(packed.empty() == plain.empty());
    REQUIRE(packed.ranges() == plain.ranges());
    REQUIRE(packed.count() == plain.count());
    end = plain.empty() ? 0 : plain.end();
    if (!plain.empty()) REQUIRE(packed.end() == end);
    const std::int64_t a = random.below(end + 20) - 10;
    const std::int64_t b = a + random.below(300);
    REQUIRE(packed.at(a) == plain.at(a));
    REQUIRE(packed.count(a, b) == plain.count(a, b));
    if (step % 8 != 0) continue;
    REQUIRE(seen(packed, a, b) == seen(plain, a, b));
    REQUIRE(seen_from(packed, a, 70) == seen_from(plain, a, 70));
    REQUIRE(seen_backwards(packed, 150) == seen_backwards(plain, 150));
    if (step % 64 == 0) REQUIRE(seen(packed, least, most) == seen(plain, least, most));
  }
}

}  // namespace

TEST_CASE("a packed range map agrees with one that is not", "[property]") {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    INFO("seed " << seed);
    RandomStream random(seed, "packed ranges");
    live(random);
  }
}

TEST_CASE("a walk over packed ranges ends when told to", "[unit]") {
  PackedRangeMap<Counted> map;
  for (std::int64_t i = 0; i < 1000; ++i) map.assign(2 * i, 2 * i + 1, {i, 0});
  int calls = 0;
  map.for_each(100, 1900, [&](std::int64_t from, std::int64_t to, const Counted& value) {
    CHECK(from == 100 + 2 * calls);
    CHECK(to == from + 1);
    CHECK(value.is == from / 2);
    return ++calls < 3;
  });
  CHECK(calls == 3);
}

TEST_CASE("what lies whole within an erased range costs no look", "[unit]") {
  PackedRangeMap<Counted> map;
  for (std::int64_t i = 0; i < 10'000; ++i) map.assign(i, i + 1, {7 * i % 1000, 0});
  map.erase(1, 9'999);
  CHECK(map.ranges() == 2);
  CHECK(map.count() == 2);
  CHECK(map.at(0) == Counted{0, 0});
  CHECK(map.at(9'999) == Counted{7 * 9'999 % 1000, 0});
  map.erase(0, 10'000);
  CHECK(map.empty());
}
