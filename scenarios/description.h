// A scenario: one experiment as data. Cluster, clients, load, faults and what is expected of the
// run, read from a JSON file (scenario.schema.json describes it; scenarios/library has examples).
// Everything a run depends on is in here: a run is a pure function of (scenario, seed, version).
//
// Machines are not listed but derived, with these names: broker-1 .., zookeeper-1 .., each
// producer's own name, and <group>-1 .. for a consumer group's members. Each has hardware of its
// own, a host of its name, unless one of `hosts` names it.
//
// Lifetime: values. Threads: none. Errors: read with load_scenario() (scenarios/loader.h), which
// lists every mistake; a Scenario that it returned has passed all cross checks.
#pragma once

#include "base/settings_fwd.h"
#include "base/units.h"
#include "model/client/consumer.h"
#include "model/client_quota.h"
#include "model/config.h"
#include "recording/scope.h"
#include "scenarios/fault.h"
#include "scenarios/lesson.h"
#include "scenarios/local_text.h"
#include "scenarios/operations/operation.h"
#include "scenarios/sources/source_spec.h"
#include "sim/hardware.h"
#include "sim/topology_config.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace brokerlab::scenarios {

struct ZooKeeperSpec {
  int nodes = 3;
  std::string machine;  ///< A name under "hardware"; empty: the default machine.
  model::ZooKeeperConfig config;
  static const Settings<ZooKeeperSpec>& settings();
};

/// Brokers that are all alike. A cluster may have several such groups.
struct BrokersSpec {
  int count = 3;
  std::string machine;
  model::BrokerConfig config;
  bool old_truncation = false;  ///< JSON: "truncation": by high watermark, as before KIP-101.
  static const Settings<BrokersSpec>& settings();
};

struct TopicSpec {
  std::string name;
  int partitions = 1;
  std::optional<int> replication_factor;  ///< Unset: default.replication.factor of the brokers.
  /// Of each partition, by numbers of brokers, the preferred leader first; empty: the controller
  /// places them. Loading has set partitions and replication_factor.
  std::vector<std::vector<int>> replicas;
  bool auto_created = false;  ///< Made by brokers when a client asks for it.
  model::TopicOverrides config;
  static const Settings<TopicSpec>& settings();
};

/// How the program of a producer treats the rows of its table.
struct TableSpec {
  bool marks_before_sending = false;
  Duration mark_time{0};
  bool new_producer_each = false;
  bool waits_for_each = false;
  Duration send_timeout = 10s;
  std::optional<Duration> rests_from;  ///< Times of day; both or none.
  std::optional<Duration> rests_until;
  static const Settings<TableSpec>& settings();
};

/// A program that polls its source as one polls a table: every poll_interval it asks for the rows
/// that are new (query_time), then sends each one (service_time before each).
struct ProducerSpec {
  std::string name;
  std::string machine;
  std::string source;
  std::string topic;
  std::optional<std::string> key;  ///< Of a file's rows: the column that is the key; unset: none.
  Duration poll_interval = 1s;
  Duration query_time = 5ms;
  Duration service_time = 100us;
  model::TransactionUse transaction;
  std::optional<TableSpec> table;
  model::ProducerConfig config;
  static const Settings<ProducerSpec>& settings();
};

/// When a group commits by itself; not used when enable.auto.commit is on.
using model::CommitPoint;

/// What the application of a group's members does at a date, beside reading.
struct ConsumerActionSpec {
  int member = 0;  ///< From 1; 0: all.
  model::ConsumerAction action;
  static const Settings<ConsumerActionSpec>& settings();
};

/// By what a stream processor counts, when not by the key that records have.
struct GroupBySpec {
  int keys = 8;  ///< So many; which one, the record's own key decides.
  std::string
      topic;  ///< That the records are sent on to with the new key; the group reads it, too.
  static const Settings<GroupBySpec>& settings();
};

