// Transactions: what may be passed over, and what may not be seen.
#include "base/translation.h"
#include "log/partition/producer_state.h"
#include "scenarios/ledger/ledger.h"

#include <algorithm>

namespace brokerlab::scenarios {

using model::BrokerId;
using model::Offset;
using model::ProducerIdAndEpoch;
using model::TopicPartition;

namespace {

using Aborted = std::vector<log::AbortedTransaction>;

bool is_aborted(const log::ProducerBatch& batch, const Aborted& aborted) {
  return batch.transactional &&
         std::any_of(aborted.begin(), aborted.end(), [&](const log::AbortedTransaction& one) {
           return one.producer_id == batch.producer_id && one.first_offset <= batch.base_offset &&
                  batch.last_offset <= one.last_offset;
         });
}

/// Calls `visit` for each batch from `from` on that begins below `to`. False: not all can be read.
template <class Visit>
bool for_each_batch(const log::Log& log, Offset from, Offset to, Visit visit) {
  while (from < to) {
    const auto data = log.read_records(from, (1_MiB).count(), log.log_end_offset(), true);
    if (!data || data->empty()) return false;
    const Offset before = from;
    const auto take = [&](const log::ProducerBatch& batch) {
      if (batch.base_offset < to) visit(batch);
      from = batch.last_offset + 1;
    };
    for (const log::PhantomBatch& batch : data->phantoms()) take(log::ProducerBatch::of(batch));
    for (const log::BatchView& batch : log::Batches(data->bytes())) {
      take(log::ProducerBatch::of(batch));
    }
    if (from <= before) return false;
  }
  return true;
}

}  // namespace

/// Of who serves the partition, the leader that the controller has chosen since, and all others the
/// first whose log ends at `end` or behind it.
Ledger::Holder Ledger::who_has(const TopicPartition& name, Offset end) const {
  const auto view = partitions_.find(name);
  if (view == partitions_.end() || !find_replica_) return {};
  std::vector<BrokerId> brokers{view->second.serving, view->second.leader};
  brokers.insert(brokers.end(), view->second.replicas.begin(), view->second.replicas.end());
  for (const BrokerId broker : brokers) {
    const model::Partition* replica = broker.valid() ? find_replica_(broker, name) : nullptr;
    const bool has = replica != nullptr && replica->has_log() && replica->log_end_offset() >= end;
    if (has) return {broker, replica};
  }
  return {};
}

bool Ledger::is_passed_over(const Holder& holder, Offset from, Offset to,
                            bool read_committed) const {
  const log::Log& log = holder.replica->log();
  bool only_such = true;
  quietly(holder.broker, [&] {
    const Aborted aborted = log.aborted_transactions(from, to);
    const bool read = for_each_batch(log, from, to, [&](const log::ProducerBatch& one) {
      if (!one.control && !(read_committed && is_aborted(one, aborted))) only_such = false;
    });
    only_such = only_such && read;
  });
  return only_such;
}

void Ledger::look_for_aborted(const GroupView& group, const model::ConsumedRecords& consumed) {
  constexpr const char* promise = "aborted_records_stay_hidden";
  invariant(promise).checked += consumed.count;
  if (!group.read_committed) return;
  const TopicPartition& name = consumed.partition;
  const auto [broker, replica] = who_has(name, consumed.end());
  if (replica == nullptr) return;
  const log::Log& log = replica->log();
  const Aborted aborted = log.aborted_transactions(consumed.first, consumed.end());
  if (aborted.empty()) return;
  bool seen = false;
  quietly(broker, [&] {
    (void)for_each_batch(log, consumed.first, consumed.end(),
                         [&](const log::ProducerBatch& one) { seen |= is_aborted(one, aborted); });
  });
  if (seen) {
    violate(promise, phrase("{} was given offset {} of {}, of a transaction that was aborted",
                            consumed.consumer, consumed.first, name.name()));
  }
}

NumberSet Ledger::aborted_in(const TopicPartition& name) const {
  NumberSet offsets;
  const auto view = partitions_.find(name);
  if (!find_replica_ || view == partitions_.end() || !view->second.leader.valid()) return offsets;
  const model::Partition* leader = find_replica_(view->second.leader, name);
  if (leader == nullptr || !leader->has_log()) return offsets;
  quietly(view->second.leader, [&] {
    const log::Log& log = leader->log();
    for (const log::AbortedTransaction& one :
         log.aborted_transactions(log.log_start_offset(), log.log_end_offset())) {
      const Offset from = std::max(one.first_offset, log.log_start_offset());
      (void)for_each_batch(log, from, one.last_offset + 1, [&](const log::ProducerBatch& batch) {
        if (is_aborted(batch, {one})) offsets.add(batch.base_offset, batch.last_offset + 1);
      });
    }
  });
  return offsets;
}

void Ledger::on_transactional_producer(std::string_view, ProducerIdAndEpoch producer) {
  std::int16_t& epoch = epochs_[producer.id];
  epoch = std::max(epoch, producer.epoch);
}

void Ledger::on_transaction_decided(ProducerIdAndEpoch producer, bool committed,
                                    const std::set<TopicPartition>& partitions) {
  std::set<TopicPartition> without_marker = partitions;
  std::erase_if(without_marker, [&](const TopicPartition& name) {
    const auto view = partitions_.find(name);
    return view != partitions_.end() && view->second.deleted;
  });
  decided_[producer.id] = {committed, std::move(without_marker)};
}

void Ledger::on_markers_skipped(ProducerIdAndEpoch producer,
                                const std::vector<TopicPartition>& partitions) {
  const auto decided = decided_.find(producer.id);
  if (decided == decided_.end()) return;
  for (const TopicPartition& name : partitions) {
    const bool missing = decided->second.without_marker.erase(name) > 0;
    if (missing) exempt("transactions_end_everywhere", Exempted::unheard_of, 1);
  }
}

void Ledger::on_transaction_completed(ProducerIdAndEpoch producer) {
  constexpr const char* promise = "transactions_end_everywhere";
  ++invariant(promise).checked;
  const auto decided = decided_.find(producer.id);
  if (decided == decided_.end() || decided->second.without_marker.empty()) return;
  violate(promise, phrase("the transaction of producer {} is done, and {} does not have its end",
                          producer.id, decided->second.without_marker.begin()->name()));
}

void Ledger::judge_streams() {
  constexpr const char* promise = "exactly_once_output";
  for (const auto& [group, verdict] : streams_.verdicts()) {
    if (!verdict.exactly_once) continue;
    invariant(promise).checked += verdict.results;
    if (verdict.twice > 0) {
      violate(promise, phrase("{} records that group {} has read are in its results twice",
                              verdict.twice, group));
    }
    if (verdict.never > 0) {
      violate(promise, phrase("{} records that group {} has read are in none of its results",
                              verdict.never, group));
    }
  }
}

void Ledger::on_marker_appended(BrokerId, const TopicPartition& name, Offset offset,
                                ProducerIdAndEpoch producer, bool committed) {
  streams_.note_marker(name, producer, committed);
  constexpr const char* promise = "markers_follow_the_decision";
  ++invariant(promise).checked;
  const auto decided = decided_.find(producer.id);
  if (decided != decided_.end()) decided->second.without_marker.erase(name);
  if (decided != decided_.end() && decided->second.committed == committed) return;
  violate(promise, phrase("the marker at offset {} of {} is not what the coordinator decided of "
                          "producer {}",
                          offset, name.name(), producer.id));
}

}  // namespace brokerlab::scenarios
