// A broker's sessions over whole runs.
#include "model/wire/rpc.h"
#include "tests/runs/cluster_story.h"

#include <limits>

using namespace brokerlab;
using namespace brokerlab::tests;

// KafkaServer.startup ends in shutdown(), which closes the session: 18 s later nothing expires; and
// the logs: what it has recovered, the next start need not.
TEST_CASE("a start that fails closes its session and its logs", "[unit]") {
  const std::string story =
      tell(quiet_incident(),
           {"broker.start_failed", "zk.session_expired", "zk.session_closed", "process.exited",
            "log.recovered", "broker.registered", "broker.zookeeper_lost"},
           [](sim::World& world, scenarios::Cluster& cluster) {
             sim::Process& broker = *cluster.find("broker-2")->process;
             broker.kill();
             world.after(2s, [&broker] { broker.start(); });
           });
  INFO(story);
  // The first life's session holds the registration until it expires; the second life gives up,
  // closes its own and comes again.
  const auto failed = story.find("broker-2 could not start: its registration still exists");
  REQUIRE(failed != std::string::npos);
  CHECK(story.find("broker-2 closed its ZooKeeper session", failed) != std::string::npos);
  const auto times = [&story](const std::string& text) {
    std::size_t count = 0;
    for (auto at = story.find(text); at != std::string::npos; at = story.find(text, at + 1)) {
      ++count;
    }
    return count;
  };
  CHECK(times("expired the session of broker-2") == 1);
  CHECK(times("broker-2 recovered") == 1);
  CHECK(times("broker-2 registered") == 2);
  // Who says goodbye has lost nothing.
  CHECK(times("broker-2 lost its connection to ZooKeeper") == 0);
}

// KafkaServer.shutdown: SocketServer.stopProcessingRequests, then the logs (LogManager.shutdown).
TEST_CASE("who stops cleanly closes its connections before its logs", "[unit]") {
  Time disconnected{};
  Time gone{};
  const Trouble trouble = [&](sim::World& world, scenarios::Cluster& cluster) {
    world.trace().subscribe([&](const sim::Event& event) {
      const auto of = [&](Time& first, bool is) {
        if (is && first == Time{}) first = world.now();
      };
      const bool peer = event.detail("peer") == "broker-2";
      of(disconnected, event.kind->name == "connection.broken" && peer);
      of(gone, event.kind->name == "process.exited");
    });
    process_on(cluster, "broker-2").terminate();
  };
  // A disk that takes its time over the syncs of a closing log.
  tell(quiet_incident({"hardware.office_server.disks.0.sync_latency=100ms"}), {}, trouble,
       [&](sim::World&, scenarios::Cluster&) {
         REQUIRE(disconnected > Time(30s));
         CHECK(gone - disconnected > 1s);
       });
}

// KafkaServer.startup: enableRequestProcessing comes last. Until then a client is refused, and
// never hears what a broker without metadata would say.
TEST_CASE("a broker's port opens when it is registered, not before", "[unit]") {
  int closed_while_it_starts = 0;
  int open_while_it_starts = 0;
  int open_when_it_runs = 0;
  const Trouble trouble = [&](sim::World& world, scenarios::Cluster& cluster) {
    const scenarios::Cluster::Member& member = *cluster.find("broker-2");
    member.process->kill();
    // Its former session has expired by then.
    world.after(20s, [&member] { member.process->start(); });
    const auto look = [&] {
      const model::Broker* broker = cluster.broker(cluster.broker_id(member));
      if (broker == nullptr) return;
      const bool runs = broker->state() == model::Broker::State::running;
      if (broker->server().serving()) ++(runs ? open_when_it_runs : open_while_it_starts);
      if (!broker->server().serving() && !runs) ++closed_while_it_starts;
    };
    for (Duration at = 20s; at < 40s; at += 1ms) world.after(at, look);
  };
  tell(quiet_incident(), {}, trouble, [&](sim::World&, scenarios::Cluster&) {
    CHECK(open_while_it_starts == 0);
    CHECK(closed_while_it_starts > 100);
    CHECK(open_when_it_runs > 1000);
  });
}

