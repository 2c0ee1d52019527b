// fill_disk: somebody else's files take the room of a disk.
#include "base/translation.h"
#include "scenarios/faults/kinds.h"
#include "scenarios/faults/parts.h"
#include "sim/disk_faults.h"

#include <algorithm>

namespace brokerlab::scenarios {
namespace {

class FillDisk final : public OnDisk {
 public:
  Bytes left{0};
  static const Settings<FillDisk>& settings() {
    static const auto all =
        on_disk<FillDisk>("FillDisk", "Somebody else's files take the room of a disk.")
            .field("left", &FillDisk::left, Bytes(0), Bytes(4ll << 40), "What stays free.");
    return all;
  }

  Phrase what() const override { return phrase("fill disk"); }

  void check(FaultCheck& check) const override {
    if (!check.disk("fill_disk", machine, disk)) return;
    const auto hardware = check.hardware_of(machine);
    if (!hardware) return;
    const Bytes size = hardware->disks[static_cast<std::size_t>(index())].size;
    if (left < size) return;
    check.error("fill_disk/left", in_quotes(to_text(left)),
                tr("must be less than the size of the disk, {}", to_text(size)));
  }

  void act(FaultSchedule& schedule, const std::string& as, FaultReport& report) const override {
    sim::Machine* it = schedule.machine_with_disk(machine, index(), as, report);
    if (it == nullptr) return;
    if (left >= it->disk(index()).free()) {
      report.note = phrase("it has no more room than that anyway");
      return;
    }
    // Covered by another it leaves what it would have left by then.
    const auto set = [it, at = index(), room = left, used = it->disk(index()).used()] {
      const Bytes more = it->disk(at).used() - used;
      sim::fill_disk(*it, at, std::max(room - more, Bytes(0)));
    };
    schedule.set_disk(*it, index(), as, report, Effect::disk_refused, &sim::DiskHarm::refused, set,
                      [it, at = index()] { sim::empty_disk(*it, at); });
  }
};

}  // namespace

void add_fill_disk(Settings<Fault>& kinds) {
  kinds.alternative<FillDisk>("fill_disk", &Fault::action, "A disk is full.");
}

}  // namespace brokerlab::scenarios
