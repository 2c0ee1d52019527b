// The checks against the logs, when the run is over.
#include "base/translation.h"
#include "scenarios/ledger.h"
#include "scenarios/record_bytes.h"

#include <algorithm>
#include <limits>
#include <tuple>

namespace brokerlab::scenarios {

using model::BrokerId;
using model::Offset;
using model::RecordRef;
using model::TopicPartition;

void Ledger::finish() {
  for (auto& [name, view] : partitions_) {
    const model::Partition* leader =
        view.leader.valid() ? find_replica_(view.leader, name) : nullptr;
    const auto acknowledged = acknowledgments_.find(name);
    if (leader != nullptr && leader->is_leader()) {
      compare_committed(name, *leader);
      compare_with_log(name, *leader);
    } else if (acknowledged != acknowledgments_.end() && !acknowledged->second.empty()) {
      not_verifiable_[name] = static_cast<std::int64_t>(acknowledged->second.size());
      const auto committed = committed_.find(name);
      std::int64_t records = 0;
      if (committed != committed_.end()) {
        for (const auto& [base, batch] : committed->second) records += batch.last_offset - base + 1;
      }
      exempt("committed_records_survive", Exempted::not_verifiable, records);
    }
    compare_replicas(name);
    view.longest_unreadable = std::max(view.longest_unreadable, oldest_unreadable(name));
  }
  std::sort(lost_.begin(), lost_.end(), [](const LostRecord& a, const LostRecord& b) {
    return std::tie(a.partition, a.offset) < std::tie(b.partition, b.offset);
  });
  judge_losses();
}

/// How long the record has waited that waits longest to be readable.
Duration Ledger::oldest_unreadable(const TopicPartition& name) const {
  const auto acknowledged = acknowledgments_.find(name);
  if (acknowledged == acknowledgments_.end()) return Duration{0};
  Duration oldest{0};
  auto one = acknowledged->second.end();
  for (std::int64_t left = unreadable(name); left > 0; --left) {
    oldest = std::max(oldest, world_.now() - (--one)->second.when);
  }
  return oldest;
}

/// What the high watermark has passed must stand in the leader's log as it was. What does not is
/// told once, and not looked for again.
void Ledger::compare_committed(const TopicPartition& name, const model::Partition& leader) {
  auto& committed = committed_[name];
  constexpr const char* promise = "committed_records_survive";
  invariant(promise).checked += static_cast<std::int64_t>(committed.size());
  auto expected = committed.lower_bound(leader.log().log_start_offset());  // retention deletes
  const auto gone_before = [&](Offset offset) {
    while (expected != committed.end() && expected->first < offset) {
      violate(promise, phrase("offsets {} to {} of {} were committed and are gone", expected->first,
                              expected->second.last_offset, name.name()));
      expected = committed.erase(expected);
    }
  };
  const Offset end = leader.log_end_offset();
  for (Offset at = leader.log().log_start_offset(); at < end && expected != committed.end();) {
    const auto data = leader.log().read(at, (4_MiB).count(), end, true);
    if (!data || data->bytes.empty()) break;
    for (const log::BatchView& batch : log::Batches(data->bytes)) {
      at = batch.next_offset();
      gone_before(batch.base_offset());
      if (expected == committed.end() || expected->first != batch.base_offset()) continue;
      const CommittedBatch& was = expected->second;
      if (was.checksum == batch.checksum() && was.epoch == batch.leader_epoch()) {
        ++expected;
        continue;
      }
      violate(promise, phrase("offsets {} to {} of {} changed after they were committed",
                              expected->first, was.last_offset, name.name()));
      expected = committed.erase(expected);
    }
  }
  gone_before(std::numeric_limits<Offset>::max());
}

/// Every acknowledged record must stand at its offset.
void Ledger::compare_with_log(const TopicPartition& name, const model::Partition& leader) {
  auto unseen = acknowledgments_[name];
  std::map<RecordRef, int> copies;
  std::map<int, std::int64_t> latest;  // by producer: the record that it sent last, so far
  PartitionView& view = partitions_.at(name);
  log::ByteVector scratch;
  const Offset end = leader.log_end_offset();
  for (Offset at = leader.log().log_start_offset(); at < end;) {
    const auto data = leader.log().read(at, (4_MiB).count(), end, true);
    if (!data || data->bytes.empty()) break;
    for (const log::BatchView& batch : log::Batches(data->bytes)) {
      at = batch.next_offset();
      const auto visited = log::for_each_record(batch, scratch, [&](const log::RecordView& record) {
        if (!record.value) return true;
        const auto ref = identify(name, record.offset, *record.value,
                                  [&](RecordRef one) { return !copies.contains(one); });
        if (!ref) return true;
        if (++copies[*ref] > 1) ++view.duplicates;
        std::int64_t& last = latest.try_emplace(ref->producer, ref->number).first->second;
        view.reordered += ref->number < last;
        last = std::max(last, ref->number);
        failed_in_log_ += find(*ref)->failed && copies[*ref] == 1;
        if (const auto ack = unseen.find(record.offset);
            ack != unseen.end() && ack->second.record == *ref) {
          unseen.erase(ack);
        }
        return true;
      });
      if (!visited) {
        violate("replicas_agree", phrase("{}: a batch at offset {} cannot be read: {}", name.name(),
                                         batch.base_offset(), visited.error().message));
      }
    }
  }
  duplicates_in_log_ += view.duplicates;
  reordered_in_log_ += view.reordered;
  note_missing(name, leader.log().log_start_offset(), unseen, copies);
  const auto blind = blind_.find(name);
  if (blind != blind_.end()) {
    blindly_lost_ += std::count_if(blind->second.begin(), blind->second.end(),
                                   [&](RecordRef ref) { return !copies.contains(ref); });
  }
  // A record that was lost at one offset and written again by a retry is not lost.
  std::erase_if(lost_, [&](const LostRecord& lost) {
    return lost.partition == name && copies.contains(lost.record);
  });
}

/// What was acknowledged and stands nowhere in the leader's log.
void Ledger::note_missing(const TopicPartition& name, Offset log_start,
                          const std::map<Offset, Acknowledgment>& unseen,
                          const std::map<RecordRef, int>& copies) {
  std::vector<std::pair<Offset, Acknowledgment>> missing = displaced_[name];
  missing.insert(missing.end(), unseen.begin(), unseen.end());
  for (const auto& [offset, ack] : missing) {
    if (copies.contains(ack.record)) continue;  // stands elsewhere: a retry wrote it again
    if (offset < log_start) continue;           // deleted, as retention asks for
    const std::string label = label_of(*find(ack.record), ack.record);
    lost_.push_back({ack.record, label, name, offset, ack.when, sim::EventId(),
                     phrase("the leader's log at the end of the run does not hold it"),
                     Loss::not_replicated});
    auto& acknowledged = acknowledgments_[name];
    const auto entry = acknowledged.find(offset);
    if (entry != acknowledged.end() && entry->second.record == ack.record)
      acknowledged.erase(entry);
  }
  for (const FencedAcknowledgment& fenced : fenced_[name]) {
    const std::string label = label_of(*find(fenced.ack.record), fenced.ack.record);
    lost_.push_back({fenced.ack.record, label, name, fenced.offset, fenced.ack.when, sim::EventId(),
                     explain_fenced(name, fenced, false), Loss::fenced});
  }
}

/// Logs of live replicas are equal up to the smallest high watermark among them.
void Ledger::compare_replicas(const TopicPartition& name) {
  const PartitionView& view = partitions_.at(name);
  const model::Partition* first = nullptr;
  BrokerId first_broker;
  for (const BrokerId broker : view.replicas) {
    const model::Partition* replica = find_replica_(broker, name);
    if (replica == nullptr || !replica->has_log()) continue;
    if (first == nullptr) {
      first = replica;
      first_broker = broker;
      continue;
    }
    const Offset upto = std::min(first->high_watermark(), replica->high_watermark());
    Offset at = std::max(first->log().log_start_offset(), replica->log().log_start_offset());
    ++invariant("replicas_agree").checked;
    while (at < upto) {
      const auto a = first->log().read(at, (1_MiB).count(), upto, true);
      const auto b = replica->log().read(at, (1_MiB).count(), upto, true);
      if (!a || !b || a->bytes.empty() || b->bytes.empty()) break;
      const std::size_t both = std::min(a->bytes.size(), b->bytes.size());
      if (!same_bytes(a->bytes.view().first(both), b->bytes.view().first(both))) {
        violate("replicas_agree", phrase("brokers {} and {} differ in {} at or after offset {}",
                                         first_broker, broker, name.name(), at));
        break;
      }
      const Offset before = at;
      for (const log::BatchView& batch : log::Batches(a->bytes.view().first(both))) {
        at = batch.next_offset();
      }
      if (at == before) break;
    }
  }
}

}  // namespace brokerlab::scenarios
