// KeyFigures: what a run came to, in the few numbers by which runs are compared.
//
// Lifetime: a value. Threads: none. Errors: a text that is no report of ours is a sentence.
#pragma once

#include "base/result.h"

#include <nlohmann/json_fwd.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace brokerlab::recording {

enum class Resource { network, disk, processor };
inline constexpr Resource all_resources[] = {Resource::network, Resource::disk,
                                             Resource::processor};
std::string_view to_text(Resource resource);  ///< "network"; for programs.

/// How much of what it sustains a resource gave, over the time that work went on.
struct Utilisation {
  Resource resource = Resource::network;
  std::string machine;  ///< The broker on which it is highest.
  double mean = 0;
  double peak = 0;  ///< Of the busiest second.
};

struct KeyFigures {
  std::string verdict;  ///< "pass", "fail", "unknown".
  std::string fingerprint;
  std::int64_t sent = 0, acknowledged = 0, failed = 0, lost = 0;
  double acknowledged_per_s = 0;
  double p50_produce_ms = 0, p99_produce_ms = 0;
  double p50_end_to_end_ms = 0, p99_end_to_end_ms = 0;
  std::int64_t lag_peak = 0, lag_at_end = 0;  ///< Of the group that is worst.
  std::optional<double> drain_s;              ///< Of the slowest group; nothing: it did not drain.
  double under_replicated_s = 0;
  double under_replicated_until_s = 0;  ///< The last second of it; 0: never.
  bool under_replicated_at_end = false;
  double unavailable_s = 0;          ///< The longest that a partition could not be written to.
  std::vector<Utilisation> busiest;  ///< Of each resource, the highest mean first.
  double work_s = 0;                 ///< How long work went on.

  /// Of the records that came into being, how many were acknowledged; 1 when none did.
  double kept() const;
};

/// Of a report's JSON (RunReport::json).
Result<KeyFigures, std::string> key_figures(std::string_view report);

/// To be kept in a file, and back; what is no such JSON is nothing.
nlohmann::ordered_json to_json(const KeyFigures& figures);
std::optional<KeyFigures> figures_from(const nlohmann::ordered_json& json);

}  // namespace brokerlab::recording
