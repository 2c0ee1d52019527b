// ZooKeeper, sessions, and what machines can carry.
#include "base/translation.h"
#include "plan/lint/rules.h"
#include "plan/lint/subject.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace brokerlab::plan {
namespace {

using namespace brokerlab::scenarios;

void single_zookeeper(const Subject& subject, Findings& found) {
  if (subject.scenario().zookeeper.nodes > 1) return;
  found.add("/zookeeper/nodes",
            phrase("one ZooKeeper server: while it is down no broker joins, no leader is elected, "
                   "no ISR changes"),
            Story(subject)
                .at(0.4, "power_off", "\"zookeeper-1\"")
                .at(0.5, "power_off", "\"broker-1\"")
                .sets());
}

void even_zookeeper(const Subject& subject, Findings& found) {
  const int nodes = subject.scenario().zookeeper.nodes;
  if (nodes % 2 != 0) return;
  Story story(subject);
  for (int i = 0; i < nodes / 2; ++i) {
    story.at(0.4, "power_off", fmt::format("\"zookeeper-{}\"", i + 1));
  }
  found.add("/zookeeper/nodes",
            phrase("{} ZooKeeper servers survive no more failures than {} do", nodes, nodes - 1),
            story.sets());
}

void unsynced_zookeeper(const Subject& subject, Findings& found) {
  if (subject.scenario().zookeeper.config.force_sync) return;
  Story story(subject);
  for (int i = 0; i < subject.scenario().zookeeper.nodes; ++i) {
    story.at(0.4, "power_off", fmt::format("\"zookeeper-{}\"", i + 1));
  }
  for (int i = 0; i < subject.scenario().zookeeper.nodes; ++i) {
    story.at(0.5, "power_on", fmt::format("\"zookeeper-{}\"", i + 1));
  }
  found.add("/zookeeper/config/forceSync",
            phrase("forceSync is off: a power failure makes the ensemble forget what it has "
                   "confirmed: leaders, ISRs, epochs"),
            story.sets());
}

std::string in_config(const Scenario& scenario, std::size_t group, std::string_view name) {
  return fmt::format("{}/config/{}", scenario.path_of_brokers(group), name);
}

void session_clamped(const Subject& subject, Findings& found) {
  const Scenario& scenario = subject.scenario();
  for (std::size_t group = 0; group < scenario.brokers.size(); ++group) {
    const Duration asked = scenario.brokers[group].config.zookeeper_session_timeout;
    const Duration granted = subject.granted_session(group);
    if (asked == granted) continue;
    found.add(
        in_config(scenario, group, "zookeeper.session.timeout.ms"),
        phrase("the brokers ask for sessions of {} and get {}: tickTime {} allows no other",
               to_text(asked), to_text(granted), to_text(scenario.zookeeper.config.tick_time)),
        Story(subject).at(0.4, "power_off", "\"broker-1\"").sets());
  }
}

/// One collection in a thousand is longer (a log-normal's 99.9th percentile).
Duration long_pause(const sim::GcConfig& gc) {
  return from_seconds(std::min(3600.0, to_seconds(gc.pause) * std::exp(3.09 * gc.sigma)));
}

void session_below_pause(const Subject& subject, Findings& found) {
  const Scenario& scenario = subject.scenario();
  for (std::size_t group = 0; group < scenario.brokers.size(); ++group) {
    const auto& gc = scenario.machine(scenario.brokers[group].machine).gc;
    if (!gc) continue;
    const Duration pause = long_pause(*gc);
    const Duration session = subject.granted_session(group);
    if (pause < session) continue;
    const Duration shown = std::clamp<Duration>(pause, 1ms, 1h);
    found.add(in_config(scenario, group, "zookeeper.session.timeout.ms"),
              phrase("one collection in a thousand lasts {} and more, and the session of a silent "
                     "broker {}: a broker that only collects is declared dead",
                     to_rounded_text(pause), to_text(session)),
              Story(subject)
                  .at(0.4, "pause",
                      fmt::format(R"({{"machine":"broker-1","for":"{}ms"}})", whole_millis(shown)))
                  .sets());
  }
}

void lag_below_wait(const Subject& subject, Findings& found) {
  const Scenario& scenario = subject.scenario();
  for (std::size_t group = 0; group < scenario.brokers.size(); ++group) {
    const model::BrokerConfig& config = scenario.brokers[group].config;
    const Duration lag = config.replica_lag_time_max;
    if (lag >= 4 * config.replica_fetch_wait_max) continue;
    const Duration pause = std::clamp<Duration>(lag + lag / 2, 1ms, 1h);
    found.add(in_config(scenario, group, "replica.lag.time.max.ms"),
              phrase("replica.lag.time.max.ms is {}, and a follower's fetch may wait {}: replicas "
                     "leave the ISR that lack nothing",
                     to_text(lag), to_text(config.replica_fetch_wait_max)),
              Story(subject)
                  .at(0.4, "pause",
                      fmt::format(R"({{"machine":"broker-1","for":"{}ms"}})", whole_millis(pause)))
                  .sets());
  }
}

Bytes disks_of(const Scenario& scenario) {
  Bytes least(std::numeric_limits<std::int64_t>::max());
  for (const BrokersSpec& group : scenario.brokers) {
    Bytes sum;
    for (const sim::DiskConfig& disk : scenario.machine(group.machine).disks) sum += disk.size;
    least = std::min(least, sum);
  }
  return least;
}

Bytes smallest_disk_of(const Scenario& scenario) {
  Bytes least(std::numeric_limits<std::int64_t>::max());
  for (const BrokersSpec& group : scenario.brokers) {
    for (const sim::DiskConfig& disk : scenario.machine(group.machine).disks) {
      least = std::min(least, disk.size);
    }
  }
  return least;
}

/// What one replica of the topic keeps of it, all partitions together; negative: it never ends.
double kept_of(const Subject& subject, const TopicSpec& topic) {
  const model::TopicConfig config = subject.scenario().topic_config(topic);
  if (!config.deletes()) return 0;  // What compaction keeps depends on the keys.
  constexpr Duration long_enough = 365 * 24h;
  const auto millis = config.retention_ms >= 0 && config.retention_ms < whole_millis(long_enough)
                          ? config.retention_ms
                          : whole_millis(long_enough);
  const double bytes_a_second =
      subject.kept_a_second(topic.name, std::chrono::milliseconds(millis));
  double kept = -1;
  if (config.retention_ms >= 0) {
    kept = bytes_a_second * (static_cast<double>(config.retention_ms) / 1000);
  }
  if (config.retention_bytes >= 0) {
    const double most = static_cast<double>(config.retention_bytes) * topic.partitions;
    kept = kept < 0 ? most : std::min(kept, most);
  }
  if (kept < 0) return bytes_a_second > 0 ? -1 : 0;
  // The active segment is never deleted.
  const double segment =
      std::min(static_cast<double>(config.segment_bytes.count()),
               bytes_a_second / topic.partitions * to_seconds(config.segment_time));
  return kept + segment * topic.partitions;
}

/// Where all disks together have room: a replica lies in one log directory, whole. Keys make some
/// partition larger yet.
void partition_beyond_disk(const Subject& subject, Findings& found) {
  const Scenario& scenario = subject.scenario();
  const Bytes disk = smallest_disk_of(scenario);
  for (std::size_t i = 0; i < scenario.topics.size(); ++i) {
    const TopicSpec& topic = scenario.topics[i];
    const double partition = kept_of(subject, topic) / topic.partitions;
    if (partition < static_cast<double>(disk.count())) continue;
    const Bytes each(static_cast<std::int64_t>(std::min(partition, 9e18)));
    found.add(fmt::format("/topics/{}", i),
              phrase("{}: each of {} partitions keeps {} at this load, and has to lie in one log "
                     "directory, of {}",
                     topic.name, topic.partitions, to_rounded_text(each), to_rounded_text(disk)),
              Story(subject).at(0.4, "fill_disk", R"({"machine":"broker-1"})").sets());
  }
}

void retention_beyond_disk(const Subject& subject, Findings& found) {
  const Scenario& scenario = subject.scenario();
  const int brokers = scenario.broker_count();
  const int left = std::max(1, brokers - 1);
  double needed = 0;    // By each that is left,
  double with_all = 0;  // and by each while all are there.
  double largest = 0;
  std::size_t worst = 0;
  for (std::size_t i = 0; i < scenario.topics.size(); ++i) {
    const TopicSpec& topic = scenario.topics[i];
    const double kept = kept_of(subject, topic);
    const Story full = Story(subject).at(0.4, "fill_disk", R"({"machine":"broker-1"})");
    if (kept < 0) {
      found.add(fmt::format("/topics/{}", i),
                phrase("{}: nothing is ever deleted (retention.ms and retention.bytes are -1): its "
                       "disks will be full one day",
                       topic.name),
                full.sets());
      continue;
    }
    // A broker never keeps two replicas of a partition: with as many brokers as replicas, or fewer,
    // each has one of everything.
    const double each = kept * std::min(scenario.replication_factor(topic), left) / left;
    needed += each;
    with_all += kept * std::min(scenario.replication_factor(topic), brokers) / brokers;
    if (each > largest) worst = i;
    largest = std::max(largest, each);
  }
  const Bytes room = disks_of(scenario);
  // Usually some room has to be left; after a loss it has to suffice.
  const auto whole = static_cast<double>(room.count());
  if (needed < whole && with_all < 0.85 * whole) return partition_beyond_disk(subject, found);
  const Bytes each(static_cast<std::int64_t>(std::min(needed, 9e18)));
  found.add(fmt::format("/topics/{}", worst),
            phrase("retention at this load needs {} on each of {} brokers, which are left when one "
                   "is gone; their disks have {} ({} is the largest)",
                   to_rounded_text(each), left, to_rounded_text(room), scenario.topics[worst].name),
            Story(subject).at(0.4, "fill_disk", R"({"machine":"broker-1"})").sets());
}

void network_beyond_card(const Subject& subject, Findings& found) {
  const Scenario& scenario = subject.scenario();
  double out = 0;
  for (const TopicSpec& topic : scenario.topics) {
    const double copies = scenario.replication_factor(topic) - 1 + subject.readers_of(topic.name);
    out += subject.load_of_topic(topic.name).peak_bytes() * copies;
  }
  const double each = out / std::max(1, scenario.broker_count() - 1);
  for (std::size_t group = 0; group < scenario.brokers.size(); ++group) {
    const BytesPerSecond card = scenario.machine(scenario.brokers[group].machine).nic.rate;
    if (each < 0.8 * static_cast<double>(card.count())) continue;
    found.add(scenario.path_of_brokers(group) + "/machine",
              phrase("at its peak a broker must send {} when one is gone, to followers and groups; "
                     "its network card has {}",
                     to_rounded_text(BytesPerSecond(static_cast<std::int64_t>(each))),
                     to_rounded_text(card)),
              Story(subject).at(0.4, "power_off", "\"broker-1\"").sets());
    return;
  }
}

}  // namespace

