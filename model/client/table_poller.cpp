#include "model/client/table_poller.h"

#include "model/events.h"

#include <algorithm>
#include <limits>
#include <utility>

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
      context_(context),
      feed_(listener),
      records_(records),
      runs_(runs),
      producer_(std::make_unique<KafkaProducer>(process, setup_.client, context)),
      asked_to_stop_(process.world()) {
  feed_.on_forgotten(process.world().now());
  process_.spawn(run());
}

std::int64_t TablePoller::records_done() const {
  const KafkaProducer::Counters& counters = producer_->counters();
  return done_by_closed_ + counters.records_acknowledged + counters.records_failed;
}

void TablePoller::tell_done() {
  const std::int64_t done = records_done();
  if (done != told_done_) feed_.on_done(done - told_done_, process_.world().now());
  told_done_ = done;
}

sim::Task<> TablePoller::run() {
  sim::World& world = process_.world();
  while (!stopping_) {
    tell_done();
    const Time polled = world.now();
    if (!next_due()) break;
    if (polled >= setup_.use.rests_from && polled < setup_.use.rests_until) {
      co_await asked_to_stop_.wait(polled + setup_.poll_interval);
      continue;
    }
    co_await world.sleep(setup_.query_time);
    // The answer holds the rows that were there when the question was asked.
    if (records_ != nullptr) {
      co_await send_records(polled);
    } else {
      co_await send_runs(polled);
    }
    if (fenced_) co_return;
    const bool due = in_transaction_ && world.now() - began_ >= setup_.transaction.length;
    if (due) co_await end_transaction();
    if (!stopping_) co_await asked_to_stop_.wait(polled + setup_.poll_interval);
  }
  if (stopping_) {
    co_await finish();
    co_return;
  }
  if (in_transaction_) co_await end_transaction();
  done_ = true;
  co_await producer_->flush();
}

// --- Transactions ---

/// As KafkaProducer's documentation has it: what can be aborted is aborted, and after
/// ProducerFencedException and its like the application ends.
sim::Task<bool> TablePoller::open_transaction() {
  if (!transactional() || in_transaction_) co_return !fenced_;
  while (!initialized_ && !producer_->failed()) {
    const ErrorCode error = co_await producer_->init_transactions();
    initialized_ = error == ErrorCode::none;
  }
  if (!producer_->failed() && producer_->begin_transaction() == ErrorCode::none) {
    in_transaction_ = true;
    in_this_ = 0;
    began_ = process_.world().now();
    co_return true;
  }
  give_up();
  co_return false;
}

/// Nothing can be sent any more.
void TablePoller::give_up() {
  if (std::exchange(fenced_, true)) return;
  process_.world().trace().record(events::transaction_fenced, {.machine = process_.machine().id()},
                                  {{"id", *setup_.client.config.transactional_id}});
  process_.exit({"fenced off from its transactional.id", "자기 transactional.id에서 차단됨"});
}

sim::Task<> TablePoller::note_sent(std::int64_t records) {
  if (!in_transaction_) co_return;
  in_this_ += records;
  // A send that failed cannot be mended: the application hears of it with the next.
  const bool due = in_this_ >= setup_.transaction.records || producer_->must_abort();
  if (due) co_await end_transaction();
}

sim::Task<> TablePoller::end_transaction() {
  const TransactionUse& use = setup_.transaction;
  ++transactions_;
  bool commit = use.abort_one_in == 0 || transactions_ % use.abort_one_in != 0;
  while (in_transaction_ && !producer_->failed()) {
    ErrorCode error = ErrorCode::none;
    if (commit) {
      error = co_await producer_->commit_transaction();
    } else {
      error = co_await producer_->abort_transaction();
    }
    if (error == ErrorCode::none) break;
    if (error == ErrorCode::request_timed_out && producer_->call_under_way()) continue;
    if (!commit) break;
    if (commit && !producer_->failed()) {
      process_.world().trace().record(events::transaction_aborted,
                                      {.machine = process_.machine().id()},
                                      {{"error", std::string(to_text(error))}});
      commit = false;
    }
  }
  in_transaction_ = false;
  if (producer_->failed()) give_up();
}

sim::Task<> TablePoller::send_records(Time polled) {
  while (!stopping_ && next_due().value_or(never) <= polled) {
    const bool open = co_await open_transaction();
    if (!open) co_return;
    FeedRecord row = records_->held() ? *records_->held() : records_->take();
    if (marks_behind()) records_->hold(row);
    const bool sent = co_await send_row(std::move(row));
    if (!sent) co_return;
    co_await note_sent(1);
  }
}

sim::Task<bool> TablePoller::send_row(FeedRecord row) {
  const TableUse& use = setup_.use;
  sim::World& world = process_.world();
  // Who dies here has a row that is marked, and that nobody will ever send.
  if (use.marks_before_sending) co_await world.sleep(use.mark_time);
  co_await process_.machine().cpu().run(setup_.service_time);
  ProducerRecord record;
  record.ref = {setup_.producer, row.number};
  record.intended = row.intended;
  record.topic = setup_.topic;
  record.key = std::move(row.key);
  record.value = std::move(row.value);
  records_->release();
  bool sent = co_await producer_->send(std::move(record));
  if (use.new_producer_each) {
    sent = co_await renew_producer();
  } else if (use.waits_for_each) {
    co_await producer_->flush();
  }
  if (marks_behind()) co_await world.sleep(use.mark_time);
  co_return sent || !use.new_producer_each;
}

sim::Task<bool> TablePoller::renew_producer() {
  co_await producer_->close(process_.world().now() + setup_.use.send_timeout);
  producer_->shut();
  const KafkaProducer::Counters& counters = producer_->counters();
  const bool failed = counters.records_failed > 0;
  done_by_closed_ += counters.records_acknowledged + counters.records_failed;
  closed_.push_back(std::move(producer_));
  producer_ = std::make_unique<KafkaProducer>(process_, setup_.client, context_);
  co_return !failed;
}

/// In pieces, if it is much work.
sim::Task<> TablePoller::send_runs(Time polled) {
  const std::int64_t most = setup_.service_time > Duration{0}
                                ? std::max<std::int64_t>(1, work_at_once / setup_.service_time)
                                : std::numeric_limits<std::int64_t>::max();
  runs_->poll(polled, setup_.partitions);
  while (!stopping_ && next_due().value_or(never) <= polled) {
    const bool open = co_await open_transaction();
    if (!open) co_return;
    const std::int64_t room = in_transaction_
                                  ? std::max<std::int64_t>(1, setup_.transaction.records - in_this_)
                                  : std::numeric_limits<std::int64_t>::max();
    const std::optional<FeedRun> rows = runs_->hand_out(std::min(most, room));
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
    const std::int64_t sent = rows->count;
    co_await producer_->send(std::move(run));
    co_await note_sent(sent);
  }
}

sim::Task<> TablePoller::finish() {
  co_await producer_->close();
  process_.exit({"stopped", "정지 요청"});
}

void TablePoller::terminate(sim::Process& self) {
  stopping_ = true;
  asked_to_stop_.notify_all();
  if (done_) self.spawn(finish());
}

}  // namespace brokerlab::model
