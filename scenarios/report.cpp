#include "scenarios/report.h"

#include "base/check.h"
#include "base/translation.h"

#include <fmt/format.h>

#include <algorithm>

namespace brokerlab::scenarios {
namespace {

std::string count(std::int64_t n) { return with_commas(n); }

std::string times(std::int64_t n) { return n == 1 ? "1 time" : count(n) + " times"; }

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

std::string latency_row(std::string_view name, const Percentiles& p) {
  if (p.count == 0) return fmt::format("  {:<34} (none)\n", name);
  return fmt::format("  {:<34} {:>9} {:>9} {:>9} {:>9} {:>9}\n", name, to_rounded_text(p.p50),
                     to_rounded_text(p.p95), to_rounded_text(p.p99), to_rounded_text(p.p999),
                     to_rounded_text(p.max));
}

std::string records_section(const RunReport& r) {
  std::string text = heading("Records");
  text += fmt::format("  sent {:>10}   acknowledged {:>10}   failed {}   waiting {}\n",
                      count(r.sent), count(r.acknowledged), count(r.failed), count(r.pending));
  if (r.sent > 0) {
    text += fmt::format(
        "  from {} to {}: acknowledged {:.1f}/s, at most {:.0f} in a second; processed {:.1f}/s, "
        "at most {:.0f}\n",
        to_text(r.work_begin), to_text(r.work_end), r.acknowledged_rate.mean,
        r.acknowledged_rate.peak, r.consumed_rate.mean, r.consumed_rate.peak);
  }
  if (!r.failed_by.empty()) text += fmt::format("  failed by {}\n", error_list(r.failed_by));
  if (r.pending > 0) {
    text +=
        fmt::format("  the oldest one waiting has waited for {}; the latencies are without those\n",
                    to_rounded_text(r.oldest_pending));
  }
  if (r.sent_blindly > 0) {
    text += fmt::format("  with acks=0 {}, acknowledged by nobody; {} of them are in no log\n",
                        count(r.sent_blindly), count(r.blindly_lost));
  }
  text += fmt::format(
      "  consumed {:>6}   delivered again {:>7}   written twice by retries {}   out of order {}\n",
      count(r.consumed), count(r.redelivered), count(r.duplicates), count(r.reordered));
  if (r.unreadable > 0) {
    text += fmt::format("  {} acknowledged {} above the high watermark, not yet readable\n",
                        count(r.unreadable), r.unreadable == 1 ? "record is" : "records are");
  }
  if (r.not_verifiable > 0) {
    text += fmt::format("  {} acknowledged records could not be looked for: no live leader\n",
                        count(r.not_verifiable));
  }
  if (r.lost.empty()) {
    text += r.not_verifiable > 0 ? "  no other acknowledged record was lost\n"
                                 : "  no acknowledged record was lost\n";
  } else {
    text += fmt::format("  {} acknowledged {} lost:\n", r.lost.size(),
                        r.lost.size() == 1 ? "record was" : "records were");
    constexpr std::size_t shown = 20;
    for (std::size_t i = 0; i < std::min(shown, r.lost.size()); ++i) {
      const RunReport::Lost& lost = r.lost[i];
      text += fmt::format("    {:<12} {} offset {}: {}\n", lost.record, lost.partition, lost.offset,
                          lost.why);
    }
    if (r.lost.size() > shown) {
      text += fmt::format("    ... and {} more (--json lists all)\n", r.lost.size() - shown);
    }
  }
  return text;
}

std::string errors_section(const RunReport& r) {
  if (r.client_errors.empty()) return "";
  std::string text =
      heading(fmt::format("{:<46} {:>7} {:>6} {:>12} {:>12}", "Errors that clients saw", "times",
                          "final", "first", "last"));
  const auto how = [](const RunReport::ClientError& e) -> std::string {
    if (e.how == "disconnected") return "the connection broke";
    if (e.how == "timed_out") return "no answer within request.timeout.ms";
    if (e.how == "not_connected") return "no connection";
    if (e.how == "client") return "given up by the client";
    return "";
  };
  for (const RunReport::ClientError& e : r.client_errors) {
    text += fmt::format("  {:<44} {:>7} {:>6} {:>12} {:>12}  {}\n", e.api + " " + e.name,
                        count(e.count), e.final == 0 ? "-" : count(e.final), to_text(e.first),
                        to_text(e.last), how(e));
    while (text.ends_with(" \n")) text.erase(text.size() - 2, 1);
  }
  return text;
}

std::string latency_section(const RunReport& r) {
  std::string text = heading(fmt::format("{:<36} {:>9} {:>9} {:>9} {:>9} {:>9}", "Latency", "p50",
                                         "p95", "p99", "p99.9", "max"));
  text += latency_row("row appeared -> acknowledged", r.acknowledged_after);
  text += latency_row("send() called -> acknowledged", r.send_call);
  text += latency_row("row appeared -> processed", r.end_to_end);
  return text;
}

std::string length_or_none(Duration length) { return length > 0ns ? to_rounded_text(length) : "-"; }

/// Below, who waits for a record does not notice that it is acknowledged and not yet readable.
constexpr Duration unreadable_told = 100ms;

std::string outages_line(const char* side, const RunReport::Outages& outages) {
  if (outages.times == 0) return fmt::format("  available for {} all the time\n", side);
  return fmt::format("  unavailable for {}: longest {} (from {}), in all {}, {}{}\n", side,
                     to_rounded_text(outages.longest), to_text(outages.longest_from),
                     to_rounded_text(outages.total), times(outages.times),
                     outages.at_the_end ? "; still so at the end" : "");
}

std::string partitions_section(const RunReport& r) {
  std::string text = heading(fmt::format("{:<22} {:<10} {:>5} {:<9} {:>12} {:>11} {:>9} {:>8}",
                                         "Partitions", "leader", "epoch", "ISR", "unavailable",
                                         "ack waited", "elections", "ISR chg"));
  for (const RunReport::Partition& p : r.partitions) {
    text += fmt::format("  {:<20} {:<10} {:>5} {:<9} {:>12} {:>11} {:>9} {:>8}\n", p.name, p.leader,
                        p.epoch, p.isr, length_or_none(p.produce.longest),
                        to_rounded_text(p.longest_wait), p.elections, p.isr_changes);
  }
  text += outages_line("produce", r.produce) + outages_line("fetch", r.fetch);
  for (const RunReport::Partition& p : r.partitions) {
    std::string told;
    const auto tell = [&told](std::string what) { told += (told.empty() ? "" : ", ") + what; };
    if (p.duplicates > 0) tell(fmt::format("{} written twice", count(p.duplicates)));
    if (p.reordered > 0) tell(fmt::format("{} out of order", count(p.reordered)));
    if (p.unreadable > 0) tell(fmt::format("{} not yet readable", count(p.unreadable)));
    if (p.longest_unreadable >= unreadable_told) {
      tell(fmt::format("an acknowledged record lay above the high watermark for up to {}",
                       to_rounded_text(p.longest_unreadable)));
    }
    if (!told.empty()) text += fmt::format("  {}: {}\n", p.name, told);
  }
  text += fmt::format("  controller elections: {}\n", r.controller_elections);
  return text;
}

std::string groups_section(const RunReport& r) {
  if (r.groups.empty()) return "";
  std::string text = heading("Consumer groups");
  for (const RunReport::Group& g : r.groups) {
    const std::string beside =
        g.unreadable == 0 ? std::string()
                          : fmt::format(
                                "and {} acknowledged {} above the high watermark not yet "
                                "readable; lag ",
                                count(g.unreadable), g.unreadable == 1 ? "record" : "records");
    text += fmt::format(
        "  {:<20} {}, generation {}, {} rebalance{}; lag {} at the end, {}at most {} "
        "(at {}, {})\n",
        g.name, g.state, g.generation, g.rebalances, g.rebalances == 1 ? "" : "s", count(g.lag),
        beside, count(g.most_lag), clock_text(r.starts_at, g.most_lag_at), to_text(g.most_lag_at));
    text += fmt::format("  {:<20} read {} different records, {} again", "", count(g.consumed),
                        count(g.redelivered));
    if (g.skipped > 0) text += fmt::format(", skipped {}", count(g.skipped));
    if (g.unread > 0) text += fmt::format("; {} acknowledged ones unread", count(g.unread));
    text += "\n";
    if (g.coordinator && g.coordinator->times > 0) {
      text += fmt::format("  {:<20} without a coordinator: longest {}, in all {}, {}{}\n", "",
                          to_rounded_text(g.coordinator->longest),
                          to_rounded_text(g.coordinator->total), times(g.coordinator->times),
                          g.coordinator->at_the_end ? "; still so at the end" : "");
    }
  }
  return text;
}

std::string load_text(const RunReport::Load& load) {
  return fmt::format("{:>5}/{}", percent(load.mean), percent(load.peak));
}

std::string machines_section(const RunReport& r) {
  std::string text = heading(fmt::format(
      "{:<22} {:>11} {:>11} {:>13}  {:>11} {:>11} {:>6} {:>13} {:>13}", "Machines", "NIC sent",
      "received", "mean/peak", "disk read", "written", "syncs", "mean/peak", "CPU mean/peak"));
  for (const RunReport::Machine& m : r.machines) {
    text += fmt::format("  {:<20} {:>11} {:>11} {:>13}  {:>11} {:>11} {:>6} {:>13} {:>13}\n",
                        m.name, to_rounded_text(Bytes(m.nic_sent)),
                        to_rounded_text(Bytes(m.nic_received)), load_text(m.nic),
                        to_rounded_text(Bytes(m.disk_read)), to_rounded_text(Bytes(m.disk_written)),
                        m.disk_syncs, load_text(m.disk), load_text(m.cpu));
  }
  return text;
}

std::string exemptions_text(const RunReport::Invariant& one) {
  std::string text;
  for (const Phrase& exemption : one.exemptions) {
    text += (text.empty() ? ", but for " : " and ") + say(exemption);
  }
  return text;
}

std::string promises_section(const RunReport& r) {
  std::string text = heading("Promises");
  for (const RunReport::Invariant& one : r.invariants) {
    text += fmt::format("  {:<6} {:<36} checked {:>9} {}{}\n", one.held ? "kept" : "BROKEN",
                        one.name, count(one.checked), one.checked == 1 ? "time" : "times",
                        one.held ? exemptions_text(one) : ": " + one.detail);
  }
  for (const RunReport::Expectation& one : r.expectations) {
    text += fmt::format("  {:<6} {} ({})\n", one.met ? "met" : "MISSED", one.what, one.found);
  }
  for (const RunReport::Fault& fault : r.faults) {
    const std::string effect = !fault.done      ? "not done"
                               : !fault.harmful ? "done"
                               : fault.bit      ? "bit"
                                                : "met no work";
    text += fmt::format("  fault  {} {} at {}: {}{}{}\n", fault.what, fault.target,
                        in_seconds(fault.at), effect, fault.note.empty() ? "" : ", ", fault.note);
  }
  return text;
}

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      out += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
    } else {
      out += c;
    }
  }
  return out + "\"";
}

