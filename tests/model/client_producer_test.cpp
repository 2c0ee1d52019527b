// Stories of a producer and brokers that do as they are told.
#include "model/client/partitioner.h"
#include "tests/model/producer_story.h"

#include <catch2/catch.hpp>

#include <set>

using namespace brokerlab;
using namespace brokerlab::model;

TEST_CASE("murmur2 is Kafka's", "[unit]") {
  CHECK(murmur2(log::as_bytes("21")) == -973932308);
  CHECK(murmur2(log::as_bytes("foobar")) == -790332482);
  CHECK(murmur2(log::as_bytes("a-little-bit-long-string")) == -985981536);
  CHECK(murmur2(log::as_bytes("a-little-bit-longer-string")) == -1486304829);
  CHECK(murmur2(log::as_bytes("abc")) == 479470107);
}

TEST_CASE("records that come while the first lingers share its batch", "[unit]") {
  ProducerStory story;
  story.setup.config.linger = 20ms;
  story.send(10, 1ms);
  story.run_for(5s);
  CHECK(story.diary.acknowledged.size() == 10);
  CHECK(story.script(1).batches == std::vector<std::size_t>{10});
}

TEST_CASE("a connection that nobody uses is closed, and made again when it is needed", "[unit]") {
  ProducerStory story;
  story.setup.config.connections_max_idle = 30s;
  story.send(3, 1s);
  story.run_for(31s);
  CHECK(story.count("connection.idle_closed") == 0);  // the third was sent at 2 s
  story.run_for(29s);
  CHECK(story.count("connection.idle_closed") == 1);
  story.send(1);
  story.run_for(5s);
  CHECK(story.diary.acknowledged.size() == 4);
  CHECK(story.diary.failed.empty());
}

