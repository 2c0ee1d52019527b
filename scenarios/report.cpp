#include "scenarios/report.h"

#include "base/check.h"

#include <fmt/format.h>

#include <algorithm>

namespace brokerlab::scenarios {
namespace {

std::string count(std::int64_t n) {
  std::string digits = std::to_string(n < 0 ? -n : n);
  for (int at = static_cast<int>(digits.size()) - 3; at > 0; at -= 3) {
    digits.insert(static_cast<std::size_t>(at), ",");
  }
  return n < 0 ? "-" + digits : digits;
}

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
  const double seconds = std::max(to_seconds(r.simulated), 1e-9);
  std::string text = heading("Records");
  text +=
      fmt::format("  sent {:>10}   acknowledged {:>10} ({:.1f}/s)   failed {}   waiting {}\n",
                  count(r.sent), count(r.acknowledged),
                  static_cast<double>(r.acknowledged) / seconds, count(r.failed), count(r.pending));
  if (r.pending > 0) {
    text +=
        fmt::format("  the oldest one waiting has waited for {}; the latencies are without those\n",
                    to_rounded_text(r.oldest_pending));
  }
  if (r.sent_blindly > 0) {
    text += fmt::format("  with acks=0 {}, acknowledged by nobody; {} of them are in no log\n",
                        count(r.sent_blindly), count(r.blindly_lost));
  }
  text += fmt::format("  consumed {:>6}   delivered again {:>7}   written twice by retries {}\n",
                      count(r.consumed), count(r.redelivered), count(r.duplicates));
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

std::string latency_section(const RunReport& r) {
  std::string text = heading(fmt::format("{:<36} {:>9} {:>9} {:>9} {:>9} {:>9}", "Latency", "p50",
                                         "p95", "p99", "p99.9", "max"));
  text += latency_row("row appeared -> acknowledged", r.acknowledged_after);
  text += latency_row("send() called -> acknowledged", r.send_call);
  text += latency_row("row appeared -> processed", r.end_to_end);
  return text;
}

std::string partitions_section(const RunReport& r) {
  std::string text = heading(fmt::format("{:<22} {:<10} {:>5} {:<9} {:>12} {:>11} {:>9} {:>8}",
                                         "Partitions", "leader", "epoch", "ISR", "unavailable",
                                         "ack waited", "elections", "ISR chg"));
  for (const RunReport::Partition& p : r.partitions) {
    text += fmt::format("  {:<20} {:<10} {:>5} {:<9} {:>12} {:>11} {:>9} {:>8}\n", p.name, p.leader,
                        p.epoch, p.isr, p.unavailable > 0ns ? to_rounded_text(p.unavailable) : "-",
                        to_rounded_text(p.longest_wait), p.elections, p.isr_changes);
  }
  text += fmt::format("  controller elections: {}\n", r.controller_elections);
  return text;
}

std::string groups_section(const RunReport& r) {
  if (r.groups.empty()) return "";
  std::string text = heading("Consumer groups");
  for (const RunReport::Group& g : r.groups) {
    text += fmt::format(
        "  {:<20} {}, generation {}, {} rebalance{}; lag {} at the end, at most {} "
        "(at {}, {})\n",
        g.name, g.state, g.generation, g.rebalances, g.rebalances == 1 ? "" : "s", count(g.lag),
        count(g.most_lag), clock_text(r.starts_at, g.most_lag_at), to_text(g.most_lag_at));
  }
  return text;
}

std::string machines_section(const RunReport& r) {
  std::string text = heading(
      fmt::format("{:<22} {:>11} {:>11} {:>6}  {:>11} {:>11} {:>6} {:>6} {:>6}", "Machines",
                  "NIC sent", "received", "util", "disk read", "written", "syncs", "util", "CPU"));
  for (const RunReport::Machine& m : r.machines) {
    text += fmt::format("  {:<20} {:>11} {:>11} {:>6}  {:>11} {:>11} {:>6} {:>6} {:>6}\n", m.name,
                        to_rounded_text(Bytes(m.nic_sent)), to_rounded_text(Bytes(m.nic_received)),
                        percent(m.nic_utilisation), to_rounded_text(Bytes(m.disk_read)),
                        to_rounded_text(Bytes(m.disk_written)), m.disk_syncs,
                        percent(m.disk_utilisation), percent(m.cpu_utilisation));
  }
  return text;
}

std::string promises_section(const RunReport& r) {
  std::string text = heading("Promises");
  for (const RunReport::Invariant& one : r.invariants) {
    text += fmt::format("  {:<6} {:<36} checked {:>9} times{}{}\n", one.held ? "kept" : "BROKEN",
                        one.name, count(one.checked), one.held ? "" : ": ", one.detail);
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
  page += records_section(*this) + latency_section(*this) + groups_section(*this);
  page += partitions_section(*this) + machines_section(*this) + promises_section(*this);
  page += fmt::format("\nVerdict: {}\n", to_text(verdict));
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
  text += fmt::format(R"("verdict":"{}","reasons":{},"simulated_s":{},"steps":{},)",
                      to_text(verdict), json_list(reasons, [](const auto& r) { return quoted(r); }),
                      to_seconds(simulated), steps);
  text += fmt::format(
      R"("records":{{"sent":{},"acknowledged":{},"failed":{},"waiting":{},"oldest_waiting_ms":{},"sent_blindly":{},"blindly_lost":{},"not_verifiable":{},"consumed":{},"redelivered":{},"duplicates":{}}},)",
      sent, acknowledged, failed, pending, to_millis(oldest_pending), sent_blindly, blindly_lost,
      not_verifiable, consumed, redelivered, duplicates);
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
      R"("groups":{},)", json_list(groups, [](const Group& g) {
        return fmt::format(
            R"({{"name":{},"state":{},"generation":{},"lag":{},"most_lag":{},"most_lag_at_s":{},"rebalances":{}}})",
            quoted(g.name), quoted(g.state), g.generation, g.lag, g.most_lag,
            to_seconds(g.most_lag_at), g.rebalances);
      }));
  text += fmt::format(
      R"("unavailable_s":{},"controller_elections":{},"partitions":{},)", to_seconds(unavailable),
      controller_elections, json_list(partitions, [](const Partition& p) {
        return fmt::format(
            R"({{"name":{},"leader":{},"epoch":{},"isr":{},"unavailable_s":{},"leaderless":{},"longest_wait_s":{},"elections":{},"isr_changes":{},"high_watermark":{}}})",
            quoted(p.name), quoted(p.leader), p.epoch, quoted(p.isr), to_seconds(p.unavailable),
            p.leaderless, to_seconds(p.longest_wait), p.elections, p.isr_changes, p.high_watermark);
      }));
  text += fmt::format(
      R"("machines":{},)", json_list(machines, [](const Machine& m) {
        return fmt::format(
            R"({{"name":{},"nic_sent":{},"nic_received":{},"nic_utilisation":{},"disk_read":{},"disk_written":{},"disk_syncs":{},"disk_utilisation":{},"cpu_utilisation":{}}})",
            quoted(m.name), m.nic_sent, m.nic_received, m.nic_utilisation, m.disk_read,
            m.disk_written, m.disk_syncs, m.disk_utilisation, m.cpu_utilisation);
      }));
  text += fmt::format(
      R"("faults":{},)", json_list(faults, [](const Fault& f) {
        return fmt::format(
            R"({{"at_s":{},"what":{},"target":{},"done":{},"bit":{},"note":{},"effects":{}}})",
            to_seconds(f.at), quoted(f.what), quoted(f.target), f.done, f.bit, quoted(f.note),
            json_list(f.effects, [](const Phrase& effect) { return quoted(effect.english); }));
      }));
  text += fmt::format(R"("invariants":{},)", json_list(invariants, [](const Invariant& i) {
                        return fmt::format(R"({{"name":{},"held":{},"checked":{},"detail":{}}})",
                                           quoted(i.name), i.held, i.checked, quoted(i.detail));
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
