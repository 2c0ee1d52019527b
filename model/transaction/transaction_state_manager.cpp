#include "model/transaction/transaction_state_manager.h"

#include "model/coordinator_error.h"
#include "model/events.h"
#include "model/java_hash.h"

#include <algorithm>
#include <utility>

namespace brokerlab::model {

namespace {

/// What a producer hears when its state could not be written (updateCacheCallback).
ErrorCode state_store_error(ErrorCode append) {
  switch (append) {
    case ErrorCode::request_timed_out:
      return ErrorCode::coordinator_not_available;
    case ErrorCode::message_too_large:
    case ErrorCode::record_list_too_large:
      return ErrorCode::unknown_server_error;
    default:
      return coordinator_error(append).value_or(append);
  }
}

}  // namespace

TransactionStateManager::TransactionStateManager(sim::Process& process, const BrokerConfig& config,
                                                 TransactionStore& store, ClusterContext& context)
    : process_(process), config_(config), store_(store), context_(context) {}

int TransactionStateManager::partition_for(std::string_view transactional_id) const {
  return java_positive(java_hash(transactional_id)) % config_.transaction_state_log_num_partitions;
}

Result<TransactionStateManager::Found, ErrorCode> TransactionStateManager::find(
    const std::string& transactional_id) {
  const auto owned = owned_.find(partition_for(transactional_id));
  if (owned == owned_.end()) return fail(ErrorCode::not_coordinator);
  if (owned->second.loading) return fail(ErrorCode::coordinator_load_in_progress);
  const auto known = owned->second.transactions.find(transactional_id);
  return Found{owned->second.epoch,
               known == owned->second.transactions.end() ? nullptr : &known->second};
}

Result<TransactionStateManager::Found, ErrorCode> TransactionStateManager::find_or_make(
    const std::string& transactional_id, const TransactionTransit& fresh) {
  Result<Found, ErrorCode> found = find(transactional_id);
  if (found && found->metadata == nullptr) {
    Transactions& all = owned_.at(partition_for(transactional_id)).transactions;
    found->metadata = &all.emplace(transactional_id, TransactionMetadata(fresh)).first->second;
  }
  return found;
}

bool TransactionStateManager::owns(int partition, LeaderEpoch epoch) const {
  const auto owned = owned_.find(partition);
  return owned != owned_.end() && owned->second.epoch == epoch;
}

// --- Storing ---

log::ByteVector TransactionStateManager::batch_of(const std::string& id,
                                                  const TransactionTransit* state) const {
  const log::ByteVector key = transaction_key(id);
  std::optional<log::ByteVector> value;
  if (state != nullptr) value = transaction_value(*state);
  log::BatchBuilder builder;
  builder.append(context_.stamp_millis(process_.machine()), key,
                 value ? std::optional<log::ByteView>(*value) : std::nullopt);
  return builder.build();
}

sim::Task<ErrorCode> TransactionStateManager::append(std::string transactional_id,
                                                     LeaderEpoch coordinator_epoch,
                                                     TransactionTransit next, bool retried) {
  Result<Found, ErrorCode> found = find(transactional_id);
  if (!found) co_return found.error();
  if (found->metadata == nullptr || found->coordinator_epoch != coordinator_epoch) {
    co_return ErrorCode::not_coordinator;
  }
  log::ByteVector batch = batch_of(transactional_id, &next);
  const int partition = partition_for(transactional_id);
  const ErrorCode appended =
      co_await store_.append_state(partition, std::move(batch), next.timeout);
  const ErrorCode error = state_store_error(appended);
  found = find(transactional_id);
  const bool same =
      found && found->metadata != nullptr && found->coordinator_epoch == coordinator_epoch;
  if (error != ErrorCode::none) {
    const bool stays_pending = retried && error == ErrorCode::coordinator_not_available;
    if (same && !stays_pending) found->metadata->give_up_pending();
    co_return error;
  }
  if (!found) co_return found.error();
  if (!same) co_return ErrorCode::not_coordinator;
  found->metadata->complete(next);
  co_return ErrorCode::none;
}

// --- Time ---

std::vector<std::string> TransactionStateManager::timed_out() const {
  std::vector<std::string> ids;
  const log::Timestamp time = now();
  for (const auto& [partition, owned] : owned_) {
    for (const auto& [id, one] : owned.transactions) {
      if (one.pending() || one.phase() != TransactionPhase::ongoing) continue;
      if (one.state().started + whole_millis(one.state().timeout) < time) ids.push_back(id);
    }
  }
  return ids;
}

sim::Task<> TransactionStateManager::remove_expired() {
  std::vector<int> partitions;
  for (const auto& [partition, owned] : owned_) partitions.push_back(partition);
  for (const int partition : partitions) co_await remove_expired_of(partition);
}

sim::Task<> TransactionStateManager::remove_expired_of(int partition) {
  const auto owned = owned_.find(partition);
  if (owned == owned_.end()) co_return;
  const LeaderEpoch epoch = owned->second.epoch;
  const log::Timestamp oldest = now() - whole_millis(config_.transactional_id_expiration);
  std::vector<std::string> expired;
  log::BatchBuilder builder;
  const log::Timestamp stamp = context_.stamp_millis(process_.machine());
  for (auto& [id, one] : owned->second.transactions) {
    const bool idle = one.phase() == TransactionPhase::empty ||
                      one.phase() == TransactionPhase::complete_commit ||
                      one.phase() == TransactionPhase::complete_abort;
    if (one.pending() || !idle || one.state().updated > oldest) continue;
    const log::ByteVector key = transaction_key(id);
    builder.append(stamp, key, std::nullopt);
    (void)one.prepare_dead();
    expired.push_back(id);
  }
  if (expired.empty()) co_return;
  const ErrorCode error =
      co_await store_.append_state(partition, builder.build(), config_.request_timeout);
  const auto still = owned_.find(partition);
  if (still == owned_.end() || still->second.epoch != epoch) co_return;
  for (const std::string& id : expired) {
    const auto one = still->second.transactions.find(id);
    if (one == still->second.transactions.end()) continue;
    if (error == ErrorCode::none) {
      still->second.transactions.erase(one);
    } else {
      one->second.give_up_pending();
    }
  }
}

// --- Moving ---

void TransactionStateManager::own(int partition, LeaderEpoch epoch) {
  owned_[partition] = Owned{epoch, true, {}};
  process_.spawn(load(partition, epoch));
}

void TransactionStateManager::disown(int partition) { owned_.erase(partition); }

sim::Task<> TransactionStateManager::load(int partition, LeaderEpoch epoch) {
  Transactions loaded;
  Offset next = 0;
  while (next < store_.state_end(partition)) {
    const Result<log::ByteSlice, ErrorCode> read = store_.read_state(partition, next);
    if (!read || read->empty()) break;
    const Offset before = next;
    std::int64_t records = 0;
    log::ByteVector scratch;
    const auto apply = [&](const log::RecordView& record) {
      ++records;
      const std::optional<TransactionRecord> decoded = decode_transaction_record(record);
      if (!decoded || record.offset < next) return true;
      loaded.erase(decoded->transactional_id);
      if (decoded->state) {
        loaded.emplace(decoded->transactional_id, TransactionMetadata(*decoded->state));
      }
      return true;
    };
    bool good = true;
    for (const log::BatchView& batch : log::Batches(read->view())) {
      good = log::for_each_record(batch, scratch, apply).ok();
      if (!good) break;
      next = std::max(next, batch.next_offset());
    }
    sim::Cpu& cpu = process_.machine().cpu();
    const Duration demand = cpu.demand(1, records, Bytes(static_cast<std::int64_t>(read->size())));
    co_await cpu.run(demand);
    if (!owns(partition, epoch)) co_return;
    if (!good || next == before) break;
  }
  if (!owns(partition, epoch)) co_return;
  finish_load(partition, epoch, std::move(loaded));
}

void TransactionStateManager::finish_load(int partition, LeaderEpoch epoch, Transactions loaded) {
  Owned& owned = owned_.at(partition);
  owned.loading = false;
  owned.transactions = std::move(loaded);
  for (auto& [id, one] : owned.transactions) {
    const bool decided = one.phase() == TransactionPhase::prepare_commit ||
                         one.phase() == TransactionPhase::prepare_abort;
    if (decided) on_undone(id, epoch, one.prepare_complete(now()));
  }
  if (owned.transactions.empty()) return;
  process_.world().trace().record(
      events::transactions_loaded,
      {.machine = process_.machine().id(),
       .partition = context_.partitions.id_of({transactions_topic, partition})},
      {{"count", std::to_string(owned.transactions.size())}});
}

}  // namespace brokerlab::model