TEST_CASE("a full batch does not wait for its linger to end", "[unit]") {
  ProducerStory story;
  story.setup.config.linger = 10s;
  story.setup.config.batch_size = Bytes(1'000);
  story.send(9, 1ms, 200);
  story.run_for(3s);
  CHECK(story.script(1).batches.size() == 2);  // 4 records each; the ninth lingers
  CHECK(story.diary.acknowledged.size() == 8);
  story.run_for(10s);
  CHECK(story.diary.acknowledged.size() == 9);
}

TEST_CASE("what was sent is what is stored, in order, compressed or not", "[unit]") {
  for (const CompressionType codec :
       {CompressionType::none, CompressionType::gzip, CompressionType::snappy, CompressionType::lz4,
        CompressionType::zstd}) {
    ProducerStory story;
    story.setup.config.linger = 5ms;
    story.setup.config.compression_type = codec;
    story.send(200, 500us, 300);
    story.run_for(5s);
    REQUIRE(story.diary.acknowledged.size() == 200);
    const std::vector<std::string> stored = story.stored(0);
    REQUIRE(stored.size() == 200);
    for (std::size_t i = 0; i < stored.size(); ++i) {
      CHECK(stored[i] == story.diary.sent.at(static_cast<std::int64_t>(i)));
      CHECK(story.diary.acknowledged[i].offset == static_cast<Offset>(i));
    }
    if (codec != CompressionType::none) CHECK(story.partition(0).bytes.size() < 30'000);
  }
}

TEST_CASE("no more requests are in flight than the limit", "[unit]") {
  for (const int limit : {1, 3}) {
    ProducerStory story;
    story.setup.config.max_in_flight_requests_per_connection = limit;
    story.setup.config.batch_size = Bytes(0);  // each record a batch
    story.script(1).delay = 50ms;
    story.send(20, 1ms);
    int most = 0;
    story.world.observe(1ms, [&] {
      const auto requests = static_cast<int>(story.producer().counters().requests);
      most = std::max(most, requests - story.script(1).produces_answered);
    });
    story.run_for(5s);
    CHECK(most == limit);
    CHECK(story.diary.acknowledged.size() == 20);
  }
}

TEST_CASE("a retriable error is retried after new metadata, on the new leader", "[unit]") {
  ProducerStory story(2, 1);
  story.send(1);
  story.run_for(1s);
  REQUIRE(story.diary.acknowledged.size() == 1);

  story.partition(0).new_leader(2);
  story.send(1);
  story.run_for(2s);
  CHECK(story.diary.acknowledged.size() == 2);
  CHECK(story.script(1).batches.size() == 1);
  CHECK(story.script(2).batches.size() == 1);
  CHECK(story.count("producer.resumed") == 1);
  CHECK(story.count("producer.request_failed") == 0);  // the broker was reached, it said no
}

TEST_CASE("an error that cannot be retried fails the record at once", "[unit]") {
  ProducerStory story;
  story.script(1).produce_errors = {ErrorCode::invalid_topic};
  story.send(1);
  story.run_for(1s);
  REQUIRE(story.diary.failed.size() == 1);
  CHECK(std::get<1>(story.diary.failed[0]) == ErrorCode::invalid_topic);
}

TEST_CASE("a lost answer makes the producer write twice: the price without idempotence", "[unit]") {
  ProducerStory story;
  story.setup.config.request_timeout = 1s;
  story.setup.config.delivery_timeout = 10s;
  story.script(1).swallow_answers = true;
  story.send(1);
  story.run_for(900ms);
  CHECK(story.partition(0).end == 1);
  CHECK(story.diary.acknowledged.empty());
  story.script(1).swallow_answers = false;
  story.run_for(3s);
  CHECK(story.partition(0).end == 2);
  REQUIRE(story.diary.acknowledged.size() == 1);
  CHECK(story.diary.acknowledged[0].offset == 1);
}

TEST_CASE("a record that nobody takes fails at its delivery timeout", "[unit]") {
  ProducerStory story;
  story.send(1);
  story.run_for(1s);
  story.setup.config.request_timeout = 1s;
  story.setup.config.delivery_timeout = 5s;
  ProducerStory silent;
  silent.setup.config.request_timeout = 1s;
  silent.setup.config.delivery_timeout = 5s;
  silent.send(1);
  silent.run_for(1s);
  silent.script(1).silent = true;
  const Time began = silent.world.now();
  silent.send(1);
  silent.run_for(20s);
  REQUIRE(silent.diary.failed.size() == 1);
  const auto& [record, error, at] = silent.diary.failed[0];
  CHECK(error == ErrorCode::request_timed_out);
  CHECK(at - began >= 5s);
  CHECK(at - began < 5100ms);
  CHECK(silent.count("producer.request_failed") == 1);  // not one a retry
}

TEST_CASE("a full buffer makes send() wait until answers make room", "[unit]") {
  ProducerStory story;
  story.setup.config.batch_size = Bytes(1'000);
  story.setup.config.buffer_memory = Bytes(3'000);
  story.setup.config.max_in_flight_requests_per_connection = 1;
  story.script(1).delay = 500ms;
  story.send(20, {}, 600);  // one a batch
  story.run_for(400ms);
  CHECK(story.sent_at.size() == 3);
  story.run_for(30s);
  CHECK(story.diary.acknowledged.size() == 20);
  CHECK(story.producer().counters().waited_for_buffer > 5s);
  CHECK(story.producer().buffer_available() == Bytes(3'000));
}

TEST_CASE("send() gives up on a full buffer after max.block.ms", "[unit]") {
  ProducerStory story;
  story.setup.config.batch_size = Bytes(1'000);
  story.setup.config.buffer_memory = Bytes(2'000);
  story.setup.config.max_block = 2s;
  story.send(1);
  story.run_for(1s);
  story.script(1).silent = true;
  story.send(3, {}, 600);
  story.run_for(5s);
  REQUIRE(story.diary.failed.size() == 1);
  CHECK(std::get<0>(story.diary.failed[0]).number == 3);
  CHECK(std::get<1>(story.diary.failed[0]) == ErrorCode::request_timed_out);
}

TEST_CASE("a killed broker is noticed at once, and its return too", "[unit]") {
  ProducerStory story;
  story.send(300, 10ms);
  story.run_for(1s);
  story.broker(1).kill();
  story.run_for(500ms);
  CHECK(story.count("producer.request_failed") == 1);
  const std::size_t before = story.diary.acknowledged.size();
  story.broker(1).start();
  story.run_for(5s);
  CHECK(before < 150);
  CHECK(story.diary.acknowledged.size() == 300);
  CHECK(story.count("producer.request_failed") == 1);
  CHECK(story.count("producer.resumed") == 1);
}

TEST_CASE("with acks=0 a record counts as soon as it is sent, without an offset", "[unit]") {
  ProducerStory story;
  story.setup.config.acks = Acks::none;
  story.send(5, 1ms);
  story.run_for(40s);
  REQUIRE(story.diary.acknowledged.size() == 5);
  CHECK(story.diary.acknowledged[0].offset == log::no_offset);
  CHECK(story.partition(0).end == 5);
  CHECK(story.count("producer.request_failed") == 0);
}

TEST_CASE("a batch that is too large for the broker is split", "[unit]") {
  ProducerStory story;
  story.setup.config.linger = 50ms;
  story.setup.config.batch_size = Bytes(2'000);
  story.script(1).produce_errors = {ErrorCode::message_too_large};
  story.send(6, {}, 300);
  story.run_for(5s);
  CHECK(story.diary.acknowledged.size() == 6);
  CHECK(story.diary.failed.empty());
  CHECK(story.stored(0).size() == 6);
}

TEST_CASE("keyless records stick to a partition for a batch's worth, then move on", "[unit]") {
  ProducerStory story(1, 6);
  story.setup.config.batch_size = Bytes(2'000);
  story.send(600, 1ms, 200);
  story.run_for(5s);
  std::set<int> used;
  int changes = 0;
  for (std::size_t i = 0; i < story.diary.acknowledged.size(); ++i) {
    used.insert(story.diary.acknowledged[i].partition.partition);
    changes +=
        i > 0 && story.diary.acknowledged[i].partition != story.diary.acknowledged[i - 1].partition;
  }
  CHECK(used.size() == 6);
  CHECK(changes < 100);
}

TEST_CASE("RoundRobinPartitioner skips a partition whenever a record begins a batch", "[unit]") {
  // KAFKA-9965: KafkaProducer.doSend asks it again after abortForNewBatch.
  ProducerStory story(2, 6);
  story.setup.config.partitioner_class = PartitionerClass::round_robin;
  story.send(60, 5ms);
  story.run_for(5s);
  for (const int used : {1, 3, 5}) CHECK(story.partition(used).end == 20);
  for (const int empty : {0, 2, 4}) CHECK(story.partition(empty).end == 0);

  ProducerStory two(1, 2);  // with two partitions all records are on one
  two.setup.config.partitioner_class = PartitionerClass::round_robin;
  two.send(20, 5ms);
  two.run_for(5s);
  CHECK(two.partition(1).end == 20);
}

TEST_CASE("closing sends what is left", "[unit]") {
  ProducerStory story;
  story.setup.config.linger = 1h;
  story.send(3);
  story.run_for(1s);
  CHECK(story.diary.acknowledged.empty());
  story.process->spawn(story.producer().close());
  story.run_for(1s);
  CHECK(story.diary.acknowledged.size() == 3);
}

namespace {

struct Rows final : RecordFeed {
  std::optional<Time> next_due() const override {
    if (next == 40) return std::nullopt;
    return Time(next * 100ms);
  }
  FeedRecord take() override {
    const log::ByteView text = log::as_bytes("row");
    const Time due(next * 100ms);
    return {next++, due, std::nullopt, log::ByteVector(text.begin(), text.end())};
  }
  std::int64_t next = 0;
};

}  // namespace

TEST_CASE("the poller sends the rows that are due, each poll's in one go, and loses none",
          "[unit]") {
  ProducerStory story;
  Rows rows;
  TablePollerSetup poller;
  poller.topic = test_topic;
  poller.client = story.setup;
  story.add_machine("poller")
      .add_process(sim::ProcessId(77), "poller",
                   [&](sim::Process& self) {
                     return std::make_unique<TablePoller>(self, poller, rows, story.context);
                   })
      .start();
  story.run_for(500ms);
  CHECK(story.diary.acknowledged.size() == 1);  // due at 0
  story.run_for(1s);
  CHECK(story.diary.acknowledged.size() == 11);
  story.run_for(5s);
  REQUIRE(story.diary.acknowledged.size() == 40);
  for (std::size_t i = 0; i < 40; ++i) {
    CHECK(story.diary.acknowledged[i].record.number == static_cast<std::int64_t>(i));
  }
}
