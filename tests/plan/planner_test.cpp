// The planner with simulations: on small problems its answer is that of asking everything; what is
// stated wrongly is told; what cannot be is told why.
#include "base/random.h"
#include "plan/files/import.h"
#include "plan/lint/lint.h"
#include "plan/search/answer.h"
#include "plan/search/export.h"
#include "scenarios/loader.h"
#include "scenarios/text_file.h"
#include "tests/cli/command.h"
#include "tests/files.h"
#include "tests/plan/small.h"
#include "tests/temporary.h"

#include <catch2/catch.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <tuple>

using namespace brokerlab;
using namespace brokerlab::plan;
using nlohmann::json;

namespace {

/// Machines so slow that a small load fills them.
const char* const slow_machines = R"({
  "currency": "KRW", "cross_zone_gb": 1,
  "disks": [
    {"name": "volume", "disk": {"kind": "volume", "read_rate": "2MB/s", "write_rate": "2MB/s"},
     "sizes": {"least": "1GiB", "most": "200GiB", "step": "1GiB"}, "most": 3, "gb_month": 0.001,
     "month": 0.3}],
  "machines": [
    {"name": "thin", "machine": {"nic": {"rate": "20Mbps"}}, "month": 10},
    {"name": "thick", "machine": {"nic": {"rate": "60Mbps"}, "cpu": {"cores": 2}}, "month": 24},
    {"name": "weak", "machine": {"cpu": {"cores": 1, "request_cost": "3ms"}}, "month": 5},
    {"name": "bare", "machine": {"nic": {"rate": "100Mbps"}}, "month": 4, "disks": ["volume"]}]
})";

/// A workload with one topic and one group; `more` are further members.
std::string workload(const char* rate, const char* topic, const char* more) {
  return fmt::format(R"({{"topics": [{{"name": "t", "rate": "{}", "record_size": "1000B"{}}}],
    "groups": [{{"name": "g", "topics": ["t"], "members": 2}}],
    "most_brokers": 6, "lost_for": "20s"{}}})",
                     rate, topic, more);
}

Planning planning_of(const std::string& text, const char* catalogue = slow_machines) {
  auto loaded = parse_planning(text, catalogue);
  REQUIRE(to_text(loaded.errors) == "");
  return std::move(*loaded.planning);
}

std::string answer_of(const Planning& planning, const std::optional<Choice>& choice) {
  if (!choice) return "none";
  return words_of(planning, worked_out(planning, space_of(planning).candidate(*choice)));
}

/// The cheapest of all, every one asked thoroughly.
std::optional<Choice> exhaustive(const Planning& planning, const PlanOptions& options,
                                 TrialBook& book) {
  const PlanSpace space = space_of(planning);
  SimulationOracle oracle(planning, space, options, book);
  std::optional<Choice> best;
  for (std::size_t c = 0; c < space.columns.size(); ++c) {
    for (std::size_t s = 0; s < space.columns[c].costs.size(); ++s) {
      const auto holds = oracle.ask({{c, s}}, Depth::thorough);
      INFO(oracle.trouble());
      REQUIRE(holds);
      const double cost = space.columns[c].costs[s];
      if (holds->front() && (!best || cost < space.columns[best->column].costs[best->size])) {
        best = Choice{c, s};
      }
    }
  }
  return best;
}

}  // namespace

