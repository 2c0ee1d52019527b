// FoundInLog: what a partition's log has been seen to hold of what was sent.
//
// Lifetime: a value. Threads: none.
#pragma once

#include "base/range_map.h"
#include "model/ids.h"

#include <cstdint>
#include <map>
#include <tuple>
#include <utility>

namespace brokerlab::scenarios {

struct FoundInLog {
  std::map<int, NumberSet> records;  ///< By producer.
  /// By producer and lane: the record that it sent last, so far.
  std::map<std::pair<int, std::int64_t>, std::int64_t> latest;
  /// The same of each producer id that it had.
  std::map<std::tuple<int, std::int64_t, std::int64_t>, std::int64_t> latest_of_id;
  NumberSet offsets;       ///< That hold the record which was acknowledged there.
  model::Offset upto = 0;  ///< All below it was looked at, before it was deleted.

  bool contains(model::RecordRef record) const {
    const auto of = records.find(record.producer);
    return of != records.end() && of->second.contains(record.number);
  }
  /// Calls `f(first, end)` for the numbers of the run that are nowhere.
  template <class F>
  void for_each_gap(const model::RecordRun& run, F f) const {
    const auto of = records.find(run.producer);
    if (of == records.end()) {
      f(run.first, run.end());
    } else {
      of->second.for_each_gap(run.first, run.end(), f);
    }
  }
};

}  // namespace brokerlab::scenarios
