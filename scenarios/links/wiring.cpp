#include "scenarios/links/wiring.h"

#include "base/json_text.h"
#include "base/translation.h"
#include "scenarios/availability.h"
#include "scenarios/cluster.h"
#include "scenarios/fault_schedule.h"
#include "scenarios/quorum.h"
#include "scenarios/runner.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <set>

namespace brokerlab::scenarios {
namespace {

bool is_application(const Cluster::Member& member) {
  return member.role.role == Role::producer || member.role.role == Role::consumer;
}

bool reads(const ConsumerSpec& group, const std::string& topic) {
  return std::find(group.topics.begin(), group.topics.end(), topic) != group.topics.end();
}

/// Counts what machines say to each other.
class Traffic {
 public:
  explicit Traffic(Cluster& cluster) : cluster_(cluster) {
    for (const Cluster::Member& member : cluster.members()) {
      if (is_application(member)) applications_.insert(member.machine->id());
      if (member.role.role == Role::producer) senders_.insert(member.machine->id());
    }
    cluster.network().on_transfer([this](const sim::Transfer& transfer) { note(transfer); });
  }

  void report(WiringReport& report) const {
    report.messages = messages_;
    report.connected_pairs = static_cast<std::int64_t>(pairs_.size());
    report.linked_applications = static_cast<std::int64_t>(linked_.size());
    std::set<sim::MachineId> of_senders;
    for (const Cluster::Member& member : cluster_.members()) {
      if (member.role.role == Role::producer) of_senders.insert(member.machine->host().id());
    }
    for (sim::Host* host : cluster_.hosts()) {
      const Bytes sent = cluster_.network().moved(host->id(), sim::Direction::out);
      report.bytes_of_all += sent.count();
      if (!of_senders.contains(host->id())) continue;
      report.bytes += sent.count();
      report.cpu_seconds += to_seconds(host->cpu().busy());
    }
  }

 private:
  void note(const sim::Transfer& transfer) {
    messages_ += senders_.contains(transfer.source) ? 1 : 0;
    const bool ours =
        applications_.contains(transfer.source) || applications_.contains(transfer.destination);
    if (!ours || transfer.arrived == never) return;
    pairs_.insert(std::minmax(transfer.source, transfer.destination));
    for (const sim::MachineId one : {transfer.source, transfer.destination}) {
      if (applications_.contains(one)) linked_.insert(one);
    }
  }

  Cluster& cluster_;
  std::set<sim::MachineId> applications_, senders_, linked_;
  std::set<std::pair<sim::MachineId, sim::MachineId>> pairs_;
  std::int64_t messages_ = 0;
};

/// A fault names one of the group's machines.
bool is_faulty(const Scenario& scenario, std::size_t group) {
  for (const Fault& fault : scenario.faults) {
    const Target* target = fault.action->target();
    const Named* named = target == nullptr ? nullptr : std::get_if<Named>(&target->who);
    if (named == nullptr) continue;
    for (const MachineRole& role : machines_of(scenario)) {
      if (role.role == Role::consumer && role.spec == group && role.name == named->name) {
        return true;
      }
    }
  }
  return false;
}

void report_links(const Scenario& scenario, const LinkBook& book, Time now, WiringReport& report) {
  for (std::size_t i = 0; i < scenario.producers.size(); ++i) {
    const LinkBook::Sender& sender = book.sender(i);
    report.records += sender.taken;
    report.stood_still_s += to_seconds(sender.stood_still);
    if (sender.stands_since != never) report.stood_still_s += to_seconds(now - sender.stands_since);
  }
  for (const LinkBook::Link& link : book.links()) {
    WiringReport::Receiver& group = report.groups[link.group];
    group.processed += link.processed;
    group.again += link.again;
    group.thrown_away += link.dropped;
    group.longest_s = std::max(group.longest_s, to_seconds(link.longest));
  }
}

void report_hub(const Scenario& scenario, const Ledger& ledger, WiringReport& report) {
  report.records = ledger.sent();
  for (std::size_t i = 0; i < scenario.consumers.size(); ++i) {
    const auto view = ledger.groups().find(scenario.consumers[i].group);
    if (view == ledger.groups().end()) continue;
    report.groups[i].processed = view->second.consumed;
    report.groups[i].again = view->second.redelivered;
    report.groups[i].thrown_away = view->second.deleted;
    report.groups[i].longest_s = to_seconds(view->second.longest);
  }
}

/// Nothing but brokers and servers of the ensemble is there.
bool is_of_kafka(Cluster& cluster, const std::string& target) {
  const sim::Host* host = cluster.find_host(target);
  if (host == nullptr) return false;
  const Cluster::Member* one = cluster.find(target);
  if (one != nullptr) return !is_application(*one);
  const std::vector<const Cluster::Member*> there = cluster.members_on(*host);
  return std::none_of(there.begin(), there.end(),
                      [](const Cluster::Member* member) { return is_application(*member); });
}

/// Whom faults hit where there is no Kafka: brokers and the ensemble are not there, nor are ways to
/// them.
class WithoutKafka {
 public:
  explicit WithoutKafka(Cluster& cluster) : cluster_(cluster) {
    for (const Cluster::Member& member : cluster.members()) {
      if (is_application(member)) applications_.insert(member.machine->id());
    }
  }
  bool hits(const FaultReport& fault) {
    if (fault.between.empty()) {
      // What heals one that hits nobody does not either.
      return !is_of_kafka(cluster_, fault.target) && !without_effect_.contains(fault.target);
    }
    const bool hit =
        has_application(fault.between) && (fault.against.empty() || has_application(fault.against));
    if (!hit) without_effect_.insert(fault.target);
    return hit;
  }

