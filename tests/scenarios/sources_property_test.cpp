// Random sources against what their descriptions promise: how many records come, how large they are
// together, and who gets them. A failure prints the seed; RC_PARAMS="reproduce=..." repeats it.
#include "model/client/partitioner.h"
#include "scenarios/sources/arrivals.h"
#include "scenarios/sources/record_keys.h"
#include "scenarios/sources/record_sizes.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>
#include <rapidcheck.h>

using namespace brokerlab;
using namespace brokerlab::scenarios;

namespace {

constexpr Time end_of_run(100s);
constexpr double highest_rate = 1e5;

/// A curve of a few pieces: steps, slopes, jumps and stretches without a record.
RateCurve any_curve(RandomStream& random) {
  std::vector<RateCurve::Point> points;
  const double scale = std::pow(10, random.uniform(-1, 5));
  Duration at = random.chance(0.5) ? Duration{0} : from_seconds(random.uniform(0, 20));
  const auto pieces = 1 + random.below(8);
  for (std::int64_t i = 0; i < pieces; ++i) {
    const auto some = [&] { return random.chance(0.2) ? 0.0 : random.uniform(0, scale); };
    points.push_back({Time(at), some()});
    if (random.chance(0.3)) points.push_back({Time(at), some()});
    at += from_seconds(random.uniform(0.001, 30));
  }
  return RateCurve::through(points, end_of_run);
}

/// So many standard deviations, and a little for skewed laws of small numbers. Of one comparison a
/// case, five fail once in 10,000 runs; where there are hundreds a case it takes more.
double five_sigma(double variance) { return 5 * std::sqrt(variance) + 2; }
double of_many(double variance) { return 6.5 * std::sqrt(variance) + 4; }

void must_be(double got, double wanted, double margin, const char* what) {
  if (std::abs(got - wanted) <= margin) return;
  RC_LOG() << what << ": " << got << " instead of " << wanted << " +- " << margin;
  RC_FAIL();
}

}  // namespace

TEST_CASE("any curve brings as many records as its area says, whatever the windows", "[property]") {
  CHECK(rc::check("counts of any curve", [](std::uint64_t seed) {
    RandomStream random(seed, "any curve");
    const RateCurve curve = any_curve(random);
    const Arrivals kind = random.chance(0.5) ? Arrivals::poisson : Arrivals::even;
    ManyArrivals arrivals(curve, kind, RandomStream(seed, "arrivals"));
    const double window = std::pow(10, random.uniform(-2, 2));
    Time now{};
    std::int64_t count = 0;
    for (int i = 0; i < 3000 && now < end_of_run; ++i) {
      const bool when_due = random.chance(0.3) && arrivals.next();
      now = when_due ? std::max(now, *arrivals.next())
                     : now + from_seconds(random.exponential(window));
      now = std::min(now, end_of_run);
      const std::optional<Time> due = arrivals.next();
      const ManyArrivals::Crowd crowd = arrivals.take(now);
      RC_ASSERT((crowd.count > 0) == (due && *due <= now));
      RC_ASSERT(crowd.count == 0 || (crowd.first == *due && crowd.last <= now));
      RC_ASSERT(arrivals.next().value_or(never) >= now);
      count += crowd.count;
      if (crowd.count > 0) {
        const auto some = 1 + random.below(crowd.count);
        const auto [first, last] = arrivals.span(crowd, some, random.chance(0.5));
        RC_ASSERT(crowd.first <= first && first <= last && last <= crowd.last);
      }
      const double wanted = curve.before(now);
      must_be(static_cast<double>(count), wanted, kind == Arrivals::even ? 1.001 : of_many(wanted),
              "records by then");
    }
    const double wanted = curve.before(now);
    must_be(static_cast<double>(count), wanted, kind == Arrivals::even ? 1.001 : five_sigma(wanted),
            "records of the run");
  }));
}

TEST_CASE("who asks at other moments gets as many records in all", "[property]") {
  CHECK(rc::check("counts however they are asked for", [](std::uint64_t seed) {
    RandomStream random(seed, "any curve");
    const RateCurve curve = any_curve(random);
    const auto all = [&](Duration every) {
      ManyArrivals arrivals(curve, Arrivals::poisson, RandomStream(seed, "arrivals"));
      std::int64_t count = 0;
      for (Time now{}; now < end_of_run; now += every) count += arrivals.take(now).count;
      return count + arrivals.take(end_of_run).count;
    };
    const std::int64_t at_once = all(end_of_run - Time{});
    RC_ASSERT(all(from_seconds(random.uniform(0.05, 5))) == at_once);
    RC_ASSERT(all(from_seconds(random.uniform(5, 50))) == at_once);
  }));
}

