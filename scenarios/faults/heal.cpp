// heal: ends the fault that was given this name with "as".
#include "base/translation.h"
#include "scenarios/faults/kinds.h"
#include "scenarios/faults/parts.h"
#include "scenarios/names.h"

namespace brokerlab::scenarios {
namespace {

class Heal final : public FaultAction {
 public:
  std::string fault;

  Phrase what() const override { return phrase("heal"); }
  bool may_be_named() const override { return false; }
  void check(FaultCheck& check) const override { check.heals(fault); }
  void act(FaultSchedule& schedule, const std::string&, FaultReport& report) const override {
    schedule.heal(fault, report);
  }
};

}  // namespace

void add_heal(Settings<Fault>& kinds) {
  kinds.alternative("heal", &Fault::action, &Heal::fault, machine_name(),
                    "The fault of this name (as) ends. An earlier one of its kind on the same "
                    "thing counts again.");
}

}  // namespace brokerlab::scenarios
