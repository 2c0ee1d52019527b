#include "labs/checker.h"

#include "labs/files.h"
#include "labs/prover.h"
#include "labs/subjects.h"
#include "labs/trials.h"
#include "labs/words.h"
#include "scenarios/loader.h"
#include "scenarios/runner.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <memory>

namespace brokerlab::labs {
namespace {

/// Ends a check early: what stands in the way is in the CheckResult.
constexpr auto no_run = std::nullopt;

/// Long enough for the cluster to have leaders.
constexpr Duration shortest_first_run = 20s;

/// Answers the checks of one workspace; keeps runs and files that several checks need.
class Checker {
 public:
  using Answered = std::optional<Finding>;

  Checker(const Workspace& workspace, const Hearing& hearing, bool keep_refuted,
          CheckResult& result)
      : workspace_(workspace),
        lab_(workspace.lab),
        hearing_(hearing),
        keep_refuted_(keep_refuted),
        result_(result),
        prover_(workspace.file(".proofs")) {}
  int runs_made() const { return prover_.runs_made(); }

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
    if (workspace_.ran()) return Finding{true, both(phrase("The first run is recorded."))};
    return Finding{false, both(phrase("There is no recording yet: ./brokerlab lab run"))};
  }

  Answered operator()(const Reading& c) {
    if (!open_first_run()) return no_run;
    const auto report = report_of(*recording_);
    if (!report) return trouble(report.error());
    return check_reading(c, workspace_.answers.at(c.answer), *report);
  }

  Answered operator()(const LongestWait& c) {
    if (!open_first_run()) return no_run;
    return check_longest_wait(c, workspace_.answers.at(c.answer),
                              find_chain(*recording_, c.from, c.back_to));
  }

  Answered operator()(const SettingBehindWait& c) {
    if (!open_first_run()) return no_run;
    SettingsReport problems;
    Json settings;
    if (!parse_json(recording_->meta("scenario_json"), settings, problems)) {
      return trouble(tr("the recording has no scenario; run the lab again"));
    }
    return check_setting_behind_wait(c, workspace_.answers.at(c.answer),
                                     find_chain(*recording_, c.from, c.back_to), settings);
  }

  Answered operator()(const OnlyChanged& c) {
    if (!load_both()) return no_run;
    if (auto changed = changed_data()) return changed;
    return check_only_changed(c, without_words(json_of(*original_)),
                              without_words(json_of(*student_)));
  }

  Answered operator()(const Survives& c) {
    if (!load_both()) return no_run;
    if (without_words(json_of(*original_)) == without_words(json_of(*student_))) {
      return Finding{false, both(phrase("scenario.json is as the lab gave it: it is for you to "
                                        "change."))};
    }
    int runs = 0;
    for (const TrialOf& one : c.trials) {
      const Answered finding = survives(one, runs);
      if (!finding || !finding->passed) return finding;
    }
    return Finding{
        true, both(phrase("{} runs in {} trials: all as they should be.", runs, c.trials.size()))};
  }

  Answered operator()(const Experiment& c) {
    const Answer& answer = workspace_.answers.at(c.answer);
    if (!answered(answer)) return check_predicted(*lab_.question(c.answer), answer);
    if (!load_both()) return no_run;
    const ExperimentSpec& experiment = *lab_.experiment(c.experiment);
    const bool own = c.on == Subject::student;
    Problems problems;
    auto scenario = patched_by(lab_, experiment.patch, own ? *student_ : *original_, {}, problems);
    if (!scenario) {
      result_.errors = std::move(problems);
      return no_run;
    }
    std::int64_t counted = 0;
    const LocalText title = in_both([&](Language l) {
      return own ? tr_in(l, "{}, your settings", pick(experiment.title, l))
                 : tr_in(l, "{}, the original settings", pick(experiment.title, l));
    });
    const auto count = [&](std::size_t, const Proof& proof) {
      const auto found = proof.events.find(c.count);
      counted = found == proof.events.end() ? 0 : found->second;
      return true;
    };
    Wanted wanted{std::move(*scenario)};
    wanted.events = true;
    if (!prove({std::move(wanted)}, title, count)) return no_run;
    return check_count(answer, counted, c.on);
  }

