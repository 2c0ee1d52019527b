// The way through a lab: what comes before a run and after it, hints, the next step, the end.
//
// Lifetime: values. Threads: none. Errors: as in checker.h.
#pragma once

#include "labs/checker.h"
#include "labs/workspace.h"
#include "scenarios/loader.h"

#include <optional>
#include <string>
#include <vector>

namespace brokerlab::labs {

/// The next hint of the first open task, counted in workspace.state. Runs nothing: of tasks that
/// need runs it believes the last check.
struct Hint {
  std::string task;  ///< Empty: every task is done.
  LocalText words;
  int number = 0, of = 0;
  bool again = false;  ///< All were given; this is the last one once more.
};
Hint next_hint(Workspace& workspace);

/// What the student asked `lab run` for.
struct RunWish {
  std::string name;        ///< Of the recording; empty: latest, or first.
  bool original = false;   ///< The lab's scenario, whatever the student has changed.
  std::string experiment;  ///< A name of the lab's experiments; empty: none.
};

/// What `lab run` is to do.
struct RunPlan {
  std::optional<scenarios::Scenario> scenario;  ///< Nothing: see refusal or errors.
  std::string name;                             ///< Of the recording.
  std::string record;                           ///< Its file.
  bool first = false;                           ///< The unchanged scenario.
  bool experiment = false;
  std::string count;                 ///< What the experiment is about: a kind of event.
  std::optional<LocalText> refusal;  ///< Something comes before a run.
  std::optional<LocalText> note;     ///< It is kept under another name than was asked for.
  Problems errors, warnings;
};
RunPlan plan_run(const Workspace& workspace, const RunWish& wish = {});
/// After that run: keeps the predictions (once, after the first), or compares it with the first.
std::vector<LocalText> finish_run(Workspace& workspace, const RunPlan& plan);

/// Predictions beside measurements, without their reasons; empty until every reading is right.
std::vector<LocalText> predictions_against_measurement(const Workspace& workspace);
/// Of predictions that were changed after the first run: which one counts.
std::vector<LocalText> changed_predictions(const Workspace& workspace);

/// One recording of the folder.
struct KeptRun {
  std::string name;
  LocalText words;  ///< What it came to and what was changed, or what is wrong with the file.
};
std::vector<KeptRun> kept_runs(const Workspace& workspace);

/// What to do next: a sentence, and the commands.
struct Step {
  LocalText words;
  std::vector<std::string> commands;
};
/// `just_checked`: what is wrong has been told a moment ago. `runs_passed`: the scenario is right.
Step next_step(const Workspace& workspace, bool just_checked = false, bool runs_passed = false);

/// When all is done: what was learnt, and the predictions with their reasons. Paragraphs.
struct Debrief {
  std::vector<LocalText> learnt;
  std::vector<LocalText> predictions;
  std::optional<std::string> next_lab;  ///< Its name; nothing: this is the last one.
  std::vector<LocalText> afterwards;
};
Debrief debrief(const Workspace& workspace);

}  // namespace brokerlab::labs
