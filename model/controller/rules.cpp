#include "model/controller/rules.h"

#include <algorithm>

namespace brokerlab::model {
namespace {

std::vector<BrokerId> only_live(const std::vector<BrokerId>& isr, const std::set<BrokerId>& live) {
  std::vector<BrokerId> kept;
  std::copy_if(isr.begin(), isr.end(), std::back_inserter(kept),
               [&](BrokerId broker) { return live.contains(broker); });
  return kept;
}

}  // namespace

std::optional<Elected> elect_offline(const std::vector<BrokerId>& assignment,
                                     const std::vector<BrokerId>& isr,
                                     const std::set<BrokerId>& live, bool unclean_allowed) {
  for (const BrokerId replica : assignment) {
    if (live.contains(replica) && contains(isr, replica)) {
      return Elected{replica, only_live(isr, live), false};
    }
  }
  if (!unclean_allowed) return std::nullopt;
  for (const BrokerId replica : assignment) {
    if (live.contains(replica)) return Elected{replica, {replica}, true};
  }
  return std::nullopt;
}

std::optional<Elected> elect_preferred(const std::vector<BrokerId>& assignment,
                                       const std::vector<BrokerId>& isr,
                                       const std::set<BrokerId>& live) {
  if (assignment.empty() || !live.contains(assignment.front()) ||
      !contains(isr, assignment.front())) {
    return std::nullopt;
  }
  return Elected{assignment.front(), isr, false};
}

std::optional<Elected> elect_for_shutdown(const std::vector<BrokerId>& assignment,
                                          const std::vector<BrokerId>& isr,
                                          const std::set<BrokerId>& live,
                                          const std::set<BrokerId>& shutting_down) {
  for (const BrokerId replica : assignment) {
    if (!live.contains(replica) || !contains(isr, replica) || shutting_down.contains(replica)) {
      continue;
    }
    std::vector<BrokerId> kept;
    std::copy_if(isr.begin(), isr.end(), std::back_inserter(kept),
                 [&](BrokerId broker) { return !shutting_down.contains(broker); });
    return Elected{replica, std::move(kept), false};
  }
  return std::nullopt;
}

std::vector<std::vector<BrokerId>> assign_replicas(const std::vector<BrokerId>& brokers,
                                                   int partitions, int replication_factor,
                                                   RandomStream& random) {
  const int count = static_cast<int>(brokers.size());
  ENSURE(replication_factor >= 1 && replication_factor <= count, "factor {} on {} brokers",
         replication_factor, count);
  const int start = static_cast<int>(random.below(count));
  int follower_shift = static_cast<int>(random.below(count));
  std::vector<std::vector<BrokerId>> assignment;
  for (int partition = 0; partition < partitions; ++partition) {
    if (partition > 0 && partition % count == 0) ++follower_shift;
    const int first = (partition + start) % count;
    std::vector<BrokerId>& replicas = assignment.emplace_back();
    replicas.push_back(brokers[static_cast<std::size_t>(first)]);
    for (int follower = 0; follower + 1 < replication_factor; ++follower) {
      const int shift = 1 + (follower_shift + follower) % (count - 1);
      replicas.push_back(brokers[static_cast<std::size_t>((first + shift) % count)]);
    }
  }
  return assignment;
}

}  // namespace brokerlab::model
