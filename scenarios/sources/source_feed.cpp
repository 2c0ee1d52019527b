#include "scenarios/sources/source_feed.h"

#include "scenarios/sources/source_rate.h"

#include <fmt/format.h>

#include <algorithm>

namespace brokerlab::scenarios {
namespace {

constexpr std::size_t digits_of_ids = 10;

log::ByteVector bytes_of(const std::string& text) {
  const log::ByteView view = log::as_bytes(text);
  return {view.begin(), view.end()};
}

std::string frame(const std::string& source, const std::string& id) {
  return fmt::format(R"({{"id": {}, "source": "{}", "padding": ")", id, source);
}
constexpr std::string_view behind_padding = "\"}";

}  // namespace

Bytes least_real_size(const std::string& source) {
  const std::size_t size =
      frame(source, std::string(digits_of_ids, '0')).size() + behind_padding.size();
  return Bytes(static_cast<std::int64_t>(size));
}

std::string drawn_value(const std::string& source, std::int64_t number, Bytes size) {
  std::string value = frame(source, std::to_string(number));
  const auto padded = static_cast<std::size_t>(size.count()) - behind_padding.size();
  ENSURE(padded >= value.size(), "a record of {} bytes", size.count());
  value.reserve(padded + behind_padding.size());
  for (std::uint64_t block = 0; value.size() < padded; ++block) {
    std::uint64_t bits = mix_hash(static_cast<std::uint64_t>(number), block);
    for (int i = 0; i < 16 && value.size() < padded; ++i, bits >>= 4) {
      value += "0123456789abcdef"[bits & 15];
    }
  }
  return value.append(behind_padding);
}

Result<std::unique_ptr<SourceFeed>, std::string> SourceFeed::open(const Scenario& scenario,
                                                                  const ProducerSpec& producer,
                                                                  const SourceStreams& streams) {
  const SourceSpec& source = *scenario.source(producer.source);
  auto curve = rate_curve(scenario, source);
  if (!curve) return fail(curve.error().value + ": " + curve.error().message);
  std::unique_ptr<SourceFeed> feed(
      new SourceFeed(scenario, producer, streams, std::move(curve).value()));
  if (source.drawn()) {
    auto sizes = RecordSizes::of(scenario, *source.record_size);
    if (!sizes) return fail(sizes.error());
    feed->sizes_ = std::move(sizes).value();
  } else {
    auto rows = RecordSource::open(scenario.path_of(source.file));
    if (!rows) return fail(rows.error());
    feed->rows_ = std::move(rows).value();
  }
  return feed;
}

SourceFeed::SourceFeed(const Scenario& scenario, const ProducerSpec& producer,
                       const SourceStreams& streams, RateCurve curve)
    : name_(producer.source),
      key_column_(producer.key),
      keys_(scenario.source(producer.source)->keys),
      streams_(streams) {
  const SourceSpec& source = *scenario.source(producer.source);
  if (const ClosedLoop* loop = source.loop.closed()) {
    users_.emplace(*loop, Time(source.until.value_or(scenario.duration)));
  } else {
    arrivals_.emplace(std::move(curve), source.arrivals, streams.arrivals);
  }
}

std::optional<Time> SourceFeed::next_due() const {
  return users_ ? users_->next() : arrivals_->next();
}

PerSecond SourceFeed::rate_at(Time date) const {
  return users_ ? PerSecond(0) : arrivals_->curve().at(date);
}

model::FeedRecord SourceFeed::take() {
  const std::optional<Time> due = next_due();
  ENSURE(due && *due != never, "nothing of {} is due", name_);
  model::FeedRecord record;
  record.number = number_;
  record.intended = *due;
  put_contents(record);
  ++number_;
  if (users_) {
    users_->take(*due, 1);
  } else {
    arrivals_->advance();
  }
  return record;
}

void SourceFeed::put_contents(model::FeedRecord& record) {
  if (rows_) {
    if (key_column_) record.key = bytes_of(rows_->column(number_, *key_column_));
    record.value = bytes_of(rows_->json(number_));
    return;
  }
  if (keys_.any()) record.key = bytes_of(RecordKeys::text(keys_.draw(streams_.keys)));
  const Bytes size = std::max(sizes_->draw(streams_.sizes), least_real_size(name_));
  record.value = bytes_of(drawn_value(name_, number_, size));
}

void SourceFeed::on_done(std::int64_t count, Time now) {
  if (users_) users_->done(count, now);
}

void SourceFeed::on_forgotten(Time now) {
  if (users_) users_->all_done(now);
}

}  // namespace brokerlab::scenarios
