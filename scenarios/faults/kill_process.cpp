// kill_process: SIGKILL. The machine lives on, connections are reset, its cache stays.
#include "base/translation.h"
#include "scenarios/faults/kinds.h"
#include "scenarios/faults/parts.h"

namespace brokerlab::scenarios {
namespace {

class KillProcess final : public OnMachine {
 public:
  Phrase what() const override { return phrase("kill process"); }
  bool ends_by_heal() const override { return false; }
  void check(FaultCheck& check) const override { check.ends("kill_process", machine); }
  void act(FaultSchedule& schedule, const std::string& as, FaultReport& report) const override {
    Cluster::Member* member = schedule.running_member(machine, as, report);
    if (member == nullptr) return;
    schedule.silence(report, *member);
    member->process->kill();
  }
};

}  // namespace

void add_kill_process(Settings<Fault>& kinds) {
  kinds.alternative("kill_process", &Fault::action, machine_of<KillProcess>(),
                    setting::record<Target>(), "SIGKILL; the machine and its page cache live on.");
}

}  // namespace brokerlab::scenarios
