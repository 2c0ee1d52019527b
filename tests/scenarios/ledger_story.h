// LedgerStory: what clients and brokers do, told by hand to a ledger, of one partition whose
// replicas have real logs. Header-only, so that more than one test can tell it.
#pragma once

#include "log/batch/batch_filter.h"
#include "log/batch/control_record.h"
#include "log/env/memory_env.h"
#include "model/events.h"
#include "scenarios/ledger/ledger.h"
#include "sim/machine.h"

#include <catch2/catch.hpp>

#include <set>

namespace brokerlab::scenarios {

using model::BrokerId;

inline const model::TopicPartition partition{"t", 0};

class LedgerStory {
 public:
  explicit LedgerStory(bool acks_all = false, bool idempotent = false,
                       const model::TopicConfig& config = {}) {
    ledger.set_context(&context_);
    ledger.set_replica_finder([this](BrokerId id, const model::TopicPartition&) {
      const auto found = replicas_.find(id);
      return found == replicas_.end() || !found->second->up ? nullptr : &found->second->partition;
    });
    ledger.declare_producer(0, {acks_all, idempotent}, "t");
    ledger.declare_consumer("reader", "readers", false, {"t"});
    ledger.declare_consumer("careful", "careful", false, {"t"}, true);
    for (int i = 1; i <= 3; ++i) {
      const sim::MachineId machine(i);
      context_.broker_machines[BrokerId(i)] = machine;
      world.trace().name_machine(machine, fmt::format("broker-{}", i));
      replicas_[BrokerId(i)] =
          std::make_unique<Replica>(BrokerId(i), partitions_.id_of(partition), config);
    }
  }

  // --- What happens ---

  void wait(Duration time) { world.run(world.now() + time); }

  /// The controller elects it, and it takes up leading.
  void lead(int broker, int epoch, const std::vector<int>& isr = {1, 2, 3}) {
    elect(broker, epoch, isr);
    take_up(broker, epoch, isr);
  }
  void elect(int broker, int epoch, const std::vector<int>& isr = {1, 2, 3}) {
    ledger.on_partition_state(partition, BrokerId(broker), epoch, ids(isr), ids({1, 2, 3}));
  }
  void take_up(int broker, int epoch, const std::vector<int>& isr = {1, 2, 3}) {
    take_up_unheard(broker, epoch, isr);
    ledger.on_became_leader(BrokerId(broker), partition, epoch);
  }

  void take_up_unheard(int broker, int epoch, const std::vector<int>& isr = {1, 2, 3}) {
    model::LeaderAndIsrRequest::Partition state{partition, {}, ids({1, 2, 3}), false};
    state.state = {BrokerId(broker), epoch, ids(isr), epoch};
    replica(broker).make_leader(state, world.now());
  }

