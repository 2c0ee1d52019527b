#include "labs/trials.h"

#include "base/json_text.h"
#include "labs/words.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <map>

namespace brokerlab::labs {
namespace {

using scenarios::Exposed;
using scenarios::Scenario;

/// Before the end of a run that is watched for so long, records stop coming, so that consumers can
/// catch up.
constexpr Duration to_catch_up = 15s;

/// Takes away what would come after the end.
void end_at(Scenario& scenario, Duration end, Duration load_until) {
  scenario.duration = end;
  for (auto& source : scenario.sources) {
    source.until = std::min(source.until.value_or(end), load_until);
    if (source.rate) source.rate->end_at(*source.until);
  }
  std::erase_if(scenario.faults, [&](const auto& fault) { return fault.at >= end; });
  scenario.recording = {};
}

Duration first_fault(const Scenario& scenario) {
  Duration first = max_duration;
  for (const auto& fault : scenario.faults) first = std::min(first, fault.at);
  return first;
}

/// An acknowledgment may arrive so long after its sender died.
constexpr double on_its_way = 0.01;

/// The first fault from that moment on that hit somebody.
std::optional<Json> fault_after(const Json& report, double moment) {
  std::optional<Json> first;
  for (const Json& fault : report.value("faults", Json::array())) {
    const double at = fault.value("at_s", 0.0);
    if (at < moment || fault.value("target", "").empty() || !fault.value("done", false)) continue;
    if (!first || at < first->value("at_s", 0.0)) first = fault;
  }
  return first;
}

/// "40.1 us", "40us".
std::string span_text(Duration span, Language language) {
  if (language == Language::english) return to_rounded_text(span);
  const Duration unit = span < 1ms ? Duration(1us) : span < 1s ? Duration(1ms) : Duration(100ms);
  return to_korean_text(span / unit * unit);
}

}  // namespace

Scenario before_faults(Scenario scenario, Duration end) {
  scenario.faults.clear();
  end_at(scenario, std::min(end, scenario.duration), end);
  return scenario;
}

Scenario moved(Scenario scenario, Time first, std::optional<Duration> watch) {
  const Duration by = first.time_since_epoch() - first_fault(scenario);
  for (auto& fault : scenario.faults) fault.at += by;
  const Duration end =
      watch ? std::min(scenario.duration, first.time_since_epoch() + *watch) : scenario.duration;
  end_at(scenario, end, watch ? std::max(end - to_catch_up, first.time_since_epoch()) : end);
  return scenario;
}

std::vector<std::string> victim_and_others(const Json& report) {
  std::map<std::string, int> led;
  for (const Json& partition : report.value("partitions", Json::array())) {
    ++led[partition.value("leader", "")];
  }
  std::vector<std::string> brokers;
  for (const Json& machine : report.value("machines", Json::array())) {
    for (const Json& process : machine.value("processes", Json::array())) {
      const auto name = process.get<std::string>();
      if (name.starts_with("broker-")) brokers.push_back(name);
    }
  }
  std::stable_sort(brokers.begin(), brokers.end(),
                   [&](const auto& a, const auto& b) { return led[a] > led[b]; });
  if (brokers.empty() || led[brokers.front()] == 0) return {};
  std::sort(brokers.begin() + 1, brokers.end());
  return brokers;
}

std::vector<Time> choose_moments(const std::vector<Exposed>& exposed, const std::string& victim,
                                 Time from, Time to, int count) {
  std::vector<Time> moments;
  const Duration part = (to - from) / count;
  for (int i = 0; i < count; ++i) {
    const Time begin = from + i * part;
    const Time end = begin + part;
    Time chosen = begin + part / 2;
    Duration longest{-1};
    for (const Exposed& one : exposed) {
      if (one.leader != victim || one.from < begin || one.from >= end) continue;
      const Duration alone = std::min(one.until, to) - one.from;
      if (alone <= longest) continue;
      longest = alone;
      chosen = one.from + std::max(Duration(1us), alone / 2);
    }
    moments.push_back(chosen);
  }
  return moments;
}

Result<std::string, std::string> patched(const Json& scenario, std::string patch,
                                         const std::vector<std::string>& brokers) {
  const auto fill = [&](const std::string& blank, const std::string& with) {
    for (std::size_t at = patch.find(blank); at != std::string::npos; at = patch.find(blank, at)) {
      patch.replace(at, blank.size(), with);
    }
  };
  for (std::size_t i = 0; i < brokers.size(); ++i) {
    fill(i == 0 ? "{victim}" : fmt::format("{{other_{}}}", i), brokers[i]);
  }
  try {
    return json_text(scenario.patch(json_from(patch)));
  } catch (const nlohmann::json::exception& error) {
    return fail(std::string(error.what()));
  }
}

LocalText how_lost(const Json& report, const Json& scenario) {
  const auto all = report.find("lost");
  if (all == report.end() || all->empty()) return {};
  const Json& lost = all->front();
  const std::string record = lost.value("record", "?");
  const double acknowledged = lost.value("acknowledged_s", 0.0);
  const auto fault = fault_after(report, acknowledged - on_its_way);
  if (!fault) return both(phrase("Record {} is one of them.", record));
  const std::string who = fault->value("target", "?");
  const Duration later = from_seconds(fault->value("at_s", 0.0) - acknowledged);
  const std::string at = fmt::format("t={:.6f}s", acknowledged);
  for (const Json& producer : scenario.value("producers", Json::array())) {
    const std::string acks = producer.at("config").value("acks", "all");
    if (acks == "all" || acks == "-1") continue;
    if (later < 0ns) {
      return both(
          phrase("acks={}: {} died with the acknowledgment of record {} on its way; it "
                 "arrived at {}, and no other broker had the record.",
                 acks, who, record, at));
    }
    return in_both([&](Language l) {
      return tr_in(l,
                   "acks={}: record {} was acknowledged at {}; {} later {} died, before another "
                   "broker had the record.",
                   acks, record, at, span_text(later, l), who);
    });
  }
  return in_both([&](Language l) {
    return tr_in(l,
                 "Record {} was acknowledged at {}; {} later {} died, and whoever led after that "
                 "did not have the record.",
                 record, at, span_text(later, l), who);
  });
}

}  // namespace brokerlab::labs
