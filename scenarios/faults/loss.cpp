// loss: packets between two sides are lost at random.
#include "base/translation.h"
#include "scenarios/faults/kinds.h"
#include "scenarios/faults/parts.h"

namespace brokerlab::scenarios {
namespace {

class Loss final : public OnPaths {
 public:
  double share = 0.01;  ///< Of all packets.
  static const Settings<Loss>& settings() {
    static const auto all =
        on_paths<Loss>("Loss", "Packets between two sides are lost at random.")
            .field("share", &Loss::share, 1e-6, 0.99, "Of all packets; 0.01 is one in a hundred.");
    return all;
  }

  Phrase what() const override { return phrase("loss"); }
  void check(FaultCheck& check) const override { check.sides("loss", between, against); }
  void act(FaultSchedule& schedule, const std::string& as, FaultReport& report) const override {
    impair(schedule, sim::Impairment{.loss = share}, as, report);
  }
};

}  // namespace

void add_loss(Settings<Fault>& kinds) {
  kinds.alternative<Loss>("loss", &Fault::action, "Packets between two sides are lost.");
}

}  // namespace brokerlab::scenarios
