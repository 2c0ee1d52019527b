// lying_disk: syncs are confirmed and do nothing; a power loss takes what they promised.
#include "base/translation.h"
#include "scenarios/faults/kinds.h"
#include "scenarios/faults/parts.h"
#include "sim/disk_faults.h"

namespace brokerlab::scenarios {
namespace {

class LyingDisk final : public OnDisk {
 public:
  static const Settings<LyingDisk>& settings() {
    static const auto all = on_disk<LyingDisk>(
        "LyingDisk", "A disk confirms syncs that it has not done; a power loss shows it.");
    return all;
  }

  Phrase what() const override { return phrase("lying disk"); }
  bool undoes_syncs() const override { return true; }
  void check(FaultCheck& check) const override { (void)check.disk("lying_disk", machine, disk); }
  void act(FaultSchedule& schedule, const std::string& as, FaultReport& report) const override {
    sim::Machine* it = schedule.machine_with_disk(machine, index(), as, report);
    if (it == nullptr) return;
    const auto set = [it, at = index()] { sim::make_disk_lie(*it, at); };
    schedule.set_disk(*it, index(), as, report, Effect::disk_lied, &sim::DiskHarm::lies, set,
                      [it, at = index()] { sim::make_disk_honest(*it, at); });
  }
};

}  // namespace

void add_lying_disk(Settings<Fault>& kinds) {
  kinds.alternative<LyingDisk>("lying_disk", &Fault::action, "A disk lies about syncs.");
}

}  // namespace brokerlab::scenarios
