#include "tests/model/zookeeper_lab.h"

using namespace brokerlab;
using namespace brokerlab::model;
using namespace brokerlab::model::test;

namespace {

/// What the scripts below note for the tests to look at.
struct Notes {
  std::string text;
  Time at{};
  Time end{};
  int acknowledged = 0;
  std::vector<std::string> created;
  std::vector<ZkEvent> events;
};

sim::Task<> note_events(ClientProgram& me, Notes& notes) {
  while (true) {
    const std::optional<ZkEvent> event = co_await me.zookeeper.events().receive();
    notes.events.push_back(*event);
  }
}

int count(const Notes& notes, ZkEvent::Type type) {
  int n = 0;
  for (const ZkEvent& event : notes.events) n += event.type == type;
  return n;
}

sim::Task<> greet_once(ClientProgram& me, Notes& notes) {
  const bool connected = co_await me.zookeeper.wait_connected(Time(30s));
  notes.at = me.world.now();
  REQUIRE(connected);
  const ZkReply made = co_await me.create("/greeting", "hello");
  const ZkReply got = co_await me.get("/greeting", true);
  notes.text = got.node.data;
  const ZkReply set = co_await me.set("/greeting", "good bye");
  CHECK(set.node.stat.version == 1);
  CHECK(made.node.stat.czxid < set.node.stat.mzxid);
}

sim::Task<> register_and_wait(ClientProgram& me, Notes& notes) {
  const bool connected = co_await me.zookeeper.wait_connected(Time(30s));
  REQUIRE(connected);
  const ZkReply made = co_await me.create("/member", "", ZkCreateMode::ephemeral);
  CHECK(made.ok());
  notes.at = me.world.now();
  co_await note_events(me, notes);
}

/// Watches /member from its creation to its end.
sim::Task<> wait_for_the_end_of_member(ClientProgram& me, Notes& notes) {
  while (true) {
    const ZkReply there = co_await me.exists("/member", true);
    if (there.ok()) notes.text = "seen";
    if (!there.ok() && notes.text == "seen") break;
    while (true) {
      const std::optional<ZkEvent> event = co_await me.zookeeper.events().receive();
      notes.events.push_back(*event);
      if (event->path == "/member") break;
    }
  }
  notes.at = me.world.now();
}

sim::Task<> register_then_leave(ClientProgram& me, Notes& notes) {
  const ZkReply made = co_await me.create("/member", "", ZkCreateMode::ephemeral);
  CHECK(made.ok());
  co_await me.world.sleep(5s);
  notes.at = me.world.now();
  co_await me.zookeeper.close();
  notes.end = me.world.now();
  const ZkReply late = co_await me.create("/late");
  CHECK(late.error == ZkError::session_expired);
}

/// Creates /n-0, /n-1, ... and notes which were acknowledged.
sim::Task<> create_forever(ClientProgram& me, Notes& notes, Duration pause) {
  for (int i = 0;; ++i) {
    const std::string path = fmt::format("/{}-{}-{}", me.process.name(), me.process.starts(), i);
    const ZkReply made = co_await me.create(path);
    if (made.error == ZkError::session_expired) {
      me.zookeeper.start();
      continue;
    }
    // A retried create may find what its first try has made.
    CHECK((made.ok() || made.error == ZkError::node_exists));
    notes.created.push_back(path);
    notes.at = me.world.now();
    ++notes.acknowledged;
    co_await me.world.sleep(pause);
  }
}

sim::Task<> count_missing(ClientProgram& me, const std::vector<std::string>& paths, int& missing) {
  for (const std::string& path : paths) {
    const ZkReply there = co_await me.exists(path);
    missing += there.ok() ? 0 : 1;
  }
  missing -= 1'000'000;  // it got to the end
}

sim::Task<> count_pipelined(ClientProgram& me, Notes& notes) {
  const bool connected = co_await me.zookeeper.wait_connected(Time(30s));
  REQUIRE(connected);
  std::vector<ZkOperation> operations;
  operations.push_back({.type = ZkOperation::Type::create, .path = "/n", .data = "0"});
  for (int i = 1; i <= 30; ++i) {
    ZkOperation set{.type = ZkOperation::Type::set, .path = "/n"};
    set.data = std::to_string(i);
    operations.push_back(set);
    operations.push_back({.type = ZkOperation::Type::get, .path = "/n"});
  }
  const std::vector<ZkReply> replies = co_await me.zookeeper.pipeline(std::move(operations));
  for (std::size_t i = 2; i < replies.size(); i += 2) notes.text += replies[i].node.data + " ";
}

sim::Task<> time_one_create(ClientProgram& me, Notes& notes) {
  co_await me.world.sleep(5s);
  notes.at = me.world.now();
  const ZkReply made = co_await me.create("/timed", std::string(100, 'x'));
  CHECK(made.ok());
  notes.end = me.world.now();
}

}  // namespace

