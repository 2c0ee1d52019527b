#include "plan/search/planner.h"

#include "base/translation.h"
#include "plan/objectives.h"

#include <algorithm>
#include <set>

namespace brokerlab::plan {
namespace {

constexpr double kept_in_steadiness = 0.99;
constexpr double kept_in_rehearsal = 0.999;

bool has_rehearsal(const Planning& planning) { return planning.workload.survive != Loss::nothing; }

const Need* refusal_of(const Planning& planning, const ClusterPlan& cluster,
                       std::vector<Need>& needs) {
  needs = needs_of(planning, cluster);
  return broken(needs);
}

std::string act_name(Act act) {
  return act == Act::degraded ? tr("the peak without what is lost") : tr("the loss at the peak");
}

/// Of each machine the largest cluster with the most disks: nothing larger can be bought.
std::vector<Choice> largest_of(const PlanSpace& space) {
  std::map<std::size_t, Choice> of_machine;
  for (std::size_t c = 0; c < space.columns.size(); ++c) {
    if (space.columns[c].costs.empty()) continue;
    const Choice choice{c, space.columns[c].costs.size() - 1};
    const auto [at, is_new] = of_machine.try_emplace(space.builds[c].machine, choice);
    if (!is_new && space.builds[at->second.column].disks < space.builds[c].disks) {
      at->second = choice;
    }
  }
  std::vector<Choice> all;
  all.reserve(of_machine.size());
  for (const auto& [machine, choice] : of_machine) all.push_back(choice);
  return all;
}

void tell_why_none(const Planning& planning, const PlanSpace& space, const SimulationOracle& oracle,
                   PlanResult& result) {
  for (const Choice& choice : largest_of(space)) {
    const auto judged = oracle.judged().find(choice);
    if (judged != oracle.judged().end()) {
      result.failed_largest.push_back(judged->second);
      continue;
    }
    ClusterPlan cluster = worked_out(planning, space.candidate(choice));
    std::vector<Need> needs;
    if (const Need* need = refusal_of(planning, cluster, needs)) {
      result.impossible.push_back({std::move(cluster), *need});
    }
  }
}

}  // namespace

PlanSpace space_of(const Planning& planning) {
  PlanSpace space;
  space.builds = builds_of(planning);
  space.step = broker_step(planning.workload);
  const auto sizes = static_cast<std::size_t>(planning.workload.most_brokers / space.step);
  for (std::size_t c = 0; c < space.builds.size(); ++c) {
    Column column;
    column.first = sizes;
    column.kind = space.builds[c].machine;
    for (std::size_t s = 0; s < sizes; ++s) {
      const ClusterPlan cluster =
          worked_out(planning, {space.builds[c], static_cast<int>(s + 1) * space.step});
      column.costs.push_back(cluster.cost.total());
      std::vector<Need> needs;
      if (column.first == sizes && refusal_of(planning, cluster, needs) == nullptr) {
        column.first = s;
      }
    }
    for (std::size_t other = 0; other < space.builds.size(); ++other) {
      Build one_more = space.builds[c];
      ++one_more.disks;
      if (!one_more.disk.empty() && space.builds[other] == one_more) column.more = other;
    }
    space.columns.push_back(std::move(column));
  }
  return space;
}

std::vector<Phrase> missed_by(const Planning& planning, Act act, const KeyFigures& figures) {
  const PlanObjectives& wanted = planning.workload.objectives;
  Objectives objectives;
  objectives.utilisation = wanted.utilisation;
  objectives.p99_produce = wanted.p99_produce;
  objectives.p99_end_to_end = wanted.p99_end_to_end;
  objectives.kept = kept_in_steadiness;
  if (act == Act::rehearsal) {
    objectives.kept = kept_in_rehearsal;
    objectives.utilisation = 1e9;
    objectives.p99_produce = objectives.p99_end_to_end = max_duration;
    objectives.drain = wanted.drain;
  }
  std::vector<Phrase> all = missed(objectives, figures);
  const double unavailable = figures.unavailable_s;
  if (act == Act::rehearsal) {
    if (wanted.unavailable && unavailable > to_seconds(*wanted.unavailable)) {
      all.push_back(phrase("a partition took no records for {:.1f} s", unavailable));
    }
    if (figures.under_replicated_at_end) all.push_back(phrase("replicas missing at the end"));
  } else if (planning.workload.survive == Loss::nothing && figures.under_replicated_s > 0) {
    all.push_back(
        phrase("replicas missing for {:.0f} s, and nothing was lost", figures.under_replicated_s));
  }
  return all;
}

SimulationOracle::SimulationOracle(const Planning& planning, const PlanSpace& space,
                                   const PlanOptions& options, TrialBook& book,
                                   std::function<void(const PlanProgress&)> progress)
    : planning_(planning),
      space_(space),
      options_(options),
      book_(book),
      progress_(std::move(progress)) {}

Judged& SimulationOracle::judged_of(Choice choice) {
  const auto [at, is_new] = judged_.try_emplace(choice);
  if (is_new) {
    at->second.choice = choice;
    at->second.cluster = worked_out(planning_, space_.candidate(choice));
    std::vector<Need> needs;
    if (const Need* need = refusal_of(planning_, at->second.cluster, needs)) {
      at->second.missed.push_back(need->words);
    }
  }
  return at->second;
}

bool SimulationOracle::is_known(const Task& task) {
  const Judged& judged = judged_of(task.choice);
  const auto& known = task.act == Act::degraded ? judged.degraded : judged.rehearsal;
  return known.contains(task.seed);
}

/// In this order; whoever has missed something is asked nothing more.
bool SimulationOracle::run(const std::vector<Task>& tasks) {
  std::size_t next = 0;
  std::vector<Task> begun;
  const auto progress = [&](const Task& task) {
    if (!progress_) return;
    // A search of this kind takes some ten screenings, then all that is asked of the answer.
    const double thorough = 3.0 * static_cast<double>(options_.seeds.size());
    const double expected = std::max(10.0 + thorough, static_cast<double>(runs_) + thorough);
    progress_({runs_, static_cast<double>(runs_) / expected,
               words_of(planning_, judged_of(task.choice).cluster)});
  };
  const auto status = run_trials(
      book_, {options_.most_cpu_seconds},
      [&](std::size_t) -> std::optional<scenarios::Scenario> {
        while (next < tasks.size() && trouble_.empty()) {
          const Task task = tasks[next++];
          const Judged& judged = judged_of(task.choice);
          if (!judged.holds() || is_known(task)) continue;
          scenarios::Loaded loaded = scenario_of(planning_, judged.cluster, task.act, task.seed);
          if (!loaded.scenario) {
            trouble_ = brokerlab::to_text(loaded.errors);
            return std::nullopt;
          }
          progress(task);
          begun.push_back(task);
          return std::move(*loaded.scenario);
        }
        return std::nullopt;
      },
      [&](std::size_t trial, Result<Outcome, std::string> outcome) {
        const Task& task = begun[trial];
        Judged& judged = judged_of(task.choice);
        if (!outcome) {
          if (trouble_.empty()) {
            trouble_ = tr("{}, {}: {}", words_of(planning_, judged.cluster), act_name(task.act),
                          outcome.error());
          }
          return;
        }
        ++runs_;
        if (!outcome->from_before) cpu_seconds_ += outcome->cpu_seconds;
        auto& known = task.act == Act::degraded ? judged.degraded : judged.rehearsal;
        known[task.seed] = outcome->figures;
        // The first in the order of tasks is what is told, whichever ends first.
        for (const Task& one : begun) {
          if (one.choice != task.choice || !is_known(one)) continue;
          const auto& figures = one.act == Act::degraded ? judged.degraded : judged.rehearsal;
          judged.missed = missed_by(planning_, one.act, figures.at(one.seed));
          if (!judged.missed.empty()) break;
        }
        progress(task);
      });
  if (!status.ok()) trouble_ = status.error();
  // What ran beside the first that missed something depends on how many cores there are: it is as
  // if it had not run.
  std::set<Choice> refused;
  for (const Task& task : begun) {
    Judged& judged = judged_of(task.choice);
    auto& known = task.act == Act::degraded ? judged.degraded : judged.rehearsal;
    if (refused.contains(task.choice)) {
      known.erase(task.seed);
    } else if (known.contains(task.seed) &&
               !missed_by(planning_, task.act, known.at(task.seed)).empty()) {
      refused.insert(task.choice);
    }
  }
  return trouble_.empty();
}

std::optional<std::vector<bool>> SimulationOracle::ask(const std::vector<Choice>& choices,
                                                       Depth depth) {
  std::vector<Task> tasks;
  for (const Choice& choice : choices) {
    if (depth == Depth::screening) {
      tasks.push_back({choice, Act::degraded, options_.seeds.front()});
      continue;
    }
    for (const std::int64_t seed : options_.seeds) {
      if (has_rehearsal(planning_)) tasks.push_back({choice, Act::rehearsal, seed});
    }
    for (const std::int64_t seed : options_.seeds) tasks.push_back({choice, Act::degraded, seed});
  }
  if (!run(tasks)) return std::nullopt;
  std::vector<bool> replies;
  for (const Choice& choice : choices) {
    Judged& judged = judged_of(choice);
    judged.thorough = judged.thorough || (depth == Depth::thorough && judged.holds());
    replies.push_back(judged.holds());
  }
  return replies;
}

Result<PlanResult, std::string> make_plan(
    const Planning& planning, const PlanOptions& options, TrialBook& book,
    const std::function<void(const PlanProgress&)>& progress) {
  const PlanSpace space = space_of(planning);
  SimulationOracle oracle(planning, space, options, book, progress);
  const SearchAnswer answer = search(space.columns, oracle, options.search);
  if (!answer.ended) return fail(oracle.trouble());
  PlanResult result;
  result.cpu_seconds = oracle.cpu_seconds();
  for (const Column& column : space.columns) {
    result.clusters += column.costs.size();
    result.refused += column.first;
  }
  for (const auto& [choice, judged] : oracle.judged()) {
    const std::size_t runs = judged.degraded.size() + judged.rehearsal.size();
    result.runs += runs;
    if (runs > 0) result.tried.push_back(judged);
  }
  std::stable_sort(result.tried.begin(), result.tried.end(), [](const Judged& a, const Judged& b) {
    return a.cluster.cost.total() < b.cluster.cost.total();
  });
  if (!answer.best) {
    tell_why_none(planning, space, oracle, result);
    return result;
  }
  result.best = oracle.judged().at(*answer.best);
  result.needs = needs_of(planning, result.best->cluster);
  if (options.rehearse_work) {
    auto work = rehearse_work(planning, result.best->cluster, options.seeds.front(), book,
                              {options.most_cpu_seconds});
    if (!work) return fail(work.error());
    result.work = std::move(*work);
    result.runs += result.work.size();
  }
  for (const Choice& choice : answer.beside) result.beside.push_back(oracle.judged().at(choice));
  if (answer.runner_up) result.runner_up = oracle.judged().at(*answer.runner_up);
  if (answer.best->size > 0 && answer.best->size - 1 < space.columns[answer.best->column].first) {
    ClusterPlan less =
        worked_out(planning, space.candidate({answer.best->column, answer.best->size - 1}));
    std::vector<Need> needs;
    if (const Need* need = refusal_of(planning, less, needs)) {
      result.smaller = Refused{std::move(less), *need};
    }
  }
  return result;
}

}  // namespace brokerlab::plan
