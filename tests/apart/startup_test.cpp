// What starting costs: programs that load, ports that open late, logs that are recovered, leaders
// that wait for the disk. A cluster with 24 partitions; broker-2 is killed at 20 s and started at
// 45 s.
#include "scenarios/cluster.h"
#include "scenarios/loader.h"
#include "tests/in_child.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include <set>

using namespace brokerlab;
using namespace brokerlab::scenarios;
using nlohmann::json;

namespace {

struct Happened {
  double at = 0;  ///< Seconds.
  std::string kind;
  std::string text;
};
using Story = std::vector<Happened>;

/// What happened, told by the kinds of events that matter here. `startup`: of the machines' setting
/// of that name; `config`: of the brokers.
Story story_with(const json& startup, const json& config = json::object()) {
  json settings{{"offsets.topic.num.partitions", 1}};
  settings.update(config);
  const json scenario{
      {"name", "startup"},
      {"duration", "70s"},
      {"hardware",
       {{"pc",
         {{"cpu", {{"cores", 4}, {"tail_sigma", 0}}},
          {"disks", {{{"kind", "ssd"}, {"positioning", "0ns"}, {"sync_latency", "2ms"}}}},
          {"startup", startup}}}}},
      {"zookeeper", {{"nodes", 1}, {"machine", "pc"}}},
      {"brokers", {{"count", 3}, {"machine", "pc"}, {"config", settings}}},
      {"topics", {{{"name", "t"}, {"partitions", 24}, {"replication.factor", 3}}}},
      {"sources",
       {{{"name", "table"},
         {"file", "wifi_auth.csv"},
         {"rate", {{{"from", "10s"}, {"rate", "200/s"}}}}}}},
      {"producers",
       {{{"name", "sender"},
         {"machine", "pc"},
         {"source", "table"},
         {"topic", "t"},
         {"key", "username"},
         {"config", {{"acks", "1"}, {"enable.idempotence", false}}}}}}};
  const Loaded loaded =
      parse_scenario(scenario.dump(), "startup.json", library_directory() + "/data");
  INFO(to_text(loaded.errors));
  REQUIRE(loaded.scenario.has_value());
  const std::string text = tests::in_child([&loaded] {
    sim::World world(1);
    Ledger ledger(world);
    auto built = Cluster::build(world, *loaded.scenario, ledger);
    REQUIRE(built.ok());
    Cluster& cluster = **built;
    json all = json::array();
    const std::set<std::string_view> kinds{
        "process.started",   "zk.leader_elected",     "broker.registered",      "log.recovered",
        "connection.failed", "replica.became_leader", "replica.became_follower"};
    world.trace().subscribe([&](const sim::Event& event) {
      if (!kinds.contains(event.kind->name)) return;
      all.push_back({to_seconds(event.time.time_since_epoch()), event.kind->name,
                     world.trace().sentence(event, sim::Language::english)});
    });
    sim::Process& broker = *cluster.find("broker-2")->process;
    sim::Process& sender = *cluster.find("sender")->process;
    for (Duration when = 0s; when < 10s; when += 100ms) {
      world.at(Time(when), [&] {
        if (sender.program() == nullptr) return;
        all.push_back({to_seconds(world.now().time_since_epoch()), "client loaded", ""});
      });
    }
    world.at(Time(20s), [&] { broker.kill(); });
    world.at(Time(45s), [&] { broker.start(); });
    cluster.start();
    world.run(Time(70s));
    return all.dump();
  });
  Story story;
  for (const json& one : json::parse(text)) story.push_back({one[0], one[1], one[2]});
  return story;
}

/// When the first of that kind happened that says so, after a moment.
double first(const Story& story, std::string_view kind, std::string_view text, double after = 0) {
  for (const Happened& one : story) {
    if (one.at >= after && one.kind == kind && one.text.find(text) != std::string::npos) {
      return one.at;
    }
  }
  FAIL("no " << kind << " of " << text << " after " << after);
  return 0;
}

/// When partitions got the leaders that took over from broker-2.
std::vector<double> takeovers(const Story& story, std::string_view broker) {
  std::vector<double> all;
  for (const Happened& one : story) {
    const bool its = one.kind == "replica.became_leader" && one.text.starts_with(broker);
    if (its && one.at > 30 && one.at < 45) all.push_back(one.at);
  }
  REQUIRE(all.size() >= 3);
  return all;
}

}  // namespace