TEST_CASE("three servers elect a leader within a second and serve", "[unit]") {
  Lab lab(3);
  Notes notes;
  lab.add_client("client", [&](ClientProgram& me) { return greet_once(me, notes); });
  lab.run_until(10s);
  REQUIRE(lab.zookeeper->leader() == 3);
  CHECK(lab.find("zk.leader_elected")->time < Time(1s));
  CHECK(lab.count("zk.leader_elected") == 1);
  CHECK(notes.at < Time(3s));
  CHECK(notes.text == "hello");
  CHECK(lab.count("zk.session_created") == 1);
  for (int id = 1; id <= 3; ++id) {
    CHECK(lab.zookeeper->status(id)->zxid == lab.zookeeper->status(3)->zxid);
    CHECK(lab.zookeeper->status(id)->hash == lab.zookeeper->status(3)->hash);
    CHECK(lab.zookeeper->status(id)->nodes == 2);
  }
  CHECK(lab.witness.contradictions == 0);
}

TEST_CASE("one client reads its own writes, in order", "[unit]") {
  Lab lab(3);
  Notes notes;
  lab.add_client("client", [&](ClientProgram& me) { return count_pipelined(me, notes); });
  lab.run_until(20s);
  std::string expected;
  for (int i = 1; i <= 30; ++i) expected += std::to_string(i) + " ";
  CHECK(notes.text == expected);
}

TEST_CASE("a lone create costs the network and one disk sync", "[unit]") {
  Lab lab(3);
  Notes one;
  lab.add_client("one", [&](ClientProgram& me) { return time_one_create(me, one); });
  lab.run_until(10s);
  const sim::DiskConfig disk;
  const Duration sync = disk.sync_latency;  // the log is written sequentially
  const Duration took = one.end - one.at;
  // Client to server to leader to followers and back: at most 6 hops of 0.1 ms.
  CHECK(took > sync);
  CHECK(took < sync + 2ms);
}

TEST_CASE("without forceSync nobody waits for the disk", "[unit]") {
  ZooKeeperConfig config;
  config.force_sync = false;
  Lab lab(3, 1, config);
  Notes one;
  lab.add_client("one", [&](ClientProgram& me) { return time_one_create(me, one); });
  lab.run_until(10s);
  CHECK(one.end - one.at < 2ms);
}

TEST_CASE("power loss of a client: its ephemeral node stays for the session timeout", "[unit]") {
  Lab lab(3);
  Notes member, watcher;
  sim::Process& process =
      lab.add_client("broker-1", [&](ClientProgram& me) { return register_and_wait(me, member); });
  lab.add_client("watcher",
                 [&](ClientProgram& me) { return wait_for_the_end_of_member(me, watcher); });
  lab.run_until(60s);
  process.machine().power_off();
  lab.run_until(120s);
  CHECK(watcher.text == "seen");
  // Its last ping was at most a third of the timeout ago and reached the leader within half a tick
  // more; the leader rounds up to the next tick.
  CHECK(watcher.at >= Time(60s + 12s));
  CHECK(watcher.at <= Time(60s + 18s + 1s + 2s + 1s));
  const sim::Event* expired = lab.find("zk.session_expired");
  REQUIRE(expired != nullptr);
  CHECK(expired->time.time_since_epoch() % 2s == Duration{0});
  CHECK(expired->detail("owner") == "broker-1");
  CHECK(expired->detail("timeout") == "18s");
  CHECK(lab.why(*expired) == "zk.session_expired <- machine.power_off");
  CHECK(lab.world.trace().event(watcher.events.back().cause).kind->name == "zk.session_expired");
}

