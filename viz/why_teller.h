// What an answer is put together from: the scene, words in a language, the last event that fits.
//
// Lifetime: a Teller borrows the scene. Threads: none. Errors: none.
#pragma once

#include "base/korean.h"
#include "viz/cluster/condition.h"
#include "viz/why.h"

#include <fmt/format.h>

#include <string>
#include <string_view>

namespace brokerlab::viz {

using recording::RecordedEvent;

class Teller {
 public:
  Teller(const Scene& of, Language in) : scene(of), language(in) {}

  template <class... Values>
  std::string words(Text text, const Values&... values) const {
    return with_particles(fmt::format(fmt::runtime(say(text, language)), values...));
  }

  // The last event up to now that `fits`.
  template <class Fits>
  const RecordedEvent* last(const Fits& fits) const {
    const auto& events = scene.run.events;
    for (auto it = events.rbegin(); it != events.rend(); ++it) {
      if (it->t <= scene.moment.t && fits(*it)) return &*it;
    }
    return nullptr;
  }

  // What changed what is asked of the whole cluster: a fault, or the load.
  const RecordedEvent* last_disturbance() const {
    return last([](const RecordedEvent& event) {
      return event.level == recording::EventLevel::fault || event.kind == "load.changed";
    });
  }

  // `how`: whether it led there, or only came before.
  void lead_to(const RecordedEvent* event, Text how = Text::why_began) {
    if (event == nullptr) return;
    said.event = event->id;
    said.lines.push_back(words(how, scene.run.wall_clock(event->t, true)));
  }

  const Scene& scene;
  const Language language;
  Answer said;
};

/// What brought the machine into this condition; nullptr: the recording does not tell.
const RecordedEvent* origin_of(const Teller& tell, int machine, Condition condition);
/// "broker-1 is powered off since 09:00:30, for 10 s", a line for each condition.
void tell_of_conditions(Teller& tell, const recording::RecordedProcess& process,
                        const std::vector<Condition>& conditions);
void tell_of_partition(Teller& tell, const recording::RecordedPartition& partition);

// Numbers of the table and the matrix, and what the bar says: why_numbers.cpp
void tell_of_replica(Teller& tell, const recording::RecordedPartition& partition, int broker);
void tell_of_high_watermark(Teller& tell, const recording::RecordedPartition& partition);
void tell_of_lag(Teller& tell, const recording::RecordedPartition& partition);
void tell_of_standing(Teller& tell, int standing);
void tell_of_state(Teller& tell);
void tell_of_verdict(Teller& tell);
void tell_of_place(Teller& tell, const std::string& name);

}  // namespace brokerlab::viz
