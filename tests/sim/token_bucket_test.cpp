#include "sim/token_bucket.h"

#include "base/random.h"

#include <catch2/catch.hpp>

#include <functional>

using namespace brokerlab;
using namespace brokerlab::sim;

namespace {

using OperationBucket = TokenBucket<Operations, PerSecond>;
using ByteBucket = TokenBucket<Bytes, BytesPerSecond>;

/// AWS's gp2 volume of 100 GiB: 3 operations a second for each GiB, 3,000 while credits last.
OperationBucket gp2() {
  return OperationBucket(
      {PerSecond(300), PerSecond(3'000), Operations(5'400'000), Operations(5'400'000)});
}

ByteBucket bytes(BytesPerSecond baseline, BytesPerSecond burst, Bytes capacity, Bytes initial) {
  return ByteBucket({baseline, burst, capacity, initial});
}

}  // namespace

TEST_CASE("a full gp2 volume bursts for 2000 seconds, then falls to its baseline", "[unit]") {
  OperationBucket bucket = gp2();
  // 5.4 million / (3000 - 300) = 2000 s, in which 6 million operations pass.
  CHECK(bucket.done_at(Time(0s), Operations(6'000'000)) == Time(2000s));
  CHECK(bucket.done_at(Time(0s), Operations(6'000'300)) == Time(2001s));
  CHECK(bucket.serve(Time(0s), Operations(3'000'000)) == Time(1000s));
  CHECK(bucket.credits(Time(1000s)) == Operations(2'700'000));
  CHECK(bucket.serve(Time(0s), Operations(3'000'300)) == Time(2001s));
  CHECK(bucket.empty(Time(2001s)));
  // 18000 s of rest fill it; more rest adds nothing.
  CHECK(bucket.credits(Time(2001s) + 9000s) == Operations(2'700'000));
  CHECK(bucket.credits(Time(2001s) + 18'000s) == Operations(5'400'000));
  CHECK(bucket.credits(Time(2001s) + 99'000s) == Operations(5'400'000));
}

TEST_CASE("without credits and without a burst a bucket is a plain rate", "[unit]") {
  ByteBucket empty = bytes(10_MBps, 100_MBps, 0_B, 0_B);
  CHECK(empty.serve(Time(0s), 20_MB) == Time(2s));
  CHECK(empty.serve(Time(5s), 20_MB) == Time(7s));
  ByteBucket plain = bytes(10_MBps, 10_MBps, 50_MB, 50_MB);
  CHECK(plain.serve(Time(0s), 20_MB) == Time(2s));
  CHECK(plain.credits(Time(2s)) == 50_MB);
  CHECK(plain.empty_at(10_MBps) == never);
}

TEST_CASE("work waits for the work before it", "[unit]") {
  ByteBucket bucket = bytes(10_MBps, 100_MBps, 90_MB, 90_MB);
  CHECK(bucket.serve(Time(0s), 50_MB) == Time(500ms));
  CHECK(bucket.serve(Time(100ms), 50_MB) == Time(1s));  // and the credits are gone
  CHECK(bucket.free_at() == Time(1s));
  CHECK(bucket.serve(Time(200ms), 10_MB) == Time(2s));
  CHECK(bucket.serve(Time(6500ms), 5_MB) == Time(6550ms));  // 45 MB came in meanwhile
}

TEST_CASE("flows that share a rate are told of by advance", "[unit]") {
  ByteBucket bucket = bytes(10_MBps, 100_MBps, 90_MB, 90_MB);
  CHECK(bucket.empty_at(100_MBps) == Time(1s));
  CHECK(bucket.empty_at(55_MBps) == Time(2s));
  bucket.advance(Time(1s), 55_MB);
  CHECK(bucket.credits(Time(1s)) == 45_MB);
  bucket.advance(Time(2s), 10_MB);  // at the baseline nothing changes
  CHECK(bucket.credits(Time(2s)) == 45_MB);
  CHECK(bucket.empty_at(100_MBps) == Time(2500ms));
  bucket.advance(Time(2500ms), 50_MB);
  CHECK(bucket.empty(Time(2500ms)));
  CHECK(bucket.empty_at(11_MBps) == Time(2500ms));
  bucket.advance(Time(20s));
  CHECK(bucket.credits(Time(20s)) == 90_MB);
}

TEST_CASE("many small pieces take as long as one large one", "[unit]") {
  RandomStream random(11, "token-bucket");
  for (int round = 0; round < 200; ++round) {
    INFO("seed 11, stream token-bucket, round " << round);
    const BytesPerSecond baseline(1'000'000 + random.below(100'000'000));
    const BytesPerSecond burst(baseline.count() * (1 + random.below(20)));
    const Bytes capacity(random.below(1'000'000'000));
    const ByteBucket whole = bytes(baseline, burst, capacity, Bytes(capacity.count() / 2));
    ByteBucket pieces = whole;
    Bytes total{0};
    const std::int64_t count = 1 + random.below(500);
    for (std::int64_t i = 0; i < count; ++i) {
      const Bytes piece(random.below(2'000'000));
      total += piece;
      pieces.serve(Time(3s), piece);
    }
    const Duration apart = pieces.free_at() - whole.done_at(Time(3s), total);
    CHECK(apart >= Duration(-count));      // Each piece rounds up by a nanosecond at most,
    CHECK(apart <= Duration(10 * count));  // and a burst's end may be cut by as much.
  }
}
