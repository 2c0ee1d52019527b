// A broker of which a story has only what it was asked and what it answers.
#pragma once

#include "model/wire/protocol.h"
#include "sim/machine.h"

#include <functional>
#include <memory>
#include <utility>
#include <vector>

namespace brokerlab::model {

/// What it was asked, and what it says to it; while it has no answer it keeps silent.
struct PeerScript {
  std::vector<std::unique_ptr<sim::Payload>> asked;
  std::function<ResponsePtr(const Request&)> answer;

  /// Those of one kind, in their order.
  template <class T>
  std::vector<const T*> all() const {
    std::vector<const T*> found;
    for (const auto& one : asked) {
      if (const auto* request = dynamic_cast<const T*>(one.get())) found.push_back(request);
    }
    return found;
  }
};

class ScriptedPeer final : public sim::Program {
 public:
  ScriptedPeer(sim::Process& process, PeerScript& script)
      : process_(process),
        script_(script),
        listener_(process.network().listen(process, kafka_port)) {
    process.spawn(accept());
  }

 private:
  sim::Task<> accept() {
    while (std::optional<sim::SocketPtr> socket = co_await listener_->accept()) {
      process_.spawn(serve(*socket));
    }
  }
  sim::Task<> serve(sim::SocketPtr socket) {
    while (std::optional<sim::Message> message = co_await socket->receive()) {
      script_.asked.push_back(std::move(message->payload));
      const auto& request = dynamic_cast<const Request&>(*script_.asked.back());
      ResponsePtr response = script_.answer ? script_.answer(request) : nullptr;
      if (!response) continue;
      response->correlation_id = request.correlation_id;
      const Bytes size = response->size();
      sim::Message answer{std::move(response), size, "answer"};
      socket->send(std::move(answer));
    }
  }

  sim::Process& process_;
  PeerScript& script_;
  std::unique_ptr<sim::Listener> listener_;
};

}  // namespace brokerlab::model
