// Stories of an idempotent producer and brokers that remember it, and do as they are told. Held
// against org.apache.kafka.clients.producer.internals.{Sender, RecordAccumulator,
// TransactionManager}.
#include "tests/model/producer_story.h"

#include <catch2/catch.hpp>

using namespace brokerlab;
using namespace brokerlab::model;

namespace {

struct IdempotentStory : ProducerStory {
  explicit IdempotentStory(int broker_count = 1, int partition_count = 1)
      : ProducerStory(broker_count, partition_count) {
    setup.config.acks = Acks::all;
    setup.config.enable_idempotence = true;
    setup.config.batch_size = Bytes(0);  // each record a batch
  }
  /// Every record once, in the order in which it was sent.
  bool stored_as_sent(int number, std::size_t count) {
    const std::vector<std::string> values = stored(number);
    if (values.size() != count) return false;
    std::int64_t last = -1;
    for (const std::string& value : values) {
      const std::int64_t which = std::stoll(value.substr(std::string("record ").size()));
      if (which <= last) return false;
      last = which;
    }
    return true;
  }
  int errors(const char* api, const char* name) {
    return diary.errors[{api, name, ClientError::Source::response}];
  }
};

}  // namespace

TEST_CASE("an idempotent producer sends nothing before it has its id", "[unit]") {
  IdempotentStory story;
  story.script(1).id_errors = {ErrorCode::coordinator_load_in_progress,
                               ErrorCode::coordinator_load_in_progress};
  story.send(1);
  story.run_for(150ms);
  CHECK(story.script(1).produces == 0);
  story.run_for(2s);
  CHECK(story.diary.acknowledged.size() == 1);
  // Each time after retry.backoff.ms.
  CHECK(story.diary.acknowledged.front().at >= Time(200ms));
  CHECK(story.errors("InitProducerId", "COORDINATOR_LOAD_IN_PROGRESS") == 2);
}

TEST_CASE("a lost answer writes nothing twice, and the retry is told where it stands", "[unit]") {
  IdempotentStory story;
  story.setup.config.request_timeout = 1s;
  story.setup.config.delivery_timeout = 10s;
  story.send(2);
  story.run_for(500ms);
  REQUIRE(story.diary.acknowledged.size() == 2);
  story.script(1).swallow_answers = true;
  story.send(1);
  story.run_for(900ms);
  CHECK(story.partition(0).end == 3);
  story.script(1).swallow_answers = false;
  story.run_for(3s);
  CHECK(story.partition(0).end == 3);
  REQUIRE(story.diary.acknowledged.size() == 3);
  CHECK(story.diary.acknowledged[2].offset == 2);
}

TEST_CASE("with five requests in flight a failure does not change the order", "[unit]") {
  IdempotentStory story;
  story.script(1).delay = 50ms;
  story.send(20, 1ms);
  story.run_for(300ms);
  story.script(1).produce_errors = {ErrorCode::not_enough_replicas};
  story.run_for(10s);
  CHECK(story.diary.acknowledged.size() == 20);
  CHECK(story.stored_as_sent(0, 20));
  // Those behind it were refused, and each was sent again in its turn.
  CHECK(story.errors("Produce", "OUT_OF_ORDER_SEQUENCE_NUMBER") >= 1);
}

TEST_CASE("a leader that moves changes neither number nor order of records", "[unit]") {
  IdempotentStory story(2, 1);
  story.setup.config.request_timeout = 500ms;
  story.setup.config.delivery_timeout = 20s;
  story.send(200, 5ms);
  for (int turn = 0; turn < 4; ++turn) {
    story.run_for(150ms);
    story.script(1 + turn % 2).swallow_answers = true;
    story.run_for(100ms);
    story.partition(0).new_leader(1 + (turn + 1) % 2);
    story.script(1 + turn % 2).swallow_answers = false;
  }
  story.run_for(20s);
  CHECK(story.diary.acknowledged.size() == 200);
  CHECK(story.stored_as_sent(0, 200));
}

TEST_CASE("after records that were given up their producer goes on in a new epoch", "[unit]") {
  IdempotentStory story;
  story.setup.config.request_timeout = 300ms;
  story.setup.config.delivery_timeout = 1s;
  story.send(3, 10ms);
  story.run_for(500ms);
  story.script(1).silent = true;
  story.send(3, 10ms);
  story.run_for(2s);
  CHECK(story.diary.failed.size() == 3);
  story.script(1).silent = false;
  story.run_for(2s);
  story.send(3, 10ms);
  story.run_for(3s);
  CHECK(story.diary.acknowledged.size() == 6);
  CHECK(story.stored_as_sent(0, 6));
  CHECK(story.partition(0).producers.find(0)->epoch == 1);
}

TEST_CASE("a batch that is split keeps its sequences", "[unit]") {
  IdempotentStory story;
  story.setup.config.batch_size = 16_KiB;
  story.setup.config.linger = 20ms;
  story.script(1).produce_errors = {ErrorCode::message_too_large};
  story.send(10, 1ms, 1'000);
  story.run_for(3s);
  CHECK(story.diary.acknowledged.size() == 10);
  CHECK(story.stored_as_sent(0, 10));
}

TEST_CASE("without an answer about its id a producer lets nothing expire", "[unit]") {
  IdempotentStory story;
  story.setup.config.request_timeout = 500ms;
  story.setup.config.delivery_timeout = 1s;
  for (int i = 0; i < 30; ++i) {
    story.script(1).id_errors.push_back(ErrorCode::coordinator_load_in_progress);
  }
  story.send(1);
  story.run_for(2500ms);
  CHECK(story.diary.failed.empty());
  story.run_for(3s);
  CHECK(story.diary.failed.size() == 1);  // it is looked at once there is an id
}
