#include "plan/workload/candidate.h"

#include "base/settings.h"
#include "base/translation.h"
#include "model/codec_cost.h"
#include "plan/closed/closed_forms.h"
#include "plan/workload/producers.h"
#include "scenarios/sources/record_keys.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <numeric>

namespace brokerlab::plan {
namespace {

/// Lengths, offset and time beside a record's value, and its part of the batch's header.
constexpr double beside_a_value = 12;
/// What a partition carries with ease: a single consumer, and a single follower's thread.
constexpr double bytes_a_partition = 10e6;
constexpr int replicas_a_directory = 4;              ///< Of a topic, where there are several.
constexpr double segment_bytes = 1 << 30;            ///< log.segment.bytes
constexpr double segment_seconds = 7.0 * 24 * 3600;  ///< log.roll.hours
constexpr double month_seconds = hours_a_month * 3600;
constexpr double gigabyte = 1e9;

double number(BytesPerSecond rate) { return static_cast<double>(rate.count()); }
double number(Bytes bytes) { return static_cast<double>(bytes.count()); }

double bytes_of(const TopicDemand& demand, const ClientSettings& clients) {
  const double ratio =
      model::compression_ratio(sim::CodecsConfig{}, static_cast<log::Codec>(clients.compression));
  return (demand.record_bytes + beside_a_value) / ratio;
}

bool reads(const PlannedGroup& group, const std::string& topic) {
  return std::find(group.topics.begin(), group.topics.end(), topic) != group.topics.end();
}

int groups_of(const Workload& workload, const PlannedTopic& topic) {
  return static_cast<int>(
      std::count_if(workload.groups.begin(), workload.groups.end(),
                    [&](const PlannedGroup& group) { return reads(group, topic.name); }));
}

int partitions_of(const Planning& planning, std::size_t index, const Candidate& candidate,
                  int disks) {
  const PlannedTopic& topic = planning.workload.topics[index];
  if (topic.partitions) return *topic.partitions;
  const TopicDemand& demand = planning.demands[index];
  const double bytes =
      demand.peak_records * bytes_of(demand, planning.workload.clients[candidate.build.clients]);
  auto wanted = static_cast<int>(std::min(10'000.0, std::ceil(bytes / bytes_a_partition)));
  wanted = std::max(wanted, 1);
  for (const PlannedGroup& group : planning.workload.groups) {
    if (reads(group, topic.name)) wanted = std::max(wanted, group.members);
  }
  // So many that each log directory of each broker has as many replicas as the others, and of
  // several directories each so many that those of a lost broker can be dealt to the others about
  // evenly.
  if (disks > 1) {
    const int dealt = replicas_a_directory * candidate.brokers * disks;
    wanted = std::max(wanted, (dealt + topic.replication_factor - 1) / topic.replication_factor);
  }
  const int step = candidate.brokers * (disks / std::gcd(disks, topic.replication_factor));
  return (wanted + step - 1) / step * step;
}

/// Of a topic, one copy of it: what is retained, and the segment of each partition that is not yet
/// so old.
double retained(const PlannedTopic& topic, const TopicDemand& demand, double bytes,
                int partitions) {
  const double rate = demand.mean_records * bytes;
  const double unfinished = std::min(segment_bytes, rate / partitions * segment_seconds);
  return rate * to_seconds(topic.retention) + unfinished * partitions;
}

/// What is kept at most at one of so many places, brokers or log directories, over which replicas
/// are dealt. A replica lies at one place, whole: of the topic that divides worst one place has the
/// largest partition, and as many others as it must.
double fullest(const Planning& planning, const Candidate& candidate,
               const std::vector<int>& partitions, double places) {
  const Workload& workload = planning.workload;
  double even = 0;
  double worst = 0;
  for (std::size_t i = 0; i < workload.topics.size(); ++i) {
    const PlannedTopic& topic = workload.topics[i];
    const double copy = retained(
        topic, planning.demands[i],
        bytes_of(planning.demands[i], workload.clients[candidate.build.clients]), partitions[i]);
    const double replicas = static_cast<double>(topic.replication_factor) * partitions[i];
    const double mean = copy * topic.replication_factor / places;
    double largest = copy / partitions[i];
    double others = largest;
    if (topic.keys.any() && partitions[i] > 1) {
      const auto shares = scenarios::RecordKeys(topic.keys).partitions(partitions[i]).shares;
      const double share = *std::max_element(shares.begin(), shares.end());
      largest = copy * share;
      others = copy * (1 - share) / (partitions[i] - 1);
    }
    even += mean;
    worst = std::max(worst, largest + others * (std::ceil(replicas / places) - 1) - mean);
  }
  return even + worst;
}

/// `kept`: in the fullest log directory.
std::vector<sim::DiskConfig> disks_of(const Planning& planning, const Candidate& candidate,
                                      Bytes& size, double kept) {
  const MachineOffer& machine = planning.catalogue.machines[candidate.build.machine];
  const DiskOffer* offer = planning.catalogue.disk(candidate.build.disk);
  if (candidate.build.disk.empty() || offer == nullptr) {
    size = machine.machine.disks.front().size;
    for (const sim::DiskConfig& disk : machine.machine.disks) size = std::min(size, disk.size);
    return machine.machine.disks;
  }
  sim::DiskConfig disk = offer->disk;
  if (offer->sizes) {
    const double headroom = 1 - planning.workload.objectives.disk_headroom;
    const double each = kept / headroom;
    const double steps =
        std::ceil((each - number(offer->sizes->least)) / number(offer->sizes->step));
    const double wanted =
        number(offer->sizes->least) + std::max(0.0, steps) * number(offer->sizes->step);
    disk.size = Bytes(static_cast<std::int64_t>(std::min(wanted, number(offer->sizes->most))));
  }
  size = disk.size;
  return std::vector<sim::DiskConfig>(static_cast<std::size_t>(candidate.build.disks), disk);
}

/// From zone to zone, a second, at the mean: producers and groups are spread as brokers are.
double crossing_bytes(const Planning& planning, const Candidate& candidate) {
  const Workload& workload = planning.workload;
  if (workload.zones < 2) return 0;
  const double elsewhere = 1 - 1.0 / workload.zones;
  double all = 0;
  for (std::size_t i = 0; i < workload.topics.size(); ++i) {
    const PlannedTopic& topic = workload.topics[i];
    const double rate = planning.demands[i].mean_records *
                        bytes_of(planning.demands[i], workload.clients[candidate.build.clients]);
    // Replicas are spread over zones: of those beside the leader's only what there are too many of
    // share its zone.
    const int factor = topic.replication_factor;
    const double with_leader = std::max(0.0, static_cast<double>(factor) / workload.zones - 1);
    all += rate * (elsewhere + factor - 1 - with_leader + elsewhere * groups_of(workload, topic));
  }
  return all;
}

Cost cost_of(const Planning& planning, const ClusterPlan& cluster) {
  const Candidate& candidate = cluster.candidate;
  const MachineOffer& machine = planning.catalogue.machines[candidate.build.machine];
  Cost cost;
  cost.instances = machine.price() * candidate.brokers;
  if (const DiskOffer* offer = planning.catalogue.disk(candidate.build.disk);
      offer != nullptr && !candidate.build.disk.empty()) {
    cost.disks = candidate.brokers * candidate.build.disks * offer->price(cluster.disk_size);
  }
  cost.cross_zone = crossing_bytes(planning, candidate) * month_seconds / gigabyte *
                    planning.catalogue.cross_zone_gb;
  if (planning.workload.zookeeper) {
    cost.ensemble =
        zookeeper_server(planning).month * servers_of(planning.workload, candidate.brokers);
  }
  return cost;
}

/// What a broker that is left has to move, a second, at the peak.
struct Traffic {
  double in = 0, out = 0, written = 0;
  double led = 0, led_records = 0;
};

struct Survivors {
  double all = 1;   ///< Brokers there are,
  double left = 1;  ///< and that are left.
};

Survivors survivors_of(const Workload& workload, int brokers) {
  return {static_cast<double>(brokers),
          static_cast<double>(std::max(1, brokers - brokers_lost(workload, brokers)))};
}

Traffic traffic_of(const Planning& planning, const ClusterPlan& cluster) {
  const Workload& workload = planning.workload;
  const Survivors brokers = survivors_of(workload, cluster.candidate.brokers);
  Traffic traffic;
  for (std::size_t i = 0; i < workload.topics.size(); ++i) {
    const PlannedTopic& topic = workload.topics[i];
    const TopicDemand& demand = planning.demands[i];
    const double bytes =
        demand.at_peak * bytes_of(demand, workload.clients[cluster.candidate.build.clients]);
    const double replicas = std::min(1.0, topic.replication_factor / brokers.all);
    const double live = topic.replication_factor * brokers.left / brokers.all;
    traffic.in += bytes * replicas;
    traffic.written += bytes * replicas;
    traffic.led += bytes / brokers.left;
    traffic.led_records += demand.at_peak / brokers.left;
    traffic.out += bytes / brokers.left * (std::max(0.0, live - 1) + groups_of(workload, topic));
  }
  return traffic;
}

std::string bytes_text(double bytes) {
  return to_rounded_text(Bytes(static_cast<std::int64_t>(std::min(bytes, 9e18))));
}
std::string rate_text(double rate) {
  return to_rounded_text(BytesPerSecond(static_cast<std::int64_t>(std::min(rate, 9e18))));
}

Need rate_need(std::string name, const Phrase& what, double needed, double there, double most) {
  Need need{std::move(name), {}, needed, there * most};
  need.words = phrase("{}: {} needed, {} possible at {:.0f} %", what, rate_text(needed),
                      rate_text(there * most), 100 * most);
  return need;
}

void add_space(const Planning& planning, const ClusterPlan& cluster, std::vector<Need>& needs) {
  const double kept = number(cluster.kept_a_disk);
  const double there = number(cluster.disk_size) * (1 - planning.workload.objectives.disk_headroom);
  const std::size_t disks = cluster.machine.disks.size();
  needs.push_back(
      {"disk space",
       disks == 1 ? phrase("disk space of a broker: {} to keep, {} there with head-room",
                           bytes_text(kept), bytes_text(there))
                  : phrase("disk space of a broker's fullest log directory, of {}: {} to keep, {} "
                           "there with head-room",
                           disks, bytes_text(kept), bytes_text(there)),
       kept, there});
}

void add_catch_up(const Planning& planning, const ClusterPlan& cluster, const Traffic& traffic,
                  double nic, double disk, std::vector<Need>& needs) {
  const Workload& workload = planning.workload;
  const Survivors brokers = survivors_of(workload, cluster.candidate.brokers);
  const double most = workload.objectives.utilisation;
  for (const PlannedGroup& group : workload.groups) {
    if (!group.catch_up) continue;
    double bytes = 0;
    double records = 0;
    for (std::size_t i = 0; i < workload.topics.size(); ++i) {
      if (!reads(group, workload.topics[i].name)) continue;
      const TopicDemand& demand = planning.demands[i];
      bytes +=
          demand.peak_records * bytes_of(demand, workload.clients[cluster.candidate.build.clients]);
      records += demand.peak_records;
    }
    const double missed = to_seconds(group.catch_up->after);
    const double times = missed / to_seconds(group.catch_up->within);
    const double read = bytes * times / brokers.left;
    needs.push_back(rate_need("network out, " + group.name + " catching up",
                              phrase("sent by a broker while {} catches up", group.name),
                              traffic.out + read, nic, most));
    // What no longer fits in the page cache comes from the disks.
    if (traffic.in * missed > number(cluster.machine.page_cache.capacity())) {
      needs.push_back(
          rate_need("disks, " + group.name + " catching up",
                    phrase("written and read by a broker's disks while {} catches up", group.name),
                    traffic.written + read, disk, most));
    }
    if (group.service_time > Duration(0)) {
      const double can = group.members / to_seconds(group.service_time);
      const double wanted = records * (1 + times);
      needs.push_back({"members of " + group.name,
                       phrase("members of {}: {:.4g} records a second to process, {:.4g} possible",
                              group.name, wanted, can),
                       wanted, can});
    }
  }
}

LoadedPlanning with_catalogue(LoadedWorkload workload, LoadedCatalogue catalogue) {
  LoadedPlanning loaded;
  loaded.errors = std::move(workload.errors);
  loaded.warnings = std::move(workload.warnings);
  loaded.errors.insert(loaded.errors.end(), catalogue.errors.begin(), catalogue.errors.end());
  if (!loaded.errors.empty()) return loaded;
  Planning planning{std::move(*workload.workload), std::move(workload.demands),
                    std::move(*catalogue.catalogue)};
  std::vector<std::string> known;
  for (const MachineOffer& one : planning.catalogue.machines) known.push_back(one.name);
  const auto check = [&](const std::string& name, const std::string& path) {
    if (planning.catalogue.machine(name) != nullptr) return;
    const std::string near = nearest_name(name, known);
    loaded.errors.push_back(
        {{},
         path,
         "\"" + name + "\"",
         near.empty() ? tr("is no machine of the catalogue, which has {}", fmt::join(known, ", "))
                      : tr("is no machine of the catalogue; did you mean \"{}\"?", near)});
  };
  for (std::size_t i = 0; i < planning.workload.machines.size(); ++i) {
    check(planning.workload.machines[i], json_pointer("/machines", i));
  }
  if (planning.workload.zookeeper) check(*planning.workload.zookeeper, "/zookeeper");
  if (loaded.errors.empty()) loaded.planning = std::move(planning);
  return loaded;
}

}  // namespace

LoadedPlanning load_planning(const std::string& path) {
  LoadedWorkload workload = load_workload(path);
  LoadedCatalogue catalogue;
  if (workload.workload && workload.workload->catalogue) {
    const std::filesystem::path name(*workload.workload->catalogue);
    const auto at = std::filesystem::path(workload.workload->directory) / name;
    catalogue = load_catalogue(at.string());
  } else {
    catalogue = load_catalogue(our_catalogue());
  }
  LoadedPlanning loaded = with_catalogue(std::move(workload), std::move(catalogue));
  for (Problem& one : loaded.errors) {
    if (one.file.empty()) one.file = path;
  }
  return loaded;
}

LoadedPlanning parse_planning(std::string_view workload, std::string_view catalogue) {
  return with_catalogue(parse_workload(workload, "workload", "."),
                        catalogue.empty() ? load_catalogue(our_catalogue())
                                          : parse_catalogue_text(catalogue, "catalogue", "."));
}

int broker_step(const Workload& workload) { return workload.zones; }

int brokers_lost(const Workload& workload, int brokers) {
  switch (workload.survive) {
    case Loss::nothing:
      return 0;
    case Loss::broker:
      return 1;
    case Loss::zone:
      return brokers / workload.zones;
  }
  UNREACHABLE();
}

int servers_of(const Workload& workload, int brokers) {
  return brokers < 3 && workload.zones == 1 ? 1 : 3;
}

ServerOffer zookeeper_server(const Planning& planning) {
  const MachineOffer& offer = *planning.catalogue.machine(*planning.workload.zookeeper);
  ServerOffer server{offer.machine, offer.price()};
  if (!offer.disks.empty()) {
    const DiskOffer& disk = *planning.catalogue.disk(offer.disks.front());
    server.machine.disks = {disk.disk};
    if (disk.sizes) server.machine.disks.front().size = disk.sizes->least;
    server.month += disk.price(server.machine.disks.front().size);
  }
  return server;
}

std::vector<Build> builds_of(const Planning& planning) {
  const Catalogue& catalogue = planning.catalogue;
  const std::vector<std::string>& allowed = planning.workload.machines;
  std::vector<std::size_t> machines;
  for (std::size_t i = 0; i < catalogue.machines.size(); ++i) {
    const std::string& name = catalogue.machines[i].name;
    if (allowed.empty() || std::find(allowed.begin(), allowed.end(), name) != allowed.end()) {
      machines.push_back(i);
    }
  }
  std::stable_sort(machines.begin(), machines.end(), [&](std::size_t a, std::size_t b) {
    return catalogue.machines[a].price() < catalogue.machines[b].price();
  });
  std::vector<Build> builds;
  for (const std::size_t machine : machines) {
    const MachineOffer& offer = catalogue.machines[machine];
    for (std::size_t clients = 0; clients < planning.workload.clients.size(); ++clients) {
      if (offer.disks.empty()) {
        const int own = static_cast<int>(offer.machine.disks.size());
        builds.push_back({machine, {}, own, clients});
      }
      for (const std::string& name : offer.disks) {
        const DiskOffer* disk = catalogue.disk(name);
        for (int disks = disk->least; disks <= disk->most; ++disks) {
          builds.push_back({machine, name, disks, clients});
        }
      }
    }
  }
  return builds;
}

ClusterPlan worked_out(const Planning& planning, const Candidate& candidate) {
  const Workload& workload = planning.workload;
  ClusterPlan cluster;
  cluster.candidate = candidate;
  cluster.machine = planning.catalogue.machines[candidate.build.machine].machine;
  const MachineOffer& offer = planning.catalogue.machines[candidate.build.machine];
  const int disks = candidate.build.disk.empty() ? static_cast<int>(offer.machine.disks.size())
                                                 : candidate.build.disks;
  for (std::size_t i = 0; i < workload.topics.size(); ++i) {
    cluster.partitions.push_back(partitions_of(planning, i, candidate, disks));
  }
  // A broker that does not come back is replaced by the others, where those are enough.
  const bool moves =
      workload.survive == Loss::broker && candidate.brokers > 1 &&
      std::all_of(workload.topics.begin(), workload.topics.end(), [&](const PlannedTopic& topic) {
        return topic.replication_factor < candidate.brokers;
      });
  const double brokers = candidate.brokers - (moves ? 1 : 0);
  const auto bytes = [](double kept) {
    return Bytes(static_cast<std::int64_t>(std::min(kept, 9e18)));
  };
  const double kept = fullest(planning, candidate, cluster.partitions, brokers * disks);
  double all = 0;
  for (std::size_t i = 0; i < workload.topics.size(); ++i) {
    const double record = bytes_of(planning.demands[i], workload.clients[candidate.build.clients]);
    all += workload.topics[i].replication_factor *
           retained(workload.topics[i], planning.demands[i], record, cluster.partitions[i]);
  }
  cluster.kept_in_all = bytes(all);
  cluster.kept_a_broker = bytes(fullest(planning, candidate, cluster.partitions, brokers));
  cluster.kept_a_disk = bytes(kept);
  cluster.machine.disks = disks_of(planning, candidate, cluster.disk_size, kept);
  cluster.cost = cost_of(planning, cluster);
  return cluster;
}

std::vector<Need> needs_of(const Planning& planning, const ClusterPlan& cluster) {
  const Workload& workload = planning.workload;
  const int brokers = cluster.candidate.brokers;
  std::vector<Need> needs;
  int factor = 1;
  double replicas = 0;
  for (std::size_t i = 0; i < workload.topics.size(); ++i) {
    factor = std::max(factor, workload.topics[i].replication_factor);
    replicas += static_cast<double>(cluster.partitions[i]) * workload.topics[i].replication_factor;
  }
  needs.push_back({"replicas", phrase("{} replicas need as many brokers, not {}", factor, brokers),
                   static_cast<double>(factor), static_cast<double>(brokers)});
  const double most = planning.catalogue.machines[cluster.candidate.build.machine].most_partitions;
  const double each = std::ceil(replicas / brokers);
  needs.push_back(
      {"partitions",
       phrase("{:.0f} replicas of partitions on a broker, {:.0f} are right", each, most), each,
       most});
  add_space(planning, cluster, needs);
  const Traffic traffic = traffic_of(planning, cluster);
  const double used = workload.objectives.utilisation;
  const double nic = number(cluster.machine.nic.rate);
  const double disk = disk_rate(cluster.machine);
  needs.push_back(rate_need("network in", phrase("received by a broker"), traffic.in, nic, used));
  needs.push_back(rate_need("network out", phrase("sent by a broker"), traffic.out, nic, used));
  needs.push_back(
      rate_need("disks", phrase("written by a broker's disks"), traffic.written, disk, used));
  const sim::CpuConfig& cpu = cluster.machine.cpu;
  const double cores =
      traffic.led / number(cpu.byte_rate) + traffic.led_records * to_seconds(cpu.record_cost);
  needs.push_back(
      {"processor",
       phrase("processor: {:.3g} cores needed for bytes and records alone, {:.3g} there", cores,
              cpu.cores * used),
       cores, cpu.cores * used});
  add_catch_up(planning, cluster, traffic, nic, disk, needs);
  const Duration soon =
      std::min(workload.objectives.p99_produce, workload.objectives.p99_end_to_end);
  const double late = 100 * waiting_longer(planning, cluster, soon);
  const ClientSettings& clients = workload.clients[cluster.candidate.build.clients];
  needs.push_back(
      {"waiting",
       phrase("{:.0f} % of records wait longer than {} in their producers ({}), 1 % may", late,
              brokerlab::to_text(soon), clients.words()),
       late, 1});
  return needs;
}

const Need* broken(const std::vector<Need>& needs) {
  const auto at = std::max_element(needs.begin(), needs.end(), [](const Need& a, const Need& b) {
    return a.share() < b.share();
  });
  return at == needs.end() || at->fits() ? nullptr : &*at;
}

std::string words_of(const Planning& planning, const ClusterPlan& cluster) {
  const Build& build = cluster.candidate.build;
  std::string words = fmt::format("{} x {}", cluster.candidate.brokers,
                                  planning.catalogue.machines[build.machine].name);
  if (!build.disk.empty()) {
    words += fmt::format(", {} x {} of {}", build.disks, build.disk,
                         brokerlab::to_text(cluster.disk_size));
  }
  if (planning.workload.clients.size() > 1) {
    words += ", " + planning.workload.clients[build.clients].words();
  }
  return words;
}

double peak_bytes(const Planning& planning, std::size_t clients) {
  double all = 0;
  for (const TopicDemand& demand : planning.demands) {
    all += demand.at_peak * bytes_of(demand, planning.workload.clients[clients]);
  }
  return all;
}

}  // namespace brokerlab::plan
