// A sweep: what its file may say, which points it has, and that no kill loses what is finished.
#include "plan/sweep/sweep.h"

#include "plan/sweep/slurm.h"
#include "tests/cli/command.h"
#include "tests/files.h"
#include "tests/in_child.h"
#include "tests/plan/small.h"

#include <catch2/catch.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <sys/wait.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <unistd.h>

using namespace brokerlab;
using namespace brokerlab::plan;
using test::Folder;

namespace {

LoadedSweep sweep_from(const Folder& folder, const std::string& text) {
  folder.file("small.json", test::small_scenario);
  return parse_sweep(text, "sweep.json", folder.path());
}

std::vector<std::string> words_of_all(const Sweep& sweep) {
  std::vector<std::string> words;
  for (const Point& point : sweep.points) words.push_back(words_of(point));
  return words;
}

SweepResult run_it(const Sweep& sweep, const std::string& folder, const SweepNews& news = {}) {
  auto book = TrialBook::open(folder, "one program");
  INFO((book.ok() ? "" : book.error()));
  REQUIRE(book.ok());
  auto result = run_sweep(sweep, *book, news);
  REQUIRE(result.ok());
  return std::move(*result);
}

/// Without what a machine's speed decides.
std::string figures_of(const Sweep& sweep, const SweepResult& result) {
  Table table = table_of(sweep, result);
  const auto at = std::find(table.columns.begin(), table.columns.end(), "cpu_s");
  const auto column = at - table.columns.begin();
  table.columns.erase(at);
  for (auto& row : table.rows) row.erase(row.begin() + column);
  return table_csv(table);
}

}  // namespace

TEST_CASE("a sweep has each of the list with each of the grid with each seed", "[unit]") {
  const Folder folder("sweep_points");
  const auto loaded = sweep_from(folder, R"({
    "base": "small.json", "set": {"duration": "8s"},
    "list": [{"producers.app.config.acks": "all"}, {"producers.app.config.acks": 1}],
    "grid": {"topics.t.partitions": [3, 6], "brokers.count": [3]},
    "seeds": {"first": 7, "count": 2}})");
  REQUIRE(to_text(loaded.errors) == "");
  CHECK(words_of_all(*loaded.sweep) ==
        std::vector<std::string>{
            "producers.app.config.acks=all topics.t.partitions=3 brokers.count=3 seed=7",
            "producers.app.config.acks=all topics.t.partitions=3 brokers.count=3 seed=8",
            "producers.app.config.acks=all topics.t.partitions=6 brokers.count=3 seed=7",
            "producers.app.config.acks=all topics.t.partitions=6 brokers.count=3 seed=8",
            "producers.app.config.acks=1 topics.t.partitions=3 brokers.count=3 seed=7",
            "producers.app.config.acks=1 topics.t.partitions=3 brokers.count=3 seed=8",
            "producers.app.config.acks=1 topics.t.partitions=6 brokers.count=3 seed=7",
            "producers.app.config.acks=1 topics.t.partitions=6 brokers.count=3 seed=8"});
  const auto scenario = scenario_of(*loaded.sweep, loaded.sweep->points.back());
  REQUIRE(scenario.scenario);
  CHECK(scenario.scenario->duration == 8s);
  CHECK(scenario.scenario->topics.front().partitions == 6);
  CHECK(scenario.scenario->seed == 8);
}

