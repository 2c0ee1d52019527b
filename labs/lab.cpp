#include "labs/lab.h"

#include "base/installation.h"
#include "base/settings.h"
#include "base/translation.h"
#include "labs/files.h"
#include "scenarios/loader.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
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
SettingType<std::string> patch_file() {
  return text(100, "([a-z0-9_]+\\.patch\\.json)?", "a .patch.json file");
}
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
                    tr("is the name of two"));
    }
    for (std::size_t i = 0; i < lab_.tasks.size(); ++i) {
      const std::string task = json_pointer("/tasks", i) + "/checks";
      for (std::size_t j = 0; j < lab_.tasks[i].checks.size(); ++j) {
        path_ = json_pointer(task, j);
        std::visit(*this, lab_.tasks[i].checks[j].what);
      }
    }
    for (const Trial& trial : lab_.trials) {
      if (static_cast<std::size_t>(trial.seeds) > lab_.seeds.size()) {
        report_.error("/trials", trial.name, tr("wants more seeds than the lab has"));
      }
      if (trial.moments > 0 && trial.from >= trial.to) {
        report_.error("/trials", trial.name, tr("chooses its moments between from and to"));
      }
      if (!trial.patch.empty()) file("/trials", trial.patch);
    }
    for (const ExperimentSpec& one : lab_.experiments) file("/experiments", one.patch);
    const auto scenario = scenarios::find_scenario(lab_.scenario);
    if (!scenario) report_.error("/scenario", lab_.scenario, scenario.error().message);
  }

  void operator()(const Predicted& c) { answer(c.answer); }
  void operator()(const FirstRun&) {}
  void operator()(const Reading& c) { answer(c.answer); }
  void operator()(const LongestWait& c) { answer(c.answer, AnswerKind::word); }
  void operator()(const SettingBehindWait& c) { answer(c.answer, AnswerKind::word); }
  void operator()(const OnlyChanged&) {}
  void operator()(const Survives& c) {
    for (std::size_t i = 0; i < c.trials.size(); ++i) {
      const std::string path = json_pointer(path_ + "/survives", i);
      known(path, c.trials[i].trial, lab_.trial(c.trials[i].trial), "trial");
      for (const std::string& name : c.trials[i].outcomes) {
        known(path, name, lab_.outcome(name), "outcome");
      }
    }
  }
  void operator()(const Experiment& c) {
    answer(c.answer, AnswerKind::count);
    known(path_, c.experiment, lab_.experiment(c.experiment), "experiment");
  }

 private:
  void file(const std::string& path, const std::string& name) {
    if (std::filesystem::exists(lab_.directory + "/" + name)) return;
    report_.error(path, name, tr("there is no such file in the lab's folder"));
  }

  void known(const std::string& path, const std::string& name, const void* found,
             const char* what) {
    if (found == nullptr) report_.error(path, name, tr("is no {} of this lab", what));
  }

  void answer(const std::string& wanted, std::optional<AnswerKind> as = {}) {
    const Question* question = lab_.question(wanted);
    if (question == nullptr) {
      report_.error(path_, wanted, tr("is no answer of this lab"));
    } else if (as && question->kind != *as) {
      report_.error(path_, wanted, tr("has an answer of another kind than this check reads"));
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
          .field("name", &Outcome::name, plain_name(), "Its name in trials.")
          .required()
          .field("metric", &Outcome::metric, record<Metric>(), "What is measured.")
          .required()
          .field("because", &Outcome::because, record<LocalText>(), "Told when it does not hold.")
          .field("below", &Outcome::below, setting::real(-1e12, 1e12), "Less than this.")
          .field("at_most", &Outcome::at_most, setting::real(-1e12, 1e12), "This or less.")
          .check([](Outcome& outcome, FieldReport& report) {
            if (outcome.below.has_value() == outcome.at_most.has_value()) {
              report.error("below", tr("needs exactly one of below and at_most"));
            }
          });
  return all;
}

const Settings<Trial>& Trial::settings() {
  constexpr Duration longest = 1h;
  static const auto all =
      Settings<Trial>("Trial", "One way to try the student's scenario.")
          .field("name", &Trial::name, plain_name(), "Its name in checks.")
          .required()
          .field("title", &Trial::title, record<LocalText>(), "What it is, in a few words.")
          .required()
          .field("seeds", &Trial::seeds, 1, 100, "How many of the lab's seeds.")
          .field("moments", &Trial::moments, 0, 100, "At how many moments the faults strike.")
          .field("from", &Trial::from, 0s, longest, "Moments: not before.")
          .field("to", &Trial::to, 0s, longest, "Moments: not after.")
          .field("watch", &Trial::watch, setting::duration(1s, longest),
                 "The run ends so long after the first fault.")
          .field("patch", &Trial::patch, patch_file(), "A JSON Patch.");
  return all;
}

const Settings<TrialOf>& TrialOf::settings() {
  static const auto all =
      Settings<TrialOf>("TrialOf", "A trial and what it must come to.")
          .field("trial", &TrialOf::trial, plain_name(), "Its name.")
          .required()
          .field("outcomes", &TrialOf::outcomes, list(plain_name(), 1, 100), "Their names.")
          .required();
  return all;
}

const Settings<ExperimentSpec>& ExperimentSpec::settings() {
  using C = ExperimentSpec;
  static const auto all = Settings<C>("ExperimentSpec", "A scenario, patched, for lab run.")
                              .field("name", &C::name, plain_name(), "Its name.")
                              .required()
                              .field("title", &C::title, record<LocalText>(), "What it does.")
                              .required()
                              .field("patch", &C::patch, patch_file(), "A JSON Patch.")
                              .required();
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
          .field("experiment", &C::experiment, plain_name(), "Which experiment.")
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
          .alternative("survives", &Check::what, &Survives::trials, list(record<TrialOf>(), 1, 100),
                       "What every trial comes to.")
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
          .field("story", &Lab::story, record<LocalText>(), "In place of the scenario's.")
          .required()
          .field("seeds", &Lab::seeds, list(setting::integer64(0), 0, 100), "Of trials.")
          .field("answers", &Lab::questions, list(record<Question>(), 0, 100), "Questions.")
          .field("outcomes", &Lab::outcomes, list(record<Outcome>(), 0, 100), "Of trials.")
          .field("trials", &Lab::trials, list(record<Trial>(), 0, 100), "Ways to try a scenario.")
          .field("experiments", &Lab::experiments, list(record<ExperimentSpec>(), 0, 100),
                 "For lab run --experiment.")
          .field("tasks", &Lab::tasks, list(record<LabTask>(), 1, 100), "In order.")
          .required()
          .field("learnt", &Lab::learnt, list(record<LocalText>(), 1, 20), "Told at the end.")
          .required()
          .field("afterwards", &Lab::afterwards, list(record<LocalText>(), 0, 20),
                 "Commands to go on with.");
  return all;
}

const Settings<WrongSolution>& WrongSolution::settings() {
  using W = WrongSolution;
  static const auto all =
      Settings<W>("WrongSolution", "What must be refused.")
          .field("name", &W::name, text(200), "What the student thinks of.")
          .required()
          .field("task", &W::task, plain_name(), "Where it is refused.")
          .required()
          .field("from_solution", &W::from_solution, "Spoils the solution; else the lab's start.")
          .field("change", &W::change, list(text(500), 0, 20), "path=value.")
          .field("answers", &W::answers, setting::map(text(100)), "As JSON text.")
          .field("refused_by", &W::refused_by, plain_name(), "The kind of check.")
          .required()
          .field("trial", &W::trial, plain_name(), "Of survives.")
          .field("says", &W::says, text(200), "Part of what the student is told.")
          .required();
  return all;
}

namespace {

template <class T>
const T* named(const std::vector<T>& all, std::string_view wanted) {
  const auto found =
      std::find_if(all.begin(), all.end(), [&](const T& one) { return one.name == wanted; });
  return found == all.end() ? nullptr : &*found;
}

struct AnswerOf {
  template <class C>
  std::string operator()(const C& check) const {
    if constexpr (requires { check.answer; }) return check.answer;
    return {};
  }
};

}  // namespace

const Question* Lab::question(std::string_view wanted) const { return named(questions, wanted); }
const Outcome* Lab::outcome(std::string_view wanted) const { return named(outcomes, wanted); }
const Trial* Lab::trial(std::string_view wanted) const { return named(trials, wanted); }
const ExperimentSpec* Lab::experiment(std::string_view wanted) const {
  return named(experiments, wanted);
}

std::string_view kind_of(const Check& check) {
  // In the order of the variant.
  static constexpr std::array<std::string_view, std::variant_size_v<Check::What>> kinds{
      "predicted",           "first_run",    "reading",  "longest_wait",
      "setting_behind_wait", "only_changed", "survives", "experiment"};
  return kinds[check.what.index()];
}

std::string answer_of(const Check& check) { return std::visit(AnswerOf{}, check.what); }

bool needs_runs(const Check& check) {
  return std::holds_alternative<Survives>(check.what) ||
         std::holds_alternative<Experiment>(check.what);
}

std::string labs_directory() { return std::string(installation_directory()) + "/labs/library"; }

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
            near.empty() ? tr("is no lab ({})", known)
                         : tr("is no lab ({}); did you mean \"{}\"?", known, near)}}};
}

std::string lesson(const Lab& lab, std::string_view language, std::size_t sections) {
  auto text = read_file(lab.directory + (language == "ko" ? "/lab.ko.md" : "/lab.en.md"));
  if (!text) text = read_file(lab.directory + "/lab.en.md");
  if (!text) return {};
  const std::string next = fmt::format("\n## {}.", sections + 1);
  return text->substr(0, text->find(next));
}

std::vector<WrongSolution> wrong_solutions(const Lab& lab, Problems& errors) {
  struct All {
    std::vector<WrongSolution> wrong;
    static const Settings<All>& settings() {
      static const auto all = Settings<All>("WrongSolutions", "What must be refused.")
                                  .field("wrong", &All::wrong, list(record<WrongSolution>(), 1),
                                         "Each is refused by its check.")
                                  .required();
      return all;
    }
  };
  SettingsReport report;
  report.file = lab.directory + "/wrong.json";
  const auto text = read_file(report.file);
  if (!text) return {};
  Json document;
  All all;
  if (parse_json(*text, document, report)) all = All::settings().read(document, report);
  errors.insert(errors.end(), report.errors.begin(), report.errors.end());
  return std::move(all.wrong);
}

}  // namespace brokerlab::labs
