#include "model/client/producer.h"

#include "model/client/buffer_pool.h"
#include "model/client/partitioner.h"
#include "model/client/record_accumulator.h"
#include "model/client/sender.h"
#include "model/client/transaction_manager.h"
#include "model/codec_cost.h"

namespace brokerlab::model {

namespace {

/// What send() costs the calling thread: serialising, choosing a partition, appending. A Java
/// producer does a few hundred thousand small records a second a core.
constexpr Duration send_record_cost = 3us;
/// gzip takes, beside CodecsConfig::gzip, some time a record for handing small pieces to the
/// deflater: a 300-byte record costs about 35 us. The others gather blocks in the heap first.
constexpr Duration gzip_record_cost = 22us;
/// Of a run of records those that are done with are appended before all are: after so much work.
constexpr Duration work_at_once = 10ms;

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
        transactions(config.enable_idempotence
                         ? std::make_unique<TransactionManager>(config.transactional_id)
                         : nullptr),
        accumulator(config, stream("backoff"), phantoms(owner, cluster), transactions.get()),
        partitioner(config, stream("partitioner")),
        // Wakes the sender: nothing lingers while someone waits for memory.
        memory(world, config.buffer_memory, network.changed()),
        sender(owner, config,
               {network, accumulator, partitioner, memory, counters, transactions.get()}, cluster) {
    network.on_unreachable = [this](Address address, sim::EventId cause) {
      sender.note_unreachable(address, cause);
    };
    network.start();
    sender.start();
  }

  ClientNetworkSettings settings() {
    ClientNetworkSettings all(setup.client_id, setup.bootstrap, setup.config);
    all.max_in_flight = setup.config.max_in_flight_requests_per_connection;
    all.rpc.why_silent = [this](Address address) { return sender.why_silent(address); };
    return all;
  }

  RandomStream stream(std::string_view what) const {
    return process.world().stream(
        fmt::format("{}/{}/{}/{}", process.name(), setup.client_id, what, process.starts()));
  }

  /// Every life of a producer has seeds of its own for its phantom batches.
  RecordAccumulator::Phantoms phantoms(sim::Process& owner, ClusterContext& cluster) const {
    return {++cluster.producer_lives << 32,
            compression_ratio(owner.machine().cpu().config().codecs,
                              static_cast<log::Codec>(config.compression_type))};
  }

  using NewRecord = RecordAccumulator::NewRecord;
  using NewRun = RecordAccumulator::NewRun;
  sim::Task<bool> send(ProducerRecord record);
  sim::Task<bool> send(ProducerRun records);
  sim::Task<std::optional<RecordRun>> append_all(const ProducerRun& records, NewRun left,
                                                 Time deadline);
  bool refuse(const RecordRun& run, const TopicPartition& partition, ErrorCode error,
              std::string_view exception);
  bool too_large(std::size_t size_bound) const {
    const Bytes bound(static_cast<std::int64_t>(size_bound));
    return bound > config.max_request_size || bound > config.buffer_memory;
  }
  /// False: there was no memory for it before the deadline. Of a run what was appended is taken out
  /// of it, and no more than fits into one batch.
  template <class New>
  sim::Task<bool> append(std::string topic, std::optional<int> partition, New& record,
                         Time deadline);
  sim::Task<bool> wait_for_topic(const std::string& topic, Time deadline);
  sim::Task<bool> take_memory(Bytes size, Time deadline);
  void wake_sender() { network.changed().notify_all(); }
  /// NONE, or why no record can be sent now.
  ErrorCode check_transaction() const;
  sim::Task<ErrorCode> wait_for(OutcomePtr outcome);
  sim::Task<ErrorCode> change_state(OutcomePtr outcome);
  OutcomePtr pending;  ///< Of a call that has not ended within max.block.ms.

