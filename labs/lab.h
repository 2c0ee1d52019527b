// A lab: a guided lesson as data. Tasks in order, each with hints and with checks on what the
// student's runs came to. One folder of labs/library a lab:
//
//   lab.json           this description
//   lab.en.md, .ko.md  the lesson; it becomes README.md of the student's folder
//   *.patch.json       JSON Patches (RFC 6902) that experiments and trials apply to a scenario
//   solution/          overrides.json and answers.json: a test proves that they pass
//   wrong.json         what a clever student might try instead: a test proves that all are refused
//
// What a student reads, and when, is part of a lab: the lesson grows by a section with each task
// that is done, and nothing in scenario.json or answers.json tells what a later task asks for.
//
// Lifetime: values. Threads: none. Errors: load_lab() lists every mistake; nothing is thrown.
#pragma once

#include "base/problem.h"
#include "base/settings_fwd.h"
#include "scenarios/description.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace brokerlab::labs {

using scenarios::LocalText;

/// number and count: JSON numbers, a count is whole; yes_no: true or false; word: text.
enum class AnswerKind { number, count, yes_no, word };

/// A question whose answer the student writes into answers.json.
struct Question {
  std::string name;
  AnswerKind kind = AnswerKind::number;
  double least = 0, most = 1e9;  ///< Of numbers.
  LocalText text;
  static const Settings<Question>& settings();
};

/// A number in the JSON of a run's report: by JSON pointer; a list counts its elements, true is 1.
struct Metric {
  std::string at;
  std::string minus;  ///< Another pointer, subtracted; empty: nothing.
  LocalText name;     ///< "acknowledged records lost".
  static const Settings<Metric>& settings();
};

/// Written before the first run, and compared with it afterwards. Any answer passes: a wrong
/// prediction is what one learns from.
struct Predicted {
  std::string answer;
  Metric metric;
  double close = 0;   ///< A number this near is told to be right.
  LocalText because;  ///< Told after the run.
  static const Settings<Predicted>& settings();
};

/// The unchanged scenario has been run and recorded.
struct FirstRun {
  bool wanted = true;
};

/// The answer is the metric of the first run.
struct Reading {
  std::string answer;
  Metric metric;
  double within = 0;
  static const Settings<Reading>& settings();
};

/// In the chain of causes from the first event of kind `from` (of a partition that is not internal)
/// back to one of kind `back_to`: the answer is the kind of the event that took longest to come.
struct LongestWait {
  std::string answer, from, back_to;
  static const Settings<LongestWait>& settings();
};

/// The answer names a setting whose value is the duration that the longest wait's event tells
/// under `detail`.
struct SettingBehindWait {
  std::string answer, from, back_to, detail;
  static const Settings<SettingBehindWait>& settings();
};

/// The student's scenario differs from the lab's only at or under these JSON pointers; "*" is any
/// element. Settings written out with the value they have anyway are no difference.
struct OnlyChanged {
  std::vector<std::string> paths;
};

/// What a run must come to. Named, since several trials ask for the same.
struct Outcome {
  std::string name;
  Metric metric;
  std::optional<double> below, at_most;
  LocalText because;  ///< Told when it does not hold; may be empty.
  static const Settings<Outcome>& settings();
};

/// One way to try the student's scenario: as it is, with the faults at other moments, or with a
/// patch. Every trial is run with the first `seeds` seeds of the lab.
///
/// A trial with `moments` moves the scenario's faults, all by the same time, so that the first one
/// strikes at so many moments between `from` and `to`. They are chosen from the student's own run
/// without faults (scenarios/ledger/exposure.h): where a record has been acknowledged and nothing
/// carries it to another replica yet, if there is such a moment; else right after an
/// acknowledgment.
///
/// A patch may name {victim}, the broker that leads most partitions in that run, and {other_1},
/// {other_2} ..., the other brokers by number.
struct Trial {
  std::string name;
  LocalText title;  ///< "the crash at other moments".
  int seeds = 1;
  int moments = 0;
  Duration from{0}, to{0};
  std::optional<Duration> watch;  ///< The run ends so long after the first fault; unset: as it is.
  std::string patch;              ///< A file of the lab's folder; empty: none.
  static const Settings<Trial>& settings();
};

