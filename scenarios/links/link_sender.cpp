#include "scenarios/links/link_sender.h"

#include "scenarios/links/link_message.h"

#include <algorithm>

namespace brokerlab::scenarios {
namespace {

constexpr Duration encode_cost = 3us;  ///< KafkaProducer.send() of a record, without gzip.
constexpr std::int64_t batch_bytes = 16'384;
constexpr int most_messages = 5;
constexpr Duration answer_timeout = 30s;
constexpr Duration first_backoff = 50ms;
constexpr Duration longest_backoff = 1s;
/// So many records are taken together, at most: a buffer takes a run once it is not full.
constexpr std::int64_t most_at_once = 500;
constexpr Duration work_before_others = 5ms;

}  // namespace

LinkSender::LinkSender(sim::Process& process, const Scenario& scenario, std::size_t producer,
                       model::RecordFeed* records, model::RunFeed* runs, LinkBook& book)
    : process_(process),
      spec_(scenario.producers[producer]),
      producer_(producer),
      partitions_(scenario.topic(spec_.topic)->partitions),
      records_(records),
      runs_(runs),
      book_(book),
      asked_to_stop_(process.world()) {
  // Of an earlier life: it waits for nothing any more.
  book_.note_goes_on(producer_, process.world().now());
  model::FeedListener* const feed =
      records_ != nullptr ? static_cast<model::FeedListener*>(records_) : runs_;
  feed->on_forgotten(process.world().now());
  for (const auto& [group, links] : book_.links_of(producer_)) {
    Receivers receivers;
    for (const std::size_t link : links) {
      boxes_.push_back(std::make_unique<Outbox>(process.world()));
      boxes_.back()->link = link;
      boxes_.back()->to = book_.links()[link].receiver;
      receivers.members.push_back(boxes_.back().get());
      process_.spawn(serve(*boxes_.back()));
    }
    receivers_.push_back(std::move(receivers));
  }
  process_.spawn(run());
}

sim::Task<> LinkSender::run() {
  sim::World& world = process_.world();
  while (!stopping_) {
    const Time polled = world.now();
    if (!next_due()) break;
    co_await world.sleep(spec_.query_time);
    if (records_ != nullptr) {
      co_await take_records(polled);
    } else {
      co_await take_runs(polled);
    }
    if (!stopping_) co_await asked_to_stop_.wait(polled + spec_.poll_interval);
  }
  done_ = true;
  if (stopping_) co_await finish();
}

sim::Task<> LinkSender::take_records(Time polled) {
  while (!stopping_ && records_->next_due().value_or(never) <= polled) {
    const model::FeedRecord row = records_->take();
    const std::size_t bytes = row.value.size() + (row.key ? row.key->size() : 0);
    co_await hand_over(
        {0, row.number, 1, row.intended, row.intended, static_cast<std::int64_t>(bytes)});
    records_->on_done(1, process_.world().now());
  }
}

sim::Task<> LinkSender::take_runs(Time polled) {
  const std::int64_t most =
      spec_.service_time > Duration{0}
          ? std::clamp<std::int64_t>(work_before_others / spec_.service_time, 1, most_at_once)
          : most_at_once;
  runs_->poll(polled, partitions_);
  while (!stopping_) {
    const std::optional<model::FeedRun> rows = runs_->hand_out(most);
    if (!rows) break;
    co_await hand_over({rows->lane, rows->first, rows->count, rows->first_due, rows->last_due,
                        rows->bytes.count() + rows->key_bytes.count() * rows->count});
    runs_->on_done(rows->count, process_.world().now());
  }
}

sim::Task<> LinkSender::hand_over(LinkRun run) {
  sim::World& world = process_.world();
  sim::Cpu& cpu = process_.machine().cpu();
  book_.note_taken(producer_, run.count);
  co_await cpu.run(spec_.service_time * run.count);
  for (Receivers& receivers : receivers_) {
    Outbox& box = *receivers.members[receivers.turn++ % receivers.members.size()];
    co_await cpu.run(encode_cost * run.count);
    if (is_full(box) && book_.rules().waits) {
      book_.note_stands(producer_, world.now());
      while (is_full(box) && !stopping_) co_await box.changed.wait(never);
      book_.note_goes_on(producer_, world.now());
    }
    if (is_full(box)) {
      book_.note_dropped(box.link, run.count);
      continue;
    }
    box.runs.push_back(run);
    box.bytes += run.bytes;
    box.changed.notify_all();
  }
}

sim::Task<> LinkSender::serve(Outbox& box) {
  sim::World& world = process_.world();
  Duration backoff = first_backoff;
  while (true) {
    const Result<sim::SocketPtr, sim::NetError> socket =
        co_await process_.network().connect(process_, box.to, link_port, world.now() + 10s);
    if (!socket) {
      co_await world.sleep(backoff);
      backoff = std::min(longest_backoff, 2 * backoff);
      continue;
    }
    backoff = first_backoff;
    ++box.life;
    box.broken = false;
    box.sent = 0;
    box.messages = 0;
    process_.spawn(hear(box, *socket));
    co_await send_until_broken(box, *socket);
  }
}

sim::Task<> LinkSender::send_until_broken(Outbox& box, sim::SocketPtr socket) {
  sim::Cpu& cpu = process_.machine().cpu();
  while (!box.broken) {
    if (box.sent == box.runs.size() || box.messages == most_messages) {
      co_await box.changed.wait(never);
      continue;
    }
    auto batch = std::make_unique<LinkBatch>();
    batch->link = box.link;
    std::int64_t bytes = 0;
    while (box.sent < box.runs.size() && bytes < batch_bytes) {
      const LinkRun& run = box.runs[box.sent++];
      bytes += run.bytes;
      batch->runs.push_back(run);
    }
    ++box.messages;
    const Bytes size(link_head + bytes);
    co_await cpu.run(cpu.demand(1, 0, size));
    if (box.broken) co_return;
    socket->send({std::move(batch), size, "Link records"});
  }
}

sim::Task<> LinkSender::hear(Outbox& box, sim::SocketPtr socket) {
  const int life = box.life;
  while (box.life == life) {
    std::optional<sim::Message> message =
        co_await socket->receive(process_.world().now() + answer_timeout);
    if (!message && socket->state() == sim::Socket::State::open && box.messages == 0) continue;
    if (!message) break;
    const std::size_t answered = message->take<LinkAnswer>()->runs;
    for (std::size_t i = 0; i < answered; ++i) {
      box.bytes -= box.runs.front().bytes;
      box.runs.pop_front();
    }
    box.sent -= answered;
    --box.messages;
    box.changed.notify_all();
  }
  socket->close();
  box.broken = true;
  box.changed.notify_all();
}

sim::Task<> LinkSender::finish() {
  const Time deadline = process_.world().now() + 30s;
  for (const auto& box : boxes_) {
    while (!box->runs.empty() && process_.world().now() < deadline) {
      co_await box->changed.wait(deadline);
    }
  }
  process_.exit({"stopped", "정지 요청"});
}

void LinkSender::terminate(sim::Process& self) {
  stopping_ = true;
  asked_to_stop_.notify_all();
  if (done_) self.spawn(finish());
}

}  // namespace brokerlab::scenarios
