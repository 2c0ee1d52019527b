// Each rule of lint finds what it is for, keeps quiet where that is not, and names a command that
// loads. What it finds in the library is a golden: the incidents there are meant.
#include "plan/lint/lint.h"

#include "scenarios/loader.h"
#include "tests/cli/command.h"
#include "tests/files.h"
#include "tests/in_child.h"
#include "tests/temporary.h"

#include <catch2/catch.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <string>

using namespace brokerlab;
using nlohmann::json;

namespace {

/// A cluster in which nothing is to be found.
json sound() {
  return json::parse(R"({
    "name": "sound", "duration": "40s",
    "zookeeper": {"nodes": 3},
    "brokers": {"count": 4},
    "topics": [{"name": "t", "partitions": 4, "replication.factor": 3,
                "config": {"min.insync.replicas": 2}}],
    "sources": [{"name": "s", "rate": "100/s", "record_size": "500B"}],
    "producers": [{"name": "app", "source": "s", "topic": "t", "config": {}}],
    "consumers": [{"group": "g", "members": 2, "topics": ["t"],
                   "config": {"auto.offset.reset": "earliest"}}]
  })");
}

scenarios::Loaded loaded(const json& scenario) {
  return scenarios::parse_scenario(scenario.dump(), "told.json", ".");
}

std::set<std::string> rules_in(const json& scenario) {
  const scenarios::Loaded read = loaded(scenario);
  INFO(to_text(read.errors));
  REQUIRE(read.scenario.has_value());
  std::set<std::string> ids;
  for (const plan::Finding& one : plan::lint(*read.scenario)) ids.emplace(one.rule->id);
  return ids;
}

json with(const json& patch) {
  json scenario = sound();
  scenario.merge_patch(patch);
  return scenario;
}
json producer(const json& config) {
  json scenario = sound();
  scenario["producers"][0]["config"] = config;
  return scenario;
}
json topic(int factor, int least) {
  json scenario = sound();
  scenario["topics"][0]["replication.factor"] = factor;
  scenario["topics"][0]["config"] = {{"min.insync.replicas", least}};
  return scenario;
}
json racks(const json& spread) {
  json scenario = sound();
  scenario["topology"] = {{"racks", spread}};
  return scenario;
}

struct Case {
  std::string rule;
  json bad;   ///< It is found here,
  json good;  ///< and not in what is nearly the same.
};

