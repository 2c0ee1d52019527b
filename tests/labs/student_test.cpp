// A student's way through every lab: the start fails, the committed solution passes.
#include "tests/labs/student.h"

using namespace brokerlab;
using namespace brokerlab::labs;
using labs::tests::known;
using labs::tests::Said;
using labs::tests::Student;

namespace {

namespace fs = std::filesystem;

const std::string broker_dies = "a_broker_dies";

}  // namespace

TEST_CASE("every lab fails at the start and passes with its solution", "[unit]") {
  for (const std::string& name : lab_names()) {
    const Lab lab = known(name);
    const Student student(name);
    REQUIRE(student.starts(name).status == 0);
    CHECK(student.asks_what_is_done().status == 1);
    CHECK(student.runs().status == 3);  // No prediction yet.

    student.answers_as_solved(lab);
    const Said first = student.runs();
    INFO(first.err);
    CHECK(first.status == 0);
    CHECK(first.tells("Your prediction is kept"));
    CHECK(first.tells("README.md goes on"));
    CHECK(first.tells("lab check"));
    student.answers_as_read(lab);
    if (name == broker_dies) {  // Else there would be nothing to learn from it.
      CHECK(Json::parse(student.reads("answers.json"))["measured_lost"]["answer"] > 0);
      CHECK(Json::parse(student.reads("answers.json"))["measured_seconds"]["answer"] > 12);
    }

    // All answers, but the scenario as it was: the runs say no.
    const Said unchanged = student.asks_what_is_done();
    INFO(unchanged.out);
    CHECK(unchanged.status == 1);
    if (name == broker_dies) {
      CHECK(unchanged.tells("3. Find the reason: passed"));
      CHECK(unchanged.tells("4. Lose nothing: not yet"));
      CHECK_FALSE(unchanged.tells("Shorten the outage"));
      CHECK(unchanged.tells("Well predicted"));
      CHECK(unchanged.tells("as the lab gave it"));
      CHECK(unchanged.tells("lab run --name"));
      student.changes("producers.0.config.linger.ms=5");
      const Said wrong = student.asks_what_is_done();
      CHECK(wrong.tells("acks=1: "));
      CHECK(wrong.tells("runs/refuted.run"));
      CHECK(wrong.tells("lab hint"));
      CHECK(fs::exists(student.file("runs/refuted.run")));
      CHECK(student.lab({"runs", student.file("")}).tells("no loss: the run stopped at "));
    }

    student.changes_as_solved(lab);
    const Said solved = student.asks_what_is_done();
    INFO(solved.out << solved.err);
    CHECK(solved.status == 0);
    CHECK(solved.tells("What you have learnt"));
    CHECK(solved.tells("Next: "));
    CHECK(student.asks_for_a_hint().tells("nothing left"));

    // What is proved stays proved; nothing is run, the same is said.
    OpenedWorkspace again = open_workspace(student.file(""));
    REQUIRE(again.workspace.has_value());
    const CheckResult remembered = check(*again.workspace);
    CHECK(remembered.passed());
    CHECK(remembered.runs_made == 0);
    CHECK(student.asks_what_is_done().out == solved.out);
    // An input is changed: it is proved anew.
    student.changes("producers.0.config.acks=1");
    again = open_workspace(student.file(""));
    const CheckResult anew = check(*again.workspace);
    CHECK(anew.runs_made > 0);
    CHECK_FALSE(anew.passed());
  }
}

TEST_CASE("a lab's folder stands on its own", "[unit]") {
  const Student student("alone");
  REQUIRE(student.starts(broker_dies).status == 0);
  const auto loaded = scenarios::load_scenario(student.file("scenario.json"));
  INFO(to_text(loaded.errors));
  REQUIRE(loaded.scenario.has_value());
  for (const auto& source : loaded.scenario->sources) {
    for (const std::string* file : source.files()) {
      CHECK(fs::exists(loaded.scenario->path_of(*file)));
    }
  }
  CHECK(student.reads("README.md").find("# A broker dies") == 0);
}

TEST_CASE("a folder is not overwritten unless it is forced", "[unit]") {
  const Student student("again");
  REQUIRE(student.starts(broker_dies).status == 0);
  student.answers("predicted_seconds", 7);
  const Said again = student.starts(broker_dies);
  CHECK(again.status == 3);
  CHECK(again.err.find("has a lab already") != std::string::npos);
  CHECK(again.err.find("lab check") != std::string::npos);
  CHECK(std::count(again.err.begin(), again.err.end(), '\n') == 2);  // It says so once.
  CHECK(student.reads("answers.json").find('7') != std::string::npos);
  CHECK(student.lab({"start", broker_dies, student.file(""), "--force"}).status == 0);
  CHECK(Json::parse(student.reads("answers.json"))["predicted_seconds"]["answer"].is_null());
}

