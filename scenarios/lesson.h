// What the library tells of a scenario of its own, beside title and story: the question, the theme
// it stands under, the moment to look at, what to try next, and what keeps the story honest. A
// blank of its texts, as {most_lag}, is a figure of the report (scenarios/figures.h), of this run
// or of a control; a control is the run without the cure, in which what is named is not met.
// tests/apart/library_test.cpp runs all of it: no number is told that no run has.
//
// Lifetime: values. Threads: none.
#pragma once

#include "base/phrase.h"
#include "base/settings_fwd.h"
#include "base/units.h"
#include "scenarios/local_text.h"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace brokerlab {
struct SettingsReport;
}

namespace brokerlab::scenarios {

struct Scenario;

enum class Theme { failures, keeping, sharing, speed, coordination, applications };

/// In the order of the catalogue.
const std::vector<Theme>& themes();
Phrase words_for(Theme theme);

/// A number of the story.
struct LessonFact {
  std::string of;      ///< "groups.nifi.most_lag"
  std::string run;     ///< The control that has it; empty: the scenario as it is.
  double divisor = 1;  ///< 60 makes minutes of seconds.
  int decimals = 0;
  std::string is;  ///< As it is told: "1,234.5".
  static const Settings<LessonFact>& settings();

  /// How a number is told.
  std::string told(double number) const;
};

/// The same scenario without what makes it good, or without work for its fault.
struct LessonControl {
  std::string name;
  LocalText without;             ///< "Without ...": what is changed, and what then happens.
  std::vector<std::string> set;  ///< As --set takes it.
  std::vector<std::string> red;  ///< "expect 0": not met, "fault 0": bit nobody.
  static const Settings<LessonControl>& settings();
};

struct LessonSpec {
  Theme theme = Theme::failures;
  LocalText question;
  Duration moment{0};                 ///< When to look.
  LocalText next;                     ///< What to try next, and why.
  std::vector<std::string> next_set;  ///< The --set of its command.
  std::map<std::string, LessonFact> facts;
  std::vector<LessonControl> controls;
  static const Settings<LessonSpec>& settings();
};

/// A text of the scenario with its blanks filled. What is no fact of it stays as it is.
std::string told(const Scenario& scenario, const std::string& text);

/// "./brokerlab run NAME --set ...", as a shell takes it.
std::string run_command(const Scenario& scenario, const std::vector<std::string>& set);

/// Blanks have facts, facts have runs. Whatever else is said of a run may be changed by
/// who runs it otherwise.
void validate_lesson(const Scenario& scenario, SettingsReport& report);

}  // namespace brokerlab::scenarios
