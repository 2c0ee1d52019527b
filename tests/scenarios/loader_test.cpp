#include "scenarios/loader.h"

#include "base/settings.h"
#include "scenarios/fuzz/drawn_scenario.h"

#include <catch2/catch.hpp>

#include <filesystem>
#include <fstream>
#include <iterator>

using namespace brokerlab;
using namespace brokerlab::scenarios;

namespace {

const std::string here = std::string(BROKERLAB_SOURCE_DIR) + "/tests/scenarios/";

Scenario small(const std::vector<std::string>& overrides = {}) {
  const Loaded loaded = load_scenario(here + "small.json", {overrides, {}});
  INFO(to_text(loaded.errors));
  REQUIRE(loaded.scenario.has_value());
  return *loaded.scenario;
}

std::string errors_with(const std::vector<std::string>& overrides) {
  const Loaded loaded = load_scenario(here + "small.json", {overrides, {}});
  std::string text;
  for (const Problem& problem : loaded.errors) {
    text +=
        problem.path + (problem.path.empty() ? problem.file : "") + ": " + problem.message + "\n";
  }
  return text;
}

std::string warnings_with(const std::vector<std::string>& overrides) {
  const Loaded loaded = load_scenario(here + "small.json", {overrides, {}});
  CHECK(loaded.errors.empty());
  std::string text;
  for (const Problem& problem : loaded.warnings)
    text += problem.path + ": " + problem.message + "\n";
  return text;
}

}  // namespace

TEST_CASE("scenario: a file becomes a struct, with Kafka's defaults where it is silent", "[unit]") {
  const Scenario s = small();
  CHECK(s.duration == 60s);
  CHECK(s.brokers.at(0).config.num_io_threads == 4);
  CHECK(s.brokers.at(0).config.zookeeper_session_timeout == 18s);
  CHECK(s.machine("pc").disks.at(0).kind == sim::DiskKind::ssd);
  CHECK(s.machine("pc").disks.at(0).parallelism == 32);
  CHECK(s.machine("").disks.at(0).kind == sim::DiskKind::hdd);
  CHECK(s.producers.at(0).config.acks == model::Acks::all);
  CHECK(s.topic_config(s.topics.at(0)).max_message_bytes == Bytes(1'048'588));
  REQUIRE(s.faults.size() == 2);
  CHECK(std::get<LeaderOfMost>(s.faults[0].action->target()->who).topic == "logins");
  CHECK(std::get<Named>(s.faults[1].action->target()->who).name == "victim");
}

TEST_CASE("scenario: machines are derived from the cluster and the clients", "[unit]") {
  std::string names;
  for (const MachineRole& machine : machines_of(small())) names += machine.name + " ";
  CHECK(
      names ==
      "zookeeper-1 zookeeper-2 zookeeper-3 broker-1 broker-2 broker-3 sender readers-1 readers-2 ");
}

TEST_CASE("scenario: overrides reach everything", "[unit]") {
  const Scenario s = small({"brokers.config.zookeeper.session.timeout.ms=9000", "seed=42",
                            "producers.0.config.acks=1", "faults.0.at=10s", "duration=2min",
                            "topics.0.config.min.insync.replicas=2", "hardware.pc.cpu.cores=8",
                            "faults.0.power_off=broker-2"});
  CHECK(s.brokers.at(0).config.zookeeper_session_timeout == 9s);
  CHECK(s.seed == 42);
  CHECK(s.producers[0].config.acks == model::Acks::leader);
  CHECK(s.faults[0].at == 10s);
  CHECK(s.topic_config(s.topics[0]).min_insync_replicas == 2);
  CHECK(s.machine("pc").cpu.cores == 8);
  CHECK(std::get<Named>(s.faults[0].action->target()->who).name == "broker-2");
}

