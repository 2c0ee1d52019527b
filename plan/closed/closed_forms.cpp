#include "plan/closed/closed_forms.h"

#include "base/translation.h"
#include "scenarios/sources/record_sizes.h"
#include "scenarios/sources/source_rate.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>
#include <map>

namespace brokerlab::plan {
namespace {

/// Lengths, offset and time beside a record's value, and its part of the batch's header.
constexpr double beside_value = 12;

double share(double units, int brokers, int partitions) {
  return std::min(1.0, std::ceil(units / brokers) / partitions);
}

/// What the broker that has most gets, of each byte of load.
struct Demand {
  double load = 0, in = 0, out = 0, written = 0, read_cold = 0, led = 0;
};

Demand demand_of(const std::vector<TopicLoad>& load, int brokers) {
  Demand all;
  for (const TopicLoad& topic : load) {
    const double leaders = share(topic.partitions, brokers, topic.partitions);
    const double replicas =
        share(static_cast<double>(topic.partitions) * topic.replicas, brokers, topic.partitions);
    const double bytes = topic.bytes_per_s;
    all.load += bytes;
    all.in += bytes * replicas;
    all.out += bytes * leaders * (topic.replicas - 1 + topic.groups);
    all.written += bytes * replicas;
    all.read_cold += bytes * leaders * topic.cold_groups;
    all.led += bytes * leaders;
  }
  return all;
}

double count(BytesPerSecond rate) { return static_cast<double>(rate.count()); }

Bound bound(std::string name, Resource resource, double capacity, double demand, double load) {
  Bound one{std::move(name), resource};
  one.factor = demand > 0 ? capacity / demand : std::numeric_limits<double>::infinity();
  one.bytes_per_s = one.factor * load;
  return one;
}

void does_not_hold(Bound& one, Phrase why) {
  one.valid = false;
  one.why_not = std::move(why);
}

}  // namespace

double disk_rate(const sim::MachineConfig& machine) {
  double disks = 0;
  bool volumes = false;
  for (const sim::DiskConfig& disk : machine.disks) {
    double rate = count(disk.write_rate);
    if (disk.iops) {
      rate = std::min(rate, disk.iops->count() * static_cast<double>(disk.io_size.count()));
    }
    disks += rate;
    volumes = volumes || disk.kind == sim::DiskKind::volume;
  }
  const bool linked = volumes && machine.volume_link.has_value();
  return linked ? std::min(disks, count(machine.volume_link->rate)) : disks;
}

std::vector<Bound> closed_forms(const std::vector<TopicLoad>& load, const Cluster& cluster,
                                Duration lasting) {
  const Demand demand = demand_of(load, cluster.brokers);
  const sim::MachineConfig& machine = cluster.machine;
  const double nic = count(machine.nic.rate);
  const double disk = disk_rate(machine);
  std::vector<Bound> bounds;

  bounds.push_back(
      bound("network", Resource::network, nic, std::max(demand.in, demand.out), demand.load));
  if (machine.nic.burst_rate && machine.nic.burst_credits.count() > 0) {
    const double spare = count(*machine.nic.burst_rate) - nic;
    const double lasts = static_cast<double>(machine.nic.burst_credits.count()) / spare;
    if (lasts > to_seconds(lasting) / 10) {
      does_not_hold(bounds.back(), phrase("burst credits carry the card beyond its rate for {:.0f} "
                                          "s, and the load lasts {:.0f} s",
                                          lasts, to_seconds(lasting)));
    }
  }

  bounds.push_back(bound("disk", Resource::disk, disk, demand.written, demand.load));
  // Up to where writers are throttled, the page cache takes what the disk does not.
  const double dirty =
      machine.page_cache.dirty_ratio * static_cast<double>(machine.page_cache.capacity().count());
  const double absorbed = dirty / std::max(disk, 1.0);
  if (absorbed > to_seconds(lasting) / 10) {
    does_not_hold(bounds.back(),
                  phrase("the page cache holds what the disks write in {:.0f} s, and "
                         "the load lasts {:.0f} s",
                         absorbed, to_seconds(lasting)));
  }
  if (demand.read_cold > 0) {
    bounds.push_back(bound("disk with cold reads", Resource::disk, disk,
                           demand.written + demand.read_cold, demand.load));
    const bool seeks = std::any_of(machine.disks.begin(), machine.disks.end(),
                                   [](const auto& one) { return one.kind == sim::DiskKind::hdd; });
    if (seeks) {
      does_not_hold(
          bounds.back(),
          phrase("a disk that reads and writes moves its arm, which takes most of its time"));
    }
  }
  bounds.push_back(bound("processor", Resource::processor,
                         machine.cpu.cores * count(machine.cpu.byte_rate), demand.led,
                         demand.load));
  does_not_hold(bounds.back(),
                phrase("it counts bytes only; each request costs {} beside, and how many there are "
                       "depends on batches",
                       brokerlab::to_text(machine.cpu.request_cost)));
  for (Bound& one : bounds) {
    const bool uneven = std::any_of(load.begin(), load.end(), [&](const TopicLoad& topic) {
      return topic.partitions < cluster.brokers && topic.bytes_per_s > demand.load / 10;
    });
    if (uneven && one.valid) {
      does_not_hold(one, phrase("a topic has fewer partitions than there are brokers"));
    }
  }
  std::stable_sort(bounds.begin(), bounds.end(),
                   [](const Bound& a, const Bound& b) { return a.factor < b.factor; });
  return bounds;
}

Duration falls_behind(const scenarios::ConsumerSpec& group, Duration duration) {
  using What = model::ConsumerAction::What;
  Duration most{0};
  std::map<int, Duration> paused;  // by member; 0: all of them
  for (const scenarios::ConsumerActionSpec& one : group.actions) {
    switch (one.action.what) {
      case What::pause:
        paused.emplace(one.member, one.action.at);
        break;
      case What::resume:
        for (auto at = paused.begin(); at != paused.end();) {
          const bool resumed = one.member == 0 || at->first == 0 || at->first == one.member;
          if (resumed) most = std::max(most, one.action.at - at->second);
          at = resumed ? paused.erase(at) : std::next(at);
        }
        break;
      case What::seek_to_beginning:
      case What::seek_to_offset:
        most = std::max(most, one.action.at);
        break;
      case What::seek_back:
        most = std::max(most, std::min(one.action.back, one.action.at));
        break;
      case What::seek_to_end:
        break;
    }
  }
  return std::min(most, duration);
}

std::vector<TopicLoad> load_of(const scenarios::Scenario& scenario) {
  std::vector<TopicLoad> loads;
  std::vector<std::vector<Duration>> behind;  // of each topic that is loaded: its groups
  for (const scenarios::TopicSpec& topic : scenario.topics) {
    TopicLoad load;
    load.partitions = topic.partitions;
    load.replicas = scenario.replication_factor(topic);
    for (const scenarios::ProducerSpec& producer : scenario.producers) {
      const scenarios::SourceSpec* source = scenario.source(producer.source);
      if (source == nullptr || producer.topic != topic.name || !source->rate) continue;
      const auto curve = scenarios::rate_curve(scenario, *source);
      if (!curve) continue;
      const double rate = curve->highest();
      double size = 0;
      if (source->record_size) {
        const auto sizes = scenarios::RecordSizes::of(scenario, *source->record_size);
        if (sizes) size = sizes->mean();
      }
      load.records_per_s += rate;
      load.bytes_per_s += rate * (size + beside_value);
    }
    std::vector<Duration> far;
    for (const scenarios::ConsumerSpec& group : scenario.consumers) {
      const bool reads =
          std::find(group.topics.begin(), group.topics.end(), topic.name) != group.topics.end();
      load.groups += reads ? 1 : 0;
      if (reads) far.push_back(falls_behind(group, scenario.duration));
    }
    if (load.bytes_per_s > 0) {
      loads.push_back(load);
      behind.push_back(std::move(far));
    }
  }
  if (scenario.brokers.empty()) return loads;
  // What is written to a broker meanwhile pushes out of its page cache what is to be read.
  double written = 0;
  for (const TopicLoad& load : loads) written += load.bytes_per_s * load.replicas;
  written /= std::max(1, scenario.broker_count());
  const auto cache = static_cast<double>(
      scenario.machine(scenario.brokers.front().machine).page_cache.capacity().count());
  for (std::size_t i = 0; i < loads.size(); ++i) {
    loads[i].cold_groups =
        static_cast<int>(std::count_if(behind[i].begin(), behind[i].end(), [&](Duration far) {
          return to_seconds(far) * written > cache;
        }));
  }
  return loads;
}

}  // namespace brokerlab::plan
