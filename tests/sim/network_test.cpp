#include "tests/sim/cluster_fixture.h"

#include <catch2/catch.hpp>

using namespace brokerlab;
using namespace brokerlab::sim;

namespace {

constexpr int port = 9092;

std::string end_of(const Socket& socket) {
  switch (socket.state()) {
    case Socket::State::open: return "open";
    case Socket::State::closed: return "closed";
    case Socket::State::reset: return "reset";
  }
  return "?";
}

Task<> hear(Cluster& cluster, SocketPtr socket) {
  while (true) {
    std::optional<Message> message = co_await socket->receive();
    if (!message) break;
    cluster.note(text_of(*message));
  }
  cluster.note(end_of(*socket));
}

/// Accepts everyone and notes every word that comes.
Task<> listen_and_note(Cluster& cluster, Process& self) {
  const std::unique_ptr<Listener> listener = self.network().listen(self, port);
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

Task<> say_over(Cluster& cluster, SocketPtr socket, std::vector<Line> lines) {
  for (const Line& line : lines) {
    co_await cluster.world.sleep_until(Time(line.when));
    socket->send(word(line.text, line.size));
  }
  const std::optional<Message> nothing = co_await socket->receive();
  cluster.note(nothing ? "an answer" : "client " + end_of(*socket));
}

Task<> connect_and_say(Cluster& cluster, Process& self, MachineId to, std::vector<Line> lines,
                       Duration patience) {
  Result<SocketPtr, NetError> socket =
      co_await self.network().connect(self, to, port, cluster.world.now() + patience);
  if (!socket) {
    cluster.note(to_text(socket.error()));
    co_return;
  }
  cluster.note("connected");
  co_await say_over(cluster, *socket, std::move(lines));
}

Cluster::Role saying(int to, std::vector<Line> lines, Duration patience = 30s) {
  return [to, lines, patience](Cluster& cluster, Process& self) {
    return connect_and_say(cluster, self, MachineId(to), lines, patience);
  };
}

}  // namespace

TEST_CASE("a small message takes its bits over the rate and the delay", "[unit]") {
  Cluster cluster(2);
  cluster.run(1, listen_and_note);
  // 100 bytes and 66 of headers at 125 MB/s: 1328 ns.
  cluster.run(0, saying(1, {{1ms, "hello"}}));
  cluster.run_until(1s);
  REQUIRE(cluster.notes == "connected@200us accepted@300us hello@1101.328us ");
  REQUIRE(cluster.network.sent(MachineId(0)) == 166_B);
  REQUIRE(cluster.network.received(MachineId(1)) == 166_B);
}

TEST_CASE("a connection where nobody listens is refused after one round trip", "[unit]") {
  Cluster cluster(2);
  cluster.run(0, saying(1, {}));
  cluster.run_until(1s);
  REQUIRE(cluster.notes == "connection refused@200us ");
}

TEST_CASE("a connection to a silent machine times out at the deadline", "[unit]") {
  Cluster cluster(2);
  cluster.run(1, listen_and_note);
  cluster.host(1).power_off();
  cluster.run(0, saying(1, {}, 10s));
  cluster.run_until(60s);
  REQUIRE(cluster.notes == "connection timed out@10s ");
}

TEST_CASE("killing a process resets its peers one delay later", "[unit]") {
  Cluster cluster(2);
  Process& server = cluster.run(1, listen_and_note);
  cluster.run(0, saying(1, {}));
  cluster.at(1s, [&] { server.kill(); });
  cluster.run_until(2s);
  REQUIRE(cluster.notes == "connected@200us accepted@300us client reset@1000.1ms ");
}
