// The library keeps what it promises: every scenario passes, its faults bite, the numbers of its
// story are those of its runs, and what it judges has a control that turns it red: what cannot be
// red proves nothing. All of it stands in the scenarios' lessons (scenarios/lesson.h); who adds a
// scenario adds nothing here. Each run is a process of its own.
//
// BROKERLAB_UPDATE_GOLDENS=1 writes time lines and numbers anew.
#include "scenarios/catalogue.h"
#include "scenarios/figures.h"
#include "scenarios/loader.h"
#include "scenarios/runner.h"
#include "tests/files.h"
#include "tests/runs/run_story.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include <filesystem>
#include <regex>
#include <set>
#include <sstream>

using namespace brokerlab;
using namespace brokerlab::scenarios;

namespace {

bool updates() { return std::getenv("BROKERLAB_UPDATE_GOLDENS") != nullptr; }

/// A scenario as it is, under "", and its controls by their names.
struct Entry {
  Scenario scenario;
  std::string path;
  std::map<std::string, Scenario> runs;
  std::map<std::string, ApartRun> reports;
};

std::vector<Entry> entries() {
  std::vector<Entry> all;
  for (const LibraryEntry& one : library()) {
    Entry entry{tests::load(one.name, {}, 1), one.path, {}, {}};
    entry.runs.emplace("", entry.scenario);
    REQUIRE(entry.scenario.lesson.has_value());
    for (const LessonControl& control : entry.scenario.lesson->controls) {
      INFO(one.name << " " << control.name);
      entry.runs.emplace(control.name, tests::load(one.name, control.set, 1));
    }
    all.push_back(std::move(entry));
  }
  return all;
}

/// All of all scenarios, on all cores.
void play(std::vector<Entry>& all) {
  std::vector<ApartJob> jobs;
  std::vector<std::pair<Entry*, std::string>> whose;
  for (Entry& entry : all) {
    for (const auto& [name, scenario] : entry.runs) {
      jobs.push_back({scenario, {}, false, 0});
      whose.emplace_back(&entry, name);
    }
  }
  run_apart(jobs, [&](std::size_t job, Result<ApartRun, std::string> run) {
    INFO(whose[job].first->scenario.name << " " << whose[job].second);
    INFO((run ? std::string() : run.error()));
    REQUIRE(run.ok());
    whose[job].first->reports.emplace(whose[job].second, std::move(*run));
    return true;
  });
}

/// What must have a control: heals and new starts are judged as done or not, no more.
std::set<std::string> to_be_judged(const Scenario& scenario) {
  std::set<std::string> all;
  for (std::size_t i = 0; i < scenario.expect.size(); ++i) all.insert(fmt::format("expect {}", i));
  const nlohmann::json faults = nlohmann::json::parse(effective_text(scenario))["faults"];
  for (std::size_t i = 0; i < faults.size(); ++i) {
    const bool undoes = faults[i].contains("heal") || faults[i].contains("power_on") ||
                        faults[i].contains("start_process");
    if (!undoes) all.insert(fmt::format("fault {}", i));
  }
  return all;
}

bool says_no(const nlohmann::json& report, const std::string& red) {
  const std::size_t place = std::stoul(red.substr(red.find(' ') + 1));
  return red.starts_with("fault ") ? !report["faults"][place]["bit"].get<bool>()
                                   : !report["expectations"][place]["met"].get<bool>();
}

std::string time_line_of(const nlohmann::json& report) {
  std::string text;
  for (const nlohmann::json& moment : report["time_line"]) {
    text += fmt::format("{:>9.3f}s {}\n", moment["t_s"].get<double>(),
                        moment["text"].get<std::string>());
  }
  return text;
}

void check_golden(const Entry& entry, const nlohmann::json& report) {
  const std::string path =
      std::string(BROKERLAB_SOURCE_DIR) + "/tests/apart/golden/" + entry.scenario.name + ".txt";
  const std::string text = time_line_of(report);
  if (updates()) {
    std::ofstream(path) << text;
    return;
  }
  INFO("after an intended change: BROKERLAB_UPDATE_GOLDENS=1 ./brokerlab test -R apart.golden");
  CHECK(tests::contents(path) == text);
}

/// Writes a fact's new number into the file, and leaves its layout alone.
void write_fact(const std::string& path, const std::string& name, const std::string& is) {
  const std::string text = tests::contents(path);
  const std::regex form("(\"" + name + "\"\\s*:\\s*\\{[^{}]*\"is\"\\s*:\\s*\")[^\"]*(\")");
  std::ofstream(path) << std::regex_replace(text, form, "$01" + is + "$2",
                                            std::regex_constants::format_first_only);
}

void check_facts(const Entry& entry) {
  for (const auto& [name, fact] : entry.scenario.lesson->facts) {
    const Result<double, Phrase> number = Figures(entry.reports.at(fact.run).report).of(fact.of);
    INFO("fact " << name << ", " << fact.of);
    REQUIRE(number.ok());
    if (updates() && fact.told(*number) != fact.is) {
      write_fact(entry.path, name, fact.told(*number));
    } else {
      CHECK(fact.told(*number) == fact.is);
    }
  }
}

/// Who stands at a computer will wait for ten seconds. A sanitizer slows a run down tenfold.
double most_cpu_seconds() {
#ifdef __SANITIZE_ADDRESS__
  return 200;
#else
  return 10;
#endif
}

}  // namespace

