#include "scenarios/judge.h"

#include "base/installation.h"
#include "base/translation.h"
#include "model/events.h"
#include "scenarios/expectations.h"
#include "scenarios/harm.h"
#include "scenarios/runner.h"
#include "scenarios/spans.h"

#include <algorithm>

namespace brokerlab::scenarios {
namespace {

Percentiles percentiles_of(const LatencySketch& latency) {
  return {latency.count(),
          latency.mean(),
          latency.percentile(0.50),
          latency.percentile(0.95),
          latency.percentile(0.99),
          latency.percentile(0.999),
          latency.max()};
}

void report_records(const Ledger& ledger, Time now, RunReport& report) {
  report.sent = ledger.sent();
  report.acknowledged = ledger.acknowledged();
  report.failed = ledger.failed();
  report.failed_in_log = ledger.failed_in_log();
  report.pending = ledger.pending();
  if (const auto since = ledger.oldest_pending()) report.oldest_pending = now - *since;
  report.sent_blindly = ledger.sent_blindly();
  report.blindly_lost = ledger.blindly_lost();
  for (const auto& [name, records] : ledger.not_verifiable()) report.not_verifiable += records;
  report.consumed = ledger.consumed();
  report.redelivered = ledger.redelivered();
  report.duplicates = ledger.duplicates_in_log();
  report.reordered = ledger.reordered_in_log();
  for (const auto& [error, records] : ledger.failed_by()) {
    report.failed_by.emplace_back(error, records);
  }
  const Ledger::Latencies latencies = ledger.latencies();
  report.acknowledged_after = percentiles_of(latencies.produce);
  report.send_call = percentiles_of(latencies.send);
  report.end_to_end = percentiles_of(latencies.end_to_end);
  for (const LostRecord& lost : ledger.lost()) {
    report.lost.push_back({lost.label, lost.partition.name(), lost.offset, lost.acknowledged,
                           lost.why, lost.record.count});
  }
  report.controller_elections = ledger.controller_elections();
}

RunReport::Outages outages_of(const Availability::Measure& measure) {
  return {measure.longest, measure.longest_from, measure.total, measure.times, measure.at_the_end};
}

RunReport::Load load_of(const WorkMeter::Load& load) { return {load.mean, load.peak}; }

/// Of each of the group's consumers: the longest from losing its coordinator to finding one.
void report_coordinators(const Evidence& evidence, const ConsumerSpec& consumer,
                         RunReport::Group& group) {
  const sim::Trace& trace = evidence.world.trace();
  std::map<std::string, Time> since;
  std::map<std::string, Duration> longest;
  const auto note = [&](const std::string& member, Time found) {
    const auto lost = since.find(member);
    if (lost == since.end()) return;
    longest[member] = std::max(longest[member], found - lost->second);
    since.erase(lost);
  };
  for (const sim::Event& event : trace.events()) {
    const bool lost = event.kind == &model::events::coordinator_lost;
    const bool found = event.kind == &model::events::coordinator_found;
    if ((!lost && !found) || event.detail("group") != consumer.group) continue;
    const std::string member(trace.machine_name(event.machine));
    if (lost) {
      since.try_emplace(member, event.time);
    } else {
      note(member, event.time);
    }
  }
  while (!since.empty()) {
    const std::string member = since.begin()->first;
    note(member, evidence.world.now());
  }
  group.without_coordinator.assign(longest.begin(), longest.end());
}

void report_groups(const Evidence& evidence, RunReport& report) {
  const auto streams = evidence.ledger.streams();
  for (const ConsumerSpec& consumer : evidence.scenario.consumers) {
    RunReport::Group group;
    group.name = consumer.group;
    const Ledger::Unread unread = evidence.ledger.unread(consumer.group, consumer.topics);
    group.unread = unread.records;
    group.waiting = unread.waiting;
    if (unread.waiting > 0) group.longest_waiting = evidence.world.now() - unread.since;
    for (const auto& [name, lag] : evidence.ledger.lags(consumer.group, consumer.topics)) {
      group.lag += lag;
      group.unreadable += evidence.ledger.unreadable(name);
    }
    if (const auto outages = evidence.availability.coordinator(consumer.group)) {
      group.coordinator = outages_of(*outages);
    }
    report_coordinators(evidence, consumer, group);
    if (const auto stream = streams.find(consumer.group); stream != streams.end()) {
      group.counted_twice = stream->second.twice;
      group.counted_never = stream->second.never;
    }
    const auto view = evidence.ledger.groups().find(consumer.group);
    if (view != evidence.ledger.groups().end()) {
      group.most_lag = view->second.most_lag;
      group.most_lag_at = view->second.most_lag_at;
      group.drained_after = evidence.recovery.drained_after(consumer.group);
      group.state = view->second.state;
      group.generation = view->second.generation;
      group.rebalances = view->second.rebalances;
      group.consumed = view->second.consumed;
      group.redelivered = view->second.redelivered;
      group.skipped = view->second.skipped;
      group.deleted = view->second.deleted;
    }
    report.groups.push_back(std::move(group));
  }
}

std::string_view name_of(model::ClientError::Source source) {
  using Source = model::ClientError::Source;
  switch (source) {
    case Source::response:
      return "answered";
    case Source::disconnected:
      return "disconnected";
    case Source::timed_out:
      return "timed_out";
    case Source::not_connected:
      return "not_connected";
    case Source::client:
      return "client";
  }
  UNREACHABLE();
}

void report_errors(const Ledger& ledger, RunReport& report) {
  for (const auto& [key, seen] : ledger.client_errors()) {
    report.client_errors.push_back({key.api, key.name, std::string(name_of(key.source)), seen.count,
                                    seen.final, seen.first, seen.last});
  }
}

void report_partitions(const Evidence& evidence, RunReport& report) {
  const Availability& availability = evidence.availability;
  for (const model::TopicPartition& name : availability.partitions()) {
    RunReport::Partition partition;
    partition.name = name.name();
    partition.produce = outages_of(availability.measure(name, Side::produce));
    partition.fetch = outages_of(availability.measure(name, Side::fetch));
    const auto& outages = availability.outages(name, Side::produce);
    partition.leaderless = std::any_of(outages.begin(), outages.end(),
                                       [](const auto& outage) { return outage.leaderless; });
    partition.unreadable = evidence.ledger.unreadable(name);
    report.unreadable += partition.unreadable;
    const auto view = evidence.ledger.partitions().find(name);
    if (view != evidence.ledger.partitions().end()) {
      partition.leader = evidence.cluster.context().broker_name(view->second.leader);
      partition.epoch = view->second.epoch;
      partition.isr = model::to_text(view->second.isr);
      partition.elections = view->second.elections;
      partition.isr_changes = view->second.isr_changes;
      partition.high_watermark = view->second.high_watermark;
      partition.longest_wait = view->second.longest_wait;
      partition.longest_unreadable = view->second.longest_unreadable;
      partition.duplicates = view->second.duplicates;
      partition.reordered = view->second.reordered;
      report.longest_unreadable =
          std::max(report.longest_unreadable, view->second.longest_unreadable);
    }
    report.partitions.push_back(std::move(partition));
  }
  report.produce = outages_of(availability.measure(Side::produce));
  report.fetch = outages_of(availability.measure(Side::fetch));
  report.under_replicated = {
      evidence.recovery.under_replicated(), evidence.recovery.most_under_replicated(),
      evidence.recovery.under_replicated_until(), evidence.recovery.under_replicated_at_the_end()};
  report.without_quorum = evidence.quorum.longest();
  report.no_quorum_at_the_end = evidence.quorum.missing_at_the_end();
  report.without_controller = evidence.quorum.longest_without_controller();
  report.no_controller_at_the_end = evidence.quorum.no_controller_at_the_end();
  for (const BrokersSpec& group : evidence.scenario.brokers) {
    report.usual_failover = std::max(report.usual_failover, group.config.zookeeper_session_timeout);
  }
}

void report_work(const Evidence& evidence, RunReport& report) {
  const WorkMeter& work = evidence.work;
  report.work_begin = work.begin();
  report.work_end = work.end();
  report.acknowledged_rate = load_of(work.acknowledged());
  report.consumed_rate = load_of(work.consumed());
  for (std::size_t i = 0; i < evidence.cluster.hosts().size(); ++i) {
    sim::Host& machine = *evidence.cluster.hosts()[i];
    const sim::Network& network = evidence.cluster.network();
    RunReport::Machine row;
    row.name = machine.name();
    for (const Cluster::Member* member : evidence.cluster.members_on(machine)) {
      row.processes.push_back(member->role.name);
    }
    row.nic_sent = network.moved(machine.id(), sim::Direction::out).count();
    row.nic_received = network.moved(machine.id(), sim::Direction::in).count();
    for (int disk = 0; disk < machine.disks(); ++disk) {
      row.disk_read += machine.disk(disk).bytes_read().count();
      row.disk_written += machine.disk(disk).bytes_written().count();
      row.disk_syncs += machine.disk(disk).syncs();
    }
    row.nic = load_of(work.machines()[i].nic);
    row.disk = load_of(work.machines()[i].disk);
    row.cpu = load_of(work.machines()[i].cpu);
    report.machines.push_back(row);
  }
}

void give_verdict(const Evidence& evidence, RunReport& report) {
  for (const Expectation& expectation : evidence.scenario.expect) {
    report.expectations.push_back(check(expectation, report));
  }
  for (const RunReport::Invariant& one : report.invariants) {
    if (!one.held) report.reasons.push_back(phrase("invariant {} is broken", one.name));
  }
  for (const RunReport::Expectation& one : report.expectations) {
    if (!one.met) {
      report.reasons.push_back(phrase("expected: {}; found: {}", one.what, one.found));
    }
  }
  if (!report.reasons.empty()) {
    report.verdict = Verdict::fail;
    return;
  }
  for (const RunReport::Fault& fault : report.faults) {
    if (!fault.done && !fault.needless) {
      report.reasons.push_back(
          phrase("{} at {} was not done: {}", fault.what, exact(fault.at), fault.note));
    } else if (fault.done && fault.harmful && !fault.bit && fault.absorbed) {
      report.reasons.push_back(phrase(
          "{} of {} at {} was absorbed: others took over and nobody noticed, which is what they "
          "are there for; that they were needed shows only beside a run without them: compare the "
          "reports of both",
          fault.what, fault.target, exact(fault.at)));
    } else if (fault.done && fault.harmful && !fault.bit) {
      report.reasons.push_back(phrase("{} of {} at {} met no work, so it proves nothing",
                                      fault.what, fault.target, exact(fault.at)));
    }
  }
  for (const auto& [name, records] : evidence.ledger.not_verifiable()) {
    report.reasons.push_back(phrase(
        "{} has no live leader at the end: whether its {} acknowledged records are lost cannot be "
        "told",
        name.name(), with_commas(records)));
  }
  if (report.sent == 0 && !evidence.scenario.producers.empty()) {
    report.reasons.push_back(phrase("no record was sent"));
  }
  report.verdict = report.reasons.empty() ? Verdict::pass : Verdict::unknown;
}

}  // namespace

RunReport judge(const Evidence& evidence) {
  RunReport report;
  const Scenario& scenario = evidence.scenario;
  report.name = scenario.name;
  report.title = {scenario.title.in("en"), scenario.title.in("ko")};
  report.seed = scenario.seed;
  report.version = version();
  report.starts_at = scenario.starts_at;
  report.simulated = scenario.duration;
  report.steps = evidence.world.steps();
  for (const SourceSpec& source : evidence.scenario.sources) {
    if (source.phantom) report.phantom_sources.push_back(source.name);
  }
  report_records(evidence.ledger, evidence.world.now(), report);
  for (std::size_t i = 0; i < scenario.producers.size(); ++i) {
    report.rows_unsent += evidence.cluster.rows_marked_unsent(i);
  }
  report_errors(evidence.ledger, report);
  report_groups(evidence, report);
  report_partitions(evidence, report);
  report_work(evidence, report);
  for (const FaultReport& fault : evidence.faults) {
    report.faults.push_back({fault.at, fault.what, fault.note, fault.target, fault.done,
                             fault.needless, fault.harmful, fault.bit, fault.absorbed,
                             fault.effects});
  }
  for (const Invariant& one : evidence.ledger.invariants()) {
    std::vector<Phrase> exemptions;
    for (const auto& [what, count] : one.exemptions) exemptions.push_back(words_for(what, count));
    report.invariants.push_back({one.name, one.held(), one.checked,
                                 one.held() ? Phrase() : one.violations.front(),
                                 std::move(exemptions)});
  }
  report.harm = harm_of(report);
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
