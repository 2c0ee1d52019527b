// What the commands about recordings share: moments, what was left out, an event on one line.
#pragma once

#include "cli/command_line.h"
#include "recording/search.h"

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>

namespace brokerlab::cli {

struct Span {
  Time from{};
  Time to = never;
};
/// Opens a recording for a command; who gives a scenario's name is told how to record it.
Result<recording::Reader, std::string> open_recording(const std::string& path);

/// --from and --to, "330s" or "09:00:30" or empty, as a part of the run. Nothing: refused, the
/// status is set.
std::optional<Span> read_span(Context& context, const recording::Reader& reader,
                              const std::string& from, const std::string& to);

/// The partitions of Kafka's own topics, whose events drown those of the user's.
std::set<int> internal_partitions(const recording::Reader& reader);

/// What the recording's level left out of the events, for who may miss one: a sentence without its
/// full stop; empty when it has everything.
std::string events_left_out(const recording::Scope& scope, const std::string& language);

/// Prints events of one recording, with machines and partitions by name.
class EventPrinter {
 public:
  EventPrinter(const recording::Reader& reader, std::string language);
  /// "09:00:30     t=330.004s  #17 fault    machine.power_off  broker-1  broker-1 lost power";
  /// without the clock in a recording that has none.
  std::string line(const recording::RecordedEvent& event) const;
  const std::string& sentence(const recording::RecordedEvent& event) const;

 private:
  std::string where(const recording::RecordedEvent& event) const;
  std::string clock(Time time) const;
  std::optional<Duration> starts_at_;  ///< Time of day at 0s.
  std::map<int, std::string> machines_;
  std::map<int, std::string> partitions_;
  std::string language_;
};

}  // namespace brokerlab::cli
