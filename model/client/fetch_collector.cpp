#include "model/client/fetch_collector.h"

#include "log/batch/control_record.h"
#include "log/batch/record_batch.h"
#include "log/partition/producer_state.h"
#include "model/codec_cost.h"
#include "model/events.h"

#include <algorithm>
#include <set>
#include <utility>

namespace brokerlab::model {

namespace {

/// Of an answer with records: a select, a read call, parsing its header.
constexpr Duration response_cost = 10us;
/// Deserialising a record and handing it over. Kreps 2014: one consumer reads 940,521 records of
/// 100 bytes a second.
constexpr Duration read_record_cost = 1us;

}  // namespace

FetchCollector::FetchCollector(sim::Process& process, const ConsumerConfig& config,
                               const Parts& parts, ClusterContext& context)
    : process_(process),
      world_(process.world()),
      config_(config),
      network_(parts.network),
      subscriptions_(parts.subscriptions),
      outages_(parts.outages),
      buffer_(parts.buffer),
      context_(context) {}

bool FetchCollector::has_available() const {
  if (buffer_.next_in_line && subscriptions_.fetchable(buffer_.next_in_line->partition)) {
    return true;
  }
  return std::any_of(
      buffer_.completed.begin(), buffer_.completed.end(),
      [&](const CompletedFetch& fetch) { return subscriptions_.fetchable(fetch.partition); });
}

/// FetchCollector.collectFetch.
FetchCollector::Collected FetchCollector::collect() {
  Collected collected;
  const std::int64_t most = config_.max_poll_records;
  std::vector<CompletedFetch> paused;
  while (collected.count < most) {
    if (buffer_.next_in_line && is_paused(buffer_.next_in_line->partition)) {
      paused.push_back(*std::exchange(buffer_.next_in_line, std::nullopt));
    } else if (buffer_.next_in_line) {
      take_records(*buffer_.next_in_line, most - collected.count, collected);
    } else if (buffer_.completed.empty()) {
      break;
    } else {
      CompletedFetch fetch = std::move(buffer_.completed.front());
      buffer_.completed.pop_front();
      if (initialize(fetch)) buffer_.next_in_line = std::move(fetch);
      // An exception is thrown only when nothing would be lost with it.
      if (subscriptions_.failed() && collected.empty()) break;
    }
  }
  for (CompletedFetch& fetch : paused) buffer_.completed.push_back(std::move(fetch));
  return collected;
}

bool FetchCollector::is_paused(const TopicPartition& partition) const {
  const Position* position = subscriptions_.find(partition);
  return position != nullptr && position->paused();
}

/// FetchCollector.initialize: false when there is nothing to take.
bool FetchCollector::initialize(CompletedFetch& fetch) {
  Position* position = subscriptions_.find(fetch.partition);
  // A rebalance or a validation in between: the answer is about another place.
  if (position == nullptr || position->state() != PositionState::fetching) return false;
  if (fetch.error != ErrorCode::none) {
    handle_error(*position, fetch);
    return false;
  }
  if (position->offset != fetch.next_offset) return false;
  position->high_watermark = fetch.high_watermark;
  position->last_stable_offset = fetch.last_stable_offset;
  if (fetch.read_replica.valid()) read_from(*position, fetch);
  decode(fetch);
  return true;
}

/// FetchCollector.updatePartitionState: for metadata.max.age.ms the leader is not asked.
void FetchCollector::read_from(Position& position, const CompletedFetch& fetch) {
  const Time until = world_.now() + config_.metadata_max_age;
  if (!subscriptions_.set_read_replica(position, fetch.read_replica, until)) return;
  const sim::World::KeepCause keep(world_);
  world_.trace().record(
      events::consumer_read_replica,
      {.machine = process_.machine().id(), .partition = context_.partitions.id_of(fetch.partition)},
      {{"to", context_.broker_name(fetch.read_replica)}, {"rack", config_.client_rack}});
}

void FetchCollector::tell_damage(Position& position, const CompletedFetch& fetch) {
  if (std::exchange(position.damage_told, position.offset) == position.offset) return;
  const sim::World::KeepCause keep(world_);
  world_.trace().record(
      events::damage_met,
      {.machine = process_.machine().id(), .partition = context_.partitions.id_of(fetch.partition)},
      {{"from", machine_name(process_, fetch.from)}});
}

/// FetchCollector.handleInitializeErrors. No backoff: the next fetch follows at once, to the leader
/// of the position.
void FetchCollector::handle_error(Position& position, const CompletedFetch& fetch) {
  outages_.note_failing(fetch.partition, position, fetch.error);
  if (fetch.error == ErrorCode::offset_out_of_range) {
    // A follower may be behind, or have deleted more: the leader decides.
    if (subscriptions_.clear_read_replica(position)) return;
    if (position.offset != fetch.next_offset) return;
    subscriptions_.reset(fetch.partition, position, ApiKey::fetch, "OffsetOutOfRangeException");
  } else if (needs_metadata(fetch.error) || fetch.error == ErrorCode::offset_not_available) {
    network_.request_update();
    subscriptions_.clear_read_replica(position);
  }
}

/// Which batches of an answer belong to transactions that were aborted. Source: CompletedFetch
/// (consumeAbortedTransactionsUpTo, isBatchAborted).
class FetchCollector::AbortedBatches {
 public:
  explicit AbortedBatches(std::vector<log::AbortedTransaction> transactions)
      : transactions_(std::move(transactions)) {
    std::stable_sort(transactions_.begin(), transactions_.end(),
                     [](const auto& a, const auto& b) { return a.first_offset < b.first_offset; });
  }
  /// Ask for each batch with a producer, in their order.
  bool hides(const log::ProducerBatch& batch) {
    if (batch.producer_id == log::no_producer_id) return false;
    for (; next_ < transactions_.size() && transactions_[next_].first_offset <= batch.last_offset;
         ++next_) {
      aborting_.insert(transactions_[next_].producer_id);
    }
    return batch.transactional && aborting_.contains(batch.producer_id);
  }
  /// A marker of it: what comes next of the producer is another transaction.
  void end(std::int64_t producer) { aborting_.erase(producer); }