TEST_CASE("startup: a broker, a ZooKeeper server and a client load first", "[unit]") {
  const Story story = story_with({{"broker", "4s"}, {"zookeeper", "3s"}, {"client", "2500ms"}});
  CHECK(first(story, "process.started", "zookeeper") == 0);
  CHECK(first(story, "zk.leader_elected", "zookeeper-1") >= 3);
  CHECK(first(story, "zk.leader_elected", "zookeeper-1") < 3.5);
  CHECK(first(story, "broker.registered", "broker-1") >= 5);  // started at 1 s
  CHECK(first(story, "broker.registered", "broker-1") < 5.5);
  CHECK(first(story, "client loaded", "") == Approx(5.5).margin(0.11));  // started at 3 s
  CHECK(first(story_with(json::object()), "zk.leader_elected", "zookeeper-1") < 0.5);
}

TEST_CASE("startup: a port opens after the registration, and refuses until then", "[unit]") {
  const auto until_asked = [](const Story& story) {
    return first(story, "replica.became_follower", "broker-2 ", 45) -
           first(story, "broker.registered", "broker-2", 45);
  };
  const Story late = story_with({{"listen_after", "1s"}});
  const double registered = first(late, "broker.registered", "broker-2", 45);
  // The controller asks again and again; of refusals in a row the first is told.
  CHECK(first(late, "connection.failed", "cannot connect to broker-2: connection refused",
              registered) < registered + 0.5);
  CHECK(until_asked(late) > 1);
  CHECK(until_asked(late) < 1.25);
  CHECK(until_asked(story_with(json::object())) < 0.2);
}

TEST_CASE("startup: each log is recovered, as many at once as there are threads", "[unit]") {
  const auto took = [](const Story& story) {
    return first(story, "log.recovered", "broker-2", 45) -
           first(story, "process.started", "broker-2", 45) - 1.5;
  };
  const double by_default = took(story_with(json::object()));
  const json costs{{"recover_log", "100ms"}, {"recover_empty_log", "100ms"}};
  const double one_thread = took(story_with(costs));
  const double four = took(story_with(costs, {{"num.recovery.threads.per.data.dir", 4}}));
  INFO(by_default << " " << one_thread << " " << four);
  CHECK(by_default < 0.1);
  CHECK(one_thread - by_default == Approx(2.4).epsilon(0.02));
  CHECK(four - by_default == Approx(0.6).epsilon(0.05));
}

TEST_CASE("startup: leaders take over one after the other, each once its epoch is on the disk",
          "[unit]") {
  for (const char* broker : {"broker-1", "broker-3"}) {
    INFO(broker);
    const std::vector<double> at_once = takeovers(story_with(json::object()), broker);
    const std::set<double> requests(at_once.begin(), at_once.end());
    CHECK(requests.size() <= 2);
    const std::vector<double> apart = takeovers(story_with({{"leaders_one_by_one", true}}), broker);
    CHECK(apart.size() == at_once.size());
    // The file and its directory are synced, 2 ms each.
    for (std::size_t i = 1; i < apart.size(); ++i) CHECK(apart[i] - apart[i - 1] >= 0.004);
    CHECK(apart.front() >= at_once.front() + 0.004);
  }
}

TEST_CASE("startup: who is asked to stop while it loads stops", "[unit]") {
  const std::string text = tests::in_child([] {
    sim::World world(1);
    sim::Network network(world, {});
    sim::Machine machine(world, network, sim::MachineId(0), "a", {});
    bool made = false;
    sim::Process& process = machine.add_process(sim::ProcessId(0), "a", [&made](sim::Process&) {
      made = true;
      return std::make_unique<sim::Program>();
    });
    process.set_start_up(5s);
    process.start();
    world.at(Time(1s), [&] { CHECK(process.running()); });
    world.at(Time(2s), [&] { process.terminate(); });
    world.run(Time(4s));
    CHECK(!process.running());
    process.start();
    world.run(Time(8s));
    CHECK(!made);  // what was left of the first start is gone
    world.run(Time(10s));
    CHECK(made);
    return std::string("done");
  });
  CHECK(text == "done");
}
