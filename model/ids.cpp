#include "model/ids.h"

#include <fmt/format.h>

#include <algorithm>
#include <mutex>
#include <set>

namespace brokerlab::model {

TopicName::TopicName(std::string_view text) {
  static std::mutex mutex;
  static std::set<std::string, std::less<>> all;
  const std::lock_guard lock(mutex);
  const auto known = all.find(text);
  text_ = known != all.end() ? &*known : &*all.emplace(text).first;
}

void add_run(std::vector<RecordRun>& runs, const RecordRun& run) {
  if (!runs.empty() && runs.back().producer == run.producer && runs.back().end() == run.first) {
    runs.back().count += run.count;
  } else {
    runs.push_back(run);
  }
}

std::string to_text(const std::vector<BrokerId>& brokers) {
  std::string text;
  for (const BrokerId broker : brokers) {
    if (!text.empty()) text += ",";
    text += fmt::format("{}", broker);
  }
  return text;
}

bool contains(const std::vector<BrokerId>& brokers, BrokerId broker) {
  return std::find(brokers.begin(), brokers.end(), broker) != brokers.end();
}

}  // namespace brokerlab::model