  void send(std::int64_t number) { send_bytes({0, number, 1}, value(number)); }
  void send_bytes(const model::RecordRun& run, const std::string& bytes) {
    ledger.on_sent({run, world.now(), world.now(), log::as_bytes(bytes)});
  }
  /// A batch of one record that the leader appends.
  void append(int leader, std::int64_t number, std::optional<std::string> key = {}) {
    append_with({}, leader, number, std::move(key));
  }
  /// The same of an idempotent producer.
  void append_of(std::int64_t producer_id, int sequence, int leader, std::int64_t number) {
    append_with({.producer_id = producer_id, .producer_epoch = 0, .base_sequence = sequence},
                leader, number, {});
  }
  void append_with(const log::BatchBuilder::Options& options, int leader, std::int64_t number,
                   std::optional<std::string> key) {
    log::BatchBuilder builder(options);
    const std::string text = value(number);
    builder.append(0, key ? std::optional(log::as_bytes(*key)) : std::nullopt, log::as_bytes(text));
    append_batch(leader, builder.build(), log::AppendOrigin::client);
  }
  /// A batch of one record, part of a transaction, by the producer with that epoch.
  void append_in_transaction(int leader, std::int64_t number, model::ProducerIdAndEpoch producer) {
    log::BatchBuilder::Options options;
    options.producer_id = producer.id;
    options.producer_epoch = producer.epoch;
    options.base_sequence = sequences_[{producer.id, producer.epoch}]++;
    options.transactional = true;
    log::BatchBuilder builder(options);
    const std::string text = value(number);
    builder.append(0, {}, log::as_bytes(text));
    const log::Offset first = append_batch(leader, builder.build(), log::AppendOrigin::client);
    const std::vector<model::RecordRun> records{{0, number, 1}};
    ledger.on_batch_appended({.leader = BrokerId(leader),
                              .partition = partition,
                              .records = records,
                              .base_offset = first,
                              .because = {},
                              .producer = producer});
  }
  /// The end of a transaction, as a coordinator has it written.
  void append_marker(int leader, model::ProducerIdAndEpoch producer, bool committed) {
    const auto end = committed ? log::TransactionResult::commit : log::TransactionResult::abort;
    const log::Offset offset =
        append_batch(leader, log::build_marker(producer.id, producer.epoch, 0, {end, 0}),
                     log::AppendOrigin::coordinator);
    ledger.on_marker_appended(BrokerId(leader), partition, offset, producer, committed);
  }
  /// The follower fetches all that it lacks, or from an offset on: it has a hole before that.
  void copy(int leader, int follower, std::optional<log::Offset> from = {}) {
    model::Partition& to = replica(follower);
    const log::Offset end = replica(leader).log_end_offset();
    const log::Offset begin = from.value_or(to.log_end_offset());
    const auto data = replica(leader).log().read(begin, 1 << 20, end, true);
    REQUIRE(data.ok());
    model::FetchResponse::Partition fetched{partition};
    fetched.high_watermark = end;
    fetched.records = data->bytes;
    REQUIRE(to.append_as_follower(fetched, 0).ok());
    ledger.on_log_end(BrokerId(follower), partition, to.log_end_offset());
  }
  void acknowledge(std::int64_t number, log::Offset offset) {
    ledger.on_acknowledged({0, number, 1}, partition, offset);
  }
  /// As a producer tells it: the batch, then its records.
  void give_up(const std::vector<int>& numbers) {
    world.trace().record(model::events::producer_record_failed,
                         {.partition = partitions_.id_of(partition)}, {});
    for (const int number : numbers) {
      ledger.on_send_failed({0, number, 1}, model::ErrorCode::request_timed_out, {});
    }
  }
  void write(int leader, std::int64_t number, log::Offset offset) {
    send(number);
    append(leader, number);
    acknowledge(number, offset);
  }
  void commit_up_to(int leader, log::Offset offset) {
    ledger.on_high_watermark(BrokerId(leader), partition, offset);
  }
  /// A keyed record, sent, appended and acknowledged.
  void write_keyed(int leader, std::int64_t number, const std::string& key) {
    send(number);
    append(leader, number, key);
    acknowledge(number, number);
  }
  /// A record without a value, of nobody that the ledger knows.
  void append_tombstone(int leader, const std::string& key) {
    log::BatchBuilder builder;
    builder.append(0, log::as_bytes(key), std::nullopt);
    append_batch(leader, builder.build(), log::AppendOrigin::client);
  }
  /// A cleaner is about to leave only these offsets of the log, of what it meets for the first time
  /// the tombstones until then.
  void compact(int broker, const std::set<log::Offset>& kept,
               std::optional<log::Timestamp> horizon = {}) {
    log::MemoryEnv env;
    const log::Log& log = replica(broker).log();
    REQUIRE(env.make_dir("/copy").ok());
    auto copy = log::LogSegment::create(env, "/copy", 0, log.config(), 0, log::cleaned_suffix);
    REQUIRE(copy.ok());
    const auto all = log.read(0, 1 << 20, log.log_end_offset(), true);
    REQUIRE(all.ok());
    for (const log::BatchView& batch : log::Batches(all->bytes)) {
      if (!kept.contains(batch.base_offset())) continue;
      const auto records = log::decode_records(batch);
      REQUIRE(records.ok());
      const log::ByteVector left = log::filter_batch(batch, *records, horizon);
      const log::BatchSummary summary = log::BatchView::parse(left).value().summary();
      REQUIRE(copy->append(left, {&summary, 1}).ok());
    }
    const std::vector<const log::LogSegment*> originals{log.segments().front().get()};
    ledger.on_compacting({BrokerId(broker), partition, originals, *copy, 0});
  }
  /// As an operator asks for it.
  void delete_below(int broker, log::Offset start) {
    const log::Offset from = replica(broker).log().log_start_offset();
    ledger.on_deleting({BrokerId(broker), partition, from, start, 0, true});
    REQUIRE(replica(broker).log().advance_log_start_offset(start).ok());
  }
  void truncate(int broker, log::Offset to) {
    const log::Offset end = replica(broker).log_end_offset();
    REQUIRE(replica(broker).truncate_to(to).ok());
    ledger.on_truncated(BrokerId(broker), partition, to, end);
  }
  void consume(log::Offset offset, const std::string& bytes) { consume("reader", offset, bytes); }
  void consume(std::string_view who, log::Offset offset, const std::string& bytes) {
    ledger.on_consumed({.consumer = who,
                        .partition = partition,
                        .first = offset,
                        .count = 1,
                        .since = world.now(),
                        .value = log::as_bytes(bytes)});
  }
  /// A bit of what stands in the broker's first segment.
  void flip(int broker, std::int64_t position, int bit) {
    replicas_.at(BrokerId(broker))->env.flip_bit("t-0/00000000000000000000.log", position, bit);
  }
  void crash(int broker) { replicas_.at(BrokerId(broker))->up = false; }
  void start(int broker) {
    replicas_.at(BrokerId(broker))->up = true;
    world.trace().record(sim::events::process_started, {.machine = sim::MachineId(broker)},
                         {{"who", fmt::format("broker-{}", broker)}});
  }
  void lose_power(int broker) {
    world.trace().record(sim::events::power_off, {.machine = sim::MachineId(broker)});
  }