  sim::Process& process;
  sim::World& world;
  const ProducerSetup setup;
  const ProducerConfig& config;
  ClusterContext& context;
  ClientNetwork network;
  const std::unique_ptr<TransactionManager> transactions;  ///< nullptr: it is not idempotent.
  RecordAccumulator accumulator;
  Partitioner partitioner;
  BufferPool memory;
  bool closed = false;
  Counters counters;
  Sender sender;
};

KafkaProducer::KafkaProducer(sim::Process& process, ProducerSetup setup, ClusterContext& context)
    : impl_(std::make_unique<Impl>(process, std::move(setup), context)) {}
KafkaProducer::~KafkaProducer() = default;

const KafkaProducer::Counters& KafkaProducer::counters() const { return impl_->counters; }
Bytes KafkaProducer::buffer_available() const { return impl_->memory.available(); }
std::int64_t KafkaProducer::records_buffered() const { return impl_->accumulator.incomplete(); }

sim::Task<bool> KafkaProducer::send(ProducerRecord record) {
  return impl_->send(std::move(record));
}

sim::Task<bool> KafkaProducer::send(ProducerRun run) { return impl_->send(std::move(run)); }

bool KafkaProducer::Impl::refuse(const RecordRun& run, const TopicPartition& partition,
                                 ErrorCode error, std::string_view exception) {
  counters.records_failed += run.count;
  network.errors().gave_up(ApiKey::produce, error, exception, &partition);
  context.observer.on_send_failed(run, error, exception);
  return false;
}

sim::Task<bool> KafkaProducer::Impl::send(ProducerRun records) {
  const RecordRun all = records.run;
  counters.records_sent += all.count;
  context.observer.on_sent({all, records.intended_first, records.intended_last, {}});
  const TopicPartition partition{records.topic, records.partition.value_or(-1)};
  if (closed) {
    co_return refuse(all, partition, ErrorCode::unknown_server_error, "IllegalStateException");
  }
  if (const ErrorCode wrong = check_transaction(); wrong != ErrorCode::none) {
    co_return refuse(all, partition, wrong, "KafkaException");
  }
  const Time deadline = world.now() + config.max_block;
  const bool known = co_await wait_for_topic(records.topic, deadline);
  if (!known) co_return refuse(all, partition, ErrorCode::request_timed_out, "TimeoutException");
  NewRun left{all, 0, records.key_size, records.bytes};
  if (too_large(RecordAccumulator::size_bound(left))) {
    co_return refuse(all, partition, ErrorCode::message_too_large, "RecordTooLargeException");
  }
  sim::Cpu& cpu = process.machine().cpu();
  const std::int64_t key = std::max<std::int64_t>(0, records.key_size);
  const Duration each =
      send_cost(config, cpu.config().codecs, static_cast<std::size_t>(left.value_size() + key));
  while (left.run.count > 0) {
    NewRun piece = left.take(
        std::min<std::int64_t>(left.run.count, std::max<std::int64_t>(1, work_at_once / each)));
    co_await cpu.run(each * piece.run.count);
    piece.timestamp = context.stamp_millis(process.machine());
    const std::optional<RecordRun> refused = co_await append_all(records, piece, deadline);
    if (!refused) continue;
    const RecordRun rest{all.producer, refused->first, all.end() - refused->first};
    co_return refuse(rest, partition, ErrorCode::request_timed_out, "BufferExhaustedException");
  }
  co_return true;
}

/// Those that there was no room for, and all behind them.
sim::Task<std::optional<RecordRun>> KafkaProducer::Impl::append_all(const ProducerRun& records,
                                                                    NewRun left, Time deadline) {
  while (left.run.count > 0) {
    std::optional<int> to = records.partition;
    // A custom partitioner is asked for each record, and again when that would begin a batch.
    const bool one_by_one = !to && partitioner.is_custom();
    NewRun next = left.take(one_by_one ? 1 : left.run.count);
    if (!to) to = partitioner.choose(network.view(), records.topic, std::nullopt);
    if (one_by_one) {
      if (accumulator.append({records.topic, *to}, next)) {
        if (transactions) transactions->add_partition({records.topic, *to});
        if (accumulator.sendable({records.topic, *to})) wake_sender();
        continue;
      }
      to = partitioner.choose(network.view(), records.topic, std::nullopt);
    }
    const bool appended = co_await append(records.topic, to, next, deadline);
    if (!appended) co_return next.run;
    if (next.run.count > 0) left = next;
  }
  co_return std::nullopt;
}

sim::Task<bool> KafkaProducer::Impl::send(ProducerRecord record) {
  ++counters.records_sent;
  const RecordRun run{record.ref.producer, record.ref.number, 1};
  const TopicPartition named{record.topic, record.partition.value_or(-1)};
  context.observer.on_sent({run, record.intended, record.intended, record.value});
  if (closed) {
    co_return refuse(run, named, ErrorCode::unknown_server_error, "IllegalStateException");
  }
  if (const ErrorCode wrong = check_transaction(); wrong != ErrorCode::none) {
    co_return refuse(run, named, wrong, "KafkaException");
  }
  const Time deadline = world.now() + config.max_block;
  const bool known = co_await wait_for_topic(record.topic, deadline);
  if (!known) co_return refuse(run, named, ErrorCode::request_timed_out, "TimeoutException");

  NewRecord fresh;
  fresh.ref = record.ref;
  if (record.key) fresh.key = *record.key;
  fresh.value = record.value;
  if (too_large(RecordAccumulator::size_bound(fresh))) {
    co_return refuse(run, named, ErrorCode::message_too_large, "RecordTooLargeException");
  }
  sim::Cpu& cpu = process.machine().cpu();
  const Duration cost = send_cost(config, cpu.config().codecs,
                                  record.value.size() + (record.key ? record.key->size() : 0));
  co_await cpu.run(cost);

  fresh.timestamp = record.timestamp.value_or(context.stamp_millis(process.machine()));
  std::optional<int> partition = record.partition;
  if (!partition) partition = partitioner.choose(network.view(), record.topic, fresh.key);
  if (!record.partition && partitioner.is_custom()) {
    // A custom partitioner is asked again when the record would begin a batch (abortOnNewBatch).
    if (accumulator.append({record.topic, *partition}, fresh)) {
      if (transactions) transactions->add_partition({record.topic, *partition});
      if (accumulator.sendable({record.topic, *partition})) wake_sender();
      co_return true;
    }
    partition = partitioner.choose(network.view(), record.topic, fresh.key);
  }
  const bool appended = co_await append(record.topic, partition, fresh, deadline);
  if (!appended) {
    co_return refuse(run, named, ErrorCode::request_timed_out, "BufferExhaustedException");
  }
  co_return true;
}

/// RecordAccumulator.append: without a partition the sticky one of the moment, looked at again
/// after every wait, and left before the append when its batches are full.
template <class New>
sim::Task<bool> KafkaProducer::Impl::append(std::string topic, std::optional<int> partition,
                                            New& record, Time deadline) {
  const Bytes size = accumulator.memory_for(record);
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
        has_memory = co_await take_memory(size, deadline);
        if (!has_memory) co_return false;
        continue;  // another caller may have begun a batch, or changed the partition
      }
      grown = accumulator.append_new(to, record, world.now());
      has_memory = false;
    }
    if (!partition) {
      partitioner.appended(network.view(), topic, *grown, accumulator.batches_full(to));
    }
    if (has_memory) memory.give_back(size);
    if (transactions) transactions->add_partition(to);
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
  const Time began = world.now();
  const bool taken = co_await memory.take(size, deadline);
  counters.waited_for_buffer += world.now() - began;
  co_return taken;
}

