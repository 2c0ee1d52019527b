// A student's way through every lab: the start fails, the committed solution passes.
#include "base/settings.h"
#include "cli/command_line.h"
#include "labs/checker.h"
#include "labs/files.h"
#include "tests/temporary.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include <filesystem>
#include <sstream>

using namespace brokerlab;
using namespace brokerlab::labs;

namespace {

namespace fs = std::filesystem;

struct Said {
  int status;
  std::string out;
  std::string err;
  bool tells(const std::string& words) const { return out.find(words) != std::string::npos; }
};

/// One student in a folder that is gone afterwards.
class Student {
 public:
  explicit Student(const char* name) : folder_(tests::temporary_path("labs_" + std::string(name))) {
    fs::remove_all(folder_);
  }
  ~Student() { fs::remove_all(folder_); }
  Student(const Student&) = delete;
  Student& operator=(const Student&) = delete;

  Said lab(std::vector<std::string> words) const {
    std::ostringstream out;
    std::ostringstream err;
    words.insert(words.begin(), "lab");
    const int status = cli::run_command(words, {out, err, "brokerlab"});
    return {status, out.str(), err.str()};
  }
  Said starts(const std::string& which, const std::string& language = "en") const {
    return lab({"start", which, folder_, "--lang", language});
  }
  Said runs() const { return lab({"run", folder_}); }
  Said asks_what_is_done() const { return lab({"check", folder_}); }
  Said asks_for_a_hint() const { return lab({"hint", folder_}); }

  std::string file(const std::string& name) const { return folder_ + "/" + name; }
  std::string reads(const std::string& name) const {
    const auto text = read_file(file(name));
    REQUIRE(text.ok());
    return *text;
  }
  void writes(const std::string& name, const std::string& text) const {
    REQUIRE(write_file(file(name), text).ok());
  }
  void answers(const std::string& question, const Json& answer) const {
    Json document = Json::parse(reads("answers.json"));
    document[question]["answer"] = answer;
    writes("answers.json", document.dump(2));
  }
  void changes(const std::string& override_text) const {
    Json document = Json::parse(reads("scenario.json"));
    const auto equals = override_text.find('=');
    const auto status = scenarios::Scenario::settings().set(
        document, override_text.substr(0, equals), override_text.substr(equals + 1));
    REQUIRE(status.ok());
    writes("scenario.json", document.dump(2));
  }
  /// The answers of the committed solution.
  void answers_as_solved(const Lab& lab) const {
    const auto solved = read_file(lab.directory + "/solution/answers.json");
    REQUIRE(solved.ok());
    const Json document = Json::parse(*solved);
    for (const auto& item : document.items()) answers(item.key(), item.value()["answer"]);
  }
  void changes_as_solved(const Lab& lab) const {
    const auto solved = read_file(lab.directory + "/solution/overrides.json");
    REQUIRE(solved.ok());
    const Json document = Json::parse(*solved);
    for (const Json& one : document) changes(one.get<std::string>());
  }

 private:
  const std::string folder_;
};

Lab known(const std::string& name) {
  LoadedLab found = find_lab(name);
  REQUIRE(found.lab.has_value());
  return *found.lab;
}

const std::string broker_dies = "a_broker_dies";

}  // namespace

TEST_CASE("every lab fails at the start and passes with its solution", "[unit]") {
  for (const std::string& name : lab_names()) {
    const Lab lab = known(name);
    const Student student(name.c_str());
    REQUIRE(student.starts(name).status == 0);
    CHECK(student.asks_what_is_done().status == 1);
    CHECK(student.runs().status == 1);  // No prediction yet.

    student.answers_as_solved(lab);
    const Said first = student.runs();
    INFO(first.err);
    CHECK(first.status == 0);
    CHECK(first.tells("Your predictions"));

    // All answers, but the scenario as it was: the runs say no.
    const Said unchanged = student.asks_what_is_done();
    INFO(unchanged.out);
    CHECK(unchanged.status == 1);
    if (name == broker_dies) {
      CHECK(unchanged.tells("3. Find the reason: passed"));
      CHECK(unchanged.tells("4. Lose nothing: not yet"));
      CHECK(unchanged.tells("5. Shorten the outage, and name the price: later"));
    }

    student.changes_as_solved(lab);
    const Said solved = student.asks_what_is_done();
    INFO(solved.out << solved.err);
    CHECK(solved.status == 0);
    CHECK(student.asks_for_a_hint().tells("nothing left"));
  }
}

TEST_CASE("a lab's folder stands on its own", "[unit]") {
  const Student student("alone");
  REQUIRE(student.starts(broker_dies).status == 0);
  const auto loaded = scenarios::load_scenario(student.file("scenario.json"));
  INFO(to_text(loaded.errors));
  REQUIRE(loaded.scenario.has_value());
  for (const auto& source : loaded.scenario->sources) {
    CHECK(fs::exists(loaded.scenario->path_of(source)));
  }
  CHECK(student.reads("README.md").find("# A broker dies") == 0);
}

TEST_CASE("a folder is not overwritten unless it is forced", "[unit]") {
  const Student student("again");
  REQUIRE(student.starts(broker_dies).status == 0);
  student.answers("predicted_seconds", 7);
  CHECK(student.starts(broker_dies).status == 3);
  CHECK(student.reads("answers.json").find("7") != std::string::npos);
  CHECK(student.lab({"start", broker_dies, student.file(""), "--force"}).status == 0);
  CHECK(Json::parse(student.reads("answers.json"))["predicted_seconds"]["answer"].is_null());
}

