#include "labs/lab.h"

#include "base/settings.h"
#include "labs/files.h"
#include "scenarios/loader.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <filesystem>
#include <set>

namespace brokerlab::labs {
namespace {

using setting::list;
using setting::record;
using setting::text;

SettingType<std::string> plain_name() {
  return text(63, "[a-z][a-z0-9_]*", "a name of small letters, digits and _");
}
SettingType<std::string> event_kind() { return text(100, "[a-z_.]+", "an event kind"); }
SettingType<std::string> pointer() { return text(200, "(/.+)?", "a JSON pointer"); }

/// What holds between the parts of a lab.
class Rules {
 public:
  Rules(const Lab& lab, SettingsReport& report) : lab_(lab), report_(report) {}

  void check() {
    std::set<std::string> names;
    for (std::size_t i = 0; i < lab_.questions.size(); ++i) {
      if (names.insert(lab_.questions[i].name).second) continue;
      report_.error(json_pointer(json_pointer("/answers", i), "name"), lab_.questions[i].name,
                    "is the name of two");
    }
    for (std::size_t i = 0; i < lab_.tasks.size(); ++i) {
      const std::string task = json_pointer("/tasks", i) + "/checks";
      for (std::size_t j = 0; j < lab_.tasks[i].checks.size(); ++j) {
        path_ = json_pointer(task, j);
        std::visit(*this, lab_.tasks[i].checks[j].what);
      }
    }
    const auto scenario = scenarios::find_scenario(lab_.scenario);
    if (!scenario) report_.error("/scenario", lab_.scenario, scenario.error().message);
  }

  void operator()(const Predicted& c) { answer(c.answer); }
  void operator()(const FirstRun&) {}
  void operator()(const Reading& c) { answer(c.answer); }
  void operator()(const LongestWait& c) { answer(c.answer, AnswerKind::word); }
  void operator()(const SettingBehindWait& c) { answer(c.answer, AnswerKind::word); }
  void operator()(const OnlyChanged&) {}
  void operator()(const OverSeeds&) {
    if (lab_.seeds.empty()) report_.error("/seeds", {}, "over_seeds needs at least one seed");
  }
  void operator()(const Experiment& c) {
    answer(c.answer, AnswerKind::count);
    if (!std::filesystem::exists(lab_.directory + "/" + c.patch)) {
      report_.error(path_, c.patch, "there is no such file in the lab's folder");
    }
  }

 private:
  void answer(const std::string& wanted, std::optional<AnswerKind> as = {}) {
    const Question* question = lab_.question(wanted);
    if (question == nullptr) {
      report_.error(path_, wanted, "is no answer of this lab");
    } else if (as && question->kind != *as) {
      report_.error(path_, wanted, "has an answer of another kind than this check reads");
    }
  }

