// From a student's folder to what is done and what is not: runs what the checks ask for.
//
// Tasks are looked at in order, and none after the first open one: a later task would tell the
// student what this one lets them find out.
//
// Lifetime: values; a Checker borrows the Workspace. Threads: none.
// Errors:   a mistake in scenario.json is a list of Problem; a run that could not happen is a
//           sentence. Nothing is thrown.
#pragma once

#include "labs/checks.h"
#include "labs/workspace.h"
#include "scenarios/loader.h"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace brokerlab::labs {

struct TaskResult {
  std::string id;
  bool looked_at = false;
  bool passed = false;
  std::vector<Finding> findings;  ///< The last one is why it is open.
};

struct CheckResult {
  std::vector<TaskResult> tasks;
  Problems errors;
  std::string trouble;

  bool passed() const;
  bool checked() const { return errors.empty() && trouble.empty(); }
};

using Tell = std::function<void(const LocalText& what)>;

/// Runs take seconds each; `tell` hears of every one before it begins. Remembers which tasks
/// passed in workspace.state; saving is the caller's.
CheckResult check(Workspace& workspace, const Tell& tell = {});

/// The next hint of the first open task, counted in workspace.state. Runs nothing: of tasks that
/// need runs it believes the last check.
struct Hint {
  std::string task;  ///< Empty: every task is done.
  LocalText words;
  int number = 0, of = 0;
  bool again = false;  ///< All were given; this is the last one once more.
};
Hint next_hint(Workspace& workspace);

/// What `lab run` is to do.
struct RunPlan {
  std::optional<scenarios::Scenario> scenario;  ///< Nothing: see refusal or errors.
  std::string record;
  bool first = false;                ///< The unchanged scenario.
  std::optional<LocalText> refusal;  ///< Something comes before a run.
  Problems errors, warnings;
};
RunPlan plan_run(const Workspace& workspace);
/// After that run: keeps the predictions (once) and compares them, when the scenario was unchanged.
std::vector<LocalText> finish_run(Workspace& workspace, const RunPlan& plan);

}  // namespace brokerlab::labs
