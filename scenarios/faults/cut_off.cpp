// cut_off: nothing passes between a rack, zone or data centre and the rest.
#include "base/translation.h"
#include "scenarios/faults/kinds.h"
#include "scenarios/faults/parts.h"
#include "sim/topology.h"

namespace brokerlab::scenarios {
namespace {

class CutOff final : public FaultAction {
 public:
  std::string area;

  Phrase what() const override { return phrase("cut off"); }
  void check(FaultCheck& check) const override { (void)check.is_area("cut_off", area); }
  void act(FaultSchedule& schedule, const std::string& as, FaultReport& report) const override {
    report.target = area;
    sim::Network& network = schedule.cluster().network();
    cut_off_places(schedule, network.topology()->machines_of(area), report);
    const sim::OutageId id = network.cut_area(area, {});
    schedule.undo(as, [&network, id] { network.mend(id); });
  }
};

}  // namespace

void add_cut_off(Settings<Fault>& kinds) {
  kinds.alternative("cut_off", &Fault::action, &CutOff::area, place_name(),
                    "A rack, zone or data centre is cut off from the rest.");
}

}  // namespace brokerlab::scenarios