 private:
  /// What a trial runs, and the words for each run.
  struct Batch {
    std::vector<Wanted> wanted;
    std::vector<LocalText> where;
  };

  std::nullopt_t trouble(std::string words) {
    result_.trouble = std::move(words);
    return no_run;
  }

  bool open_first_run() {
    if (recording_) return true;
    auto opened = recording::Reader::open(workspace_.first_run());
    if (!opened) return trouble(opened.error()), false;
    recording_ = std::make_unique<recording::Reader>(std::move(opened).value());
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
      const auto originals = source.files();
      const auto files = own->files();
      for (std::size_t i = 0; i < std::min(originals.size(), files.size()); ++i) {
        const auto wanted = read_file(original_->path_of(*originals[i]));
        const auto found = read_file(student_->path_of(*files[i]));
        if (wanted && found && *wanted == *found) continue;
        return Finding{false, both(phrase("{}: must stay as it was.", *files[i]))};
      }
    }
    return std::nullopt;
  }

  bool prove(const std::vector<Wanted>& wanted, const LocalText& title,
             const std::function<bool(std::size_t, const Proof&)>& proved) {
    const auto status = prover_.prove(wanted, proved, [&](int done, int runs, double share) {
      if (hearing_.progress) hearing_.progress(title, done, runs, share);
    });
    if (!status) return trouble(status.error()), false;
    return true;
  }

  scenarios::Scenario with_seed(std::int64_t seed) const {
    scenarios::Scenario scenario = *student_;
    scenario.seed = seed;
    scenario.recording = {};
    return scenario;
  }

  /// Of each seed what happens when nothing goes wrong, up to where the trial chooses its moments.
  bool look_first(const Trial& trial, std::vector<Proof>& first) {
    std::vector<Wanted> wanted;
    const Duration end = std::max(trial.to, shortest_first_run);
    for (int i = 0; i < trial.seeds; ++i) {
      const std::int64_t seed = lab_.seeds[static_cast<std::size_t>(i)];
      Wanted one{before_faults(with_seed(seed), end)};
      one.exposed = true;
      one.from = Time(trial.from);
      one.to = Time(end);
      wanted.push_back(std::move(one));
    }
    first.resize(wanted.size());
    return prove(wanted, both(phrase("looking for the moments that count")),
                 [&](std::size_t i, const Proof& proof) {
                   first[i] = proof;
                   return true;
                 });
  }

  std::optional<Batch> batch_of(const Trial& trial) {
    std::vector<Proof> first;
    if ((trial.moments > 0 || !trial.patch.empty()) && !look_first(trial, first)) return no_run;
    Batch batch;
    for (int i = 0; i < trial.seeds; ++i) {
      const std::int64_t seed = lab_.seeds[static_cast<std::size_t>(i)];
      const auto brokers = first.empty()
                               ? std::vector<std::string>()
                               : victim_and_others(*first[static_cast<std::size_t>(i)].report);
      scenarios::Scenario scenario = with_seed(seed);
      if (!trial.patch.empty()) {
        auto other = patched_by(lab_, trial.patch, scenario, brokers, result_.errors);
        if (!other) return no_run;
        scenario = std::move(*other);
      }
      if (trial.moments == 0) {
        add(batch, std::move(scenario), in_both([&](Language l) {
              return tr_in(l, "{}, seed {}", pick(trial.title, l), seed);
            }));
        continue;
      }
      const auto moments = choose_moments(first[static_cast<std::size_t>(i)].exposed,
                                          brokers.empty() ? "" : brokers.front(), Time(trial.from),
                                          Time(trial.to), trial.moments);
      for (const Time moment : moments) {
        add(batch, moved(scenario, moment, trial.watch), in_both([&](Language l) {
              return tr_in(l, "{}, seed {}, crash at t={:.6f}s", pick(trial.title, l), seed,
                           to_seconds(moment));
            }));
      }
    }
    return batch;
  }

  static void add(Batch& batch, scenarios::Scenario scenario, LocalText where) {
    batch.wanted.push_back({std::move(scenario)});
    batch.where.push_back(std::move(where));
  }

