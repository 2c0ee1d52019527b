#include "scenarios/faults/parts.h"

#include "base/translation.h"

#include <algorithm>

namespace brokerlab::scenarios {

SettingType<std::string> place_name() {
  return setting::text(80, "[A-Za-z0-9][A-Za-z0-9_.-]*",
                       sentence("a name of letters, digits, ., - and _"));
}

SettingType<std::string> existing_topic_name() {
  return setting::text(249, "[a-zA-Z0-9_-][a-zA-Z0-9._-]*|\\.[a-zA-Z0-9_-][a-zA-Z0-9._-]*",
                       sentence("a name of letters, digits, ., - and _"));
}

void OnPaths::impair(FaultSchedule& schedule, const sim::Impairment& what, const std::string& as,
                     FaultReport& report) const {
  report.target = as;
  const std::set<sim::MachineId> left = schedule.resolve_set(between, {});
  const std::set<sim::MachineId> right = schedule.resolve_set(against, left);
  report.done = !left.empty() && !right.empty();
  if (!report.done) {
    report.note = phrase("one of the two sides is empty");
    return;
  }
  report.harmful = true;
  report.between = left;
  report.against = right;
  sim::Network& network = schedule.cluster().network();
  const std::vector<sim::MachineId> one(left.begin(), left.end());
  const std::vector<sim::MachineId> other(right.begin(), right.end());
  std::vector<sim::ImpairmentId> ids{network.impair(one, other, what, {})};
  schedule.world().set_cause({});
  if (!one_way) ids.push_back(network.impair(other, one, what, {}));
  schedule.undo(as, [&network, ids] {
    for (const sim::ImpairmentId id : ids) network.repair(id);
  });
}

void cut_off_places(FaultSchedule& schedule, const std::vector<int>& places, FaultReport& report) {
  report.done = true;
  report.harmful = true;
  report.absorbed = true;
  for (const int place : places) {
    const sim::Host* host = schedule.host_at(place);
    if (host == nullptr) continue;
    report.absorbed = false;
    for (const sim::Machine* machine : host->machines()) report.between.insert(machine->id());
  }
  if (report.absorbed) report.note = phrase("it cut nobody off; others took over");
}

std::string power_of(const std::string& host) { return "power of " + host; }

}  // namespace brokerlab::scenarios