TEST_CASE("scenario: a wrong override says what is possible", "[unit]") {
  CHECK(errors_with({"brokers.config.zookeeper.session.timeout=9000"})
            .find("did you mean \"zookeeper.session.timeout.ms\"?") != std::string::npos);
  CHECK(
      errors_with({"faults.7.at=1s"}) ==
      "--set faults.7.at=1s: there is no \"7\" here; possible: victim, or a place, from 0 to 1\n");
  CHECK(errors_with({"seed"}) == "--set seed: must be path=value, such as seed=7\n");
  CHECK(errors_with({"brokers.count=2"}) ==
        "/topics/0/replication.factor: must not exceed the number of brokers, 2\n"
        "/brokers/config/offsets.topic.replication.factor: must not exceed the number of brokers, "
        "2, or no group can ever commit (Kafka's default is 3)\n");
}

TEST_CASE("scenario: what a --set wrote is its own mistake, not the file's, and told first",
          "[unit]") {
  const auto of_file = [](std::vector<std::string> overrides) {
    const Loaded loaded = load_scenario(here + "small.json", {std::move(overrides), std::nullopt});
    return to_text(loaded.errors);
  };
  const auto begins = [&](const std::string& override, const std::string& words) {
    const std::string text = of_file({override});
    INFO(text);
    CHECK(text.rfind("--set " + override + ": " + words, 0) == 0);
  };
  begins("duration=5x", "/duration: \"5x\": has no such unit");
  begins("topics.0.partitions=0", "/topics/0/partitions: 0: must be");
  begins("brokers.config={\"num.io.threads\": 0}", "/brokers/config/num.io.threads: 0: must be");
  // What follows from it comes behind it, and is the file's.
  begins("faults.0.at=1h", "/faults/0/at: \"1h\": must be before the end of the run");
  CHECK(of_file({"faults.0.at=1h"}).find("small.json: /faults/1") != std::string::npos);
}

TEST_CASE("scenario: the effective text is a scenario with the same effect", "[unit]") {
  const Scenario s = small({"zookeeper.nodes=5"});
  const Loaded again = parse_scenario(effective_text(s), "again", s.directory);
  INFO(to_text(again.errors));
  REQUIRE(again.scenario.has_value());
  CHECK(effective_text(*again.scenario) == effective_text(s));
  CHECK(again.scenario->zookeeper.nodes == 5);
}

TEST_CASE("scenario: whatever it uses, its effective text has the same effect", "[unit]") {
  const Loaded everything = load_scenario(here + "everything.json");
  REQUIRE(everything.scenario.has_value());
  std::vector<Scenario> all{*everything.scenario};
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    const Loaded drawn = parse_scenario(draw_scenario(seed).text, "drawn", here);
    INFO(to_text(drawn.errors));
    REQUIRE(drawn.scenario.has_value());
    all.push_back(*drawn.scenario);
  }
  for (const Scenario& one : all) {
    const Loaded again = parse_scenario(effective_text(one), "again", one.directory);
    INFO(one.name << ": " << to_text(again.errors));
    REQUIRE(again.scenario.has_value());
    CHECK(effective_text(*again.scenario) == effective_text(one));
  }
}

TEST_CASE("scenario: what is odd but allowed is a warning", "[unit]") {
  CHECK(warnings_with({}).empty());
  CHECK(warnings_with({"zookeeper.nodes=4"}) ==
        "/zookeeper/nodes: survives no more failures than 3 would: a majority is 3\n");
  CHECK(warnings_with({"consumers.0.members=5"}) ==
        "/consumers/0/members: exceeds the partitions, 2: 3 will be idle\n");
  CHECK_THAT(warnings_with({"brokers.config.zookeeper.session.timeout.ms=60000"}),
             Catch::Contains("ZooKeeper will grant 40000 ms"));
  CHECK_THAT(warnings_with({"producers.0.config.acks=1", "topics.0.config.min.insync.replicas=4"}),
             Catch::Contains("nothing can be written with acks=all"));
  CHECK_THAT(warnings_with({"faults.1.power_on=broker-1"}), Catch::Contains("may not be the one"));
}

TEST_CASE("scenario: an unset delivery.timeout.ms gives way to linger and request", "[unit]") {
  const Scenario s = small({"producers.0.config.request.timeout.ms=200000"});
  CHECK(s.producers[0].config.delivery_timeout == 200s);
}