// KafkaServer.controlledShutdown sleeps between its tries, not after the last one.
TEST_CASE("a broker that no controller lets go waits between its tries only", "[unit]") {
  Time asked{};
  Time gone{};
  const Trouble trouble = [&](sim::World& world, scenarios::Cluster& cluster) {
    world.trace().subscribe([&](const sim::Event& event) {
      if (world.trace().machine_name(event.machine) != "broker-2") return;
      if (event.kind->name == "process.exited") gone = event.time;
    });
    for (const char* other : {"broker-1", "broker-3"}) process_on(cluster, other).kill();
    asked = world.now();
    process_on(cluster, "broker-2").terminate();
  };
  tell(quiet_incident({"brokers.config.controlled.shutdown.max.retries=2",
                       "brokers.config.controlled.shutdown.retry.backoff.ms=3000"}),
       {}, trouble, [&](sim::World&, scenarios::Cluster&) {
         CHECK(gone - asked > 3s);
         CHECK(gone - asked < 6s);
       });
}

// KafkaController: beforeInitializingSession clears the controller's queue and waits until it has
// resigned. A server that was cut off with it may tell it first that /controller is gone.
TEST_CASE("whose session expired resigns before it runs again, and not after", "[unit]") {
  const int server = GENERATE(1, 2, 3);
  const Trouble trouble = [&](sim::World& world, scenarios::Cluster& cluster) {
    for (const char* other : {"broker-2", "broker-3"}) process_on(cluster, other).kill();
    const std::vector<sim::MachineId> inside{
        process_on(cluster, "broker-1").machine().id(),
        process_on(cluster, fmt::format("zookeeper-{}", server)).machine().id()};
    std::vector<sim::MachineId> outside;
    for (int i = 1; i <= 3; ++i) {
      const auto& other = process_on(cluster, fmt::format("zookeeper-{}", i));
      if (i != server) outside.push_back(other.machine().id());
    }
    sim::Network& network = process_on(cluster, "broker-1").machine().network();
    const auto one = network.impair(inside, outside, {.cut = true}, {});
    const auto other = network.impair(outside, inside, {.cut = true}, {});
    world.after(25s, [&network, one, other] {
      network.repair(one);
      network.repair(other);
    });
  };
  const std::string story =
      tell(quiet_incident(), {"controller.elected", "controller.resigned"}, trouble);
  INFO(story);
  const auto last = story.rfind("broker-1 ");
  REQUIRE(last != std::string::npos);
  CHECK(story.find("became the controller", last) != std::string::npos);
}

// KafkaApis looks at the broker's epoch (isBrokerEpochStale), ReplicaManager at the controller's.
TEST_CASE("what is meant for a broker's former life is refused as that", "[unit]") {
  std::string told;
  const auto ask = [&](sim::Process& from, model::Address to) -> sim::Task<> {
    model::NodeConnection connection(from, to, {});
    constexpr std::int64_t of_this_life = std::numeric_limits<std::int64_t>::max();
    for (const std::int64_t broker_epoch : {std::int64_t{0}, of_this_life}) {
      auto request = std::make_unique<model::StopReplicaRequest>();
      request->controller_epoch = model::ControllerEpoch(0);
      request->broker_epoch = broker_epoch;
      const auto answer = co_await model::call_as<model::StopReplicaResponse>(
          connection, model::RequestPtr(std::move(request)));
      told += answer ? to_text((*answer)->error) : "nothing";
      told += ' ';
    }
  };
  const Trouble trouble = [&](sim::World&, scenarios::Cluster& cluster) {
    const sim::MachineId to = cluster.find("broker-2")->machine->id();
    cluster.admin().spawn(ask(cluster.admin(), {to, model::kafka_port}));
  };
  tell(quiet_incident(), {}, trouble, [&](sim::World&, scenarios::Cluster&) {
    CHECK(told == "STALE_BROKER_EPOCH STALE_CONTROLLER_EPOCH ");
  });
}
