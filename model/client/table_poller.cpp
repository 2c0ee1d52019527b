#include "model/client/table_poller.h"

#include <algorithm>
#include <limits>

namespace brokerlab::model {

namespace {

/// So much work on rows is done at once: a batch does not wait longer for its next record.
constexpr Duration work_at_once = 5ms;

}  // namespace

TablePoller::TablePoller(sim::Process& process, TablePollerSetup setup, RecordFeed& feed,
                         ClusterContext& context)
    : TablePoller(process, std::move(setup), feed, &feed, nullptr, context) {}

TablePoller::TablePoller(sim::Process& process, TablePollerSetup setup, RunFeed& feed,
                         ClusterContext& context)
    : TablePoller(process, std::move(setup), feed, nullptr, &feed, context) {}

TablePoller::TablePoller(sim::Process& process, TablePollerSetup setup, FeedListener& listener,
                         RecordFeed* records, RunFeed* runs, ClusterContext& context)
    : process_(process),
      setup_(std::move(setup)),
      feed_(listener),
      records_(records),
      runs_(runs),
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
  while (!stopping_) {
    tell_done();
    const Time polled = world.now();
    if (!next_due()) break;
    co_await world.sleep(setup_.query_time);
    // The answer holds the rows that were there when the question was asked.
    if (records_ != nullptr) {
      co_await send_records(polled);
    } else {
      co_await send_runs(polled);
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

sim::Task<> TablePoller::send_records(Time polled) {
  sim::Cpu& cpu = process_.machine().cpu();
  while (!stopping_ && records_->next_due().value_or(never) <= polled) {
    FeedRecord row = records_->take();
    co_await cpu.run(setup_.service_time);
    ProducerRecord record;
    record.ref = {setup_.producer, row.number};
    record.intended = row.intended;
    record.topic = setup_.topic;
    record.key = std::move(row.key);
    record.value = std::move(row.value);
    co_await producer_.send(std::move(record));
  }
}

/// In pieces, if it is much work.
sim::Task<> TablePoller::send_runs(Time polled) {
  const std::int64_t most = setup_.service_time > Duration{0}
                                ? std::max<std::int64_t>(1, work_at_once / setup_.service_time)
                                : std::numeric_limits<std::int64_t>::max();
  runs_->poll(polled, setup_.partitions);
  while (!stopping_) {
    const std::optional<FeedRun> rows = runs_->hand_out(most);
    if (!rows) break;
    co_await process_.machine().cpu().run(setup_.service_time * rows->count);
    ProducerRun run;
    // Numbers of different lanes do not meet.
    run.run = {setup_.producer, (std::int64_t{rows->lane} << lane_shift) + rows->first,
               rows->count};
    run.intended_first = rows->first_due;
    run.intended_last = rows->last_due;
    run.topic = setup_.topic;
    if (rows->lane > 0) run.partition = rows->lane - 1;
    if (rows->key_bytes > Bytes(0)) run.key_size = rows->key_bytes.count();
    run.bytes = rows->bytes.count();
    co_await producer_.send(std::move(run));
  }
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