TEST_CASE("ZooKeeper's servers are in the bill where their machine is said", "[unit]") {
  const auto cost = [](const char* more, int brokers) {
    const Planning planning = planning_of(workload("100/s", "", more));
    const PlanSpace space = space_of(planning);
    return worked_out(planning, {space.builds.front(), brokers}).cost;
  };
  CHECK(cost(R"(, "machines": ["thin"])", 4).total() == Approx(40));
  const char* on_weak = R"(, "machines": ["thin"], "zookeeper": "weak")";
  CHECK(cost(on_weak, 4).ensemble == Approx(15));
  CHECK(cost(on_weak, 4).total() == Approx(55));
  CHECK(cost(on_weak, 2).ensemble == Approx(5));  // One server is enough.
  // With its smallest volume: 4 + 0.3 and a GiB of 0.001 for 10^9 bytes.
  CHECK(cost(R"(, "machines": ["thin"], "zookeeper": "bare")", 4).ensemble ==
        Approx(3 * (4.3 + 0.001074)).epsilon(1e-4));

  const Planning planning = planning_of(workload("100/s", "", on_weak));
  const std::string text = scenario_text(
      planning, worked_out(planning, {space_of(planning).builds.front(), 3}), Act::degraded, 1);
  const json scenario = json::parse(text);
  CHECK(scenario["zookeeper"]["machine"] == "zookeeper");
  CHECK(scenario["hardware"]["zookeeper"]["cpu"]["cores"] == 1);
  CHECK(to_text(parse_planning(workload("100/s", "", R"(, "zookeeper": "thinn")"), slow_machines)
                    .errors) ==
        "/zookeeper: \"thinn\": is no machine of the catalogue; did you mean \"thin\"?\n");
}

TEST_CASE("a volume's price is of 10^9 bytes or of 2^30, as it says", "[unit]") {
  DiskOffer disk;
  disk.gb_month = 0.08;
  CHECK(disk.price(1000_GiB) == Approx(85.9).epsilon(1e-3));
  disk.month = 5;
  CHECK(disk.price(1000_GiB) == Approx(90.9).epsilon(1e-3));
  disk.gb_month.reset();
  disk.gib_month = 0.08;
  CHECK(disk.price(1000_GiB) == Approx(85));
  const auto both = parse_catalogue_text(
      R"({"disks": [{"name": "v", "disk": {"kind": "ssd"}, "gb_month": 1, "gib_month": 1}],
          "machines": [{"name": "m", "machine": {}, "hour": 1}]})",
      "c.json", "");
  CHECK(to_text(both.errors) ==
        "c.json: /disks/0/gib_month: 1: is one price too many: \"gb_month\" is given, too\n");
}

TEST_CASE("a p99 that producers' settings alone break is refused without a run", "[unit]") {
  PlanOptions options;
  options.seeds = {1};
  const auto planned = [&](const char* clients) {
    const Planning planning = planning_of(
        workload("1000/s", "",
                 fmt::format(R"(, "machines": ["thick"], "objectives": {{"p99_produce": "100ms"}},
                         "clients": [{}])",
                             clients)
                     .c_str()));
    auto book = TrialBook::open("", "waiting");
    auto plan = make_plan(planning, options, *book);
    INFO((plan.ok() ? std::string() : plan.error()));
    REQUIRE(plan.ok());
    return std::move(*plan);
  };
  // 1 MB/s fills 512 KiB in half a second: batches wait for 200 ms, half of their records too long.
  const PlanResult patient = planned(R"({"linger.ms": 200, "batch.size": 524288})");
  CHECK_FALSE(patient.best);
  CHECK(patient.runs == 0);
  REQUIRE(patient.impossible.size() == 1);
  CHECK(patient.impossible.front().need.name == "waiting");
  CHECK(patient.impossible.front().need.needed == Approx(50));
  CHECK(patient.impossible.front().need.words.english ==
        "50 % of records wait longer than 100ms in their producers (linger.ms=200, "
        "batch.size=524288), 1 % may");
  // Full after 33 ms.
  const PlanResult soon = planned(R"({"linger.ms": 200, "batch.size": 32768})");
  for (const Judged& one : soon.failed_largest) {
    for (const Phrase& missed : one.missed) UNSCOPED_INFO(missed.english);
  }
  for (const Refused& one : soon.impossible) UNSCOPED_INFO(one.need.words.english);
  CHECK(soon.best.has_value());
  // Who may be tried instead is.
  const PlanResult either =
      planned(R"({"linger.ms": 200, "batch.size": 524288}, {"linger.ms": 5})");
  REQUIRE(either.best);
  CHECK(either.best->cluster.candidate.build.clients == 1);
}

