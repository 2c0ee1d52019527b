#include "scenarios/time_line.h"

#include "base/translation.h"
#include "model/events.h"

#include <algorithm>
#include <map>
#include <set>

namespace brokerlab::scenarios {
namespace {

/// Of the events of one kind within this time the first few are lines of their own, the others one
/// line together. Those about the offsets topic are one line from the first on.
constexpr Duration gathered_within = 2s;
constexpr int told_of_each = 6;

/// Events of one kind that happened together.
struct Gathered {
  const sim::EventKind* kind;
  bool is_internal;
  Time first;
  std::size_t moment = 0;  ///< The line for those that have none.
  int count = 0;

  int told() const { return is_internal ? 0 : told_of_each; }
};

class Gatherer {
 public:
  Gathered& gather(const sim::Event& event, bool is_internal) {
    const auto [known, fresh] = latest_.try_emplace({event.kind, is_internal}, all_.size());
    if (fresh || event.time - all_[known->second].first > gathered_within) {
      known->second = all_.size();
      all_.push_back({event.kind, is_internal, event.time});
    }
    return all_[known->second];
  }
  const std::vector<Gathered>& all() const { return all_; }

 private:
  std::vector<Gathered> all_;
  /// Only looked up, never walked through.
  std::map<std::pair<const sim::EventKind*, bool>, std::size_t> latest_;
};

/// "; 14 times in 4.2 s": of an error that came again.
Phrase repeated(const sim::Event& event, const ErrorSpells& errors) {
  const auto spell = errors.all().find(event.id);
  if (spell == errors.all().end() || spell->second.count == 1) return {};
  return phrase("; {} times in {}", spell->second.count,
                to_rounded_text(spell->second.last - spell->second.first));
}

Time beginning(const sim::Trace& trace) {
  for (const sim::Event& event : trace.events()) {
    const bool is_incident =
        event.kind->level == sim::Level::fault || event.kind == &model::events::load_changed;
    if (is_incident && event.time > Time{}) return event.time;
  }
  return Time{};
}

}  // namespace

std::vector<RunReport::Moment> time_line(const sim::Trace& trace,
                                         const model::ClusterContext& cluster,
                                         const ErrorSpells& errors) {
  std::set<sim::PartitionId> internal;
  for (const auto& [name, id] : cluster.partitions.all()) {
    if (name.topic == model::offsets_topic) internal.insert(id);
  }
  std::vector<RunReport::Moment> moments;
  Gatherer gatherer;
  const Time begin = beginning(trace);
  for (const sim::Event& event : trace.events()) {
    if (event.kind->level == sim::Level::detail || event.time < begin) continue;
    Gathered& those = gatherer.gather(event, internal.contains(event.partition));
    const int untold = ++those.count - those.told();
    if (untold == 1) those.moment = moments.size();
    if (untold <= 1) {
      const Phrase again = repeated(event, errors);
      moments.push_back({event.time,
                         {trace.sentence(event, Language::english) + again.english,
                          trace.sentence(event, Language::korean) + again.korean}});
    }
  }
  for (const Gathered& those : gatherer.all()) {
    const int untold = those.count - those.told();
    if (those.is_internal) {
      moments[those.moment].text =
          untold == 1
              ? phrase("({}: 1 partition of {})", those.kind->name, model::offsets_topic)
              : phrase("({}: {} partitions of {})", those.kind->name, untold, model::offsets_topic);
    } else if (untold > 1) {
      moments[those.moment].text = phrase("({}: {} more)", those.kind->name, untold);
    }
  }
  return moments;
}

}  // namespace brokerlab::scenarios
