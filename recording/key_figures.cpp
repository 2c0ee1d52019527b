#include "recording/key_figures.h"

#include "base/json_text.h"
#include "base/translation.h"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace brokerlab::recording {
namespace {

/// A member that may not be there, or be another thing: then it is what a fresh one is.
template <class T>
void take(const Json& from, const char* name, T& to) {
  if (!from.is_object() || !from.contains(name)) return;
  const Json& value = from[name];
  if constexpr (std::is_same_v<T, bool>) {
    if (value.is_boolean()) to = value.get<bool>();
  } else if constexpr (std::is_arithmetic_v<T>) {
    if (value.is_number()) to = value.get<T>();
  } else if (value.is_string()) {
    to = value.get<std::string>();
  }
}

const Json& part(const Json& from, const char* name) {
  static const Json nothing = Json::object();
  return from.is_object() && from.contains(name) ? from[name] : nothing;
}

bool is_broker(const Json& machine) {
  const auto named = [](const Json& name) {
    return name.is_string() && name.get<std::string>().starts_with("broker-");
  };
  const Json& processes = part(machine, "processes");
  return named(part(machine, "name")) ||
         (processes.is_array() && std::any_of(processes.begin(), processes.end(), named));
}

std::vector<Utilisation> busiest_of(const Json& machines) {
  std::vector<Utilisation> all;
  constexpr std::pair<const char*, const char*> names[] = {{"nic_utilisation", "nic_peak"},
                                                           {"disk_utilisation", "disk_peak"},
                                                           {"cpu_utilisation", "cpu_peak"}};
  for (const Resource resource : all_resources) {
    const auto& [mean, peak] = names[static_cast<int>(resource)];
    Utilisation most{resource, {}, -1, 0};
    for (const Json& machine : machines) {
      if (!is_broker(machine)) continue;
      Utilisation one{resource, {}, 0, 0};
      take(machine, "name", one.machine);
      take(machine, mean, one.mean);
      take(machine, peak, one.peak);
      if (one.mean > most.mean) most = one;
    }
    if (most.mean >= 0) all.push_back(most);
  }
  std::stable_sort(all.begin(), all.end(),
                   [](const auto& a, const auto& b) { return a.mean > b.mean; });
  return all;
}

}  // namespace

std::string_view to_text(Resource resource) {
  switch (resource) {
    case Resource::network:
      return "network";
    case Resource::disk:
      return "disk";
    case Resource::processor:
      return "processor";
  }
  UNREACHABLE();
}

double KeyFigures::kept() const {
  return sent == 0 ? 1 : static_cast<double>(acknowledged) / static_cast<double>(sent);
}

Result<KeyFigures, std::string> key_figures(std::string_view text) {
  const Json report = json_from(text);
  if (!report.is_object() || !report.contains("verdict")) return fail(tr("is no report of a run"));
  KeyFigures figures;
  take(report, "verdict", figures.verdict);
  take(report, "fingerprint", figures.fingerprint);
  const Json& records = part(report, "records");
  take(records, "sent", figures.sent);
  take(records, "acknowledged", figures.acknowledged);
  take(records, "failed", figures.failed);
  for (const Json& lost : part(report, "lost")) {
    std::int64_t count = 0;
    take(lost, "count", count);
    figures.lost += count;
  }
  const Json& work = part(report, "work");
  take(part(work, "acknowledged_per_s"), "mean", figures.acknowledged_per_s);
  double from = 0;
  double to = 0;
  take(work, "from_s", from);
  take(work, "to_s", to);
  figures.work_s = to - from;
  const Json& latency = part(report, "latency");
  take(part(latency, "acknowledged_after"), "p50_ms", figures.p50_produce_ms);
  take(part(latency, "acknowledged_after"), "p99_ms", figures.p99_produce_ms);
  take(part(latency, "end_to_end"), "p50_ms", figures.p50_end_to_end_ms);
  take(part(latency, "end_to_end"), "p99_ms", figures.p99_end_to_end_ms);
  figures.drain_s = 0;
  for (const Json& group : part(report, "groups")) {
    std::int64_t peak = 0;
    std::int64_t end = 0;
    take(group, "most_lag", peak);
    take(group, "lag", end);
    figures.lag_peak = std::max(figures.lag_peak, peak);
    figures.lag_at_end = std::max(figures.lag_at_end, end);
    const Json& drained = part(group, "drained_after_s");
    if (!drained.is_number()) {
      figures.drain_s.reset();
    } else if (figures.drain_s) {
      figures.drain_s = std::max(*figures.drain_s, drained.get<double>());
    }
  }
  take(part(report, "under_replicated"), "total_s", figures.under_replicated_s);
  take(part(report, "under_replicated"), "until_s", figures.under_replicated_until_s);
  take(part(report, "under_replicated"), "at_the_end", figures.under_replicated_at_end);
  take(part(report, "produce"), "longest_s", figures.unavailable_s);
  figures.busiest = busiest_of(part(report, "machines"));
  return figures;
}

