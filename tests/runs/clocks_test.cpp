// A whole cluster in which clocks are wrong, and one in which nobody uses a connection for long.
#include "tests/runs/cluster_story.h"

using namespace brokerlab;
using namespace brokerlab::tests;

namespace {

Trouble set_clock(const std::string& machine, Duration ahead) {
  return [=](sim::World&, scenarios::Cluster& cluster) {
    cluster.find(machine)->machine->set_clock(ahead, 0);
  };
}

int count(const std::string& text, const std::string& what) {
  int found = 0;
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) {
    ++found;
  }
  return found;
}

const std::vector<std::string> isr_kinds{"partition.isr_shrunk", "partition.isr_expanded",
                                         "partition.leader_elected", "zk.session_expired",
                                         "producer.record_failed"};

}  // namespace

TEST_CASE("a leader whose clock jumps ahead takes its followers for laggards", "[unit]") {
  // It compares the time of their last fetch with its own clock, every half of
  // replica.lag.time.max.ms; the next fetch puts that right. Whoever has everything is in sync
  // whatever the clock says. So here followers are slow, and the clock jumps ten times a second.
  const auto play = [](Duration jump) {
    const Trouble trouble = [jump](sim::World& world, scenarios::Cluster& all) {
      for (const char* name : {"broker-2", "broker-3"}) {
        all.network().slow_nic(all.find(name)->machine->id(), BytesPerSecond(40'000), {});
      }
      for (int i = 0; i < 300; ++i) {
        world.at(Time(40s + i * 100ms),
                 [&all, jump, i] { all.find("broker-1")->machine->set_clock(i * jump, 0); });
      }
    };
    const Trouble all_are_back = [](sim::World&, scenarios::Cluster& all) {
      const auto& replicas = all.broker(model::BrokerId(1))->replicas().partitions();
      for (const auto& [name, partition] : replicas) CHECK_FALSE(partition->under_replicated());
    };
    return tell(quiet_incident(), isr_kinds, trouble, all_are_back);
  };
  CHECK(play(Duration{0}).empty());
  const std::string story = play(1h);
  INFO(story);
  CHECK(count(story, "ISR shrank") > 0);
  CHECK(count(story, "is now led by") == 0);
  CHECK(count(story, "expired") == 0);  // sessions run on time that passes, not on the time of day
}

TEST_CASE("a leader whose clock goes back notices laggards later, and nothing else", "[unit]") {
  const std::string story = tell(quiet_incident(), isr_kinds, set_clock("broker-1", -1h));
  CHECK(story.empty());
}

TEST_CASE("a producer's clock is the records' time, and a leader may refuse it", "[unit]") {
  const std::vector<std::string> limit{"brokers.config.log.message.timestamp.after.max.ms=3600000"};
  const auto failed = [&](const std::vector<std::string>& overrides, Duration ahead) {
    return count(tell(quiet_incident(overrides), isr_kinds, set_clock("wifi-auth", ahead)),
                 "gave up");
  };
  CHECK(failed(limit, 10min) == 0);
  CHECK(failed({}, 2h) == 0);  // 3.9's default has no limit
  const std::string story = tell(quiet_incident(limit), isr_kinds, set_clock("wifi-auth", 2h));
  INFO(story);
  CHECK(count(story, "INVALID_TIMESTAMP") > 0);
}

TEST_CASE("a leader's clock is the records' time where the topic says so", "[unit]") {
  const auto check = [](log::TimestampType type) {
    scenarios::Scenario scenario = quiet_incident();
    scenario.consumers.clear();  // Commits are stamped, too.
    for (scenarios::TopicSpec& topic : scenario.topics) {
      topic.config.set(&model::TopicConfig::message_timestamp_type, type);
    }
    tell(scenario, isr_kinds, set_clock("broker-1", 10min),
         [type](sim::World&, scenarios::Cluster& cluster) {
           const bool wrong = cluster.find("broker-1")->machine->wrong_stamps() > 0;
           CHECK(wrong == (type == log::TimestampType::log_append_time));
         });
  };
  check(log::TimestampType::create_time);
  check(log::TimestampType::log_append_time);
}

TEST_CASE("a broker closes connections that nobody uses", "[unit]") {
  const std::string story = tell(
      quiet_incident({"brokers.config.connections.max.idle.ms=10000"}),
      {"connection.idle_closed", "producer.record_failed", "consumer.left", "partition.isr_shrunk"},
      [](sim::World&, scenarios::Cluster&) {});
  INFO(story);
  CHECK(count(story, "idle for 10s") > 0);
  CHECK(count(story, "gave up") + count(story, "left group") + count(story, "shrank") == 0);
}
