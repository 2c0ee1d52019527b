// The fixture for stories of a producer: one application, scripted brokers.
#pragma once

#include "tests/model/client_fixture.h"

#include <set>

namespace brokerlab::model {

struct SenderProgram final : sim::Program {
  SenderProgram(sim::Process& process, ProducerSetup setup, ClusterContext& context)
      : producer(process, std::move(setup), context) {}
  KafkaProducer producer;
};

struct ProducerStory : TestCluster {
  explicit ProducerStory(int broker_count = 1, int partition_count = 1)
      : TestCluster(broker_count, partition_count) {
    setup.client_id = "app";
    setup.bootstrap = bootstrap();
    setup.config.acks = Acks::leader;
    setup.config.enable_idempotence = false;
  }
  KafkaProducer& producer() {
    if (process == nullptr) {
      process = &add_machine("app").add_process(
          sim::ProcessId(next_process++), "app", [this](sim::Process& self) {
            return std::make_unique<SenderProgram>(self, setup, context);
          });
      process->start();
    }
    return dynamic_cast<SenderProgram*>(process->program())->producer;
  }
  /// Sends records one after the other, `apart` in time.
  void send(int count, Duration apart = {}, std::size_t size = 100,
            std::optional<int> to = std::nullopt) {
    producer();
    process->spawn(run(count, apart, size, to));
  }
  sim::Task<> run(int count, Duration apart, std::size_t size, std::optional<int> to) {
    for (int i = 0; i < count; ++i) {
      if (i > 0 && apart > Duration{0}) co_await world.sleep(apart);
      ProducerRecord record;
      record.ref = {0, next_number++};
      record.intended = world.now();
      record.topic = test_topic;
      record.partition = to;
      std::string text = "record " + std::to_string(record.ref.number) + " ";
      text.resize(std::max(size, text.size()), 'x');
      const log::ByteView bytes = log::as_bytes(text);
      record.value.assign(bytes.begin(), bytes.end());
      co_await producer().send(std::move(record));
      sent_at.push_back(world.now());
    }
  }
  /// The values a partition holds, in order.
  std::vector<std::string> stored(int number) {
    std::vector<std::string> values;
    const std::vector<log::Record> records = log::decode_all(partition(number).bytes).value();
    for (const log::Record& record : records) {
      values.emplace_back(log::as_text(*record.value));
    }
    return values;
  }

  ProducerSetup setup;
  sim::Process* process = nullptr;
  std::int64_t next_number = 0;
  std::vector<Time> sent_at;
};

}  // namespace brokerlab::model