/// A trial by its name, and the names of the outcomes that it must come to.
struct TrialOf {
  std::string trial;
  std::vector<std::string> outcomes;
  static const Settings<TrialOf>& settings();
};

/// The student's scenario in trials, in this order: every promise of Kafka is kept and every
/// outcome holds.
struct Survives {
  std::vector<TrialOf> trials;
};

enum class Subject { original, student };

/// What `lab run --experiment` runs: the student's scenario (or, with --original, the lab's),
/// patched.
struct ExperimentSpec {
  std::string name;
  LocalText title;
  std::string patch;  ///< A file of the lab's folder.
  static const Settings<ExperimentSpec>& settings();
};

/// An experiment with the lab's or with the student's scenario: the answer is the number of events
/// of a kind in that run.
struct Experiment {
  std::string answer;
  Subject on = Subject::student;
  std::string experiment;  ///< Its name.
  std::string count;
  static const Settings<Experiment>& settings();
};

struct Check {
  using What = std::variant<Predicted, FirstRun, Reading, LongestWait, SettingBehindWait,
                            OnlyChanged, Survives, Experiment>;
  What what;
  static const Settings<Check>& settings();
};

/// "predicted", "first_run", ...: as in lab.json.
std::string_view kind_of(const Check& check);
/// The answer that a check reads; empty: none.
std::string answer_of(const Check& check);
/// Whether it needs runs of its own.
bool needs_runs(const Check& check);

struct LabTask {
  std::string id;
  LocalText title;
  LocalText text;
  std::vector<LocalText> hints;  ///< From gentle to telling.
  std::vector<Check> checks;     ///< In order; the first that fails is told.
  static const Settings<LabTask>& settings();
};

struct Lab {
  std::string id;
  LocalText title;
  int minutes = 0;
  std::string scenario;                ///< A name of the library of scenarios.
  std::vector<std::string> overrides;  ///< "path=value", what the lab changes in it.
  LocalText story;                     ///< In place of the scenario's, which may tell too much.
  std::vector<std::int64_t> seeds;     ///< Of trials.
  std::vector<Question> questions;
  std::vector<Outcome> outcomes;
  std::vector<Trial> trials;
  std::vector<ExperimentSpec> experiments;
  std::vector<LabTask> tasks;
  std::vector<LocalText> learnt;      ///< Told when all is done.
  std::vector<LocalText> afterwards;  ///< Commands to go on with, each with what it does.

  std::string directory;  ///< Not part of the JSON.

  const Question* question(std::string_view name) const;  ///< Null when there is none.
  const Outcome* outcome(std::string_view name) const;
  const Trial* trial(std::string_view name) const;
  const ExperimentSpec* experiment(std::string_view name) const;
  static const Settings<Lab>& settings();
};

/// A known wrong solution: what a student changes, and the check that must refuse it.
struct WrongSolution {
  std::string name;
  std::string task;                 ///< Where it is refused; the tasks before are done.
  std::vector<std::string> change;  ///< "path=value"; after the solution's, which it spoils.
  bool from_solution = false;       ///< Else from the lab's scenario.
  std::map<std::string, std::string> answers;  ///< In place of the solution's, as JSON text.
  std::string refused_by;                      ///< The check's kind.
  std::string trial;                           ///< Of survives: the trial that refuses it.
  std::string says;                            ///< What the student is told contains this.
  static const Settings<WrongSolution>& settings();
};

struct LoadedLab {
  std::optional<Lab> lab;
  Problems errors;
};

std::string labs_directory();
/// Reads lab.json of a folder; checks answers, files and the scenario's name too.
LoadedLab load_lab(const std::string& directory);
/// Names of the labs that come with brokerlab, in their order.
std::vector<std::string> lab_names();
/// A lab by its name; an unknown name is a problem that suggests the nearest.
LoadedLab find_lab(const std::string& name);
/// The lesson up to and with section `sections`, one for each task; Markdown. Falls back to
/// English.
std::string lesson(const Lab& lab, std::string_view language, std::size_t sections);
/// wrong.json; a lab without one has none.
std::vector<WrongSolution> wrong_solutions(const Lab& lab, Problems& errors);

}  // namespace brokerlab::labs
