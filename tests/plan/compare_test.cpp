// compare: what it tells of two real runs, in both languages, and of files that are none.
#include "base/json_text.h"
#include "recording/recording.h"
#include "tests/cli/command.h"
#include "tests/files.h"
#include "tests/plan/small.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include <cstdlib>
#include <regex>

using namespace brokerlab;
using Catch::Contains;
using test::command;
using test::Folder;

namespace {

/// A run of the small cluster, recorded; how it differs is given as --set and the like.
std::string recorded(const Folder& folder, const std::string& name,
                     const std::vector<std::string>& more = {}) {
  const std::string path = folder.path() + "/" + name;
  std::vector<std::string> arguments{folder.file("small.json", test::small_scenario), "--record",
                                     path};
  arguments.insert(arguments.end(), more.begin(), more.end());
  REQUIRE(test::run_recorded(arguments) == 0);
  return path;
}

std::string without_folder(std::string text, const Folder& folder) {
  for (std::size_t at; (at = text.find(folder.path() + "/")) != std::string::npos;) {
    text.erase(at, folder.path().size() + 1);
  }
  return text;
}

}  // namespace

TEST_CASE("compare: a run beside one with another setting", "[golden]") {
  const Folder folder("compare_golden");
  const std::string a = recorded(folder, "a.run");
  const std::string b = recorded(
      folder, "b.run",
      {"--set", "producers.app.config.acks=1", "--set", "brokers.config.num.io.threads=4"});
  const std::string c = recorded(folder, "c.run", {"--seed", "7"});
  std::string text;
  for (const std::string language : {"en", "ko"}) {
    for (const auto& other : {b, c, a}) {
      const test::Answer answer = command({"compare", a, other, "--lang", language});
      CHECK(answer.err.empty());
      CHECK(answer.status == 0);
      text += without_folder(answer.out, folder) + "\n";
    }
  }
  const std::string golden = std::string(BROKERLAB_SOURCE_DIR) + "/tests/plan/golden/compare.txt";
  if (std::getenv("BROKERLAB_UPDATE_GOLDENS") != nullptr) std::ofstream(golden) << text;
  INFO("after an intended change: BROKERLAB_UPDATE_GOLDENS=1 ./brokerlab test -R plan.golden");
  CHECK(text == tests::contents(golden));
}

TEST_CASE("compare --json has everything, for programs", "[unit]") {
  const Folder folder("compare_json");
  const std::string a = recorded(folder, "a.run");
  const std::string b = recorded(folder, "b.run", {"--set", "producers.app.config.acks=1"});
  const Json json = json_from(command({"compare", a, b, "--json"}).out);
  CHECK(json["same_seed"] == true);
  CHECK(json["same_run"] == false);
  CHECK(json["settings"][0]["path"] == "producers.app.config.acks");
  CHECK(json["settings"][0]["b"] == "1");
  CHECK(json["figures"].size() > 10);
  CHECK(json["part"]["a"]["t_s"].is_number());
  CHECK(json["part"]["alike"] > 10);
  const Json same = json_from(command({"compare", a, a, "--json"}).out);
  CHECK(same["same_run"] == true);
  CHECK(same["settings"].empty());
  CHECK(same["part"].is_null());
}

TEST_CASE("compare: a file that is no recording is told in one sentence", "[unit]") {
  const Folder folder("compare_bad");
  const std::string good = recorded(folder, "good.run");
  struct Bad {
    std::string path;
    std::string told;
  };
  const std::string empty = folder.file("empty.run", "");
  const std::string noise = folder.file("noise.run", std::string(5000, '\xd7'));
  const std::string cut = folder.file("cut.run", tests::contents(good).substr(0, 9000));
  // As a later version would write it.
  std::string newer_bytes = tests::contents(good);
  const std::string key = "format2";
  const auto at = newer_bytes.find(key);
  REQUIRE(at != std::string::npos);
  newer_bytes[at + key.size() - 1] = '9';
  const std::string newer = folder.file("newer.run", newer_bytes);
  for (const Bad& bad :
       {Bad{folder.path() + "/none.run", "no such file"}, Bad{folder.path(), "is a directory"},
        Bad{empty, "not a recording of brokerlab"}, Bad{noise, "not a recording of brokerlab"},
        Bad{cut, "not a readable recording"},
        Bad{newer, "recording format 9, but this brokerlab reads format 2"},
        Bad{"", "no such file"}}) {
    INFO(bad.path);
    for (const auto& pair : {std::pair(good, bad.path), std::pair(bad.path, good)}) {
      const test::Answer answer = command({"compare", pair.first, pair.second});
      CHECK(answer.status == 3);
      CHECK(answer.out.empty());
      CHECK_THAT(answer.err, Contains(bad.told) && Contains("1 mistake found"));
    }
  }
  CHECK_THAT(command({"compare", "x.run", "y.run"}).err, Contains("2 mistakes found"));
  CHECK(command({"compare", good}).status == 3);
}

TEST_CASE("compare: damage behind the head is told, and nothing crashes", "[unit]") {
  const Folder folder("compare_damage");
  const std::string good = recorded(folder, "good.run");
  const std::string bytes = tests::contents(good);
  for (std::size_t at = 4096; at < bytes.size(); at += bytes.size() / 40) {
    std::string hurt = bytes;
    for (std::size_t i = at; i < std::min(at + 3000, hurt.size()); ++i) hurt[i] = '\xff';
    const test::Answer answer = command({"compare", good, folder.file("hurt.run", hurt)});
    INFO(at << ": " << answer.err);
    CHECK((answer.status == 0 || answer.status == 3 || answer.status == 4));
    CHECK((answer.status == 0) == answer.err.empty());
  }
}
