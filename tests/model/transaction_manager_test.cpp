// Stories of an idempotent producer's sequences. Held against
// org.apache.kafka.clients.producer.internals.TransactionManager.
#include "model/client/transaction_manager.h"

#include <catch2/catch.hpp>

using namespace brokerlab;
using namespace brokerlab::model;

namespace {

const TopicPartition wifi{"wifi", 0};

/// A producer whose batches are drained, answered and given up by hand.
struct Numbers {
  TransactionManager manager;

  Numbers() {
    manager.begin_turn();
    REQUIRE(wants_id());
    manager.take_producer_id({7, 0});
  }
  bool wants_id() {
    const auto request = manager.next_request(false);
    return request && request->kind == TransactionRequest::Kind::init_producer_id;
  }
  BatchPtr drain(std::int64_t records, const TopicPartition& to = wifi) {
    auto batch =
        std::make_shared<ProducerBatch>(to, log::BatchBuilder::Options{}, 1000, 1.0, Time{});
    batch->record_count = records;
    manager.adopt_producer(to);
    batch->set_producer(manager.producer(), manager.take_sequences(to, records), false);
    manager.add_in_flight(batch);
    return batch;
  }
  bool retried(const BatchPtr& batch, ErrorCode error) {
    const bool again = manager.can_retry(*batch, error, 0);
    batch->attempts += again ? 1 : 0;
    return again;
  }
  /// Its delivery timeout passed after an attempt.
  void expire(const BatchPtr& batch) {
    manager.on_failed(*batch, ErrorCode::request_timed_out, false);
    manager.mark_unresolved(*batch);
  }
};

}  // namespace

TEST_CASE("a producer asks for its id once", "[unit]") {
  Numbers numbers;
  numbers.manager.begin_turn();
  CHECK_FALSE(numbers.wants_id());
  CHECK(numbers.manager.producer() == ProducerIdAndEpoch{7, 0});
}

TEST_CASE("each partition counts its records for itself", "[unit]") {
  Numbers numbers;
  CHECK(numbers.drain(10)->base_sequence == 0);
  CHECK(numbers.drain(5)->base_sequence == 10);
  CHECK(numbers.drain(1, {"wifi", 1})->base_sequence == 0);
  const BatchPtr next = numbers.drain(1);
  CHECK(next->base_sequence == 15);
  CHECK(next->last_sequence() == 15);
}

TEST_CASE("out of order is no news for a batch behind one that failed", "[unit]") {
  Numbers numbers;
  const BatchPtr first = numbers.drain(10);
  const BatchPtr second = numbers.drain(10);
  CHECK(numbers.retried(first, ErrorCode::not_leader_or_follower));
  CHECK(numbers.retried(second, ErrorCode::out_of_order_sequence_number));
  numbers.manager.begin_turn();
  CHECK(numbers.manager.producer().epoch == 0);
  CHECK(numbers.manager.first_in_flight_sequence(wifi) == 0);  // in its turn: the first
  numbers.manager.on_completed(*first, 0);
  CHECK(numbers.manager.first_in_flight_sequence(wifi) == 10);
}

TEST_CASE("out of order of the batch whose turn it is means a gap: a new epoch", "[unit]") {
  Numbers numbers;
  numbers.manager.on_completed(*numbers.drain(10), 0);
  const BatchPtr second = numbers.drain(10);
  const BatchPtr third = numbers.drain(4);
  const BatchPtr elsewhere = numbers.drain(3, {"wifi", 1});
  CHECK(numbers.retried(second, ErrorCode::out_of_order_sequence_number));
  numbers.manager.begin_turn();
  CHECK(numbers.manager.producer() == ProducerIdAndEpoch{7, 1});
  CHECK(second->base_sequence == 0);
  CHECK(second->producer.epoch == 1);
  CHECK(third->base_sequence == 10);
  CHECK(third->reopened);
  // Others keep theirs until nothing of theirs is under way.
  CHECK(elsewhere->producer.epoch == 0);
  CHECK(numbers.manager.has_stale_producer({"wifi", 1}));
  // The answer to its former sequence says nothing about the present one.
  CHECK(numbers.retried(third, ErrorCode::out_of_order_sequence_number));
  numbers.manager.begin_turn();
  CHECK(numbers.manager.producer().epoch == 1);
}

