#include "cli/deeds.h"

#include "base/file_replacement.h"
#include "base/installation.h"
#include "base/translation.h"
#include "scenarios/loader.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <optional>
#include <set>
#include <vector>

namespace brokerlab::cli {
namespace {

namespace fs = std::filesystem;

Duration moment_of(const Json& fault) {
  const auto at = fault.find("at");
  if (at == fault.end() || !at->is_string()) return {};
  const auto t = parse_duration(at->get<std::string>());
  return t ? *t : Duration{};
}

Json& faults_of(Json& scenario) {
  Json& faults = scenario["faults"];
  if (!faults.is_array()) faults = Json::array();
  return faults;
}

/// In the order of time; of one moment, in that of doing.
void insert(Json& scenario, Json fault) {
  Json& faults = faults_of(scenario);
  std::vector<Json> sorted(faults.begin(), faults.end());
  sorted.push_back(std::move(fault));
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const Json& a, const Json& b) { return moment_of(a) < moment_of(b); });
  faults = sorted;
}

/// The machine that a fault is about, if it names one: {"slow_disk": {"machine": "broker-1"}}.
std::string machine_of(const Json& action) {
  if (action.is_string()) return action.get<std::string>();
  if (!action.is_object()) return {};
  if (const auto machine = action.find("machine"); machine != action.end()) {
    return machine_of(*machine);
  }
  const auto between = action.find("between");
  if (between == action.end() || !between->is_array() || between->size() != 1) return {};
  return machine_of(between->front());
}

/// What befell a machine in the scenario up to a moment, and is not undone.
struct Wrongs {
  bool powered = true;
  bool running = true;
  std::vector<std::string> named;  ///< Faults that can be healed.
};

Wrongs wrongs_of(Json& scenario, const std::string& machine, Time at) {
  Wrongs wrongs;
  std::set<std::string> known{machine};  // and what its faults have called it
  for (const Json& fault : faults_of(scenario)) {
    if (Time(moment_of(fault)) > at) continue;
    for (const auto& [kind, action] : fault.items()) {
      if (kind == "at" || kind == "as") continue;
      const std::string as = fault.contains("as") ? machine_of(fault["as"]) : "";
      if (kind == "heal") std::erase(wrongs.named, machine_of(action));
      if (!known.contains(machine_of(action))) continue;
      if (kind == "power_off") wrongs.powered = false;
      if (kind == "power_on") wrongs.powered = wrongs.running = true;
      if (kind == "kill_process" || kind == "stop_process") wrongs.running = false;
      if (kind == "start_process") wrongs.running = true;
      const bool of_power = kind.starts_with("power_") || kind.ends_with("_process");
      if (of_power && !as.empty()) known.insert(as);
      if (!of_power && !as.empty() && kind != "heal") wrongs.named.push_back(as);
    }
  }
  return wrongs;
}

Status<std::string> put_right(Json& scenario, const std::string& machine, Time at) {
  const Wrongs wrongs = wrongs_of(scenario, machine, at);
  const std::string when = to_text(at.time_since_epoch());
  if (!wrongs.powered) {
    insert(scenario, {{"at", when}, {"power_on", machine}});
  } else if (!wrongs.running) {
    insert(scenario, {{"at", when}, {"start_process", machine}});
  }
  for (const std::string& fault : wrongs.named) {
    insert(scenario, {{"at", when}, {"heal", fault}});
  }
  if (!wrongs.powered || !wrongs.running || !wrongs.named.empty()) return {};
  return fail(tr("nothing was done to {} that could be put right", machine));
}

/// A name that no fault has yet, so that the fault can be healed.
std::string free_name(Json& scenario, const std::string& kind) {
  for (int i = 1;; ++i) {
    std::string name = fmt::format("{}-{}", kind, i);
    const Json& faults = faults_of(scenario);
    const bool taken = std::any_of(faults.begin(), faults.end(), [&](const Json& fault) {
      return fault.contains("as") && fault["as"] == name;
    });
    if (!taken) return name;
  }
}

std::string rate_text(double per_second) { return fmt::format("{}/s", per_second); }

/// Steps that are `factor` times as high from one moment to another.
Json spiked(const std::vector<scenarios::RateStep>& steps, double factor, Duration from,
            Duration until) {
  Json spiked = Json::array();
  const auto add = [&](Duration t, double rate) {
    spiked.push_back({{"from", to_text(t)}, {"rate", rate_text(rate)}});
  };
  double now = 0;
  bool begun = false;
  bool ended = false;
  const auto turn = [&](Duration t) {  // What lies at or before t is told.
    if (!begun && t >= from) {
      begun = true;
      if (t > from) add(from, now * factor);
    }
    if (begun && !ended && t >= until) {
      ended = true;
      if (t > until) add(until, now);
    }
  };
  for (const scenarios::RateStep& step : steps) {
    turn(step.from);
    now = step.rate.count();
    add(step.from, begun && !ended ? now * factor : now);
  }
  turn(max_duration);
  return spiked;
}

