#include "scenarios/fuzz/finding.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>

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
  return std::all_of(faults.begin(), faults.end(), [&](const Json& fault) {
    if (fault.contains("pause")) return true;
    const auto is_end = [](const Json& one) {
      return one.contains("heal") || one.contains("power_on") || one.contains("start_process");
    };
    if (is_end(fault)) return true;
    return fault.contains("as") &&
           std::any_of(faults.begin(), faults.end(), [&](const Json& other) {
             return is_end(other) &&
                    std::any_of(other.begin(), other.end(),
                                [&](const Json& value) { return value == fault["as"]; });
           });
  });
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
    if (group["state"] != "Stable") {
      return Finding{"a group is not stable in the end",
                     fmt::format("{}: {}", name, group["state"].get<std::string>())};
    }
    if (group["waiting"] > 0) {
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
