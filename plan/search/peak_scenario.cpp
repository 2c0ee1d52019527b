#include "plan/search/peak_scenario.h"

#include "base/json_text.h"
#include "base/settings.h"
#include "plan/workload/producers.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>

namespace brokerlab::plan {
namespace {

/// Topics are there, groups have joined (group.initial.rebalance.delay.ms is 3 s).
constexpr Duration ready = 15s;
/// A session of 18 s ends, and leaders change.
constexpr Duration forgotten = 25s;
constexpr Duration degraded_load = 20s;
constexpr Duration load_before_loss = 10s;
constexpr Duration load_after_return = 20s;
constexpr Duration caught_up = 30s;
constexpr const char* machines_of_clients = "client";

std::string text_of(Duration duration) { return brokerlab::to_text(duration); }

template <class T>
Json as_json(const T& value) {
  Json json;
  T::settings().to_json(value, json);
  return json;
}

std::string zone_name(int zone) { return fmt::format("zone-{}", zone + 1); }

class Writer {
 public:
  Writer(const Planning& planning, const ClusterPlan& cluster, Act act, std::int64_t seed)
      : planning_(planning),
        workload_(planning.workload),
        cluster_(cluster),
        act_(act),
        seed_(seed),
        times_(times_of(planning.workload, act)),
        clients_(workload_.clients[cluster.candidate.build.clients]) {}

  Json write() {
    Json scenario;
    scenario["name"] = fmt::format("{}_{}", workload_.name.substr(0, 40),
                                   act_ == Act::degraded ? "degraded" : "rehearsal");
    scenario["title"] = {{"en", words_of(planning_, cluster_)}};
    scenario["duration"] = text_of(times_.end);
    scenario["seed"] = seed_;
    scenario["hardware"] = {{"broker", broker_machine()}, {machines_of_clients, client_machine()}};
    scenario["zookeeper"] = {{"nodes", ensemble()}, {"machine", machines_of_clients}};
    if (workload_.zookeeper) {
      scenario["hardware"]["zookeeper"] = as_json(zookeeper_server(planning_).machine);
      scenario["zookeeper"]["machine"] = "zookeeper";
    }
    scenario["brokers"] = brokers();
    scenario["topics"] = topics();
    put_load(scenario);
    scenario["consumers"] = groups();
    if (workload_.zones > 1) scenario["topology"] = topology();
    scenario["faults"] = faults();
    scenario["expect"] = Json::array({{{"no_acknowledged_record_lost", true}}});
    scenario["recording"] = {{"level", "control"}};
    return scenario;
  }

 private:
  int broker_count() const { return cluster_.candidate.brokers; }
  int in_a_zone() const { return broker_count() / workload_.zones; }
  int ensemble() const { return servers_of(workload_, broker_count()); }

  Json broker_machine() const {
    sim::MachineConfig machine = cluster_.machine;
    machine.boot_time = 5s;  // how long it is gone is lost_for
    return as_json(machine);
  }

  static Json client_machine() {
    return {{"cpu", {{"cores", 64}}},
            {"nic", {{"rate", "100Gbps"}}},
            {"disks", Json::array({{{"kind", "nvme"}}})},
            {"page_cache", {{"ram", "64GiB"}}}};
  }

  Json brokers() const {
    const int copies = std::min(3, broker_count());
    Json all = Json::array();
    for (int zone = 0; zone < workload_.zones; ++zone) {
      Json config{{"offsets.topic.replication.factor", copies}};
      if (workload_.zones > 1) config["broker.rack"] = zone_name(zone);
      all.push_back({{"count", in_a_zone()}, {"machine", "broker"}, {"config", config}});
    }
    return all;
  }

  Json topics() const {
    Json all = Json::array();
    for (std::size_t i = 0; i < workload_.topics.size(); ++i) {
      const PlannedTopic& topic = workload_.topics[i];
      all.push_back({{"name", topic.name},
                     {"partitions", cluster_.partitions[i]},
                     {"replication.factor", topic.replication_factor},
                     {"config",
                      {{"min.insync.replicas", topic.min_insync_replicas},
                       {"retention.ms", whole_millis(topic.retention)}}}});
    }
    return all;
  }

  Json producer_config() const {
    Json config{{"acks", "all"}};
    Json clients = as_json(clients_);
    for (const auto& [key, value] : clients.items()) config[key] = value;
    return config;
  }

  void put_load(Json& scenario) {
    Json sources = Json::array();
    Json producers = Json::array();
    for (std::size_t i = 0; i < workload_.topics.size(); ++i) {
      const PlannedTopic& topic = workload_.topics[i];
      const int count = producers_of(topic, planning_.demands[i]);
      for (int n = 1; n <= count; ++n) {
        const std::string name = fmt::format("writer-{}-{}", i + 1, n);
        Json source{
            {"name", name},
            {"payload", "phantom"},
            {"rate", Json::array({{{"from", text_of(times_.load_from)},
                                   {"rate", brokerlab::to_text(PerSecond(
                                                std::max(planning_.demands[i].at_peak,
                                                         1e-3 * planning_.demands[i].peak_records) /
                                                count))}}})},
            {"record_size", as_json(topic.record_size)},
            {"until", text_of(times_.load_until)}};
        if (topic.keys.any()) source["keys"] = as_json(topic.keys);
        sources.push_back(std::move(source));
        producers.push_back({{"name", name},
                             {"machine", machines_of_clients},
                             {"source", name},
                             {"topic", topic.name},
                             {"poll_interval", "5ms"},
                             {"query_time", "0s"},
                             {"service_time", "1us"},
                             {"config", producer_config()}});
        clients_there_.push_back(name);
      }
    }
    scenario["sources"] = std::move(sources);
    scenario["producers"] = std::move(producers);
  }

