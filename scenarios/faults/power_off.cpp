// power_off: silence at once; what was not synced is lost.
#include "base/translation.h"
#include "scenarios/faults/kinds.h"
#include "scenarios/faults/parts.h"

namespace brokerlab::scenarios {
namespace {

class PowerOff final : public OnMachine {
 public:
  Phrase what() const override { return phrase("power off"); }
  bool ends_by_heal() const override { return false; }
  void check(FaultCheck& check) const override { check.goes_off("power_off", machine); }
  void act(FaultSchedule& schedule, const std::string& as, FaultReport& report) const override {
    sim::Host* host = schedule.host_of(machine, as, report);
    if (host == nullptr) return;
    report.done = host->powered();
    if (!report.done) {
      report.note = phrase("it was off already");
      return;
    }
    schedule.silence(report, *host);
    host->power_off();
  }
};

}  // namespace

void add_power_off(Settings<Fault>& kinds) {
  kinds.alternative("power_off", &Fault::action, machine_of<PowerOff>(), setting::record<Target>(),
                    "The machine goes dark; what was not synced to disk is lost.");
}

}  // namespace brokerlab::scenarios
