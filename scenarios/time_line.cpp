#include "scenarios/time_line.h"

#include "model/events.h"

#include <algorithm>
#include <map>
#include <set>

namespace brokerlab::scenarios {
namespace {

/// Events of one kind about the offsets topic within this time are one line; of those about another
/// partition the first few are told, and the others are one line.
constexpr Duration gathered_within = 2s;
constexpr int told_of_each = 3;
/// And of those about no partition.
constexpr int told_of_kind = 12;

/// Events of one kind, of one partition or of all internal ones.
struct Gathered {
  const sim::EventKind* kind;
  sim::PartitionId partition;
  Time first;
  std::size_t moment = 0;  ///< The line for those that are not told.
  int count = 0;
};

class Gatherer {
 public:
  Gathered& gather(const sim::Event& event, sim::PartitionId partition) {
    const auto [known, fresh] = latest_.try_emplace({event.kind, partition}, all_.size());
    if (fresh || event.time - all_[known->second].first > gathered_within) {
      known->second = all_.size();
      all_.push_back({event.kind, partition, event.time});
    }
    return all_[known->second];
  }
  const std::vector<Gathered>& all() const { return all_; }

 private:
  std::vector<Gathered> all_;
  /// By kind and partition; only looked up, never walked through.
  std::map<std::pair<const sim::EventKind*, sim::PartitionId>, std::size_t> latest_;
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
                                         const model::ClusterContext& cluster) {
  std::set<sim::PartitionId> internal;
  for (const auto& [name, id] : cluster.partitions.all()) {
    if (name.topic == model::offsets_topic) internal.insert(id);
  }
  std::vector<RunReport::Moment> moments;
  Gatherer of_internal;
  Gatherer of_one;
  Gatherer of_kind;
  const Time begin = beginning(trace);
  for (const sim::Event& event : trace.events()) {
    if (event.kind->level == sim::Level::detail || event.time < begin) continue;
    const bool is_internal = internal.contains(event.partition);
    const bool of_no_partition = !is_internal && !event.partition.valid();
    Gathered& those = is_internal       ? of_internal.gather(event, {})
                      : of_no_partition ? of_kind.gather(event, {})
                                        : of_one.gather(event, event.partition);
    const int told = is_internal ? 0 : of_no_partition ? told_of_kind : told_of_each;
    const int untold = ++those.count - told;
    if (untold == 1) those.moment = moments.size();
    if (untold <= 1) {
      moments.push_back({event.time, trace.sentence(event, sim::Language::english)});
    }
  }
  for (const Gathered& one : of_internal.all()) {
    moments[one.moment].text =
        fmt::format("({}: {} {} of {})", one.kind->name, one.count,
                    one.count == 1 ? "partition" : "partitions", model::offsets_topic);
  }
  for (const Gathered& one : of_one.all()) {
    if (one.count <= told_of_each + 1) continue;
    moments[one.moment].text =
        fmt::format("({}: {} more of {})", one.kind->name, one.count - told_of_each,
                    trace.partition_name(one.partition));
  }
  for (const Gathered& one : of_kind.all()) {
    if (one.count <= told_of_kind + 1) continue;
    moments[one.moment].text =
        fmt::format("({}: {} more)", one.kind->name, one.count - told_of_kind);
  }
  return moments;
}

}  // namespace brokerlab::scenarios