TEST_CASE("on eight small problems the planner's answer is that of asking everything",
          "[property]") {
  struct Problem {
    const char* what;
    std::string workload;
  };
  const char* alone = R"(, "replication.factor": 1, "min.insync.replicas": 1)";
  const Problem problems[] = {
      {"cards bind, a broker is lost",
       workload("1500/s", "", R"(, "machines": ["thin", "thick"])")},
      {"cards bind, nothing is lost",
       workload("6000/s", alone, R"(, "survive": "nothing", "machines": ["thin", "thick"])")},
      {"processors bind, and larger batches help",
       workload(
           "900/s", "",
           R"(, "machines": ["weak", "thick"], "clients": [{"linger.ms": 0}, {"linger.ms": 50}],
                   "objectives": {"p99_produce": "300ms", "utilisation": 0.5})")},
      {"disks fill", workload("400/s", R"(, "retention": "3d")", R"(, "machines": ["bare"])")},
      {"disks bind, and more of them help",
       workload("2000/s", R"(, "retention": "1h")", R"(, "machines": ["bare", "thick"])")},
      {"a zone is lost", workload("1000/s", R"(, "partitions": 6)",
                                  R"(, "survive": "zone", "zones": 3,
                                     "machines": ["thin", "thick"])")},
      {"latency binds", workload("1200/s", "",
                                 R"(, "machines": ["weak", "thin"],
                                    "objectives": {"p99_produce": "20ms"})")},
      {"nothing can", workload("40k/s", "", R"(, "machines": ["thin", "weak"])")}};
  PlanOptions options;
  options.seeds = {1};
  std::size_t planned = 0;
  std::size_t all = 0;
  for (const Problem& problem : problems) {
    INFO(problem.what);
    const Planning planning = planning_of(problem.workload);
    auto of_planner = TrialBook::open("", "planner");
    auto of_sweep = TrialBook::open("", "sweep");
    const auto plan = make_plan(planning, options, *of_planner);
    INFO((plan.ok() ? std::string() : plan.error()));
    REQUIRE(plan.ok());
    const auto best = exhaustive(planning, options, *of_sweep);
    CHECK(answer_of(planning, plan->best ? std::optional(plan->best->choice) : std::nullopt) ==
          answer_of(planning, best));
    planned += plan->runs;
    all += plan->clusters;
    if (!plan->best) continue;
    CHECK(plan->best->thorough);
    for (const Judged& one : plan->beside) {
      CHECK_FALSE(one.holds());
      CHECK(one.cluster.cost.total() <= plan->best->cluster.cost.total());
    }
  }
  CHECK(planned < all);
}

TEST_CASE("a scenario of the peak is what the candidate says", "[unit]") {
  const Planning planning = planning_of(workload(
      "1000/s", "",
      R"(, "survive": "zone", "zones": 3, "machines": ["thick"], "growth": {"a_year": 1})"));
  const ClusterPlan cluster = worked_out(planning, {builds_of(planning).front(), 6});
  for (const Act act : {Act::degraded, Act::rehearsal}) {
    const auto loaded = scenario_of(planning, cluster, act, 2);
    INFO(to_text(loaded.errors));
    REQUIRE(loaded.scenario);
    const scenarios::Scenario& scenario = *loaded.scenario;
    CHECK(scenario.broker_count() == 6);
    CHECK(scenario.brokers[1].config.broker_rack == "zone-2");
    CHECK(scenario.topics[0].partitions == 6);  // for two members, but six brokers
    const json text = json::parse(scenario_text(planning, cluster, act, 2));
    CHECK(text["sources"][0]["rate"][0]["rate"] == "2k/s");  // a year's growth
    if (act == Act::degraded) {
      CHECK(text["faults"].size() == 3);  // two brokers and a server of ZooKeeper
      CHECK(text["faults"][0]["kill_process"] == "broker-3");
    } else {
      CHECK(text["faults"][0]["rack_off"] == "zone-2");
      CHECK(text["faults"][1]["heal"] == "lost");
    }
  }
}

TEST_CASE("closed forms of a cluster are what they are printed as", "[unit]") {
  // 1,012 bytes a record, 1,000 a second, three replicas on four brokers, one of them lost.
  const Planning planning = planning_of(
      workload("1000/s", R"(, "partitions": 12, "retention": "1d")", R"(, "machines": ["thick"])"));
  const ClusterPlan cluster = worked_out(planning, {builds_of(planning).front(), 4});
  const std::vector<Need> needs = needs_of(planning, cluster);
  const auto need = [&](const std::string& name) {
    const auto at =
        std::find_if(needs.begin(), needs.end(), [&](const Need& one) { return one.name == name; });
    REQUIRE(at != needs.end());
    return *at;
  };
  CHECK(need("network in").needed == Approx(1'012'000 * 3 / 4.0));
  CHECK(need("network in").there == Approx(7.5e6 * 0.8));
  // A third of the leaders; 3 * 3/4 - 1 followers live, and a group reads.
  CHECK(need("network out").needed == Approx(1'012'000 / 3.0 * (1.25 + 1)));
  // A day and an unfinished segment of each of 12 partitions, 3/4 of it, moved from 4 to 3 brokers.
  const double day = 1'012'000.0 * 86'400;
  CHECK(need("disk space").needed == Approx((day + 12.0 * (1 << 30)) * 3 / 4 * 4 / 3));
  CHECK(need("partitions").needed == 9);
  CHECK(broken(needs) == nullptr);
}

TEST_CASE("a replica lies in one log directory, whole", "[unit]") {
  const char* const boxes = R"({"machines": [
    {"name": "box", "month": 1, "machine": {"disks": [{"kind": "hdd", "size": "1TB"},
      {"kind": "hdd", "size": "1TB"}, {"kind": "hdd", "size": "1TB"}, {"kind": "hdd", "size": "1TB"},
      {"kind": "hdd", "size": "1TB"}, {"kind": "hdd", "size": "1TB"}]}}]})";
  const auto space = [&](const char* topic, int brokers) {
    const Planning planning = planning_of(
        workload("40/s", topic, R"(, "survive": "nothing", "objectives": {"disk_headroom": 0.2})"),
        boxes);
    const ClusterPlan cluster = worked_out(planning, {builds_of(planning).front(), brokers});
    const std::vector<Need> needs = needs_of(planning, cluster);
    const auto at = std::find_if(needs.begin(), needs.end(),
                                 [](const Need& one) { return one.name == "disk space"; });
    REQUIRE(at != needs.end());
    CHECK(at->there == Approx(0.8e12));
    return at->needed;
  };
  // 40 records of 1,012 bytes a second for a year; a segment is full before it is a week old, in
  // few partitions.
  const double copy = 40 * 1012.0 * 365 * 86'400;
  const double segment = 1 << 30;
  const char* one = R"(, "partitions": 1, "retention": "365d")";
  CHECK(space(one, 3) == Approx(copy + segment));
  CHECK(space(one, 7) == Approx(copy + segment));  // More brokers make no partition smaller.
  CHECK(space(R"(, "partitions": 6, "retention": "365d")", 3) == Approx(copy / 6 + segment));
  CHECK(space(R"(, "partitions": 12, "retention": "365d")", 3) == Approx(copy / 6 + 2 * segment));
  CHECK(space(R"(, "partitions": 7, "retention": "365d")", 3) ==
        Approx(2 * (copy / 7 + segment)));  // 21 replicas over 18 directories: two in some.
  // Left to us there are as many replicas in each directory: four, of 24 partitions, whose segments
  // are a week old before they are full.
  const double week = copy / 365 * 7;
  CHECK(space(R"(, "retention": "365d")", 3) == Approx(copy / 6 + 4 * week / 24));
  // A key that brings most of the records stays in its partition.
  const double hot = space(
      R"(, "partitions": 18, "retention": "365d", "keys": {"hot": {"share": 0.9, "count": 1000}})",
      3);
  CHECK(hot > 0.9 * copy);
  CHECK(hot < 1.1 * copy + 4 * segment);
}

