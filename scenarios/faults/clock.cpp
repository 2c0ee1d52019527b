// clock: the machine's clock is wrong. From now on it is `ahead` of the true time or `behind` it,
// and gains `drift` seconds a million.
#include "base/translation.h"
#include "scenarios/faults/kinds.h"
#include "scenarios/faults/parts.h"
#include "scenarios/names.h"

namespace brokerlab::scenarios {
namespace {

class Clock final : public OnMachine {
 public:
  Duration ahead{0};
  Duration behind{0};
  double drift = 0;  ///< JSON: "drift_ppm".
  static const Settings<Clock>& settings() {
    static const auto all =
        Settings<Clock>("Clock", "A machine's clock is wrong: it jumps, drifts, or both.")
            .field("machine", machine_of<Clock>(), setting::record<Target>(), "Whose clock.")
            .required()
            .field("ahead", &Clock::ahead, Duration{0}, longest_run, "Of the true time, at first.")
            .field("behind", &Clock::behind, Duration{0}, longest_run, "The true time, at first.")
            .field("drift_ppm", &Clock::drift, -100'000.0, 100'000.0,
                   "Seconds that it gains in a million; below 0 it loses them. A bad quartz: 100.")
            .check([](const Clock& clock, FieldReport& report) {
              if (clock.ahead > Duration{0} && clock.behind > Duration{0}) {
                report.error("behind", tr("must not be given with ahead"));
              } else if (clock.ahead == clock.behind && clock.drift == 0) {
                report.error("ahead", tr("one of ahead, behind and drift_ppm must not be 0"));
              }
            });
    return all;
  }

  Phrase what() const override { return phrase("clock"); }

  /// Kafka's clients take their timeouts from the time of day, ours from the time that passes.
  void check(FaultCheck& check) const override {
    if (!check.target("clock/machine", machine)) return;
    const auto role = check.role_of(machine);
    if (!role || (role->role != Role::producer && role->role != Role::consumer)) return;
    check.warning("clock/machine", in_quotes(role->name),
                  tr("only the time stamps of a client follow its clock; its timeouts and linger "
                     "do in Kafka, but are not modelled so"));
  }

  void act(FaultSchedule& schedule, const std::string& as, FaultReport& report) const override {
    sim::Host* host = schedule.host_of(machine, as, report);
    if (host == nullptr) return;
    report.done = true;
    report.harmful = true;
    sim::Host& it = *host;
    Effects& effects = schedule.effects();
    const std::size_t watch = effects.watch(schedule.index_of(report), Effect::stamped,
                                            [&it] { return it.wrong_stamps(); });
    // Covered by another it goes on from where it would be by then.
    sim::World& world = schedule.world();
    const auto set = [&world, &effects, &it, wrong = ahead - behind, gain = drift / 1e6, watch,
                      since = world.now()] {
      const Duration drifted = from_seconds(to_seconds(world.now() - since) * gain);
      it.set_clock(wrong + drifted, gain);
      effects.in_force(watch);
    };
    schedule.lay_over(
        "clock of " + it.name(), as, set, [&it] { it.set_clock({}, 0); },
        [&effects, watch] { effects.covered(watch); });
  }
};

}  // namespace

void add_clock(Settings<Fault>& kinds) {
  kinds.alternative<Clock>("clock", &Fault::action, "A machine's clock is wrong, until healed.");
}

}  // namespace brokerlab::scenarios