TEST_CASE("what is wrong with a sweep is told by place, all of it", "[unit]") {
  const Folder folder("sweep_mistakes");
  CHECK(to_text(sweep_from(folder, R"({
    "base": "small.json", "set": {"duraton": "8s"},
    "list": [{"producers.app.config.acks": "most"}],
    "grid": {"brokers.count": [3, 0], "seed": [1], "topics.u.partitions": [1]}})")
                    .errors) ==
        "sweep.json: /set/duraton: 8s: there is no \"duraton\" in Scenario; did you mean "
        "\"duration\"?\n"
        "sweep.json: /list/0/producers.app.config.acks: most: "
        "/producers/0/config/acks: must be one of \"all\", \"-1\", \"0\", \"1\"\n"
        "sweep.json: /grid/brokers.count/1: 0: /brokers/count: must be a whole number from 1 to "
        "100\n"
        "sweep.json: /grid/seed/0: 1: is set by \"seeds\"\n"
        "sweep.json: /grid/topics.u.partitions/0: 1: there is no \"u\" here; did you mean "
        "\"t\"? possible: t, or a place, 0\n");
  CHECK(to_text(sweep_from(folder, R"({"base": "smal.json"})").errors).find("/base: smal.json") !=
        std::string::npos);
  CHECK(
      to_text(
          sweep_from(folder, R"({"base": "small.json", "set": {"topics.t.partitions": 0}})").errors)
          .find("/set/topics.t.partitions: 0: /topics/0/partitions: must be") != std::string::npos);
  CHECK(to_text(sweep_from(folder, R"({"base": "small.json", "set": {"brokers.count": 2}})").errors)
            .find("replication.factor: 3: must") != std::string::npos);
  CHECK(to_text(sweep_from(folder, R"({"base": "rack_switch_fail"})").errors)
            .find("rack_switch_fails") != std::string::npos);
  CHECK(to_text(sweep_from(folder, R"({"base": "small.json", "seeds": {"count": 10000},
    "grid": {"duration": ["1s", "2s", "3s", "4s", "5s", "6s", "7s", "8s", "9s", "10s", "11s"]}})")
                    .errors)
            .find("has 110000 points; at most 100000 are run") != std::string::npos);
  CHECK(to_text(
            sweep_from(folder, R"({"base": "small.json", "grid": {"brokers.count": null}})").errors)
            .find("/grid/brokers.count: null: must be a list") != std::string::npos);
}

TEST_CASE("a point that cannot be run is listed, and the others are run", "[unit]") {
  const Folder folder("sweep_refused");
  const auto loaded =
      sweep_from(folder, R"({"base": "small.json", "grid": {"brokers.count": [3, 2]}})");
  REQUIRE(to_text(loaded.errors) == "");
  std::vector<std::string> failed;
  SweepNews news;
  news.failed = [&](const Point& point, const std::string& why) {
    failed.push_back(words_of(point) + ": " + why);
  };
  const SweepResult result = run_it(*loaded.sweep, folder.path() + "/points", news);
  REQUIRE(failed.size() == 1);
  CHECK(
      failed.front().starts_with("brokers.count=2 seed=1: refused: /topics/0/replication.factor"));
  CHECK(result.failed == 1);
  REQUIRE(result.outcomes[0].ok());
  CHECK(result.outcomes[0]->figures.verdict == "pass");
  CHECK(result.outcomes[0]->figures.kept() == 1);
  CHECK(result.outcomes[0]->figures.busiest.size() == 3);
  const Table table = table_of(*loaded.sweep, result);
  CHECK(table.rows[0].back() == Cell());
  CHECK(std::get<std::string>(table.rows[1].back()).starts_with("refused"));
}

TEST_CASE("what is finished is not run again, and what differs is", "[unit]") {
  const Folder folder("sweep_again");
  const std::string points = folder.path() + "/points";
  const std::string text = R"({"base": "small.json", "seeds": [1, 2, 1]})";
  const auto loaded = sweep_from(folder, text);
  REQUIRE(loaded.sweep);
  const SweepResult first = run_it(*loaded.sweep, points);
  CHECK(first.from_before == 1);  // the twin
  CHECK(first.outcomes[0]->figures.fingerprint == first.outcomes[2]->figures.fingerprint);
  CHECK(first.outcomes[0]->figures.fingerprint != first.outcomes[1]->figures.fingerprint);
  CHECK(folder.count("points") == 2);
  const SweepResult second = run_it(*loaded.sweep, points);
  CHECK(second.from_before == 3);
  CHECK(second.cpu_seconds == 0);
  CHECK(figures_of(*loaded.sweep, second) == figures_of(*loaded.sweep, first));

  SECTION("a point that is half a file is run again") {
    for (const auto& entry : std::filesystem::directory_iterator(points)) {
      std::filesystem::resize_file(entry.path(), 40);
    }
    CHECK(run_it(*loaded.sweep, points).from_before == 1);
  }
  SECTION("a setting that differs is another point") {
    const auto longer =
        sweep_from(folder, R"({"base": "small.json", "set": {"duration": "11s"}, "seeds": [1]})");
    CHECK(run_it(*longer.sweep, points).from_before == 0);
  }
  SECTION("another program has its own") {
    auto book = TrialBook::open(points, "another program");
    REQUIRE(book.ok());
    CHECK(run_sweep(*loaded.sweep, *book)->from_before == 1);
  }
}

