// cut: no message passes between the two sides, until the cut is healed.
#include "base/translation.h"
#include "scenarios/faults/kinds.h"
#include "scenarios/faults/parts.h"

namespace brokerlab::scenarios {
namespace {

class Cut final : public OnPaths {
 public:
  static const Settings<Cut>& settings() {
    static const auto all = on_paths<Cut>("Cut", "No message passes between two sides.");
    return all;
  }

  Phrase what() const override { return phrase("cut"); }
  void check(FaultCheck& check) const override { check.sides("cut", between, against); }
  void act(FaultSchedule& schedule, const std::string& as, FaultReport& report) const override {
    impair(schedule, sim::Impairment{.cut = true}, as, report);
  }
};

}  // namespace

void add_cut(Settings<Fault>& kinds) {
  kinds.alternative<Cut>("cut", &Fault::action, "The network between two sides is cut.");
}

}  // namespace brokerlab::scenarios
