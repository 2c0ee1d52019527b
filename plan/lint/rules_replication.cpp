// Replicas: how many there are, how many must agree, and what takes several at once.
#include "base/translation.h"
#include "model/ids.h"
#include "plan/lint/rules.h"
#include "plan/lint/subject.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <map>
#include <utility>

namespace brokerlab::plan {
namespace {

using namespace brokerlab::scenarios;

struct Replication {
  int factor;
  int least;  ///< min.insync.replicas
  auto operator<=>(const Replication&) const = default;
};

/// Topics alike in this, and the path of the first.
struct Alike {
  Replication of;
  std::vector<std::string> topics;
  std::string path;
};

/// Those that `fits` takes, those alike together, in the order of the file.
std::vector<Alike> alike(const Subject& subject,
                         const std::function<bool(const TopicSpec&, Replication)>& fits) {
  const Scenario& scenario = subject.scenario();
  std::vector<Alike> all;
  for (std::size_t i = 0; i < scenario.topics.size(); ++i) {
    const TopicSpec& topic = scenario.topics[i];
    const Replication of{scenario.replication_factor(topic),
                         scenario.topic_config(topic).min_insync_replicas};
    if (!fits(topic, of)) continue;
    auto at = std::find_if(all.begin(), all.end(), [&](const Alike& one) { return one.of == of; });
    if (at == all.end()) at = all.insert(all.end(), {of, {}, fmt::format("/topics/{}", i)});
    at->topics.push_back(topic.name);
  }
  return all;
}

/// As many brokers as must agree stay, then they fall, then the others come back.
Story last_ones_fall(const Subject& subject, int stay, bool they_return) {
  const int last = subject.scenario().broker_count() - 1;
  Story story(subject);
  // The ISR shrinks once the sessions of those that fell first are over.
  const double session = to_seconds(subject.granted_session(0) + 12s) / to_seconds(story.length());
  const double fall = std::clamp(0.4 + session, 0.55, 0.75);
  story.brokers(0.4, "power_off", stay, last).brokers(fall, "power_off", 0, stay - 1);
  return story.brokers(fall + 0.1, "power_on", they_return ? 0 : stay, last);
}

void rf_one(const Subject& subject, Findings& found) {
  for (const Alike& one :
       alike(subject, [](const TopicSpec&, Replication of) { return of.factor == 1; })) {
    found.add(one.path,
              phrase("{}: replication.factor 1: when its broker is down nobody writes or reads a "
                     "partition, and when its disk is lost, so are the records",
                     names_of(one.topics)),
              Story(subject).at(0.4, "power_off", leader_of_most(one.topics.front())).sets());
  }
}

void rf_equals_min_isr(const Subject& subject, Findings& found) {
  for (const Alike& one : alike(subject, [](const TopicSpec&, Replication of) {
         return of.factor > 1 && of.least >= of.factor;
       })) {
    found.add(one.path,
              phrase("{}: replication.factor {} and min.insync.replicas {}: one broker down stops "
                     "every write with acks=all",
                     names_of(one.topics), one.of.factor, one.of.least),
              Story(subject).at(0.4, "power_off", leader_of_most(one.topics.front())).sets());
  }
}

void min_isr_one(const Subject& subject, Findings& found) {
  for (const Alike& one : alike(subject, [&](const TopicSpec&topic, Replication of) {
         return of.factor > 1 && of.least == 1 && subject.written_with_acks_all(topic.name);
       })) {
    found.add(one.path,
              phrase("{}: min.insync.replicas 1: once its followers are out, acks=all means the "
                     "leader alone, as acks=1 does",
                     names_of(one.topics)),
              last_ones_fall(subject, 1, true).sets());
  }
}

void unclean_election(const Subject& subject, Findings& found) {
  const Scenario& scenario = subject.scenario();
  for (const Alike& one : alike(subject, [&](const TopicSpec&topic, Replication of) {
         return of.factor > 1 && scenario.topic_config(topic).unclean_leader_election_enable;
       })) {
    const int stay = std::clamp(one.of.least, 1, std::max(1, scenario.broker_count() - 1));
    found.add(one.path,
              phrase("{}: unclean.leader.election.enable is on: a replica that lags may become "
                     "leader, and what it lacks is lost though it was acknowledged",
                     names_of(one.topics)),
              last_ones_fall(subject, stay, false).sets());
  }
}

void offsets_topic(const Subject& subject, Findings& found) {
  const Scenario& scenario = subject.scenario();
  const TopicSpec* declared = scenario.topic(model::offsets_topic);
  const int factor = declared != nullptr
                         ? scenario.replication_factor(*declared)
                         : scenario.brokers.front().config.offsets_topic_replication_factor;
  if (factor > 1 || subject.has_one_broker()) return;
  if (scenario.consumers.empty() && !subject.drawn_from_files()) return;
  found.add(scenario.path_of_brokers(0) + "/config/offsets.topic.replication.factor",
            phrase("__consumer_offsets has one replica: with its broker, groups stop, and with "
                   "that broker's disk they forget where they were"),
            Story(subject).each_broker_in_turn().sets());
}

void transaction_state(const Subject& subject, Findings& found) {
  const Scenario& scenario = subject.scenario();
  const bool used = std::any_of(
      scenario.producers.begin(), scenario.producers.end(),
      [](const ProducerSpec& producer) { return producer.config.transactional_id.has_value(); });
  const model::BrokerConfig& config = scenario.brokers.front().config;
  const int factor = config.transaction_state_log_replication_factor;
  if ((!used && !subject.drawn_from_files()) || subject.has_one_broker()) return;
  if (factor > 1 && factor > config.transaction_state_log_min_isr) return;
  found.add(scenario.path_of_brokers(0) + "/config/transaction.state.log.replication.factor",
            phrase("__transaction_state has replication factor {} and min ISR {}: one broker down "
                   "stops transactions",
                   factor, config.transaction_state_log_min_isr),
            Story(subject).each_broker_in_turn().sets());
}

std::string power_off_all(const Domain& domain, Story& story) {
  if (domain.drawn) {
    story.at(0.4, domain.kind == Domain::Kind::host ? "power_off" : "rack_off",
             fmt::format("\"{}\"", domain.name));
  } else {
    for (const int broker : domain.brokers) story.brokers(0.4, "power_off", broker, broker);
  }
  return domain.name;
}

/// The most replicas of a partition that may stand in it.
int worst_in(const Subject& subject, const Domain& domain, int factor) {
  const int room = static_cast<int>(domain.brokers.size());
  if (domain.kind == Domain::Kind::host || !subject.rack_aware()) return std::min(room, factor);
  const int others = std::max(1, subject.domains_of(domain.kind));
  return std::min(room, (factor + others - 1) / others);
}

void together(const Subject& subject, Findings& found, bool hosts) {
  for (const Alike& one :
       alike(subject, [](const TopicSpec&, Replication of) { return of.factor > 1; })) {
    const Domain* worst = nullptr;
    for (const Domain& domain : subject.domains()) {
      if ((domain.kind == Domain::Kind::host) != hosts) continue;
      if (domain.brokers.size() < 2) continue;
      if (worst == nullptr ||
          worst_in(subject, domain, one.of.factor) > worst_in(subject, *worst, one.of.factor)) {
        worst = &domain;
      }
    }
    if (worst == nullptr) continue;
    const int gone = worst_in(subject, *worst, one.of.factor);
    if (one.of.factor - gone >= std::max(1, one.of.least)) continue;
    Story story(subject);
    power_off_all(*worst, story);
    found.add(one.path,
              gone == one.of.factor
                  ? phrase("{}: all {} replicas of a partition may stand in {}, which fails as one",
                           names_of(one.topics), one.of.factor, worst->name)
                  : phrase("{}: {} of {} replicas of a partition may stand in {}, which fails as "
                           "one and leaves fewer than min.insync.replicas, {}",
                           names_of(one.topics), gone, one.of.factor, worst->name, one.of.least),
              story.sets());
  }
}

void rack_blind(const Subject& subject, Findings& found) { together(subject, found, false); }
void shared_host(const Subject& subject, Findings& found) { together(subject, found, true); }

void ensemble_together(const Subject& subject, Findings& found) {
  const int nodes = subject.scenario().zookeeper.nodes;
  for (const Domain& domain : subject.domains()) {
    if (domain.ensemble < 2 || nodes - domain.ensemble > nodes / 2) continue;
    Story story(subject);
    power_off_all(domain, story);
    found.add("/zookeeper",
              phrase("{} of {} ZooKeeper servers stand in {}: without it the ensemble has no "
                     "majority, and the cluster elects no leader",
                     domain.ensemble, nodes, domain.name),
              story.sets());
    return;
  }
}

void controlled_shutdown_off(const Subject& subject, Findings& found) {
  const Scenario& scenario = subject.scenario();
  for (std::size_t group = 0; group < scenario.brokers.size(); ++group) {
    if (scenario.brokers[group].config.controlled_shutdown_enable) continue;
    found.add(scenario.path_of_brokers(group) + "/config/controlled.shutdown.enable",
              phrase("controlled.shutdown.enable is off: whoever restarts a broker leaves its "
                     "partitions without a leader until somebody notices"),
              Story(subject).at(0.4, "stop_process", "\"broker-1\"").sets());
    return;
  }
}

void flush_every_record(const Subject& subject, Findings& found) {
  const Scenario& scenario = subject.scenario();
  constexpr std::int64_t few = 100;
  std::vector<std::string> topics;
  std::string path;
  std::int64_t least = few;
  for (std::size_t i = 0; i < scenario.topics.size(); ++i) {
    const std::int64_t records = scenario.topic_config(scenario.topics[i]).flush_messages;
    if (records >= few) continue;
    if (topics.empty()) path = fmt::format("/topics/{}", i);
    least = std::min(least, records);
    topics.push_back(scenario.topics[i].name);
  }
  if (topics.empty()) return;
  found.add(
      path,
      phrase("{}: flush.messages (log.flush.interval.messages) is {}: after so many records a "
             "partition is synced, and leader and followers wait for their disks with nearly "
             "each batch",
             names_of(topics), least),
      Story(subject).sets());
}

void replica_fetch_small(const Subject& subject, Findings& found) {
  const Scenario& scenario = subject.scenario();
  const TopicSpec* largest = nullptr;
  const auto most_of = [&](const TopicSpec& topic) {
    return scenario.topic_config(topic).max_message_bytes;
  };
  for (const TopicSpec& topic : scenario.topics) {
    if (largest == nullptr || most_of(topic) > most_of(*largest)) largest = &topic;
  }
  if (largest == nullptr) return;
  for (std::size_t group = 0; group < scenario.brokers.size(); ++group) {
    const Bytes fetched = scenario.brokers[group].config.replica_fetch_max_bytes;
    // Kafka's own defaults differ by the twelve bytes of a header.
    if (fetched.count() * 2 > most_of(*largest).count()) continue;
    found.add(scenario.path_of_brokers(group) + "/config/replica.fetch.max.bytes",
              phrase("followers fetch {} of a partition at a time, and {} takes batches of {}: "
                     "those go one by one, each with a round trip of its own",
                     to_text(fetched), largest->name, to_text(most_of(*largest))),
              {});
    return;
  }
}

}  // namespace

std::vector<LintRule> replication_rules() {
  return {
      {"rf-one", Severity::danger,
       sentence("A topic with one replica: every broker is a single point of failure."),
       sentence("Give it replication.factor 3 and min.insync.replicas 2."), "", &rf_one},
      {"rf-equals-min-isr", Severity::danger,
       sentence("replication.factor equals min.insync.replicas: one broker down, planned or not, "
                "stops all writes with acks=all."),
       sentence("Leave one replica more than min.insync.replicas asks for: 3 and 2."),
       "rack_switch_fails", &rf_equals_min_isr},
      {"unclean-election", Severity::danger,
       sentence("A replica that lags may be elected: availability is bought with records."),
       sentence("Set unclean.leader.election.enable to false, unless losing records is meant."),
       "wifi_auth_broker_crash", &unclean_election},
      {"offsets-topic-rf", Severity::danger,
       sentence("__consumer_offsets with one replica: all groups hang on single brokers."),
       sentence("Set offsets.topic.replication.factor to 3 before the first group commits."), "",
       &offsets_topic},
      {"transaction-state-rf", Severity::danger,
       sentence("__transaction_state with no replica to spare: one broker stops transactions."),
       sentence("Set transaction.state.log.replication.factor to 3 and its min.isr to 2."), "",
       &transaction_state},
      {"rack-blind", Severity::danger,
       sentence("Replicas are spread without regard to racks or zones, and one of those takes too "
                "many of them."),
       sentence("Spread brokers evenly over three racks or zones and tell each its broker.rack."),
       "rack_switch_fails", &rack_blind},
      {"brokers-share-host", Severity::danger,
       sentence("Brokers on one computer: its power takes several replicas at once."),
       sentence("Give each broker a computer of its own, or fewer replicas to each."), "",
       &shared_host},
      {"ensemble-together", Severity::danger,
       sentence("A majority of the ZooKeeper servers fails as one."),
       sentence("Spread the servers over three hosts, racks or zones."), "rack_switch_fails",
       &ensemble_together},
      {"min-isr-one", Severity::warning,
       sentence("acks=all with min.insync.replicas 1 waits for whoever is in sync, maybe for the "
                "leader alone."),
       sentence("Set min.insync.replicas to 2 where replication.factor is 3."),
       "wifi_auth_broker_crash", &min_isr_one},
      {"controlled-shutdown-off", Severity::warning,
       sentence("Brokers stop without handing their leaders over."),
       sentence("Set controlled.shutdown.enable to true."), "wifi_auth_broker_crash_acks_all",
       &controlled_shutdown_off},
      {"flush-every-record", Severity::warning,
       sentence(
           "Records are synced to disk one by one, or nearly so: every write waits for disks."),
       sentence("Leave log.flush.interval.messages and flush.messages at their defaults: replicas "
                "keep records."),
       "", &flush_every_record},
      {"replica-fetch-small", Severity::hint,
       sentence("Followers fetch less at a time than one batch may have: replication of large "
                "batches is slow, though it goes on."),
       sentence("Raise replica.fetch.max.bytes to message.max.bytes or more."), "",
       &replica_fetch_small, false},
  };
}

}  // namespace brokerlab::plan
