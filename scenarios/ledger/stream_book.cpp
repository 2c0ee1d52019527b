#include "scenarios/ledger/stream_book.h"

#include <algorithm>

namespace brokerlab::scenarios {

using model::Offset;
using model::TopicPartition;

void StreamBook::declare(int producer, std::string group, bool transactional) {
  declared_[producer] = {std::move(group), transactional, {}};
}

void StreamBook::add(std::vector<Range>& ranges, Range range) {
  if (!ranges.empty() && ranges.back().end == range.first) {
    ranges.back().end = range.end;
  } else {
    ranges.push_back(range);
  }
}

void StreamBook::note_consumed(const std::string& group, const TopicPartition& name, Offset first,
                               Offset end) {
  const bool is_stream = std::any_of(declared_.begin(), declared_.end(), [&group](const auto& one) {
    return one.second.group == group;
  });
  if (is_stream) add(processed_[{group, name}], {first, end});
}

void StreamBook::note_derived(const model::DerivedRecords& derived) {
  const auto declared = declared_.find(derived.result.producer);
  if (declared == declared_.end()) return;
  declared->second.sent[derived.result.number] = {derived.input, {derived.first, derived.end}};
}

void StreamBook::count(const std::string& group, const Result& result) {
  counted_[{group, result.input}].push_back(result.of);
  ++results_[group];
}

void StreamBook::note_appended(const model::AppendedBatch& batch) {
  for (const model::RecordRun& run : batch.records) {
    const auto declared = declared_.find(run.producer);
    if (declared == declared_.end()) continue;
    auto& sent = declared->second.sent;
    for (auto one = sent.lower_bound(run.first); one != sent.end() && one->first < run.end();) {
      if (declared->second.transactional) {
        open_[{batch.partition, batch.producer.id}].push_back({run.producer, one->second});
      } else {
        count(declared->second.group, one->second);
      }
      one = sent.erase(one);
    }
  }
}

void StreamBook::note_marker(const TopicPartition& name, model::ProducerIdAndEpoch producer,
                             bool committed) {
  const auto open = open_.find({name, producer.id});
  if (open == open_.end()) return;
  if (committed) {
    for (const Open& one : open->second) count(declared_.at(one.producer).group, one.result);
  }
  open_.erase(open);
}

std::map<std::string, StreamBook::Verdict> StreamBook::verdicts() const {
  std::map<std::string, Verdict> all;
  for (const auto& [producer, declared] : declared_) {
    all[declared.group].exactly_once = declared.transactional;
  }
  for (const auto& [group, results] : results_) all[group].results = results;
  for (const auto& [of, given] : counted_) {
    std::vector<Range> ranges = given;
    std::sort(ranges.begin(), ranges.end(),
              [](const Range& a, const Range& b) { return a.first < b.first; });
    Verdict& verdict = all[of.first];
    Offset end = ranges.front().first;
    std::vector<Range> holes;
    for (const Range& one : ranges) {
      if (one.first > end) holes.push_back({end, one.first});
      verdict.twice += std::max<Offset>(0, std::min(end, one.end) - one.first);
      end = std::max(end, one.end);
    }
    // Offsets of markers, and of what was deleted, nobody processes.
    std::vector<Range> processed;
    const auto found = processed_.find(of);
    if (found != processed_.end()) processed = found->second;
    if (!ranges.empty()) holes.push_back({0, ranges.front().first});
    for (const Range& hole : holes) {
      Offset seen = hole.first;
      std::sort(processed.begin(), processed.end(),
                [](const Range& a, const Range& b) { return a.first < b.first; });
      for (const Range& one : processed) {
        const Offset from = std::max(one.first, seen);
        const Offset to = std::min(one.end, hole.end);
        if (to <= from) continue;
        verdict.never += to - from;
        seen = to;
      }
    }
  }
  return all;
}

}  // namespace brokerlab::scenarios