TEST_CASE("a killed client: ZooKeeper still waits for the session", "[unit]") {
  Lab lab(3);
  Notes member, watcher;
  sim::Process& process =
      lab.add_client("broker-1", [&](ClientProgram& me) { return register_and_wait(me, member); });
  lab.add_client("watcher",
                 [&](ClientProgram& me) { return wait_for_the_end_of_member(me, watcher); });
  lab.run_until(60s);
  process.kill();
  lab.run_until(70s);
  CHECK(watcher.at == Time{});
  lab.run_until(120s);
  CHECK(watcher.at >= Time(72s));
  CHECK(watcher.at <= Time(82s));
  CHECK(lab.why(*lab.find("zk.session_expired")) == "zk.session_expired <- process.killed");
}

TEST_CASE("a client that restarts at once leaves its old session to expire", "[unit]") {
  Lab lab(3);
  Notes member;
  sim::Process& process =
      lab.add_client("broker-1", [&](ClientProgram& me) { return create_forever(me, member, 1s); });
  lab.run_until(60s);
  process.kill();
  lab.run_until(61s);
  process.start();
  lab.run_until(100s);
  CHECK(lab.count("zk.session_created") == 2);
  REQUIRE(lab.count("zk.session_expired") == 1);
  CHECK(lab.why(*lab.find("zk.session_expired")) == "zk.session_expired <- process.killed");
}

TEST_CASE("closing a session removes its ephemeral nodes at once", "[unit]") {
  Lab lab(3);
  Notes member, watcher;
  lab.add_client("broker-1", [&](ClientProgram& me) { return register_then_leave(me, member); });
  lab.add_client("watcher",
                 [&](ClientProgram& me) { return wait_for_the_end_of_member(me, watcher); });
  lab.run_until(60s);
  CHECK(member.end - member.at < 100ms);
  CHECK(watcher.at - member.at < 100ms);
  CHECK(lab.count("zk.session_closed") == 1);
  CHECK(lab.count("zk.session_expired") == 0);
}

TEST_CASE("a leader loses power: another leads, nothing committed is lost, sessions live",
          "[unit]") {
  Lab lab(3);
  Notes writer, member;
  lab.add_client("writer", [&](ClientProgram& me) { return create_forever(me, writer, 100ms); });
  lab.add_client("broker-1", [&](ClientProgram& me) { return register_and_wait(me, member); });
  lab.run_until(30s);
  const int old = *lab.zookeeper->leader();
  const int before = writer.acknowledged;
  lab.server(old).power_off();
  lab.run_until(60s);
  const std::optional<int> leader = lab.zookeeper->leader();
  REQUIRE(leader);
  CHECK(*leader != old);
  CHECK(lab.find("zk.leader_elected")->time < Time(30s + 12s));
  CHECK(lab.why(*lab.find("zk.leader_elected")).find("machine.power_off") != std::string::npos);
  CHECK(writer.acknowledged > before + 50);
  CHECK(lab.count("zk.session_expired") == 0);
  CHECK(lab.witness.contradictions == 0);

  lab.server(old).power_on();
  lab.run_until(120s);
  CHECK(lab.zookeeper->status(old)->role == ZkRole::following);
  CHECK(lab.zookeeper->status(old)->hash == lab.zookeeper->status(*leader)->hash);
  CHECK(lab.zookeeper->status(old)->nodes == writer.created.size() + 2);
  CHECK(count(member, ZkEvent::Type::session_expired) == 0);
}