 private:
  bool has_application(const std::set<sim::MachineId>& side) const {
    return std::any_of(side.begin(), side.end(),
                       [&](sim::MachineId one) { return applications_.contains(one); });
  }

  Cluster& cluster_;
  std::set<sim::MachineId> applications_;
  std::set<std::string> without_effect_;
};

/// Everything that was due, whether its sender came to it or not.
std::int64_t records_due(const Scenario& scenario, Cluster& cluster, std::size_t producer) {
  return cluster.records_due(producer, Time(scenario.duration));
}

}  // namespace

Problems wiring_problems(const Scenario& scenario) {
  Problems problems;
  for (std::size_t i = 0; i < scenario.consumers.size(); ++i) {
    const std::string path = "/consumers/" + std::to_string(i);
    if (scenario.consumers[i].stream) {
      problems.push_back(
          {{}, path + "/stream", {}, tr("has its state in Kafka: it cannot be without")});
    }
    if (scenario.consumers[i].batches) {
      problems.push_back({{},
                          path + "/batches",
                          {},
                          tr("cannot be compared: links hand over records as they come")});
    }
  }
  return problems;
}

Result<WiringReport, std::string> measure(const Scenario& scenario,
                                          const std::optional<LinkRules>& links) {
  sim::World world(static_cast<std::uint64_t>(scenario.seed));
  Ledger ledger(world);
  std::optional<LinkBook> book;
  if (links) book.emplace(scenario, *links);
  auto built = Cluster::build(world, scenario, ledger, book ? &*book : nullptr);
  if (!built) return fail(built.error());
  Cluster& cluster = **built;
  Traffic traffic(cluster);
  Availability availability(world, cluster, ledger);
  Quorum quorum(world, cluster, ledger);
  FaultSchedule faults(world, cluster, ledger, availability, quorum);
  faults.schedule();
  cluster.start();
  world.run(Time(scenario.duration));

  WiringReport report;
  report.hub = !links;
  report.senders = static_cast<int>(scenario.producers.size());
  for (std::size_t i = 0; i < scenario.consumers.size(); ++i) {
    report.receivers += scenario.consumers[i].members;
    report.groups.push_back({scenario.consumers[i].group, is_faulty(scenario, i)});
  }
  const LinkBook form(scenario, {});
  report.links_by_form =
      links ? static_cast<std::int64_t>(form.links().size()) : report.senders + report.receivers;
  if (book) {
    report_links(scenario, *book, world.now(), report);
  } else {
    report_hub(scenario, ledger, report);
  }
  for (std::size_t i = 0; i < scenario.consumers.size(); ++i) {
    for (std::size_t producer = 0; producer < scenario.producers.size(); ++producer) {
      if (!reads(scenario.consumers[i], scenario.producers[producer].topic)) continue;
      report.groups[i].missing += records_due(scenario, cluster, producer);
    }
    report.groups[i].missing -= report.groups[i].processed;
  }
  traffic.report(report);
  WithoutKafka without(cluster);
  for (const FaultReport& fault : faults.reports()) {
    report.faults.push_back({to_seconds(fault.at), fault.what, fault.target,
                             fault.done && (!links || without.hits(fault))});
  }
  return report;
}

Result<WiringComparison, std::string> compare_wirings(const Scenario& scenario, LinkRules rules) {
  std::vector<ApartJob> jobs(2);
  for (ApartJob& job : jobs) job.scenario = scenario;
  jobs[0].instead = [&scenario, rules]() -> Result<std::string, std::string> {
    const auto report = measure(scenario, rules);
    if (!report) return fail(report.error());
    return report->json();
  };
  jobs[1].instead = [&scenario]() -> Result<std::string, std::string> {
    const auto report = measure(scenario, std::nullopt);
    if (!report) return fail(report.error());
    return report->json();
  };
  WiringComparison both;
  std::string trouble;
  run_apart(jobs, [&](std::size_t job, Result<ApartRun, std::string> run) {
    if (!run) {
      trouble = run.error();
      return false;
    }
    (job == 0 ? both.links : both.hub) = WiringReport::from(run->report);
    return true;
  });
  if (!trouble.empty()) return fail(trouble);
  return both;
}

std::string WiringReport::json() const {
  Json list = Json::array();
  for (const Receiver& one : groups) {
    list.push_back({{"name", one.group},
                    {"faulty", one.faulty},
                    {"processed", one.processed},
                    {"again", one.again},
                    {"missing", one.missing},
                    {"thrown_away", one.thrown_away},
                    {"longest_s", one.longest_s}});
  }
  Json happened = Json::array();
  for (const Happened& one : faults) {
    happened.push_back({{"at_s", one.at_s},
                        {"what", one.what.english},
                        {"ko", one.what.korean},
                        {"target", one.target},
                        {"done", one.done}});
  }
  const Json all = {{"hub", hub},
                    {"senders", senders},
                    {"receivers", receivers},
                    {"links_by_form", links_by_form},
                    {"connected_pairs", connected_pairs},
                    {"linked_applications", linked_applications},
                    {"records", records},
                    {"messages", messages},
                    {"bytes", bytes},
                    {"cpu_s", cpu_seconds},
                    {"stood_still_s", stood_still_s},
                    {"bytes_of_all", bytes_of_all},
                    {"groups", list},
                    {"faults", happened}};
  return json_text(all);
}

WiringReport WiringReport::from(const std::string& json) {
  const Json all = json_from(json);
  WiringReport report;
  all.at("hub").get_to(report.hub);
  all.at("senders").get_to(report.senders);
  all.at("receivers").get_to(report.receivers);
  all.at("links_by_form").get_to(report.links_by_form);
  all.at("connected_pairs").get_to(report.connected_pairs);
  all.at("linked_applications").get_to(report.linked_applications);
  all.at("records").get_to(report.records);
  all.at("messages").get_to(report.messages);
  all.at("bytes").get_to(report.bytes);
  all.at("cpu_s").get_to(report.cpu_seconds);
  all.at("stood_still_s").get_to(report.stood_still_s);
  all.at("bytes_of_all").get_to(report.bytes_of_all);
  for (const Json& one : all.at("groups")) {
    report.groups.push_back({one.at("name"), one.at("faulty"), one.at("processed"), one.at("again"),
                             one.at("missing"), one.at("thrown_away"), one.at("longest_s")});
  }
  for (const Json& one : all.at("faults")) {
    report.faults.push_back(
        {one.at("at_s"), {one.at("what"), one.at("ko")}, one.at("target"), one.at("done")});
  }
  return report;
}

}  // namespace brokerlab::scenarios
