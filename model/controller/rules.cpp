#include "model/controller/rules.h"

#include <algorithm>
#include <map>

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

namespace {

std::vector<BrokerId> without(const std::vector<BrokerId>& all, const std::vector<BrokerId>& some) {
  std::vector<BrokerId> left;
  for (const BrokerId one : all) {
    if (!contains(some, one)) left.push_back(one);
  }
  return left;
}

}  // namespace

std::vector<BrokerId> ReplicaAssignment::target() const {
  return without(replicas, moving.removing);
}
std::vector<BrokerId> ReplicaAssignment::origin() const { return without(replicas, moving.adding); }

ReplicaAssignment ReplicaAssignment::reassigned_to(const std::vector<BrokerId>& wanted) const {
  const std::vector<BrokerId> before = origin();
  ReplicaAssignment next;
  next.replicas = wanted;
  for (const BrokerId one : before) {
    if (!contains(next.replicas, one)) next.replicas.push_back(one);
  }
  next.moving.adding = without(next.replicas, before);
  next.moving.removing = without(next.replicas, wanted);
  return next;
}

namespace {

/// The k-th candidate for a follower of the partition whose first replica is at `first`.
int follower_index(int first, int shift, int k, int brokers) {
  return (first + 1 + (shift + k) % (brokers - 1)) % brokers;
}

/// The first broker of each rack, then the second of each. Source: getRackAlternatedBrokerList.
std::vector<RackedBroker> by_racks_in_turn(const std::vector<RackedBroker>& brokers) {
  std::map<std::string, std::vector<RackedBroker>> racks;
  for (const RackedBroker& broker : brokers) racks[broker.rack].push_back(broker);
  std::vector<RackedBroker> arranged;
  for (std::size_t i = 0; arranged.size() < brokers.size(); ++i) {
    for (const auto& [rack, members] : racks) {
      if (i < members.size()) arranged.push_back(members[i]);
    }
  }
  return arranged;
}

}  // namespace

std::optional<std::vector<std::vector<BrokerId>>> assign_replicas(
    const std::vector<RackedBroker>& brokers, const Placement& wanted, RandomStream& random) {
  const int count = static_cast<int>(brokers.size());
  ENSURE(wanted.replication_factor >= 1 && wanted.replication_factor <= count,
         "factor {} on {} brokers", wanted.replication_factor, count);
  std::set<std::string> racks;
  for (const RackedBroker& broker : brokers) racks.insert(broker.rack);
  if (racks.size() > 1 && racks.contains("")) return std::nullopt;
  const int rack_count = static_cast<int>(racks.size());
  const bool racked = !racks.contains("");
  const std::vector<RackedBroker> arranged = racked ? by_racks_in_turn(brokers) : brokers;
  const int start = wanted.start.value_or(static_cast<int>(random.below(count)));
  int follower_shift = wanted.start.value_or(static_cast<int>(random.below(count)));
  std::vector<std::vector<BrokerId>> assignment;
  for (int i = 0; i < wanted.partitions; ++i) {
    const int partition = wanted.first_partition + i;
    if (partition > 0 && partition % count == 0) ++follower_shift;
    const int first = (partition + start) % count;
    const RackedBroker& leader = arranged[static_cast<std::size_t>(first)];
    std::vector<BrokerId>& replicas = assignment.emplace_back();
    replicas.push_back(leader.id);
    std::set<std::string> used{leader.rack};
    for (int k = 0; static_cast<int>(replicas.size()) < wanted.replication_factor; ++k) {
      const int shift = racked ? follower_shift * rack_count : follower_shift;
      const int index = follower_index(first, shift, k, count);
      const RackedBroker& next = arranged[static_cast<std::size_t>(index)];
      const bool rack_is_free =
          !used.contains(next.rack) || static_cast<int>(used.size()) == rack_count;
      if (!rack_is_free || contains(replicas, next.id)) continue;
      replicas.push_back(next.id);
      used.insert(next.rack);
    }
  }
  return assignment;
}

}  // namespace brokerlab::model