TEST_CASE("a rate is what its days are: to their ends, and all of them", "[unit]") {
  const auto demand = [](const std::string& rate) {
    const Planning planning = planning_of(fmt::format(
        R"({{"topics": [{{"name": "t", "rate": {}, "record_size": "1000B"}}]}})", rate));
    return planning.demands.front();
  };
  const auto file = [&](const std::string& rows) {
    const std::string path = tests::temporary_path("rates.csv");
    std::ofstream(path) << "time,rate\n" << rows;
    const TopicDemand found = demand(fmt::format(R"({{"file": "{}"}})", path));
    std::filesystem::remove(path);
    return found;
  };
  CHECK(file("0,100\n86400,900\n").peak_records == Approx(900).epsilon(1e-3));
  CHECK(file("0,100\n86400,900\n").mean_records == Approx(500));
  CHECK(file("0,100\n108000,900\n").peak_records == Approx(900));
  const TopicDemand week =
      file("0,500\n345600,500\n345600,9000\n352800,9000\n352800,500\n604800,500\n");
  CHECK(week.peak_records == Approx(9000));
  CHECK(week.mean_records == Approx(500 + 8500.0 * 2 / (7 * 24)));
  const TopicDemand steps =
      demand(R"([{"from": "0s", "rate": "100/s"}, {"from": "30h", "rate": "9k/s"}])");
  CHECK(steps.peak_records == Approx(9000));
  CHECK(steps.mean_records == Approx((30 * 100 + 18 * 9000) / 48.0));
  CHECK(demand(R"({"bursts": {"base": "1/s", "rate": "70/s", "at": ["30h"], "for": "1h"}})")
            .peak_records == Approx(70));
  CHECK(to_text(parse_planning(R"({"topics": [{"name": "t", "record_size": "1KB", "rate":
            [{"from": "0s", "rate": "1/s"}, {"from": "200h", "rate": "2/s"}]}]})",
                               slow_machines)
                    .errors)
            .find("/topics/0/rate") != std::string::npos);
}

