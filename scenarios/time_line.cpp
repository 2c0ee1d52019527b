#include "scenarios/time_line.h"

#include "base/translation.h"
#include "model/events.h"
#include "scenarios/spans.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <utility>

namespace brokerlab::scenarios {
namespace {

/// Of the events of one kind within this time the first few are lines of their own, the others one
/// line together. Those about the offsets topic are one line from the first on.
constexpr Duration gathered_within = 2s;
constexpr int told_of_each = 6;
/// A span that is no span to people.
constexpr Duration at_once = 1ms;

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

/// "14 times in 4.2 s": what came again, in one line.
Phrase times_in(std::int64_t times, Duration span) {
  return span < at_once ? phrase("; {} times at once", with_commas(times))
                        : phrase("; {} times in {}", with_commas(times), rounded(span));
}

Phrase repeated(const sim::Event& event, const ErrorSpells& errors) {
  const auto spell = errors.all().find(event.id);
  if (spell == errors.all().end() || spell->second.count == 1) return {};
  return times_in(spell->second.count, spell->second.last - spell->second.first);
}

/// What a producer does batch by batch, to one partition and for one reason: a line for as long as
/// it goes on.
class Batches {
 public:
  /// Whether an earlier event's line tells of this one, too.
  bool told_already(const sim::Event& event) {
    namespace is = model::events;
    const bool of_batches = event.kind == &is::producer_record_failed ||
                            event.kind == &is::written_twice ||
                            event.kind == &is::written_out_of_order;
    if (!of_batches) return false;
    const std::int64_t records = std::atoll(std::string(event.detail("count")).c_str());
    const Key key{event.kind, event.machine, event.partition, std::string(event.detail("error"))};
    const auto open = latest_.find(key);
    if (open != latest_.end()) {
      Spell& spell = all_.at(open->second);
      if (event.time - spell.last <= ErrorSpells::apart) {
        ++spell.times;
        spell.records += records;
        spell.last = event.time;
        return true;
      }
    }
    latest_.insert_or_assign(key, event.id);
    all_.emplace(event.id, Spell{1, records, event.time, event.time});
    return false;
  }
  /// Once all have been told of: "; 14 times in 4.2 s, 320 records in all", or nothing.
  Phrase behind(sim::EventId first) const {
    const auto spell = all_.find(first);
    if (spell == all_.end() || spell->second.times == 1) return {};
    return phrase("{}, {} records in all",
                  times_in(spell->second.times, spell->second.last - spell->second.first),
                  with_commas(spell->second.records));
  }

 private:
  using Key = std::tuple<const sim::EventKind*, sim::MachineId, sim::PartitionId, std::string>;
  struct Spell {
    std::int64_t times;
    std::int64_t records;
    Time first;
    Time last;
  };
  std::map<Key, sim::EventId> latest_;  ///< Only looked up, never walked through.
  std::map<sim::EventId, Spell> all_;
};

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
  std::vector<std::pair<std::size_t, sim::EventId>> first_of_batches;  ///< Moments that may repeat.
  Gatherer gatherer;
  Batches batches;
  const Time begin = beginning(trace);
  for (const sim::Event& event : trace.events()) {
    if (event.kind->level == sim::Level::detail || event.time < begin) continue;
    if (batches.told_already(event)) continue;
    Gathered& those = gatherer.gather(event, internal.contains(event.partition));
    const int untold = ++those.count - those.told();
    if (untold == 1) those.moment = moments.size();
    if (untold <= 1) {
      first_of_batches.emplace_back(moments.size(), event.id);
      const Phrase again = repeated(event, errors);
      moments.push_back({event.time,
                         {trace.sentence(event, Language::english) + again.english,
                          trace.sentence(event, Language::korean) + again.korean}});
    }
  }
  for (const auto& [moment, event] : first_of_batches) {
    const Phrase again = batches.behind(event);
    moments[moment].text.english += again.english;
    moments[moment].text.korean += again.korean;
  }
  for (const Gathered& those : gatherer.all()) {
    const int untold = those.count - those.told();
    if (those.is_internal) {
      moments[those.moment].text =
          untold == 1 ? phrase("({}: 1 partition of {})", those.kind->name, model::offsets_topic)
                      : phrase("({}: {} partitions of {})", those.kind->name, with_commas(untold),
                               model::offsets_topic);
    } else if (untold > 1) {
      moments[those.moment].text = phrase("({}: {} more)", those.kind->name, with_commas(untold));
    }
  }
  return moments;
}

}  // namespace brokerlab::scenarios
