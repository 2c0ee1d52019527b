#include "model/ids.h"

#include <fmt/format.h>

#include <algorithm>

namespace brokerlab::model {

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
