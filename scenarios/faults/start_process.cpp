// start_process: a killed process starts again.
#include "base/translation.h"
#include "scenarios/faults/kinds.h"
#include "scenarios/faults/parts.h"

namespace brokerlab::scenarios {
namespace {

class StartProcess final : public OnMachine {
 public:
  Phrase what() const override { return phrase("start process"); }
  bool ends_by_heal() const override { return false; }
  void check(FaultCheck& check) const override { check.starts("start_process", machine); }
  void act(FaultSchedule& schedule, const std::string& as, FaultReport& report) const override {
    Cluster::Member* member = schedule.member_of(machine, as, report);
    if (member == nullptr) return;
    report.done = member->machine->powered() && !member->process->running();
    report.needless = member->process->running();
    if (report.done) {
      schedule.undo_harm(report, member->machine->id());
      member->process->start();
    } else {
      report.note = member->machine->powered() ? phrase("it was running already")
                                               : phrase("its machine was off");
    }
  }
};

}  // namespace

void add_start_process(Settings<Fault>& kinds) {
  kinds.alternative("start_process", &Fault::action, machine_of<StartProcess>(),
                    setting::record<Target>(), "A killed process starts again.");
}

}  // namespace brokerlab::scenarios
