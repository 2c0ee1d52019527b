// A report for programs: one JSON object, in English whoever asks. What a person may be shown by
// them has its Korean beside it.
#include "scenarios/report.h"

#include <fmt/format.h>

namespace brokerlab::scenarios {
namespace {

std::string quoted_json(std::string_view text) {
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

std::string RunReport::json() const {
  std::string text = "{";
  text += fmt::format(R"("name":{},"title":{},"seed":{},"version":{},"fingerprint":{},)",
                      quoted_json(name), quoted_json(title.english), seed, quoted_json(version),
                      quoted_json(fingerprint));
  text += fmt::format(R"("verdict":"{}","harm":{},"reasons":{},"reasons_ko":{},"simulated_s":{},)",
                      to_text(verdict),
                      json_list(harm,
                                [](const Harm& h) {
                                  return fmt::format(
                                      R"({{"kind":{},"count":{},"text":{},"ko":{}}})",
                                      quoted_json(h.kind), h.count, quoted_json(h.words.english),
                                      quoted_json(h.words.korean));
                                }),
                      json_list(reasons, [](const auto& r) { return quoted_json(r.english); }),
                      json_list(reasons, [](const auto& r) { return quoted_json(r.korean); }),
                      to_seconds(simulated));
  text += fmt::format(
      R"("phantom_sources":{},"records":{{"sent":{},"acknowledged":{},"failed":{},"failed_in_log":{},"waiting":{},"oldest_waiting_ms":{},"sent_blindly":{},"blindly_lost":{},"not_verifiable":{},"consumed":{},"redelivered":{},"duplicates":{},"reordered":{},"unreadable":{},"longest_unreadable_ms":{},"rows_unsent":{},"failed_by":{}}},)",
      json_list(phantom_sources, [](const std::string& source) { return quoted_json(source); }),
      sent, acknowledged, failed, failed_in_log, pending, to_millis(oldest_pending), sent_blindly,
      blindly_lost, not_verifiable, consumed, redelivered, duplicates, reordered, unreadable,
      to_millis(longest_unreadable), rows_unsent, json_list(failed_by, [](const auto& one) {
        return fmt::format(R"({{"error":{},"records":{}}})", quoted_json(one.first), one.second);
      }));
  text += fmt::format(
      R"("work":{{"from_s":{},"to_s":{},"acknowledged_per_s":{},"consumed_per_s":{}}},)",
      to_seconds(work_begin), to_seconds(work_end), json_of(acknowledged_rate),
      json_of(consumed_rate));
  text += fmt::format(
      R"("lost":{},)", json_list(lost, [](const Lost& l) {
        return fmt::format(
            R"({{"record":{},"count":{},"partition":{},"offset":{},"acknowledged_s":{},"why":{},"why_ko":{}}})",
            quoted_json(l.record), l.count, quoted_json(l.partition), l.offset,
            to_seconds(l.acknowledged), quoted_json(l.why.english), quoted_json(l.why.korean));
      }));
  text += fmt::format(R"("latency":{{"acknowledged_after":{},"send_call":{},"end_to_end":{}}},)",
                      json_of(acknowledged_after), json_of(send_call), json_of(end_to_end));
  text += fmt::format(
      R"("client_errors":{},)", json_list(client_errors, [](const ClientError& e) {
        return fmt::format(
            R"({{"api":{},"name":{},"how":{},"count":{},"final":{},"first_s":{},"last_s":{}}})",
            quoted_json(e.api), quoted_json(e.name), quoted_json(e.how), e.count, e.final,
            to_seconds(e.first), to_seconds(e.last));
      }));
  text += fmt::format(
      R"("groups":{},)", json_list(groups, [](const Group& g) {
        std::string by_member;
        for (const auto& [member, longest] : g.without_coordinator) {
          by_member += fmt::format("{}{}:{}", by_member.empty() ? "" : ",", quoted_json(member),
                                   to_seconds(longest));
        }
        return fmt::format(
            R"({{"name":{},"state":{},"generation":{},"lag":{},"most_lag":{},"most_lag_at_s":{},"drained_after_s":{},"unreadable":{},"unread":{},"waiting":{},"longest_waiting_s":{},"consumed":{},"redelivered":{},"skipped":{},"deleted":{},"counted_twice":{},"counted_never":{},"rebalances":{},"coordinator":{},"without_coordinator_s":{{{}}}}})",
            quoted_json(g.name), quoted_json(g.state), g.generation, g.lag, g.most_lag,
            to_seconds(g.most_lag_at),
            g.drained_after ? fmt::format("{}", to_seconds(*g.drained_after)) : "null",
            g.unreadable, g.unread, g.waiting, to_seconds(g.longest_waiting), g.consumed,
            g.redelivered, g.skipped, g.deleted, g.counted_twice, g.counted_never, g.rebalances,
            g.coordinator ? json_of(*g.coordinator) : "null", by_member);
      }));
  text += fmt::format(
      R"("unavailable_s":{},"produce":{},"fetch":{},"under_replicated":{{"total_s":{},"most":{},"until_s":{},"at_the_end":{}}},"controller_elections":{},"without_quorum_s":{},"without_controller_s":{},"partitions":{},)",
      to_seconds(produce.longest), json_of(produce), json_of(fetch),
      to_seconds(under_replicated.total), under_replicated.most, to_seconds(under_replicated.until),
      under_replicated.at_the_end, controller_elections, to_seconds(without_quorum),
      to_seconds(without_controller), json_list(partitions, [](const Partition& p) {
        return fmt::format(
            R"({{"name":{},"leader":{},"epoch":{},"isr":{},"unavailable_s":{},"produce":{},"fetch":{},"leaderless":{},"longest_wait_s":{},"elections":{},"isr_changes":{},"high_watermark":{},"unreadable":{},"longest_unreadable_s":{},"duplicates":{},"reordered":{}}})",
            quoted_json(p.name), quoted_json(p.leader), p.epoch, quoted_json(p.isr),
            to_seconds(p.produce.longest), json_of(p.produce), json_of(p.fetch), p.leaderless,
            to_seconds(p.longest_wait), p.elections, p.isr_changes, p.high_watermark, p.unreadable,
            to_seconds(p.longest_unreadable), p.duplicates, p.reordered);
      }));
  text += fmt::format(
      R"("machines":{},)", json_list(machines, [](const Machine& m) {
        return fmt::format(
            R"({{"name":{},"processes":{},"nic_sent":{},"nic_received":{},"nic_utilisation":{},"nic_peak":{},"disk_read":{},"disk_written":{},"disk_syncs":{},"disk_utilisation":{},"disk_peak":{},"cpu_utilisation":{},"cpu_peak":{}}})",
            quoted_json(m.name),
            json_list(m.processes, [](const std::string& one) { return quoted_json(one); }),
            m.nic_sent, m.nic_received, m.nic.mean, m.nic.peak, m.disk_read, m.disk_written,
            m.disk_syncs, m.disk.mean, m.disk.peak, m.cpu.mean, m.cpu.peak);
      }));
  text += fmt::format(
      R"("faults":{},)", json_list(faults, [](const Fault& f) {
        return fmt::format(
            R"({{"at_s":{},"what":{},"target":{},"done":{},"needless":{},"bit":{},"absorbed":{},"note":{},"effects":{},"what_ko":{},"note_ko":{},"effects_ko":{}}})",
            to_seconds(f.at), quoted_json(f.what.english), quoted_json(f.target), f.done,
            f.needless, f.bit, f.absorbed, quoted_json(f.note.english),
            json_list(f.effects, [](const Phrase& effect) { return quoted_json(effect.english); }),
            quoted_json(f.what.korean), quoted_json(f.note.korean),
            json_list(f.effects, [](const Phrase& effect) { return quoted_json(effect.korean); }));
      }));
  text += fmt::format(
      R"("invariants":{},)", json_list(invariants, [](const Invariant& i) {
        return fmt::format(
            R"({{"name":{},"held":{},"checked":{},"detail":{},"but_for":{},"detail_ko":{},"but_for_ko":{}}})",
            quoted_json(i.name), i.held, i.checked, quoted_json(i.detail.english),
            json_list(i.exemptions, [](const Phrase& one) { return quoted_json(one.english); }),
            quoted_json(i.detail.korean),
            json_list(i.exemptions, [](const Phrase& one) { return quoted_json(one.korean); }));
      }));
  text += fmt::format(R"("expectations":{},)", json_list(expectations, [](const Expectation& e) {
                        return fmt::format(
                            R"({{"what":{},"met":{},"found":{},"what_ko":{},"found_ko":{}}})",
                            quoted_json(e.what.english), e.met, quoted_json(e.found.english),
                            quoted_json(e.what.korean), quoted_json(e.found.korean));
                      }));
  text += fmt::format(R"("time_line":{}}})", json_list(time_line, [](const Moment& m) {
                        return fmt::format(R"({{"t_s":{},"text":{},"ko":{}}})", to_seconds(m.time),
                                           quoted_json(m.text.english), quoted_json(m.text.korean));
                      }));
  return text;
}

}  // namespace brokerlab::scenarios
