// StreamBook: which records of a stream processor's input its results depend on. A result counts
// once it stands in the output topic's log, of a transaction once the marker that commits it does;
// the input that it was made of is then in the output. What is there twice was counted twice; what
// a group has processed and no result has, below what others have, was left out.
//
// Works on ranges of offsets: cost goes with commits. Lifetime: part of a Ledger. Threads: none.
#pragma once

#include "model/observer.h"
#include "model/stream/stream_processor.h"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace brokerlab::scenarios {

class StreamBook {
 public:
  /// `producer`: RecordRef::producer of its results; `transactional`: they are in transactions.
  void declare(int producer, std::string group, bool transactional);
  bool empty() const { return declared_.empty(); }

  void note_consumed(const std::string& group, const model::TopicPartition& name,
                     model::Offset first, model::Offset end);
  void note_derived(const model::DerivedRecords& derived);
  void note_appended(const model::AppendedBatch& batch);
  void note_marker(const model::TopicPartition& name, model::ProducerIdAndEpoch producer,
                   bool committed);

  struct Verdict {
    bool exactly_once = false;
    std::int64_t results = 0;  ///< That count.
    std::int64_t twice = 0;    ///< Records of the input that are in the output again.
    std::int64_t never = 0;    ///< That were processed, and passed over.
  };
  /// Of each group.
  std::map<std::string, Verdict> verdicts() const;

 private:
  struct Range {
    model::Offset first = 0;
    model::Offset end = 0;
  };
  struct Result {
    model::TopicPartition input;
    Range of;
  };
  struct Declared {
    std::string group;
    bool transactional = false;
    std::map<std::int64_t, Result> sent;  ///< In no log yet, by number.
  };
  struct Open {
    int producer = 0;
    Result result;
  };
  using Ranges = std::map<std::pair<std::string, model::TopicPartition>, std::vector<Range>>;

  void count(const std::string& group, const Result& result);
  static void add(std::vector<Range>& ranges, Range range);

  std::map<int, Declared> declared_;
  /// In a log, of transactions under way.
  std::map<std::pair<model::TopicPartition, std::int64_t>, std::vector<Open>> open_;
  Ranges counted_;
  Ranges processed_;
  std::map<std::string, std::int64_t> results_;
};

}  // namespace brokerlab::scenarios