  // --- What the ledger says ---

  /// "broken", "kept", "kept but for 1 record lost by ..."; "" when it knows no such promise.
  std::string promise(std::string_view name) const {
    for (const Invariant& one : ledger.invariants()) {
      if (one.name != name) continue;
      if (!one.held()) return "broken";
      std::string text = "kept";
      for (const auto& [what, count] : one.exemptions) {
        text += (text == "kept" ? " but for " : ", ") + words_for(what, count).english;
      }
      return text;
    }
    return "";
  }
  const Ledger::PartitionView& view() const { return ledger.partitions().at(partition); }
  model::Partition& replica(int broker) { return replicas_.at(BrokerId(broker))->partition; }
  static std::string value(std::int64_t number) { return fmt::format("{{\"id\": {}}}", number); }

  sim::World world{1};
  Ledger ledger{world};

 private:
  log::Offset append_batch(int leader, log::ByteVector batch, log::AppendOrigin origin) {
    const log::Offset first = replica(leader).log_end_offset();
    REQUIRE(
        replica(leader).append_as_leader(batch, model::Acks::leader, world.now(), 0, origin).ok());
    ledger.on_leader_append(BrokerId(leader), partition, replica(leader).leader_epoch(), first,
                            first + 1, 100);
    return first;
  }

  struct Replica {
    Replica(BrokerId id, sim::PartitionId number, const model::TopicConfig& config)
        : partition(id, tests_partition(), number, config, 30s) {
      auto log = log::Log::open(env, "t-0", log::LogConfig{}, {});
      REQUIRE(log.ok());
      partition.set_log(std::move(*log), 0, Time{});
    }
    static const model::TopicPartition& tests_partition() { return scenarios::partition; }
    log::MemoryEnv env;
    model::Partition partition;
    bool up = true;
  };
  static std::vector<BrokerId> ids(const std::vector<int>& numbers) {
    return {numbers.begin(), numbers.end()};
  }

  model::PartitionDirectory partitions_{world};
  model::ClusterContext context_{world, ledger, partitions_};
  std::map<BrokerId, std::unique_ptr<Replica>> replicas_;
  std::map<std::pair<std::int64_t, std::int16_t>, std::int32_t> sequences_;  ///< The next ones.
};

}  // namespace brokerlab::scenarios
