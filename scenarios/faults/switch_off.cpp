// switch_off: a switch of the topology passes nothing on.
#include "base/translation.h"
#include "scenarios/faults/kinds.h"
#include "scenarios/faults/parts.h"
#include "sim/topology.h"

namespace brokerlab::scenarios {
namespace {

class SwitchOff final : public FaultAction {
 public:
  std::string name;

  Phrase what() const override { return phrase("switch failure"); }
  void check(FaultCheck& check) const override { (void)check.is_switch("switch_off", name); }
  void act(FaultSchedule& schedule, const std::string& as, FaultReport& report) const override {
    report.target = name;
    sim::Network& network = schedule.cluster().network();
    const sim::Topology& topology = *network.topology();
    cut_off_places(schedule, topology.cut_off({{*topology.find_place(name)}, {}}), report);
    const sim::OutageId id = network.fail_switch(name, {});
    schedule.undo(as, [&network, id] { network.mend(id); });
  }
};

}  // namespace

void add_switch_off(Settings<Fault>& kinds) {
  kinds.alternative("switch_off", &Fault::action, &SwitchOff::name, place_name(),
                    "A switch of the topology passes nothing on.");
}

}  // namespace brokerlab::scenarios