 private:
  std::vector<log::AbortedTransaction> transactions_;
  std::size_t next_ = 0;
  std::set<std::int64_t> aborting_;
};

void FetchCollector::decode(CompletedFetch& fetch) const {
  const log::Records data = std::exchange(fetch.data, {});
  if (data.empty()) return;
  fetch.demand =
      response_cost + time_for(Bytes(data.size()), process_.machine().cpu().config().byte_rate);
  AbortedBatches aborted(std::exchange(fetch.aborted, {}));
  decode_bytes(fetch, data.bytes(), aborted);
  decode_phantoms(fetch, data.phantoms(), aborted);
  fetch.demand += read_record_cost * fetch.count;
}

void FetchCollector::decode_bytes(CompletedFetch& fetch, log::ByteView bytes,
                                  AbortedBatches& aborted) const {
  log::ByteVector scratch;
  const sim::CodecsConfig& codecs = process_.machine().cpu().config().codecs;
  for (const log::BatchView& batch : log::Batches(bytes)) {
    if (config_.check_crcs && !batch.checksum_ok()) {
      fetch.damaged = true;
      return;
    }
    const auto take = [&](const log::RecordView& record) {
      if (record.offset < fetch.next_offset) return true;  // the batch began before the position
      ConsumedRecord taken;
      taken.partition = fetch.partition;
      taken.offset = record.offset;
      taken.leader_epoch = batch.leader_epoch();
      taken.timestamp = record.timestamp;
      if (record.key) taken.key.emplace(record.key->begin(), record.key->end());
      if (record.value) taken.value.assign(record.value->begin(), record.value->end());
      fetch.records.push_back(std::move(taken));
      ++fetch.count;
      return true;
    };
    const bool hidden = aborted.hides(log::ProducerBatch::of(batch));
    if (batch.is_control()) {
      const auto marker = log::read_marker(batch);
      const bool aborts =
          marker.ok() && *marker && (*marker)->result == log::TransactionResult::abort;
      if (aborts) aborted.end(batch.producer_id());
    } else if (hidden) {
      scratch.clear();
    } else if (!log::for_each_record(batch, scratch, take).ok()) {
      fetch.damaged = true;
      return;
    }
    fetch.after = batch.next_offset();
    if (batch.codec() == log::Codec::none) continue;
    const Bytes outside(static_cast<std::int64_t>(scratch.size()));
    fetch.demand += decompress_time(codecs, batch.codec(), outside);
  }
}

void FetchCollector::decode_phantoms(CompletedFetch& fetch,
                                     std::span<const log::PhantomBatch> batches,
                                     AbortedBatches& aborted) const {
  for (const log::PhantomBatch& batch : batches) {
    fetch.after = batch.next_offset();
    if (aborted.hides(log::ProducerBatch::of(batch))) continue;
    ConsumedRecord taken;
    taken.offset = std::max(batch.base_offset, fetch.next_offset);
    taken.count = batch.next_offset() - taken.offset;
    if (taken.count <= 0) continue;
    taken.partition = fetch.partition;
    taken.leader_epoch = batch.leader_epoch;
    taken.timestamp = batch.max_timestamp;
    taken.phantom = batch;
    fetch.count += taken.count;
    fetch.records.push_back(std::move(taken));
    fetch.demand += decompress_time(process_.machine().cpu().config().codecs, log::Records(batch));
  }
}

/// FetchCollector.fetchRecords. The fetch is through, and its partition may be fetched again, when
/// more was asked for than it has; who takes exactly its last record does not know yet.
void FetchCollector::take_records(CompletedFetch& fetch, std::int64_t most, Collected& into) {
  Position* position = subscriptions_.find(fetch.partition);
  const bool in_line =
      position != nullptr && position->fetchable() && position->offset == fetch.next_offset;
  if (!in_line) {
    buffer_.next_in_line.reset();
    return;
  }
  const std::int64_t count = std::min(most, fetch.count);
  const bool through = count < most;
  const Duration cost = through ? fetch.demand : fetch.demand * count / fetch.count;
  fetch.demand -= cost;
  into.demand += cost;
  fetch.count -= count;
  into.count += count;
  for (std::int64_t left = count; left > 0;) {
    ConsumedRecord& front = fetch.records.front();
    position->offset_epoch = front.leader_epoch;
    if (front.count > left) {  // of a phantom batch
      ConsumedRecord part = front;
      part.count = left;
      front.offset += left;
      front.count -= left;
      fetch.next_offset = part.offset + left;
      into.records.push_back(std::move(part));
      break;
    }
    left -= front.count;
    fetch.next_offset = front.offset + front.count;
    into.records.push_back(std::move(front));
    fetch.records.pop_front();
  }
  if (through && fetch.after != log::no_offset) {
    fetch.next_offset = std::max(fetch.next_offset, fetch.after);
  }
  into.advanced |= fetch.next_offset > position->offset;
  position->offset = fetch.next_offset;
  if (!through) return;
  if (fetch.damaged) {
    // What came before the damage is good. Kafka throws a KafkaException at every poll from here
    // on; our application asks again, and another replica may have become the leader.
    tell_damage(*position, fetch);
    network_.errors().gave_up(ApiKey::fetch, ErrorCode::corrupt_message, "KafkaException",
                              &fetch.partition);
    subscriptions_.retry_at(*position, world_.now() + config_.retry_backoff);
  }
  buffer_.next_in_line.reset();
}

}  // namespace brokerlab::model
