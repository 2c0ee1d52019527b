// rack_off: everything in a rack or zone loses power, machines and switches.
#include "base/translation.h"
#include "scenarios/faults/kinds.h"
#include "scenarios/faults/parts.h"
#include "scenarios/topology_file.h"
#include "sim/topology.h"

namespace brokerlab::scenarios {
namespace {

const sim::EventKind area_lost_power{"topology.power_off", sim::Level::fault,
                                     "everything in {area} loses power",
                                     "{area} 전체가 정전되었다"};

class RackOff final : public FaultAction {
 public:
  std::string area;

  Phrase what() const override { return phrase("rack off"); }

  void check(FaultCheck& check) const override {
    if (!check.is_area("rack_off", area)) return;
    const sim::Topology topology = topology_of(check.scenario());
    for (const int place : topology.machines_of(area)) {
      check.has_gone_off(topology.places()[static_cast<std::size_t>(place)].name);
    }
  }

  void act(FaultSchedule& schedule, const std::string& as, FaultReport& report) const override {
    report.target = area;
    sim::Network& network = schedule.cluster().network();
    const sim::Topology& topology = *network.topology();
    cut_off_places(schedule, topology.machines_of(area), report);
    sim::World& world = schedule.world();
    world.set_cause({});
    const sim::EventId whole = world.trace().record(area_lost_power, {}, {{"area", area}});
    for (const int place : topology.outage_of(*topology.find_area(area)).places) {
      const sim::Topology::Place& it = topology.places()[static_cast<std::size_t>(place)];
      world.set_cause(whole);
      if (it.kind != sim::Topology::PlaceKind::machine) {
        const sim::OutageId id = network.fail_switch(it.name, whole);
        schedule.undo(as, [&network, id] { network.mend(id); });
      } else if (sim::Host* host = schedule.cluster().find_host(it.name)) {
        // Whoever was off for another reason stays off.
        const std::string power = power_of(it.name);
        if (!host->powered() && !schedule.is_laid_over(power)) continue;
        if (host->powered()) schedule.silence(report, *host);
        const auto set = [host] {
          if (host->powered()) host->power_off();
        };
        schedule.lay_over(power, as, set, [host] { host->power_on(); });
      }
    }
  }
};

}  // namespace

void add_rack_off(Settings<Fault>& kinds) {
  kinds.alternative("rack_off", &Fault::action, &RackOff::area, place_name(),
                    "Everything in a rack (or zone) loses power, its switches too.");
}

}  // namespace brokerlab::scenarios
