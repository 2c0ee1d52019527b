#include "model/client/producer.h"

#include "model/client/partitioner.h"
#include "model/client/record_accumulator.h"
#include "model/codec_cost.h"
#include "model/events.h"
#include "model/explain.h"

#include <algorithm>
#include <deque>
#include <map>
#include <set>

namespace brokerlab::model {

namespace {

/// What send() costs the calling thread: serialising, choosing a partition, appending. A Java
/// producer does a few hundred thousand small records a second a core.
constexpr Duration send_record_cost = 3us;
/// gzip takes, beside CodecsConfig::gzip, some time a record for handing small pieces to the
/// deflater: a 300-byte record costs about 35 us. The others gather blocks in the heap first.
constexpr Duration gzip_record_cost = 22us;

Duration send_cost(const ProducerConfig& config, const sim::CodecsConfig& codecs,
                   std::size_t size) {
  const bool gzip = config.compression_type == CompressionType::gzip;
  return send_record_cost + (gzip ? gzip_record_cost : Duration{0}) +
         compress_time(codecs, static_cast<log::Codec>(config.compression_type),
                       Bytes(static_cast<std::int64_t>(size)));
}

}  // namespace

struct KafkaProducer::Impl {
  Impl(sim::Process& owner, ProducerSetup chosen, ClusterContext& cluster)
      : process(owner),
        world(owner.world()),
        setup(std::move(chosen)),
        config(setup.config),
        context(cluster),
        network(owner, settings(), cluster.observer),
        accumulator(config, stream("backoff")),
        partitioner(config, stream("partitioner")),
        free_memory(config.buffer_memory),
        waits(world, config) {
    network.on_unreachable = [this](Address address, sim::EventId cause) {
      note_unreachable(address, RpcFailure::Kind::not_connected, cause);
    };
    network.start();
    process.spawn(run_sender());
  }

  ClientNetworkSettings settings() {
    ClientNetworkSettings all(setup.client_id, setup.bootstrap, setup.config);
    all.max_in_flight = setup.config.max_in_flight_requests_per_connection;
    all.rpc.why_silent = [this](Address address) { return why_silent(address); };
    return all;
  }

  RandomStream stream(std::string_view what) const {
    return process.world().stream(
        fmt::format("{}/{}/{}/{}", process.name(), setup.client_id, what, process.starts()));
  }

  struct MemoryWaiter {
    MemoryWaiter(sim::World& world, Bytes wanted) : size(wanted), granted(world) {}
    const Bytes size;
    sim::OneShot<bool> granted;
  };

  using NewRecord = RecordAccumulator::NewRecord;
  sim::Task<bool> send(ProducerRecord record);
  /// False: there was no memory for it before the deadline.
  sim::Task<bool> append(std::string topic, std::optional<int> partition, NewRecord record,
                         Time deadline);
  sim::Task<bool> wait_for_topic(const std::string& topic, Time deadline);
  sim::Task<bool> take_memory(Bytes size, Time deadline);
  void give_back(Bytes size);
  void grant_memory();
  void wake_sender() { network.changed().notify_all(); }

  struct Drained {
    BrokerId node;
    NodeConnection* connection;
    std::vector<BatchPtr> batches;
  };
  sim::Task<> run_sender();
  std::vector<Drained> drain(const std::set<BrokerId>& nodes, Time& next);
  void note_drained(ProducerBatch& batch, BrokerId node);
  sim::Task<> send_drained(Drained drained);
  sim::Task<> request(BrokerId node, NodeConnection& connection, std::vector<BatchPtr> batches);
  void fail_expired();
  /// `failure`: no answer came.
  void complete(const BatchPtr& batch, BrokerId node, ErrorCode error, Offset base_offset,
                const RpcFailure* failure = nullptr);
  bool can_retry(const ProducerBatch& batch, ErrorCode error) const;
  void acknowledge(const BatchPtr& batch, BrokerId node, Offset base_offset);
  void give_up(const BatchPtr& batch, ErrorCode error);
  /// delivery.timeout.ms is over.
  void time_out(const BatchPtr& batch);
  /// close() waits no longer: "Producer is closed forcefully."
  void abort(const BatchPtr& batch);
  void finish(const BatchPtr& batch);
  void note_unreachable(Address address, RpcFailure::Kind error, sim::EventId cause);
  sim::EventId why_silent(Address address) const;
  sim::EventId why_refused(ErrorCode error, sim::PartitionId partition) const;
  sim::EventId last_event() const {
    return sim::EventId(static_cast<std::int64_t>(world.trace().events().size()) - 1);
  }
  sim::Trace::About about(const TopicPartition& partition) const {
    return {.machine = process.machine().id(), .partition = context.partitions.id_of(partition)};
  }
  Address address_of(BrokerId node) const {
    const auto found = network.view().brokers().find(node);
    return found == network.view().brokers().end() ? Address{} : found->second;
  }