TEST_CASE("a lab is not made within another", "[unit]") {
  const Student student("nested");
  REQUIRE(student.starts(broker_dies).status == 0);
  const Said nested = student.lab({"start", broker_dies, student.file("runs/mine"), "--force"});
  CHECK(nested.status == 3);
  CHECK(nested.err.find("in the folder of another lab") != std::string::npos);
  CHECK_FALSE(fs::exists(student.file("runs/mine")));
}

TEST_CASE("the run waits for a prediction, and for the scenario as it was given", "[unit]") {
  const Student student("eager");
  REQUIRE(student.starts(broker_dies).status == 0);
  const Said refused = student.runs();
  CHECK(refused.status == 3);
  CHECK(refused.err.find("predicted_seconds, predicted_loss") != std::string::npos);
  student.answers("predicted_seconds", 5);
  student.answers("predicted_loss", false);
  student.changes("producers.0.config.acks=all");
  const Said changed = student.runs();
  CHECK(changed.status == 3);
  CHECK(changed.err.find("/producers/0/config/acks") != std::string::npos);
  CHECK(changed.err.find("--original") != std::string::npos);
  CHECK(student.runs({"--experiment", "pause"}).status == 3);
}

TEST_CASE("runs are kept under their names, and set side by side", "[unit]") {
  const Student student("names");
  REQUIRE(student.starts(broker_dies).status == 0);
  student.answers("predicted_seconds", 5);
  student.answers("predicted_loss", false);
  student.changes("producers.0.config.acks=all");
  REQUIRE(student.runs({"--original"}).status == 0);  // The first run, whatever was changed.
  CHECK(fs::exists(student.file("runs/first.run")));
  const Said named = student.runs({"--name", "all-in"});
  CHECK(named.status == 0);
  CHECK(named.tells("acknowledged records lost: "));
  CHECK(named.tells("in the first run, 0 now"));
  CHECK(fs::exists(student.file("runs/all-in.run")));
  const Said listed = student.lab({"runs", student.file("")});
  CHECK(listed.tells("first"));
  CHECK(listed.tells("as given"));
  CHECK(listed.tells("all-in"));
  CHECK(listed.tells("producers/0/config/acks=\"all\""));

  const auto refused = [&](std::vector<std::string> how, const std::string& why) {
    const Said said = student.runs(std::move(how));
    CHECK(said.status == 3);
    CHECK(said.err.find(why) != std::string::npos);
  };
  refused({"--name", "../up"}, "small letters");
  refused({"--name", "first"}, "another name");
  refused({"--experiment", "earthquake"}, "pause");

  // A prediction that is changed afterwards does not count, and that is said.
  student.answers("predicted_seconds", 16);
  const Said later = student.asks_what_is_done();
  CHECK(later.tells("predicted_seconds: answers.json says 16 by now"));
  CHECK(later.tells("before the first run, 5"));

  // A second one of that name does not take the first one's place.
  const Said again = student.runs({"--name", "all-in"});
  CHECK(again.status == 0);
  CHECK(again.err.find("kept as runs/all-in-2.run") != std::string::npos);
  CHECK(fs::exists(student.file("runs/all-in-2.run")));

  refused({"--experiment", "pause", "--original"}, "expired_original");
  student.answers("expired_original", 3);
  refused({"--experiment", "pause"}, "expired_mine");
  const Said experiment = student.runs({"--experiment", "pause", "--original"});
  CHECK(experiment.status == 0);
  CHECK(experiment.tells("--kind zk.session_expired"));
  CHECK(fs::exists(student.file("runs/pause-original.run")));

  // Of two wrong answers both are commented on.
  student.answers_as_read(known(broker_dies));
  student.answers("awaited_event", "controller.elected");
  student.answers("setting", "request.timeout.ms");
  const Said both_wrong = student.asks_what_is_done();
  CHECK(both_wrong.tells("controller.elected is in the chain"));
  CHECK(both_wrong.tells("request.timeout.ms is "));
  CHECK(both_wrong.tells("2 more to come."));

  // With tasks 1 to 4 done, what comes next is not to count sessions but to change the scenario.
  OpenedWorkspace opened = open_workspace(student.file(""));
  REQUIRE(opened.workspace.has_value());
  opened.workspace->answers["awaited_event"] = std::string("zk.session_expired");
  opened.workspace->answers["setting"] = std::string("zookeeper.session.timeout.ms");
  opened.workspace->state.passed = {"predict", "run", "reason", "keep"};
  CHECK_THAT(next_step(*opened.workspace).words.en,
             Catch::Contains("change scenario.json until") && Catch::Contains("expired_mine"));
  CHECK_THAT(next_step(*opened.workspace, true, true).words.en,
             !Catch::Contains("change scenario.json") && Catch::Contains("expired_mine"));
}

