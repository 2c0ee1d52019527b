#include "log/partition/cleaned_transactions.h"

namespace brokerlab::log {

void CleanedTransactions::add(const std::vector<AbortedTransaction>& aborted) {
  for (const AbortedTransaction& one : aborted) to_come_.emplace(one.first_offset, one);
}

void CleanedTransactions::begin_up_to(Offset offset) {
  while (!to_come_.empty() && to_come_.begin()->first <= offset) {
    const AbortedTransaction& next = to_come_.begin()->second;
    aborted_.try_emplace(next.producer_id, Ongoing{next});
    to_come_.erase(to_come_.begin());
  }
}

bool CleanedTransactions::on_batch(const BatchView& batch) {
  begin_up_to(batch.last_offset());
  if (!batch.is_transactional()) return false;
  const auto aborted = aborted_.find(batch.producer_id());
  if (aborted != aborted_.end()) {
    aborted->second.met = true;
    return true;
  }
  committed_.insert(batch.producer_id());
  return false;
}

CleanedTransactions::Marker CleanedTransactions::on_marker(
    const BatchView& batch, const std::optional<EndTransactionMarker>& marker) {
  begin_up_to(batch.last_offset());
  if (batch.record_count() == 0) return {.without_records = true};
  if (!marker) return {};
  if (marker->result == TransactionResult::commit) {
    return {.without_records = committed_.erase(batch.producer_id()) == 0};
  }
  const auto aborted = aborted_.extract(batch.producer_id());
  if (!aborted || !aborted.mapped().met) return {.without_records = true};
  return {.without_records = false, .aborted = aborted.mapped().transaction};
}

}  // namespace brokerlab::log
