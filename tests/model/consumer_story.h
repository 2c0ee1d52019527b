// The fixture for stories of a consumer group: real consumers, a real group coordinator, scripted
// brokers.
#pragma once

#include "tests/model/client_fixture.h"

#include <set>

namespace brokerlab::model {

struct GroupStory : TestCluster {
  explicit GroupStory(int broker_count = 2, int partition_count = 6)
      : TestCluster(broker_count, partition_count) {
    app.client.group = "nifi";
    app.client.topics = {test_topic};
    app.client.bootstrap = bootstrap();
    app.client.config.enable_auto_commit = false;
    app.client.config.auto_offset_reset = AutoOffsetReset::earliest;
    app.client.config.session_timeout = 10s;
  }
  sim::Process& add(const std::string& name) { return add_with(name, app); }
  sim::Process& add_with(const std::string& name, ConsumerAppSetup setup) {
    setup.client.client_id = name;
    sim::Process& process = add_machine(name).add_process(
        sim::ProcessId(next_process++), name, [this, setup](sim::Process& self) {
          return std::make_unique<ConsumerApp>(self, setup, context);
        });
    process.start();
    return process;
  }
  GroupCoordinator& groups() {
    return dynamic_cast<TestBroker&>(*broker(coordinator).program()).groups();
  }
  static ConsumerApp& program(sim::Process& process) {
    return dynamic_cast<ConsumerApp&>(*process.program());
  }
  std::set<int> owned(const std::string& consumer) const {
    std::set<int> numbers;
    for (const TopicPartition& partition : diary.assigned.at(consumer)) {
      numbers.insert(partition.partition);
    }
    return numbers;
  }
  /// `count` records to each partition, named after their place.
  void fill(int count) {
    for (auto& [name, partition] : partitions) {
      for (int i = 0; i < count; ++i) {
        put(name.partition, {name.name() + "@" + std::to_string(partition.end)});
      }
    }
  }
  /// Every record consumed has the bytes that were written at its place.
  bool bytes_are_right() const {
    for (const Diary::Consumed& one : diary.consumed) {
      if (one.value != one.partition.name() + "@" + std::to_string(one.offset)) return false;
    }
    return true;
  }
  std::map<std::pair<TopicPartition, Offset>, int> times_consumed() const {
    std::map<std::pair<TopicPartition, Offset>, int> times;
    for (const Diary::Consumed& one : diary.consumed) ++times[{one.partition, one.offset}];
    return times;
  }

  ConsumerAppSetup app;
};

}  // namespace brokerlab::model
