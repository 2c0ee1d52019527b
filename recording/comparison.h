// Comparison: two recordings beside each other. Which settings differ, what that came to in key
// figures, and the first event at which the two runs part.
//
// Two runs of one seed and version are the same until something that differs bites, so the first
// event that is not in both is where to begin to read.
//
// Lifetime: values. Threads: none.
// Errors:   a damaged file is one sentence that names it; what a file does not tell (no events, no
//           report) is absent, not an error.
#pragma once

#include "base/phrase.h"
#include "base/result.h"
#include "recording/key_figures.h"
#include "recording/reader.h"

#include <nlohmann/json_fwd.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace brokerlab::recording {

struct SettingDifference {
  std::string path;  ///< As `--set` takes it: "producers.app.config.acks".
  std::optional<std::string>
      a;  ///< JSON on one line, a text without its quotes; nothing: not there.
  std::optional<std::string> b;
};

/// Of two scenarios, in the order of A's. Elements of lists that have names are matched by name.
/// What only describes (name, title, story, lesson), the seed and what is kept are not settings.
std::vector<SettingDifference> settings_that_differ(const nlohmann::ordered_json& a,
                                                    const nlohmann::ordered_json& b);

enum class Better { higher, lower, neither };

struct Figure {
  std::string name;  ///< "p99_produce_ms"; for programs.
  Phrase words;
  std::string unit;  ///< "", "ms", "s", "/s", "%".
  Better better = Better::neither;
  std::optional<double> a, b;

  /// B - A; nothing where one is missing.
  std::optional<double> delta() const;
  /// 1: B is better, -1: worse, 0: neither, or by less than a hundredth.
  int judged() const;
};
std::vector<Figure> compare_figures(const KeyFigures& a, const KeyFigures& b);

/// The first events that are not the same; nothing: its events ended before.
struct Parting {
  std::int64_t alike = 0;  ///< So many were the same before.
  std::optional<RecordedEvent> a, b;
};

struct Comparison {
  bool same_seed = false;
  bool same_version = false;
  bool same_run = false;  ///< Fingerprints are equal: the same to the last event.
  std::vector<SettingDifference> settings;
  std::vector<Figure> figures;  ///< Empty where one has no report.
  /// Down to which level events were held against each other; nothing: one has none.
  std::optional<EventLevel> compared;
  std::optional<Parting> first;          ///< Of all that were compared.
  std::optional<Parting> first_of_note;  ///< Of faults and control events alone.
};

/// Both by their paths: they are read event by event, in little memory.
Result<Comparison, std::string> compare(const std::string& path_a, const std::string& path_b);

}  // namespace brokerlab::recording
