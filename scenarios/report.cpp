// A little over 400 lines: the sections of one page, in their order, each read with the others.
#include "scenarios/report.h"

#include "base/check.h"
#include "base/translation.h"
#include "scenarios/spans.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace brokerlab::scenarios {
namespace {

std::string count(std::int64_t n) { return with_commas(n); }

std::string times(std::int64_t n) { return n == 1 ? tr("1 time") : tr("{} times", count(n)); }

std::string percent(double share) {
  return share > 0 && share < 0.0005 ? "<0.1%" : fmt::format("{:.1f}%", share * 100);
}

std::string clock_text(Duration starts_at, Time time) {
  const std::int64_t seconds = whole_millis(starts_at + time.time_since_epoch()) / 1000;
  return fmt::format("{:02}:{:02}:{:02}", seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
}

/// "30.008s": as the time line says it.
std::string in_seconds(Duration d) { return fmt::format("{:.3f}s", to_seconds(d)); }

std::string heading(std::string_view text) { return fmt::format("\n{}\n", text); }

std::string line(std::string_view text) { return fmt::format("  {}\n", text); }

std::string latency_row(std::string_view name, const Percentiles& p) {
  if (p.count == 0) return fmt::format("  {:<34} {}\n", name, tr("(none)"));
  return fmt::format("  {:<34} {:>9} {:>9} {:>9} {:>9} {:>9}\n", name, to_rounded_text(p.p50),
                     to_rounded_text(p.p95), to_rounded_text(p.p99), to_rounded_text(p.p999),
                     to_rounded_text(p.max));
}

std::string lost_text(const RunReport& r) {
  if (r.lost.empty()) {
    return line(r.not_verifiable > 0 ? tr("no other acknowledged record was lost")
                                     : tr("no acknowledged record was lost"));
  }
  const std::int64_t records = r.lost_records();
  std::string text = line(records == 1 ? tr("1 acknowledged record was lost:")
                                       : tr("{} acknowledged records were lost:", count(records)));
  constexpr std::size_t shown = 20;
  std::int64_t told = 0;
  for (std::size_t i = 0; i < std::min(shown, r.lost.size()); ++i) {
    const RunReport::Lost& lost = r.lost[i];
    const std::string where = lost.count == 1 ? tr("{} offset {}", lost.partition, lost.offset)
                                              : tr("{} offsets {} to {}", lost.partition,
                                                   lost.offset, lost.offset + lost.count - 1);
    text += fmt::format("    {:<12} {}: {}\n", lost.record, where, say(lost.why));
    told += lost.count;
  }
  if (records > told) {
    text += "  " + line(tr("... and {} more (--json lists all)", count(records - told)));
  }
  return text;
}

std::string records_section(const RunReport& r) {
  std::string text = heading(tr("Records"));
  const std::string failed = r.failed_in_log == 0 ? count(r.failed)
                                                  : tr("{} (of them {} stored all the same)",
                                                       count(r.failed), count(r.failed_in_log));
  text += line(tr("sent {:>10}   acknowledged {:>10}   failed {}   waiting {}", count(r.sent),
                  count(r.acknowledged), failed, count(r.pending)));
  if (r.sent > 0) {
    const bool blindly = r.sent_blindly > 0;
    const std::string ended = blindly ? tr("acknowledged or handed over") : tr("acknowledged");
    text += line(
        tr("from {} to {}: {} {:.1f}/s, at most {:.0f} in a second; delivered to groups {:.1f}/s, "
           "at most {:.0f}",
           to_text(r.work_begin), to_text(r.work_end), ended, r.acknowledged_rate.mean,
           r.acknowledged_rate.peak, r.consumed_rate.mean, r.consumed_rate.peak));
  }
  for (const std::string& source : r.phantom_sources) {
    text += line(tr("records of {} had sizes and no bytes (payload: phantom)", source));
  }
  if (!r.failed_by.empty()) text += line(tr("failed by {}", error_list(r.failed_by)));
  if (r.pending > 0) {
    text += line(tr("the oldest one waiting has waited for {}; the latencies are without those",
                    rounded(r.oldest_pending)));
  }
  if (r.sent_blindly > 0) {
    text +=
        line(tr("handed to the connection with acks=0 {}, which nobody acknowledges; {} of "
                "them are in no log",
                count(r.sent_blindly), count(r.blindly_lost)));
  }
  text += line(
      tr("consumed {:>6}   delivered again {:>7}   written twice by retries {}   out of order {}",
         count(r.consumed), count(r.redelivered), count(r.duplicates), count(r.reordered)));
  if (r.unreadable > 0) {
    text += line(r.unreadable == 1
                     ? tr("1 acknowledged record is above the high watermark, not yet readable")
                     : tr("{} acknowledged records are above the high watermark, not yet readable",
                          count(r.unreadable)));
  }
  if (r.not_verifiable > 0) {
    text += line(tr("{} acknowledged records could not be looked for: no live leader",
                    count(r.not_verifiable)));
  }
  return text + lost_text(r);
}

/// What became of an answer that did not come.
std::string what_came(const RunReport::ClientError& error) {
  if (error.how == "disconnected") return tr("the connection broke");
  if (error.how == "timed_out") return tr("no answer within request.timeout.ms");
  if (error.how == "not_connected") return tr("no connection");
  if (error.how == "client") return tr("given up by the client");
  return "";
}

std::string errors_section(const RunReport& r) {
  if (r.client_errors.empty()) return "";
  std::string text =
      heading(fmt::format("{:<46} {:>7} {:>6} {:>12} {:>12}", tr("Errors that clients saw"),
                          tr("times"), tr("final"), tr("first"), tr("last")));
  for (const RunReport::ClientError& e : r.client_errors) {
    text += fmt::format("  {:<44} {:>7} {:>6} {:>12} {:>12}  {}\n", e.api + " " + e.name,
                        count(e.count), e.final == 0 ? "-" : count(e.final), to_text(e.first),
                        to_text(e.last), what_came(e));
    while (text.ends_with(" \n")) text.erase(text.size() - 2, 1);
  }
  return text;
}

std::string latency_section(const RunReport& r) {
  std::string text = heading(fmt::format("{:<36} {:>9} {:>9} {:>9} {:>9} {:>9}", tr("Latency"),
                                         "p50", "p95", "p99", "p99.9", tr("max")));
  text += latency_row(tr("row appeared -> acknowledged"), r.acknowledged_after);
  text += latency_row(tr("send() called -> acknowledged"), r.send_call);
  text += latency_row(tr("row appeared -> processed"), r.end_to_end);
  return text;
}

std::string length_or_none(Duration length) { return length > 0ns ? to_rounded_text(length) : "-"; }

/// Below, who waits for a record does not notice that it is acknowledged and not yet readable.
constexpr Duration unreadable_told = 100ms;

std::string at_the_end(const RunReport::Outages& outages) {
  return outages.at_the_end ? tr("; still so at the end") : "";
}

std::string outages_line(std::string_view side, const RunReport::Outages& outages) {
  if (outages.times == 0) return line(tr("available for {} all the time", side));
  return line(tr("unavailable for {}: longest {} (from {}), in all {}, {}", side,
                 rounded(outages.longest), to_text(outages.longest_from), rounded(outages.total),
                 times(outages.times)) +
              at_the_end(outages));
}

/// What happened to it that the table has no column for.
std::string told_of(const RunReport::Partition& p) {
  std::string told;
  const auto tell = [&told](const std::string& what) { told += (told.empty() ? "" : ", ") + what; };
  if (p.duplicates > 0) tell(tr("{} written twice", count(p.duplicates)));
  if (p.reordered > 0) tell(tr("{} out of order", count(p.reordered)));
  if (p.unreadable > 0) tell(tr("{} not yet readable", count(p.unreadable)));
  if (p.longest_unreadable >= unreadable_told) {
    tell(tr("an acknowledged record lay above the high watermark for up to {}",
            rounded(p.longest_unreadable)));
  }
  return told;
}

std::string partitions_section(const RunReport& r) {
  std::string text = heading(fmt::format(
      "{:<22} {:<9} {:>6} {:<9} {:>12} {:>11} {:>9} {:>8}", tr("Partitions"), tr("leader"),
      tr("epoch"), "ISR", tr("unavailable"), tr("ack waited"), tr("elections"), tr("ISR chg")));
  for (const RunReport::Partition& p : r.partitions) {
    text += fmt::format("  {:<20} {:<9} {:>6} {:<9} {:>12} {:>11} {:>9} {:>8}\n", p.name, p.leader,
                        p.epoch, p.isr, length_or_none(p.produce.longest),
                        length_or_none(p.longest_wait), p.elections, p.isr_changes);
  }
  text += outages_line("produce", r.produce) + outages_line("fetch", r.fetch);
  for (const RunReport::Partition& p : r.partitions) {
    const std::string told = told_of(p);
    if (!told.empty()) text += line(p.name + ": " + told);
  }
  text += line(tr("controller elections: {}", r.controller_elections));
  if (r.without_quorum > 0ns) {
    text += line(r.no_quorum_at_the_end
                     ? tr("ZooKeeper without a quorum: longest {}; still so at the end",
                          rounded(r.without_quorum))
                     : tr("ZooKeeper without a quorum: longest {}", rounded(r.without_quorum)));
  }
  if (r.without_controller > 0ns) {
    text += line(r.no_controller_at_the_end
                     ? tr("without a controller: longest {}; still so at the end",
                          rounded(r.without_controller))
                     : tr("without a controller: longest {}", rounded(r.without_controller)));
  }
  return text;
}

std::string lag_of(const RunReport::Group& g, Duration starts_at) {
  const std::string most_at =
      fmt::format("{}, {}", clock_text(starts_at, g.most_lag_at), to_text(g.most_lag_at));
  const std::string lag = count(g.lag), most = count(g.most_lag);
  if (g.unreadable == 0) return tr("lag {} at the end, at most {} (at {})", lag, most, most_at);
  return g.unreadable == 1
             ? tr("lag {} at the end, and 1 acknowledged record above the high watermark not yet "
                  "readable; lag at most {} (at {})",
                  lag, most, most_at)
             : tr("lag {} at the end, and {} acknowledged records above the high watermark not "
                  "yet readable; lag at most {} (at {})",
                  lag, count(g.unreadable), most, most_at);
}

/// A lag that the next look finds gone is how a group reads, and nothing to catch up with.
std::string caught_up(const RunReport::Group& g, Duration simulated) {
  const Duration since = g.drained_after.value_or(simulated - g.most_lag_at.time_since_epoch());
  if (g.most_lag == 0 || since < 2s) return "";
  return "; " + (g.drained_after ? tr("caught up {} later", rounded(*g.drained_after))
                                 : tr("not caught up since then"));
}

std::string groups_section(const RunReport& r) {
  if (r.groups.empty()) return "";
  std::string text = heading(tr("Consumer groups"));
  for (const RunReport::Group& g : r.groups) {
    text += fmt::format(
        "  {:<20} {}; {}\n", g.name,
        g.rebalances == 1
            ? tr("{}, generation {}, 1 rebalance", g.state, g.generation)
            : tr("{}, generation {}, {} rebalances", g.state, g.generation, g.rebalances),
        lag_of(g, r.starts_at) + caught_up(g, r.simulated));
    text += fmt::format(
        "  {:<20} {}", "",
        tr("read {} different records, {} again", count(g.consumed), count(g.redelivered)));
    if (g.skipped > 0) text += ", " + tr("skipped {}", count(g.skipped));
    if (g.deleted > 0) text += ", " + tr("{} deleted before it read them", count(g.deleted));
    if (g.unread > 0) text += "; " + tr("{} acknowledged ones unread", count(g.unread));
    if (g.counted_twice > 0) text += "; " + tr("{} counted twice", count(g.counted_twice));
    if (g.counted_never > 0) text += "; " + tr("{} never counted", count(g.counted_never));
    text += "\n";
    if (g.coordinator && g.coordinator->times > 0) {
      text += fmt::format(
          "  {:<20} {}{}\n", "",
          tr("commits impossible: longest {}, in all {}, {}", rounded(g.coordinator->longest),
             rounded(g.coordinator->total), times(g.coordinator->times)),
          at_the_end(*g.coordinator));
    }
    std::string members;
    for (const auto& [member, longest] : g.without_coordinator) {
      members += (members.empty() ? "" : ", ") + tr("{} for up to {}", member, rounded(longest));
    }
    if (!members.empty()) {
      text += fmt::format("  {:<20} {}\n", "", tr("without a coordinator: {}", members));
    }
  }
  return text;
}

std::string load_text(const RunReport::Load& load) {
  return fmt::format("{:>5}/{}", percent(load.mean), percent(load.peak));
}

std::string machines_section(const RunReport& r) {
  std::string text = heading(
      fmt::format("{:<22} {:>11} {:>11} {:>13}  {:>11} {:>11} {:>6} {:>13} {:>13}", tr("Machines"),
                  tr("NIC sent"), tr("received"), tr("mean/peak"), tr("disk read"), tr("written"),
                  tr("syncs"), tr("mean/peak"), tr("CPU mean/peak")));
  for (const RunReport::Machine& m : r.machines) {
    text += fmt::format("  {:<20} {:>11} {:>11} {:>13}  {:>11} {:>11} {:>6} {:>13} {:>13}\n",
                        m.name, to_rounded_text(Bytes(m.nic_sent)),
                        to_rounded_text(Bytes(m.nic_received)), load_text(m.nic),
                        to_rounded_text(Bytes(m.disk_read)), to_rounded_text(Bytes(m.disk_written)),
                        count(m.disk_syncs), load_text(m.disk), load_text(m.cpu));
    if (m.processes != std::vector{m.name}) {
      text +=
          fmt::format("    {}\n", tr("runs {}", fmt::format("{}", fmt::join(m.processes, ", "))));
    }
  }
  return text;
}

/// "kept   replicas_agree    checked 9 times, but for 1 record ..."
std::string invariant_line(const RunReport::Invariant& one) {
  std::string behind;
  if (!one.held) behind = ": " + say(one.detail);
  for (const Phrase& exemption : one.held ? one.exemptions : std::vector<Phrase>()) {
    behind += behind.empty() ? tr(", but for {}", exemption) : tr(" and {}", exemption);
  }
  return fmt::format("  {:<6} {:<36} {}{}\n", one.held ? tr("kept") : tr("BROKEN"), one.name,
                     one.checked == 1 ? tr("checked {:>9} time", count(one.checked))
                                      : tr("checked {:>9} times", count(one.checked)),
                     behind);
}

std::string fault_line(const RunReport::Fault& fault) {
  const std::string effect = !fault.done      ? tr("not done")
                             : !fault.harmful ? tr("done")
                             : fault.bit      ? tr("bit")
                             : fault.absorbed ? tr("absorbed")
                                              : tr("met no work");
  const std::string& note = say(fault.note);
  return line(tr("fault  {} {} at {}: {}", fault.what, fault.target, in_seconds(fault.at), effect) +
              (note.empty() ? "" : ", " + note));
}

std::string promises_section(const RunReport& r) {
  std::string text = heading(tr("Promises"));
  for (const RunReport::Invariant& one : r.invariants) text += invariant_line(one);
  for (const RunReport::Expectation& one : r.expectations) {
    text += fmt::format("  {:<6} {} ({})\n", one.met ? tr("met") : tr("MISSED"), say(one.what),
                        say(one.found));
  }
  for (const RunReport::Fault& fault : r.faults) text += fault_line(fault);
  return text;
}

/// As people read it.
std::string word_for(Verdict verdict) {
  switch (verdict) {
    case Verdict::pass:
      return tr("pass");
    case Verdict::fail:
      return tr("fail");
    case Verdict::unknown:
      return tr("unknown");
  }
  UNREACHABLE();
}

}  // namespace

std::string_view to_text(Verdict verdict) {
  switch (verdict) {
    case Verdict::pass:
      return "pass";
    case Verdict::fail:
      return "fail";
    case Verdict::unknown:
      return "unknown";
  }
  UNREACHABLE();
}

std::string with_commas(std::int64_t n) {
  std::string digits = std::to_string(n < 0 ? -n : n);
  for (int at = static_cast<int>(digits.size()) - 3; at > 0; at -= 3) {
    digits.insert(static_cast<std::size_t>(at), ",");
  }
  return n < 0 ? "-" + digits : digits;
}

std::string error_list(const std::vector<std::pair<std::string, std::int64_t>>& errors) {
  std::string text;
  for (const auto& [name, number] : errors) {
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", name, with_commas(number));
  }
  return text;
}

std::int64_t RunReport::lost_records() const {
  std::int64_t records = 0;
  for (const Lost& one : lost) records += one.count;
  return records;
}

std::string RunReport::verdict_line() const {
  std::string line = word_for(verdict);
  if (harm.empty()) return line;
  if (verdict == Verdict::pass) line += " " + tr("(what was asked)");
  for (const Harm& one : harm) line += " · " + say(one.words);
  return line;
}

std::string RunReport::time_line_text() const {
  std::string text;
  for (const Moment& moment : time_line) {
    text += fmt::format("  {}  {:>12}  {}\n", clock_text(starts_at, moment.time),
                        brokerlab::to_text(moment.time), say(moment.text));
  }
  return text;
}

std::string RunReport::text() const {
  std::string page = fmt::format("{}\n{}\n", name, say(title));
  page += heading(tr("What happened")) + time_line_text();
  page += records_section(*this) + errors_section(*this) + latency_section(*this);
  page += groups_section(*this);
  page += partitions_section(*this) + machines_section(*this) + promises_section(*this);
  page += "\n" + tr("Verdict: {}", verdict_line()) + "\n";
  for (const Phrase& reason : reasons) page += line(say(reason));
  page += tr("Seed {}, version {}, fingerprint {}", seed, version, fingerprint) + "\n";
  const double speed = to_seconds(simulated) / std::max(wall_seconds, 1e-3);
  page += tr("{} simulated in {:.1f} s ({} times real time), with {} of memory", exact(simulated),
             wall_seconds, speed < 10 ? fmt::format("{:.1f}", speed) : fmt::format("{:.0f}", speed),
             to_rounded_text(memory)) +
          "\n";
  return page;
}

}  // namespace brokerlab::scenarios
