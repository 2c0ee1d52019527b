// fail_disk: operations of a disk fail with this probability.
#include "base/translation.h"
#include "scenarios/faults/kinds.h"
#include "scenarios/faults/parts.h"
#include "sim/disk_faults.h"

namespace brokerlab::scenarios {
namespace {

class FailDisk final : public OnDisk {
 public:
  double share = 1;
  static const Settings<FailDisk>& settings() {
    static const auto all = on_disk<FailDisk>("FailDisk", "Operations of a disk fail.")
                                .field("share", &FailDisk::share, 1e-6, 1.0, "Of all operations.");
    return all;
  }

  Phrase what() const override { return phrase("fail disk"); }
  void check(FaultCheck& check) const override { (void)check.disk("fail_disk", machine, disk); }
  void act(FaultSchedule& schedule, const std::string& as, FaultReport& report) const override {
    sim::Machine* it = schedule.machine_with_disk(machine, index(), as, report);
    if (it == nullptr) return;
    const auto set = [it, at = index(), part = share] { sim::fail_disk(*it, at, part); };
    schedule.set_disk(*it, index(), as, report, Effect::disk_failed, &sim::DiskHarm::failed, set,
                      [it, at = index()] { sim::repair_disk(*it, at); });
  }
};

}  // namespace

void add_fail_disk(Settings<Fault>& kinds) {
  kinds.alternative<FailDisk>("fail_disk", &Fault::action, "A disk fails.");
}

}  // namespace brokerlab::scenarios
