#include "plan/objectives.h"

#include "base/settings.h"
#include "base/translation.h"

namespace brokerlab::plan {

const Settings<Objectives>& Objectives::settings() {
  using S = Objectives;
  static const auto all =
      Settings<S>("Objectives", "What is to be held.")
          .field("kept", &S::kept, 0.5, 1, "Share of the records that are acknowledged by the end.")
          .field("p99_produce", &S::p99_produce, 1ms, 1h,
                 "99 % of records are acknowledged so soon after they came into being.")
          .field("p99_end_to_end", &S::p99_end_to_end, 1ms, 1h,
                 "99 % of records are processed by a group so soon after they came into being.")
          .field("utilisation", &S::utilisation, 0.05, 10,
                 "Of a broker's network card, disks and processor, on average over the load.")
          .field(
              "drain", &S::drain, setting::duration(1ms, 24h),
              "From a group's greatest lag until it has caught up; not asked if it is not given.")
          .field("no_loss", &S::no_loss, "No acknowledged record is lost.");
  return all;
}

std::vector<Phrase> missed(const Objectives& objectives, const KeyFigures& figures) {
  std::vector<Phrase> all;
  if (figures.kept() < objectives.kept) {
    all.push_back(phrase("{:.1f} % of the records acknowledged", 100 * figures.kept()));
  }
  const double produce = to_millis(objectives.p99_produce);
  if (figures.p99_produce_ms > produce) {
    all.push_back(phrase("p99 produce {:.0f} ms", figures.p99_produce_ms));
  }
  const double end_to_end = to_millis(objectives.p99_end_to_end);
  if (figures.p99_end_to_end_ms > end_to_end) {
    all.push_back(phrase("p99 end to end {:.0f} ms", figures.p99_end_to_end_ms));
  }
  for (const Utilisation& one : figures.busiest) {
    if (one.mean <= objectives.utilisation) continue;
    all.push_back(
        phrase("{} of {} at {:.0f} %", to_text(one.resource), one.machine, 100 * one.mean));
  }
  if (objectives.drain && (!figures.drain_s || *figures.drain_s > to_seconds(*objectives.drain))) {
    all.push_back(figures.drain_s
                      ? phrase("caught up with the lag after {:.0f} s", *figures.drain_s)
                      : phrase("lag not caught up with"));
  }
  if (objectives.no_loss && figures.lost > 0) {
    all.push_back(phrase("{} acknowledged records lost", figures.lost));
  }
  return all;
}

}  // namespace brokerlab::plan