  const Lab& lab_;
  SettingsReport& report_;
  std::string path_;
};

}  // namespace

const Settings<Question>& Question::settings() {
  static const auto all =
      Settings<Question>("Question", "What the student answers in answers.json.")
          .field("name", &Question::name, plain_name(), "Its key in answers.json.")
          .required()
          .field("kind", &Question::kind,
                 setting::names<AnswerKind>({{"number", AnswerKind::number},
                                             {"count", AnswerKind::count},
                                             {"yes_no", AnswerKind::yes_no},
                                             {"word", AnswerKind::word}}),
                 "What an answer looks like.")
          .required()
          .field("least", &Question::least, -1e12, 1e12, "Of numbers.")
          .field("most", &Question::most, -1e12, 1e12, "Of numbers.")
          .field("text", &Question::text, record<LocalText>(), "The question.")
          .required();
  return all;
}

const Settings<Metric>& Metric::settings() {
  static const auto all =
      Settings<Metric>("Metric", "A number in a run's report.")
          .field("at", &Metric::at, pointer(), "JSON pointer into the report.")
          .required()
          .field("minus", &Metric::minus, pointer(), "Another one, subtracted.")
          .field("name", &Metric::name, record<LocalText>(), "What it is called.")
          .required();
  return all;
}

const Settings<Predicted>& Predicted::settings() {
  static const auto all =
      Settings<Predicted>("Predicted", "An answer given before the first run.")
          .field("answer", &Predicted::answer, plain_name(), "Which answer.")
          .required()
          .field("metric", &Predicted::metric, record<Metric>(), "What it predicts.")
          .required()
          .field("close", &Predicted::close, 0, 1e12, "This near is right.")
          .field("because", &Predicted::because, record<LocalText>(), "Told after the run.")
          .required();
  return all;
}

const Settings<Reading>& Reading::settings() {
  static const auto all =
      Settings<Reading>("Reading", "An answer read from the first run's report.")
          .field("answer", &Reading::answer, plain_name(), "Which answer.")
          .required()
          .field("metric", &Reading::metric, record<Metric>(), "What it is.")
          .required()
          .field("within", &Reading::within, 0, 1e12, "How far it may be off.");
  return all;
}

const Settings<LongestWait>& LongestWait::settings() {
  using C = LongestWait;
  static const auto all =
      Settings<C>("LongestWait", "The event that took longest in a chain of causes.")
          .field("answer", &C::answer, plain_name(), "Which answer.")
          .required()
          .field("from", &C::from, event_kind(), "The event that is explained.")
          .required()
          .field("back_to", &C::back_to, event_kind(), "Its first cause.")
          .required();
  return all;
}

const Settings<SettingBehindWait>& SettingBehindWait::settings() {
  using C = SettingBehindWait;
  static const auto all =
      Settings<C>("SettingBehindWait", "The setting that made the longest wait that long.")
          .field("answer", &C::answer, plain_name(), "Which answer.")
          .required()
          .field("from", &C::from, event_kind(), "The event that is explained.")
          .required()
          .field("back_to", &C::back_to, event_kind(), "Its first cause.")
          .required()
          .field("detail", &C::detail, plain_name(), "Where the event tells the duration.")
          .required();
  return all;
}

const Settings<Outcome>& Outcome::settings() {
  static const auto all =
      Settings<Outcome>("Outcome", "What a run must come to.")
          .field("metric", &Outcome::metric, record<Metric>(), "What is measured.")
          .required()
          .field("below", &Outcome::below, setting::real(-1e12, 1e12), "Less than this.")
          .field("at_most", &Outcome::at_most, setting::real(-1e12, 1e12), "This or less.")
          .check([](Outcome& outcome, FieldReport& report) {
            if (outcome.below.has_value() == outcome.at_most.has_value()) {
              report.error("below", "needs exactly one of below and at_most");
            }
          });
  return all;
}

const Settings<Experiment>& Experiment::settings() {
  using C = Experiment;
  static const auto all =
      Settings<C>("Experiment", "How often something happens in a patched run.")
          .field("answer", &C::answer, plain_name(), "Which answer.")
          .required()
          .field("on", &C::on,
                 setting::names<Subject>(
                     {{"original", Subject::original}, {"student", Subject::student}}),
                 "Whose scenario.")
          .field("patch", &C::patch, text(100, "[a-z0-9_]+\\.patch\\.json", "a .patch.json file"),
                 "A JSON Patch.")
          .required()
          .field("count", &C::count, event_kind(), "Events of this kind are counted.")
          .required();
  return all;
}

const Settings<Check>& Check::settings() {
  static const auto all =
      Settings<Check>("Check", "What must hold for a task to be done.")
          .choice("a check")
          .alternative<Predicted>("predicted", &Check::what, "A prediction.")
          .alternative("first_run", &Check::what, &FirstRun::wanted, setting::boolean(),
                       "The unchanged scenario was run.")
          .alternative<Reading>("reading", &Check::what, "Read from the report.")
          .alternative<LongestWait>("longest_wait", &Check::what, "Found with why.")
          .alternative<SettingBehindWait>("setting_behind_wait", &Check::what, "Its setting.")
          .alternative("only_changed", &Check::what, &OnlyChanged::paths, list(pointer(), 1, 100),
                       "Where the scenario may differ.")
          .alternative("over_seeds", &Check::what, &OverSeeds::outcomes,
                       list(record<Outcome>(), 1, 100), "What every run comes to.")
          .alternative<Experiment>("experiment", &Check::what, "What a patched run comes to.");
  return all;
}

const Settings<LabTask>& LabTask::settings() {
  static const auto all =
      Settings<LabTask>("Task", "One step of a lab.")
          .field("id", &LabTask::id, plain_name(), "Its name, kept in the student's state.")
          .required()
          .field("title", &LabTask::title, record<LocalText>(), "A few words.")
          .required()
          .field("text", &LabTask::text, record<LocalText>(), "What to do.")
          .required()
          .field("hints", &LabTask::hints, list(record<LocalText>(), 1, 20), "Gentle ones first.")
          .required()
          .field("checks", &LabTask::checks, list(record<Check>(), 1, 20), "In order.")
          .required();
  return all;
}

const Settings<Lab>& Lab::settings() {
  static const auto all =
      Settings<Lab>("Lab", "A guided lesson.")
          .field("id", &Lab::id, plain_name(), "The name of its folder.")
          .required()
          .field("title", &Lab::title, record<LocalText>(), "Its title.")
          .required()
          .field("minutes", &Lab::minutes, 1, 600, "How long a student takes.")
          .field("scenario", &Lab::scenario, plain_name(), "The scenario it starts from.")
          .required()
          .field("overrides", &Lab::overrides, list(text(500), 0, 100), "path=value.")
          .field("seeds", &Lab::seeds, list(setting::integer64(0), 0, 100), "Of checks over seeds.")
          .field("answers", &Lab::questions, list(record<Question>(), 0, 100), "Questions.")
          .field("tasks", &Lab::tasks, list(record<LabTask>(), 1, 100), "In order.")
          .required();
  return all;
}

const Question* Lab::question(std::string_view wanted) const {
  for (const Question& question : questions) {
    if (question.name == wanted) return &question;
  }
  return nullptr;
}

std::string labs_directory() { return BROKERLAB_LABS_DIR; }

LoadedLab load_lab(const std::string& directory) {
  SettingsReport report;
  report.file = directory + "/lab.json";
  const auto content = read_file(report.file);
  if (!content) return {std::nullopt, {{report.file, {}, {}, content.error()}}};
  Json document;
  Lab lab;
  if (parse_json(*content, document, report)) {
    lab = Lab::settings().read(document, report);
    lab.directory = directory;
    if (report.ok()) Rules(lab, report).check();
  }
  if (!report.ok()) return {std::nullopt, std::move(report.errors)};
  return {std::move(lab), {}};
}

std::vector<std::string> lab_names() {
  std::vector<std::string> names;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(labs_directory(), error)) {
    if (std::filesystem::exists(entry.path() / "lab.json", error)) {
      names.push_back(entry.path().filename().string());
    }
  }
  std::sort(names.begin(), names.end());
  return names;
}

LoadedLab find_lab(const std::string& wanted) {
  const auto names = lab_names();
  if (std::find(names.begin(), names.end(), wanted) != names.end()) {
    return load_lab(labs_directory() + "/" + wanted);
  }
  const std::string near = nearest_name(wanted, names);
  std::string known;
  for (const std::string& one : names) known += (known.empty() ? "" : ", ") + one;
  return {std::nullopt,
          {{wanted,
            {},
            {},
            fmt::format("is no lab ({}){}", known,
                        near.empty() ? "" : fmt::format("; did you mean \"{}\"?", near))}}};
}

std::string lesson(const Lab& lab, std::string_view language) {
  if (language == "ko") {
    if (auto korean = read_file(lab.directory + "/lab.ko.md")) return *korean;
  }
  const auto english = read_file(lab.directory + "/lab.en.md");
  return english ? *english : std::string{};
}

}  // namespace brokerlab::labs
