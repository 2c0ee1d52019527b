#include "scenarios/links/link_receiver.h"

#include <algorithm>

namespace brokerlab::scenarios {
namespace {

constexpr Duration noted_every_so_often = 20ms;

}  // namespace

LinkReceiver::LinkReceiver(sim::Process& process, Duration service_time, LinkBook& book)
    : process_(process), service_time_(service_time), book_(book), arrived_(process.world()) {
  process_.spawn(accept());
  process_.spawn(work());
}

sim::Task<> LinkReceiver::accept() {
  const std::unique_ptr<sim::Listener> listener = process_.network().listen(process_, link_port);
  while (true) {
    std::optional<sim::SocketPtr> socket = co_await listener->accept();
    if (!socket) co_return;
    process_.spawn(hear(std::move(*socket)));
  }
}

sim::Task<> LinkReceiver::hear(sim::SocketPtr socket) {
  while (true) {
    std::optional<sim::Message> message = co_await socket->receive();
    if (!message) co_return;
    const Bytes size = message->size;
    arrived_.push({socket, message->take<LinkBatch>(), size});
  }
}

sim::Task<> LinkReceiver::work() {
  sim::Cpu& cpu = process_.machine().cpu();
  while (true) {
    std::optional<Arrived> arrived = co_await arrived_.receive();
    if (!arrived) co_return;
    co_await cpu.run(cpu.demand(1, 0, arrived->size));
    for (const LinkRun& run : arrived->batch->runs) co_await process(arrived->batch->link, run);
    auto answer = std::make_unique<LinkAnswer>();
    answer->runs = arrived->batch->runs.size();
    arrived->from->send({std::move(answer), Bytes(link_head), "Link answer"});
  }
}

sim::Task<> LinkReceiver::process(std::size_t link, LinkRun run) {
  sim::World& world = process_.world();
  const std::int64_t most = service_time_ > Duration{0}
                                ? std::max<std::int64_t>(1, noted_every_so_often / service_time_)
                                : run.count;
  const Duration apart =
      run.count > 1 ? (run.last_due - run.first_due) / (run.count - 1) : Duration{0};
  while (run.count > 0) {
    LinkRun part = run;
    part.count = std::min(most, run.count);
    part.last_due = run.first_due + apart * (part.count - 1);
    const Time first_done = world.now() + service_time_;
    if (service_time_ > Duration{0}) co_await world.sleep(service_time_ * part.count);
    book_.note_processed(link, part, std::min(first_done, world.now()), world.now());
    run.first += part.count;
    run.count -= part.count;
    run.first_due = part.last_due + apart;
  }
}

}  // namespace brokerlab::scenarios
