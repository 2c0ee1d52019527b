#include "tests/cli/command.h"
#include "tests/temporary.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

using namespace brokerlab;
using namespace brokerlab::test;
namespace fs = std::filesystem;

namespace {

/// An empty folder that is the current one for a while.
class Elsewhere {
 public:
  explicit Elsewhere(const std::string& name)
      : before_(fs::current_path()), folder_(tests::temporary_path(name)) {
    fs::remove_all(folder_);
    fs::create_directories(folder_);
    fs::current_path(folder_);
  }
  ~Elsewhere() {
    fs::current_path(before_);
    fs::remove_all(folder_);
  }
  const fs::path& folder() const { return folder_; }

 private:
  const fs::path before_;
  const fs::path folder_;
};

std::string text_of(const fs::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

TEST_CASE("scenarios new: a copy with its data that is valid wherever it stands", "[unit]") {
  const Elsewhere here("new");
  const Answer made = command({"scenarios", "new", "exam"});
  REQUIRE(made.status == 0);
  CHECK(fs::exists("exam/exam.json"));
  CHECK(fs::exists("exam/data/wifi_auth.csv"));
  CHECK(fs::exists("exam/scenario.schema.json"));
  CHECK_FALSE(fs::exists("exam.writing"));
  CHECK_THAT(made.out, Catch::Contains("brokerlab run exam/exam.json"));
  CHECK_THAT(made.out, Catch::Contains("producers.wifi-auth.config.acks"));
  CHECK_THAT(made.out, Catch::Contains("power_off at"));
  CHECK_THAT(made.out, Catch::Contains("  exam/scenario.schema.json\n"));
  CHECK_THAT(made.out, Catch::Contains("title      and story"));
  // As its author laid it out, but for its name.
  CHECK_THAT(text_of("exam/exam.json"), Catch::Contains("\"name\": \"exam\""));
  CHECK_THAT(text_of("exam/exam.json"), Catch::Contains("\"$schema\": \"scenario.schema.json\""));
  fs::create_directories("far/away");
  fs::rename("exam", "far/away/exam");
  const Answer valid = command({"scenarios", "validate", "far/away/exam/exam.json"});
  CHECK(valid.status == 0);
  CHECK(valid.err.empty());
  // It is the same experiment.
  const auto without_names = [](const std::string& text) {
    nlohmann::json scenario = nlohmann::json::parse(text);
    for (const char* key : {"name", "lesson"}) scenario.erase(key);
    scenario["sources"][0].erase("file");
    return scenario;
  };
  CHECK(without_names(command({"scenarios", "show", "far/away/exam/exam.json", "--json"}).out) ==
        without_names(command({"scenarios", "show", "wifi_auth_broker_crash", "--json"}).out));
}

TEST_CASE("scenarios new: from any other one, and never over anything", "[unit]") {
  const Elsewhere here("new_from");
  REQUIRE(command({"scenarios", "new", "rack", "--from", "rack_switch_fails"}).status == 0);
  REQUIRE(command({"scenarios", "new", "again", "--from", "rack/rack.json"}).status == 0);
  CHECK(command({"scenarios", "validate", "again/again.json"}).status == 0);
  const std::string before = text_of("rack/rack.json");
  const Answer twice = command({"scenarios", "new", "rack"});
  CHECK(twice.status == 3);
  CHECK_THAT(twice.err, Catch::Contains("rack: is there already; choose another name"));
  CHECK(text_of("rack/rack.json") == before);
  std::ofstream("file") << "mine";
  CHECK(command({"scenarios", "new", "file"}).status == 3);
  CHECK(text_of("file") == "mine");
  const Answer misnamed = command({"scenarios", "new", "my exam"});
  CHECK(misnamed.status == 3);
  CHECK_THAT(misnamed.err, Catch::Contains("letters, digits"));
  CHECK_FALSE(fs::exists("my exam"));
  CHECK_FALSE(fs::exists("my exam.writing"));
  CHECK_THAT(command({"scenarios", "new", "x", "--from", "rack_swich_fails"}).err,
             Catch::Contains("did you mean \"rack_switch_fails\"?"));
  CHECK_THAT(command({"scenarios", "new", "no/such/x"}).err,
             Catch::Contains("there is no folder no/such"));
}

TEST_CASE("scenarios show --json can be run from another folder", "[unit]") {
  const Elsewhere here("shown");
  std::ofstream("mine.json")
      << command({"scenarios", "show", "wifi_auth_broker_crash", "--json"}).out;
  const Answer valid = command({"scenarios", "validate", "mine.json"});
  CHECK(valid.status == 0);
  CHECK(valid.out == "1 of 1 files are valid\n");
}

TEST_CASE("a library that is not there is told, not shown as empty", "[unit]") {
  setenv("BROKERLAB_LIBRARY", "/nowhere/library", 1);
  const Answer list = command({"scenarios", "list"});
  const Answer run = command({"run", "wifi_auth_broker_crash"});
  unsetenv("BROKERLAB_LIBRARY");
  CHECK(list.status == 4);
  CHECK(list.out.empty());
  CHECK_THAT(list.err, Catch::Contains("there is no /nowhere/library"));
  CHECK(run.status == 3);
  CHECK_THAT(run.err, Catch::Contains("there is no /nowhere/library"));
}

TEST_CASE("a file to write needs a name", "[unit]") {
  const Answer run = command({"run", "wifi_auth_broker_crash", "--record", ""});
  CHECK(run.status == 3);
  CHECK_THAT(run.err, Catch::Contains("--record"));
  CHECK(command({"demo", "--record", ""}).status == 3);
}