std::vector<Case> cases() {
  const json two_racks = json::parse(R"([
    {"name": "r1", "machines": ["broker-[1-2]", "zookeeper-1", "app", "g-[1-2]"]},
    {"name": "r2", "machines": ["broker-[3-4]", "zookeeper-[2-3]"]}])");
  const json four_racks = json::parse(R"([
    {"name": "r1", "machines": ["broker-1", "zookeeper-1", "app", "g-[1-2]"]},
    {"name": "r2", "machines": ["broker-2", "zookeeper-2"]},
    {"name": "r3", "machines": ["broker-3", "zookeeper-3"]},
    {"name": "r4", "machines": ["broker-4"]}])");
  json unclean = topic(3, 2);
  unclean["topics"][0]["config"]["unclean.leader.election.enable"] = true;
  json claim = producer({{"acks", "1"}, {"enable.idempotence", false}});
  claim["expect"] = json::parse(R"([{"no_acknowledged_record_lost": true}])");
  json busy = sound();
  busy["sources"][0]["rate"] = "5k/s";
  busy["sources"][0]["record_size"] = "100B";
  busy["consumers"][0]["service_time"] = "100us";
  json patient = busy;
  patient["producers"][0]["config"]["linger.ms"] = 20;
  json forever = sound();
  forever["topics"][0]["config"]["retention.ms"] = -1;
  json large = sound();
  large["sources"][0]["rate"] = "5k/s";
  large["sources"][0]["record_size"] = "10KB";
  large["consumers"][0]["service_time"] = "100us";
  json short_kept = large;
  short_kept["topics"][0]["config"]["retention.ms"] = 3'600'000;
  json wide = sound();
  wide["sources"][0]["rate"] = "20k/s";
  wide["sources"][0]["record_size"] = "10KB";
  wide["consumers"][0]["service_time"] = "10us";
  json slow = sound();
  slow["consumers"][0]["service_time"] = "100ms";
  json heavy = sound();
  heavy["consumers"][0]["service_time"] = "1s";
  json heavy_few = heavy;
  heavy_few["consumers"][0]["config"]["max.poll.records"] = 10;
  json many = sound();
  many["consumers"][0]["members"] = 5;
  json late = sound();
  late["consumers"][0]["config"]["heartbeat.interval.ms"] = 20'000;
  json full = sound();
  full["producers"][0]["config"]["buffer.memory"] = 100'000;
  const json on_one_host =
      json::parse(R"([{"name": "box", "processes": ["broker-1", "broker-2"]}])");
  const json with_ensemble =
      json::parse(R"([{"name": "box", "processes": ["zookeeper-1", "zookeeper-2"]}])");
  const json one_of_each =
      json::parse(R"([{"name": "box", "processes": ["broker-1", "zookeeper-2"]}])");
  const auto broker = [](const json& config) { return with({{"brokers", {{"config", config}}}}); };
  const auto transactional = [](int factor) {
    json scenario = producer({{"transactional.id", "app"}});
    scenario["brokers"]["config"] = {{"transaction.state.log.replication.factor", factor}};
    return scenario;
  };
  const auto gc = [](const char* pause) {
    json scenario = with({{"brokers", {{"machine", "m"}}}});
    scenario["hardware"] = {{"m", {{"gc", {{"pause", pause}}}}}};
    return scenario;
  };
  return {
      {"rf-one", topic(1, 1), topic(3, 2)},
      {"rf-equals-min-isr", topic(2, 2), topic(3, 2)},
      {"min-isr-one", topic(3, 1), topic(3, 2)},
      {"unclean-election", unclean, topic(3, 2)},
      {"offsets-topic-rf", broker({{"offsets.topic.replication.factor", 1}}), sound()},
      {"transaction-state-rf", transactional(2), transactional(3)},
      {"rack-blind", racks(two_racks), racks(four_racks)},
      {"ensemble-together", racks(two_racks), racks(four_racks)},
      {"ensemble-together", with({{"hosts", with_ensemble}}), with({{"hosts", one_of_each}})},
      {"brokers-share-host", with({{"hosts", on_one_host}}), with({{"hosts", one_of_each}})},
      {"flush-every-record", broker({{"log.flush.interval.messages", 1}}),
       broker({{"log.flush.interval.messages", 10'000}})},
      {"replica-fetch-small", broker({{"message.max.bytes", 100'000'000}}),
       broker({{"message.max.bytes", 1'500'000}})},
      {"controlled-shutdown-off", broker({{"controlled.shutdown.enable", false}}), sound()},
      {"zookeeper-single", with({{"zookeeper", {{"nodes", 1}}}}), sound()},
      {"zookeeper-even", with({{"zookeeper", {{"nodes", 4}}}}), sound()},
      {"zookeeper-unsynced", with({{"zookeeper", {{"config", {{"forceSync", false}}}}}}), sound()},
      {"session-clamped", broker({{"zookeeper.session.timeout.ms", 1000}}), sound()},
      {"session-below-pause", gc("6s"), gc("20ms")},
      {"lag-below-wait", broker({{"replica.lag.time.max.ms", 600}}), sound()},
      {"retention-beyond-disk", forever, sound()},
      {"retention-beyond-disk", large, short_kept},
      {"network-beyond-card", wide, sound()},
      {"acks-and-claims", claim, producer({{"acks", "1"}, {"enable.idempotence", false}})},
      {"acks-weak", producer({{"acks", "1"}, {"enable.idempotence", false}}), sound()},
      {"producer-gives-up",
       producer({{"delivery.timeout.ms", 10'000}, {"request.timeout.ms", 5000}}), sound()},
      {"producer-gives-up", producer({{"retries", 1}}), sound()},
      {"retries-reorder", producer({{"enable.idempotence", false}}), sound()},
      {"tiny-batches", busy, patient},
      {"buffer-below-failover", full, sound()},
      {"poll-too-slow", heavy, heavy_few},
      {"group-too-slow", slow, sound()},
      {"members-idle", many, sound()},
      {"heartbeat-slow", late, sound()},
  };
}

}  // namespace

TEST_CASE("nothing is found in a sound cluster", "[unit]") {
  CHECK(rules_in(sound()) == std::set<std::string>());
}

TEST_CASE("each rule finds what it is for, and not what is nearly the same", "[unit]") {
  std::set<std::string> seen;
  for (const Case& one : cases()) {
    INFO(one.rule);
    CHECK(rules_in(one.bad).contains(one.rule));
    CHECK(!rules_in(one.good).contains(one.rule));
    seen.insert(one.rule);
  }
  for (const plan::LintRule& rule : plan::lint_rules()) {
    INFO(rule.id);
    CHECK(seen.contains(std::string(rule.id)));
    if (!rule.incident.empty()) CHECK(scenarios::find_scenario(std::string(rule.incident)).ok());
  }
}

TEST_CASE("each finding names a command that loads", "[unit]") {
  for (const Case& one : cases()) {
    const std::string file = tests::temporary_path("lint me.json");
    std::ofstream(file) << one.bad.dump();
    const scenarios::Loaded read = loaded(one.bad);
    REQUIRE(read.scenario.has_value());
    for (const plan::Finding& finding : plan::lint(*read.scenario)) {
      INFO(one.rule << " " << finding.rule->id);
      if (!finding.rule->shows) {
        CHECK(plan::command_for(finding, {file, {}}).empty());
        continue;
      }
      CHECK(plan::command_for(finding, {file, {}}).starts_with("brokerlab run '" + file + "'"));
    }
    std::filesystem::remove(file);
  }
}

TEST_CASE("the command shows the harm on this very file", "[unit]") {
  const std::string file = tests::temporary_path("harm.json");
  json scenario = topic(3, 1);
  scenario["duration"] = "5min";
  scenario["expect"] = json::parse(R"([{"no_acknowledged_record_lost": true}])");
  std::ofstream(file) << scenario.dump();
  const scenarios::Loaded read = loaded(scenario);
  REQUIRE(read.scenario.has_value());
  for (const plan::Finding& finding : plan::lint(*read.scenario)) {
    if (finding.rule->id != "min-isr-one") continue;
    std::vector<std::string> arguments{"run", file, "--json"};
    for (const std::string& set : finding.sets) {
      arguments.emplace_back("--set");
      arguments.push_back(set);
    }
    const json report = json::parse(tests::in_child([&] { return test::command(arguments).out; }));
    CHECK(report.at("verdict") == "fail");
  }
  std::filesystem::remove(file);
}

TEST_CASE("brokerlab lint tells, and its status says whether there is something", "[unit]") {
  const test::Answer clean_usage = test::command({"lint"});
  CHECK(clean_usage.status == 3);
  const test::Answer rules = test::command({"lint", "--rules"});
  CHECK(rules.status == 0);
  CHECK_THAT(rules.out, Catch::Contains("rf-equals-min-isr (danger)"));
  const std::string file = tests::temporary_path("sound.json");
  std::ofstream(file) << sound().dump();
  const test::Answer nothing = test::command({"lint", file});
  CHECK(nothing.status == 0);
  CHECK(nothing.out == file + ": nothing found\n");
  const test::Answer found = test::command({"lint", "wifi_auth_broker_crash", "--json"});
  CHECK(found.status == 1);
  CHECK(json::parse(found.out.substr(0, found.out.find('\n'))).at("rule") == "acks-weak");
  CHECK(test::command({"lint", "no_such_scenario"}).status == 3);
  std::filesystem::remove(file);
}

TEST_CASE("a server.properties is looked at as it is", "[unit]") {
  const std::string file = tests::temporary_path("server.properties");
  std::ofstream(file) << "broker.id=0\nzookeeper.connect=localhost:2181\n";
  const test::Answer found = test::command({"lint", file});
  CHECK(found.status == 1);
  CHECK_THAT(found.out, Catch::Contains("[zookeeper-single]"));
  CHECK_THAT(found.out, Catch::Contains("see it here: brokerlab import " + file +
                                        " --to imported.json && brokerlab run imported.json"));
  std::filesystem::remove(file);
}

namespace {

/// A server.properties in which one thing is wrong, and what the run says of the harm.
struct Harm {
  std::string rule;
  std::string properties;
  std::string said;  ///< In the report's list of harms.
};

const char* const sound_properties =
    "zookeeper.connect=a:2181,b:2181,c:2181\ndefault.replication.factor=3\n"
    "min.insync.replicas=2\nlog.dirs=/data\n";

std::vector<Harm> harms() {
  return {
      {"rf-one", "default.replication.factor=1\noffsets.topic.replication.factor=1\n",
       "unavailable for produce"},
      {"rf-equals-min-isr", "min.insync.replicas=3\n", "unavailable for produce"},
      {"unclean-election", "unclean.leader.election.enable= TRUE\n", "acknowledged records lost"},
      {"min-isr-one", "min.insync.replicas=1\n", "acknowledged records lost"},
      {"offsets-topic-rf", "offsets.topic.replication.factor=1\n",
       "commits of group readers impossible for up to 1"},
      {"transaction-state-rf",
       "transaction.state.log.replication.factor=1\ntransaction.state.log.min.isr=1\n", ""},
      {"controlled-shutdown-off", "controlled.shutdown.enable=False\n", ""},
      {"flush-every-record", "log.flush.interval.messages=+1\n", ""},
      {"zookeeper-single", "zookeeper.connect=a:2181\n", "no controller"},
      {"zookeeper-even", "zookeeper.connect=a:2181,b:2181\n", "ZooKeeper without a quorum"},
      {"lag-below-wait", "replica.lag.time.max.ms=600\n", ""},
      {"session-clamped", "zookeeper.session.timeout.ms=2000\n", "unavailable for produce"},
      {"retention-beyond-disk", "log.retention.ms=-1\n", "unavailable for produce"},
  };
}

json finding_of(const std::string& found, const std::string& rule) {
  std::istringstream lines(found);
  for (std::string line; std::getline(lines, line);) {
    json one = json::parse(line);
    if (one.at("rule") == rule) return one;
  }
  return nullptr;
}

/// The command's words as a shell parts them: quotes hold blanks, && parts two commands.
std::vector<std::vector<std::string>> commands_in(const std::string& text) {
  std::vector<std::vector<std::string>> commands(1);
  std::string word;
  bool quoted = false;
  for (const char c : text + " ") {
    if (c == '\'') {
      quoted = !quoted;
    } else if (c != ' ' || quoted) {
      word += c;
    } else if (word == "&&") {
      commands.emplace_back();
      word.clear();
    } else if (!word.empty()) {
      commands.back().push_back(word);
      word.clear();
    }
  }
  return commands;
}

/// What the run says in the end, of a command that lint printed for a file of a server.
json carried_out(const std::string& command) {
  auto commands = commands_in(command);
  REQUIRE(commands.size() == 2);
  std::string report;
  for (auto& words : commands) {
    REQUIRE(words.at(0) == "brokerlab");
    words.erase(words.begin());
    if (words[0] == "run") words.emplace_back("--json");
    report = tests::in_child([&] { return test::command(words).out; });
  }
  return json::parse(report);
}

}  // namespace

TEST_CASE("what lint prints for a server.properties shows the harm as it is printed", "[unit]") {
  const std::filesystem::path before = std::filesystem::current_path();
  const std::string folder = tests::temporary_path("harms");
  std::filesystem::remove_all(folder);
  std::filesystem::create_directories(folder);
  std::filesystem::current_path(folder);
  const auto written = [](const std::string& name, const std::string& text) {
    std::ofstream(name) << sound_properties << text;
    return test::command({"lint", name, "--json"});
  };
  const test::Answer nothing = written("sound.properties", "");
  CHECK(nothing.out.empty());
  CHECK(nothing.status == 0);
  CHECK(test::command({"import", "sound.properties", "--to", "sound.json"}).status == 0);
  const auto run_of_sound = [] { return test::command({"run", "sound.json", "--json"}).out; };
  const json calm = json::parse(tests::in_child(run_of_sound));
  CHECK(calm.at("harm").empty());
  const auto slowest = [](const json& report) {
    return report.at("latency").at("acknowledged_after").at("max_ms").get<double>();
  };
  const auto usual = [](const json& report) {
    return report.at("latency").at("acknowledged_after").at("p50_ms").get<double>();
  };
  for (const Harm& one : harms()) {
    INFO(one.rule);
    const test::Answer found = written(one.rule + ".properties", one.properties);
    const json finding = finding_of(found.out, one.rule);
    INFO(found.out << found.err);
    REQUIRE(finding.is_object());
    const json report = carried_out(finding.at("command"));
    INFO(report.at("harm").dump());
    if (one.rule == "transaction-state-rf") {
      CHECK(slowest(report) > 10 * slowest(calm));
    } else if (one.rule == "flush-every-record") {
      CHECK(usual(report) > 5 * usual(calm));
    } else {
      REQUIRE(!report.at("harm").empty());
      CHECK_THAT(report.at("harm").dump(), Catch::Contains(one.said));
    }
  }
  std::filesystem::current_path(before);
  std::filesystem::remove_all(folder);
}

TEST_CASE("retention: a partition has to fit in one log directory", "[unit]") {
  json scenario = sound();
  scenario["hardware"]["shelf"] = {{"disks", json::array()}};
  for (int i = 0; i < 6; ++i) {
    scenario["hardware"]["shelf"]["disks"].push_back({{"kind", "hdd"}, {"size", "1TB"}});
  }
  scenario["brokers"]["machine"] = "shelf";
  scenario["sources"][0]["rate"] = "4k/s";
  scenario["sources"][0]["record_size"] = "1KB";
  scenario["topics"][0]["config"]["retention.ms"] = 7LL * 24 * 3'600'000;
  const auto told = [&](int partitions) {
    scenario["topics"][0]["partitions"] = partitions;
    const scenarios::Loaded read = loaded(scenario);
    REQUIRE(read.scenario.has_value());
    for (const plan::Finding& one : plan::lint(*read.scenario)) {
      if (one.rule->id == "retention-beyond-disk") return one.message.english;
    }
    return std::string();
  };
  // 2.4 TB of 6 TB, which no directory of 1 TB has.
  CHECK_THAT(told(1), Catch::Contains("has to lie in one log directory, of 931 GiB"));
  CHECK_THAT(told(2), Catch::Contains("each of 2 partitions keeps 1.1"));
  CHECK(told(6) == "");
}

TEST_CASE("retention: a broker keeps one replica of a partition at most, at the mean", "[unit]") {
  json scenario = sound();
  scenario["brokers"]["count"] = 3;
  scenario["sources"][0]["rate"] = "20k/s";
  scenario["sources"][0]["record_size"] = "1KB";
  scenario["topics"][0]["config"]["retention.ms"] = 7LL * 24 * 3'600'000;
  const auto told = [](const json& of) {
    const scenarios::Loaded read = loaded(of);
    REQUIRE(read.scenario.has_value());
    for (const plan::Finding& one : plan::lint(*read.scenario)) {
      if (one.rule->id == "retention-beyond-disk") return one.message.english;
    }
    return std::string();
  };
  // 20 MB/s for 7 days are 12.1 TB, or 11.0 TiB.
  CHECK_THAT(told(scenario), Catch::Contains("needs 11.0 TiB on each of 2 brokers"));
  scenario["brokers"]["count"] = 7;
  CHECK_THAT(told(scenario), Catch::Contains("needs 5.50 TiB on each of 6 brokers"));
  scenario["sources"][0]["rate"] = {
      {"daily", {{"mean", "20k/s"}, {"peak", "40k/s"}, {"peak_at", "00:00:10"}}}};
  CHECK_THAT(told(scenario), Catch::Contains("needs 5.50 TiB on each of 6 brokers"));
  scenario["sources"][0]["rate"] = {
      {"bursts", {{"base", "0/s"}, {"rate", "20k/s"}, {"every", "20s"}, {"for", "10s"}}}};
  CHECK_THAT(told(scenario), Catch::Contains("needs 2.75 TiB on each of 6 brokers"));
  // A peak of twenty seconds, and little behind it.
  scenario["sources"][0]["rate"] =
      json::parse(R"([{"from": "0s", "rate": "20k/s"}, {"from": "20s", "rate": "10/s"}])");
  CHECK(told(scenario).empty());
}

TEST_CASE("what lint finds in the library is what is meant there", "[golden]") {
  std::string text;
  for (const scenarios::LibraryEntry& entry : scenarios::library()) {
    text += test::command({"lint", entry.name}).out + "\n";
  }
  const std::string golden = std::string(BROKERLAB_SOURCE_DIR) + "/tests/plan/golden/lint.txt";
  if (std::getenv("BROKERLAB_UPDATE_GOLDENS") != nullptr) {
    std::filesystem::create_directories(std::string(BROKERLAB_SOURCE_DIR) + "/tests/plan/golden");
    std::ofstream(golden) << text;
  }
  INFO("after an intended change: BROKERLAB_UPDATE_GOLDENS=1 ./brokerlab test -R plan.golden");
  CHECK(text == tests::contents(golden));
}