TEST_CASE("a data file that changed makes another point", "[unit]") {
  const Folder folder("sweep_data");
  folder.file("rate.csv", "time,rate\n0,100\n5,100\n");
  std::string text = test::small_scenario;
  text.replace(text.find("\"100/s\""), 7, R"({"file": "rate.csv"})");
  folder.file("with_file.json", text);
  const auto loaded = parse_sweep(R"({"base": "with_file.json"})", "sweep.json", folder.path());
  REQUIRE(to_text(loaded.errors) == "");
  const auto book = TrialBook::open("", "one program");
  const auto hash = [&] {
    return book->hash_of(*scenario_of(*loaded.sweep, loaded.sweep->points[0]).scenario);
  };
  const std::string before = hash();
  CHECK(before == hash());
  folder.file("rate.csv", "time,rate\n0,100\n5,120\n");
  CHECK(before != hash());
}

TEST_CASE("a sweep that is killed at any moment goes on, to the same table", "[unit]") {
  const Folder folder("sweep_killed");
  const auto loaded = sweep_from(folder, R"({"base": "small.json", "seeds": {"count": 24}})");
  REQUIRE(loaded.sweep);
  const std::string whole =
      figures_of(*loaded.sweep, run_it(*loaded.sweep, folder.path() + "/undisturbed"));
  const std::string points = folder.path() + "/points";
  std::size_t kept = 0;
  for (int kill_after = 15; kill_after <= 90; kill_after += 25) {
    const pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0) {
      auto book = TrialBook::open(points, "one program");
      if (book.ok()) (void)run_sweep(*loaded.sweep, *book);
      _exit(0);
    }
    usleep(static_cast<useconds_t>(kill_after) * 1000);
    kill(child, SIGKILL);
    REQUIRE(waitpid(child, nullptr, 0) == child);
    const std::size_t now = std::filesystem::exists(points) ? folder.count("points") : 0;
    CHECK(now >= kept);
    kept = now;
  }
  const SweepResult rest = run_it(*loaded.sweep, points);
  CHECK(rest.from_before == kept);
  CHECK(figures_of(*loaded.sweep, rest) == whole);
}

TEST_CASE("two sweeps do not work in one folder", "[unit]") {
  const Folder folder("sweep_twice");
  const auto book = TrialBook::open(folder.path(), "one program");
  REQUIRE(book.ok());
  const auto second = TrialBook::open(folder.path(), "one program");
  REQUIRE_FALSE(second.ok());
  CHECK(second.error().find("another process works in") != std::string::npos);
}

TEST_CASE("brokerlab sweep writes its table in three forms", "[unit]") {
  const Folder folder("sweep_command");
  folder.file("small.json", test::small_scenario);
  const std::string file = folder.file(
      "s.json", R"({"base": "small.json", "grid": {"producers.app.config.acks": ["all", "1"]}})");
  const std::string out = folder.path() + "/out";
  const auto answer = test::command({"sweep", file, "--out", out});
  CHECK(answer.err.find("2 of 2 points") != std::string::npos);
  CHECK(answer.status == 0);
  CHECK(answer.out.find("2 points, 0 of them found done, 0 failed") != std::string::npos);
  const std::string csv = tests::contents(out + "/table.csv");
  CHECK(csv.starts_with("producers.app.config.acks,seed,verdict,acknowledged_per_s,kept,"));
  CHECK(csv.find("\nall,1,pass,") != std::string::npos);
  CHECK(csv.find("\n1,1,pass,") != std::string::npos);
  CHECK(tests::contents(out + "/table.json").starts_with("[\n {\n  \"producers.app.config.acks\""));
  CHECK(tests::contents(out + "/table.sqlite").starts_with("SQLite format 3"));
  CHECK(test::command({"sweep", file, "--out", out}).out.find("2 of them found done") !=
        std::string::npos);
  CHECK(test::command({"sweep", folder.path() + "/none.json"}).status == 3);
  CHECK(test::command({"sweep", file, "--out", file}).status == 4);
  CHECK(test::command({"sweep", "--schema"}).out.find("\"most_cpu\"") != std::string::npos);
}

