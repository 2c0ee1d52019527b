// Sessions at their edges: asked for and given up, closed before they are known, held by a start
// that failed.
#include "sim/disk_faults.h"
#include "tests/model/zookeeper_lab.h"

using namespace brokerlab;
using namespace brokerlab::model;
using namespace brokerlab::model::test;

namespace {

sim::Task<> idle(ClientProgram& client) { co_await client.world.sleep(1h); }

void slow_every_disk(Lab& lab, int servers, double factor) {
  for (int myid = 1; myid <= servers; ++myid) sim::slow_disk(lab.server(myid), 0, factor);
}

/// Waits as a broker does, gives up and closes.
sim::Task<> connect_or_close(ClientProgram& client, Duration patience, std::string& said) {
  const bool connected = co_await client.zookeeper.wait_connected(client.world.now() + patience);
  said = connected ? "connected" : "gave up";
  co_await client.zookeeper.close();
  said += fmt::format(", closed at {}", to_text(client.world.now()));
}

}  // namespace

// The leader follows a session from the request on (PrepRequestProcessor: trackSession); on a slow
// disk the client has gone elsewhere before a majority has it.
TEST_CASE("a session that its client gave up has an owner and a timeout", "[unit]") {
  Lab lab(3);
  lab.run_until(10s);
  slow_every_disk(lab, 3, 1'000);  // 21 s for a write and a sync
  lab.add_client("broker-3", idle);
  lab.run_until(120s);
  for (int myid = 1; myid <= 3; ++myid) sim::restore_disk_speed(lab.server(myid), 0);
  lab.run_until(240s);
  CHECK(lab.count("zk.session_abandoned") >= 1);
  // Only sessions that a client had can expire from it; this client lives.
  CHECK(lab.count("zk.session_expired") == 0);
  const sim::Event* dropped = lab.find("zk.session_abandoned");
  REQUIRE(dropped != nullptr);
  CHECK(dropped->detail("owner") == "broker-3");
  CHECK(dropped->detail("timeout") == "18s");
  for (int myid = 1; myid <= 3; ++myid) CHECK(lab.zookeeper->status(myid)->sessions == 1);
}

// ClientCnxn puts closeSession behind the ConnectRequest: a session in the making is closed, too.
TEST_CASE("a client that closes while it connects leaves no session behind", "[unit]") {
  Lab lab(3);
  lab.run_until(10s);
  // An answer takes longer than the client's patience, not longer than its connection's.
  slow_every_disk(lab, 3, 50);  // 1 s
  std::string said;
  lab.add_client("broker-1", [&](ClientProgram& me) { return connect_or_close(me, 10ms, said); });
  lab.run_until(60s);
  CHECK_THAT(said, Catch::StartsWith("gave up, closed at t=1"));
  CHECK(lab.count("zk.session_created") == 1);
  CHECK(lab.count("zk.session_closed") == 1);
  CHECK(lab.count("zk.session_expired") + lab.count("zk.session_abandoned") == 0);
  for (int myid = 1; myid <= 3; ++myid) CHECK(lab.zookeeper->status(myid)->sessions == 0);
}

TEST_CASE("closing without any server to talk to ends at once", "[unit]") {
  Lab lab(3);
  lab.run_until(10s);
  for (int myid = 1; myid <= 3; ++myid) lab.server(myid).power_off();
  std::string said;
  lab.add_client("broker-1", [&](ClientProgram& me) { return connect_or_close(me, 5s, said); });
  lab.run_until(30s);
  CHECK(said == "gave up, closed at t=15.000s");
}
