#include "scenarios/expectations.h"

#include <fmt/format.h>

#include <algorithm>

namespace brokerlab::scenarios {
namespace {

using Outages = RunReport::Outages;

RunReport::Expectation check_lost(const NoAcknowledgedRecordLost& expected,
                                  const RunReport& report) {
  const std::size_t lost = report.lost.size() + static_cast<std::size_t>(report.blindly_lost);
  return {"no acknowledged record is lost", expected.wanted == (lost == 0),
          fmt::format("{} lost", lost)};
}

RunReport::Expectation check_below(Duration limit, const char* side, const Outages& outages) {
  return {fmt::format("no partition is unavailable for {} for {} or more", side,
                      brokerlab::to_text(limit)),
          outages.longest < limit, fmt::format("longest {}", to_rounded_text(outages.longest))};
}

std::string words_for(const AvailabilityWithin& limits) {
  const std::string side = limits.of == RequestSide::produce ? "produce" : "fetch";
  std::string text = fmt::format(
      "{} is available for {}, but for",
      limits.topic ? "every partition of " + *limits.topic : std::string("every partition"), side);
  std::string what;
  const auto add = [&what](const std::string& more) { what += (what.empty() ? " " : ", ") + more; };
  if (limits.longest)
    add(fmt::format("less than {} at a time", brokerlab::to_text(*limits.longest)));
  if (limits.total) add(fmt::format("less than {} in all", brokerlab::to_text(*limits.total)));
  if (limits.times)
    add(fmt::format("at most {} {}", *limits.times, *limits.times == 1 ? "time" : "times"));
  return text + what;
}

/// Every limit holds for every partition by itself; the worst is told.
RunReport::Expectation check_within(const AvailabilityWithin& limits, const RunReport& report) {
  Outages worst;
  for (const RunReport::Partition& partition : report.partitions) {
    const bool is_meant =
        !limits.topic || partition.name.substr(0, partition.name.rfind('-')) == *limits.topic;
    if (!is_meant) continue;
    const Outages& one = limits.of == RequestSide::produce ? partition.produce : partition.fetch;
    worst.longest = std::max(worst.longest, one.longest);
    worst.total = std::max(worst.total, one.total);
    worst.times = std::max(worst.times, one.times);
  }
  const bool met = (!limits.longest || worst.longest < *limits.longest) &&
                   (!limits.total || worst.total < *limits.total) &&
                   (!limits.times || worst.times <= *limits.times);
  return {words_for(limits), met,
          fmt::format("longest {}, at most {} in all and {} {} of a partition",
                      to_rounded_text(worst.longest), to_rounded_text(worst.total), worst.times,
                      worst.times == 1 ? "time" : "times")};
}

/// Records, not lag: what lies above the high watermark is acknowledged, and nobody can read it.
RunReport::Expectation check_consumed(const AllRecordsConsumed& expected, const RunReport& report) {
  std::int64_t unread = 0;
  std::int64_t lag = 0;
  for (const RunReport::Group& group : report.groups) {
    unread += group.unread;
    lag += group.lag;
  }
  std::string found = fmt::format("{} unread, lag {}", with_commas(unread), with_commas(lag));
  if (report.unreadable > 0) {
    found += fmt::format("; {} above the high watermark, not yet readable",
                         with_commas(report.unreadable));
  }
  return {"every group has read every acknowledged record that is not lost",
          expected.wanted == (unread == 0 && lag == 0), found};
}

}  // namespace

RunReport::Expectation check(const Expectation& expectation, const RunReport& report) {
  struct Check {
    const RunReport& report;
    RunReport::Expectation operator()(const NoAcknowledgedRecordLost& it) const {
      return check_lost(it, report);
    }
    RunReport::Expectation operator()(const UnavailabilityBelow& it) const {
      return check_below(it.limit, "produce", report.produce);
    }
    RunReport::Expectation operator()(const FetchUnavailabilityBelow& it) const {
      return check_below(it.limit, "fetch", report.fetch);
    }
    RunReport::Expectation operator()(const AvailabilityWithin& it) const {
      return check_within(it, report);
    }
    RunReport::Expectation operator()(const AllRecordsConsumed& it) const {
      return check_consumed(it, report);
    }
  };
  return std::visit(Check{report}, expectation.what);
}

}  // namespace brokerlab::scenarios