  sim::Process& process;
  sim::World& world;
  const ProducerSetup setup;
  const ProducerConfig& config;
  ClusterContext& context;
  ClientNetwork network;
  RecordAccumulator accumulator;
  Partitioner partitioner;
  Bytes free_memory;
  std::deque<std::shared_ptr<MemoryWaiter>> memory_waiters;
  std::map<BrokerId, int> in_flight;  ///< Produce requests.
  /// Brokers that had something to be sent and took nothing.
  struct Blocked {
    Time since;
    std::string_view by;  ///< The setting that keeps it waiting.
  };
  std::map<BrokerId, Blocked> blocked;
  AcknowledgmentWaits waits;
  std::vector<BatchPtr> in_flight_batches;
  std::map<Address, bool> unreachable;  ///< Told already.
  struct Interruption {
    sim::EventId after;  ///< The last event before it.
    sim::EventId cause;  ///< None when the trace does not know.
  };
  std::map<TopicPartition, Interruption> interrupted;  ///< Failed since the last success.
  std::set<TopicPartition> produced_to;
  bool closed = false;
  Counters counters;
  std::int64_t buffered = 0;
};

KafkaProducer::KafkaProducer(sim::Process& process, ProducerSetup setup, ClusterContext& context)
    : impl_(std::make_unique<Impl>(process, std::move(setup), context)) {}
KafkaProducer::~KafkaProducer() = default;

const KafkaProducer::Counters& KafkaProducer::counters() const { return impl_->counters; }
Bytes KafkaProducer::buffer_available() const { return impl_->free_memory; }
std::int64_t KafkaProducer::records_buffered() const { return impl_->buffered; }

// --- The caller's side ---

sim::Task<bool> KafkaProducer::send(ProducerRecord record) {
  return impl_->send(std::move(record));
}

sim::Task<bool> KafkaProducer::Impl::send(ProducerRecord record) {
  ++counters.records_sent;
  context.observer.on_sent(record.ref, record.intended, record.value);
  const auto refuse = [&](ErrorCode error, std::string_view exception) {
    ++counters.records_failed;
    const TopicPartition partition{record.topic, record.partition.value_or(-1)};
    network.errors().gave_up(ApiKey::produce, error, exception, &partition);
    context.observer.on_send_failed(record.ref, error);
    return false;
  };
  if (closed) co_return refuse(ErrorCode::unknown_server_error, "IllegalStateException");
  const Time deadline = world.now() + config.max_block;
  const bool known = co_await wait_for_topic(record.topic, deadline);
  if (!known) co_return refuse(ErrorCode::request_timed_out, "TimeoutException");

  NewRecord fresh;
  fresh.ref = record.ref;
  if (record.key) fresh.key = *record.key;
  fresh.value = record.value;
  const Bytes bound(static_cast<std::int64_t>(RecordAccumulator::size_bound(fresh)));
  if (bound > config.max_request_size || bound > config.buffer_memory) {
    co_return refuse(ErrorCode::message_too_large, "RecordTooLargeException");
  }
  sim::Cpu& cpu = process.machine().cpu();
  const Duration cost = send_cost(config, cpu.config().codecs,
                                  record.value.size() + (record.key ? record.key->size() : 0));
  co_await cpu.run(cost);

  fresh.timestamp = context.stamp_millis(process.machine());
  std::optional<int> partition = record.partition;
  if (!partition) partition = partitioner.choose(network.view(), record.topic, fresh.key);
  if (!record.partition && partitioner.is_custom()) {
    // A custom partitioner is asked again when the record would begin a batch (abortOnNewBatch).
    if (accumulator.append({record.topic, *partition}, fresh)) {
      ++buffered;
      if (accumulator.sendable({record.topic, *partition})) wake_sender();
      co_return true;
    }
    partition = partitioner.choose(network.view(), record.topic, fresh.key);
  }
  const bool appended = co_await append(record.topic, partition, fresh, deadline);
  if (!appended) co_return refuse(ErrorCode::request_timed_out, "BufferExhaustedException");
  co_return true;
}

/// RecordAccumulator.append: without a partition the sticky one of the moment, looked at again
/// after every wait, and left before the append when its batches are full.
sim::Task<bool> KafkaProducer::Impl::append(std::string topic, std::optional<int> partition,
                                            NewRecord record, Time deadline) {
  const Bytes memory = accumulator.memory_for(record);
  bool has_memory = false;
  while (true) {
    const ClusterView& view = network.view();
    Partitioner::Sticky sticky;
    if (!partition) {
      sticky = partitioner.current(view, topic);
      if (accumulator.batches_full({topic, sticky.partition})) {
        partitioner.appended(view, topic, 0, true);
        if (partitioner.changed(topic, sticky.turn)) continue;
      }
    }
    const TopicPartition to{topic, partition.value_or(sticky.partition)};
    std::optional<std::int64_t> grown = accumulator.append(to, record);
    const bool begins = !grown;
    if (begins) {
      if (!has_memory) {
        has_memory = co_await take_memory(memory, deadline);
        if (!has_memory) co_return false;
        continue;  // another caller may have begun a batch, or changed the partition
      }
      grown = accumulator.append_new(to, record, world.now());
      has_memory = false;
    }
    ++buffered;
    if (!partition) {
      partitioner.appended(network.view(), topic, *grown, accumulator.batches_full(to));
    }
    if (has_memory) give_back(memory);
    if (begins || accumulator.sendable(to)) wake_sender();
    co_return true;
  }
}

sim::Task<bool> KafkaProducer::Impl::wait_for_topic(const std::string& topic, Time deadline) {
  network.add_topic(topic);
  while (!network.view().knows_topic(topic)) {
    if (world.now() >= deadline) co_return false;
    co_await network.wait_update(network.version(), deadline);
    if (!network.view().knows_topic(topic)) network.request_update();
  }
  co_return true;
}

sim::Task<bool> KafkaProducer::Impl::take_memory(Bytes size, Time deadline) {
  if (memory_waiters.empty() && free_memory >= size) {
    free_memory -= size;
    co_return true;
  }
  const Time began = world.now();
  const auto waiter = std::make_shared<MemoryWaiter>(world, size);
  memory_waiters.push_back(waiter);
  wake_sender();  // nothing lingers while someone waits
  const std::optional<bool> granted = co_await waiter->granted.wait(deadline);
  counters.waited_for_buffer += world.now() - began;
  if (granted) co_return true;
  std::erase(memory_waiters, waiter);
  grant_memory();
  co_return false;
}

void KafkaProducer::Impl::give_back(Bytes size) {
  free_memory += size;
  grant_memory();
}

void KafkaProducer::Impl::grant_memory() {
  while (!memory_waiters.empty() && free_memory >= memory_waiters.front()->size) {
    const std::shared_ptr<MemoryWaiter> waiter = memory_waiters.front();
    memory_waiters.pop_front();
    free_memory -= waiter->size;
    waiter->granted.set(true);
  }
}

sim::Task<> KafkaProducer::flush() {
  Impl& impl = *impl_;
  const std::int64_t goal = impl.counters.records_sent;
  impl.accumulator.begin_flush();
  impl.wake_sender();
  // Every record sent so far has met its fate once as many have as were sent by then; later ones
  // may take their place in the count, which only makes the wait end with the buffer empty.
  while (impl.buffered > 0 &&
         impl.counters.records_acknowledged + impl.counters.records_failed < goal) {
    co_await impl.network.changed().wait();
  }
  impl.accumulator.end_flush();
}

sim::Task<> KafkaProducer::close(Time deadline) {
  Impl& impl = *impl_;
  impl.closed = true;
  impl.accumulator.set_closed();
  impl.wake_sender();
  while (impl.buffered > 0 && impl.world.now() < deadline) {
    co_await impl.network.changed().wait(deadline);
  }
  for (const BatchPtr& batch : impl.accumulator.take_all()) impl.abort(batch);
  const std::vector<BatchPtr> in_flight = impl.in_flight_batches;
  for (const BatchPtr& batch : in_flight) impl.abort(batch);
}

// --- The sender ---

/// Sender.runOnce and sendProducerData.
sim::Task<> KafkaProducer::Impl::run_sender() {
  while (true) {
    RecordAccumulator::Ready ready =
        accumulator.ready(network.view(), world.now(), !memory_waiters.empty());
    for (const RecordAccumulator::Load& load : ready.loads) partitioner.update_load(load);
    if (ready.unknown_leader) network.request_update();
    Time next = ready.next_check;
    std::vector<Drained> drained = drain(ready.nodes, next);
    fail_expired();
    next = std::min(next, accumulator.next_expiry());
    for (const BatchPtr& batch : in_flight_batches) {
      next = std::min(next, batch->created + config.delivery_timeout);
    }
    const bool any = !drained.empty();
    for (Drained& one : drained) co_await send_drained(std::move(one));
    if (!any) co_await network.changed().wait(next);  // else time has passed: look again
  }
}

/// Takes the batches for every broker that is ready; `next`: moved to when one becomes so.
std::vector<KafkaProducer::Impl::Drained> KafkaProducer::Impl::drain(
    const std::set<BrokerId>& nodes, Time& next) {
  std::vector<std::pair<BrokerId, NodeConnection*>> ready;
  for (const BrokerId node : nodes) {
    NodeConnection* connection = network.node(node);
    ENSURE(connection != nullptr, "a leader has an address");
    const bool room = in_flight[node] < config.max_in_flight_requests_per_connection;
    const bool takes = network.ready(*connection) && room;
    accumulator.note_node(node, world.now(), takes);
    if (!takes) {
      Blocked& now = blocked.try_emplace(node, Blocked{world.now(), {}}).first->second;
      if (!room) now.by = "max.in.flight.requests.per.connection";
      if (connection->unavailable()) now.by = "reconnect.backoff.ms";
    }
    if (takes) {
      ready.emplace_back(node, connection);
    } else if (connection->unavailable()) {
      next = std::min(next, connection->backoff_until());
    }
  }
  std::vector<Drained> drained;
  for (const auto& [node, connection] : ready) {
    Drained one{node, connection, accumulator.drain(network.view(), node, world.now())};
    if (one.batches.empty()) continue;
    for (const BatchPtr& batch : one.batches) {
      note_drained(*batch, node);
      batch->sent_to = connection->address();
      if (config.max_in_flight_requests_per_connection == 1) accumulator.mute(batch->partition);
      in_flight_batches.push_back(batch);
      produced_to.insert(batch->partition);
    }
    ++in_flight[node];
    blocked.erase(node);
    drained.push_back(std::move(one));
  }
  return drained;
}

void KafkaProducer::Impl::note_drained(ProducerBatch& batch, BrokerId node) {
  const Time now = world.now();
  const Time since = batch.attempts == 0 ? batch.created : batch.last_attempt;
  Duration left = now - since;
  const auto found = blocked.find(node);
  if (found != blocked.end()) {
    const Duration by_node = now - std::max(since, found->second.since);
    batch.times.blocked += by_node;
    if (!found->second.by.empty()) batch.times.blocked_by = found->second.by;
    left -= by_node;
  }
  if (batch.attempts == 0) {
    batch.times.lingered = std::min(left, config.linger);
  } else {
    batch.times.backed_off += std::min(left, batch.backoff);
  }
  batch.times.drained = now;
}

sim::Task<> KafkaProducer::Impl::send_drained(Drained drained) {
  Bytes size;
  for (const BatchPtr& batch : drained.batches) {
    size += Bytes(static_cast<std::int64_t>(batch->bytes.size()));
  }
  ++counters.requests;
  counters.batches += static_cast<std::int64_t>(drained.batches.size());
  counters.batch_bytes += size.count();
  sim::Cpu& cpu = process.machine().cpu();
  const Duration demand = cpu.demand(static_cast<int>(drained.batches.size()), 0, size);
  co_await cpu.run(demand);
  process.spawn(request(drained.node, *drained.connection, std::move(drained.batches)));
}

sim::Task<> KafkaProducer::Impl::request(BrokerId node, NodeConnection& connection,
                                         std::vector<BatchPtr> batches) {
  auto produce = std::make_unique<ProduceRequest>();
  produce->acks = config.acks;
  produce->timeout = config.request_timeout;
  for (const BatchPtr& batch : batches) {
    produce->partitions.push_back(
        {batch->partition, batch->bytes, {{batch, &batch->records}, batch->because}});
  }
  const CardUse cards(process.network(), process.machine().id(), connection.address().machine);
  RequestPtr message = std::move(produce);
  Result<ResponsePtr, RpcFailure> result = co_await connection.call(std::move(message));
  --in_flight[node];
  if (!result) {
    note_unreachable(connection.address(), result.error().kind, result.error().cause);
    network.request_update();
    const bool timed_out = result.error().kind == RpcFailure::Kind::timed_out;
    for (const BatchPtr& batch : batches) {
      complete(batch, node, timed_out ? ErrorCode::request_timed_out : ErrorCode::network_exception,
               log::no_offset, &result.error());
    }
  } else if (config.acks == Acks::none) {
    unreachable[connection.address()] = false;
    for (const BatchPtr& batch : batches) complete(batch, node, ErrorCode::none, log::no_offset);
  } else {
    unreachable[connection.address()] = false;
    const auto* response = dynamic_cast<const ProduceResponse*>(result->get());
    ENSURE(response != nullptr && response->partitions.size() == batches.size(),
           "a produce response that does not match its request");
    for (std::size_t i = 0; i < batches.size(); ++i) {
      const ProduceResponse::Partition& answer = response->partitions[i];
      ENSURE(answer.partition == batches[i]->partition, "answers in another order");
      if (answer.error == ErrorCode::none && !batches[i]->done) {
        waits.note(*batches[i], about(batches[i]->partition),
                   {response->waits, machine_name(process, connection.address())}, cards);
      }
      complete(batches[i], node, answer.error, answer.base_offset);
      if (names_new_leader(answer.error, answer.current_leader)) {
        network.update_leader(answer.partition, answer.current_leader, response->node_endpoints);
      }
    }
  }
  wake_sender();
}

void KafkaProducer::Impl::note_unreachable(Address address, RpcFailure::Kind error,
                                           sim::EventId cause) {
  bool& told = unreachable[address];
  if (std::exchange(told, true)) return;
  sim::Trace::About here{.machine = process.machine().id()};
  if (cause.valid()) here.cause = cause;
  const sim::EventId before = last_event();
  const sim::EventId failed = world.trace().record(events::producer_request_failed, here,
                                                   {{"to", machine_name(process, address)},
                                                    sim::Detail::of("what", what_failed(error)),
                                                    sim::Detail::of("error", to_phrase(error))});
  for (const TopicPartition& partition : produced_to) {
    if (address_of(network.view().leader(partition).leader) == address) {
      interrupted.try_emplace(partition, Interruption{before, failed});
    }
  }
}

/// Nothing is wrong with the broker: it waits itself?
sim::EventId KafkaProducer::Impl::why_silent(Address address) const {
  sim::EventId newest;
  const Time since = world.now() - config.request_timeout;
  for (const BatchPtr& batch : in_flight_batches) {
    if (batch->sent_to != address) continue;  // others may lead by now
    const sim::EventId stalled =
        why_replicated_late(world.trace(), context.partitions.id_of(batch->partition), since);
    if (stalled.valid() && (!newest.valid() || newest < stalled)) newest = stalled;
  }
  return newest;
}

void KafkaProducer::Impl::fail_expired() {
  for (const BatchPtr& batch : accumulator.take_expired(world.now())) time_out(batch);
  std::vector<BatchPtr> late;
  for (const BatchPtr& batch : in_flight_batches) {
    if (batch->created + config.delivery_timeout <= world.now()) late.push_back(batch);
  }
  for (const BatchPtr& batch : late) time_out(batch);
}

/// Sender.completeBatch.
void KafkaProducer::Impl::complete(const BatchPtr& batch, BrokerId node, ErrorCode error,
                                   Offset base_offset, const RpcFailure* failure) {
  if (needs_metadata(error)) network.request_update();
  std::erase(in_flight_batches, batch);
  if (config.max_in_flight_requests_per_connection == 1) accumulator.unmute(batch->partition);
  if (batch->done) return;  // its delivery timeout has passed
  if (error == ErrorCode::none) {
    acknowledge(batch, node, base_offset);
    return;
  }
  const sim::PartitionId id = context.partitions.id_of(batch->partition);
  interrupted.try_emplace(batch->partition,
                          Interruption{last_event(), why_answered(world.trace(), error, id)});
  const bool split = error == ErrorCode::message_too_large && batch->records.size() > 1;
  const bool final = !split && !can_retry(*batch, error);
  if (failure != nullptr) {
    network.errors().unanswered(ApiKey::produce, *failure, &batch->partition, final);
  } else {
    network.errors().answered(ApiKey::produce, error, &batch->partition, final);
  }
  batch->times.last_error = error;
  batch->times.failed += world.now() - batch->times.drained;
  batch->because = failure != nullptr ? failure->cause : why_refused(error, id);
  if (split) {
    accumulator.split(batch);
    batch->done = true;
    give_back(batch->memory);
    return;
  }
  if (!final) {
    ++counters.batches_retried;
    accumulator.reenqueue(batch, world.now());
  } else {
    give_up(batch, error);
  }
}

/// The error as it was told, else what is behind it.
sim::EventId KafkaProducer::Impl::why_refused(ErrorCode error, sim::PartitionId partition) const {
  const sim::EventId told = last_error(world.trace(), process.machine().id(), error);
  return told.valid() ? told : why_answered(world.trace(), error, partition);
}

bool KafkaProducer::Impl::can_retry(const ProducerBatch& batch, ErrorCode error) const {
  const bool in_time = world.now() < batch.created + config.delivery_timeout;
  return is_retriable(error) && in_time && batch.attempts < config.retries;
}

void KafkaProducer::Impl::acknowledge(const BatchPtr& batch, BrokerId node, Offset base_offset) {
  if (const auto found = interrupted.extract(batch->partition)) {
    sim::Trace::About again = about(batch->partition);
    again.cause =
        why_again(world.trace(), again.partition, found.mapped().after, found.mapped().cause);
    world.trace().record(events::producer_resumed, again,
                         {{"to", machine_name(process, address_of(node))}});
  }
  Offset offset = base_offset;
  for (const RecordRef& record : batch->records) {
    context.observer.on_acknowledged(record, batch->partition, offset);
    if (offset != log::no_offset) ++offset;
  }
  counters.records_acknowledged += static_cast<std::int64_t>(batch->records.size());
  finish(batch);
}

void KafkaProducer::Impl::time_out(const BatchPtr& batch) {
  if (batch->done) return;
  network.errors().gave_up(ApiKey::produce, ErrorCode::request_timed_out, "TimeoutException",
                           &batch->partition);
  give_up(batch, ErrorCode::request_timed_out);
}

void KafkaProducer::Impl::abort(const BatchPtr& batch) {
  if (batch->done) return;
  network.errors().gave_up(ApiKey::produce, ErrorCode::unknown_server_error, "KafkaException",
                           &batch->partition);
  give_up(batch, ErrorCode::unknown_server_error);
}

void KafkaProducer::Impl::give_up(const BatchPtr& batch, ErrorCode error) {
  if (batch->done) return;
  sim::Trace::About here = about(batch->partition);
  here.cause = why_not_written(world.trace(), here.partition, here.machine, batch->created);
  interrupted.try_emplace(batch->partition, Interruption{last_event(), *here.cause});
  std::vector<sim::Detail> details{
      {"count", std::to_string(batch->records.size())},
      {"records",
       batch->records.size() == 1 ? "1 record" : fmt::format("{} records", batch->records.size())},
      sim::Detail::of("error", how_it_ended(error, batch->times.last_error))};
  if (batch->created + config.delivery_timeout <= world.now()) {
    details = events::with_wait(std::move(details),
                                {"delivery.timeout.ms", config.delivery_timeout, process.name()});
  }
  world.trace().record(events::producer_record_failed, here, std::move(details));
  for (const RecordRef& record : batch->records) {
    context.observer.on_send_failed(record, error);
  }
  counters.records_failed += static_cast<std::int64_t>(batch->records.size());
  std::erase(in_flight_batches, batch);
  finish(batch);
}

void KafkaProducer::Impl::finish(const BatchPtr& batch) {
  batch->done = true;
  buffered -= static_cast<std::int64_t>(batch->records.size());
  give_back(batch->memory);
  if (buffered == 0) wake_sender();  // also wakes flush() and close()
}

}  // namespace brokerlab::model
