// What a file in memory packs, an index above all: it reads as if it did not.
#include "base/random.h"
#include "log/env/memory_env.h"
#include "log/segment/index_file.h"

#include <catch2/catch.hpp>
#include <fmt/core.h>

#include <algorithm>
#include <vector>

namespace brokerlab::log {
namespace {

OffsetPosition next_entry(const OffsetPosition& last, RandomStream& random) {
  return {last.offset + 1 + random.below(30), last.position + 4096 + random.below(20'000)};
}
TimestampOffset next_entry(const TimestampOffset& last, RandomStream& random) {
  return {last.timestamp + 1 + random.below(40), last.offset + 1 + random.below(30)};
}

template <class Entry>
void live(RandomStream& random) {
  MemoryEnv env;
  IndexFile<Entry> index(env.create("/i").value(), 500);
  std::vector<Entry> expected;
  Entry last;
  last.offset = 1000;
  for (int step = 0; step < 20'000; ++step) {
    const auto dice = random.below(4000);
    if (dice > 2) {
      last = next_entry(last, random);
      REQUIRE(index.append(last).ok());
      expected.push_back(last);
    } else if (dice == 0 && !expected.empty()) {
      expected.resize(
          static_cast<std::size_t>(random.below(static_cast<std::int64_t>(expected.size())) + 1));
      REQUIRE(index.cut(expected.size()).ok());
      last = expected.back();
    } else if (dice == 1) {
      REQUIRE(index.sync().ok());
    } else {
      // The process starts again.
      REQUIRE(index.flush().ok());
      index = IndexFile<Entry>(env.open("/i").value(), 500);
      REQUIRE(index.load().value());
    }
    REQUIRE(index.size() == expected.size());
    if (expected.empty()) continue;
    const auto at =
        static_cast<std::size_t>(random.below(static_cast<std::int64_t>(expected.size())));
    REQUIRE(index[at] == expected[at]);
    REQUIRE(index.back() == expected.back());
    const Offset offset = expected[at].offset;
    REQUIRE(index.count_while([offset](const Entry& one) { return one.offset <= offset; },
                              static_cast<std::size_t>(random.below(20'000))) == at + 1);
  }
  REQUIRE(index.entries() == expected);
}

}  // namespace

TEST_CASE("an index in memory has the entries that were put into it", "[property]") {
  for (std::uint64_t seed = 1; seed <= 4; ++seed) {
    INFO("seed " << seed);
    RandomStream random(seed, "index");
    live<OffsetPosition>(random);
    live<TimestampOffset>(random);
  }
}

TEST_CASE("an index in memory takes about half of its bytes", "[unit]") {
  RandomStream random(1, "index");
  MemoryEnv env;
  IndexFile<OffsetPosition> offsets(env.create("/o").value(), 0);
  IndexFile<TimestampOffset> times(env.create("/t").value(), 0);
  OffsetPosition place;
  TimestampOffset time{1'556'841'600'000, 0};
  constexpr int count = 50'000;
  for (int i = 0; i < count; ++i) {
    place = next_entry(place, random);
    time = next_entry(time, random);
    REQUIRE(offsets.append(place).ok());
    REQUIRE(times.append(time).ok());
  }
  const double each = static_cast<double>(env.footprint()) / count;
  fmt::print("{:.1f} bytes of memory for the two index entries of a batch\n", each);
  CHECK(each <= 6.0);
}

TEST_CASE("bytes that are like nothing are kept as they are", "[property]") {
  RandomStream random(5, "bytes");
  MemoryEnv env;
  auto file = env.create("/f").value();
  ByteVector expected;
  for (int step = 0; step < 3000; ++step) {
    // Runs of numbers, and noise.
    const bool regular = random.chance(0.8);
    ByteVector more(static_cast<std::size_t>(random.below(500)));
    for (std::size_t i = 0; i < more.size(); ++i) {
      const std::size_t at = expected.size() + i;
      more[i] = regular ? static_cast<std::byte>(at % 4 == 3 ? at / 8 : 0)
                        : static_cast<std::byte>(random.bits());
    }
    REQUIRE(file->append(more).ok());
    expected.insert(expected.end(), more.begin(), more.end());
    if (random.chance(0.01)) {
      expected.resize(
          static_cast<std::size_t>(random.below(static_cast<std::int64_t>(expected.size()) + 1)));
      REQUIRE(file->truncate(static_cast<std::int64_t>(expected.size())).ok());
    }
    const auto from = random.below(static_cast<std::int64_t>(expected.size()) + 1);
    ByteVector part(static_cast<std::size_t>(random.below(20'000)));
    const std::size_t got = file->read_at(from, part).value();
    REQUIRE(std::equal(part.begin(), part.begin() + static_cast<std::ptrdiff_t>(got),
                       expected.begin() + from));
  }
}

}  // namespace brokerlab::log