TEST_CASE("the peak is when all topics together move the most, not the sum of their peaks",
          "[unit]") {
  const char* topic =
      R"({{"name": "{}", "record_size": "1000B", "rate": [{{"from": "0s", "rate": "100/s"}},
      {{"from": "{}h", "rate": "{}/s"}}, {{"from": "{}h", "rate": "100/s"}}]}})";
  const Planning planning = planning_of(fmt::format(
      R"({{"topics": [{}, {}]}})", fmt::format(fmt::runtime(topic), "night", 2, 2000, 4),
      fmt::format(fmt::runtime(topic), "noon", 12, 2500, 14)));
  CHECK(planning.demands[0].peak_records == Approx(2000));
  CHECK(planning.demands[0].at_peak == Approx(100));
  CHECK(planning.demands[1].at_peak == Approx(2500));
  CHECK(peak_bytes(planning, 0) == Approx(2600 * 1012));
}

TEST_CASE("what is offered has a price, and one", "[unit]") {
  const std::string all = to_text(parse_planning(workload("5/s", "", ""), R"({
    "disks": [{"name": "d", "disk": {"kind": "ssd"}}],
    "machines": [{"name": "a", "machine": {}, "disks": ["d"]},
                 {"name": "b", "machine": {}, "month": 0},
                 {"name": "c", "machine": {}, "month": 1, "hour": 2}]})")
                                      .errors);
  INFO(all);
  CHECK(all.find("/disks/0: \"d\": has no price") != std::string::npos);
  CHECK(all.find("/machines/0: \"a\": has no price") != std::string::npos);
  CHECK(all.find("/machines/1") == std::string::npos);
  CHECK(all.find("/machines/2/month") != std::string::npos);
}