std::string json_of(const Percentiles& p) {
  return fmt::format(
      R"({{"count":{},"mean_ms":{},"p50_ms":{},"p95_ms":{},"p99_ms":{},"p99_9_ms":{},"max_ms":{}}})",
      p.count, to_millis(p.mean), to_millis(p.p50), to_millis(p.p95), to_millis(p.p99),
      to_millis(p.p999), to_millis(p.max));
}

std::string json_of(const RunReport::Load& load) {
  return fmt::format(R"({{"mean":{},"peak":{}}})", load.mean, load.peak);
}

std::string json_of(const RunReport::Outages& o) {
  return fmt::format(
      R"({{"longest_s":{},"longest_from_s":{},"total_s":{},"times":{},"at_the_end":{}}})",
      to_seconds(o.longest), to_seconds(o.longest_from), to_seconds(o.total), o.times,
      o.at_the_end);
}

template <class T, class F>
std::string json_list(const std::vector<T>& items, F one) {
  std::string text = "[";
  for (const T& item : items) text += (text.size() > 1 ? "," : "") + one(item);
  return text + "]";
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

std::string RunReport::verdict_line() const {
  std::string line(to_text(verdict));
  if (harm.empty()) return line;
  if (verdict == Verdict::pass) line += " " + tr("(what was asked)");
  for (const Harm& one : harm) line += " · " + say(one.words);
  return line;
}

std::string RunReport::time_line_text() const {
  std::string text;
  for (const Moment& moment : time_line) {
    text += fmt::format("  {}  {:>12}  {}\n", clock_text(starts_at, moment.time),
                        brokerlab::to_text(moment.time), moment.text);
  }
  return text;
}

std::string RunReport::text() const {
  std::string page = fmt::format("{}\n{}\n", name, title);
  page += heading("What happened") + time_line_text();
  page += records_section(*this) + errors_section(*this) + latency_section(*this);
  page += groups_section(*this);
  page += partitions_section(*this) + machines_section(*this) + promises_section(*this);
  page += fmt::format("\nVerdict: {}\n", verdict_line());
  for (const std::string& reason : reasons) page += fmt::format("  {}\n", reason);
  page += fmt::format(
      "Seed {}, version {}, fingerprint {}\n{} simulated in {:.1f} s ({:.0f} times real time, {} "
      "steps)\n",
      seed, version, fingerprint, brokerlab::to_text(simulated), wall_seconds,
      to_seconds(simulated) / std::max(wall_seconds, 1e-3),
      count(static_cast<std::int64_t>(steps)));
  return page;
}

std::string RunReport::json() const {
  std::string text = "{";
  text += fmt::format(R"("name":{},"title":{},"seed":{},"version":{},"fingerprint":{},)",
                      quoted(name), quoted(title), seed, quoted(version), quoted(fingerprint));
  text += fmt::format(
      R"("verdict":"{}","harm":{},"reasons":{},"simulated_s":{},"steps":{},)", to_text(verdict),
      json_list(harm,
                [](const Harm& h) {
                  return fmt::format(R"({{"kind":{},"count":{},"text":{},"ko":{}}})",
                                     quoted(h.kind), h.count, quoted(h.words.english),
                                     quoted(h.words.korean));
                }),
      json_list(reasons, [](const auto& r) { return quoted(r); }), to_seconds(simulated), steps);
  text += fmt::format(
      R"("records":{{"sent":{},"acknowledged":{},"failed":{},"waiting":{},"oldest_waiting_ms":{},"sent_blindly":{},"blindly_lost":{},"not_verifiable":{},"consumed":{},"redelivered":{},"duplicates":{},"reordered":{},"unreadable":{},"longest_unreadable_ms":{},"failed_by":{}}},)",
      sent, acknowledged, failed, pending, to_millis(oldest_pending), sent_blindly, blindly_lost,
      not_verifiable, consumed, redelivered, duplicates, reordered, unreadable,
      to_millis(longest_unreadable), json_list(failed_by, [](const auto& one) {
        return fmt::format(R"({{"error":{},"records":{}}})", quoted(one.first), one.second);
      }));
  text += fmt::format(
      R"("work":{{"from_s":{},"to_s":{},"acknowledged_per_s":{},"consumed_per_s":{}}},)",
      to_seconds(work_begin), to_seconds(work_end), json_of(acknowledged_rate),
      json_of(consumed_rate));
  text += fmt::format(
      R"("lost":{},)", json_list(lost, [](const Lost& l) {
        return fmt::format(
            R"({{"record":{},"partition":{},"offset":{},"acknowledged_s":{},"why":{}}})",
            quoted(l.record), quoted(l.partition), l.offset, to_seconds(l.acknowledged),
            quoted(l.why));
      }));
  text += fmt::format(R"("latency":{{"acknowledged_after":{},"send_call":{},"end_to_end":{}}},)",
                      json_of(acknowledged_after), json_of(send_call), json_of(end_to_end));
  text += fmt::format(
      R"("client_errors":{},)", json_list(client_errors, [](const ClientError& e) {
        return fmt::format(
            R"({{"api":{},"name":{},"how":{},"count":{},"final":{},"first_s":{},"last_s":{}}})",
            quoted(e.api), quoted(e.name), quoted(e.how), e.count, e.final, to_seconds(e.first),
            to_seconds(e.last));
      }));
  text += fmt::format(
      R"("groups":{},)", json_list(groups, [](const Group& g) {
        return fmt::format(
            R"({{"name":{},"state":{},"generation":{},"lag":{},"most_lag":{},"most_lag_at_s":{},"unreadable":{},"unread":{},"consumed":{},"redelivered":{},"skipped":{},"rebalances":{},"coordinator":{}}})",
            quoted(g.name), quoted(g.state), g.generation, g.lag, g.most_lag,
            to_seconds(g.most_lag_at), g.unreadable, g.unread, g.consumed, g.redelivered, g.skipped,
            g.rebalances, g.coordinator ? json_of(*g.coordinator) : "null");
      }));
  text += fmt::format(
      R"("unavailable_s":{},"produce":{},"fetch":{},"controller_elections":{},"partitions":{},)",
      to_seconds(produce.longest), json_of(produce), json_of(fetch), controller_elections,
      json_list(partitions, [](const Partition& p) {
        return fmt::format(
            R"({{"name":{},"leader":{},"epoch":{},"isr":{},"unavailable_s":{},"produce":{},"fetch":{},"leaderless":{},"longest_wait_s":{},"elections":{},"isr_changes":{},"high_watermark":{},"unreadable":{},"longest_unreadable_s":{},"duplicates":{},"reordered":{}}})",
            quoted(p.name), quoted(p.leader), p.epoch, quoted(p.isr), to_seconds(p.produce.longest),
            json_of(p.produce), json_of(p.fetch), p.leaderless, to_seconds(p.longest_wait),
            p.elections, p.isr_changes, p.high_watermark, p.unreadable,
            to_seconds(p.longest_unreadable), p.duplicates, p.reordered);
      }));
  text += fmt::format(
      R"("machines":{},)", json_list(machines, [](const Machine& m) {
        return fmt::format(
            R"({{"name":{},"nic_sent":{},"nic_received":{},"nic_utilisation":{},"nic_peak":{},"disk_read":{},"disk_written":{},"disk_syncs":{},"disk_utilisation":{},"disk_peak":{},"cpu_utilisation":{},"cpu_peak":{}}})",
            quoted(m.name), m.nic_sent, m.nic_received, m.nic.mean, m.nic.peak, m.disk_read,
            m.disk_written, m.disk_syncs, m.disk.mean, m.disk.peak, m.cpu.mean, m.cpu.peak);
      }));
  text += fmt::format(
      R"("faults":{},)", json_list(faults, [](const Fault& f) {
        return fmt::format(
            R"({{"at_s":{},"what":{},"target":{},"done":{},"bit":{},"note":{},"effects":{}}})",
            to_seconds(f.at), quoted(f.what), quoted(f.target), f.done, f.bit, quoted(f.note),
            json_list(f.effects, [](const Phrase& effect) { return quoted(effect.english); }));
      }));
  text += fmt::format(
      R"("invariants":{},)", json_list(invariants, [](const Invariant& i) {
        return fmt::format(
            R"({{"name":{},"held":{},"checked":{},"detail":{},"but_for":{}}})", quoted(i.name),
            i.held, i.checked, quoted(i.detail),
            json_list(i.exemptions, [](const Phrase& one) { return quoted(one.english); }));
      }));
  text += fmt::format(R"("expectations":{},)", json_list(expectations, [](const Expectation& e) {
                        return fmt::format(R"({{"what":{},"met":{},"found":{}}})", quoted(e.what),
                                           e.met, quoted(e.found));
                      }));
  text += fmt::format(R"("time_line":{}}})", json_list(time_line, [](const Moment& m) {
                        return fmt::format(R"({{"t_s":{},"text":{}}})", to_seconds(m.time),
                                           quoted(m.text));
                      }));
  return text;
}

}  // namespace brokerlab::scenarios
