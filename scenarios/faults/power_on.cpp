// power_on: boots (boot_time), then its processes start.
#include "base/translation.h"
#include "scenarios/faults/kinds.h"
#include "scenarios/faults/parts.h"

namespace brokerlab::scenarios {
namespace {

class PowerOn final : public OnMachine {
 public:
  Phrase what() const override { return phrase("power on"); }
  bool ends_by_heal() const override { return false; }
  void check(FaultCheck& check) const override { check.comes_on("power_on", machine); }
  void act(FaultSchedule& schedule, const std::string& as, FaultReport& report) const override {
    sim::Host* host = schedule.host_of(machine, as, report);
    if (host == nullptr) return;
    report.done = !host->powered();
    report.needless = !report.done;
    if (report.done) {
      for (const sim::Machine* one : host->machines()) schedule.undo_harm(report, one->id());
      schedule.lift(power_of(host->name()));
      host->power_on();
    } else {
      report.note = phrase("it was on already");
    }
  }
};

}  // namespace

void add_power_on(Settings<Fault>& kinds) {
  kinds.alternative("power_on", &Fault::action, machine_of<PowerOn>(), setting::record<Target>(),
                    "It boots, and starts what ran when its power failed.");
}

}  // namespace brokerlab::scenarios
