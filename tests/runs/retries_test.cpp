// What retries do to a log is told when they do it, and agrees with what the log holds at the end.
#include "scenarios/retries.h"

#include "scenarios/cluster.h"
#include "tests/in_child.h"
#include "tests/runs/run_story.h"

using namespace brokerlab;
using namespace brokerlab::tests;

namespace {

/// A tenth of the packets between the producer and the brokers is lost for 10 s: answers, too.
scenarios::Scenario lossy(int in_flight, bool idempotent) {
  std::vector<std::string> all = short_incident();
  for (const char* more :
       {"producers.0.config.batch.size=400", "producers.0.config.request.timeout.ms=1000",
        "producers.0.config.delivery.timeout.ms=60000", "producers.0.poll_interval=10ms"}) {
    all.emplace_back(more);
  }
  all.push_back(
      fmt::format("producers.0.config.max.in.flight.requests.per.connection={}", in_flight));
  if (idempotent) {
    all.emplace_back("producers.0.config.acks=all");
    all.emplace_back("producers.0.config.enable.idempotence=true");
  }
  scenarios::Scenario scenario = load("wifi_auth_broker_crash", all, 1);
  scenario.faults.clear();
  return scenario;
}

struct Told {
  std::int64_t twice = 0, out_of_order = 0;
  std::string story;
};

/// "twice out_of_order duplicates reordered", then sentences with the kinds of their causes.
std::string retried(int in_flight, bool idempotent = false) {
  return in_child([&] {
    const scenarios::Scenario scenario = lossy(in_flight, idempotent);
    sim::World world(1);
    scenarios::Ledger ledger(world);
    auto built = scenarios::Cluster::build(world, scenario, ledger);
    REQUIRE(built.ok());
    scenarios::Cluster& cluster = **built;
    const scenarios::Retries retries(world, cluster, ledger);
    Told told;
    world.trace().subscribe([&](const sim::Event& event) {
      const std::string_view kind = event.kind->name;
      if (kind != "producer.written_twice" && kind != "producer.written_out_of_order") return;
      const std::int64_t count = std::atoll(std::string(event.detail("count")).c_str());
      (kind == "producer.written_twice" ? told.twice : told.out_of_order) += count;
      told.story += world.trace().sentence(event, sim::Language::english);
      told.story += event.cause
                        ? fmt::format(" <- {}\n", world.trace().event(event.cause).kind->name)
                        : std::string("\n");
    });
    world.at(Time(30s), [&] {
      std::vector<sim::MachineId> brokers;
      for (int i = 1; i <= 3; ++i) {
        brokers.push_back(cluster.find(fmt::format("broker-{}", i))->machine->id());
      }
      const std::vector<sim::MachineId> client{cluster.find("wifi-auth")->machine->id()};
      const sim::Impairment loss{.loss = 0.3};
      sim::Network& network = cluster.network();
      const auto there = network.impair(client, brokers, loss, {});
      const auto back = network.impair(brokers, client, loss, {});
      world.after(10s, [&network, there, back] {
        network.repair(there);
        network.repair(back);
      });
    });
    cluster.start();
    world.run(Time(90s));
    ledger.finish();
    return fmt::format("told {} {}, in the logs {} {}\n{}", told.twice, told.out_of_order,
                       ledger.duplicates_in_log(), ledger.reordered_in_log(), told.story);
  });
}

}  // namespace

TEST_CASE("what retries wrote twice or out of order is told as they do it", "[unit]") {
  const std::string many = retried(5);
  INFO(many);
  int twice = 0, out_of_order = 0, duplicates = 0, reordered = 0;
  REQUIRE(std::sscanf(many.c_str(), "told %d %d, in the logs %d %d", &twice, &out_of_order,
                      &duplicates, &reordered) == 4);
  CHECK(twice > 0);
  CHECK(out_of_order > 0);
  CHECK(twice == duplicates);
  CHECK(out_of_order == reordered);
  CHECK_THAT(many, Catch::Contains("wifi-auth wrote") && Catch::Contains("a second time, at") &&
                       Catch::Contains("<- connection.broken"));
  CHECK_THAT(many, Catch::Contains("out of order, at offset"));
  // KafkaProducer: "if set to 1, ordering is guaranteed even with retries"; copies may still be.
  const std::string one = retried(1);
  INFO(one);
  CHECK(one.find("out of order") == std::string::npos);
  CHECK_THAT(one, Catch::Contains("a second time"));
}

TEST_CASE("what an idempotent producer tries again is written once, and in order", "[unit]") {
  const std::string five = retried(5, true);
  INFO(five);
  CHECK_THAT(five, Catch::StartsWith("told 0 0, in the logs 0 0"));
}
