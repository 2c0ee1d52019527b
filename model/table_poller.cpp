#include "model/table_poller.h"

namespace brokerlab::model {

TablePoller::TablePoller(sim::Process& process, TablePollerSetup setup, RecordFeed& feed,
                         ClusterContext& context)
    : process_(process),
      setup_(std::move(setup)),
      feed_(feed),
      producer_(process, setup_.client, context) {
  process_.spawn(run());
}

sim::Task<> TablePoller::run() {
  sim::World& world = process_.world();
  sim::Cpu& cpu = process_.machine().cpu();
  while (true) {
    const Time polled = world.now();
    const std::optional<Time> first = feed_.next_due();
    if (!first) break;
    co_await world.sleep(setup_.query_time);
    // The answer holds the rows that were there when the question was asked.
    while (feed_.next_due().value_or(never) <= polled) {
      FeedRecord row = feed_.take();
      co_await cpu.run(setup_.service_time);
      ProducerRecord record;
      record.ref = {setup_.producer, row.number};
      record.intended = row.intended;
      record.topic = setup_.topic;
      record.key = std::move(row.key);
      record.value = std::move(row.value);
      co_await producer_.send(std::move(record));
    }
    co_await world.sleep_until(polled + setup_.poll_interval);
  }
  done_ = true;
  co_await producer_.flush();
}

}  // namespace brokerlab::model
