// What a transactional id may become, step by step, and the bytes that keep it. Held against
// kafka.coordinator.transaction.{TransactionMetadata, TransactionLog}.
#include "model/transaction/transaction_state.h"

#include "model/transaction/transaction_records.h"

#include <catch2/catch.hpp>

using namespace brokerlab;
using namespace brokerlab::model;

namespace {

const TopicPartition txn_a{"t", 0};
const TopicPartition txn_b{"t", 1};

/// A transactional id whose changes are all written at once.
struct TransactionLife {
  TransactionMetadata metadata{[] {
    TransactionTransit fresh;
    fresh.producer.id = 7;
    fresh.timeout = 60s;
    return fresh;
  }()};

  TransactionLife() { next_epoch(); }
  void next_epoch(std::optional<std::int16_t> expected = std::nullopt) {
    metadata.complete(metadata.prepare_next_epoch(60s, expected, 1).value());
  }
  void add(const std::set<TopicPartition>& partitions, log::Timestamp now) {
    metadata.complete(metadata.prepare_add(partitions, now));
  }
  void end(TransactionPhase how, log::Timestamp now) {
    metadata.complete(metadata.prepare_end(how, now));
    for (const TopicPartition& one : std::set<TopicPartition>(metadata.partitions())) {
      metadata.remove_partition(one);
    }
    metadata.complete(metadata.prepare_complete(now));
  }
  std::int16_t epoch() const { return metadata.producer().epoch; }
};

}  // namespace

TEST_CASE("a transaction begins with its first partition and ends with its markers", "[unit]") {
  TransactionLife life;
  CHECK(life.metadata.phase() == TransactionPhase::empty);
  CHECK(life.metadata.producer() == ProducerIdAndEpoch{7, 0});
  life.add({txn_a}, 10);
  life.add({txn_b}, 20);
  CHECK(life.metadata.phase() == TransactionPhase::ongoing);
  CHECK(life.metadata.state().started == 10);
  CHECK(life.metadata.partitions() == std::set<TopicPartition>{txn_a, txn_b});
  life.metadata.complete(life.metadata.prepare_end(TransactionPhase::prepare_commit, 30));
  CHECK(life.metadata.partitions().size() == 2);
  life.metadata.remove_partition(txn_a);
  life.metadata.remove_partition(txn_b);
  life.metadata.complete(life.metadata.prepare_complete(40));
  CHECK(life.metadata.phase() == TransactionPhase::complete_commit);
  life.add({txn_b}, 50);
  CHECK(life.metadata.state().started == 50);
  life.end(TransactionPhase::prepare_abort, 60);
  CHECK(life.metadata.phase() == TransactionPhase::complete_abort);
}

TEST_CASE("while a change is written the id is busy; what fails is forgotten", "[unit]") {
  TransactionLife life;
  (void)life.metadata.prepare_add({txn_a}, 10);
  CHECK(life.metadata.pending() == TransactionPhase::ongoing);
  CHECK(life.metadata.phase() == TransactionPhase::empty);
  life.metadata.give_up_pending();
  CHECK_FALSE(life.metadata.pending());
  CHECK(life.metadata.partitions().empty());
}

TEST_CASE("each producer that begins gets the next epoch", "[unit]") {
  TransactionLife life;
  life.next_epoch();
  CHECK(life.epoch() == 1);
  // Who says which epoch it has must be the one that has it (KIP-360).
  life.next_epoch(1);
  CHECK(life.epoch() == 2);
  CHECK(life.metadata.prepare_next_epoch(60s, 0, 2).error() == ErrorCode::producer_fenced);
  // The answer was lost, and it asks again: the epoch it was given stands.
  life.next_epoch(1);
  CHECK(life.epoch() == 2);
}

TEST_CASE("a fence has an epoch that its producer never gets", "[unit]") {
  TransactionLife life;
  life.add({txn_a}, 10);
  const TransactionTransit fence = life.metadata.prepare_fence();
  CHECK(fence.producer.epoch == 1);
  life.metadata.adopt_fence(fence.producer.epoch);
  CHECK(life.epoch() == 1);
  CHECK(life.metadata.phase() == TransactionPhase::ongoing);
  (void)life.metadata.prepare_end(TransactionPhase::prepare_abort, 20);
  // It could not be written: the next fence needs no other epoch.
  life.metadata.give_up_pending();
  life.metadata.note_failed_fence();
  CHECK(life.metadata.prepare_fence().producer.epoch == 1);
}

TEST_CASE("an id without epochs left is followed by another", "[unit]") {
  TransactionTransit old;
  old.producer = {7, 32766};
  old.phase = TransactionPhase::complete_commit;
  TransactionMetadata metadata(old);
  CHECK(metadata.epoch_exhausted());
  metadata.complete(metadata.prepare_next_id(8, 60s, 1, true));
  CHECK(metadata.producer() == ProducerIdAndEpoch{8, 0});
  CHECK(metadata.last_producer_id() == 7);
  CHECK(metadata.state().last_epoch == 32766);
}

TEST_CASE("a state is read back from its bytes as it was written", "[unit]") {
  TransactionTransit state;
  state.producer = {7, 3};
  state.timeout = 90s;
  state.phase = TransactionPhase::prepare_commit;
  state.partitions = {txn_a, txn_b, {"__consumer_offsets", 12}};
  state.started = 1'700'000'000'123;
  state.updated = 1'700'000'000'456;
  const log::ByteVector key = transaction_key("payments");
  const log::ByteVector value = transaction_value(state);
  // version 2, id 8, epoch 2, timeout 4, phase 1, topics 4: "t" 3, count 4, two of 4; the other
  // 2 + 18, count 4, one of 4; two times 8
  CHECK(value.size() == 2 + 8 + 2 + 4 + 1 + 4 + (3 + 4 + 8) + (20 + 4 + 4) + 16);
  log::RecordView record;
  record.key = key;
  record.value = value;
  const auto read = decode_transaction_record(record);
  REQUIRE(read);
  CHECK(read->transactional_id == "payments");
  CHECK(*read->state == state);
  record.value.reset();
  CHECK_FALSE(decode_transaction_record(record)->state);
  for (std::size_t size = 0; size < value.size(); ++size) {
    record.value = log::ByteView(value).first(size);
    CHECK_FALSE(decode_transaction_record(record));
  }
}
