#include "labs/guide.h"

#include "labs/subjects.h"
#include "labs/words.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <filesystem>
#include <regex>

namespace brokerlab::labs {
namespace {

template <class C, class F>
void for_each_check(const Lab& lab, const F& visit) {
  for (const LabTask& task : lab.tasks) {
    for (const Check& one : task.checks) {
      if (const auto* check = std::get_if<C>(&one.what)) visit(*check);
    }
  }
}

/// Answers that a task asks for and that are still null.
std::vector<std::string> unanswered(const Workspace& workspace, const LabTask& task) {
  std::vector<std::string> names;
  for (const Check& one : task.checks) {
    const std::string name = answer_of(one);
    if (name.empty() || answered(workspace.answers.at(name))) continue;
    if (std::holds_alternative<Predicted>(one.what) && workspace.state.predictions.contains(name)) {
      continue;
    }
    names.push_back(name);
  }
  return names;
}

std::vector<std::string> open_predictions(const Workspace& workspace) {
  std::vector<std::string> names;
  for_each_check<Predicted>(workspace.lab, [&](const Predicted& predicted) {
    if (!answered(workspace.answers.at(predicted.answer)) &&
        !workspace.state.predictions.contains(predicted.answer)) {
      names.push_back(predicted.answer);
    }
  });
  return names;
}

/// What comes before the first run.
std::optional<LocalText> not_yet(const Workspace& workspace,
                                 const std::vector<std::string>& changes, const RunWish& wish) {
  const auto open = open_predictions(workspace);
  if (!open.empty()) {
    return both(
        phrase("First your prediction, please: a surprise teaches more than an answer "
               "does. Write into answers.json: {}.",
               listed(open)));
  }
  if (!wish.experiment.empty()) {
    return both(phrase("First the scenario as it was given: ./brokerlab lab run"));
  }
  if (changes.empty() || wish.original) return std::nullopt;
  return both(
      phrase("The first run is of the scenario as it was given. Undo for now, or run "
             "./brokerlab lab run --original: {}.",
             listed(changes)));
}

std::vector<std::string> changes_of(const scenarios::Scenario& original,
                                    const scenarios::Scenario& other) {
  return differences(without_words(json_of(original)), without_words(json_of(other)));
}

/// "16.04", or why that many at the end are no loss.
std::string outcome_text(const Outcome& outcome, double value, const std::string& stopped,
                         Language language) {
  const std::string told = pick(outcome.metric.name, language) + " " + number_text(value);
  if (stopped.empty() || outcome.metric.minus.empty()) return told;
  return tr_in(language, "{} (no loss: the run stopped at {}, with these under way)", told,
               stopped);
}

/// The duration of a run that a trial stopped before its end; else "".
std::string stopped_at(const scenarios::Scenario& original, const Json& scenario) {
  const auto found = scenario.is_object() ? scenario.find("duration") : scenario.end();
  if (found == scenario.end() || !found->is_string()) return {};
  const auto duration = parse_duration(found->get<std::string>());
  return duration && *duration < original.duration ? found->get<std::string>() : std::string();
}

/// "producers/0/config/acks=all", one for each setting that differs.
std::vector<std::string> told_changes(const Json& original, const Json& other, Language language) {
  std::vector<std::string> told;
  bool other_day = false;  // Of trials and experiments; too long to tell.
  for (const std::string& path : differences(without_words(original), without_words(other))) {
    if (is_allowed(path, {"/duration", "/faults", "/sources", "/expect"})) {
      other_day = true;
      continue;
    }
    const Json::json_pointer pointer(path);
    const std::string value = other.contains(pointer) ? brief_text(other.at(pointer)) : "-";
    told.push_back(path.substr(1) + "=" + value);
  }
  if (other_day) told.push_back(tr_in(language, "other faults"));
  return told;
}

constexpr const char* reserved_names[] = {"first", "refuted"};

Problems wrong_wish(const Lab& lab, const RunWish& wish) {
  Problems problems;
  static const std::regex plain("[a-z0-9][a-z0-9_-]{0,39}");
  if (!wish.name.empty() && !std::regex_match(wish.name, plain)) {
    problems.push_back({"--name",
                        {},
                        wish.name,
                        tr("must be small letters, digits, - and _, at most 40 of them")});
  }
  if (std::find(std::begin(reserved_names), std::end(reserved_names), wish.name) !=
      std::end(reserved_names)) {
    problems.push_back({"--name", {}, wish.name, tr("is the lab's own; take another name")});
  }
  if (!wish.experiment.empty() && lab.experiment(wish.experiment) == nullptr) {
    std::vector<std::string> known;
    for (const ExperimentSpec& one : lab.experiments) known.push_back(one.name);
    problems.push_back({"--experiment",
                        {},
                        wish.experiment,
                        known.empty()
                            ? tr("this lab has no experiments")
                            : tr("is no experiment of this lab; there is {}", listed(known))});
  }
  return problems;
}

/// A run kept under a name is there to be compared with: another of that name gets a number.
std::string free_name(const Workspace& workspace, const std::string& name) {
  std::error_code error;
  std::string free = name;
  for (int i = 2; std::filesystem::exists(workspace.run_file(free), error); ++i) {
    free = fmt::format("{}-{}", name, i);
  }
  return free;
}

/// The answer in which the student foretells an experiment, while it is not given.
std::optional<LocalText> unforetold(const Workspace& workspace, const RunWish& wish) {
  std::vector<std::string> names;
  for_each_check<Experiment>(workspace.lab, [&](const Experiment& check) {
    const bool asked =
        check.experiment == wish.experiment && (check.on == Subject::original) == wish.original;
    if (asked && !answered(workspace.answers.at(check.answer))) names.push_back(check.answer);
  });
  if (names.empty()) return std::nullopt;
  return both(
      phrase("First your prediction, please: a surprise teaches more than an answer does. Write "
             "into answers.json: {}.",
             listed(names)));
}

std::string name_for(const RunWish& wish, bool first, bool unchanged) {
  if (first) return "first";
  if (!wish.name.empty()) return wish.name;
  if (wish.experiment.empty()) return unchanged ? "first" : "latest";
  return wish.experiment + (wish.original ? "-original" : "");
}

std::optional<Json> report_of_run(const std::string& file) {
  const auto recording = recording::Reader::open(file);
  if (!recording) return std::nullopt;
  const auto report = report_of(*recording);
  return report ? std::optional(*report) : std::nullopt;
}

std::vector<LocalText> compared_with_first(const Workspace& workspace, const std::string& file) {
  const auto before = report_of_run(workspace.first_run());
  const auto now = report_of_run(file);
  if (!before || !now) return {};
  std::vector<LocalText> words;
  for (const Outcome& outcome : workspace.lab.outcomes) {
    const auto then = measure(*before, outcome.metric);
    const auto here = measure(*now, outcome.metric);
    if (!then || !here || (*then == 0 && *here == 0)) continue;
    words.push_back(in_both([&](Language l) {
      return tr_in(l, "{}: {} in the first run, {} now", pick(outcome.metric.name, l),
                   number_text(*then), number_text(*here));
    }));
  }
  return words;
}

/// Whether the scenario is as the lab gave it; true when it cannot be read.
bool unchanged(const Workspace& workspace) {
  const scenarios::Loaded student = scenarios::load_scenario(workspace.scenario_file());
  const scenarios::Loaded original = load_original(workspace.lab);
  return !student.scenario || !original.scenario ||
         changes_of(*original.scenario, *student.scenario).empty();
}

bool has_runs(const LabTask& task) {
  return std::any_of(task.checks.begin(), task.checks.end(),
                     [](const Check& one) { return std::holds_alternative<Survives>(one.what); });
}

std::string run_command_for(const Experiment& check) {
  return fmt::format("./brokerlab lab run --experiment {}{}", check.experiment,
                     check.on == Subject::original ? " --original" : "");
}

}  // namespace

Hint next_hint(Workspace& workspace) {
  const std::size_t open = first_open(workspace);
  if (open == workspace.lab.tasks.size()) return {};
  const LabTask& task = workspace.lab.tasks[open];
  int& given = workspace.state.hints[task.id];
  const int all = static_cast<int>(task.hints.size());
  Hint hint{task.id, {}, std::min(given + 1, all), all, given >= all};
  hint.words = task.hints[static_cast<std::size_t>(hint.number - 1)];
  given = hint.number;
  return hint;
}

RunPlan plan_run(const Workspace& workspace, const RunWish& wish) {
  RunPlan plan;
  scenarios::Loaded original = load_original(workspace.lab);
  scenarios::Loaded student =
      wish.original ? original : scenarios::load_scenario(workspace.scenario_file());
  plan.errors = wrong_wish(workspace.lab, wish);
  plan.errors.insert(plan.errors.end(), student.errors.begin(), student.errors.end());
  plan.errors.insert(plan.errors.end(), original.errors.begin(), original.errors.end());
  plan.warnings = std::move(student.warnings);
  if (!plan.errors.empty()) return plan;
  // The lab's own scenario finds its data in the library; so does the student's in the folder.
  const auto changes = changes_of(*original.scenario, *student.scenario);
  if (!workspace.ran()) plan.refusal = not_yet(workspace, changes, wish);
  if (plan.refusal) return plan;
  plan.experiment = !wish.experiment.empty();
  if (plan.experiment) plan.refusal = unforetold(workspace, wish);
  if (plan.refusal) return plan;
  const bool as_given = changes.empty() && !plan.experiment;
  plan.first = as_given && (!workspace.ran() || wish.name.empty());
  plan.name = name_for(wish, plan.first, as_given);
  if (!plan.first && !wish.name.empty()) {
    plan.name = free_name(workspace, wish.name);
    if (plan.name != wish.name) {
      plan.note = both(phrase("runs/{}.run is there already: this run is kept as runs/{}.run",
                              wish.name, plan.name));
    }
  }
  plan.record = workspace.run_file(plan.name);
  if (!plan.experiment) {
    plan.scenario = std::move(student.scenario);
    return plan;
  }
  for_each_check<Experiment>(workspace.lab, [&](const Experiment& check) {
    if (check.experiment == wish.experiment) plan.count = check.count;
  });
  plan.scenario = patched_by(workspace.lab, workspace.lab.experiment(wish.experiment)->patch,
                             *student.scenario, {}, plan.errors);
  return plan;
}

std::vector<LocalText> finish_run(Workspace& workspace, const RunPlan& plan) {
  if (plan.experiment) return {};
  if (!plan.first) return compared_with_first(workspace, plan.record);
  std::vector<LocalText> words;
  auto& kept = workspace.state.predictions;
  for_each_check<Predicted>(workspace.lab, [&](const Predicted& predicted) {
    const auto [prediction, fresh] =
        kept.try_emplace(predicted.answer, to_text(workspace.answers.at(predicted.answer)));
    if (fresh) {
      words.push_back(
          both(phrase("Your prediction is kept: {} = {}", predicted.answer, prediction->second)));
    }
  });
  return words;
}

std::vector<LocalText> predictions_against_measurement(const Workspace& workspace) {
  const auto report = report_of_run(workspace.first_run());
  if (!report) return {};
  bool read = true;
  for_each_check<Reading>(workspace.lab, [&](const Reading& reading) {
    read = read && check_reading(reading, workspace.answers.at(reading.answer), *report).passed;
  });
  std::vector<LocalText> words;
  if (!read) return words;
  for_each_check<Predicted>(workspace.lab, [&](const Predicted& predicted) {
    const auto kept = workspace.state.predictions.find(predicted.answer);
    if (kept == workspace.state.predictions.end()) return;
    words.push_back(
        compare(predicted, *workspace.lab.question(predicted.answer), kept->second, *report));
  });
  return words;
}

std::vector<LocalText> changed_predictions(const Workspace& workspace) {
  std::vector<LocalText> words;
  for (const auto& [name, kept] : workspace.state.predictions) {
    const auto now = workspace.answers.find(name);
    if (now == workspace.answers.end() || to_text(now->second) == kept) continue;
    words.push_back(
        both(phrase("{}: answers.json says {} by now; what counts is what you "
                    "predicted before the first run, {}.",
                    name, to_text(now->second), kept)));
  }
  return words;
}

std::vector<KeptRun> kept_runs(const Workspace& workspace) {
  namespace fs = std::filesystem;
  std::error_code error;
  std::vector<std::pair<fs::file_time_type, std::string>> files;
  for (const auto& entry : fs::directory_iterator(workspace.file("runs"), error)) {
    if (entry.path().extension() != ".run") continue;
    files.emplace_back(entry.last_write_time(error), entry.path().stem().string());
  }
  std::sort(files.begin(), files.end());
  const scenarios::Loaded original = load_original(workspace.lab);
  std::vector<KeptRun> runs;
  for (const auto& [time, name] : files) {
    const auto recording = recording::Reader::open(workspace.run_file(name));
    if (!recording) {
      runs.push_back({name, {recording.error(), {}}});
      continue;
    }
    const auto report = report_of(*recording);
    SettingsReport ignored;
    Json scenario;
    (void)parse_json(recording->meta("scenario_json"), scenario, ignored);
    const std::string stopped =
        original.scenario ? stopped_at(*original.scenario, scenario) : std::string();
    runs.push_back(
        {name, in_both([&](Language l) {
           std::string text;
           for (const Outcome& outcome : workspace.lab.outcomes) {
             const auto value = report ? measure(*report, outcome.metric) : std::nullopt;
             if (!value || *value == 0) continue;
             text += text.empty() ? "" : "; ";
             text += outcome_text(outcome, *value, stopped, l);
           }
           if (text.empty()) text = tr_in(l, "nothing lost, nothing unavailable");
           const auto changes = original.scenario && scenario.is_object()
                                    ? told_changes(json_of(*original.scenario), scenario, l)
                                    : std::vector<std::string>();
           return text + " | " + (changes.empty() ? tr_in(l, "as given") : listed(changes));
         })});
  }
  return runs;
}

Step next_step(const Workspace& workspace, bool just_checked, bool runs_passed) {
  const auto predictions = open_predictions(workspace);
  if (!predictions.empty()) {
    return {both(phrase("read README.md, write {} into answers.json in place of null, then",
                        listed(predictions))),
            {"./brokerlab lab run"}};
  }
  if (!workspace.ran()) return {both(phrase("see what happens")), {"./brokerlab lab run"}};
  const std::size_t open = first_open(workspace);
  if (open == workspace.lab.tasks.size()) {
    return {both(phrase("all is done; what you have learnt is told by")),
            {"./brokerlab lab check"}};
  }
  const LabTask& task = workspace.lab.tasks[open];
  if (has_runs(task) && unchanged(workspace)) {
    return {in_both([&](Language l) {
              return tr_in(l,
                           "section {} of README.md: change scenario.json, try it, and have it "
                           "checked",
                           open + 1);
            }),
            {"./brokerlab lab run --name my-try", "./brokerlab lab check"}};
  }
  const auto missing = unanswered(workspace, task);
  if (missing.empty() && just_checked) {
    return {both(phrase("correct it, and check again; if you are stuck")),
            {"./brokerlab lab hint", "./brokerlab lab check"}};
  }
  LocalText words = both(phrase("see what is done"));
  if (!missing.empty() && has_runs(task) && !runs_passed) {
    words = both(
        phrase("section {} of README.md: change scenario.json until the task is fulfilled, write "
               "{} into answers.json, then",
               open + 1, listed(missing)));
  } else if (!missing.empty()) {
    words = both(phrase("section {} of README.md: write {} into answers.json, then", open + 1,
                        listed(missing)));
  }
  Step step{std::move(words), {"./brokerlab lab check"}};
  for (const Check& one : task.checks) {
    const auto* experiment = std::get_if<Experiment>(&one.what);
    if (experiment == nullptr) continue;
    if (answered(workspace.answers.at(experiment->answer))) {
      step.commands.push_back(run_command_for(*experiment));
    }
  }
  return step;
}

Debrief debrief(const Workspace& workspace) {
  Debrief all{workspace.lab.learnt, {}, {}, workspace.lab.afterwards};
  const auto report = report_of_run(workspace.first_run());
  for_each_check<Predicted>(workspace.lab, [&](const Predicted& predicted) {
    const auto kept = workspace.state.predictions.find(predicted.answer);
    if (!report || kept == workspace.state.predictions.end()) return;
    const LocalText compared =
        compare(predicted, *workspace.lab.question(predicted.answer), kept->second, *report);
    all.predictions.push_back(in_both(
        [&](Language l) { return pick(compared, l) + "\n    " + pick(predicted.because, l); }));
  });
  const auto names = lab_names();
  const auto here = std::find(names.begin(), names.end(), workspace.lab.id);
  if (here != names.end() && here + 1 != names.end()) all.next_lab = *(here + 1);
  return all;
}

}  // namespace brokerlab::labs