Status<std::string> put_spike(Json& scenario, const scenarios::Scenario& loaded, Time at,
                              const Json& spike) {
  const auto text = [&](const char* key) {
    const auto found = spike.is_object() ? spike.find(key) : spike.end();
    return found != spike.end() && found->is_string() ? found->get<std::string>() : "";
  };
  const std::string name = text("source");
  const auto lasting =
      parse_duration(spike.is_object() && spike.contains("for") ? text("for") : "30s");
  const auto given = spike.is_object() ? spike.find("factor") : spike.end();
  const double factor = given != spike.end() && given->is_number() ? given->get<double>() : 10;
  if (!lasting || *lasting <= Duration{} || *lasting > 24h) {
    return fail(tr("spike: for: {}: must be a time from 1ns to 24h", text("for")));
  }
  if (!std::isfinite(factor) || factor <= 0 || factor > 1000) {
    return fail(tr("spike: factor: {}: must be a number above 0, up to 1000", factor));
  }
  for (std::size_t i = 0; i < loaded.sources.size(); ++i) {
    const scenarios::SourceSpec& source = loaded.sources[i];
    if (source.name != name) continue;
    std::vector<scenarios::RateStep> steps;
    if (source.rate) {
      if (const auto* listed = std::get_if<scenarios::RateSteps>(&source.rate->what)) {
        steps = listed->steps;
      } else if (const auto* constant = std::get_if<scenarios::ConstantRate>(&source.rate->what)) {
        steps = {{Duration{0}, constant->rate}};
      }
    }
    if (steps.empty()) {
      return fail(tr("spike: {}: has no steady rate or steps that could be raised", name));
    }
    Json& json = scenario["sources"][i];
    const Duration from = at.time_since_epoch();
    json["rate"] = spiked(steps, factor, from, from + *lasting);
    // More records must not make a source choose otherwise than it did: the past would differ.
    json["payload"] = source.phantom ? "phantom" : "real";
    return {};
  }
  return fail(tr("spike: {}: is no source of this scenario", name));
}

void name_in_full(Json& value, const fs::path& folder) {
  if (!value.is_object() && !value.is_array()) return;
  for (auto& [key, part] : value.items()) {
    std::error_code ignored;
    if (key == "file" && part.is_string() &&
        fs::exists(folder / part.get<std::string>(), ignored)) {
      part = fs::absolute(folder / part.get<std::string>(), ignored).string();
    } else {
      name_in_full(part, folder);
    }
  }
}

}  // namespace

Result<Json, std::string> recorded_scenario(const recording::Reader& reader,
                                            const std::string& file) {
  Json scenario = json_from(reader.meta("scenario_json"));
  if (!scenario.is_object()) {
    return fail(tr("{}: has no scenario, so nothing can be forked from it", file));
  }
  if (reader.meta("version") != version()) {
    return fail(tr("{}: is of version {}, and this is {}: its past would not be the same", file,
                   reader.meta("version"), version()));
  }
  if (const auto seed = json_from(reader.meta("seed")); seed.is_number_integer()) {
    scenario["seed"] = seed;
  }
  return scenario;
}

Status<std::string> put_deed(Json& scenario, const scenarios::Scenario& loaded, Time at,
                             const Json& deed) {
  if (!deed.is_object()) return fail(tr("must be a fault as scenarios have it"));
  if (const auto spike = deed.find("spike"); spike != deed.end()) {
    return put_spike(scenario, loaded, at, *spike);
  }
  if (const auto machine = deed.find("put_right"); machine != deed.end()) {
    return put_right(scenario, machine_of(*machine), at);
  }
  Json fault = {{"at", to_text(at.time_since_epoch())}};
  fault.update(deed);
  // What can be healed can be healed only by its name.
  for (const char* kind : {"cut", "loss", "delay", "slow_disk", "slow_nic"}) {
    if (deed.contains(kind) && !deed.contains("as")) fault["as"] = free_name(scenario, kind);
  }
  insert(scenario, std::move(fault));
  return {};
}

void forget_lesson(Json& scenario) { scenario.erase("lesson"); }

std::string data_folder_of(const recording::Reader& reader, const std::string& file,
                           const std::string& told) {
  if (!told.empty()) return told;
  const std::string name = reader.meta("name");
  for (const scenarios::LibraryEntry& entry : scenarios::library()) {
    if (entry.name == name) return fs::path(entry.path).parent_path().string();
  }
  return fs::path(file).parent_path().string();
}

Status<std::string> save_scenario(const std::string& path, Json scenario,
                                  const std::string& folder) {
  // What is there may be somebody's own work.
  std::error_code ignored;
  if (fs::exists(path, ignored)) return fail(tr("is there already; choose another name"));
  name_in_full(scenario, folder);
  return replace_file(path, json_text(scenario, 2) + "\n");
}

}  // namespace brokerlab::cli
