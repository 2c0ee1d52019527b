// corrupt: one bit of a broker's log segments flips on the medium.
#include "base/translation.h"
#include "scenarios/faults/kinds.h"
#include "scenarios/faults/parts.h"

namespace brokerlab::scenarios {
namespace {

class Corrupt final : public OnMachine {
 public:
  std::string directory;  ///< "orders-3"; empty: any.
  static const Settings<Corrupt>& settings() {
    static const auto all =
        Settings<Corrupt>("Corrupt", "One bit of a broker's log segments flips on its disk.")
            .field("machine", machine_of<Corrupt>(), setting::record<Target>(), "The broker.")
            .required()
            .field("directory", &Corrupt::directory, setting::text(260),
                   "A partition's (\"orders-3\"); unset is any.");
    return all;
  }

  Phrase what() const override { return phrase("corrupt"); }
  bool ends_by_heal() const override { return false; }
  bool undoes_syncs() const override { return true; }

  void check(FaultCheck& check) const override {
    if (!check.process("corrupt/machine", machine)) return;
    const auto role = check.role_of(machine);
    if (role && role->role != Role::broker) {
      check.error("corrupt/machine", in_quotes(role->name), tr("has no logs: it is no broker"));
    }
    if (!directory.empty()) check.partition_directory("corrupt/directory", directory);
  }

  void act(FaultSchedule& schedule, const std::string& as, FaultReport& report) const override {
    Cluster::Member* member = schedule.member_of(machine, as, report);
    if (member == nullptr) return;
    if (member->role.role != Role::broker) {
      report.note = phrase("only brokers have logs");
      return;
    }
    const std::string prefix =
        directory.empty() ? "" : fmt::format("{}/{}/", model::log_root, directory);
    const model::BrokerId broker(member->role.index + 1);
    const auto flipped = schedule.cluster().storage(broker).corrupt(prefix);
    report.done = flipped.has_value();
    report.harmful = report.done;
    report.note =
        flipped ? phrase("bit {} of byte {} of {}", flipped->bit, flipped->position, flipped->path)
                : phrase("nothing of it was on the disk yet");
    if (!flipped) return;
    // "<root>/orders-3/00000000000000000000.log"
    const std::size_t end = flipped->path.rfind('/');
    const std::size_t begin = flipped->path.rfind('/', end - 1) + 1;
    schedule.effects().damaged(schedule.index_of(report), member->machine->id(),
                               flipped->path.substr(begin, end - begin));
  }
};

}  // namespace

void add_corrupt(Settings<Fault>& kinds) {
  kinds.alternative<Corrupt>("corrupt", &Fault::action, "A bit flips on a broker's disk.");
}

}  // namespace brokerlab::scenarios
