#include "model/client/table_poller.h"

namespace brokerlab::model {

TablePoller::TablePoller(sim::Process& process, TablePollerSetup setup, RecordFeed& feed,
                         ClusterContext& context)
    : process_(process),
      setup_(std::move(setup)),
      feed_(feed),
      producer_(process, setup_.client, context),
      asked_to_stop_(process.world()) {
  feed_.on_forgotten(process.world().now());
  process_.spawn(run());
}

void TablePoller::tell_done() {
  const KafkaProducer::Counters& counters = producer_.counters();
  const std::int64_t done = counters.records_acknowledged + counters.records_failed;
  if (done != told_done_) feed_.on_done(done - told_done_, process_.world().now());
  told_done_ = done;
}

sim::Task<> TablePoller::run() {
  sim::World& world = process_.world();
  sim::Cpu& cpu = process_.machine().cpu();
  while (!stopping_) {
    tell_done();
    const Time polled = world.now();
    const std::optional<Time> first = feed_.next_due();
    if (!first) break;
    co_await world.sleep(setup_.query_time);
    // The answer holds the rows that were there when the question was asked.
    while (!stopping_ && feed_.next_due().value_or(never) <= polled) {
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
    if (!stopping_) co_await asked_to_stop_.wait(polled + setup_.poll_interval);
  }
  if (stopping_) {
    co_await finish();
    co_return;
  }
  done_ = true;
  co_await producer_.flush();
}

sim::Task<> TablePoller::finish() {
  co_await producer_.close();
  process_.exit({"stopped", "정지 요청"});
}

void TablePoller::terminate(sim::Process& self) {
  stopping_ = true;
  asked_to_stop_.notify_all();
  if (done_) self.spawn(finish());
}

}  // namespace brokerlab::model
