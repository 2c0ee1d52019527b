// stop_process: SIGTERM. A broker first gives its leaders away, a consumer leaves its group, a
// producer sends what it holds; then the process exits.
#include "base/translation.h"
#include "scenarios/faults/kinds.h"
#include "scenarios/faults/parts.h"

namespace brokerlab::scenarios {
namespace {

class StopProcess final : public OnMachine {
 public:
  Phrase what() const override { return phrase("stop process"); }
  bool ends_by_heal() const override { return false; }
  void check(FaultCheck& check) const override { check.ends("stop_process", machine); }
  void act(FaultSchedule& schedule, const std::string& as, FaultReport& report) const override {
    Cluster::Member* member = schedule.member_of(machine, as, report);
    if (member == nullptr) return;
    report.done = member->process->running() || member->process->restarts();
    if (!report.done) {
      report.note = phrase("it was not running");
      return;
    }
    schedule.silence(report, *member);
    member->process->terminate();
  }
};

}  // namespace

void add_stop_process(Settings<Fault>& kinds) {
  kinds.alternative("stop_process", &Fault::action, machine_of<StopProcess>(),
                    setting::record<Target>(),
                    "A process is asked to stop (SIGTERM) and tidies up first.");
}

}  // namespace brokerlab::scenarios
