// A server that notes every word it hears, and clients that say some at given dates.
#pragma once

#include "tests/sim/cluster_fixture.h"

#include <memory>
#include <string>
#include <vector>

namespace brokerlab::sim {

inline constexpr int test_port = 9092;

inline std::string end_of(const Socket& socket) {
  switch (socket.state()) {
    case Socket::State::open:
      return "open";
    case Socket::State::closed:
      return "closed";
    case Socket::State::reset:
      return "reset";
  }
  return "?";
}

inline Task<> hear(Cluster& cluster, SocketPtr socket) {
  while (true) {
    std::optional<Message> message = co_await socket->receive();
    if (!message) break;
    cluster.note(text_of(*message));
  }
  cluster.note(end_of(*socket));
}

/// Accepts everyone and notes every word that comes.
inline Task<> listen_and_note(Cluster& cluster, Process& self) {
  const std::unique_ptr<Listener> listener = self.network().listen(self, test_port);
  while (true) {
    std::optional<SocketPtr> socket = co_await listener->accept();
    if (!socket) co_return;
    cluster.note("accepted");
    self.spawn(hear(cluster, std::move(*socket)));
  }
}

/// What a client sends, when (from the run's start) and how large.
struct Line {
  Duration when;
  std::string text;
  Bytes size = 100_B;
};

inline Task<> say_over(Cluster& cluster, SocketPtr socket, std::vector<Line> lines) {
  for (const Line& line : lines) {
    co_await cluster.world.sleep_until(Time(line.when));
    socket->send(word(line.text, line.size));
  }
  const std::optional<Message> nothing = co_await socket->receive();
  cluster.note(nothing ? "an answer" : "client " + end_of(*socket));
}

inline Task<> connect_and_say(Cluster& cluster, Process& self, MachineId to,
                              std::vector<Line> lines, Duration patience) {
  Result<SocketPtr, NetError> socket =
      co_await self.network().connect(self, to, test_port, cluster.world.now() + patience);
  if (!socket) {
    cluster.note(to_text(socket.error()));
    co_return;
  }
  cluster.note("connected");
  co_await say_over(cluster, *socket, std::move(lines));
}

inline Cluster::Role saying(int to, std::vector<Line> lines, Duration patience = 30s) {
  return [to, lines, patience](Cluster& cluster, Process& self) {
    return connect_and_say(cluster, self, MachineId(to), lines, patience);
  };
}

}  // namespace brokerlab::sim
