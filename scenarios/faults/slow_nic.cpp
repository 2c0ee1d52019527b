// slow_nic: a network card falls back to a lower rate.
#include "base/translation.h"
#include "scenarios/faults/kinds.h"
#include "scenarios/faults/parts.h"

namespace brokerlab::scenarios {
namespace {

class SlowNic final : public OnMachine {
 public:
  BytesPerSecond rate = 10_Mbps;
  static const Settings<SlowNic>& settings() {
    static const auto all =
        Settings<SlowNic>("SlowNic", "A network card falls back to a lower rate.")
            .field("machine", machine_of<SlowNic>(), setting::record<Target>(), "Whose.")
            .required()
            .field("rate", &SlowNic::rate, 1_Mbps, 400_Gbps, "In each direction.");
    return all;
  }

  Phrase what() const override { return phrase("slow nic"); }

  void check(FaultCheck& check) const override {
    if (!check.target("slow_nic/machine", machine)) return;
    const auto hardware = check.hardware_of(machine);
    if (!hardware) return;
    const BytesPerSecond top = hardware->nic.top_rate();
    if (rate < top) return;
    check.error("slow_nic/rate", in_quotes(to_text(rate)),
                tr("must be below the rate of its card, {}", to_text(top)));
  }

  void act(FaultSchedule& schedule, const std::string& as, FaultReport& report) const override {
    sim::Host* host = schedule.host_of(machine, as, report);
    if (host == nullptr) return;
    const sim::MachineId id = host->id();
    report.done = rate < host->config().nic.top_rate();
    if (!report.done) {
      report.note = phrase("its card is no faster anyway");
      return;
    }
    report.harmful = true;
    sim::Network& network = schedule.cluster().network();
    const auto set = [&network, id, to = rate] { network.slow_nic(id, to, {}); };
    schedule.lay_over("card of " + host->name(), as, set,
                      [&network, id] { network.restore_nic(id); });
  }
};

}  // namespace

void add_slow_nic(Settings<Fault>& kinds) {
  kinds.alternative<SlowNic>("slow_nic", &Fault::action, "A network card is slow.");
}

}  // namespace brokerlab::scenarios
