#include "scenarios/judge.h"

#include "scenarios/runner.h"

#include <algorithm>

namespace brokerlab::scenarios {
namespace {

Percentiles percentiles_of(const Histogram& histogram) {
  return {histogram.count(),
          histogram.mean(),
          histogram.percentile(0.50),
          histogram.percentile(0.95),
          histogram.percentile(0.99),
          histogram.percentile(0.999),
          histogram.max()};
}

void report_records(const Ledger& ledger, Time now, RunReport& report) {
  report.sent = ledger.sent();
  report.acknowledged = ledger.acknowledged();
  report.failed = ledger.failed();
  report.pending = ledger.pending();
  if (const auto since = ledger.oldest_pending()) report.oldest_pending = now - *since;
  report.sent_blindly = ledger.sent_blindly();
  report.blindly_lost = ledger.blindly_lost();
  for (const auto& [name, records] : ledger.not_verifiable()) report.not_verifiable += records;
  report.consumed = ledger.consumed();
  report.redelivered = ledger.redelivered();
  report.duplicates = ledger.duplicates_in_log();
  report.acknowledged_after = percentiles_of(ledger.produce_latency());
  report.send_call = percentiles_of(ledger.send_latency());
  report.end_to_end = percentiles_of(ledger.end_to_end_latency());
  for (const LostRecord& lost : ledger.lost()) {
    report.lost.push_back(
        {lost.label, lost.partition.name(), lost.offset, lost.acknowledged, lost.why});
  }
  report.controller_elections = ledger.controller_elections();
}

void report_groups(const Evidence& evidence, RunReport& report) {
  for (const ConsumerSpec& consumer : evidence.scenario.consumers) {
    RunReport::Group group;
    group.name = consumer.group;
    group.lag = group_lag(consumer, evidence.ledger);
    if (const auto most = evidence.most_lag.find(consumer.group); most != evidence.most_lag.end()) {
      group.most_lag = most->second.first;
      group.most_lag_at = most->second.second;
    }
    const auto view = evidence.ledger.groups().find(consumer.group);
    if (view != evidence.ledger.groups().end()) {
      group.state = view->second.state;
      group.generation = view->second.generation;
      group.rebalances = view->second.rebalances;
    }
    report.groups.push_back(std::move(group));
  }
}

void report_partitions(const Evidence& evidence, RunReport& report) {
  for (const auto& [name, outages] : evidence.availability.outages()) {
    RunReport::Partition partition;
    partition.name = name.name();
    partition.unavailable = evidence.availability.longest(name);
    partition.leaderless = std::any_of(outages.begin(), outages.end(),
                                       [](const auto& outage) { return outage.leaderless; });
    const auto view = evidence.ledger.partitions().find(name);
    if (view != evidence.ledger.partitions().end()) {
      partition.leader = evidence.cluster.context().broker_name(view->second.leader);
      partition.epoch = view->second.epoch;
      partition.isr = model::to_text(view->second.isr);
      partition.elections = view->second.elections;
      partition.isr_changes = view->second.isr_changes;
      partition.high_watermark = view->second.high_watermark;
      partition.longest_wait = view->second.acknowledgment_wait.max();
    }
    report.partitions.push_back(std::move(partition));
  }
  report.unavailable = evidence.availability.longest();
}

void report_machines(const Evidence& evidence, RunReport& report) {
  const double seconds = std::max(to_seconds(evidence.scenario.duration), 1e-9);
  for (const Cluster::Member& member : evidence.cluster.members()) {
    sim::Machine& machine = *member.machine;
    sim::Network& network = evidence.cluster.network();
    RunReport::Machine row;
    row.name = machine.name();
    row.nic_sent = network.moved(machine.id(), sim::Direction::out).count();
    row.nic_received = network.moved(machine.id(), sim::Direction::in).count();
    for (const sim::Direction way : {sim::Direction::out, sim::Direction::in}) {
      const auto moved = static_cast<double>(network.moved(machine.id(), way).count());
      const auto capacity = static_cast<double>(network.capacity(machine.id(), way).count());
      row.nic_utilisation = std::max(row.nic_utilisation, moved / std::max(capacity, 1.0));
    }
    for (int i = 0; i < machine.disks(); ++i) {
      const sim::Disk& disk = machine.disk(i);
      row.disk_read += disk.bytes_read().count();
      row.disk_written += disk.bytes_written().count();
      row.disk_syncs += disk.syncs();
      row.disk_utilisation = std::max(row.disk_utilisation, to_seconds(disk.busy()) / seconds);
    }
    row.cpu_utilisation = to_seconds(machine.cpu().busy()) / seconds / machine.config().cpu.cores;
    report.machines.push_back(row);
  }
}

RunReport::Expectation check(const Expectation& expectation, const RunReport& report) {
  if (const auto* wanted = std::get_if<NoAcknowledgedRecordLost>(&expectation.what)) {
    const std::size_t lost = report.lost.size() + static_cast<std::size_t>(report.blindly_lost);
    return {"no acknowledged record is lost", wanted->wanted == (lost == 0),
            fmt::format("{} lost", lost)};
  }
  if (const auto* below = std::get_if<UnavailabilityBelow>(&expectation.what)) {
    return {
        fmt::format("no partition is unavailable for {} or more", brokerlab::to_text(below->limit)),
        report.unavailable < below->limit,
        fmt::format("longest {}", to_rounded_text(report.unavailable))};
  }
  std::int64_t lag = 0;
  for (const RunReport::Group& group : report.groups) lag += group.lag;
  const bool wanted = std::get<AllRecordsConsumed>(expectation.what).wanted;
  return {"every group has read everything at the end", wanted == (lag == 0),
          fmt::format("{} records behind", lag)};
}

void give_verdict(const Evidence& evidence, RunReport& report) {
  for (const Expectation& expectation : evidence.scenario.expect) {
    report.expectations.push_back(check(expectation, report));
  }
  for (const RunReport::Invariant& one : report.invariants) {
    if (!one.held) report.reasons.push_back(fmt::format("invariant {} is broken", one.name));
  }
  for (const RunReport::Expectation& one : report.expectations) {
    if (!one.met) {
      report.reasons.push_back(fmt::format("expected: {}; found: {}", one.what, one.found));
    }
  }
  if (!report.reasons.empty()) {
    report.verdict = Verdict::fail;
    return;
  }
  for (const RunReport::Fault& fault : report.faults) {
    if (!fault.done) {
      report.reasons.push_back(fmt::format("{} at {} was not done: {}", fault.what,
                                           brokerlab::to_text(fault.at), fault.note));
    } else if (fault.harmful && !fault.bit) {
      report.reasons.push_back(fmt::format("{} of {} at {} met no work, so it proves nothing",
                                           fault.what, fault.target, brokerlab::to_text(fault.at)));
    }
  }
  for (const auto& [name, records] : evidence.ledger.not_verifiable()) {
    report.reasons.push_back(fmt::format(
        "{} has no live leader at the end: whether its {} acknowledged records are lost cannot be "
        "told",
        name.name(), records));
  }
  if (report.sent == 0 && !evidence.scenario.producers.empty()) {
    report.reasons.push_back("no record was sent");
  }
  report.verdict = report.reasons.empty() ? Verdict::pass : Verdict::unknown;
}

}  // namespace

std::int64_t group_lag(const ConsumerSpec& consumer, const Ledger& ledger) {
  std::int64_t total = 0;
  for (const auto& [name, lag] : ledger.lags(consumer.group, consumer.topics)) total += lag;
  return total;
}

RunReport judge(const Evidence& evidence) {
  RunReport report;
  const Scenario& scenario = evidence.scenario;
  report.name = scenario.name;
  report.title = scenario.title.in("en");
  report.seed = scenario.seed;
  report.version = version();
  report.starts_at = scenario.starts_at;
  report.simulated = scenario.duration;
  report.steps = evidence.world.steps();
  report_records(evidence.ledger, evidence.world.now(), report);
  report_groups(evidence, report);
  report_partitions(evidence, report);
  report_machines(evidence, report);
  for (const FaultReport& fault : evidence.faults) {
    report.faults.push_back({fault.at, fault.what, fault.target, fault.note, fault.done,
                             fault.harmful, fault.bit, fault.effects});
  }
  for (const Invariant& one : evidence.ledger.invariants()) {
    report.invariants.push_back(
        {one.name, one.held(), one.checked, one.held() ? "" : one.violations.front()});
  }
  give_verdict(evidence, report);
  sim::Trace& trace = evidence.world.trace();
  trace.mix(stable_hash(to_text(report.verdict)));
  for (const std::int64_t value : {report.sent, report.acknowledged, report.consumed}) {
    trace.mix(static_cast<std::uint64_t>(value));
  }
  report.fingerprint = trace.fingerprint();
  return report;
}

}  // namespace brokerlab::scenarios