TEST_CASE("the run waits for a prediction, and for the scenario as it was given", "[unit]") {
  const Student student("eager");
  REQUIRE(student.starts(broker_dies).status == 0);
  const Said refused = student.runs();
  CHECK(refused.status == 1);
  CHECK(refused.tells("predicted_seconds, predicted_loss"));
  student.answers("predicted_seconds", 5);
  student.answers("predicted_loss", false);
  student.changes("producers.0.config.acks=all");
  const Said changed = student.runs();
  CHECK(changed.status == 1);
  CHECK(changed.tells("/producers/0/config/acks"));
}

TEST_CASE("nothing of later tasks is told before the first is done", "[unit]") {
  const Student student("spoiler");
  REQUIRE(student.starts(broker_dies).status == 0);
  const Said said = student.asks_what_is_done();
  CHECK(said.tells("1. Predict: not yet"));
  CHECK(said.tells("2. Run and measure: later"));
  CHECK_FALSE(said.tells("zk.session_expired"));
}

TEST_CASE("the language that was chosen is remembered", "[unit]") {
  const Student student("korean");
  REQUIRE(student.starts(broker_dies, "ko").status == 0);
  CHECK(student.reads("README.md").find("# 브로커가 죽는다") == 0);
  CHECK(student.asks_what_is_done().tells("1. 예측하기: 아직"));
  CHECK(student.lab({"check", student.file(""), "--lang", "en"}).tells("1. Predict: not yet"));
  CHECK(student.asks_what_is_done().tells("1. Predict: not yet"));
}

TEST_CASE("hints come one after another and end with the last", "[unit]") {
  const Lab lab = known(broker_dies);
  const Student student("stuck");
  REQUIRE(student.starts(broker_dies).status == 0);
  const auto& hints = lab.tasks[0].hints;
  for (const LocalText& hint : hints) CHECK(student.asks_for_a_hint().tells(hint.en));
  CHECK(student.asks_for_a_hint().tells(hints.back().en));
  student.answers("predicted_seconds", 5);
  student.answers("predicted_loss", false);
  CHECK(student.asks_for_a_hint().tells(lab.tasks[1].hints[0].en));
}

TEST_CASE("broken files are told by file and place", "[unit]") {
  const Student student("broken");
  REQUIRE(student.starts(broker_dies).status == 0);
  const std::string answers = student.reads("answers.json");
  const auto refused = [&](const std::string& text, const std::string& words) {
    student.writes("answers.json", text);
    for (const char* command : {"check", "run", "hint"}) {
      const Said said = student.lab({command, student.file("")});
      INFO(said.err);
      CHECK(said.status == 3);
      CHECK(said.err.find("answers.json") != std::string::npos);
      CHECK(said.err.find(words) != std::string::npos);
    }
  };
  refused("{\"predicted_seconds\": ", "line 1");
  refused(R"({"predicted_seconds": {"answer": "sixteen"}})", "/predicted_seconds/answer");
  refused(R"({"predicted_seconds": {"answer": -1}})", "/predicted_seconds/answer");
  refused(R"({"measured_lost": {"answer": 1.5}})", "whole number");
  refused(R"({"predicted_loss": {"answer": "no"}})", "true or false");
  refused(R"({"setting": {"answer": 18000}})", "text in quotes");
  refused(R"({"predicted_second": {"answer": 1}})", "/predicted_second");
  refused("[]", "an object");
  student.writes("answers.json", answers);
  student.writes("scenario.json", "{\"duration\": \"ten\"");
  CHECK(student.runs().status == 3);
  student.writes(".lab.json", "{\"lab\": \"b_broker_dies\"}");
  CHECK(student.asks_what_is_done().status == 3);
  CHECK(student.lab({"check", student.file("nowhere")}).status == 3);
  CHECK(student.lab({"start", "a_broker_die"}).err.find("a_broker_dies") != std::string::npos);
}

TEST_CASE("removing the fault, or the load, is no solution", "[unit]") {
  const Lab lab = known(broker_dies);
  const Student student("sly");
  REQUIRE(student.starts(broker_dies).status == 0);
  LoadedLab only_keep{lab, {}};
  only_keep.lab->tasks.erase(only_keep.lab->tasks.begin(), only_keep.lab->tasks.begin() + 3);
  const std::string given = student.reads("scenario.json");
  const auto told = [&] {
    OpenedWorkspace opened = open_workspace(student.file(""));
    REQUIRE(opened.workspace.has_value());
    opened.workspace->lab = *only_keep.lab;
    const CheckResult result = check(*opened.workspace);
    REQUIRE(result.checked());
    CHECK_FALSE(result.tasks[0].passed);
    CHECK(result.tasks[0].findings.size() == 1);  // No run was needed to say so.
    return result.tasks[0].findings[0].words.en;
  };
  const auto edited = [&](const std::string& override_text) {
    student.writes("scenario.json", given);
    student.changes(override_text);
    return told();
  };
  CHECK(edited("sources.0.rate.1.rate=20/s").find("/sources/0/rate/1/rate") != std::string::npos);
  CHECK(edited("faults.0.at=331s").find("/faults/0/at") != std::string::npos);
  CHECK(edited("brokers.count=5").find("/brokers/count") != std::string::npos);
  Json document = Json::parse(given);
  document["faults"] = Json::array();
  student.writes("scenario.json", document.dump());
  CHECK(told().find("/faults") != std::string::npos);
  student.writes("scenario.json", given);
  const std::string rows = student.reads("data/wifi_auth.csv");
  const std::size_t last = rows.rfind('\n', rows.size() - 2);
  student.writes("data/wifi_auth.csv", rows.substr(0, last + 1));  // One login less.
  CHECK(told().find("wifi_auth.csv") != std::string::npos);
}
