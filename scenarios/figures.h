// Figures: the numbers of a report by name, for expectations and stories: where a number stands in
// the report's JSON (docs/reference_report.md), elements of lists by their names or places:
// "groups.nifi.most_lag", "records.failed", "work.acknowledged_per_s.mean", "faults.0.bit",
// "harm.records_lost.count" (0 when the report has no such harm).
//
// Lifetime: a value. Threads: none. Errors: what is no number is a sentence for people.
#pragma once

#include "base/phrase.h"
#include "base/result.h"
#include "scenarios/report.h"

#include <memory>
#include <string>
#include <string_view>

namespace brokerlab::scenarios {

class Figures {
 public:
  explicit Figures(const RunReport& report);
  /// Of the report as JSON.
  explicit Figures(std::string_view report);
  ~Figures();
  Figures(const Figures&) = delete;
  Figures& operator=(const Figures&) = delete;

  /// True is 1, false is 0.
  Result<double, Phrase> of(std::string_view path) const;

 private:
  struct Document;
  std::unique_ptr<Document> document_;
};

}  // namespace brokerlab::scenarios
