#include "scenarios/sources/arrivals.h"

#include <algorithm>
#include <cmath>

namespace brokerlab::scenarios {
namespace {

constexpr Duration least_cell = 1s;
constexpr double next_to_nothing = 1e-9;  ///< Records.

/// Of so many numbers that are uniform between 0 and 1.
double least_of(RandomStream& random, std::int64_t count) {
  return 1 - std::pow(random.uniform(), 1 / static_cast<double>(count));
}

}  // namespace

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
    : curve_(std::move(curve)), kind_(kind), counts_(random.bits(), "counts"), random_(random) {
  if (kind_ == Arrivals::even) {
    next_ = curve_.when(1);
  } else {
    draw_next(Time{});
  }
}

bool ManyArrivals::open_cell(Time from) {
  // Where nothing comes, no cell is drawn.
  while (const std::optional<Time> begins = curve_.after(from, next_to_nothing)) {
    const Time one_more = curve_.after(from, 1).value_or(curve_.end());
    cell_begin_ = from;
    cell_end_ = std::min(std::max(*begins + least_cell, one_more), curve_.end());
    left_ = counts_.poisson(std::max(0.0, curve_.between(cell_begin_, cell_end_)));
    if (left_ > 0) return true;
    from = cell_end_;
  }
  return false;
}

void ManyArrivals::draw_next(Time from) {
  if (left_ == 0) {
    if (!open_cell(cell_end_)) {
      next_.reset();
      return;
    }
    from = cell_begin_;
  }
  const double least = least_of(random_, left_);
  const double begin = curve_.before(from);
  const double all = curve_.before(cell_end_) - begin;
  next_ = std::clamp(curve_.when(begin + least * all).value_or(cell_end_), from, cell_end_);
  --left_;
}

ManyArrivals::Crowd ManyArrivals::take(Time now) {
  if (!next_ || *next_ > now) return {};
  Crowd crowd{1, *next_, *next_};
  if (kind_ == Arrivals::even) {
    take_even(crowd, now);
  } else {
    take_drawn(crowd, now);
  }
  return crowd;
}

void ManyArrivals::take_drawn(Crowd& crowd, Time now) {
  Time from = crowd.first;
  while (true) {
    const Time upto = std::clamp(now, from, cell_end_);
    const double all = curve_.between(from, cell_end_);
    const bool whole = upto == cell_end_ || all <= 0;
    const std::int64_t come =
        whole ? left_
              : random_.binomial(left_, std::clamp(curve_.between(from, upto) / all, 0.0, 1.0));
    crowd.count += come;
    left_ -= come;
    if (!whole) {
      draw_next(upto);
      break;
    }
    if (!open_cell(cell_end_)) {
      next_.reset();
      break;
    }
    from = cell_begin_;
  }
  if (crowd.count > 1) crowd.last = std::min(now, curve_.end());
}

void ManyArrivals::take_even(Crowd& crowd, Time now) {
  const auto due = [this](std::int64_t k) { return curve_.when(static_cast<double>(k)); };
  auto upto = std::max(taken_ + 1, static_cast<std::int64_t>(curve_.before(now)));
  while (upto > taken_ + 1 && due(upto).value_or(never) > now) --upto;
  while (due(upto + 1).value_or(never) <= now) ++upto;
  crowd.count = upto - taken_;
  crowd.last = due(upto).value_or(crowd.first);
  next_ = due(upto + 1);
  taken_ += crowd.count;
}

ManyArrivals::Span ManyArrivals::span(const Crowd& crowd, std::int64_t count, bool earliest) {
  if (count == crowd.count && kind_ == Arrivals::even) return {crowd.first, crowd.last};
  // Of numbers that are uniform between 0 and 1: the least of n, then the largest of the others.
  double least = 0;
  std::int64_t others = count;
  if (earliest) {
    --others;
  } else {
    least = least_of(random_, others);
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