  Answered survives(const TrialOf& one, int& runs) {
    const Trial& trial = *lab_.trial(one.trial);
    auto batch = batch_of(trial);
    if (!batch) return no_run;
    std::vector<const Outcome*> outcomes;
    for (const std::string& name : one.outcomes) outcomes.push_back(lab_.outcome(name));
    std::vector<Finding> findings(batch->wanted.size());
    std::vector<bool> known(batch->wanted.size());
    const auto judge = [&](std::size_t i, const Proof& proof) {
      findings[i] = check_outcomes(outcomes, *proof.report, batch->where[i]);
      known[i] = true;
      if (findings[i].passed) return true;
      add_how_lost(findings[i], *proof.report, batch->wanted[i].scenario);
      return false;
    };
    if (!prove(batch->wanted, trial.title, judge)) return no_run;
    for (std::size_t i = 0; i < findings.size(); ++i) {
      if (!known[i] || findings[i].passed) continue;
      result_.trial = trial.name;
      if (keep_refuted_) record_refuted(batch->wanted[i].scenario);
      return findings[i];
    }
    runs += static_cast<int>(findings.size());
    return Finding{true, {}};
  }

  void add_how_lost(Finding& finding, const Json& report, const scenarios::Scenario& scenario) {
    const LocalText how = how_lost(report, json_of(scenario));
    if (how.en.empty()) return;
    result_.lost = true;
    finding.words.en += " " + how.en;
    finding.words.ko += " " + how.ko;
  }

  /// So that the student can ask it why.
  void record_refuted(const scenarios::Scenario& scenario) {
    const std::string file = workspace_.run_file("refuted");
    if (scenarios::run_apart(scenario, file)) result_.recording = file;
  }

  const Workspace& workspace_;
  const Lab& lab_;
  const Hearing& hearing_;
  const bool keep_refuted_;
  CheckResult& result_;
  Prover prover_;
  std::unique_ptr<recording::Reader> recording_;
  std::optional<scenarios::Scenario> original_;
  std::optional<scenarios::Scenario> student_;
};

}  // namespace

bool CheckResult::passed() const {
  return checked() &&
         std::all_of(tasks.begin(), tasks.end(), [](const auto& task) { return task.passed; });
}

CheckResult check(Workspace& workspace, const Hearing& hearing, bool keep_refuted) {
  CheckResult result;
  Checker checker(workspace, hearing, keep_refuted, result);
  std::vector<std::string> passed;
  bool open = false;
  for (std::size_t i = 0; i < workspace.lab.tasks.size() && result.checked(); ++i) {
    const LabTask& task = workspace.lab.tasks[i];
    TaskResult& now = result.tasks.emplace_back();
    now.id = task.id;
    if (open) continue;
    now.looked_at = true;
    for (const Check& one : task.checks) {
      // What is wrong is told at once, as far as that needs no runs: those are made when the rest
      // is right.
      if (open && needs_runs(one)) break;
      auto finding = checker.find(one);
      if (!finding) break;
      open = open || !finding->passed;
      now.findings.push_back(std::move(*finding));
      if (open && std::holds_alternative<FirstRun>(one.what)) break;  // Nothing to look into.
    }
    now.passed = !open && result.checked();
    if (now.passed) passed.push_back(task.id);
    if (hearing.task && result.checked()) hearing.task(i, now);
  }
  if (result.checked()) workspace.state.passed = std::move(passed);
  result.runs_made = checker.runs_made();
  return result;
}

bool is_open(const Workspace& workspace, const LabTask& task) {
  CheckResult ignored;
  const Hearing silent;
  Checker checker(workspace, silent, false, ignored);
  const auto& passed = workspace.state.passed;
  return std::any_of(task.checks.begin(), task.checks.end(), [&](const Check& one) {
    if (needs_runs(one) || std::holds_alternative<OnlyChanged>(one.what)) {
      return std::find(passed.begin(), passed.end(), task.id) == passed.end();
    }
    const auto finding = checker.find(one);
    return !finding || !finding->passed;
  });
}

std::size_t first_open(const Workspace& workspace) {
  const auto& tasks = workspace.lab.tasks;
  const auto found = std::find_if(tasks.begin(), tasks.end(),
                                  [&](const LabTask& task) { return is_open(workspace, task); });
  return static_cast<std::size_t>(found - tasks.begin());
}

}  // namespace brokerlab::labs
