#include "scenarios/fuzz/shrink.h"

#include "scenarios/fuzz/fault_names.h"
#include "scenarios/loader.h"
#include "scenarios/runner.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <iterator>

namespace brokerlab::scenarios {
namespace {

using Parts = std::vector<std::string>;

/// How much text it is: the largest is left out first.
std::size_t weight(const Json& value) { return json_text(value).size(); }

void collect(const Json& value, const std::string& path,
             std::vector<std::pair<std::size_t, Parts>>& all) {
  const auto add = [&](const std::string& key, const Json& below) {
    const std::string here = path + "/" + key;
    all.push_back({weight(below), {here}});
    collect(below, here, all);
  };
  if (value.is_object()) {
    for (const auto& [key, below] : value.items()) add(key, below);
  } else if (value.is_array()) {
    for (std::size_t i = value.size(); i-- > 0;) add(std::to_string(i), value[i]);
  }
}

/// A fault with all that speaks of it by its name.
Parts fault_and_its_end(const Json& faults, std::size_t place) {
  Parts parts{fmt::format("/faults/{}", place)};
  for (const std::size_t other : faults_that_name(faults, place)) {
    parts.push_back(fmt::format("/faults/{}", other));
  }
  return parts;
}

Json without(const Json& scenario, const Parts& parts) {
  Json smaller = scenario;
  // From behind: the places before stay what they are.
  Parts sorted = parts;
  std::sort(sorted.begin(), sorted.end(), [](const std::string& a, const std::string& b) {
    return a.size() != b.size() ? a.size() > b.size() : a > b;
  });
  for (const std::string& part : sorted) {
    const std::size_t slash = part.rfind('/');
    Json& above = smaller[Json::json_pointer(part.substr(0, slash))];
    const std::string key = part.substr(slash + 1);
    if (above.is_array()) {
      above.erase(static_cast<std::size_t>(std::stoull(key)));
    } else {
      above.erase(key);
    }
  }
  return smaller;
}

/// The same scenario with smaller numbers in it.
std::vector<Json> with_less(const Json& scenario) {
  std::vector<Json> all;
  const auto try_number = [&](const std::string& path) {
    const Json::json_pointer place(path);
    if (!scenario.contains(place) || !scenario[place].is_number_integer()) return;
    const auto number = scenario[place].get<std::int64_t>();
    for (const std::int64_t less : {std::int64_t{1}, number / 2, number - 1}) {
      if (less < 1 || less >= number) continue;
      Json smaller = scenario;
      smaller[place] = less;
      all.push_back(std::move(smaller));
    }
  };
  for (const char* path : {"/brokers/count", "/zookeeper/nodes"}) try_number(path);
  const auto each = [&](const char* list, const char* key) {
    for (std::size_t i = 0; scenario.contains(list) && i < scenario[list].size(); ++i) {
      try_number(fmt::format("/{}/{}/{}", list, i, key));
    }
  };
  each("topics", "partitions");
  each("topics", "replication.factor");
  each("consumers", "members");
  return all;
}

/// The smallest so far.
struct Best {
  Json scenario;
  Finding finding;
  int runs = 0;
};

/// Looks at many smaller ones at once, takes the first in their order that shows the same.
class Shrinking {
 public:
  Shrinking(Family family, Best& best, const ShrinkLimits& limits,
            const std::function<void(int)>& progress)
      : family_(family), best_(best), limits_(limits), progress_(progress) {}

  /// The place of the one that was taken; nothing: none shows it.
  std::optional<std::size_t> try_in_order(const std::vector<Json>& candidates) {
    std::optional<std::size_t> taken;
    std::vector<std::size_t> places;
    std::size_t next = 0;
    run_apart(
        [&](std::size_t) -> std::optional<ApartJob> {
          while (next < candidates.size() && best_.runs < limits_.most_runs) {
            const std::size_t place = next++;
            auto job = job_of(candidates[place]);
            if (!job) continue;
            places.push_back(place);
            ++best_.runs;
            if (progress_) progress_(best_.runs);
            return job;
          }
          return std::nullopt;
        },
        [&](std::size_t job, Result<ApartRun, std::string> run) {
          const std::size_t place = places[job];
          Result<std::string, std::string> report =
              run ? Result<std::string, std::string>(std::move(run->report)) : fail(run.error());
          auto seen = look_at(family_, candidates[place], report);
          if (!seen || seen->kind != best_.finding.kind) return true;
          if (taken && *taken < place) return true;
          taken = place;
          found_ = std::move(*seen);
          return false;
        });
    if (taken) {
      best_.scenario = candidates[*taken];
      best_.finding = found_;
    }
    return taken;
  }

 private:
  /// Nothing: it is no scenario, as one without what is needed.
  std::optional<ApartJob> job_of(const Json& candidate) const {
    Loaded loaded = parse_scenario(json_text(candidate), "smaller.json", ".");
    if (!loaded.scenario) return std::nullopt;
    ApartJob job{std::move(*loaded.scenario)};
    job.most_cpu_seconds = limits_.most_cpu_seconds;
    return job;
  }

  const Family family_;
  Best& best_;
  const ShrinkLimits& limits_;
  const std::function<void(int)>& progress_;
  Finding found_;
};

}  // namespace

std::vector<Parts> parts_to_leave_out(const Json& scenario) {
  std::vector<std::pair<std::size_t, Parts>> all;
  collect(scenario, "", all);
  if (scenario.contains("faults")) {
    const Json& faults = scenario["faults"];
    for (std::size_t i = faults.size(); i-- > 0;) {
      const Parts together = fault_and_its_end(faults, i);
      if (together.size() > 1) all.push_back({2 * weight(faults[i]), together});
    }
  }
  std::stable_sort(all.begin(), all.end(),
                   [](const auto& a, const auto& b) { return a.first > b.first; });
  std::vector<Parts> parts;
  std::transform(all.begin(), all.end(), std::back_inserter(parts),
                 [](auto& one) { return std::move(one.second); });
  return parts;
}

Shrunk shrink(Family family, const Json& scenario, const Finding& finding,
              const ShrinkLimits& limits, const std::function<void(int)>& progress) {
  Best best{scenario, finding};
  Shrinking shrinking(family, best, limits, progress);
  for (bool smaller = true; smaller && best.runs < limits.most_runs;) {
    smaller = false;
    // What has just been left out leaves the rest of the list in its order: going on behind it
    // spares trying again what was needed a moment ago.
    std::size_t from = 0;
    while (best.runs < limits.most_runs) {
      const std::vector<Parts> parts = parts_to_leave_out(best.scenario);
      std::vector<Json> candidates;
      for (std::size_t i = std::min(from, parts.size()); i < parts.size(); ++i) {
        candidates.push_back(without(best.scenario, parts[i]));
      }
      const auto taken = shrinking.try_in_order(candidates);
      if (!taken) break;
      from += *taken;
      smaller = true;
    }
    while (shrinking.try_in_order(with_less(best.scenario))) smaller = true;
  }
  return {json_text(best.scenario, 1) + "\n", best.finding, best.runs};
}

}  // namespace brokerlab::scenarios