Json to_json(const KeyFigures& figures) {
  Json busiest = Json::array();
  for (const Utilisation& one : figures.busiest) {
    busiest.push_back({{"resource", to_text(one.resource)},
                       {"machine", one.machine},
                       {"mean", one.mean},
                       {"peak", one.peak}});
  }
  return {{"verdict", figures.verdict},
          {"fingerprint", figures.fingerprint},
          {"sent", figures.sent},
          {"acknowledged", figures.acknowledged},
          {"failed", figures.failed},
          {"lost", figures.lost},
          {"acknowledged_per_s", figures.acknowledged_per_s},
          {"p50_produce_ms", figures.p50_produce_ms},
          {"p99_produce_ms", figures.p99_produce_ms},
          {"p50_end_to_end_ms", figures.p50_end_to_end_ms},
          {"p99_end_to_end_ms", figures.p99_end_to_end_ms},
          {"lag_peak", figures.lag_peak},
          {"lag_at_end", figures.lag_at_end},
          {"drain_s", figures.drain_s ? Json(*figures.drain_s) : Json()},
          {"under_replicated_s", figures.under_replicated_s},
          {"under_replicated_until_s", figures.under_replicated_until_s},
          {"under_replicated_at_end", figures.under_replicated_at_end},
          {"unavailable_s", figures.unavailable_s},
          {"work_s", figures.work_s},
          {"busiest", std::move(busiest)}};
}

std::optional<KeyFigures> figures_from(const Json& json) {
  if (!json.is_object() || !json.contains("verdict") || !json.contains("busiest")) {
    return std::nullopt;
  }
  KeyFigures figures;
  take(json, "verdict", figures.verdict);
  take(json, "fingerprint", figures.fingerprint);
  take(json, "sent", figures.sent);
  take(json, "acknowledged", figures.acknowledged);
  take(json, "failed", figures.failed);
  take(json, "lost", figures.lost);
  take(json, "acknowledged_per_s", figures.acknowledged_per_s);
  take(json, "p50_produce_ms", figures.p50_produce_ms);
  take(json, "p99_produce_ms", figures.p99_produce_ms);
  take(json, "p50_end_to_end_ms", figures.p50_end_to_end_ms);
  take(json, "p99_end_to_end_ms", figures.p99_end_to_end_ms);
  take(json, "lag_peak", figures.lag_peak);
  take(json, "lag_at_end", figures.lag_at_end);
  if (part(json, "drain_s").is_number()) figures.drain_s = json["drain_s"].get<double>();
  take(json, "under_replicated_s", figures.under_replicated_s);
  take(json, "under_replicated_until_s", figures.under_replicated_until_s);
  take(json, "under_replicated_at_end", figures.under_replicated_at_end);
  take(json, "unavailable_s", figures.unavailable_s);
  take(json, "work_s", figures.work_s);
  for (const Json& one : json["busiest"]) {
    Utilisation use;
    std::string resource;
    take(one, "resource", resource);
    for (const Resource known : all_resources) {
      if (to_text(known) == resource) use.resource = known;
    }
    take(one, "machine", use.machine);
    take(one, "mean", use.mean);
    take(one, "peak", use.peak);
    figures.busiest.push_back(std::move(use));
  }
  return figures;
}

}  // namespace brokerlab::recording
