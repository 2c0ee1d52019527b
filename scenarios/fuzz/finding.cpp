#include "scenarios/fuzz/finding.h"

#include "base/units.h"
#include "scenarios/fuzz/fault_names.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <vector>

namespace brokerlab::scenarios {
namespace {

/// Numbers, which differ between runs that end in the same way, as '#'.
std::string shape_of(const std::string& sentence) {
  std::string shape;
  for (const char c : sentence) {
    const bool digit = c >= '0' && c <= '9';
    if (!digit) {
      shape += c;
    } else if (!shape.ends_with('#')) {
      shape += '#';
    }
  }
  return shape;
}

bool has_fault(const Json& scenario, std::string_view kind) {
  if (!scenario.contains("faults")) return false;
  const Json& faults = scenario["faults"];
  return std::any_of(faults.begin(), faults.end(),
                     [&](const Json& fault) { return fault.contains(kind); });
}

std::optional<Finding> broken_invariant(const Json& report) {
  for (const Json& invariant : report["invariants"]) {
    if (invariant["held"]) continue;
    return Finding{fmt::format("{} is broken", invariant["name"].get<std::string>()),
                   invariant["detail"].get<std::string>()};
  }
  return std::nullopt;
}

std::optional<Finding> lost_record(const Json& report) {
  if (report["lost"].empty()) return std::nullopt;
  const Json& first = report["lost"].front();
  return Finding{
      "an acknowledged record is lost",
      fmt::format("{}, offset {} of {}: {}", first["record"].get<std::string>(),
                  first["offset"].get<std::int64_t>(), first["partition"].get<std::string>(),
                  first["why"].get<std::string>())};
}

/// "1,2,3" has three.
std::size_t members_of(const std::string& isr) {
  return isr.empty() ? 0 : static_cast<std::size_t>(std::count(isr.begin(), isr.end(), ',')) + 1;
}

std::int64_t replicas_of(const Json& scenario, const std::string& partition) {
  for (const Json& topic : scenario["topics"]) {
    const std::string name = topic["name"];
    const bool same =
        partition.starts_with(name + "-") &&
        partition.find_first_not_of("0123456789", name.size() + 1) == std::string::npos;
    if (!same) continue;
    const auto factor = topic.find("replication.factor");
    return factor != topic.end() && factor->is_number() ? factor->get<std::int64_t>() : 1;
  }
  return 0;
}

/// Made smaller it may have lost the end of a fault, and then it need not heal.
bool every_fault_ends(const Json& scenario) {
  if (!scenario.contains("faults")) return true;
  const Json& faults = scenario["faults"];
  const auto is_end = [&faults](std::size_t place) {
    const Json& one = faults[place];
    return one.contains("heal") || one.contains("power_on") || one.contains("start_process");
  };
  for (std::size_t i = 0; i < faults.size(); ++i) {
    if (faults[i].contains("pause") || is_end(i)) continue;
    const std::vector<std::size_t> others = faults_that_name(faults, i);
    if (std::none_of(others.begin(), others.end(), is_end)) return false;
  }
  return true;
}

Duration time_of(const Json& of, const char* key) {
  const auto found = of.find(key);
  if (found == of.end() || !found->is_string()) return Duration{0};
  const auto time = parse_duration(found->get<std::string>());
  return time ? *time : Duration{0};
}

/// What is left of the run when the last fault has ended.
Duration time_to_heal(const Json& scenario) {
  Duration last{0};
  if (scenario.contains("faults")) {
    for (const Json& fault : scenario["faults"]) {
      Duration until = time_of(fault, "at");
      if (fault.contains("pause")) until += time_of(fault["pause"], "for");
      last = std::max(last, until);
    }
  }
  return time_of(scenario, "duration") - last;
}

/// How long a group may take. Whose JoinGroup was swallowed tries again when max.poll.interval.ms
/// and 5 s are over, or request.timeout.ms; then twice a rebalance may wait for members that are
/// none any more, and find out a session later (AbstractCoordinator, DelayedJoin).
Duration time_to_join(const Json& scenario, const std::string& name) {
  std::int64_t poll_interval = 300'000;
  std::int64_t session = 45'000;
  std::int64_t request = 30'000;
  for (const Json& group : scenario.value("consumers", Json::array())) {
    if (group["group"] != name || !group.contains("config")) continue;
    const Json& config = group["config"];
    poll_interval = config.value("max.poll.interval.ms", poll_interval);
    session = config.value("session.timeout.ms", session);
    request = config.value("request.timeout.ms", request);
  }
  return 1ms * (std::max(request, poll_interval + 5000) + 2 * (poll_interval + session));
}

/// What it had under way has no answer any more.
bool may_end_a_sender(const Json& scenario) {
  if (!scenario.contains("faults")) return false;
  const Json& faults = scenario["faults"];
  return std::any_of(faults.begin(), faults.end(), [](const Json& fault) {
    if (fault.contains("rack_off")) return true;
    return std::any_of(fault.begin(), fault.end(), [](const Json& value) {
      return value.is_string() && value.get<std::string>().starts_with("sender");
    });
  });
}

std::optional<Finding> not_healed(const Json& scenario, const Json& report) {
  if (!every_fault_ends(scenario)) return std::nullopt;
  // Who was asked to start before it had stopped stays down.
  for (const Json& fault : report["faults"]) {
    if (!fault["done"] && !fault["needless"]) return std::nullopt;
  }
  for (const Json& partition : report["partitions"]) {
    const std::string name = partition["name"];
    const std::string isr = partition["isr"];
    if (partition["leader"] == "none") {
      return Finding{"a partition has no leader in the end", name};
    }
    if (static_cast<std::int64_t>(members_of(isr)) < replicas_of(scenario, name)) {
      return Finding{"a partition is under-replicated in the end",
                     fmt::format("{}: ISR {}", name, isr)};
    }
    for (const char* side : {"produce", "fetch"}) {
      if (partition[side]["at_the_end"]) {
        return Finding{fmt::format("a partition is unavailable for {} in the end", side), name};
      }
    }
  }
  for (const Json& group : report["groups"]) {
    const std::string name = group["name"];
    if (time_to_join(scenario, name) > time_to_heal(scenario)) continue;
    if (group["state"] != "Stable") {
      return Finding{"a group is not stable in the end",
                     fmt::format("{}: {}", name, group["state"].get<std::string>())};
    }
    // A reader behind the end of a log that was cut, and grew again before it asked, goes on there:
    // in the same epoch nothing tells it (KIP-320 compares epochs).
    if (group["waiting"] > 0 && report["lost"].empty()) {
      return Finding{
          "a group has not read everything in the end",
          fmt::format("{}: {} records wait", name, group["waiting"].get<std::int64_t>())};
    }
  }
  if (!may_end_a_sender(scenario) && report["records"]["oldest_waiting_ms"] > 1000) {
    return Finding{"a send has no answer in the end",
                   fmt::format("{} wait", report["records"]["waiting"].get<std::int64_t>())};
  }
  return std::nullopt;
}

}  // namespace

Finding refused(const std::string& problem) {
  return {"it is refused: " + shape_of(problem), problem};
}

std::optional<Finding> look_at(Family family, const Json& scenario,
                               const Result<std::string, std::string>& report) {
  if (!report) return Finding{shape_of(report.error()), report.error()};
  const Json told = json_from(*report);
  if (told.is_discarded()) return Finding{"its report is no JSON", *report};
  if (has_fault(scenario, "lying_disk") || has_fault(scenario, "corrupt")) return std::nullopt;
  if (auto broken = broken_invariant(told)) return broken;
  if (family == Family::synced) return lost_record(told);
  if (family == Family::healed) return not_healed(scenario, told);
  return std::nullopt;
}

}  // namespace brokerlab::scenarios