std::vector<LintRule> cluster_rules() {
  return {
      {"zookeeper-single", Severity::danger,
       sentence("One ZooKeeper server: nothing in the cluster can change while it is down."),
       sentence("Run three ZooKeeper servers."), "", &single_zookeeper},
      {"zookeeper-unsynced", Severity::danger,
       sentence("ZooKeeper confirms what is not on its disk."),
       sentence("Set forceSync to true and give the log a disk of its own."), "",
       &unsynced_zookeeper},
      {"session-below-pause", Severity::danger,
       sentence("ZooKeeper's session is shorter than a long garbage collection: brokers that live "
                "are declared dead."),
       sentence("Raise zookeeper.session.timeout.ms above the longest pause, or shorten pauses."),
       "", &session_below_pause},
      {"retention-beyond-disk", Severity::danger,
       sentence("What retention keeps does not fit on the disks once a broker is gone; a full disk "
                "stops its broker."),
       sentence("Keep less (retention.ms, retention.bytes), or add disks or brokers."), "",
       &retention_beyond_disk},
      {"network-beyond-card", Severity::danger,
       sentence("Peak, replication and groups together exceed network cards once a broker is "
                "gone."),
       sentence("Add brokers, faster cards, or compression."), "", &network_beyond_card},
      {"lag-below-wait", Severity::danger,
       sentence("replica.lag.time.max.ms is close to replica.fetch.wait.max.ms: the ISR flaps."),
       sentence("Keep replica.lag.time.max.ms at 30000, or many times the wait."), "",
       &lag_below_wait},
      {"session-clamped", Severity::warning,
       sentence("ZooKeeper grants another session than brokers ask for."),
       sentence("Ask for 2 to 20 ticks, or change tickTime, minSessionTimeout or "
                "maxSessionTimeout."),
       "wifi_auth_broker_crash_acks_all", &session_clamped},
      {"zookeeper-even", Severity::hint,
       sentence("An even number of ZooKeeper servers: one more to fail, none more to spare."),
       sentence("Run three or five."), "", &even_zookeeper},
  };
}

}  // namespace brokerlab::plan
