#include "scenarios/retries.h"

#include "model/events.h"

namespace brokerlab::scenarios {
namespace {

/// No copy of a batch comes to a log that much later: its producer has given it up long before.
constexpr Duration remembered = 1h;

Phrase offsets(model::Offset from, model::Offset to) {
  if (from == to) return {fmt::format("offset {}", from), fmt::format("오프셋 {}", from)};
  return {fmt::format("offsets {} to {}", from, to), fmt::format("오프셋 {}~{}", from, to)};
}

}  // namespace

Retries::Retries(sim::World& world, Cluster& cluster, Ledger& ledger)
    : world_(world), cluster_(cluster), ledger_(ledger) {
  ledger.listen(*this);
}

void Retries::on_batch_appended(const model::AppendedBatch& batch) {
  const model::RecordRef first = batch.records.front().front();
  Log& log = logs_[{batch.partition, first.producer}];
  const Written now{batch.records.back().back(), batch.base_offset,
                    batch.base_offset + batch.record_count(), batch.because, world_.now()};
  while (!log.empty() && log.begin()->second.when + remembered < world_.now()) {
    log.erase(log.begin());
  }
  // What was sent later: the newest that is still there.
  while (!log.empty() && log.rbegin()->first > first.number && !stands(batch, log.rbegin()->second))
    log.erase(std::prev(log.end()));
  const auto before = log.find(first.number);
  if (before != log.end() && stands(batch, before->second)) {
    tell(model::events::written_twice, batch, before->second,
         {"before", std::to_string(before->second.base)});
  }
  if (!log.empty() && log.rbegin()->first > first.number) {
    const Written& later = log.rbegin()->second;
    tell(model::events::written_out_of_order, batch, later,
         {"later", std::to_string(later.end - 1)});
  }
  log[first.number] = now;
}

/// Before the batch, in the log of its leader.
bool Retries::stands(const model::AppendedBatch& now, const Written& before) const {
  return before.end <= now.base_offset &&
         ledger_.holds(now.leader, now.partition, before.end - 1, before.last);
}

/// A request that was given up may come to the log after the retry: then the retry has the reason.
void Retries::tell(const sim::EventKind& kind, const model::AppendedBatch& batch,
                   const Written& before, sim::Detail beside) const {
  const sim::World::KeepCause keep(world_);
  const model::RecordRef first = batch.records.front().front();
  const std::string& client =
      cluster_.scenario().producers[static_cast<std::size_t>(first.producer)].name;
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
