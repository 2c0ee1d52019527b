// What producers and consumers ask for, and what they count on.
#include "base/translation.h"
#include "plan/lint/rules.h"
#include "plan/lint/subject.h"

#include <fmt/format.h>

#include <algorithm>

namespace brokerlab::plan {
namespace {

using namespace brokerlab::scenarios;

std::string producer_path(std::size_t i, std::string_view setting) {
  return fmt::format("/producers/{}/config/{}", i, setting);
}
std::string consumer_path(std::size_t i, std::string_view setting) {
  return fmt::format("/consumers/{}/config/{}", i, setting);
}

std::vector<std::string> leader_falls(const Subject& subject, const std::string& topic) {
  return Story(subject).at(0.4, "power_off", leader_of_most(topic)).sets();
}

bool nothing_may_be_lost(const Scenario& scenario) {
  return std::any_of(scenario.expect.begin(), scenario.expect.end(), [](const Expectation& one) {
    const auto* none = std::get_if<NoAcknowledgedRecordLost>(&one.what);
    return none != nullptr && none->wanted;
  });
}

/// `claimed`: whether the scenario says that nothing may be lost.
void acks_below_all(const Subject& subject, Findings& found, bool claimed) {
  const Scenario& scenario = subject.scenario();
  if (nothing_may_be_lost(scenario) != claimed) return;
  for (std::size_t i = 0; i < scenario.producers.size(); ++i) {
    const ProducerSpec& producer = scenario.producers[i];
    const TopicSpec* topic = scenario.topic(producer.topic);
    if (producer.config.acks == model::Acks::all || topic == nullptr) continue;
    if (scenario.replication_factor(*topic) < 2) continue;
    const int acks = static_cast<int>(producer.config.acks);
    found.add(producer_path(i, "acks"),
              claimed ? phrase("{} writes with acks={}, and no acknowledged record may be lost: a "
                               "leader that falls takes what no follower has yet",
                               producer.name, acks)
                      : phrase("{} writes with acks={}: a leader that falls takes what no follower "
                               "has yet, though there are replicas",
                               producer.name, acks),
              leader_falls(subject, producer.topic));
  }
}

void acks_and_claims(const Subject& subject, Findings& found) {
  acks_below_all(subject, found, true);
}
void acks_weak(const Subject& subject, Findings& found) { acks_below_all(subject, found, false); }

void gives_up(const Subject& subject, Findings& found) {
  const Scenario& scenario = subject.scenario();
  Duration session{0};
  for (std::size_t group = 0; group < scenario.brokers.size(); ++group) {
    session = std::max(session, subject.granted_session(group));
  }
  for (std::size_t i = 0; i < scenario.producers.size(); ++i) {
    const ProducerSpec& producer = scenario.producers[i];
    if (producer.config.retries < 3) {
      found.add(producer_path(i, "retries"),
                phrase("{} tries a batch {} times again: a change of leader takes more",
                       producer.name, producer.config.retries),
                leader_falls(subject, producer.topic));
    } else if (producer.config.delivery_timeout < session + 5s) {
      found.add(producer_path(i, "delivery.timeout.ms"),
                phrase("{} gives a record up after {}, and a dead broker is noticed after {}: its "
                       "records are lost before there is a new leader",
                       producer.name, to_text(producer.config.delivery_timeout), to_text(session)),
                leader_falls(subject, producer.topic));
    }
  }
}

void retries_reorder(const Subject& subject, Findings& found) {
  const Scenario& scenario = subject.scenario();
  for (std::size_t i = 0; i < scenario.producers.size(); ++i) {
    const ProducerSpec& producer = scenario.producers[i];
    if (producer.config.enable_idempotence || producer.config.retries == 0) continue;
    if (producer.config.acks == model::Acks::none) continue;
    found.add(producer_path(i, "enable.idempotence"),
              phrase("{} is not idempotent: retries may write a batch twice, or behind a later one",
                     producer.name),
              leader_falls(subject, producer.topic));
  }
}

void tiny_batches(const Subject& subject, Findings& found) {
  const Scenario& scenario = subject.scenario();
  for (std::size_t i = 0; i < scenario.producers.size(); ++i) {
    const ProducerSpec& producer = scenario.producers[i];
    const Load& load = subject.loads()[i];
    if (producer.config.linger > 1ms || load.mean < 1000) continue;
    if (load.size * 8 > static_cast<double>(producer.config.batch_size.count())) continue;
    found.add(producer_path(i, "linger.ms"),
              phrase("{} sends {:.0f} records of {:.0f} bytes a second and waits {} for more: "
                     "batches of a few, and a request each; compare CPU with this run",
                     producer.name, load.mean, load.size, to_text(producer.config.linger)),
              {fmt::format("producers.{}.config.linger.ms=20", producer.name)});
  }
}

void buffer_small(const Subject& subject, Findings& found) {
  const Scenario& scenario = subject.scenario();
  for (std::size_t i = 0; i < scenario.producers.size(); ++i) {
    const ProducerSpec& producer = scenario.producers[i];
    const Load& load = subject.loads()[i];
    const double bytes = load.peak_bytes();
    if (bytes <= 0) continue;
    const double holds = static_cast<double>(producer.config.buffer_memory.count()) / bytes;
    Duration session{0};
    for (std::size_t group = 0; group < scenario.brokers.size(); ++group) {
      session = std::max(session, subject.granted_session(group));
    }
    if (holds >= to_seconds(session)) continue;
    found.add(producer_path(i, "buffer.memory"),
              phrase("{} can keep {:.1f} s of its peak, and a broker that died is missed for {}: "
                     "send() will block",
                     producer.name, holds, to_text(session)),
              leader_falls(subject, producer.topic));
  }
}

std::vector<std::string> members_stop(const Subject& subject, const ConsumerSpec& group) {
  Story story(subject);
  for (int i = 0; i < std::min(group.members, 20); ++i) {
    story.at(0.3, "kill_process", fmt::format("\"{}-{}\"", group.group, i + 1));
  }
  for (int i = 0; i < std::min(group.members, 20); ++i) {
    story.at(0.5, "start_process", fmt::format("\"{}-{}\"", group.group, i + 1));
  }
  return story.sets();
}

void poll_too_slow(const Subject& subject, Findings& found) {
  const Scenario& scenario = subject.scenario();
  for (std::size_t i = 0; i < scenario.consumers.size(); ++i) {
    const ConsumerSpec& group = scenario.consumers[i];
    const double work = to_seconds(group.service_time) * group.config.max_poll_records;
    if (work < 0.5 * to_seconds(group.config.max_poll_interval)) continue;
    found.add(consumer_path(i, "max.poll.records"),
              phrase("{}: {} records of {} take {:.0f} s, and max.poll.interval.ms is {}: after a "
                     "backlog its members are put out and begin again",
                     group.group, group.config.max_poll_records, to_text(group.service_time), work,
                     to_text(group.config.max_poll_interval)),
              members_stop(subject, group));
  }
}

void group_too_slow(const Subject& subject, Findings& found) {
  const Scenario& scenario = subject.scenario();
  for (std::size_t i = 0; i < scenario.consumers.size(); ++i) {
    const ConsumerSpec& group = scenario.consumers[i];
    if (group.service_time <= 0ns) continue;
    int partitions = 0;
    for (const std::string& name : group.topics) {
      const TopicSpec* topic = scenario.topic(name);
      if (topic != nullptr) partitions += topic->partitions;
    }
    const int workers = std::min(group.members, std::max(1, partitions));
    const double able = workers / to_seconds(group.service_time);
    const double wanted = subject.load_of(group.topics).mean;
    if (wanted > able) {
      found.add(fmt::format("/consumers/{}/members", i),
                phrase("{} can do {:.0f} records a second, and {:.0f} come: its lag grows for ever",
                       group.group, able, wanted),
                {});
    }
  }
}

void members_idle(const Subject& subject, Findings& found) {
  const Scenario& scenario = subject.scenario();
  for (std::size_t i = 0; i < scenario.consumers.size(); ++i) {
    const ConsumerSpec& group = scenario.consumers[i];
    int partitions = 0;
    for (const std::string& name : group.topics) {
      const TopicSpec* topic = scenario.topic(name);
      if (topic != nullptr) partitions += topic->partitions;
    }
    if (group.members <= partitions || partitions == 0) continue;
    found.add(fmt::format("/consumers/{}/members", i),
              phrase("{} has {} members and its topics {} partitions: some have nothing to do",
                     group.group, group.members, partitions),
              {});
  }
}

void heartbeat_slow(const Subject& subject, Findings& found) {
  const Scenario& scenario = subject.scenario();
  for (std::size_t i = 0; i < scenario.consumers.size(); ++i) {
    const ConsumerSpec& group = scenario.consumers[i];
    if (group.config.heartbeat_interval * 3 <= group.config.session_timeout) continue;
    found.add(consumer_path(i, "heartbeat.interval.ms"),
              phrase("{} has a heartbeat every {} and sessions of {}: one that is late puts a "
                     "member out",
                     group.group, to_text(group.config.heartbeat_interval),
                     to_text(group.config.session_timeout)),
              Story(subject)
                  .at(0.4, "pause",
                      fmt::format(R"({{"machine":"{}-1","for":"{}ms"}})", group.group,
                                  std::clamp<std::int64_t>(
                                      whole_millis(group.config.heartbeat_interval), 1, 3'600'000)))
                  .sets());
  }
}

}  // namespace

std::vector<LintRule> client_rules() {
  return {
      {"acks-and-claims", Severity::danger,
       sentence("No acknowledged record may be lost, but a producer does not wait for followers."),
       sentence("Set acks to all and min.insync.replicas to 2."), "wifi_auth_broker_crash",
       &acks_and_claims},
      {"producer-gives-up", Severity::danger,
       sentence("A producer gives records up before a dead broker can have been replaced."),
       sentence("Leave retries and delivery.timeout.ms (120000) at their defaults."),
       "wifi_auth_broker_crash_acks_all", &gives_up},
      {"poll-too-slow", Severity::danger,
       sentence("A full poll() takes longer than max.poll.interval.ms allows: members are put out "
                "while they work."),
       sentence("Lower max.poll.records, or raise max.poll.interval.ms."), "", &poll_too_slow},
      {"group-too-slow", Severity::danger,
       sentence("A group is slower than its topics, on the average."),
       sentence("Add members (and partitions), or shorten the work for a record."), "",
       &group_too_slow},
      {"acks-weak", Severity::warning,
       sentence("acks=0 or 1 on a topic with replicas: an acknowledged record can be lost."),
       sentence("Set acks to all where records matter."), "wifi_auth_broker_crash", &acks_weak},
      {"tiny-batches", Severity::warning,
       sentence("Small records sent at once: requests cost more than the bytes in them."),
       sentence("Set linger.ms to 5 to 100, and perhaps compression.type."), "", &tiny_batches},
      {"buffer-below-failover", Severity::warning,
       sentence("A producer's buffer.memory is full before a dead broker has been replaced."),
       sentence("Raise buffer.memory, or let the application wait."), "", &buffer_small},
      {"heartbeat-slow", Severity::warning, sentence("Fewer than three heartbeats in a session."),
       sentence("Set heartbeat.interval.ms to a third of session.timeout.ms, or less."), "",
       &heartbeat_slow},
      {"retries-reorder", Severity::hint,
       sentence("Retries without idempotence: duplicates, and another order."),
       sentence("Set enable.idempotence to true (with acks=all)."),
       "wifi_auth_broker_crash_acks_all", &retries_reorder},
      {"members-idle", Severity::hint, sentence("A group has more members than partitions."),
       sentence("Have fewer members, or more partitions."), "", &members_idle},
  };
}

}  // namespace brokerlab::plan