TEST_CASE("a table keeps what its cells are", "[unit]") {
  const Table table{{"name", "n", "x"},
                    {{std::string("a, \"b\""), std::int64_t{12}, 0.125}, {Cell(), Cell(), 1e9}}};
  CHECK(table_csv(table) == "name,n,x\n\"a, \"\"b\"\"\",12,0.125\n,,1000000000\n");
  CHECK(table_text(table) ==
        "name     n           x\na, \"b\"  12       0.125\n     -   -  1000000000\n");
  CHECK(table_json(table).find("\"n\": null") != std::string::npos);
  CHECK(write_table(table, "t", "x.txt").error() ==
        "x.txt: a table is written to .csv, .json or .sqlite");
}

TEST_CASE("places of points: as Slurm's tasks are told them", "[unit]") {
  using Places = std::vector<std::size_t>;
  CHECK(places_in("0-2,5", 6) == Places{0, 1, 2, 5});
  CHECK(places_in("3", 4) == Places{3});
  for (const char* wrong : {"", "4", "2-1", "a", "1,", "-1", "0-9", "1 2"}) {
    INFO(wrong);
    CHECK_FALSE(places_in(wrong, 4).has_value());
  }
  CHECK(list_of_places({0, 1, 2, 5, 7, 8}) == "0-2,5,7-8");
  for (std::size_t bits = 1; bits < 256; ++bits) {
    Places some;
    for (std::size_t i = 0; i < 8; ++i) {
      if ((bits >> i & 1) != 0) some.push_back(i);
    }
    CHECK(places_in(list_of_places(some), 8) == some);
  }
}

TEST_CASE("a part of a sweep, as a task of Slurm's runs it", "[unit]") {
  const Folder folder("sweep_part");
  folder.file("small.json", test::small_scenario);
  const std::string file =
      folder.file("sweep.json", R"({"base": "small.json", "seeds": {"count": 4}})");
  const std::string out = folder.path() + "/part";
  const auto answer =
      test::command({"sweep", file, "--points", "1,3", "--cores", "1", "--out", out, "--json"});
  INFO(answer.err);
  CHECK(answer.status == 0);
  const auto rows = nlohmann::json::parse(answer.out);
  REQUIRE(rows.size() == 2);
  CHECK(rows[0]["seed"] == 2);
  CHECK(rows[1]["seed"] == 4);
  CHECK(test::command({"sweep", file, "--points", "4", "--out", out}).status == 3);
  CHECK(test::command({"sweep", file, "--points", "1", "--engine", "slurm"}).status == 3);
  CHECK(test::command({"sweep", file, "--engine", "cloud"}).status == 3);
}

TEST_CASE("a sweep by Slurm where there is none says so", "[unit]") {
  const Folder folder("sweep_no_slurm");
  folder.file("small.json", test::small_scenario);
  const std::string file = folder.file("sweep.json", R"({"base": "small.json"})");
  const std::string told = tests::in_child([&] {
    setenv("PATH", "/nowhere", 1);
    const auto answer = test::command(
        {"sweep", file, "--engine", "slurm", "--out", folder.path() + "/out", "--quiet"});
    CHECK(answer.status == 4);
    return answer.err;
  });
  CHECK_THAT(told,
             Catch::Contains("sbatch cannot be started") && Catch::Contains("is Slurm installed"));
}