TEST_CASE("what is stated wrongly is told, all of it", "[unit]") {
  const auto errors = [](const std::string& text) {
    return to_text(parse_planning(text, slow_machines).errors);
  };
  const std::string all = errors(R"({
    "topics": [{"name": "t", "rate": "0/s", "record_size": "1KB"},
               {"name": "u", "rate": "5/s", "record_size": "1KB", "min.insync.replicas": 3},
               {"name": "t", "rate": "5/s", "record_size": "1KB"}],
    "groups": [{"name": "g", "topics": ["tt"]}]})");
  INFO(all);
  CHECK(all.find("/topics/1/min.insync.replicas: 3: cannot be kept when a broker is lost") !=
        std::string::npos);
  CHECK(all.find("/topics/2/name: \"t\"") != std::string::npos);
  CHECK(errors(workload("0/s", "", "")).find("brings no record") != std::string::npos);
  CHECK(errors(workload("5/s", "", R"(, "machines": ["thck"])")).find("did you mean \"thick\"?") !=
        std::string::npos);
  CHECK(
      errors(workload("5/s", "", R"(, "survive": "zone")")).find("/zones: 1: must be at least 2") !=
      std::string::npos);
  CHECK(errors(workload("5/s", "", R"(, "surviv": "zone")")).find("survive") != std::string::npos);
  CHECK(errors("[]") != "");
  CHECK(errors("") != "");
  CHECK(to_text(parse_planning(workload("5/s", "", ""), R"({"machines": [
      {"name": "a", "machine": {"profile": "no_such"}, "disks": ["d"]}]})")
                    .errors)
            .find("/machines/0/machine/profile") != std::string::npos);
}

TEST_CASE("a workload with anything in it is read or refused", "[property]") {
  const std::string good = workload(
      "100/s", R"(, "keys": {"zipf": {"count": 100}}, "retention": "3d", "partitions": 6)",
      R"(, "survive": "zone", "zones": 3, "objectives": {"drain": "1min"}, "machines": ["thin"],
         "clients": [{"linger.ms": 5, "compression.type": "lz4"}], "growth": {"a_year": 0.2})");
  const char* said = std::getenv("BROKERLAB_SEEDS");
  const int seeds = said != nullptr ? std::max(1, std::atoi(said)) * 100 : 3000;
  const char* const pieces[] = {"0", "-1", "1e300",   "\"\"", "null",    "[]",  "{}",    "true",
                                ",", "}",  "\"-5s\"", "9",    "\"9PB\"", "1e9", "\"x\"", "\xff"};
  int read = 0;
  for (int seed = 1; seed <= seeds; ++seed) {
    INFO("BROKERLAB_SEEDS, seed " << seed);
    RandomStream random(static_cast<std::uint64_t>(seed), "workload");
    std::string text = good;
    for (std::int64_t changes = 1 + random.below(3); changes > 0; --changes) {
      const auto at =
          static_cast<std::size_t>(random.below(static_cast<std::int64_t>(text.size())));
      const auto length = static_cast<std::size_t>(random.below(6));
      text.replace(at, length, random.chance(0.3) ? "" : pieces[random.below(std::size(pieces))]);
    }
    const LoadedPlanning loaded = parse_planning(text, slow_machines);
    REQUIRE(loaded.planning.has_value() == loaded.errors.empty());
    if (!loaded.planning) continue;
    ++read;
    const PlanSpace space = space_of(*loaded.planning);
    for (const Column& column : space.columns) REQUIRE(column.first <= column.costs.size());
  }
  CHECK(read > 10);
}

TEST_CASE("our catalogue has machines of clouds and small ones, and a source for each number",
          "[unit]") {
  const auto text = scenarios::read_text_file(our_catalogue());
  REQUIRE(text);
  const LoadedCatalogue loaded = load_catalogue(our_catalogue());
  REQUIRE(to_text(loaded.errors) == "");
  std::string missing;
  for (const std::string& one : without_source(*text)) missing += one + "\n";
  CHECK(missing == "");
  int clouds = 0;
  for (const MachineOffer& one : loaded.catalogue->machines) clouds += one.hour ? 1 : 0;
  CHECK(clouds >= 5);
  CHECK(loaded.catalogue->machines.size() >= static_cast<std::size_t>(clouds) + 2);
}

TEST_CASE("what no cluster can is told with what stands in the way", "[unit]") {
  const Planning planning = planning_of(
      workload("40k/s", R"(, "retention": "1h")", R"(, "machines": ["thin", "thick"])"));
  auto book = TrialBook::open("", "one program");
  const auto plan = make_plan(planning, {}, *book);
  REQUIRE(plan.ok());
  CHECK_FALSE(plan->best);
  CHECK(plan->runs == 0);
  const std::string text = answer_text(planning, *plan, "brokerlab plan FILE");
  INFO(text);
  CHECK(text.find("No cluster in this catalogue can") != std::string::npos);
  CHECK(text.find("6 x thin: received by a broker: 20.2 MB/s") != std::string::npos);
  CHECK(answer_json(planning, *plan, "")["answer"].is_null());
}