// --- Transactions ---

ErrorCode KafkaProducer::Impl::check_transaction() const {
  if (!transactions) return ErrorCode::none;
  if (transactions->failed() || transactions->must_abort()) return transactions->last_error();
  const bool outside = transactions->transactional() &&
                       transactions->state() != TransactionManager::State::in_transaction;
  return outside ? ErrorCode::invalid_txn_state : ErrorCode::none;
}

/// TransactionalRequestResult.await.
sim::Task<ErrorCode> KafkaProducer::Impl::wait_for(OutcomePtr outcome) {
  wake_sender();
  const Time deadline = world.now() + config.max_block;
  while (!outcome->done) {
    if (world.now() >= deadline) co_return ErrorCode::request_timed_out;
    co_await network.changed().wait(deadline);
  }
  co_return outcome->error;
}

/// TransactionManager.handleCachedTransactionRequestResult.
sim::Task<ErrorCode> KafkaProducer::Impl::change_state(OutcomePtr outcome) {
  pending = outcome;
  const ErrorCode error = co_await wait_for(outcome);
  if (outcome->done) pending.reset();
  co_return error;
}

bool KafkaProducer::must_abort() const {
  return impl_->transactions && impl_->transactions->must_abort();
}

bool KafkaProducer::call_under_way() const { return impl_->pending != nullptr; }

bool KafkaProducer::failed() const { return impl_->transactions && impl_->transactions->failed(); }

sim::Task<ErrorCode> KafkaProducer::init_transactions() {
  return impl_->change_state(impl_->pending ? impl_->pending : impl_->transactions->initialize());
}
ErrorCode KafkaProducer::begin_transaction() { return impl_->transactions->begin(); }
sim::Task<ErrorCode> KafkaProducer::send_offsets(GroupOffsets offsets) {
  return impl_->wait_for(impl_->transactions->send_offsets(std::move(offsets)));
}
sim::Task<ErrorCode> KafkaProducer::commit_transaction() {
  return impl_->change_state(impl_->pending ? impl_->pending : impl_->transactions->begin_commit());
}
sim::Task<ErrorCode> KafkaProducer::abort_transaction() {
  return impl_->change_state(impl_->pending ? impl_->pending : impl_->transactions->begin_abort());
}

sim::Task<> KafkaProducer::flush() {
  Impl& impl = *impl_;
  const std::int64_t goal = impl.counters.records_sent;
  impl.accumulator.begin_flush();
  impl.wake_sender();
  // Every record sent so far has met its fate once as many have as were sent by then; later ones
  // may take their place in the count, which only makes the wait end with the buffer empty.
  while (impl.accumulator.incomplete() > 0 &&
         impl.counters.records_acknowledged + impl.counters.records_failed < goal) {
    co_await impl.network.changed().wait();
  }
  impl.accumulator.end_flush();
}

void KafkaProducer::shut() { impl_->network.shut(); }

sim::Task<> KafkaProducer::close(Time deadline) {
  Impl& impl = *impl_;
  impl.closed = true;
  impl.accumulator.set_closed();
  impl.wake_sender();
  while (impl.accumulator.incomplete() > 0 && impl.world.now() < deadline) {
    co_await impl.network.changed().wait(deadline);
  }
  // Sender.run: a transaction that nobody ends is aborted.
  if (impl.transactions && impl.transactions->has_open_transaction() &&
      !impl.transactions->failed()) {
    if (!impl.transactions->completing()) (void)impl.transactions->begin_abort();
    impl.wake_sender();
    while (impl.transactions->has_open_transaction() && !impl.transactions->failed() &&
           impl.world.now() < deadline) {
      co_await impl.network.changed().wait(deadline);
    }
  }
  impl.sender.abort_incomplete();
}

}  // namespace brokerlab::model
