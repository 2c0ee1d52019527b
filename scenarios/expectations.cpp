#include "scenarios/expectations.h"

#include "base/translation.h"
#include "scenarios/figures.h"
#include "scenarios/spans.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace brokerlab::scenarios {
namespace {

using Outages = RunReport::Outages;

/// "1,234", "0.125".
std::string number(double value) {
  const bool whole = std::abs(value) < 1e15 && value == std::floor(value);
  return whole ? with_commas(static_cast<std::int64_t>(value)) : fmt::format("{:.6g}", value);
}

RunReport::Expectation check_lost(const NoAcknowledgedRecordLost& expected,
                                  const RunReport& report) {
  const std::int64_t lost = report.lost_records() + report.blindly_lost;
  return {phrase("no acknowledged record is lost"), expected.wanted == (lost == 0),
          phrase("{} lost", with_commas(lost))};
}

RunReport::Expectation check_below(Duration limit, RequestSide side, const Outages& outages) {
  const Phrase text = exact(limit);
  return {side == RequestSide::produce
              ? phrase("no partition is unavailable for produce for {} or more", text)
              : phrase("no partition is unavailable for fetch for {} or more", text),
          outages.longest < limit, phrase("longest {}", rounded(outages.longest))};
}

Phrase words_for(const AvailabilityWithin& limits) {
  Phrase but_for;
  const auto add = [&but_for](const Phrase& more) {
    but_for = but_for.english.empty() ? more : phrase("{}, {}", but_for, more);
  };
  if (limits.longest) add(phrase("less than {} at a time", exact(*limits.longest)));
  if (limits.total) add(phrase("less than {} in all", exact(*limits.total)));
  if (limits.times) {
    add(*limits.times == 1 ? phrase("at most 1 time") : phrase("at most {} times", *limits.times));
  }
  const Phrase whose =
      limits.topic ? phrase("every partition of {}", *limits.topic) : phrase("every partition");
  return limits.of == RequestSide::produce
             ? phrase("{} is available for produce, but for {}", whose, but_for)
             : phrase("{} is available for fetch, but for {}", whose, but_for);
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
          worst.times == 1 ? phrase("longest {}, at most {} in all and 1 time of a partition",
                                    rounded(worst.longest), rounded(worst.total))
                           : phrase("longest {}, at most {} in all and {} times of a partition",
                                    rounded(worst.longest), rounded(worst.total), worst.times)};
}

/// Records, not lag: what lies above the high watermark is acknowledged, and nobody can read it.
RunReport::Expectation check_consumed(const AllRecordsConsumed& expected, const RunReport& report) {
  std::int64_t unread = 0;
  std::int64_t lag = 0;
  std::int64_t deleted = 0;
  for (const RunReport::Group& group : report.groups) {
    unread += group.unread;
    lag += group.lag;
    deleted += group.deleted;
  }
  Phrase found = phrase("{} unread, lag {}", with_commas(unread), with_commas(lag));
  if (deleted > 0) {
    found = phrase("{}; {} deleted before they were read", found, with_commas(deleted));
  }
  if (report.unreadable > 0) {
    found = phrase("{}; {} above the high watermark, not yet readable", found,
                   with_commas(report.unreadable));
  }
  return {phrase("every group has read every acknowledged record that is not lost"),
          expected.wanted == (unread == 0 && lag == 0 && deleted == 0), found};
}

Phrase words_for(const FigureWithin& limits) {
  if (!limits.at_most) return phrase("{} is at least {}", limits.of, number(*limits.at_least));
  if (!limits.at_least) return phrase("{} is at most {}", limits.of, number(*limits.at_most));
  return phrase("{} is from {} to {}", limits.of, number(*limits.at_least),
                number(*limits.at_most));
}

RunReport::Expectation check_figure(const FigureWithin& limits, const RunReport& report) {
  const Result<double, Phrase> found = Figures(report).of(limits.of);
  if (!found) return {words_for(limits), false, found.error()};
  const std::string text = number(*found);
  return {words_for(limits),
          !(limits.at_least && *found < *limits.at_least) &&
              !(limits.at_most && *found > *limits.at_most),
          {text, text}};
}

}  // namespace

RunReport::Expectation check(const Expectation& expectation, const RunReport& report) {
  struct Check {
    const RunReport& report;
    RunReport::Expectation operator()(const NoAcknowledgedRecordLost& it) const {
      return check_lost(it, report);
    }
    RunReport::Expectation operator()(const UnavailabilityBelow& it) const {
      return check_below(it.limit, RequestSide::produce, report.produce);
    }
    RunReport::Expectation operator()(const FetchUnavailabilityBelow& it) const {
      return check_below(it.limit, RequestSide::fetch, report.fetch);
    }
    RunReport::Expectation operator()(const AvailabilityWithin& it) const {
      return check_within(it, report);
    }
    RunReport::Expectation operator()(const AllRecordsConsumed& it) const {
      return check_consumed(it, report);
    }
    RunReport::Expectation operator()(const FigureWithin& it) const {
      return check_figure(it, report);
    }
  };
  return std::visit(Check{report}, expectation.what);
}

}  // namespace brokerlab::scenarios
