#include "model/client/record_accumulator.h"

#include <algorithm>
#include <utility>

namespace brokerlab::model {

RecordAccumulator::NewRun RecordAccumulator::NewRun::take(std::int64_t count) {
  ENSURE(count > 0 && count <= run.count, "{} of {} records", count, run.count);
  NewRun taken = *this;
  taken.run.count = count;
  taken.bytes = count == run.count ? bytes : value_size() * count;
  run.first += count;
  run.count -= count;
  bytes -= taken.bytes;
  return taken;
}

std::size_t RecordAccumulator::size_bound(const NewRecord& record) {
  return log::batch_header_size + log::record_size_upper_bound(record.key, record.value);
}

std::size_t RecordAccumulator::size_bound(const NewRun& run) {
  const auto key = static_cast<std::size_t>(std::max<std::int64_t>(0, run.key_size));
  return log::batch_header_size + log::record_size_upper_bound(std::nullopt, std::nullopt) + key +
         static_cast<std::size_t>(run.value_size());
}

BatchPtr RecordAccumulator::make_batch(const TopicPartition& partition, std::size_t limit,
                                       Time created) const {
  log::BatchBuilder::Options options;
  options.codec = static_cast<log::Codec>(config_.compression_type);
  const double ratio = options.codec == log::Codec::none ? 1.0 : ratio_.estimate(partition.topic);
  return std::make_shared<ProducerBatch>(partition, options, limit, ratio, created);
}

BatchPtr RecordAccumulator::begin_batch(const TopicPartition& partition, Bytes memory, Time now) {
  BatchPtr batch = make_batch(partition, static_cast<std::size_t>(memory.count()), now);
  batch->memory = memory;
  queue_of(partition).push_back(batch);
  return batch;
}

/// To which something will be added.
std::deque<BatchPtr>& RecordAccumulator::queue_of(const TopicPartition& partition) {
  const auto [entry, fresh] = queues_.try_emplace(partition);
  if (fresh) ++partitions_of_[partition.topic];
  if (entry->second.empty()) waiting_.emplace(partition, &entry->second);
  return entry->second;
}

ProducerBatch* RecordAccumulator::open_batch(const TopicPartition& partition) {
  const auto queue = queues_.find(partition);
  if (queue == queues_.end() || queue->second.empty()) return nullptr;
  ProducerBatch& last = *queue->second.back();
  return last.closed_for_appends ? nullptr : &last;
}

std::optional<std::int64_t> RecordAccumulator::append(const TopicPartition& partition,
                                                      const NewRecord& record) {
  ProducerBatch* last = open_batch(partition);
  if (last == nullptr) return std::nullopt;
  const std::size_t before = last->estimated_size();
  // MemoryRecordsBuilder.hasRoomFor: the record as it would be, not the bound that the buffer has.
  const std::size_t size =
      last->builder.next_record_size(record.timestamp, record.key, record.value);
  if (before + size > last->write_limit) {
    last->closed_for_appends = true;
    return std::nullopt;
  }
  last->builder.append(record.timestamp, record.key, record.value);
  last->add({record.ref.producer, record.ref.number, 1});
  ++incomplete_;
  return static_cast<std::int64_t>(last->estimated_size() - before);
}

std::int64_t RecordAccumulator::append_new(const TopicPartition& partition, const NewRecord& record,
                                           Time now) {
  const BatchPtr batch = begin_batch(partition, memory_for(record), now);
  batch->builder.append(record.timestamp, record.key, record.value);
  batch->add({record.ref.producer, record.ref.number, 1});
  ++incomplete_;
  return static_cast<std::int64_t>(batch->estimated_size());
}

/// How many of the run's first records the batch still takes: what hasRoomFor() says to each, which
/// counts the next one as it is and those before as they will be compressed.
std::int64_t RecordAccumulator::room_for(const ProducerBatch& batch, const NewRun& run) {
  const log::Timestamp first = batch.phantom ? batch.phantom->first : run.timestamp;
  const log::PhantomPayload::Record record{run.key_size, run.value_size(), run.timestamp - first};
  const log::PhantomPayload payload =
      batch.phantom ? batch.phantom->payload : log::PhantomPayload();
  const auto size_with = [&](std::int64_t count) {
    const std::int64_t before = payload.growth(record, count - 1);
    const auto written = static_cast<std::size_t>(payload.size() + before);
    return log::estimated_batch_size(written, batch.builder.codec(), batch.compression_ratio) +
           static_cast<std::size_t>(payload.growth(record, count) - before);
  };
  std::int64_t fits = 0;
  std::int64_t too_many = run.run.count + 1;
  while (too_many - fits > 1) {
    const std::int64_t middle = fits + (too_many - fits) / 2;
    (size_with(middle) <= batch.write_limit ? fits : too_many) = middle;
  }
  return fits;
}

void RecordAccumulator::add(ProducerBatch& batch, NewRun& run, std::int64_t count) {
  if (!batch.phantom)
    batch.phantom.emplace(ProducerBatch::Phantom{{}, run.timestamp, run.timestamp});
  const NewRun taken = run.take(count);
  ProducerBatch::Phantom& phantom = *batch.phantom;
  phantom.payload.add({taken.key_size, taken.value_size(), taken.timestamp - phantom.first}, count,
                      taken.bytes % count);
  phantom.last = std::max(phantom.last, taken.timestamp);
  batch.add(taken.run);
}

std::optional<std::int64_t> RecordAccumulator::append(const TopicPartition& partition,
                                                      NewRun& run) {
  ProducerBatch* last = open_batch(partition);
  if (last == nullptr) return std::nullopt;
  const std::size_t before = last->estimated_size();
  const std::int64_t count = room_for(*last, run);
  // Who has room for some of them learns that it has none with the next.
  if (count < run.run.count) last->closed_for_appends = true;
  if (count == 0) return std::nullopt;
  add(*last, run, count);
  incomplete_ += count;
  return static_cast<std::int64_t>(last->estimated_size() - before);
}

std::int64_t RecordAccumulator::append_new(const TopicPartition& partition, NewRun& run, Time now) {
  const BatchPtr batch = begin_batch(partition, memory_for(run), now);
  // The first is taken whatever its size.
  const std::int64_t count = std::max<std::int64_t>(1, room_for(*batch, run));
  batch->closed_for_appends = count < run.run.count;
  add(*batch, run, count);
  incomplete_ += count;
  return static_cast<std::int64_t>(batch->estimated_size());
}

void RecordAccumulator::close(ProducerBatch& batch) {
  batch.closed_for_appends = true;
  if (!batch.records.empty()) return;
  if (transactions_ != nullptr) {
    batch.builder.set_producer_state(batch.producer.id, batch.producer.epoch, batch.base_sequence);
    batch.builder.set_transactional(batch.transactional);
  }
  if (!batch.phantom) {
    batch.uncompressed = batch.builder.uncompressed_records_size();
    auto built = std::make_shared<log::ByteVector>(batch.builder.build());
    const std::byte* data = built->data();
    const std::size_t size = built->size();
    batch.records =
        log::ByteSlice(std::shared_ptr<const std::byte[]>(std::move(built), data), size);
    return;
  }
  const log::PhantomPayload& payload = batch.phantom->payload;
  batch.uncompressed = static_cast<std::size_t>(payload.size());
  log::PhantomBatch phantom;
  phantom.base_timestamp = batch.phantom->first;
  phantom.max_timestamp = batch.phantom->last;
  phantom.record_count = payload.record_count();
  phantom.seed = phantoms_.first_seed + phantom_batches_++;
  phantom.codec = batch.builder.codec();
  const double ratio = phantom.codec == log::Codec::none ? 1.0 : phantoms_.ratio;
  const auto inside = static_cast<std::int64_t>(static_cast<double>(payload.size()) / ratio);
  phantom.payload_size =
      static_cast<std::int32_t>(std::max(inside, log::smallest_phantom_payload(phantom)));
  batch.records = phantom;
  if (transactions_ != nullptr) batch.write_producer();
}

bool RecordAccumulator::batches_full(const TopicPartition& partition) const {
  const auto queue = queues_.find(partition);
  return queue == queues_.end() || queue->second.empty() || queue->second.back()->full();
}

bool RecordAccumulator::sendable(const TopicPartition& partition) const {
  const auto queue = queues_.find(partition);
  if (queue == queues_.end() || queue->second.empty()) return false;
  return queue->second.size() > 1 || queue->second.back()->full();
}

/// KIP-951: a batch whose leader changed since its last attempt does not wait out its backoff.
bool RecordAccumulator::backing_off(ProducerBatch& batch, LeaderEpoch epoch, Time now) const {
  if (epoch != log::no_epoch && epoch > batch.leader_epoch) {
    batch.attempts_at_epoch = batch.attempts;
    batch.leader_epoch = epoch;
  }
  const bool leader_changed = batch.attempts > 0 && batch.attempts == batch.attempts_at_epoch;
  return batch.attempts > 0 && !leader_changed && now < batch.last_attempt + batch.backoff;
}

RecordAccumulator::Ready RecordAccumulator::ready(const ClusterView& view, Time now,
                                                  bool exhausted) {
  Ready result;
  const bool completing = transactions_ != nullptr && transactions_->completing();
  const bool send_all = exhausted || closed_ || flushes_ > 0 || completing;
  if (config_.partitioner_adaptive_partitioning_enable) {
    for (const auto& [topic, partitions] : partitions_of_) {
      result.loads.push_back(load_of(view, topic, partitions));
    }
  }
  for (const auto& [partition, queue] : waiting_) {
    const LeaderInfo leader = view.leader(partition);
    ProducerBatch& first = *queue->front();
    const bool waits = backing_off(first, leader.epoch, now);
    if (!leader.leader.valid()) {
      result.unknown_leader = true;
      continue;
    }
    if (muted_.contains(partition) || result.nodes.contains(leader.leader)) continue;
    const bool full = queue->size() > 1 || first.full();
    const Time due = first.last_attempt + (waits ? first.backoff : config_.linger);
    if (!waits && (full || send_all || due <= now)) {
      result.nodes.insert(leader.leader);
    } else {
      result.next_check = std::min(result.next_check, std::max(due, now));
    }
  }
  return result;
}

/// RecordAccumulator.partitionReady: what adaptive partitioning goes by.
RecordAccumulator::Load RecordAccumulator::load_of(const ClusterView& view, const TopicName& topic,
                                                   std::size_t partitions) const {
  Load load{.topic = topic, .all = partitions};
  const auto all = static_cast<std::size_t>(view.last_partition_count(topic));
  if (partitions < all) return load;  // nothing to go by before every one has had a batch
  const Duration patience = config_.partitioner_availability_timeout;
  // Mostly all have a leader: then it is enough to look at those with a queue.
  const bool all_led = partitions == all && view.all_led(topic);
  const auto add = [&](const TopicPartition& name, std::size_t length) {
    const BrokerId leader = view.leader(name).leader;
    const auto node = nodes_.find(leader);
    const bool takes_none = length > 0 && patience > Duration{0} && node != nodes_.end() &&
                            node->second.ready - node->second.drained > patience;
    if (!leader.valid() || takes_none) return;
    load.queues.push_back(static_cast<std::int64_t>(length));
    load.partitions.push_back(name.partition);
  };
  const TopicPartition first{topic, 0};
  if (all_led) {
    std::size_t waiting = 0;
    for (auto it = waiting_.lower_bound(first); it != waiting_.end() && it->first.topic == topic;
         ++it, ++waiting) {
      add(it->first, it->second->size());
    }
    if (waiting == load.queues.size()) {
      load.idle = partitions - waiting;
      return load;
    }
    load.queues.clear();
    load.partitions.clear();
  }
  for (auto it = queues_.lower_bound(first); it != queues_.end() && it->first.topic == topic;
       ++it) {
    add(it->first, it->second.size());
  }
  return load;
}

void RecordAccumulator::note_node(BrokerId node, Time now, bool took_requests) {
  if (config_.partitioner_availability_timeout <= Duration{0}) return;
  NodeTimes& times = nodes_.try_emplace(node, NodeTimes{now, now}).first->second;
  times.ready = now;
  if (took_requests) times.drained = now;
}

std::vector<BatchPtr> RecordAccumulator::drain(const ClusterView& view, BrokerId node, Time now) {
  std::vector<BatchPtr> drained;
  const std::vector<TopicPartition>& partitions = view.led_by(node);
  if (partitions.empty()) return drained;
  const auto most = static_cast<std::size_t>(config_.max_request_size.count());
  std::size_t& looked_at = drain_index_[node];
  std::size_t size = 0;
  const std::size_t start = looked_at % partitions.size();
  for (std::size_t i = 0; i < partitions.size(); ++i) {
    looked_at = (start + i) % partitions.size();
    const TopicPartition& partition = partitions[looked_at];
    const auto queue = queues_.find(partition);
    if (queue == queues_.end() || queue->second.empty() || muted_.contains(partition)) continue;
    const BatchPtr first = queue->second.front();
    if (backing_off(*first, view.leader(partition).epoch, now)) continue;
    if (size + first->estimated_size() > most && !drained.empty()) break;
    if (should_stop_drain(*first)) break;
    queue->second.pop_front();
    if (queue->second.empty()) waiting_.erase(partition);
    if (transactions_ != nullptr && !first->has_sequence()) give_sequence(first);
    if (first->reopened && !first->records.empty()) first->write_producer();
    first->reopened = false;
    if (first->records.empty()) {
      close(*first);
      if (config_.compression_type != CompressionType::none) {
        ratio_.observe(partition.topic, first->actual_ratio());
      }
    }
    size += static_cast<std::size_t>(first->records.size());
    drained.push_back(first);
  }
  return drained;
}

/// RecordAccumulator.shouldStopDrainBatchesForPartition.
bool RecordAccumulator::should_stop_drain(const ProducerBatch& first) {
  if (transactions_ == nullptr) return false;
  const TopicPartition& partition = first.partition;
  if (!transactions_->is_send_allowed(partition)) return true;
  if (!transactions_->has_producer_id()) return true;
  if (!first.has_sequence()) {
    // Sequence 0 of a new epoch must not be written before what is under way of the old one.
    if (transactions_->has_in_flight(partition) && transactions_->has_stale_producer(partition)) {
      return true;
    }
    // Whether the batches before it were written is not known yet.
    return transactions_->has_unresolved_sequence(partition);
  }
  // It is tried again: in its turn only, so that one is under way at a time.
  const std::int32_t turn = transactions_->first_in_flight_sequence(partition);
  return turn != log::no_sequence && first.base_sequence != turn;
}

void RecordAccumulator::give_sequence(const BatchPtr& batch) {
  transactions_->adopt_producer(batch->partition);
  const std::int32_t first = transactions_->take_sequences(batch->partition, batch->record_count);
  batch->set_producer(transactions_->producer(), first, transactions_->transactional());
  transactions_->add_in_flight(batch);
}

/// With several under way their failures may come in any order.
void RecordAccumulator::insert_in_sequence_order(std::deque<BatchPtr>& queue,
                                                 const BatchPtr& batch) {
  ENSURE(batch->has_sequence(), "a batch without a sequence is tried again");
  auto place = queue.begin();
  while (place != queue.end() && (*place)->has_sequence() &&
         (*place)->base_sequence < batch->base_sequence) {
    ++place;
  }
  queue.insert(place, batch);
}

void RecordAccumulator::reenqueue(const BatchPtr& batch, Time now) {
  batch->backoff = exponential_backoff(config_.retry_backoff, config_.retry_backoff_max,
                                       batch->attempts, random_);
  ++batch->attempts;
  batch->last_attempt = now;
  std::deque<BatchPtr>& queue = queue_of(batch->partition);
  if (transactions_ != nullptr) {
    insert_in_sequence_order(queue, batch);
  } else {
    queue.push_front(batch);
  }
}

int RecordAccumulator::split(const BatchPtr& batch) {
  if (config_.compression_type != CompressionType::none) {
    ratio_.raise(batch->partition.topic, batch->actual_ratio());
  }
  const std::vector<BatchPtr> parts = batch->phantom ? split_phantom(*batch) : split_bytes(*batch);
  std::deque<BatchPtr>& queue = queue_of(batch->partition);
  for (const BatchPtr& part : parts) part->closed_for_appends = true;
  if (transactions_ == nullptr) {
    queue.insert(queue.begin(), parts.begin(), parts.end());
    return static_cast<int>(parts.size());
  }
  // The sequences are the records': the parts share those of the whole (ProducerBatch.split).
  std::int32_t sequence = batch->base_sequence;
  for (const BatchPtr& part : parts) {
    part->set_producer(batch->producer, sequence, batch->transactional);
    sequence += static_cast<std::int32_t>(part->record_count);
  }
  for (auto part = parts.rbegin(); part != parts.rend(); ++part) {
    transactions_->add_in_flight(*part);
    insert_in_sequence_order(queue, *part);
  }
  return static_cast<int>(parts.size());
}

std::vector<BatchPtr> RecordAccumulator::split_bytes(const ProducerBatch& batch) const {
  const auto view = log::BatchView::parse(batch.records.bytes());
  ENSURE(view.ok(), "a batch of our own");
  const Result<std::vector<log::Record>, log::Corruption> records = log::decode_records(*view);
  ENSURE(records.ok() && static_cast<std::int64_t>(records->size()) == batch.record_count,
         "a batch of our own");
  std::vector<BatchPtr> parts;
  auto next = records->begin();
  for (const RecordRun& run : batch.runs) {
    for (std::int64_t number = run.first; number < run.end(); ++number, ++next) {
      NewRecord part;
      part.ref = {run.producer, number};
      part.timestamp = next->timestamp;
      if (next->key) part.key = *next->key;
      if (next->value) part.value = *next->value;
      const auto has_room = [&](const ProducerBatch& last) {
        return last.estimated_size() +
                   last.builder.next_record_size(part.timestamp, part.key, part.value) <=
               last.write_limit;
      };
      if (parts.empty() || !has_room(*parts.back())) {
        const auto limit = static_cast<std::size_t>(memory_for(part).count());
        parts.push_back(make_batch(batch.partition, limit, batch.created));
      }
      parts.back()->builder.append(part.timestamp, part.key, part.value);
      parts.back()->add({run.producer, number, 1});
    }
  }
  return parts;
}

/// Nobody remembers how large each record was: all are as large as they are on the average.
std::vector<BatchPtr> RecordAccumulator::split_phantom(const ProducerBatch& batch) const {
  const std::int64_t size = batch.phantom->payload.size() / batch.record_count;
  std::vector<BatchPtr> parts;
  for (const RecordRun& run : batch.runs) {
    NewRun left{run, batch.phantom->first, -1, size * run.count};
    while (left.run.count > 0) {
      std::int64_t count = parts.empty() ? 0 : room_for(*parts.back(), left);
      if (count == 0) {
        const auto limit = static_cast<std::size_t>(memory_for(left).count());
        parts.push_back(make_batch(batch.partition, limit, batch.created));
        count = std::max<std::int64_t>(1, room_for(*parts.back(), left));
      }
      add(*parts.back(), left, count);
    }
  }
  return parts;
}

std::vector<BatchPtr> RecordAccumulator::take_expired(Time now) {
  std::vector<BatchPtr> expired;
  for (auto it = waiting_.begin(); it != waiting_.end();) {
    std::deque<BatchPtr>& queue = *it->second;
    // Oldest first within a queue.
    while (!queue.empty() && queue.front()->created + config_.delivery_timeout <= now) {
      expired.push_back(queue.front());
      queue.pop_front();
    }
    it = queue.empty() ? waiting_.erase(it) : std::next(it);
  }
  return expired;
}

std::vector<BatchPtr> RecordAccumulator::take_undrained() {
  std::vector<BatchPtr> taken;
  for (auto it = waiting_.begin(); it != waiting_.end();) {
    std::deque<BatchPtr>& queue = *it->second;
    // Those that were sent stand before the others.
    const auto first = std::find_if(queue.begin(), queue.end(),
                                    [](const BatchPtr& batch) { return !batch->has_sequence(); });
    taken.insert(taken.end(), first, queue.end());
    queue.erase(first, queue.end());
    it = queue.empty() ? waiting_.erase(it) : std::next(it);
  }
  return taken;
}

std::vector<BatchPtr> RecordAccumulator::take_all() {
  std::vector<BatchPtr> all;
  for (const auto& [partition, queue] : std::exchange(waiting_, {})) {
    all.insert(all.end(), queue->begin(), queue->end());
    queue->clear();
  }
  return all;
}

Time RecordAccumulator::next_expiry() const {
  Time next = never;
  for (const auto& [partition, queue] : waiting_) {
    next = std::min(next, queue->front()->created + config_.delivery_timeout);
  }
  return next;
}

}  // namespace brokerlab::model