TEST_CASE("brokerlab plan answers and refuses", "[unit]") {
  const test::Folder folder("plan-command");
  folder.file("slow.json", slow_machines);
  const std::string file = folder.file(
      "load.json",
      workload("300/s", "", R"(, "catalogue": "slow.json", "machines": ["thick", "thin"])"));
  const auto answer =
      test::command({"plan", file, "--seeds", "2", "--out", folder.path() + "/out"});
  INFO(answer.out << answer.err);
  CHECK(answer.status == 0);
  CHECK(answer.out.find("Answer: 3 x thin: 30 KRW a month") != std::string::npos);
  CHECK(answer.out.find("Uncalibrated") != std::string::npos);
  CHECK(answer.out.find("Again: brokerlab plan " + file + " --seeds 2") != std::string::npos);
  const auto again =
      test::command({"plan", file, "--seeds", "2", "--out", folder.path() + "/out", "--json"});
  CHECK(again.status == 0);
  const json told = json::parse(again.out);
  CHECK(told["answer"]["brokers"] == 3);
  CHECK(told["answer"]["degraded"].size() == 2);
  CHECK(told["calibrated"] == false);
  CHECK(test::command({"plan"}).status == 3);
  CHECK(test::command({"plan", folder.path()}).status == 3);
  CHECK(test::command({"plan", folder.path() + "/no.json"}).status == 3);
  CHECK(test::command({"plan", folder.file("empty.json", "")}).status == 3);
  CHECK(test::command({"plan", "--schema"}).out.find("brokerlab workload") != std::string::npos);
}

TEST_CASE("replicas lie evenly, and over zones", "[unit]") {
  for (const auto& [partitions, factor, brokers, zones] :
       {std::tuple{12, 3, 6, 3}, std::tuple{7, 2, 4, 2}, std::tuple{9, 3, 4, 1},
        std::tuple{5, 1, 1, 1}, std::tuple{60, 4, 9, 3}, std::tuple{8, 3, 3, 3}}) {
    INFO(partitions << " partitions, " << factor << " of " << brokers << " in " << zones);
    std::map<int, int> leaders;
    std::map<int, int> replicas;
    const auto all = placed(partitions, factor, brokers, zones);
    REQUIRE(all.size() == static_cast<std::size_t>(partitions));
    for (const std::vector<int>& one : all) {
      CHECK(std::set<int>(one.begin(), one.end()).size() == static_cast<std::size_t>(factor));
      std::set<int> places;
      for (const int broker : one) {
        ++replicas[broker];
        places.insert((broker - 1) / (brokers / zones));
      }
      CHECK(places.size() == static_cast<std::size_t>(std::min(factor, zones)));
      ++leaders[one.front()];
    }
    const auto [least, most] = std::minmax_element(
        leaders.begin(), leaders.end(), [](auto& a, auto& b) { return a.second < b.second; });
    CHECK(most->second - least->second <= 1);
    for (const auto& [broker, count] : replicas) {
      CHECK(std::abs(count * brokers - partitions * factor) <= brokers * 3);
    }
  }
}

