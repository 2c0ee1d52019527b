#include "scenarios/time_line.h"

#include "model/events.h"

#include <algorithm>
#include <set>

namespace brokerlab::scenarios {
namespace {

/// Events of one kind about the offsets topic within this time are one line; of those about another
/// partition the first few are told, and the others are one line.
constexpr Duration gathered_within = 2s;
constexpr int told_of_each = 3;

/// Events of one kind, of one partition or of all internal ones.
struct Gathered {
  const sim::EventKind* kind;
  sim::PartitionId partition;
  Time first;
  std::size_t moment = 0;  ///< The line for those that are not told.
  int count = 0;
};

Gathered& gather(std::vector<Gathered>& all, const sim::Event& event, sim::PartitionId partition) {
  for (auto one = all.rbegin(); one != all.rend(); ++one) {
    if (event.time - one->first > gathered_within) break;  // so are all before it
    if (one->kind == event.kind && one->partition == partition) return *one;
  }
  return all.emplace_back(Gathered{event.kind, partition, event.time});
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
                                         const model::ClusterContext& cluster) {
  std::set<sim::PartitionId> internal;
  for (const auto& [name, id] : cluster.partitions.all()) {
    if (name.topic == model::offsets_topic) internal.insert(id);
  }
  std::vector<RunReport::Moment> moments;
  std::vector<Gathered> of_internal;
  std::vector<Gathered> of_one;
  const Time begin = beginning(trace);
  for (const sim::Event& event : trace.events()) {
    if (event.kind->level == sim::Level::detail || event.time < begin) continue;
    const bool is_internal = internal.contains(event.partition);
    if (!is_internal && !event.partition.valid()) {
      moments.push_back({event.time, trace.sentence(event, sim::Language::english)});
      continue;
    }
    Gathered& those = is_internal ? gather(of_internal, event, sim::PartitionId())
                                  : gather(of_one, event, event.partition);
    const int untold = ++those.count - (is_internal ? 0 : told_of_each);
    if (untold == 1) those.moment = moments.size();
    if (untold <= 1) {
      moments.push_back({event.time, trace.sentence(event, sim::Language::english)});
    }
  }
  for (const Gathered& one : of_internal) {
    moments[one.moment].text =
        fmt::format("({}: {} {} of {})", one.kind->name, one.count,
                    one.count == 1 ? "partition" : "partitions", model::offsets_topic);
  }
  for (const Gathered& one : of_one) {
    if (one.count <= told_of_each + 1) continue;
    moments[one.moment].text =
        fmt::format("({}: {} more of {})", one.kind->name, one.count - told_of_each,
                    trace.partition_name(one.partition));
  }
  return moments;
}

}  // namespace brokerlab::scenarios
