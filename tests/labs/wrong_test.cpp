// Every known wrong solution of every lab is refused by the check that it is meant for, and the
// student is told why. The moments come from runs: no figure of a run stands here.
#include "tests/labs/student.h"

#include <algorithm>
#include <set>

using namespace brokerlab;
using namespace brokerlab::labs;
using labs::tests::known;
using labs::tests::Student;

namespace {

/// Those behind it are looked at as well, when that needs no runs.
std::size_t first_refused(const TaskResult& task) {
  const auto found = std::find_if(task.findings.begin(), task.findings.end(),
                                  [](const Finding& finding) { return !finding.passed; });
  const auto last = task.findings.empty() ? 0 : task.findings.size() - 1;
  return found == task.findings.end() ? last
                                      : static_cast<std::size_t>(found - task.findings.begin());
}

/// One folder for all of a lab: what was proved for one solution counts for the next.
class Tries {
 public:
  explicit Tries(const Lab& lab) : lab_(lab), student_("wrong_" + lab.id) {
    REQUIRE(student_.starts(lab.id).status == 0);
    given_ = student_.reads("scenario.json");
    student_.answers_as_solved(lab);
    REQUIRE(student_.runs({"--original"}).status == 0);
    student_.answers_as_read(lab);
    answers_ = student_.reads("answers.json");
  }

  /// The task alone, as the last check left it.
  TaskResult looks_at(const WrongSolution& wrong, std::string& trial) {
    student_.writes("scenario.json", given_);
    student_.writes("answers.json", answers_);
    if (wrong.from_solution) student_.changes_as_solved(lab_);
    for (const std::string& change : wrong.change) student_.changes(change);
    for (const auto& [name, answer] : wrong.answers) student_.answers(name, Json::parse(answer));
    OpenedWorkspace opened = open_workspace(student_.file(""));
    INFO(to_text(opened.errors));
    REQUIRE(opened.workspace.has_value());
    if (wrong.task == "predict") opened.workspace->state.predictions.clear();
    std::erase_if(opened.workspace->lab.tasks,
                  [&](const LabTask& task) { return task.id != wrong.task; });
    REQUIRE(opened.workspace->lab.tasks.size() == 1);
    const CheckResult result = check(*opened.workspace);
    INFO(to_text(result.errors) << result.trouble);
    REQUIRE(result.checked());
    trial = result.trial;
    const std::size_t refused = first_refused(result.tasks[0]);
    kind_ = kind_of(opened.workspace->lab.tasks[0].checks[refused]);
    return result.tasks[0];
  }
  std::string_view kind() const { return kind_; }

 private:
  const Lab& lab_;
  const Student student_;
  std::string given_;
  std::string answers_;
  std::string_view kind_;
};

}  // namespace

TEST_CASE("every wrong solution is refused by its check, in words that help", "[unit]") {
  for (const std::string& name : lab_names()) {
    const Lab lab = known(name);
    Problems errors;
    const auto wrong = wrong_solutions(lab, errors);
    INFO(to_text(errors));
    REQUIRE(errors.empty());
    REQUIRE(wrong.size() > 10);
    Tries tries(lab);
    for (const WrongSolution& one : wrong) {
      INFO(one.name);
      std::string trial;
      const TaskResult task = tries.looks_at(one, trial);
      CHECK_FALSE(task.passed);
      REQUIRE_FALSE(task.findings.empty());
      const LocalText& words = task.findings[first_refused(task)].words;
      INFO(words.en);
      CHECK(tries.kind() == one.refused_by);
      if (!one.trial.empty()) CHECK(trial == one.trial);
      CHECK(words.en.find(one.says) != std::string::npos);
      CHECK_FALSE(words.ko.empty());
    }
  }
}

TEST_CASE("a trial that no wrong solution names refuses what the lab began with", "[unit]") {
  for (const std::string& name : lab_names()) {
    const Lab lab = known(name);
    Problems errors;
    std::set<std::string> seen_red;
    for (const auto& one : wrong_solutions(lab, errors)) seen_red.insert(one.trial);
    const Student student("trial_by_trial_" + name);
    REQUIRE(student.starts(name).status == 0);
    student.changes("producers.0.config.buffer.memory=67108864");  // Nothing that matters.
    OpenedWorkspace opened = open_workspace(student.file(""));
    REQUIRE(opened.workspace.has_value());
    for (const LabTask& task : lab.tasks) {
      for (const Check& one : task.checks) {
        const auto* survives = std::get_if<Survives>(&one.what);
        if (survives == nullptr) continue;
        for (const TrialOf& trial : survives->trials) {
          if (seen_red.contains(trial.trial)) continue;
          INFO(task.id << " " << trial.trial);
          LabTask alone = task;
          alone.checks = {Check{Survives{{trial}}}};
          opened.workspace->lab.tasks = {alone};
          const CheckResult result = check(*opened.workspace);
          REQUIRE(result.checked());
          CHECK_FALSE(result.passed());
          CHECK(result.trial == trial.trial);
        }
      }
    }
  }
}

TEST_CASE("every task and every kind of check has a wrong solution that it refuses", "[unit]") {
  for (const std::string& name : lab_names()) {
    const Lab lab = known(name);
    Problems errors;
    const auto wrong = wrong_solutions(lab, errors);
    for (const LabTask& task : lab.tasks) {
      for (const Check& check : task.checks) {
        const std::string kind(kind_of(check));
        if (kind == "first_run") continue;  // Nothing to get wrong: it is there or not.
        INFO(task.id << " " << kind);
        CHECK(std::any_of(wrong.begin(), wrong.end(), [&](const WrongSolution& one) {
          // What must not change is the same list in every task that has one.
          return one.refused_by == kind && (one.task == task.id || kind == "only_changed");
        }));
      }
    }
  }
}
