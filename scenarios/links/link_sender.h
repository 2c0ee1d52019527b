// LinkSender: an application that polls its source, as a producer's does (model/client/
// table_poller.h), and sends what it finds to every application that wants it, over connections of
// its own.
//
// Costs: service_time of CPU a record, once; then for each receiver what a KafkaProducer's send()
// takes, since each wants the record in its own form; then a write for each message. A connection
// has at most five messages without an answer; what waits goes together, up to batch_bytes. One
// that breaks, or has no answer for 30 s, is made anew after 50 ms, doubling up to 1 s: what a
// KafkaProducer's settings are by default, so that the comparison is not one of settings.
//
// Lifetime: the Program of a process; feed and LinkBook outlive it. Threads: none.
#pragma once

#include "model/client/record_feed.h"
#include "scenarios/links/link_book.h"
#include "sim/channel.h"
#include "sim/machine.h"

#include <deque>
#include <memory>
#include <vector>

namespace brokerlab::scenarios {

class LinkSender final : public sim::Program {
 public:
  /// `producer`: of the scenario. One of both feeds is nullptr.
  LinkSender(sim::Process& process, const Scenario& scenario, std::size_t producer,
             model::RecordFeed* records, model::RunFeed* runs, LinkBook& book);

  /// SIGTERM: asks its source no more, waits up to 30 s for its receivers, and exits.
  void terminate(sim::Process& self) override;

 private:
  /// A link, and what its receiver has not answered for.
  struct Outbox {
    explicit Outbox(sim::World& world) : changed(world) {}
    std::size_t link = 0;
    sim::MachineId to;
    std::deque<LinkRun> runs;
    std::int64_t bytes = 0;
    std::size_t sent = 0;  ///< The first so many are on their way,
    int messages = 0;      ///< in so many messages.
    int life = 0;          ///< Of its connection.
    bool broken = false;
    sim::Signal changed;
  };
  struct Receivers {
    std::vector<Outbox*> members;
    std::size_t turn = 0;
  };

  sim::Task<> run();
  sim::Task<> take_records(Time polled);
  sim::Task<> take_runs(Time polled);
  sim::Task<> hand_over(LinkRun run);
  sim::Task<> serve(Outbox& box);
  sim::Task<> send_until_broken(Outbox& box, sim::SocketPtr socket);
  sim::Task<> hear(Outbox& box, sim::SocketPtr socket);
  sim::Task<> finish();
  bool is_full(const Outbox& box) const { return box.bytes >= book_.rules().buffer.count(); }
  std::optional<Time> next_due() const {
    return records_ != nullptr ? records_->next_due() : runs_->oldest_due();
  }

  sim::Process& process_;
  const ProducerSpec spec_;
  const std::size_t producer_;
  const int partitions_;  ///< Of the topic that there is not: as many lanes.
  model::RecordFeed* records_;
  model::RunFeed* runs_;
  LinkBook& book_;
  std::vector<std::unique_ptr<Outbox>> boxes_;
  std::vector<Receivers> receivers_;
  bool done_ = false;
  bool stopping_ = false;
  sim::Signal asked_to_stop_;
};

}  // namespace brokerlab::scenarios
