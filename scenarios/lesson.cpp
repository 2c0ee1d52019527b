#include "scenarios/lesson.h"

#include "base/integer_text.h"
#include "base/settings.h"
#include "base/translation.h"
#include "scenarios/description.h"
#include "scenarios/names.h"
#include "scenarios/report.h"
#include "scenarios/validate.h"

#include <algorithm>
#include <cmath>
#include <set>

namespace brokerlab::scenarios {
namespace {

/// The names in braces.
std::set<std::string> blanks_of(const std::string& text) {
  std::set<std::string> names;
  for (std::size_t open = text.find('{'); open != std::string::npos; open = text.find('{', open)) {
    const std::size_t close = text.find('}', open);
    if (close == std::string::npos) break;
    names.insert(text.substr(open + 1, close - open - 1));
    open = close;
  }
  return names;
}

/// In single quotes if a shell would make something else of it.
std::string for_the_shell(const std::string& word) {
  static const std::string plain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-=/:,+";
  return word.find_first_not_of(plain) == std::string::npos ? word : "'" + word + "'";
}

}  // namespace

const std::vector<Theme>& themes() {
  static const std::vector<Theme> all{Theme::keeping,  Theme::sharing,      Theme::speed,
                                      Theme::failures, Theme::coordination, Theme::applications};
  return all;
}

Phrase words_for(Theme theme) {
  switch (theme) {
    case Theme::failures:
      return phrase("Machines and networks fail");
    case Theme::keeping:
      return phrase("Messages stay on the disk");
    case Theme::sharing:
      return phrase("Many producers, consumers and topics");
    case Theme::speed:
      return phrase("Batches, compression and the card's limit");
    case Theme::coordination:
      return phrase("ZooKeeper's ensemble");
    case Theme::applications:
      return phrase("Applications around the cluster");
  }
  return {};
}

const Settings<LessonFact>& LessonFact::settings() {
  using S = LessonFact;
  static const auto all =
      Settings<S>("Fact", "A number of the story, which the run must have.")
          .field("of", &S::of, setting::text(200),
                 "Where it stands in the report: \"groups.nifi.most_lag\".")
          .required()
          .field("run", &S::run, machine_name(), "The control that has it; unset is this scenario.")
          .field("divisor", &S::divisor, 1e-9, 1e15, "It is told divided by this.")
          .field("decimals", &S::decimals, 0, 6, "Digits behind the point.")
          .field("is", &S::is, setting::text(40), "As it is told.")
          .required();
  return all;
}

std::string LessonFact::told(double number) const {
  const std::string plain = fmt::format("{:.{}f}", number / divisor, decimals);
  const std::size_t point = std::min(plain.find('.'), plain.size());
  const auto whole = parse_integer<std::int64_t>(plain.substr(0, point));
  return whole ? with_commas(*whole) + plain.substr(point) : plain;
}

const Settings<LessonControl>& LessonControl::settings() {
  using S = LessonControl;
  static const auto all =
      Settings<S>("Control", "The scenario without its cure: what is named is not met then.")
          .field("name", &S::name, machine_name(), "Its name, for facts.")
          .required()
          .field("without", &S::without, setting::record<LocalText>(),
                 "What is changed, and what happens then; unset: the control is for the test only.")
          .field("set", &S::set, setting::list(setting::text(10'000), 1, 100), "As --set has it.")
          .required()
          .field("red", &S::red, setting::list(setting::text(20), 1, 100),
                 "\"expect 0\": an expectation that is not met; \"fault 0\": a fault that bites "
                 "nobody.")
          .required()
          .named_by("name");
  return all;
}

const Settings<LessonSpec>& LessonSpec::settings() {
  using S = LessonSpec;
  using setting::record;
  static const auto all =
      Settings<S>("Lesson", "What the library tells of a scenario, and what proves it.")
          .field("theme", &S::theme,
                 setting::names<Theme>({{"failures", Theme::failures},
                                        {"keeping", Theme::keeping},
                                        {"sharing", Theme::sharing},
                                        {"speed", Theme::speed},
                                        {"coordination", Theme::coordination},
                                        {"applications", Theme::applications}}),
                 "Where it stands in the catalogue.")
          .required()
          .field("question", &S::question, record<LocalText>(), "What the run answers.")
          .required()
          .field("moment", &S::moment, Duration{0}, longest_run, "When to look.")
          .field("next", &S::next, record<LocalText>(), "What to try next, and why.")
          .required()
          .field("next_set", &S::next_set, setting::list(setting::text(10'000), 1, 100),
                 "The changes of that, as --set has them.")
          .required()
          .field("facts", &S::facts, setting::map(record<LessonFact>()),
                 "The numbers of the texts, by the names that stand there in braces.")
          .field("controls", &S::controls, setting::list(record<LessonControl>(), 0, 100),
                 "Runs without the cure.");
  return all;
}

std::string told(const Scenario& scenario, const std::string& text) {
  if (!scenario.lesson) return text;
  std::string out = text;
  for (const auto& [name, fact] : scenario.lesson->facts) {
    const std::string blank = "{" + name + "}";
    for (std::size_t at = out.find(blank); at != std::string::npos; at = out.find(blank, at)) {
      out.replace(at, blank.size(), fact.is);
    }
  }
  return out;
}

std::string run_command(const Scenario& scenario, const std::vector<std::string>& set) {
  std::string command = "./brokerlab run " + scenario.name;
  for (const std::string& one : set) command += " --set " + for_the_shell(one);
  return command;
}

void validate_lesson(const Scenario& scenario, SettingsReport& report) {
  if (!scenario.lesson || !report.clean("/lesson")) return;
  const LessonSpec& lesson = *scenario.lesson;
  std::vector<const LocalText*> texts{&scenario.title, &scenario.story, &lesson.question,
                                      &lesson.next};
  std::set<std::string> runs{""};
  for (const LessonControl& control : lesson.controls) {
    texts.push_back(&control.without);
    runs.insert(control.name);
  }
  std::set<std::string> told_names;
  for (const LocalText* text : texts) {
    for (const std::string* in_one : {&text->en, &text->ko}) told_names.merge(blanks_of(*in_one));
  }
  for (const std::string& name : told_names) {
    if (lesson.facts.contains(name)) continue;
    report.error("/lesson/facts", in_quotes(name), tr("stands in a text, and is no fact"));
  }
  for (const auto& [name, fact] : lesson.facts) {
    if (!runs.contains(fact.run)) {
      report.error("/lesson/facts/" + name + "/run", in_quotes(fact.run),
                   tr("is the name of no control"));
    }
  }
}

}  // namespace brokerlab::scenarios
