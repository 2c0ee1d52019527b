#include "labs/checker.h"

#include "labs/files.h"
#include "scenarios/runner.h"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace brokerlab::labs {
namespace {

/// Ends a check early: what stands in the way is in the CheckResult.
constexpr auto stopped = std::nullopt;

Json json_of(const scenarios::Scenario& scenario) {
  return Json::parse(scenarios::effective_text(scenario));
}

/// Without what is only for people.
Json without_words(Json scenario) {
  for (const char* key : {"name", "title", "story", "notes"}) scenario.erase(key);
  return scenario;
}

scenarios::Loaded load_original(const Lab& lab) {
  const auto original = original_scenario(lab);
  if (!original) return {std::nullopt, original.error(), {}};
  return scenarios::parse_scenario(original->text, lab.scenario + ".json", original->directory);
}

/// The report that a recording carries.
Result<Json, std::string> report_of(const sim::RecordingReader& recording) {
  SettingsReport problems;
  Json report;
  if (!parse_json(recording.meta("summary_json"), report, problems)) {
    return fail(std::string("the recording has no report; run the lab again"));
  }
  return report;
}

bool needs_a_run(const Check& check) {
  return std::holds_alternative<OnlyChanged>(check.what) ||
         std::holds_alternative<OverSeeds>(check.what) ||
         std::holds_alternative<Experiment>(check.what);
}

/// Answers the checks of one workspace; keeps runs and files that several checks need.
class Checker {
 public:
  using Answered = std::optional<Finding>;

  Checker(const Workspace& workspace, const Tell& tell, CheckResult& result)
      : workspace_(workspace), lab_(workspace.lab), tell_(tell), result_(result) {}

  Answered find(const Check& check) {
    return std::visit([this](const auto& c) { return (*this)(c); }, check.what);
  }

  Answered operator()(const Predicted& c) {
    const Question& question = *lab_.question(c.answer);
    const auto kept = workspace_.state.predictions.find(c.answer);
    if (kept != workspace_.state.predictions.end()) {
      return check_predicted(question, Answer(kept->second));
    }
    return check_predicted(question, workspace_.answers.at(c.answer));
  }

  Answered operator()(const FirstRun&) {
    if (workspace_.ran()) {
      return Finding{true, {"The first run is recorded.", "첫 실행이 기록되었습니다."}};
    }
    return Finding{false,
                   {"There is no recording yet: ./brokerlab lab run",
                    "아직 기록이 없습니다: ./brokerlab lab run"}};
  }

  Answered operator()(const Reading& c) {
    if (!open_first_run()) return stopped;
    const auto report = report_of(*recording_);
    if (!report) return trouble(report.error());
    return check_reading(c, workspace_.answers.at(c.answer), *report);
  }

  Answered operator()(const LongestWait& c) {
    if (!open_first_run()) return stopped;
    return check_longest_wait(c, workspace_.answers.at(c.answer),
                              find_chain(*recording_, c.from, c.back_to));
  }

  Answered operator()(const SettingBehindWait& c) {
    if (!open_first_run()) return stopped;
    SettingsReport problems;
    Json settings;
    if (!parse_json(recording_->meta("scenario_json"), settings, problems)) {
      return trouble("the recording has no scenario; run the lab again");
    }
    return check_setting_behind_wait(c, workspace_.answers.at(c.answer),
                                     find_chain(*recording_, c.from, c.back_to), settings);
  }

  Answered operator()(const OnlyChanged& c) {
    if (!load_both()) return stopped;
    if (auto changed = changed_data()) return changed;
    return check_only_changed(c, without_words(json_of(*original_)),
                              without_words(json_of(*student_)));
  }

  Answered operator()(const OverSeeds& c) {
    Finding last;
    for (const std::int64_t seed : lab_.seeds) {
      const Json* report = report_of_seed(seed);
      if (report == nullptr) return stopped;
      last = check_outcomes(c, *report, seed);
      if (!last.passed) return last;
    }
    return Finding{true,
                   {fmt::format("{} runs with {} seeds: all as they should be.", lab_.seeds.size(),
                                lab_.seeds.size()),
                    fmt::format("시드 {}개로 {}번 실행: 모두 좋습니다.", lab_.seeds.size(),
                                lab_.seeds.size())}};
  }

  Answered operator()(const Experiment& c) {
    const Answer& answer = workspace_.answers.at(c.answer);
    if (!answered(answer)) return check_predicted(*lab_.question(c.answer), answer);
    if (!load_both()) return stopped;
    const auto counted = count_in_experiment(c);
    if (!counted) return stopped;
    return check_count(answer, *counted, c.on);
  }