TEST_CASE("scenario: a client's clock is said to be modelled in part, a broker's is not",
          "[unit]") {
  const auto said = [](const std::string& machine) {
    return warnings_with(
        {R"(faults=[{"at":"5s","clock":{"machine":")" + machine + R"(","ahead":"1h"}}])"});
  };
  CHECK(said("broker-1").empty());
  for (const char* client : {"sender", "readers-1"}) {
    CHECK_THAT(said(client), Catch::Contains("only the time stamps of a client follow its clock"));
  }
}

TEST_CASE("scenario: the library is valid and without warnings", "[unit]") {
  REQUIRE(library().size() >= 2);
  for (const LibraryEntry& entry : library()) {
    const Loaded loaded = load_scenario(entry.path);
    CHECK(to_text(loaded.errors) == "");
    // An even ensemble is what that one is about.
    const bool is_warned_of = entry.name == "ensemble_of_four_loses_two";
    CHECK(loaded.warnings.size() == (is_warned_of ? 1 : 0));
    REQUIRE(loaded.scenario.has_value());
    CHECK(loaded.scenario->name == entry.name);
    CHECK_FALSE(loaded.scenario->title.ko.empty());
    CHECK_FALSE(loaded.scenario->story.ko.empty());
  }
}

TEST_CASE("scenario: the incidents that a real cluster is held against are valid", "[unit]") {
  int incidents = 0;
  const std::string folder = std::string(BROKERLAB_SOURCE_DIR) + "/tests/kafka_cluster/incidents";
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    ++incidents;
    const Loaded loaded = load_scenario(entry.path().string());
    CHECK(to_text(loaded.errors) == "");
    CHECK(to_text(loaded.warnings) == "");
  }
  CHECK(incidents >= 12);
}

TEST_CASE("scenario: the library's two incidents differ in nothing but what they teach", "[unit]") {
  const auto load = [](const char* name) {
    Scenario s = *load_scenario(*find_scenario(name)).scenario;
    s.name = "";
    s.title = s.story = {};
    s.lesson.reset();
    s.expect.clear();
    return s;
  };
  Scenario leader = load("wifi_auth_broker_crash");
  const Scenario all = load("wifi_auth_broker_crash_acks_all");
  CHECK(effective_text(leader) != effective_text(all));
  leader.producers[0].config.acks = model::Acks::all;
  leader.topics[0].config.set(&model::TopicConfig::min_insync_replicas, 2);
  CHECK(effective_text(leader) == effective_text(all));
}

TEST_CASE("scenario: names of the library are suggested", "[unit]") {
  CHECK(find_scenario("wifi_auth_broker_crash").ok());
  const auto wrong = find_scenario("wifi_auth_broker_crush");
  REQUIRE_FALSE(wrong.ok());
  CHECK_THAT(wrong.error().text(), Catch::Contains("did you mean \"wifi_auth_broker_crash\""));
}

TEST_CASE("scenario: the committed schema and reference are the current ones", "[golden]") {
  const auto committed = [](const std::string& path) {
    std::ifstream file(std::string(BROKERLAB_SOURCE_DIR) + "/" + path);
    return std::string{std::istreambuf_iterator<char>(file), {}};
  };
  INFO(
      "write them anew: brokerlab scenarios schema > scenarios/scenario.schema.json; "
      "brokerlab scenarios docs > docs/reference_scenarios.md");
  CHECK(committed("scenarios/scenario.schema.json") == scenario_schema());
  CHECK(committed("docs/reference_scenarios.md") == scenario_docs());
}

TEST_CASE("who gets a scenario's name half right is told the whole", "[unit]") {
  const auto told = [](const char* name) { return find_scenario(name).error().message; };
  CHECK_THAT(told("linkedin"), Catch::Contains("did you mean \"linkedin_around_one_hub\"?"));
  CHECK_THAT(told("wifi_auth_crash"), Catch::Contains("did you mean \"wifi_auth_broker_crash\""));
  CHECK_THAT(told("cameras_fil_the_card"), Catch::Contains("\"cameras_fill_the_card\""));
  CHECK_THAT(told("something_else"), !Catch::Contains("did you mean"));
}
