#include "scenarios/sources/arrivals.h"

#include <algorithm>
#include <cmath>

namespace brokerlab::scenarios {

SingleArrivals::SingleArrivals(RateCurve curve, Arrivals kind, RandomStream random)
    : curve_(std::move(curve)), kind_(kind), random_(random) {
  advance();
}

/// The gap is drawn as work of one mean gap (or an exponential number of them) and spent at
/// whatever rate is in force: the rate may change within it.
void SingleArrivals::advance() {
  const double work = kind_ == Arrivals::even ? 1.0 : random_.exponential(1.0);
  next_ = curve_.after(*next_, work);
}

ManyArrivals::ManyArrivals(RateCurve curve, Arrivals kind, RandomStream random)
    : curve_(std::move(curve)), kind_(kind), random_(random) {
  next_ = kind_ == Arrivals::even ? curve_.when(1) : curve_.after(Time{}, random_.exponential(1.0));
}

ManyArrivals::Crowd ManyArrivals::take(Time now) {
  if (!next_ || *next_ > now) return {};
  Crowd crowd{1, *next_, *next_};
  if (kind_ == Arrivals::poisson) {
    const Time upto = std::min(now, curve_.end());
    crowd.count += random_.poisson(std::max(0.0, curve_.between(crowd.first, upto)));
    if (crowd.count > 1) crowd.last = upto;
    // What comes does not depend on what came.
    next_ = curve_.after(upto, random_.exponential(1.0));
  } else {
    const auto due = [this](std::int64_t k) { return curve_.when(static_cast<double>(k)); };
    auto upto = std::max(taken_ + 1, static_cast<std::int64_t>(curve_.before(now)));
    while (upto > taken_ + 1 && due(upto).value_or(never) > now) --upto;
    while (due(upto + 1).value_or(never) <= now) ++upto;
    crowd.count = upto - taken_;
    crowd.last = due(upto).value_or(crowd.first);
    next_ = due(upto + 1);
  }
  taken_ += crowd.count;
  return crowd;
}

ManyArrivals::Span ManyArrivals::span(const Crowd& crowd, std::int64_t count, bool earliest) {
  if (count == crowd.count && kind_ == Arrivals::even) return {crowd.first, crowd.last};
  // Of numbers that are uniform between 0 and 1: the least of n, then the largest of the others.
  double least = 0;
  std::int64_t others = count;
  if (earliest) {
    --others;
  } else {
    least = 1 - std::pow(random_.uniform(), 1 / static_cast<double>(others));
    --others;
  }
  double largest = least;
  if (others > 0) {
    largest += (1 - least) * std::pow(random_.uniform(), 1 / static_cast<double>(others));
  }
  const double begin = curve_.before(crowd.first);
  const double all = curve_.before(crowd.last) - begin;
  const auto place = [&](double share) {
    const auto found = curve_.when(begin + share * all);
    return std::clamp(found.value_or(crowd.last), crowd.first, crowd.last);
  };
  const Time first = earliest ? crowd.first : place(least);
  return {first, others > 0 ? std::max(first, place(largest)) : first};
}

}  // namespace brokerlab::scenarios
