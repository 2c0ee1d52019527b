#include "base/range_map.h"

#include <catch2/catch.hpp>

#include <map>
#include <rapidcheck.h>
#include <vector>

using namespace brokerlab;

namespace {

/// A value that goes on: of the n-th number it is n more.
struct Counting {
  std::int64_t is = 0;
  Counting after(std::int64_t n) const { return {is + n}; }
  bool operator==(const Counting&) const = default;
};

}  // namespace

TEST_CASE("a range is split by what is put into it, and made one again", "[unit]") {
  RangeMap<Counting> map;
  map.assign(0, 100, {500});
  CHECK(map.at(99)->is == 599);
  map.assign(10, 20, {0});
  CHECK(map.ranges() == 3);
  CHECK(map.at(9)->is == 509);
  CHECK(map.at(15)->is == 5);
  CHECK(map.at(20)->is == 520);
  map.assign(10, 20, {510});
  CHECK(map.ranges() == 1);
  map.erase(50, 60);
  CHECK(map.count() == 90);
  CHECK_FALSE(map.contains(50));
  CHECK(map.at(60)->is == 560);
  std::vector<std::int64_t> gaps;
  map.for_each_gap(-5, 105, [&](std::int64_t from, std::int64_t to) {
    gaps.push_back(from);
    gaps.push_back(to);
  });
  CHECK(gaps == std::vector<std::int64_t>{-5, 0, 50, 60, 100, 105});
}

TEST_CASE("a walk over part of the ranges ends when told to", "[unit]") {
  RangeMap<Counting> map;
  map.assign(0, 10, {0});
  map.assign(20, 30, {0});
  std::int64_t seen = 0;
  map.for_each(5, 25, [&](std::int64_t from, std::int64_t to, const Counting& value) {
    CHECK(value.is == (from == 5 ? 5 : 0));
    seen += to - from;
  });
  CHECK(seen == 10);
  seen = 0;
  map.for_each(0, 30, [&](std::int64_t from, std::int64_t to, const Counting&) {
    seen += to - from;
    return false;
  });
  CHECK(seen == 10);
}

TEST_CASE("numbers are counted once in a set", "[unit]") {
  NumberSet set;
  CHECK(set.add(0, 10) == 10);
  CHECK(set.add(5, 15) == 5);
  CHECK(set.count() == 15);
  CHECK(set.count(12, 20) == 3);
}

TEST_CASE("a range map agrees with a map of numbers", "[property]") {
  rc::check("any assignments and erasures", [] {
    RangeMap<Counting> map;
    std::map<std::int64_t, std::int64_t> plain;
    const int steps = *rc::gen::inRange(1, 60);
    for (int i = 0; i < steps; ++i) {
      const std::int64_t begin = *rc::gen::inRange(0, 40);
      const std::int64_t end = begin + *rc::gen::inRange(1, 12);
      if (*rc::gen::inRange(0, 3) == 0) {
        map.erase(begin, end);
        for (std::int64_t n = begin; n < end; ++n) plain.erase(n);
      } else {
        const std::int64_t value = *rc::gen::inRange(0, 3) * 10 + begin;
        map.assign(begin, end, {value});
        for (std::int64_t n = begin; n < end; ++n) plain[n] = value + n - begin;
      }
      RC_ASSERT(map.count() == static_cast<std::int64_t>(plain.size()));
      std::map<std::int64_t, std::int64_t> seen;
      map.for_each(5, 45, [&](std::int64_t from, std::int64_t to, const Counting& value) {
        for (std::int64_t n = from; n < to; ++n) seen[n] = value.after(n - from).is;
      });
      for (std::int64_t n = 0; n < 60; ++n) {
        const auto at = plain.find(n);
        RC_ASSERT(map.contains(n) == (at != plain.end()));
        if (at != plain.end()) RC_ASSERT(map.at(n)->is == at->second);
        if (at != plain.end() && n >= 5 && n < 45) RC_ASSERT(seen.at(n) == at->second);
      }
    }
  });
}
