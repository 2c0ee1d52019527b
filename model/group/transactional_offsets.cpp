#include "model/group/transactional_offsets.h"

#include <algorithm>
#include <utility>

namespace brokerlab::model {

void TransactionalOffsets::remove(int partition, std::int64_t producer, const std::string& group) {
  pending_[partition][producer].erase(group);
}

TransactionalOffsets::OfProducer TransactionalOffsets::take(int partition, std::int64_t producer) {
  const auto of_partition = pending_.find(partition);
  if (of_partition == pending_.end()) return {};
  const auto found = of_partition->second.find(producer);
  if (found == of_partition->second.end()) return {};
  OfProducer taken = std::move(found->second);
  of_partition->second.erase(found);
  return taken;
}

void TransactionalOffsets::forget(int partition, const std::string& group,
                                  const TopicPartition& of) {
  const auto of_partition = pending_.find(partition);
  if (of_partition == pending_.end()) return;
  for (auto& [producer, groups] : of_partition->second) {
    const auto found = groups.find(group);
    if (found != groups.end()) found->second.erase(of);
  }
}

bool TransactionalOffsets::has_any(int partition, const std::string& group) const {
  const auto of_partition = pending_.find(partition);
  if (of_partition == pending_.end()) return false;
  const auto its = [&](const auto& producer) {
    const auto found = producer.second.find(group);
    return found != producer.second.end() && !found->second.empty();
  };
  return std::any_of(of_partition->second.begin(), of_partition->second.end(), its);
}

bool TransactionalOffsets::has(int partition, const std::string& group,
                               const TopicPartition& of) const {
  const auto of_partition = pending_.find(partition);
  if (of_partition == pending_.end()) return false;
  for (const auto& [producer, groups] : of_partition->second) {
    const auto found = groups.find(group);
    if (found != groups.end() && found->second.contains(of)) return true;
  }
  return false;
}

}  // namespace brokerlab::model
