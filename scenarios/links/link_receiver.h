// LinkReceiver: an application that takes records from those who connect to it, processes them one
// after the other, service_time each, and answers. It keeps nothing: what it has not answered for
// is with its senders.
//
// Lifetime: the Program of a process; the LinkBook outlives it. Threads: none.
#pragma once

#include "scenarios/links/link_message.h"
#include "sim/channel.h"
#include "sim/machine.h"

#include <memory>

namespace brokerlab::scenarios {

class LinkReceiver final : public sim::Program {
 public:
  LinkReceiver(sim::Process& process, Duration service_time, LinkBook& book);

 private:
  struct Arrived {
    sim::SocketPtr from;
    std::unique_ptr<LinkBatch> batch;
    Bytes size;
  };

  sim::Task<> accept();
  sim::Task<> hear(sim::SocketPtr socket);
  sim::Task<> work();
  sim::Task<> process(std::size_t link, LinkRun run);

  sim::Process& process_;
  const Duration service_time_;
  LinkBook& book_;
  sim::Channel<Arrived> arrived_;
};

}  // namespace brokerlab::scenarios