 private:
  std::nullopt_t trouble(std::string words) {
    result_.trouble = std::move(words);
    return stopped;
  }

  bool open_first_run() {
    if (recording_) return true;
    auto opened = sim::RecordingReader::open(workspace_.first_run());
    if (!opened) return trouble(opened.error()), false;
    recording_ = std::make_unique<sim::RecordingReader>(std::move(opened).value());
    return true;
  }

  bool load_both() {
    if (original_ && student_) return true;
    scenarios::Loaded student = scenarios::load_scenario(workspace_.scenario_file());
    scenarios::Loaded original = load_original(lab_);
    for (const auto* loaded : {&student, &original}) {
      result_.errors.insert(result_.errors.end(), loaded->errors.begin(), loaded->errors.end());
    }
    if (!result_.errors.empty()) return false;
    student_ = std::move(student.scenario);
    original_ = std::move(original.scenario);
    return true;
  }

  /// The records come from files beside the scenario; those stay, too.
  Answered changed_data() const {
    for (const auto& source : original_->sources) {
      const auto* own = student_->source(source.name);
      if (own == nullptr) continue;  // The settings tell that.
      const auto wanted = read_file(original_->path_of(source));
      const auto found = read_file(student_->path_of(*own));
      if (wanted && found && *wanted == *found) continue;
      return Finding{false,
                     {fmt::format("{}: must stay as it was.", own->file),
                      fmt::format("{}: 원래대로 두어야 합니다.", own->file)}};
    }
    return std::nullopt;
  }

  const Json* report_of_seed(std::int64_t seed) {
    const auto known = reports_.find(seed);
    if (known != reports_.end()) return &known->second;
    if (!load_both()) return nullptr;
    scenarios::Scenario scenario = *student_;
    scenario.seed = seed;
    say({fmt::format("running your scenario with seed {}", seed),
         fmt::format("시드 {} 실행 중", seed)});
    const auto report = scenarios::run_apart(scenario);
    if (!report) return trouble(report.error()), nullptr;
    return &(reports_[seed] = Json::parse(*report));
  }

  std::optional<std::int64_t> count_in_experiment(const Experiment& c) {
    const auto patch = read_file(lab_.directory + "/" + c.patch);
    if (!patch) return trouble(c.patch + ": " + patch.error());
    const bool own = c.on == Subject::student;
    const scenarios::Scenario& subject = own ? *student_ : *original_;
    std::string text;
    try {
      text = json_of(subject).patch(Json::parse(*patch)).dump();
    } catch (const nlohmann::json::exception& error) {
      return trouble(c.patch + ": " + error.what());
    }
    const auto loaded =
        scenarios::parse_scenario(text, "scenario.json with " + c.patch, subject.directory);
    if (!loaded.scenario) {
      result_.errors = loaded.errors;
      return stopped;
    }
    say({fmt::format("experiment with {} settings", own ? "your" : "the original"),
         fmt::format("{} 설정으로 실험하는 중", own ? "바꾼" : "원래")});
    const std::string file = workspace_.file("runs/experiment.run");
    const auto report = scenarios::run_apart(*loaded.scenario, file);
    if (!report) return trouble(report.error());
    const auto recording = sim::RecordingReader::open(file);
    if (!recording) return trouble(recording.error());
    const auto events = recording->events(sim::EventLevel::detail);
    return std::count_if(events.begin(), events.end(),
                         [&](const auto& event) { return event.kind == c.count; });
  }

  void say(const LocalText& words) const {
    if (tell_) tell_(words);
  }

