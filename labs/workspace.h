// The student's folder of one lab:
//
//   README.md       the lesson, in the chosen language, up to the task that is open
//   scenario.json   the student edits it; data/ beside it holds its data files
//   answers.json    {"predicted_seconds": {"question": "...", "answer": null}, ...}
//   runs/NAME.run   recordings: first of the unchanged scenario, latest of the last changed one
//                   that was given no name, refuted of a trial that did not go well
//   .lab.json       what the lab remembers: language, hints given, predictions as they were made
//   .proofs/        what runs for checks came to (labs/prover.h)
//
// Lifetime: a Workspace is a value read at one moment; save() writes .lab.json back.
// Threads:  none.
// Errors:   what the student got wrong in a file is a list of Problem; nothing is thrown.
#pragma once

#include "labs/lab.h"

#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace brokerlab::labs {

/// Nothing is null: not answered yet.
using Answer = std::variant<std::monostate, double, bool, std::string>;
using Answers = std::map<std::string, Answer>;

inline bool answered(const Answer& answer) { return answer.index() != 0; }
/// "16", "true", "abc"; "null" when not answered.
std::string to_text(const Answer& answer);

/// Checks names, kinds and ranges against the lab's questions. A question that is missing from the
/// text is not answered.
Answers read_answers(const Lab& lab, std::string_view text, const std::string& file,
                     Problems& errors);

struct LabState {
  std::string lab;
  std::string language = "en";
  std::map<std::string, int> hints;                ///< By task: how many were given.
  std::map<std::string, std::string> predictions;  ///< As made before the first run; by answer.
  std::vector<std::string> passed;                 ///< Tasks, at the last check.
  int sections = 1;                                ///< Of the lesson, that README.md shows.
  bool compared = false;                           ///< Predictions with measurements, once.
  static const Settings<LabState>& settings();
};

struct Workspace {
  std::string directory;
  Lab lab;
  LabState state;
  Answers answers;

  std::string file(std::string_view name) const { return directory + "/" + std::string(name); }
  std::string scenario_file() const { return file("scenario.json"); }
  std::string run_file(std::string_view name) const {
    return file("runs/" + std::string(name) + ".run");
  }
  std::string first_run() const { return run_file("first"); }
  bool ran() const;  ///< runs/first.run is there.
  Status<std::string> save() const;
  /// README.md is to show so many sections; true: it did not yet. What the student has written
  /// into it stays. When it cannot be written, the next call tries again.
  Result<bool, std::string> show_sections(std::size_t sections);
  /// From now on; README.md too, unless the student has written into it.
  Status<std::string> speak(std::string_view language);
};

struct OpenedWorkspace {
  std::optional<Workspace> workspace;
  Problems errors;
};

/// Makes the folder. A lab, or a file, that is there already is a problem unless `force`; then the
/// lab begins anew: answers, state and recordings too.
/// `program`: the brokerlab command; the folder gets a ./brokerlab that calls it.
Problems start(const Lab& lab, const std::string& directory, std::string_view language, bool force,
               const std::string& program);

OpenedWorkspace open_workspace(const std::string& directory);

/// "en" or "ko", when a lab was started in that folder.
std::optional<std::string> language_of_folder(const std::string& directory);

/// The lab's scenario with its overrides and story, as text, and where its data files are.
struct OriginalScenario {
  std::string text;
  std::string directory;
};
Result<OriginalScenario, Problems> original_scenario(const Lab& lab);

}  // namespace brokerlab::labs
