#include "plan/search/export.h"

#include "base/file_replacement.h"
#include "base/json_text.h"
#include "base/translation.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>

namespace brokerlab::plan {
namespace {

constexpr double kilobyte = 1e3;
constexpr double megabyte = 1e6;

int zone_of(int broker, int brokers, int zones) { return (broker - 1) / (brokers / zones); }

/// A broker of each zone in turn.
std::vector<int> over_zones(int brokers, int zones) {
  std::vector<int> all;
  const int each = brokers / zones;
  for (int n = 0; n < each; ++n) {
    for (int zone = 0; zone < zones; ++zone) all.push_back(zone * each + n + 1);
  }
  return all;
}

std::string properties_of(const Planning& planning, const ClusterPlan& cluster, int broker) {
  const int brokers = cluster.candidate.brokers;
  std::vector<std::string> servers;
  for (int n = 1; n <= servers_of(planning.workload, cluster.candidate.brokers); ++n) {
    servers.push_back(fmt::format("zookeeper-{}:2181", n));
  }
  std::vector<std::string> dirs;
  for (std::size_t n = 1; n <= cluster.machine.disks.size(); ++n) {
    dirs.push_back(fmt::format("/var/lib/kafka/{}", n));
  }
  std::string text =
      fmt::format("broker.id={}\nlisteners=PLAINTEXT://broker-{}:9092\n", broker, broker);
  text += fmt::format("log.dirs={}\nzookeeper.connect={}\n", fmt::join(dirs, ","),
                      fmt::join(servers, ","));
  if (planning.workload.zones > 1) {
    text +=
        fmt::format("broker.rack=zone-{}\n", zone_of(broker, brokers, planning.workload.zones) + 1);
  }
  // What clients create by writing to it (auto.create.topics.enable) is kept as the plan's topics.
  const auto safest =
      std::max_element(planning.workload.topics.begin(), planning.workload.topics.end(),
                       [](const PlannedTopic& a, const PlannedTopic& b) {
                         return a.replication_factor < b.replication_factor;
                       });
  if (safest != planning.workload.topics.end()) {
    text += fmt::format("default.replication.factor={}\nmin.insync.replicas={}\n",
                        safest->replication_factor, safest->min_insync_replicas);
  }
  const int own = std::min(3, brokers);
  text += fmt::format("offsets.topic.replication.factor={}\n", own);
  return text + fmt::format(
                    "transaction.state.log.replication.factor={}\n"
                    "transaction.state.log.min.isr={}\n",
                    own, std::max(1, own - 1));
}

/// The scenario's load is the peak, for a minute or two. What comes behind it, in the long run, is
/// said by a last step at which the source has ended already: `lint` reckons retention with it.
std::string with_long_run(const Planning& planning, const std::string& text) {
  Json scenario = json_from(text);
  std::map<std::string, int> writers;
  for (const Json& producer : scenario["producers"]) {
    ++writers[producer["topic"].get<std::string>()];
  }
  std::map<std::string, double> means;
  for (std::size_t i = 0; i < planning.workload.topics.size(); ++i) {
    means[planning.workload.topics[i].name] = planning.demands[i].mean_records;
  }
  std::map<std::string, std::string> topics;
  for (const Json& producer : scenario["producers"]) {
    topics[producer["source"].get<std::string>()] = producer["topic"].get<std::string>();
  }
  for (Json& source : scenario["sources"]) {
    const std::string& topic = topics[source["name"].get<std::string>()];
    source["rate"].push_back(
        Json{{"from", source["until"]},
             {"rate", brokerlab::to_text(PerSecond(means[topic] / std::max(1, writers[topic])))}});
  }
  return json_text(scenario, 1) + "\n";
}

std::string configs_of(const PlannedTopic& topic) {
  return fmt::format("min.insync.replicas={},retention.ms={}", topic.min_insync_replicas,
                     whole_millis(topic.retention));
}

std::string creation_of(const PlannedTopic& topic, int partitions) {
  return fmt::format(
      "kafka-topics.sh --bootstrap-server \"$1\" --create --topic {} --partitions {} "
      "--replication-factor {} --config min.insync.replicas={} --config retention.ms={}\n",
      topic.name, partitions, topic.replication_factor, topic.min_insync_replicas,
      whole_millis(topic.retention));
}

std::string described(const PlannedTopic& topic, const std::vector<std::vector<int>>& replicas) {
  std::string text =
      fmt::format("Topic: {}\tPartitionCount: {}\tReplicationFactor: {}\tConfigs: {}\n", topic.name,
                  replicas.size(), topic.replication_factor, configs_of(topic));
  for (std::size_t p = 0; p < replicas.size(); ++p) {
    text += fmt::format("\tTopic: {}\tPartition: {}\tLeader: {}\tReplicas: {}\tIsr: {}\n",
                        topic.name, p, replicas[p].front(), fmt::join(replicas[p], ","),
                        fmt::join(replicas[p], ","));
  }
  return text;
}

std::string capacities_of(const ClusterPlan& cluster) {
  Json all = Json::array();
  for (int broker = 1; broker <= cluster.candidate.brokers; ++broker) {
    Json disks = Json::object();
    for (std::size_t n = 1; n <= cluster.machine.disks.size(); ++n) {
      const auto bytes = static_cast<double>(cluster.machine.disks[n - 1].size.count());
      disks[fmt::format("/var/lib/kafka/{}", n)] = fmt::format("{:.0f}", bytes / megabyte);
    }
    const auto card = static_cast<double>(cluster.machine.nic.rate.count());
    const std::string rate = fmt::format("{:.0f}", card / kilobyte);
    all.push_back({{"brokerId", fmt::format("{}", broker)},
                   {"capacity",
                    {{"DISK", std::move(disks)},
                     {"CPU", {{"num.cores", fmt::format("{}", cluster.machine.cpu.cores)}}},
                     {"NW_IN", rate},
                     {"NW_OUT", rate}}}});
  }
  return json_text(Json{{"brokerCapacities", std::move(all)}}, 2) + "\n";
}

std::string producer_text(const Planning& planning, const ClusterPlan& cluster) {
  std::string words = planning.workload.clients[cluster.candidate.build.clients].words();
  for (std::size_t at = words.find(", "); at != std::string::npos; at = words.find(", ")) {
    words.replace(at, 2, "\n");
  }
  return "acks=all\n" + words + "\n";
}

}  // namespace

std::vector<std::vector<int>> placed(int partitions, int factor, int brokers, int zones) {
  const std::vector<int> order = over_zones(brokers, zones);
  std::vector<std::vector<int>> all;
  for (int p = 0; p < partitions; ++p) {
    const int first = p % brokers;
    const int shift = p / brokers * zones;
    std::vector<int> replicas{order[static_cast<std::size_t>(first)]};
    std::set<int> taken{zone_of(replicas.front(), brokers, zones)};
    // Twice round: first only zones that have none.
    for (int k = 0; k < 2 * (brokers - 1) && static_cast<int>(replicas.size()) < factor; ++k) {
      const int step = 1 + (shift + k) % (brokers - 1);
      const int broker = order[static_cast<std::size_t>((first + step) % brokers)];
      const int zone = zone_of(broker, brokers, zones);
      if (std::find(replicas.begin(), replicas.end(), broker) != replicas.end()) continue;
      if (k < brokers - 1 && static_cast<int>(taken.size()) < zones && taken.contains(zone)) {
        continue;
      }
      replicas.push_back(broker);
      taken.insert(zone);
    }
    all.push_back(std::move(replicas));
  }
  return all;
}

std::vector<std::pair<std::string, std::string>> exported(const Planning& planning,
                                                          const ClusterPlan& cluster) {
  const Workload& workload = planning.workload;
  std::vector<std::pair<std::string, std::string>> files;
  for (int broker = 1; broker <= cluster.candidate.brokers; ++broker) {
    files.emplace_back(fmt::format("broker-{}.properties", broker),
                       properties_of(planning, cluster, broker));
  }
  std::string creations = "#!/bin/sh\n# sh topics.sh HOST:PORT\nset -e\n";
  std::string listing;
  Json partitions = Json::array();
  for (std::size_t i = 0; i < workload.topics.size(); ++i) {
    const PlannedTopic& topic = workload.topics[i];
    const auto replicas = placed(cluster.partitions[i], topic.replication_factor,
                                 cluster.candidate.brokers, workload.zones);
    creations += creation_of(topic, cluster.partitions[i]);
    listing += described(topic, replicas);
    for (std::size_t p = 0; p < replicas.size(); ++p) {
      partitions.push_back({{"topic", topic.name}, {"partition", p}, {"replicas", replicas[p]}});
    }
  }
  files.emplace_back("topics.sh", std::move(creations));
  files.emplace_back("topics.txt", std::move(listing));
  files.emplace_back(
      "reassignment.json",
      json_text(Json{{"version", 1}, {"partitions", std::move(partitions)}}, 2) + "\n");
  files.emplace_back("capacity.json", capacities_of(cluster));
  files.emplace_back("producer.properties", producer_text(planning, cluster));
  files.emplace_back("degraded.json",
                     with_long_run(planning, scenario_text(planning, cluster, Act::degraded, 1)));
  if (workload.survive != Loss::nothing) {
    files.emplace_back("rehearsal.json", with_long_run(planning, scenario_text(planning, cluster,
                                                                               Act::rehearsal, 1)));
  }
  return files;
}

Status<std::string> write_export(const Planning& planning, const ClusterPlan& cluster,
                                 const std::string& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) return fail(folder + ": " + error.message());
  const bool empty = std::filesystem::is_empty(folder, error);
  if (error) return fail(folder + ": " + error.message());
  if (!empty) return fail(tr("{}: is not empty: choose another folder", folder));
  for (const auto& [name, text] : exported(planning, cluster)) {
    auto written = replace_file(fmt::format("{}/{}", folder, name), text);
    if (!written.ok()) return written;
  }
  return {};
}

}  // namespace brokerlab::plan