  const Workspace& workspace_;
  const Lab& lab_;
  const Tell& tell_;
  CheckResult& result_;
  std::unique_ptr<sim::RecordingReader> recording_;
  std::optional<scenarios::Scenario> original_;
  std::optional<scenarios::Scenario> student_;
  std::map<std::int64_t, Json> reports_;
};

template <class F>
void for_each_prediction(const Lab& lab, const F& visit) {
  for (const LabTask& task : lab.tasks) {
    for (const Check& one : task.checks) {
      if (const auto* predicted = std::get_if<Predicted>(&one.what)) visit(*predicted);
    }
  }
}

std::string joined(const std::vector<std::string>& words) {
  std::string all;
  for (const std::string& word : words) all += (all.empty() ? "" : ", ") + word;
  return all;
}

/// What comes before the first run.
std::optional<LocalText> not_yet(const Workspace& workspace,
                                 const std::vector<std::string>& changes) {
  std::vector<std::string> open;
  for_each_prediction(workspace.lab, [&](const Predicted& predicted) {
    if (!answered(workspace.answers.at(predicted.answer)) &&
        !workspace.state.predictions.contains(predicted.answer)) {
      open.push_back(predicted.answer);
    }
  });
  if (!open.empty()) {
    return LocalText{
        fmt::format("First your prediction, please: a surprise teaches more than an answer does. "
                    "Write into answers.json: {}.",
                    joined(open)),
        fmt::format("먼저 예측을 적어 주세요. 답을 듣는 것보다 예측이 빗나갈 때 더 많이 배웁니다. "
                    "answers.json에 적을 항목: {}.",
                    joined(open))};
  }
  if (changes.empty()) return std::nullopt;
  return LocalText{
      fmt::format("The first run is of the scenario as it was given. Undo for now: {}.",
                  joined(changes)),
      fmt::format("첫 실행은 주어진 시나리오 그대로 해 주세요. 지금은 되돌려 둘 항목: {}.",
                  joined(changes))};
}

}  // namespace

bool CheckResult::passed() const {
  return checked() &&
         std::all_of(tasks.begin(), tasks.end(), [](const auto& task) { return task.passed; });
}

CheckResult check(Workspace& workspace, const Tell& tell) {
  CheckResult result;
  Checker checker(workspace, tell, result);
  std::vector<std::string> passed;
  bool open = false;
  for (const LabTask& task : workspace.lab.tasks) {
    TaskResult& now = result.tasks.emplace_back();
    now.id = task.id;
    if (open) continue;
    now.looked_at = true;
    for (const Check& one : task.checks) {
      auto finding = checker.find(one);
      if (!finding) return result;
      open = !finding->passed;
      now.findings.push_back(std::move(*finding));
      if (open) break;
    }
    now.passed = !open;
    if (now.passed) passed.push_back(task.id);
  }
  workspace.state.passed = std::move(passed);
  return result;
}

Hint next_hint(Workspace& workspace) {
  CheckResult ignored;
  const Tell silent;
  Checker checker(workspace, silent, ignored);
  const auto& passed = workspace.state.passed;
  for (const LabTask& task : workspace.lab.tasks) {
    const bool open = std::any_of(task.checks.begin(), task.checks.end(), [&](const Check& one) {
      if (needs_a_run(one)) return std::find(passed.begin(), passed.end(), task.id) == passed.end();
      const auto finding = checker.find(one);
      return !finding || !finding->passed;
    });
    if (!open) continue;
    int& given = workspace.state.hints[task.id];
    const int all = static_cast<int>(task.hints.size());
    Hint hint{task.id, {}, std::min(given + 1, all), all, given >= all};
    hint.words = task.hints[static_cast<std::size_t>(hint.number - 1)];
    given = hint.number;
    return hint;
  }
  return {};
}

RunPlan plan_run(const Workspace& workspace) {
  RunPlan plan;
  scenarios::Loaded student = scenarios::load_scenario(workspace.scenario_file());
  const scenarios::Loaded original = load_original(workspace.lab);
  plan.errors = std::move(student.errors);
  plan.errors.insert(plan.errors.end(), original.errors.begin(), original.errors.end());
  plan.warnings = std::move(student.warnings);
  if (!plan.errors.empty()) return plan;
  const auto changes = differences(without_words(json_of(*original.scenario)),
                                   without_words(json_of(*student.scenario)));
  plan.first = changes.empty();
  if (!workspace.ran()) plan.refusal = not_yet(workspace, changes);
  if (plan.refusal) return plan;
  plan.record = plan.first ? workspace.first_run() : workspace.latest_run();
  plan.scenario = std::move(student.scenario);
  return plan;
}

std::vector<LocalText> finish_run(Workspace& workspace, const RunPlan& plan) {
  if (!plan.first) return {};
  const auto recording = sim::RecordingReader::open(plan.record);
  if (!recording) return {{recording.error(), {}}};
  const auto report = report_of(*recording);
  if (!report) return {{report.error(), {}}};
  std::vector<LocalText> words;
  auto& kept = workspace.state.predictions;
  for_each_prediction(workspace.lab, [&](const Predicted& predicted) {
    kept.try_emplace(predicted.answer, to_text(workspace.answers.at(predicted.answer)));
    words.push_back(compare(predicted, *workspace.lab.question(predicted.answer),
                            kept.at(predicted.answer), *report));
  });
  return words;
}

}  // namespace brokerlab::labs