  Json groups() {
    Json all = Json::array();
    for (const PlannedGroup& group : workload_.groups) {
      all.push_back({{"group", group.name},
                     {"members", group.members},
                     {"machine", machines_of_clients},
                     {"topics", group.topics},
                     {"service_time", text_of(group.service_time)},
                     {"config", {{"auto.offset.reset", "earliest"}}}});
      for (int n = 1; n <= group.members; ++n) {
        clients_there_.push_back(fmt::format("{}-{}", group.name, n));
      }
    }
    return all;
  }

  /// Servers of ZooKeeper stand in the zones in turn, of two zones the third one elsewhere, so that
  /// no zone has most of them.
  Json topology() const {
    std::vector<std::vector<std::string>> places(static_cast<std::size_t>(workload_.zones));
    std::vector<std::string> elsewhere = clients_there_;
    for (int broker = 0; broker < broker_count(); ++broker) {
      places[static_cast<std::size_t>(broker / in_a_zone())].push_back(
          fmt::format("broker-{}", broker + 1));
    }
    for (int node = 0; node < ensemble(); ++node) {
      auto& place = node < workload_.zones ? places[static_cast<std::size_t>(node)] : elsewhere;
      place.push_back(fmt::format("zookeeper-{}", node + 1));
    }
    Json zones = Json::array();
    const auto add = [&](const std::string& name, const std::vector<std::string>& machines) {
      if (machines.empty()) return;
      zones.push_back(
          {{"name", name},
           {"racks", Json::array({{{"name", name + "-rack"}, {"machines", machines}}})}});
    };
    for (int zone = 0; zone < workload_.zones; ++zone) {
      add(zone_name(zone), places[static_cast<std::size_t>(zone)]);
    }
    add("clients", elsewhere);
    return {{"zones", std::move(zones)}};
  }

  Json faults() const {
    Json all = Json::array();
    if (times_.lost_at == Duration(0)) return all;
    const std::string lost = lost_in(workload_, broker_count(), seed_);
    if (act_ == Act::degraded) {
      for (const std::string& process : processes_of(lost)) {
        all.push_back({{"at", text_of(times_.lost_at)}, {"kill_process", process}});
      }
      return all;
    }
    const bool zone = workload_.survive == Loss::zone;
    all.push_back(
        {{"at", text_of(times_.lost_at)}, {zone ? "rack_off" : "power_off", lost}, {"as", "lost"}});
    Json back{{"at", text_of(times_.back_at)}};
    back[zone ? "heal" : "power_on"] = zone ? std::string("lost") : lost;
    all.push_back(std::move(back));
    return all;
  }

  std::vector<std::string> processes_of(const std::string& lost) const {
    if (workload_.survive != Loss::zone) return {lost};
    std::vector<std::string> all;
    for (int zone = 0; zone < workload_.zones; ++zone) {
      if (zone_name(zone) != lost) continue;
      for (int n = 1; n <= in_a_zone(); ++n) {
        all.push_back(fmt::format("broker-{}", zone * in_a_zone() + n));
      }
      if (zone < ensemble()) all.push_back(fmt::format("zookeeper-{}", zone + 1));
    }
    return all;
  }

  const Planning& planning_;
  const Workload& workload_;
  const ClusterPlan& cluster_;
  const Act act_;
  const std::int64_t seed_;
  const ActTimes times_;
  const ClientSettings& clients_;
  std::vector<std::string> clients_there_;
};

}  // namespace

ActTimes times_of(const Workload& workload, Act act) {
  ActTimes times;
  const PlanObjectives& objectives = workload.objectives;
  const Duration answered = std::clamp(std::max(objectives.p99_produce, objectives.p99_end_to_end),
                                       Duration(1s), Duration(30s));
  times.load_from = ready;
  if (act == Act::degraded) {
    if (workload.survive != Loss::nothing) {
      times.lost_at = ready;
      times.load_from = ready + forgotten;
    }
    times.load_until = times.load_from + degraded_load;
    times.end = times.load_until + answered;
    return times;
  }
  times.load_until = times.load_from + load_before_loss;
  if (workload.survive != Loss::nothing) {
    times.lost_at = times.load_from + load_before_loss;
    times.back_at = times.lost_at + workload.lost_for;
    times.load_until = times.back_at + load_after_return;
  }
  times.end = times.load_until + caught_up;
  return times;
}

std::string lost_in(const Workload& workload, int brokers, std::int64_t seed) {
  const int one = static_cast<int>(seed >= 1 ? (seed - 1) % 1'000'000 : 0);
  switch (workload.survive) {
    case Loss::nothing:
      return {};
    case Loss::broker:
      return fmt::format("broker-{}", one % brokers + 1);
    case Loss::zone:
      return zone_name(one % workload.zones);
  }
  UNREACHABLE();
}

std::string scenario_text(const Planning& planning, const ClusterPlan& cluster, Act act,
                          std::int64_t seed) {
  return json_text(Writer(planning, cluster, act, seed).write(), 1) + "\n";
}

scenarios::Loaded scenario_of(const Planning& planning, const ClusterPlan& cluster, Act act,
                              std::int64_t seed) {
  return scenarios::parse_scenario(scenario_text(planning, cluster, act, seed), "plan",
                                   planning.workload.directory);
}

}  // namespace brokerlab::plan