TEST_CASE("what is read before a prediction does not tell what comes out", "[unit]") {
  for (const char* language : {"en", "ko"}) {
    const Student student(std::string("order_") + language);
    const Said begun = student.starts(broker_dies, language);
    REQUIRE(begun.status == 0);
    const std::string before = begun.out + student.reads("README.md") +
                               student.reads("scenario.json") + student.reads("answers.json") +
                               student.asks_what_is_done().out;
    for (const char* secret :
         {"zk.session_expired", "acks=1", "acks=all", "min.insync.replicas\": 2", "## 2.",
          "Lose nothing", "아무것도 잃지", "not safe", "사실은 사라진", "misses the loss"}) {
      INFO(secret);
      CHECK(before.find(secret) == std::string::npos);
    }
    // Questions stand in the order of the lab.
    const std::string answers = student.reads("answers.json");
    std::size_t at = 0;
    for (const Question& question : known(broker_dies).questions) {
      const std::size_t found = answers.find("\"" + question.name + "\"");
      REQUIRE(found != std::string::npos);
      CHECK(found > at);
      at = found;
    }
  }
}

TEST_CASE("nothing of later tasks is told before the first is done", "[unit]") {
  const Student student("spoiler");
  REQUIRE(student.starts(broker_dies).status == 0);
  const Said said = student.asks_what_is_done();
  CHECK(said.tells("1. Predict: not yet"));
  CHECK(said.tells("4 more to come."));
  CHECK_FALSE(said.tells("Run and measure"));
  CHECK_FALSE(said.tells("zk.session_expired"));
}

TEST_CASE("the language that was chosen is remembered", "[unit]") {
  const Student student("korean");
  REQUIRE(student.starts(broker_dies, "ko").status == 0);
  CHECK(student.reads("README.md").find("# 브로커가 죽는다") == 0);
  CHECK(student.asks_for_a_hint().tells("다음"));
  CHECK(student.asks_what_is_done().tells("1. 예측하기: 아직"));
  CHECK(student.lab({"check", student.file(""), "--lang", "en"}).tells("1. Predict: not yet"));
  CHECK(student.reads("README.md").find("# A broker dies") == 0);
  CHECK(student.asks_what_is_done().tells("1. Predict: not yet"));
}

TEST_CASE("a section that cannot be written is told, and comes with the next call", "[unit]") {
  const Student student("unwritable");
  REQUIRE(student.starts(broker_dies).status == 0);
  student.answers("predicted_seconds", 5);
  student.answers("predicted_loss", false);
  fs::remove(student.file("README.md"));
  fs::create_directories(student.file("README.md/in_the_way"));
  const Said told = student.asks_what_is_done();
  CHECK(told.status == 4);
  CHECK(told.err.find("README.md") != std::string::npos);
  CHECK_FALSE(told.tells("README.md goes on"));

  fs::remove_all(student.file("README.md"));
  CHECK(student.asks_what_is_done().tells("README.md goes on"));
  CHECK(student.reads("README.md").find("## ") != std::string::npos);
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
  const Said next = student.asks_for_a_hint();
  CHECK(next.tells(lab.tasks[1].hints[0].en));
  CHECK(next.tells("Next: "));
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

TEST_CASE("data files that were edited are refused", "[unit]") {
  const Student student("sly");
  REQUIRE(student.starts(broker_dies).status == 0);
  OpenedWorkspace opened = open_workspace(student.file(""));
  REQUIRE(opened.workspace.has_value());
  std::erase_if(opened.workspace->lab.tasks, [](const LabTask& task) { return task.id != "keep"; });
  const auto told = [&] {
    const CheckResult result = check(*opened.workspace);
    REQUIRE(result.checked());
    CHECK_FALSE(result.tasks[0].passed);
    CHECK(result.runs_made == 0);
    return result.tasks[0].findings.back().words.en;
  };
  const std::string given = student.reads("scenario.json");
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