TEST_CASE("without a majority no write is served; service resumes when it returns", "[unit]") {
  Lab lab(3);
  Notes writer;
  lab.add_client("writer", [&](ClientProgram& me) { return create_forever(me, writer, 100ms); });
  lab.run_until(30s);
  lab.zookeeper->process(1).kill();
  lab.run_until(30s);  // the second crash is not a consequence of the first
  lab.zookeeper->process(2).kill();
  lab.run_until(33s);
  CHECK_FALSE(lab.zookeeper->leader());
  CHECK(lab.why(*lab.find("zk.leader_lost")) ==
        "zk.leader_lost <- zk.follower_lost <- process.killed");
  const int before = writer.acknowledged;
  lab.run_until(60s);
  CHECK(writer.acknowledged == before);
  lab.zookeeper->process(1).start();
  lab.run_until(75s);
  CHECK(lab.zookeeper->leader());
  CHECK(writer.acknowledged > before + 50);
  CHECK(lab.witness.contradictions == 0);
}

TEST_CASE("a leader that is cut off commits nothing and steps down", "[unit]") {
  Lab lab(5);
  Notes writer;
  lab.add_client("writer", [&](ClientProgram& me) { return create_forever(me, writer, 50ms); });
  lab.run_until(30s);
  const int old = *lab.zookeeper->leader();
  lab.isolate(old, true);
  const std::int64_t frozen = lab.zookeeper->status(old)->zxid;
  lab.run_until(60s);
  CHECK(lab.zookeeper->status(old)->zxid == frozen);
  CHECK(lab.zookeeper->status(old)->role == ZkRole::looking);
  REQUIRE(lab.zookeeper->leader());
  CHECK(*lab.zookeeper->leader() != old);
  lab.isolate(old, false);
  lab.run_until(150s);
  CHECK(lab.zookeeper->status(old)->role == ZkRole::following);
  CHECK(lab.zookeeper->status(old)->hash == lab.zookeeper->status(*lab.zookeeper->leader())->hash);
  CHECK(lab.witness.contradictions == 0);
}

TEST_CASE("watches survive a change of server, and what was missed is told", "[unit]") {
  Lab lab(3);
  Notes member, watcher;
  sim::Process& process =
      lab.add_client("broker-1", [&](ClientProgram& me) { return register_and_wait(me, member); });
  lab.add_client("watcher",
                 [&](ClientProgram& me) { return wait_for_the_end_of_member(me, watcher); });
  lab.run_until(30s);
  process.machine().power_off();
  lab.run_until(40s);
  // All servers forget their watches before the node goes.
  for (int id = 1; id <= 3; ++id) lab.zookeeper->process(id).kill();
  lab.run_until(45s);
  for (int id = 1; id <= 3; ++id) lab.zookeeper->process(id).start();
  lab.run_until(100s);
  CHECK(count(watcher, ZkEvent::Type::disconnected) >= 1);
  CHECK(watcher.at > Time(60s));
  CHECK(watcher.events.back().type == ZkEvent::Type::node_deleted);
}

TEST_CASE("a client away for longer than its session learns it from a server", "[unit]") {
  Lab lab(3);
  Notes member;
  sim::Process& process =
      lab.add_client("broker-1", [&](ClientProgram& me) { return register_and_wait(me, member); });
  lab.run_until(30s);
  process.pause(40s);
  lab.run_until(65s);
  CHECK(lab.count("zk.session_expired") == 1);
  CHECK(lab.why(*lab.find("zk.session_expired")) == "zk.session_expired <- process.paused");
  CHECK(count(member, ZkEvent::Type::session_expired) == 0);
  lab.run_until(80s);
  CHECK(count(member, ZkEvent::Type::session_expired) == 1);
}

TEST_CASE("an idle ensemble costs a few events a tick", "[unit]") {
  Lab lab(3);
  lab.run_until(100s);
  const std::uint64_t before = lab.world.steps();
  lab.run_until(300s);
  CHECK((lab.world.steps() - before) / 100 < 80);
}

