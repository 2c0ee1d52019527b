#include "scenarios/sources/source_runs.h"

#include "model/client/partitioner.h"
#include "scenarios/sources/source_rate.h"

#include <cmath>
#include <limits>
#include <tuple>

namespace brokerlab::scenarios {
namespace {

constexpr std::int64_t all_of_them = std::numeric_limits<std::int64_t>::max();

bool sends_by_key(const model::ProducerConfig& config) {
  return config.partitioner_class == model::PartitionerClass::built_in &&
         !config.partitioner_ignore_keys;
}

Bytes size_of(const log::ByteVector& bytes) {
  return Bytes(static_cast<std::int64_t>(bytes.size()));
}

}  // namespace

Result<std::unique_ptr<SourceRuns>, std::string> SourceRuns::open(const Scenario& scenario,
                                                                  const ProducerSpec& producer,
                                                                  const SourceStreams& streams) {
  const SourceSpec& source = *scenario.source(producer.source);
  std::unique_ptr<SourceRuns> runs(new SourceRuns(producer, streams, source.keys));
  runs->closed_ = source.loop.closed() != nullptr;
  if (!source.drawn()) {
    auto rows = SourceFeed::open(scenario, producer, streams);
    if (!rows) return fail(rows.error());
    runs->rows_ = std::move(rows).value();
    return runs;
  }
  auto sizes = RecordSizes::of(scenario, *source.record_size);
  if (!sizes) return fail(sizes.error());
  runs->sizes_ = std::move(sizes).value();
  if (const ClosedLoop* loop = source.loop.closed()) {
    runs->users_.emplace(*loop, Time(source.until.value_or(scenario.duration)));
    return runs;
  }
  auto curve = rate_curve(scenario, source);
  if (!curve) return fail(curve.error().value + ": " + curve.error().message);
  runs->arrivals_.emplace(std::move(curve).value(), source.arrivals, streams.arrivals);
  return runs;
}

SourceRuns::SourceRuns(const ProducerSpec& producer, const SourceStreams& streams,
                       const KeysSpec& keys)
    : by_key_(sends_by_key(producer.config)), keys_(keys), streams_(streams) {}

std::optional<Time> SourceRuns::next_due() const {
  if (rows_) return rows_->next_due();
  return users_ ? users_->next() : arrivals_->next();
}

PerSecond SourceRuns::rate_at(Time date) const {
  if (rows_) return rows_->rate_at(date);
  return users_ ? PerSecond(0) : arrivals_->curve().at(date);
}

void SourceRuns::use_partitions(int partitions) {
  if (partitions == partitions_) return;
  partitions_ = partitions;
  next_number_.resize(static_cast<std::size_t>(partitions) + 1);
  if (!keys_.any()) return;
  const RecordKeys::Partitions parts = keys_.partitions(partitions);
  key_bytes_ = Bytes(std::llround(parts.key_bytes));
  if (by_key_) lottery_.emplace(parts.shares);
}

/// The number of the first of so many, of that lane.
std::int64_t SourceRuns::numbers_from(int lane, std::int64_t count) {
  std::int64_t& next = next_number_[static_cast<std::size_t>(lane)];
  next += count;
  taken_ += count;
  return next - count;
}

void SourceRuns::take(Time now, int partitions, std::vector<model::FeedRun>& into) {
  ENSURE(partitions > 0, "a topic of {} partitions", partitions);
  use_partitions(partitions);
  if (rows_) {
    take_rows(now, partitions, into);
  } else {
    take_drawn(now, into);
  }
}

void SourceRuns::take_rows(Time now, int partitions, std::vector<model::FeedRun>& into) {
  while (rows_->next_due().value_or(never) <= now) {
    const model::FeedRecord record = rows_->take();
    model::FeedRun run;
    run.count = 1;
    if (record.key && by_key_) run.lane = 1 + model::partition_for_key(*record.key, partitions);
    run.first = numbers_from(run.lane, 1);
    run.first_due = run.last_due = record.intended;
    run.bytes = size_of(record.value);
    if (record.key) run.key_bytes = size_of(*record.key);
    into.push_back(run);
  }
}

void SourceRuns::take_drawn(Time now, std::vector<model::FeedRun>& into) {
  ManyArrivals::Crowd crowd;
  if (users_) {
    const ClosedUsers::Ready ready = users_->take(now, all_of_them);
    crowd = {ready.count, ready.first, ready.last};
  } else {
    crowd = arrivals_->take(now);
  }
  if (crowd.count == 0) return;
  std::vector<PartitionLottery::Part> parts{{-1, crowd.count}};  // Lane 0.
  if (lottery_) parts = lottery_->split(streams_.keys, crowd.count);
  // Whoever draws the crowd's first record, among all of them.
  std::int64_t until_first = arrivals_ && crowd.count > 1 ? arrivals_->one_of(crowd.count) : 0;
  for (const PartitionLottery::Part& part : parts) {
    model::FeedRun run;
    run.lane = 1 + part.partition;
    run.count = part.count;
    run.first = numbers_from(run.lane, part.count);
    run.first_due = crowd.first;
    run.last_due = crowd.last;
    if (arrivals_) {
      const bool earliest = until_first >= 0 && until_first < part.count;
      std::tie(run.first_due, run.last_due) = arrivals_->span(crowd, part.count, earliest);
      until_first -= part.count;
    }
    run.bytes = sizes_->draw_sum(streams_.sizes, part.count);
    run.key_bytes = key_bytes_;
    into.push_back(run);
  }
}

void SourceRuns::on_done(std::int64_t count, Time now) {
  if (rows_) rows_->on_done(count, now);
  if (users_) users_->done(count, now);
}

void SourceRuns::on_forgotten(Time now) {
  if (rows_) rows_->on_forgotten(now);
  if (users_) users_->all_done(now);
  if (closed_) drop_waiting();  // Their users begin anew.
}

}  // namespace brokerlab::scenarios
