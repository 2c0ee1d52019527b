#include "scenarios/path_watch.h"

#include "sim/machine.h"

#include <algorithm>

namespace brokerlab::scenarios {

void when_paths_change(sim::World& world, Cluster& cluster, const std::function<void()>& look) {
  world.trace().subscribe([&world, &cluster, look](const sim::Event& event) {
    const std::string_view kind = event.kind->name;
    const auto is_about = [kind](std::string_view what) { return kind.starts_with(what); };
    if (!is_about("machine.") && !is_about("process.") && !is_about("network.")) return;
    look();
    const bool stands_still =
        event.kind == &sim::events::process_paused || event.kind == &sim::events::process_collects;
    if (!stands_still) return;
    // Its end is no event; it is known once the pause has begun.
    world.after(0ns, [&world, &cluster, look, machine = event.machine] {
      for (const Cluster::Member& member : cluster.members()) {
        if (member.machine->id() != machine || member.process == nullptr) continue;
        world.at(std::max(member.process->paused_until(), world.now()), look);
      }
    });
  });
}

}  // namespace brokerlab::scenarios
