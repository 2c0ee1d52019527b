#include "scenarios/time_line.h"

#include "model/events.h"

#include <algorithm>
#include <set>

namespace brokerlab::scenarios {
namespace {

/// Events of one kind about the offsets topic within this time are one line.
constexpr Duration gathered_within = 2s;

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
  struct Gathered {
    const sim::EventKind* kind;
    Time first;
    std::size_t moment;
    int count = 0;
  };
  std::vector<RunReport::Moment> moments;
  std::vector<Gathered> gathered;
  const Time begin = beginning(trace);
  for (const sim::Event& event : trace.events()) {
    if (event.kind->level == sim::Level::detail || event.time < begin) continue;
    if (!internal.contains(event.partition)) {
      moments.push_back({event.time, trace.sentence(event, sim::Language::english)});
      continue;
    }
    const auto known = std::find_if(gathered.begin(), gathered.end(), [&](const Gathered& one) {
      return one.kind == event.kind && event.time - one.first <= gathered_within;
    });
    if (known == gathered.end()) {
      gathered.push_back({event.kind, event.time, moments.size(), 1});
      moments.push_back({event.time, ""});
    } else {
      ++known->count;
    }
  }
  for (const Gathered& one : gathered) {
    moments[one.moment].text =
        fmt::format("({}: {} {} of {})", one.kind->name, one.count,
                    one.count == 1 ? "partition" : "partitions", model::offsets_topic);
  }
  return moments;
}

}  // namespace brokerlab::scenarios
