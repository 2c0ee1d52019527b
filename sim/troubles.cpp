#include "sim/troubles.h"

#include <algorithm>

namespace brokerlab::sim {

void Troubles::begin(TroubleKind kind, MachineId machine, EventId event, Time now, Time until) {
  forget(now);
  all_.push_back({kind, machine, {}, event, now, until});
}

void Troubles::begin(TroubleKind kind, std::function<bool(MachineId, MachineId)> hits,
                     EventId event, Time now) {
  all_.push_back({kind, {}, std::move(hits), event, now, never});
}

void Troubles::end(EventId event, Time now) {
  for (Trouble& trouble : all_) {
    if (trouble.event == event) trouble.end = std::min(trouble.end, now);
  }
}

void Troubles::end(TroubleKind kind, MachineId machine, Time now) {
  for (Trouble& trouble : all_) {
    if (trouble.kind == kind && trouble.machine == machine) {
      trouble.end = std::min(trouble.end, now);
    }
  }
}

void Troubles::forget(Time now) {
  constexpr std::size_t few = 256;
  if (all_.size() < few) return;
  std::erase_if(all_, [now](const Trouble& trouble) {
    return trouble.kind == TroubleKind::still && trouble.end < now - remembered;
  });
}

EventId Troubles::explain(MachineId from, MachineId to, Time since, Time now) const {
  const Trouble* best = nullptr;
  for (const Trouble& trouble : all_) {
    if (trouble.begin > now || trouble.end < since) continue;
    const bool concerns = trouble.machine.valid()
                              ? trouble.machine == to ||
                                    (trouble.kind == TroubleKind::clock && trouble.machine == from)
                              : trouble.hits(from, to) || trouble.hits(to, from);
    if (!concerns) continue;
    if (best == nullptr || trouble.kind < best->kind ||
        (trouble.kind == best->kind && trouble.begin >= best->begin)) {
      best = &trouble;
    }
  }
  return best == nullptr ? EventId{} : best->event;
}

}  // namespace brokerlab::sim
