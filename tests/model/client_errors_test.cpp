// What clients are told when something fails, by Kafka's names and with how they came to know.
#include "tests/model/consumer_story.h"
#include "tests/model/producer_story.h"

#include <catch2/catch.hpp>

using namespace brokerlab;
using namespace brokerlab::model;
using Source = ClientError::Source;

TEST_CASE("a producer's errors are told by name, retried or final", "[unit]") {
  ProducerStory story;
  story.script(1).produce_errors = {ErrorCode::not_enough_replicas, ErrorCode::not_enough_replicas,
                                    ErrorCode::invalid_topic};
  story.send(1);
  story.run_for(3s);
  CHECK(story.diary.errors[{"Produce", "NOT_ENOUGH_REPLICAS", Source::response}] == 2);
  CHECK(story.diary.errors[{"Produce", "INVALID_TOPIC_EXCEPTION", Source::response}] == 1);
  CHECK(story.diary.final_errors == std::vector<std::string>{"INVALID_TOPIC_EXCEPTION"});
}

TEST_CASE("a broken connection, a silent broker and a delivery timeout are told apart", "[unit]") {
  ProducerStory story;
  story.setup.config.request_timeout = 1s;
  story.setup.config.delivery_timeout = 4s;
  story.send(1);
  story.run_for(500ms);
  story.script(1).silent = true;
  story.send(1);
  story.run_for(500ms);
  story.broker(1).kill();  // refuses from now on
  story.run_for(5s);
  CHECK(story.diary.errors[{"Produce", "NETWORK_EXCEPTION", Source::disconnected}] == 1);
  CHECK(story.diary.errors[{"Produce", "REQUEST_TIMED_OUT", Source::client}] == 1);
  CHECK(story.diary.final_errors == std::vector<std::string>{"TimeoutException"});
  story.broker(1).start();  // takes requests, and keeps silent about them
  story.run_for(1s);
  story.send(1);
  story.run_for(2s);
  CHECK(story.diary.errors[{"Produce", "REQUEST_TIMED_OUT", Source::timed_out}] >= 1);
}

TEST_CASE("a failed commit is told, once for good", "[unit]") {
  GroupStory story(1, 1);
  story.add("nifi-1");
  story.run_for(5s);
  story.offsets.error = ErrorCode::unknown_topic_or_partition;
  story.fill(1);
  story.run_for(5s);
  int failed = 0;
  for (const auto& [key, count] : story.diary.errors) {
    if (std::get<0>(key) == "OffsetCommit") failed += count;
  }
  CHECK(failed >= 1);
}

TEST_CASE("without a committed offset and a rule the application is told", "[unit]") {
  GroupStory story(1, 2);
  story.app.client.config.auto_offset_reset = AutoOffsetReset::none;
  story.add("nifi-1");
  story.run_for(10s);
  CHECK(story.diary.final_errors == std::vector<std::string>(2, "NoOffsetForPartitionException"));
}