TEST_CASE("the library passes, tells true numbers, and turns red without its cures", "[golden]") {
  std::vector<Entry> all = entries();
  play(all);
  for (const Entry& entry : all) {
    INFO(entry.scenario.name);
    const nlohmann::json as_it_is = nlohmann::json::parse(entry.reports.at("").report);
    CHECK(as_it_is["verdict"] == "pass");
    check_golden(entry, as_it_is);
    check_facts(entry);
    std::set<std::string> shown;
    for (const LessonControl& control : entry.scenario.lesson->controls) {
      const nlohmann::json report = nlohmann::json::parse(entry.reports.at(control.name).report);
      for (const std::string& red : control.red) {
        INFO(control.name << ": " << red);
        REQUIRE(to_be_judged(entry.scenario).contains(red));
        CHECK_FALSE(says_no(as_it_is, red));
        CHECK(says_no(report, red));
        if (red.starts_with("expect ")) CHECK(report["verdict"] == "fail");
        shown.insert(red);
      }
    }
    CHECK(shown == to_be_judged(entry.scenario));
    CHECK(entry.scenario.lesson->moment <= entry.scenario.duration);
    for (const auto& [name, run] : entry.reports) {
      INFO("control \"" << name << "\"");
      CHECK(run.cpu_seconds < most_cpu_seconds());
    }
  }
}

TEST_CASE("what the library says to try next can be run", "[unit]") {
  for (const LibraryEntry& one : library()) {
    INFO(one.name);
    const Scenario scenario = tests::load(one.name, {}, 1);
    tests::load(one.name, scenario.lesson->next_set, 1);
  }
}

TEST_CASE("the way through the lecture names scenarios that are there, alike in both languages",
          "[unit]") {
  const auto commands = [](const std::string& document) {
    const std::string text =
        tests::contents(std::string(BROKERLAB_SOURCE_DIR) + "/docs/" + document);
    std::vector<std::string> found;
    static const std::regex form("`(\\./brokerlab [^`]+)`");
    for (std::sregex_iterator match(text.begin(), text.end(), form), end; match != end; ++match) {
      found.push_back((*match)[1]);
    }
    return found;
  };
  const std::vector<std::string> english = commands("lecture.md");
  CHECK(english.size() > 15);
  CHECK(english == commands("lecture.ko.md"));
  for (const std::string& command : english) {
    INFO(command);
    std::istringstream words(command);
    std::string program, verb, name;
    words >> program >> verb >> name;
    if (verb == "run" || verb == "view" || verb == "limit" || verb == "links")
      CHECK(find_scenario(name).ok());
    if (verb == "plan")
      CHECK(std::filesystem::exists(std::string(BROKERLAB_SOURCE_DIR) + "/" + name));
  }
}

TEST_CASE("the catalogue of incidents has a picture of each, and of nothing else", "[unit]") {
  const std::string docs = std::string(BROKERLAB_SOURCE_DIR) + "/docs/";
  INFO("make them anew: docs/images/pictures.sh");
  std::set<std::string> wanted;
  for (const char* file : {"incidents.md", "incidents.ko.md"}) {
    std::istringstream lines(tests::contents(docs + file));
    for (std::string line; std::getline(lines, line);) {
      const std::size_t at = line.find("](images/incidents/");
      if (line.rfind("![", 0) != 0 || at == std::string::npos) continue;
      const std::string name = line.substr(at + 2, line.size() - at - 3);
      INFO(name);
      CHECK(tests::contents(docs + name).rfind("\x89PNG\r\n", 0) == 0);
      wanted.insert(name);
    }
  }
  CHECK(wanted.size() >= 50);
  for (const auto& one : std::filesystem::directory_iterator(docs + "images/incidents")) {
    INFO(one.path());
    CHECK(wanted.contains("images/incidents/" + one.path().filename().string()));
  }
}

TEST_CASE("the catalogue of incidents is current, in both languages", "[golden]") {
  for (const Language language : {Language::english, Language::korean}) {
    const std::string path =
        std::string(BROKERLAB_SOURCE_DIR) +
        (language == Language::english ? "/docs/incidents.md" : "/docs/incidents.ko.md");
    INFO(
        "write it anew: brokerlab scenarios incidents > docs/incidents.md; "
        "brokerlab --lang ko scenarios incidents > docs/incidents.ko.md");
    if (updates()) {
      std::ofstream(path) << catalogue(language);
    } else {
      CHECK(tests::contents(path) == catalogue(language));
    }
  }
}