TEST_CASE("what is exported is what import gives back", "[unit]") {
  const Planning planning = planning_of(workload(
      "1000/s", R"(, "retention": "3d")",
      R"(, "survive": "zone", "zones": 3, "machines": ["bare"], "clients": [{"compression.type": "lz4"}])"));
  const std::vector<Build> builds = builds_of(planning);
  const ClusterPlan cluster = worked_out(planning, {builds[1], 6});
  const test::Folder folder("plan-export");
  const std::string path = folder.path() + "/files";
  REQUIRE(write_export(planning, cluster, path).ok());
  CHECK_FALSE(write_export(planning, cluster, path).ok());  // it is not empty any more
  std::vector<NamedText> files;
  for (const auto& [name, text] : exported(planning, cluster)) {
    CHECK(scenarios::read_text_file(fmt::format("{}/{}", path, name)).value() == text);
    const bool of_import = name.starts_with("broker-") || name == "topics.txt" ||
                           name == "reassignment.json" || name == "capacity.json";
    if (of_import) files.push_back({name, text});
    if (name == "producer.properties") {
      CHECK(text == "acks=all\nlinger.ms=5\nbatch.size=65536\ncompression.type=lz4\n");
    }
    const bool is_scenario = name == "degraded.json" || name == "rehearsal.json";
    if (is_scenario) CHECK(to_text(scenarios::parse_scenario(text, name, ".").errors) == "");
    if (is_scenario || name.starts_with("broker-")) {
      // What a plan says of room and replicas is not what lint calls dangerous.
      const Imported alone = import_files({{name, text}}, "alone");
      const auto read = scenarios::parse_scenario(is_scenario ? text : alone.scenario, name, ".");
      INFO(name << " " << alone.scenario);
      REQUIRE(read.scenario.has_value());
      for (const Finding& one :
           lint(*read.scenario, is_scenario ? Origin::scenario : alone.origin)) {
        INFO(one.rule->id << ": " << one.message.english);
        CHECK(one.rule->severity != Severity::danger);
      }
    }
  }
  const Imported imported = import_files(files, "back");
  INFO(imported.scenario);
  const auto loaded = scenarios::parse_scenario(imported.scenario, "back", ".");
  REQUIRE(to_text(loaded.errors) == "");
  const scenarios::Scenario& back = *loaded.scenario;
  CHECK(back.broker_count() == 6);
  CHECK(back.zookeeper.nodes == 3);
  for (int broker = 0; broker < 6; ++broker) {
    const auto& group = back.brokers[back.group_of_broker(broker)];
    CHECK(group.config.broker_rack == fmt::format("zone-{}", broker / 2 + 1));
    CHECK(group.config.offsets_topic_replication_factor == 3);
    const sim::MachineConfig machine = back.machine(group.machine);
    CHECK(machine.disks.size() == cluster.machine.disks.size());
    CHECK(machine.nic.rate == cluster.machine.nic.rate);
    CHECK(machine.cpu.cores == cluster.machine.cpu.cores);
  }
  REQUIRE(back.topics.size() == 1);
  CHECK(back.topics[0].partitions == cluster.partitions[0]);
  CHECK(back.replication_factor(back.topics[0]) == 3);
  CHECK(back.topic_config(back.topics[0]).min_insync_replicas == 2);
  CHECK(back.topic_config(back.topics[0]).retention_ms == 3LL * 24 * 3600 * 1000);
}
TEST_CASE("the guide shows what its commands print", "[golden]") {
  const std::string path = std::string(BROKERLAB_SOURCE_DIR) + "/docs/guide_planning.md";
  const std::string guide = tests::contents(path);
  const std::string prompt = "    ./brokerlab plan ";
  const std::string fence = "```text\n";
  std::string anew;
  std::size_t at = 0;
  int blocks = 0;
  while (true) {
    const std::size_t open = guide.find(fence, at);
    if (open == std::string::npos) break;
    const std::size_t begin = open + fence.size();
    const std::size_t end = guide.find("```", begin);
    REQUIRE(end != std::string::npos);
    const std::size_t line = guide.rfind(prompt, open) + 4;
    std::istringstream words(guide.substr(line, guide.find('\n', line) - line));
    std::vector<std::string> arguments;
    for (std::string word; words >> word;) arguments.push_back(word);
    REQUIRE(arguments.size() >= 3);
    const auto answer = test::command({arguments.begin() + 1, arguments.end()});
    INFO(answer.err);
    CHECK(answer.status == 0);
    anew += guide.substr(at, begin - at) + answer.out;
    at = end;
    ++blocks;
  }
  anew += guide.substr(at);
  CHECK(blocks >= 5);
  if (std::getenv("BROKERLAB_UPDATE_GOLDENS") != nullptr) std::ofstream(path) << anew;
  INFO("after an intended change: BROKERLAB_UPDATE_GOLDENS=1 ./brokerlab test -R plan.golden");
  CHECK(anew == guide);
}
