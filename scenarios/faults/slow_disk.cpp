// slow_disk: every operation of a disk takes so many times as long.
#include "base/translation.h"
#include "scenarios/faults/kinds.h"
#include "scenarios/faults/parts.h"
#include "sim/disk_faults.h"

namespace brokerlab::scenarios {
namespace {

class SlowDisk final : public OnDisk {
 public:
  double factor = 10;
  static const Settings<SlowDisk>& settings() {
    static const auto all =
        on_disk<SlowDisk>("SlowDisk", "A disk takes longer over everything.")
            .field("factor", &SlowDisk::factor, 1.0, 10'000.0, "So many times as long.");
    return all;
  }

  Phrase what() const override { return phrase("slow disk"); }
  void check(FaultCheck& check) const override { (void)check.disk("slow_disk", machine, disk); }
  void act(FaultSchedule& schedule, const std::string& as, FaultReport& report) const override {
    sim::Machine* it = schedule.machine_with_disk(machine, index(), as, report);
    if (it == nullptr) return;
    const auto set = [it, at = index(), times = factor] { sim::slow_disk(*it, at, times); };
    schedule.set_disk(*it, index(), as, report, Effect::disk_slow, &sim::DiskHarm::slowed, set,
                      [it, at = index()] { sim::restore_disk_speed(*it, at); });
  }
};

}  // namespace

void add_slow_disk(Settings<Fault>& kinds) {
  kinds.alternative<SlowDisk>("slow_disk", &Fault::action, "A disk is slow.");
}

}  // namespace brokerlab::scenarios