TEST_CASE("servers write snapshots, and a long-lost follower is sent one", "[unit]") {
  ZooKeeperConfig config;
  config.snap_count = 300;
  Lab lab(3, 5, config);
  int snapshots = 0;
  lab.network.on_transfer(
      [&](const sim::Transfer& transfer) { snapshots += transfer.kind == "snapshot"; });
  Notes writer;
  lab.add_client("writer", [&](ClientProgram& me) { return create_forever(me, writer, 10ms); });
  lab.run_until(2s);
  lab.zookeeper->process(1).kill();
  lab.run_until(60s);
  REQUIRE(writer.acknowledged > 1000);
  CHECK(snapshots == 0);
  lab.zookeeper->process(1).start();
  lab.run_until(70s);
  CHECK(snapshots == 1);
  CHECK(lab.zookeeper->status(1)->serving);
  CHECK(lab.zookeeper->status(1)->nodes > 1000);
  lab.server(2).power_off();
  lab.server(2).power_on();
  lab.run_until(120s);
  CHECK(lab.zookeeper->status(2)->serving);
  CHECK(lab.witness.contradictions == 0);
}

TEST_CASE("an ensemble tells the same story for the same seed", "[unit]") {
  const auto tell = [](std::uint64_t seed) {
    Lab lab(3, seed);
    Notes writer;
    lab.add_client("writer", [&](ClientProgram& me) { return create_forever(me, writer, 100ms); });
    lab.run_until(20s);
    lab.server(3).power_off();
    lab.run_until(50s);
    return lab.world.trace().fingerprint();
  };
  CHECK(tell(1) == tell(1));
  CHECK(tell(1) != tell(2));
}

TEST_CASE("servers crash and come back at random: one history, nothing acknowledged is lost",
          "[property]") {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    ZooKeeperConfig config;
    config.snap_count = seed % 2 == 0 ? 300 : 100'000;
    Lab lab(5, seed, config);
    RandomStream random(seed, "crashes");
    Notes writers[2];
    for (int w = 0; w < 2; ++w) {
      lab.add_client(fmt::format("writer-{}", w),
                     [&, w](ClientProgram& me) { return create_forever(me, writers[w], 150ms); });
    }
    std::vector<std::string> asked;
    int missing = 0;
    sim::Process& reader = lab.add_client(
        "reader", [&](ClientProgram& me) { return count_missing(me, asked, missing); }, false);
    Duration date = 5s;
    for (int fault = 0; fault < 14; ++fault) {
      lab.run_until(date);
      const int victim = 1 + static_cast<int>(random.below(5));
      sim::Machine& machine = lab.server(victim);
      switch (random.below(4)) {
        case 0:
          machine.power_off();
          break;
        case 1:
          lab.zookeeper->process(victim).kill();
          break;
        case 2:
          lab.isolate(victim, true);
          break;
        default:
          lab.zookeeper->process(victim).pause(random.uniform(Duration{1s}, Duration{15s}));
      }
      date += random.uniform(Duration{200ms}, Duration{12s});
      lab.run_until(date);
      if (random.chance(0.7)) {
        if (!machine.powered()) machine.power_on();
        if (machine.powered() && !lab.zookeeper->process(victim).running()) {
          lab.zookeeper->process(victim).start();
        }
        lab.isolate(victim, false);
      }
      date += random.uniform(Duration{200ms}, Duration{12s});
    }
    for (int id = 1; id <= 5; ++id) {
      lab.isolate(id, false);
      if (!lab.server(id).powered()) lab.server(id).power_on();
      lab.zookeeper->process(id).start();
    }
    const int before = writers[0].acknowledged;
    lab.run_until(date + 150s);
    INFO("seed " << seed);
    CHECK(lab.witness.contradictions == 0);
    REQUIRE(lab.zookeeper->leader());
    CHECK(writers[0].acknowledged > before);
    // What a writer was told is there, is there: ask as a client.
    for (const Notes& writer : writers) {
      asked.insert(asked.end(), writer.created.begin(), writer.created.end());
    }
    reader.start();
    lab.run_until(date + 150s + 60s);
    CHECK(missing == -1'000'000);
    CHECK(asked.size() > 100);
  }
}
