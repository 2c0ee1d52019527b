// A whole cluster under the load of the wifi incident, to which the test does something at 30 s.
// What has happened by 90 s is told in a line an event, of the kinds that the test names: the
// sentence, [what it waited for], <- the kind of its cause. Then the test may look at the cluster.
#pragma once

#include "scenarios/cluster.h"
#include "tests/in_child.h"
#include "tests/runs/run_story.h"

namespace brokerlab::tests {

/// The scenario's own faults are left out.
inline scenarios::Scenario quiet_incident(std::vector<std::string> overrides = {}) {
  std::vector<std::string> all = short_incident();
  all.insert(all.end(), overrides.begin(), overrides.end());
  scenarios::Scenario scenario = load("wifi_auth_broker_crash", all, 1);
  scenario.faults.clear();
  return scenario;
}

using Trouble = std::function<void(sim::World&, scenarios::Cluster&)>;

inline sim::Process& process_on(scenarios::Cluster& cluster, std::string_view machine) {
  return *cluster.find(machine)->process;
}

/// In a process of its own. `look` is called when all is over; assertions may stand in both.
inline std::string tell(const scenarios::Scenario& scenario, const std::vector<std::string>& kinds,
                        const Trouble& trouble, const Trouble& look = {}) {
  return in_child([&] {
    sim::World world(1);
    scenarios::Ledger ledger(world);
    auto built = scenarios::Cluster::build(world, scenario, ledger);
    REQUIRE(built.ok());
    scenarios::Cluster& cluster = **built;
    std::string story;
    world.trace().subscribe([&](const sim::Event& event) {
      const bool told = std::find(kinds.begin(), kinds.end(), event.kind->name) != kinds.end();
      if (!told) return;
      story += world.trace().sentence(event, sim::Language::english);
      if (const auto waits = event.detail("waits"); !waits.empty()) {
        story += fmt::format(" [{}]", waits);
      }
      story += event.cause ? fmt::format(" <- {}\n", world.trace().event(event.cause).kind->name)
                           : std::string("\n");
    });
    world.at(Time(30s), [&] {
      world.set_cause({});
      trouble(world, cluster);
    });
    cluster.start();
    world.run(Time(90s));
    if (look) look(world, cluster);
    return story;
  });
}

}  // namespace brokerlab::tests
