// From a student's folder to what is done and what is not: runs what the checks ask for.
//
// Tasks are looked at in order, and none after the first open one: a later task would tell the
// student what this one lets them find out. What was proved once is remembered (labs/prover.h).
//
// Lifetime: values; a Checker borrows the Workspace. Threads: none.
// Errors:   a mistake in scenario.json is a list of Problem; a run that could not happen is a
//           sentence. Nothing is thrown.
#pragma once

#include "labs/checks.h"
#include "labs/workspace.h"

#include <functional>
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
  std::string trial;      ///< Of survives: the one that did not go well.
  std::string recording;  ///< Of that run; empty: none.
  bool lost = false;      ///< It lost acknowledged records.
  int runs_made = 0;      ///< Those that were not remembered.

  bool passed() const;
  bool checked() const { return errors.empty() && trouble.empty(); }
};

/// Who wants to hear what goes on: each task as soon as it is looked at, and runs under way.
struct Hearing {
  std::function<void(std::size_t task, const TaskResult& result)> task;
  std::function<void(const LocalText& what, int runs_done, int runs, double share)> progress;
};

/// Remembers which tasks passed in workspace.state; saving is the caller's.
/// `keep_refuted`: a trial that did not go well is run once more and recorded as runs/refuted.run.
CheckResult check(Workspace& workspace, const Hearing& hearing = {}, bool keep_refuted = false);

/// Whether a task is done, as far as it can be told without a run: of checks that need runs the
/// last check() is believed.
bool is_open(const Workspace& workspace, const LabTask& task);
/// Of the first open task; the number of tasks when all are done.
std::size_t first_open(const Workspace& workspace);

}  // namespace brokerlab::labs
