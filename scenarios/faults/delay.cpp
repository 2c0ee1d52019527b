// delay: packets between two sides take longer.
#include "base/translation.h"
#include "scenarios/faults/kinds.h"
#include "scenarios/faults/parts.h"

namespace brokerlab::scenarios {
namespace {

class Delay final : public OnPaths {
 public:
  Duration by{0};
  Duration jitter{0};  ///< And up to this.
  static const Settings<Delay>& settings() {
    static const auto all =
        on_paths<Delay>("Delay", "Packets between two sides take longer.")
            .field("by", &Delay::by, Duration{0}, 1min, "In each direction that is hit.")
            .required()
            .field("jitter", &Delay::jitter, Duration{0}, 1min, "And a uniform extra up to this.");
    return all;
  }

  Phrase what() const override { return phrase("delay"); }
  void check(FaultCheck& check) const override { check.sides("delay", between, against); }
  void act(FaultSchedule& schedule, const std::string& as, FaultReport& report) const override {
    impair(schedule, sim::Impairment{.delay = by, .jitter = jitter}, as, report);
  }
};

}  // namespace

void add_delay(Settings<Fault>& kinds) {
  kinds.alternative<Delay>("delay", &Fault::action, "Packets between two sides take longer.");
}

}  // namespace brokerlab::scenarios