/// What the members of a group are when they are an application of Kafka Streams.
struct StreamSpec {
  enum class Guarantee { at_least_once, exactly_once_v2 };
  std::string output;     ///< Topic of its results.
  std::string changelog;  ///< Topic that backs up its store.
  std::optional<GroupBySpec> group_by;
  Duration window = 10s;
  Guarantee guarantee = Guarantee::at_least_once;
  /// Unset: Kafka's, 30 s, or 100 ms with exactly_once_v2.
  std::optional<Duration> commit_interval;

  bool exactly_once() const { return guarantee == Guarantee::exactly_once_v2; }
  Duration commits_every() const {
    return commit_interval.value_or(exactly_once() ? Duration(100ms) : Duration(30s));
  }
  /// As StreamsConfig makes it.
  model::ProducerConfig producer_config(const std::string& transactional_id) const;
  static const Settings<StreamSpec>& settings();
};

/// What the members of a group are when they work in batches.
struct BatchSpec {
  Duration every = 10s;
  Duration write_time{0};
  static const Settings<BatchSpec>& settings();
};

struct ConsumerSpec {
  std::string group;
  int members = 1;
  std::string machine;
  std::vector<std::string> topics;
  Duration service_time = 1ms;  ///< Spent on every record before the next one.
  /// Unset: not by itself, for enable.auto.commit is on. Otherwise loading has set it.
  std::optional<CommitPoint> commit;
  std::vector<ConsumerActionSpec> actions;
  std::optional<StreamSpec> stream;  ///< They are stream processors.
  std::optional<BatchSpec> batches;  ///< They work in batches.
  model::ConsumerConfig config;
  static const Settings<ConsumerSpec>& settings();
};

/// A program beside, of which only the load is known (scenarios/background.h).
struct BackgroundSpec {
  std::string name;
  double cpu_share = 0;  ///< Of all cores.
  BytesPerSecond disk_reads{0};
  BytesPerSecond disk_writes{0};
  int disk = 1;  ///< Which, from 1.
  static const Settings<BackgroundSpec>& settings();
};

/// One computer for several of the cluster's machines.
struct HostSpec {
  std::string name;
  std::string machine;
  std::vector<std::string> processes;  ///< Names; "broker-*" stands for all that begin so.
  std::vector<BackgroundSpec> background;
  static const Settings<HostSpec>& settings();
};

/// Every record that a producer was told is stored is in the log at the end, or was consumed.
struct NoAcknowledgedRecordLost {
  bool wanted = true;
};
/// The longest time any one partition was not available for produce (scenarios/availability.h).
struct UnavailabilityBelow {
  Duration limit{0};
};
/// The same for fetch.
struct FetchUnavailabilityBelow {
  Duration limit{0};
};
enum class RequestSide { produce, fetch };
/// Limits that hold for every partition by itself.
struct AvailabilityWithin {
  std::optional<std::string> topic;  ///< Unset: of all topics.
  RequestSide of = RequestSide::produce;
  std::optional<Duration> longest;
  std::optional<Duration> total;
  std::optional<int> times;
  static const Settings<AvailabilityWithin>& settings();
};
/// At the end every group has processed every acknowledged record of its topics that is not lost,
/// readable or not, and does not lag.
struct AllRecordsConsumed {
  bool wanted = true;
};
/// A number of the report (scenarios/figures.h) within limits.
struct FigureWithin {
  std::string of;
  std::optional<double> at_least;
  std::optional<double> at_most;
  static const Settings<FigureWithin>& settings();
};
struct Expectation {
  std::variant<NoAcknowledgedRecordLost, UnavailabilityBelow, FetchUnavailabilityBelow,
               AvailabilityWithin, AllRecordsConsumed, FigureWithin>
      what;
  static const Settings<Expectation>& settings();
};

