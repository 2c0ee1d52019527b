#include "scenarios/retries.h"

#include "model/events.h"

#include <algorithm>
#include <chrono>
#include <limits>
#include <optional>
#include <utility>

namespace brokerlab::scenarios {
namespace {

/// No copy of a batch comes to a log that many seconds later: its producer has given it up long
/// before.
constexpr std::int64_t remembered = 3600;
/// How often, in seconds, it is looked for what is older.
constexpr std::int64_t seldom = 60;

/// The least of all numbers.
constexpr std::int64_t everything = std::numeric_limits<std::int64_t>::min();

std::int64_t whole_seconds(Time time) {
  return std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count();
}

Phrase offsets(model::Offset from, model::Offset to) {
  if (from == to) return {fmt::format("offset {}", from), fmt::format("오프셋 {}", from)};
  return {fmt::format("offsets {} to {}", from, to), fmt::format("오프셋 {}~{}", from, to)};
}

}  // namespace

Retries::Retries(sim::World& world, Cluster& cluster, Ledger& ledger)
    : world_(world), cluster_(cluster), ledger_(ledger) {
  ledger.listen(*this);
}

void Retries::Written::to_words(std::uint64_t* to) const {
  to[0] = static_cast<std::uint64_t>(base);
  to[1] = static_cast<std::uint64_t>(count);
  to[2] = static_cast<std::uint64_t>(to_last);
  to[3] = static_cast<std::uint64_t>(because.value());
  to[4] = static_cast<std::uint64_t>(second);
}

Retries::Written Retries::Written::from_words(const std::uint64_t* from) {
  return {static_cast<model::Offset>(from[0]), static_cast<std::int64_t>(from[1]),
          static_cast<std::int64_t>(from[2]),
          sim::EventId(static_cast<sim::EventId::Value>(from[3])),
          static_cast<std::int64_t>(from[4])};
}

void Retries::on_batch_appended(const model::AppendedBatch& batch) {
  const model::RecordRef first = batch.records.front().front();
  Log& log = logs_[{batch.partition, first.producer}];
  forget_old(log);
  // What was sent later: the newest that is still there.
  std::optional<Written> later;
  std::int64_t gone_from = PackedRangeMap<Written>::no_end;
  log.batches.for_each_backwards([&](std::int64_t number, std::int64_t, const Written& written) {
    if (number <= first.number) return false;
    if (stands(batch, number, written)) {
      later = written;
      return false;
    }
    gone_from = number;
    return true;
  });
  log.batches.erase(gone_from, PackedRangeMap<Written>::no_end);
  const auto before = log.batches.at(first.number);
  if (before && stands(batch, first.number, *before)) {
    tell(model::events::written_twice, batch, *before, {"before", std::to_string(before->base)});
  }
  if (later) {
    tell(model::events::written_out_of_order, batch, *later,
         {"later", std::to_string(later->end() - 1)});
  }
  log.batches.assign(
      first.number, first.number + 1,
      {batch.base_offset, batch.record_count(), batch.records.back().back().number - first.number,
       batch.because, whole_seconds(world_.now())});
  forget_acknowledged(log, first.producer);
}

/// Before anything is sent again, its first attempt is told to have failed.
void Retries::on_client_error(const model::ClientError& error) {
  if (error.api == "Produce") doubtful_until_ = whole_seconds(world_.now()) + remembered;
}

/// What was acknowledged at its first attempt does not come again, and the last ones suffice to
/// tell what comes late.
void Retries::forget_acknowledged(Log& log, int producer) const {
  constexpr std::size_t most = 32;
  constexpr int last_ones = 8;
  if (log.batches.ranges() < most || whole_seconds(world_.now()) <= doubtful_until_) return;
  std::int64_t first = 0;
  log.batches.for_each_from(everything,
                            [&first](std::int64_t number, std::int64_t, const Written&) {
                              first = number;
                              return false;
                            });
  std::int64_t upto = ledger_.first_waiting(producer, first);
  int seen = 0;
  log.batches.for_each_backwards([&](std::int64_t number, std::int64_t, const Written&) {
    upto = std::min(upto, number);
    return ++seen < last_ones;
  });
  log.batches.erase(everything, upto);
}

void Retries::forget_old(Log& log) const {
  const std::int64_t now = whole_seconds(world_.now());
  if (now < log.look_in) return;
  std::int64_t forgotten = everything;
  log.look_in = now + remembered;
  log.batches.for_each_from(everything,
                            [&](std::int64_t, std::int64_t end, const Written& written) {
                              log.look_in = written.second + remembered + seldom;
                              if (written.second + remembered >= now) return false;
                              forgotten = end;
                              return true;
                            });
  log.batches.erase(everything, forgotten);
}

/// Before the batch, in the log of its leader.
bool Retries::stands(const model::AppendedBatch& now, std::int64_t first,
                     const Written& before) const {
  return before.end() <= now.base_offset &&
         ledger_.holds(now.leader, now.partition, before.end() - 1,
                       {now.records.front().producer, first + before.to_last});
}

/// A request that was given up may come to the log after the retry: then the retry has the reason.
void Retries::tell(const sim::EventKind& kind, const model::AppendedBatch& batch,
                   const Written& before, sim::Detail beside) const {
  const sim::World::KeepCause keep(world_);
  const model::RecordRef first = batch.records.front().front();
  const std::string& client = cluster_.sender(first.producer).machine;
  const std::int64_t count = batch.record_count();
  const model::Offset end = batch.base_offset + count;
  const sim::Trace::About about{.machine = world_.trace().find_machine(client),
                                .partition = cluster_.context().partitions.id_of(batch.partition),
                                .cause = batch.because.valid() ? batch.because : before.because};
  world_.trace().record(kind, about,
                        {{"client", client},
                         {"count", std::to_string(count)},
                         {"records", count == 1 ? "1 record" : fmt::format("{} records", count)},
                         sim::Detail::of("where", offsets(batch.base_offset, end - 1)),
                         std::move(beside)});
}

}  // namespace brokerlab::scenarios
