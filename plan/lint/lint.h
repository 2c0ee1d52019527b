// Lint: what in a scenario will hurt one day, found by reading it. Each rule is one declared
// object: what it looks for, why that hurts, what to do, and which incident of the library shows
// the harm. A finding says what it is in this scenario, and what `brokerlab run --set` needs to
// show the harm on this very file.
//
// A rule tells of what is likely meant otherwise, not of what merely could be better; whoever means
// it (a lesson, a test) reads the finding and goes on.
//
// Lifetime: values; rules live as long as the program. Threads: none.
// Errors:   none of its own: a scenario that was loaded can be looked at.
#pragma once

#include "base/phrase.h"
#include "plan/origin.h"
#include "scenarios/description.h"

#include <string>
#include <string_view>
#include <vector>

namespace brokerlab::plan {

/// danger: records are lost, or nobody can write or read, after one ordinary failure or none.
/// warning: slower, later or weaker than it looks. hint: worth knowing.
enum class Severity { hint, warning, danger };

/// "danger", as programs read it.
std::string_view name_of(Severity severity);

struct LintRule;

struct Finding {
  const LintRule* rule = nullptr;
  std::string path;               ///< JSON pointer of what to change.
  Phrase message;                 ///< A sentence about this scenario.
  std::vector<std::string> sets;  ///< What --set needs to show it; empty: the run as it is does.
};

class Subject;

/// Where a rule puts what it finds.
class Findings {
 public:
  explicit Findings(const LintRule& rule) : rule_(rule) {}
  void add(std::string path, Phrase message, std::vector<std::string> sets) {
    found_.push_back({&rule_, std::move(path), std::move(message), std::move(sets)});
  }
  std::vector<Finding> take() { return std::move(found_); }

 private:
  const LintRule& rule_;
  std::vector<Finding> found_;
};

struct LintRule {
  std::string_view id;  ///< "rf-equals-min-isr"
  Severity severity = Severity::warning;
  const char* what = "";      ///< sentence(): what it looks for, and why that hurts.
  const char* remedy = "";    ///< sentence(): what to do.
  std::string_view incident;  ///< The library's scenario that shows the harm; empty: none.
  void (*look)(const Subject&, Findings&) = nullptr;
  bool shows = true;  ///< A run of the scenario with `sets` shows the harm.
};

/// In the order in which they are told: by subject, the most dangerous first.
const std::vector<LintRule>& lint_rules();

/// Everything that is found, in the order of the rules. Of clients that import made up nothing is
/// told: they are nobody's.
std::vector<Finding> lint(const scenarios::Scenario& scenario, Origin origin = Origin::scenario);

/// What was looked at.
struct Linted {
  std::string file;      ///< As the user named it.
  std::string imported;  ///< The scenario that import made of it; empty: it is one itself.
};

/// The command that shows the harm on this file, ready for a shell. It was tried: it loads, and
/// where it has to write a scenario first, the name is free, or stands for the same. Empty: none
/// does.
std::string command_for(const Finding& finding, const Linted& linted);

/// For people, in the language that is spoken.
std::string lint_text(const std::vector<Finding>& findings, const Linted& linted);
/// An object a line: file, rule, severity, path, message, remedy, incident, command.
std::string lint_json(const std::vector<Finding>& findings, const Linted& linted);
/// Every rule, for people, or as JSON.
std::string rules_text();
std::string rules_json();

}  // namespace brokerlab::plan
