#include "scenarios/source_feed.h"

#include <algorithm>

namespace brokerlab::scenarios {
namespace {

log::ByteVector bytes_of(const std::string& text) {
  const log::ByteView view = log::as_bytes(text);
  return {view.begin(), view.end()};
}

}  // namespace

SourceFeed::SourceFeed(const SourceSpec& spec, std::optional<std::string> key, RecordSource source,
                       RandomStream random, Time end)
    : spec_(spec),
      key_(std::move(key)),
      source_(std::move(source)),
      random_(random),
      end_(spec.until ? std::min(end, Time(*spec.until)) : end),
      next_(Time{}) {
  advance();
}

PerSecond SourceFeed::rate_at(Time date) const {
  if (date >= end_) return PerSecond(0);
  PerSecond rate(0);
  for (const RateStep& step : spec_.rate) {
    if (Time(step.from) <= date) rate = step.rate;
  }
  return rate;
}

/// Moves to the next arrival. The gap is drawn as work of one mean gap (or an exponential number
/// of them) and spent at whatever rate is in force: the rate may change within it.
void SourceFeed::advance() {
  double work = spec_.arrivals == Arrivals::even ? 1.0 : random_.exponential(1.0);
  Time at = *next_;
  while (true) {
    const auto following =
        std::find_if(spec_.rate.begin(), spec_.rate.end(),
                     [at](const RateStep& step) { return Time(step.from) > at; });
    const Time change = following == spec_.rate.end() ? end_ : Time(following->from);
    const double rate = rate_at(at).count();
    const double room = rate * to_seconds(change - at);
    if (rate > 0 && work <= room) {
      next_ = at + from_seconds(work / rate);
      return;
    }
    if (change >= end_) {
      next_.reset();
      return;
    }
    work -= room;
    at = change;
  }
}

model::FeedRecord SourceFeed::take() {
  ENSURE(next_.has_value(), "the feed of {} is exhausted", spec_.name);
  model::FeedRecord record;
  record.number = number_;
  record.intended = *next_;
  if (key_) record.key = bytes_of(source_.column(number_, *key_));
  record.value = bytes_of(source_.json(number_));
  ++number_;
  advance();
  return record;
}

}  // namespace brokerlab::scenarios
