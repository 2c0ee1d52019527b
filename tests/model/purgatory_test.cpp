#include "model/broker/purgatory.h"

#include <catch2/catch.hpp>

using namespace brokerlab;
using namespace brokerlab::model;

namespace {

/// Waits until its flag is up.
class Waiting final : public DelayedOperation {
 public:
  Waiting(const bool& flag, std::string& story, std::string name, int* alive)
      : flag_(flag), story_(story), name_(std::move(name)), alive_(alive) {
    ++*alive_;
  }
  ~Waiting() override { --*alive_; }

 private:
  bool try_complete() override {
    if (flag_) story_ += name_ + " done ";
    return flag_;
  }
  void expire() override { story_ += name_ + " expired "; }

  const bool& flag_;
  std::string& story_;
  const std::string name_;
  int* alive_;
};

/// What completes it completes what waits for `partition`, as an answer that moves a high
/// watermark.
class Chain final : public DelayedOperation {
 public:
  Chain(bool& flag, Purgatory& purgatory, TopicPartition partition)
      : flag_(flag), purgatory_(purgatory), partition_(partition) {}

 private:
  bool try_complete() override {
    if (tried_++ == 0) return false;  // It has to wait first.
    flag_ = true;
    purgatory_.check(partition_);
    return true;
  }
  void expire() override {}

  bool& flag_;
  Purgatory& purgatory_;
  const TopicPartition partition_;
  int tried_ = 0;
};

struct Stage {
  sim::World world{1};
  bool ready = false;
  std::string story;
  int alive = 0;
  std::optional<Purgatory> purgatory{std::in_place, world};
  const TopicPartition a{"orders", 0}, b{"orders", 1};

  void park(std::string name, const std::vector<TopicPartition>& partitions, Duration timeout) {
    purgatory->add(std::make_shared<Waiting>(ready, story, std::move(name), &alive), partitions,
                   timeout);
  }
};

}  // namespace

TEST_CASE("a delayed operation completes once, by a check or by its timeout", "[unit]") {
  Stage stage;
  stage.park("one", {stage.a, stage.b}, 10ms);
  stage.park("two", {stage.b}, 50ms);
  stage.world.after(20ms, [&] {
    stage.ready = true;
    stage.purgatory->check(stage.a);
    stage.purgatory->check(stage.b);
    stage.purgatory->check(stage.b);
  });
  stage.world.run(Time(1s));
  REQUIRE(stage.story == "one expired two done ");
  REQUIRE(stage.purgatory->size() == 0);
}

TEST_CASE("what can be answered at once does not wait", "[unit]") {
  Stage stage;
  stage.ready = true;
  stage.park("one", {stage.a}, 10ms);
  CHECK(stage.story == "one done ");
  CHECK(stage.purgatory->size() == 0);
}

TEST_CASE("completing one operation may complete the next, which completes once", "[unit]") {
  Stage stage;
  const auto chain = std::make_shared<Chain>(stage.ready, *stage.purgatory, stage.b);
  stage.purgatory->add(chain, {stage.a}, 1s);
  stage.park("two", {stage.a, stage.b}, 1s);
  stage.purgatory->check(stage.a);
  CHECK(stage.story == "two done ");
  CHECK(chain->completed());
  CHECK(stage.purgatory->size() == 0);
}

TEST_CASE("what has expired is complete", "[unit]") {
  Stage stage;
  bool ready = false;
  const auto late = std::make_shared<Waiting>(ready, stage.story, "late", &stage.alive);
  stage.purgatory->add(late, {stage.a}, 10ms);
  CHECK_FALSE(late->completed());
  stage.world.run(Time(20ms));
  CHECK(late->completed());
}

TEST_CASE("a waiter keeps its places, and whoever waits there next ends the one before", "[unit]") {
  Stage stage;
  PurgatoryWaiter waiter(*stage.purgatory);
  waiter.watch(stage.a);
  const auto second_of_b = waiter.watch(stage.b);
  const auto park = [&](std::string name) {
    stage.purgatory->add(
        std::make_shared<Waiting>(stage.ready, stage.story, std::move(name), &stage.alive), waiter,
        1s);
  };
  park("one");
  CHECK(stage.purgatory->watched() == 2);
  park("two");
  CHECK(stage.story == "one expired ");
  CHECK(stage.purgatory->size() == 1);
  waiter.unwatch(second_of_b);
  stage.ready = true;
  stage.purgatory->check(stage.b);
  CHECK(stage.story == "one expired ");
  stage.purgatory->check(stage.a);
  CHECK(stage.story == "one expired two done ");
  CHECK(stage.purgatory->watched() == 0);
  CHECK(stage.purgatory->partitions() == 1);
  CHECK(stage.alive == 0);
}

// KAFKA-19389 and others: what expires on a partition that nobody writes to must not stay.
TEST_CASE("a purgatory holds what waits and nothing that waited", "[unit]") {
  Stage stage;
  for (int i = 0; i < 10'000; ++i) {
    stage.world.at(Time(i * 1ms), [&] { stage.park("fetch", {stage.a, stage.b}, 500ms); });
  }
  stage.world.run(Time(9'999ms));
  CHECK(stage.purgatory->size() == 500);
  CHECK(stage.purgatory->watched() == 1000);
  CHECK(stage.alive == 500);
  stage.world.run(Time(11s));
  CHECK(stage.purgatory->size() == 0);
  CHECK(stage.purgatory->watched() == 0);
  CHECK(stage.purgatory->partitions() == 0);
  CHECK(stage.alive == 0);
}

TEST_CASE("what completes early leaves neither its timer nor its bytes behind", "[unit]") {
  Stage stage;
  for (int i = 0; i < 100'000; ++i) {
    stage.world.at(Time(i * 1us), [&] {
      stage.ready = false;
      stage.park("produce", {stage.a}, 24h);
      stage.ready = true;
      stage.purgatory->check(stage.a);
    });
  }
  stage.world.run(Time(1s));
  CHECK(stage.alive == 0);
  CHECK(stage.world.agenda_size() < 2'000);
}

TEST_CASE("a purgatory that goes takes what waits in it along", "[unit]") {
  Stage stage;
  stage.park("one", {stage.a}, 10ms);
  stage.purgatory.reset();
  CHECK(stage.alive == 0);
  stage.world.run(Time(1s));
  CHECK(stage.story.empty());
}
