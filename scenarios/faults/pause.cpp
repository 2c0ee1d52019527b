// pause: the process stands still (a stop-the-world collection) and then goes on as if nothing had
// been.
#include "base/translation.h"
#include "scenarios/faults/kinds.h"
#include "scenarios/faults/parts.h"

namespace brokerlab::scenarios {
namespace {

class Pause final : public OnMachine {
 public:
  Duration length{0};  ///< JSON: "for".
  static const Settings<Pause>& settings() {
    static const auto all =
        Settings<Pause>("Pause", "A process stands still: a long garbage collection.")
            .field("machine", machine_of<Pause>(), setting::record<Target>(), "Whose process.")
            .required()
            .field("for", &Pause::length, 1ms, 1h, "How long.")
            .required();
    return all;
  }

  Phrase what() const override { return phrase("pause"); }
  bool ends_by_heal() const override { return false; }
  void check(FaultCheck& check) const override { check.process("pause/machine", machine); }
  void act(FaultSchedule& schedule, const std::string& as, FaultReport& report) const override {
    Cluster::Member* member = schedule.running_member(machine, as, report);
    if (member == nullptr) return;
    schedule.silence(report, *member, schedule.world().now() + length);
    member->process->pause(length);
  }
};

}  // namespace

void add_pause(Settings<Fault>& kinds) {
  kinds.alternative<Pause>("pause", &Fault::action, "A process stands still for a while.");
}

}  // namespace brokerlab::scenarios