/// What a recording of the run keeps; scenarios/selection.h has the rules. Never changes the run.
struct RecordingSpec {
  recording::Level level = recording::Level::all;
  std::int64_t sample = 100;        ///< One in so many, at the level `sampled`.
  std::optional<Duration> from{};   ///< From here ...
  std::optional<Duration> until{};  ///< ... to here everything is kept. Both unset: no such window.
  static const Settings<RecordingSpec>& settings();
};

struct Scenario {
  std::optional<std::string> editor_schema;  ///< JSON: "$schema", for editors; dropped in loading.
  std::string name;
  LocalText title;
  LocalText story;
  std::optional<LessonSpec> lesson;  ///< Of the library: theme, question, what proves the story.
  std::string notes;
  Duration starts_at{0};  ///< Time of day at which the run begins, for people.
  Duration duration = 1min;
  std::int64_t seed = 1;
  std::map<std::string, sim::MachineConfig> hardware;
  sim::NetworkConfig network;
  std::optional<sim::TopologyConfig> topology;  ///< Unset: one switch that never blocks.
  ZooKeeperSpec zookeeper;
  std::vector<BrokersSpec> brokers{BrokersSpec{}};  ///< At least one group; ids go on over them.
  std::vector<TopicSpec> topics;
  std::vector<SourceSpec> sources;
  std::vector<ProducerSpec> producers;
  std::vector<ConsumerSpec> consumers;
  std::vector<HostSpec> hosts;
  std::vector<model::ClientQuota> quotas;
  std::vector<Fault> faults;
  std::vector<Operation> operations;
  std::vector<Expectation> expect;
  RecordingSpec recording;

  // Not part of the JSON.
  std::string directory;        ///< Of the file; data files are relative to it.
  bool brokers_listed = false;  ///< The file has a list of groups, not one by itself.

  const TopicSpec* topic(std::string_view name_of_topic) const;     ///< Null when there is none.
  const SourceSpec* source(std::string_view name_of_source) const;  ///< Null when there is none.
  /// The machine kind of that name; the default machine for an empty name.
  sim::MachineConfig machine(const std::string& kind) const;
  int broker_count() const;
  int brokers_at_start() const;  ///< Less those that an operation adds.
  /// Whether an operation makes the topic: it is not there before.
  bool is_made_later(std::string_view topic) const;
  /// Whether an operation adds the broker ("broker-4"): it is not there before.
  bool is_added_later(std::string_view broker) const;
  /// The group of a broker; brokers are counted from 0 over all groups.
  std::size_t group_of_broker(int broker) const;
  /// "/brokers", or "/brokers/1".
  std::string path_of_brokers(std::size_t group) const;
  int replication_factor(const TopicSpec& of) const;
  /// In force on the brokers of that group.
  model::TopicConfig topic_config(const TopicSpec& of, std::size_t group = 0) const;
  /// Path of a data file, to be opened, by its name as written.
  std::string path_of(const std::string& file) const;

  static const Settings<Scenario>& settings();
};

enum class Role { zookeeper, broker, producer, consumer };

struct MachineRole {
  std::string name;  ///< "broker-1", "wifi-auth", "nifi-2".
  Role role;
  int index = 0;         ///< From 0: which broker, node, producer spec, or member of its group.
  std::size_t spec = 0;  ///< Which element of scenario.brokers, .producers or .consumers; else 0.
  std::string kind;      ///< The name under "hardware".
  std::string host;      ///< Whose hardware it has; its own name when it has its own.
};

/// All machines of a scenario: ensemble, brokers, producers, consumers, in the order of the file.
std::vector<MachineRole> machines_of(const Scenario& scenario);

/// Whether "broker-*" means "broker-12": a star stands for any text.
bool fits_pattern(std::string_view pattern, std::string_view name);

struct HostRole {
  std::string name;
  std::string kind;
  const HostSpec* spec = nullptr;  ///< nullptr: of one machine, by itself.
};
/// The hosts of these machines, in the order of their first ones.
std::vector<HostRole> hosts_of(const Scenario& scenario, const std::vector<MachineRole>& machines);

}  // namespace brokerlab::scenarios