TEST_CASE("any curve brings single records as its area says", "[property]") {
  CHECK(rc::check("single records of any curve", [](std::uint64_t seed) {
    RandomStream random(seed, "any curve");
    const RateCurve curve = any_curve(random);
    const Arrivals kind = random.chance(0.5) ? Arrivals::poisson : Arrivals::even;
    SingleArrivals arrivals(curve, kind, RandomStream(seed, "arrivals"));
    std::int64_t count = 0;
    Time last{};
    for (; count < 5000 && arrivals.next(); arrivals.advance(), ++count) {
      RC_ASSERT(*arrivals.next() >= last);
      last = *arrivals.next();
      if (kind == Arrivals::even) {
        // Gaps are rounded to a nanosecond, one after the other.
        const auto number = static_cast<double>(count + 1);
        must_be(curve.before(last), number, 1e-6 + number * 0.6e-9 * highest_rate,
                "the place of a record");
      }
    }
    const Time upto = arrivals.next() ? last : end_of_run;
    const double wanted = curve.before(upto);
    must_be(static_cast<double>(count), wanted, kind == Arrivals::even ? 1.5 : five_sigma(wanted),
            "records");
  }));
}

TEST_CASE("sizes drawn together sum up to their mean", "[property]") {
  CHECK(rc::check("sums of any sizes", [](std::uint64_t seed) {
    RandomStream random(seed, "any sizes");
    const Bytes median(10 + random.below(100'000));
    const RecordSizes sizes = random.chance(0.3) ? RecordSizes::fixed(median)
                              : random.chance(0.5)
                                  ? RecordSizes::log_normal(median, random.uniform(0.1, 1.2),
                                                            median * (1 + random.below(50)))
                                  : RecordSizes::listed({{median, random.uniform(0.1, 1)},
                                                         {median * 7, random.uniform(0.1, 1)},
                                                         {Bytes(1), random.uniform(0.1, 1)}});
    std::int64_t count = 0;
    Bytes sum;
    for (int i = 0; i < 200; ++i) {
      const auto together = static_cast<std::int64_t>(std::pow(10, random.uniform(0, 6)));
      const Bytes bytes = sizes.draw_sum(random, together);
      RC_ASSERT(bytes >= sizes.least() * together && bytes <= sizes.most() * together);
      count += together;
      sum += bytes;
    }
    const auto n = static_cast<double>(count);
    must_be(static_cast<double>(sum.count()), n * sizes.mean(),
            5 * std::sqrt(n) * sizes.deviation() + 0.02 * n, "bytes");
  }));
}

TEST_CASE("partitions get what they would if each record drew its key", "[property]") {
  CHECK(rc::check("shares of any keys", [](std::uint64_t seed) {
    RandomStream random(seed, "any keys");
    KeysSpec spec;
    const auto keys = 2 + random.below(300);
    switch (random.below(3)) {
      case 0:
        spec.what = UniformKeys{keys};
        break;
      case 1:
        spec.what = ZipfKeys{keys, random.uniform(0.01, 3)};
        break;
      default:
        spec.what = HotKeys{keys, random.uniform()};
    }
    const RecordKeys drawn(spec);
    const int partitions = static_cast<int>(1 + random.below(20));
    const RecordKeys::Partitions parts = drawn.partitions(partitions);
    const PartitionLottery lottery(parts.shares);
    std::vector<double> by_lottery(parts.shares.size());
    std::vector<double> by_keys(parts.shares.size());
    double total = 0;
    for (int i = 0; i < 50; ++i) {
      const auto count = static_cast<std::int64_t>(std::pow(10, random.uniform(0, 4)));
      std::int64_t given = 0;
      int before = -1;
      for (const PartitionLottery::Part& part : lottery.split(random, count)) {
        RC_ASSERT(part.partition > before && part.count > 0);
        before = part.partition;
        by_lottery[static_cast<std::size_t>(part.partition)] += static_cast<double>(part.count);
        given += part.count;
      }
      RC_ASSERT(given == count);
      total += static_cast<double>(count);
    }
    constexpr int singly = 2000;
    for (int i = 0; i < singly; ++i) {
      // Which partition a key goes to is asked of partitions(), key by key, through its text.
      const std::string key = RecordKeys::text(drawn.draw(random));
      const int partition = model::partition_for_key(log::as_bytes(key), partitions);
      by_keys[static_cast<std::size_t>(partition)] += 1;
    }
    for (std::size_t p = 0; p < by_keys.size(); ++p) {
      const double share = parts.shares[p];
      const double spread = share * (1 - share);
      must_be(by_lottery[p], total * share, of_many(total * spread), "records by lottery");
      must_be(by_keys[p], singly * share, of_many(singly * spread), "records by key");
    }
  }));
}
