// A lab: a guided lesson as data. Tasks in order, each with hints and with checks on what the
// student's runs came to. One folder of labs/library a lab:
//
//   lab.json           this description
//   lab.en.md, .ko.md  the lesson; it becomes README.md of the student's folder
//   *.patch.json       JSON Patches (RFC 6902) that experiments apply to a scenario
//   solution/          overrides.json and answers.json: a test proves that they pass
//
// Lifetime: values. Threads: none. Errors: load_lab() lists every mistake; nothing is thrown.
#pragma once

#include "base/problem.h"
#include "base/settings_fwd.h"
#include "scenarios/description.h"

#include <cstdint>
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

struct Outcome {
  Metric metric;
  std::optional<double> below, at_most;
  static const Settings<Outcome>& settings();
};

/// The student's scenario, run with every seed of the lab: the verdict is "pass" and every outcome
/// holds.
struct OverSeeds {
  std::vector<Outcome> outcomes;
};

enum class Subject { original, student };

/// A patch applied to the lab's or to the student's scenario: the answer is the number of events of
/// a kind in that run.
struct Experiment {
  std::string answer;
  Subject on = Subject::student;
  std::string patch;  ///< A file of the lab's folder.
  std::string count;
  static const Settings<Experiment>& settings();
};

struct Check {
  std::variant<Predicted, FirstRun, Reading, LongestWait, SettingBehindWait, OnlyChanged, OverSeeds,
               Experiment>
      what;
  static const Settings<Check>& settings();
};

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
  std::vector<std::int64_t> seeds;     ///< Of OverSeeds.
  std::vector<Question> questions;
  std::vector<LabTask> tasks;

  std::string directory;  ///< Not part of the JSON.

  const Question* question(std::string_view name) const;  ///< Null when there is none.
  static const Settings<Lab>& settings();
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
/// The lesson, Markdown. Falls back to English.
std::string lesson(const Lab& lab, std::string_view language);

}  // namespace brokerlab::labs
