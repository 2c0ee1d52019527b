#include "model/client/range_assignor.h"

#include <algorithm>

namespace brokerlab::model {

std::vector<SyncGroupRequest::Assignment> assign_range(
    const std::vector<JoinGroupResponse::Member>& members,
    const std::map<std::string, int>& partitions) {
  std::map<std::string, std::vector<TopicPartition>> shares;
  for (const auto& [topic, count] : partitions) {
    std::vector<std::string> subscribers;
    for (const JoinGroupResponse::Member& member : members) {
      if (std::find(member.topics.begin(), member.topics.end(), topic) != member.topics.end()) {
        subscribers.push_back(member.id);
      }
    }
    if (subscribers.empty()) continue;
    std::sort(subscribers.begin(), subscribers.end());
    const int each = count / static_cast<int>(subscribers.size());
    int extra = count % static_cast<int>(subscribers.size());
    int next = 0;
    for (const std::string& subscriber : subscribers) {
      const int end = next + each + (extra > 0 ? 1 : 0);
      if (extra > 0) --extra;
      for (; next < end; ++next) shares[subscriber].push_back({topic, next});
    }
  }
  std::vector<SyncGroupRequest::Assignment> result;
  result.reserve(members.size());
  for (const JoinGroupResponse::Member& member : members) {
    result.push_back({member.id, shares[member.id]});
  }
  return result;
}

}  // namespace brokerlab::model