TEST_CASE("a batch that expired may have been written: those behind it show", "[unit]") {
  Numbers numbers;
  const BatchPtr first = numbers.drain(10);
  const BatchPtr second = numbers.drain(10);
  numbers.expire(first);
  CHECK(numbers.manager.has_unresolved_sequence(wifi));
  SECTION("they are written: it was, too") {
    numbers.manager.on_completed(*second, 10);
    numbers.manager.begin_turn();
    CHECK_FALSE(numbers.manager.has_unresolved_sequence(wifi));
    CHECK(numbers.manager.producer().epoch == 0);
  }
  SECTION("the next is out of order: it was not, and its sequences are free in a new epoch") {
    CHECK(numbers.retried(second, ErrorCode::out_of_order_sequence_number));
    numbers.manager.begin_turn();
    CHECK(numbers.manager.producer().epoch == 1);
    CHECK(second->base_sequence == 0);
    CHECK_FALSE(numbers.manager.has_unresolved_sequence(wifi));
  }
  SECTION("all expire: nobody knows, and a new epoch keeps what comes late out") {
    numbers.expire(second);
    numbers.manager.begin_turn();
    CHECK(numbers.manager.producer().epoch == 1);
    CHECK(numbers.drain(1)->base_sequence == 0);
  }
}

TEST_CASE("a batch that a broker refuses for good leaves no gap", "[unit]") {
  Numbers numbers;
  const BatchPtr first = numbers.drain(10);
  const BatchPtr second = numbers.drain(10);
  CHECK_FALSE(numbers.retried(first, ErrorCode::invalid_topic));
  numbers.manager.on_failed(*first, ErrorCode::invalid_topic, true);
  numbers.manager.begin_turn();
  CHECK(numbers.manager.producer().epoch == 1);
  CHECK(second->base_sequence == 0);
}

TEST_CASE("a broker that knows nothing of the producer gets it anew", "[unit]") {
  Numbers numbers;
  numbers.manager.on_completed(*numbers.drain(10), 0);
  const BatchPtr second = numbers.drain(10);
  CHECK(numbers.manager.can_retry(*second, ErrorCode::unknown_producer_id, log::no_offset));
  numbers.manager.begin_turn();
  CHECK(numbers.manager.producer().epoch == 0);  // no start of the log to go by yet
  CHECK(numbers.retried(second, ErrorCode::unknown_producer_id));
  numbers.manager.begin_turn();
  CHECK(numbers.manager.producer().epoch == 1);
  CHECK(second->base_sequence == 0);
}

TEST_CASE("the last epoch of an id is followed by another id", "[unit]") {
  Numbers numbers;
  numbers.manager.take_producer_id({7, 32767});
  numbers.expire(numbers.drain(1));
  numbers.manager.begin_turn();
  CHECK(numbers.wants_id());
  numbers.manager.take_producer_id({8, 0});
  CHECK(numbers.drain(1)->producer == ProducerIdAndEpoch{8, 0});
}

TEST_CASE("a batch gets its sequence on its way, whatever it is made of", "[unit]") {
  log::BatchBuilder builder;
  builder.append(1, std::nullopt, log::as_bytes("value"));
  const log::ByteVector bytes = builder.build();
  ProducerBatch real(wifi, {}, 1000, 1.0, Time{});
  real.records = log::ByteSlice::copy_of(bytes);
  real.set_producer({7, 1}, 42, false);
  real.write_producer();
  const auto view = log::validate(real.records.bytes());
  REQUIRE(view.ok());
  CHECK(view->producer_id() == 7);
  CHECK(view->producer_epoch() == 1);
  CHECK(view->base_sequence() == 42);

  ProducerBatch phantom(wifi, {}, 1000, 1.0, Time{});
  phantom.records = log::PhantomBatch{.record_count = 3, .payload_size = 100, .seed = 1};
  phantom.set_producer({7, 1}, 42, true);
  phantom.write_producer();
  CHECK(phantom.records.phantoms().front().producer_id == 7);
  CHECK(phantom.records.phantoms().front().base_sequence == 42);
  CHECK(phantom.records.phantoms().front().is_transactional());
}
