#include "plan/workload/producers.h"

#include "scenarios/sources/record_keys.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace brokerlab::plan {
namespace {

constexpr double records_a_producer = 10'000;
constexpr int most_producers = 200;
/// Where chance decides when records come, batches fill sooner than on average, now and then.
constexpr double sooner = 0.8;

}  // namespace

int producers_of(const PlannedTopic& topic, const TopicDemand& demand) {
  const auto enough = static_cast<int>(std::ceil(demand.peak_records / records_a_producer));
  return topic.producers.value_or(std::clamp(enough, 1, most_producers));
}

double waiting_longer(const Planning& planning, const ClusterPlan& cluster, Duration limit) {
  const ClientSettings& clients = planning.workload.clients[cluster.candidate.build.clients];
  double all = 0;
  double late = 0;
  for (std::size_t i = 0; i < planning.demands.size(); ++i) {
    const PlannedTopic& topic = planning.workload.topics[i];
    const TopicDemand& demand = planning.demands[i];
    std::vector<double> shares{1};
    if (topic.keys.any()) {
      shares = scenarios::RecordKeys(topic.keys).partitions(cluster.partitions[i]).shares;
    }
    const double of_each = demand.at_peak / producers_of(topic, demand);
    for (const double share : shares) {
      const double rate = of_each * share * demand.record_bytes;
      if (rate <= 0) continue;
      const double full = sooner * static_cast<double>(clients.batch_size.count()) / rate;
      const double wait = std::min(to_seconds(clients.linger), full);
      const double records = demand.at_peak * share;
      all += records;
      if (wait > 0) late += records * std::max(0.0, 1 - to_seconds(limit) / wait);
    }
  }
  return all > 0 ? late / all : 0;
}

}  // namespace brokerlab::plan
