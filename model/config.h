// Kafka's and ZooKeeper's settings that the model honours, under their own names with the defaults
// of Apache Kafka 3.9 (ZooKeeper mode) and ZooKeeper 3.8. A member is the setting's name with
// underscores, less its unit: zookeeper.session.timeout.ms is zookeeper_session_timeout, a
// Duration. Kafka writes milliseconds and bytes as bare integers, and so does a scenario's
// "config".
//
// Ranges and cross rules are those of Kafka's ConfigDef, KafkaConfig.validateValues, ProducerConfig
// and ConsumerConfig, narrowed where a value would make no sense in a simulation. A setting that
// Kafka has but the model does not honour is refused as such (model/kafka_settings.h): nothing is
// silently ignored.
//
// Lifetime: values. Threads: none. Errors: reading reports Problems (base/settings.h).
#pragma once

#include "base/settings_fwd.h"
#include "base/units.h"
#include "log/batch/record_batch.h"

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace brokerlab::model {

/// Codec of a producer's batches; the values are those of the record batch attributes.
enum class CompressionType : std::int8_t { none = 0, gzip = 1, snappy = 2, lz4 = 3, zstd = 4 };
/// `producer`: a broker keeps the codec a batch arrived with; else it writes batches anew.
enum class BrokerCompressionType { producer, uncompressed, gzip, snappy, lz4, zstd };
/// What becomes of old segments: deleted, compacted (of every key the last record stays), or both.
enum class CleanupPolicy { none, remove, compact, compact_and_remove };
/// Who must have a batch before the producer hears of it; the values are those of the protocol.
enum class Acks : std::int16_t { none = 0, leader = 1, all = -1 };
/// Which replica a consumer is sent to; Kafka's default is none: the leader.
enum class ReplicaSelector { rack_aware };
/// `built_in` is partitioner.class=null: by key (murmur2) or sticky when there is no key.
enum class PartitionerClass { built_in, round_robin };
enum class AutoOffsetReset { earliest, latest, none };
/// What a consumer may see of transactions that are not, or not yet, committed.
enum class IsolationLevel : std::int8_t { read_uncommitted = 0, read_committed = 1 };
enum class AssignmentStrategy { range, round_robin, sticky, cooperative_sticky };

/// Whose clock a record's timestamp is of: the producer's or the leader's.
using log::TimestampType;

struct BrokerConfig;
class TopicOverrides;

/// The settings in force for a topic, Kafka's LogConfig: its own, else the broker's. Each stands
/// once more, in the list of config.cpp: with Kafka's name for it as a topic's and as a broker's,
/// its range and its meaning.
struct TopicConfig {
  int min_insync_replicas = 1;
  Bytes max_message_bytes{1'048'588};
  Bytes segment_bytes = 1_GiB;
  Bytes index_interval_bytes = 4_KiB;
  std::int64_t flush_messages = std::numeric_limits<std::int64_t>::max();
  Duration flush_time = max_duration;  ///< flush.ms; the broker's has a rule of its own.
  bool unclean_leader_election_enable = false;
  BrokerCompressionType compression_type = BrokerCompressionType::producer;
  TimestampType message_timestamp_type = TimestampType::create_time;
  std::int64_t message_timestamp_before_max_ms = std::numeric_limits<std::int64_t>::max();
  std::int64_t message_timestamp_after_max_ms = std::numeric_limits<std::int64_t>::max();
  CleanupPolicy cleanup_policy = CleanupPolicy::remove;
  std::int64_t retention_bytes = -1;        ///< -1: no limit.
  std::int64_t retention_ms = 604'800'000;  ///< A week; -1: no limit. The broker's has a rule.
  Duration file_delete_delay = 60s;         ///< file.delete.delay.ms
  Duration segment_jitter{0};               ///< segment.jitter.ms; the broker's has a rule.
  Duration segment_time = 7 * 24h;          ///< segment.ms; the broker's has a rule.
  Bytes segment_index_bytes = 10_MiB;
  double min_cleanable_dirty_ratio = 0.5;
  Duration delete_retention = 24h;             ///< delete.retention.ms, of tombstones
  Duration min_compaction_lag{0};              ///< min.compaction.lag.ms
  Duration max_compaction_lag = max_duration;  ///< max.compaction.lag.ms
  /// Whose replication is slowed down: "*", or "0:1,0:2", partitions and brokers.
  std::string leader_replication_throttled_replicas;
  std::string follower_replication_throttled_replicas;

  bool deletes() const {
    return cleanup_policy == CleanupPolicy::remove ||
           cleanup_policy == CleanupPolicy::compact_and_remove;
  }
  bool compacts() const {
    return cleanup_policy == CleanupPolicy::compact ||
           cleanup_policy == CleanupPolicy::compact_and_remove;
  }
  static TopicConfig in_force(const BrokerConfig& broker, const TopicOverrides& topic);
};

/// What a topic sets for itself; the rest it takes from the broker. Kafka's topic names.
class TopicOverrides {
 public:
  /// nullptr: it does not say.
  template <class V>
  const V* own(V TopicConfig::*member) const {
    return given_.contains(place_of(member)) ? &(values_.*member) : nullptr;
  }
  template <class V>
  V& set(V TopicConfig::*member, V value = {}) {
    given_.insert(place_of(member));
    return values_.*member = value;
  }
  template <class V>
  void unset(V TopicConfig::*member) {
    given_.erase(place_of(member));
  }
  std::size_t count() const { return given_.size(); }

  static const Settings<TopicOverrides>& settings();

 private:
  template <class V>
  std::ptrdiff_t place_of(V TopicConfig::*member) const {
    return reinterpret_cast<const char*>(&(values_.*member)) -
           reinterpret_cast<const char*>(&values_);
  }

  TopicConfig values_;
  std::set<std::ptrdiff_t> given_;  ///< Places of members that it sets.
};

// One a broker: its settings stand as people look for them.
// NOLINTNEXTLINE(clang-analyzer-optin.performance.Padding)
struct BrokerConfig {
  // ZooKeeper.
  Duration zookeeper_session_timeout = 18s;
  std::optional<Duration> zookeeper_connection_timeout;  ///< Unset: the session timeout.
  // Threads and queues.
  int num_network_threads = 3;
  int num_io_threads = 8;
  int queued_max_requests = 500;
  std::int64_t queued_max_request_bytes = -1;  ///< -1: no limit.
  int max_connections_per_ip = std::numeric_limits<int>::max();
  int quota_window_num = 11;
  Duration quota_window_size = 1s;
  int max_incremental_fetch_session_cache_slots = 1000;
  Duration request_timeout = 30s;
  Duration connections_max_idle = 10min;
  // Topics.
  int num_partitions = 1;
  int default_replication_factor = 1;
  bool auto_create_topics_enable = true;
  bool delete_topic_enable = true;
  // Replication.
  int num_replica_fetchers = 1;
  /// Bytes a second that throttled replicas are sent, and fetch, by this broker. Kafka takes them
  /// from kafka-configs.sh only.
  std::int64_t leader_replication_throttled_rate = std::numeric_limits<std::int64_t>::max();
  std::int64_t follower_replication_throttled_rate = std::numeric_limits<std::int64_t>::max();
  int replication_quota_window_num = 11;
  Duration replication_quota_window_size = 1s;
  Duration replica_lag_time_max = 30s;
  Duration replica_fetch_wait_max = 500ms;
  Bytes replica_fetch_min_bytes{1};
  Bytes replica_fetch_max_bytes = 1_MiB;  ///< Per partition.
  Bytes replica_fetch_response_max_bytes = 10_MiB;
  Duration replica_fetch_backoff = 1s;
  Duration replica_socket_timeout = 30s;
  Duration replica_high_watermark_checkpoint_interval = 5s;
  Bytes fetch_max_bytes = 55_MiB;
  std::optional<ReplicaSelector> replica_selector_class;
  std::string broker_rack;  ///< Empty: none.
  // Controller and leadership.
  bool auto_leader_rebalance_enable = true;
  int leader_imbalance_per_broker_percentage = 10;
  Duration leader_imbalance_check_interval = 300s;
  bool controlled_shutdown_enable = true;
  int controlled_shutdown_max_retries = 3;
  Duration controlled_shutdown_retry_backoff = 5s;
  Duration controller_socket_timeout = 30s;
  // Log.
  TopicConfig topics;  ///< Of topics that do not say: min.insync.replicas, log.segment.bytes ...
  std::optional<Duration> log_flush_scheduler_interval;  ///< Unset: never.
  std::optional<Duration> log_flush_interval;            ///< Unset: the scheduler's.
  Duration log_flush_offset_checkpoint_interval = 60s;
  Duration log_flush_start_offset_checkpoint_interval = 60s;
  Duration log_initial_task_delay = 30s;
  Duration log_retention_check_interval = 5min;
  std::optional<std::int64_t> log_retention_ms;  ///< Unset: the minutes.
  std::optional<int> log_retention_minutes;      ///< Unset: the hours.
  int log_retention_hours = 168;
  std::optional<Duration> log_roll;  ///< log.roll.ms; unset: the hours.
  int log_roll_hours = 168;
  std::optional<Duration> log_roll_jitter;  ///< log.roll.jitter.ms; unset: the hours.
  int log_roll_jitter_hours = 0;
  bool log_cleaner_enable = true;
  int log_cleaner_threads = 1;
  Bytes log_cleaner_dedupe_buffer_size = 128_MiB;  ///< Of all threads.
  double log_cleaner_io_buffer_load_factor = 0.9;  ///< Of that buffer, whatever its name says.
  Bytes log_cleaner_io_buffer_size = 512_KiB;      ///< Of all threads.
  std::optional<double> log_cleaner_io_max_bytes_per_second;  ///< Unset: no limit.
  Duration log_cleaner_backoff = 15s;
  int num_recovery_threads_per_data_dir = 1;
  // Producers.
  Duration producer_id_expiration = 24h;
  Duration producer_id_expiration_check_interval = 10min;
  // Transactions.
  Duration transaction_max_timeout = 15min;
  Duration transactional_id_expiration = 7 * 24h;
  Duration transaction_abort_timed_out_transaction_cleanup_interval = 10s;
  Duration transaction_remove_expired_transaction_cleanup_interval = 1h;
  bool transaction_partition_verification_enable = true;
  int transaction_state_log_num_partitions = 50;
  int transaction_state_log_replication_factor = 3;
  int transaction_state_log_min_isr = 2;
  Bytes transaction_state_log_segment_bytes = 100_MiB;
  // Groups.
  Duration group_initial_rebalance_delay = 3s;
  Duration group_min_session_timeout = 6s;
  Duration group_max_session_timeout = 30min;
  int group_max_size = std::numeric_limits<int>::max();
  int offsets_topic_num_partitions = 50;
  int offsets_topic_replication_factor = 3;
  Bytes offsets_topic_segment_bytes = 100_MiB;
  Duration offsets_commit_timeout = 5s;
  Duration offsets_retention = 7 * 24h;
  Duration offsets_retention_check_interval = 10min;

  static const Settings<BrokerConfig>& settings();
};

/// What the configurations of all clients have in common (CommonClientConfigs).
struct ClientConfig {
  Duration request_timeout = 30s;
  Duration retry_backoff = 100ms;
  Duration retry_backoff_max = 1s;
  Duration reconnect_backoff = 50ms;
  Duration reconnect_backoff_max = 1s;
  Duration socket_connection_setup_timeout = 10s;
  Duration socket_connection_setup_timeout_max = 30s;
  Duration connections_max_idle = 9min;
  Duration metadata_max_age = 5min;
};

struct ProducerConfig : ClientConfig {
  Acks acks = Acks::all;
  bool enable_idempotence = true;
  std::optional<std::string> transactional_id;
  Duration transaction_timeout = 1min;
  int retries = std::numeric_limits<int>::max();
  Duration delivery_timeout = 2min;
  Duration linger{0};
  Bytes batch_size = 16_KiB;
  Bytes buffer_memory = 32_MiB;
  Duration max_block = 60s;
  Bytes max_request_size = 1_MiB;
  int max_in_flight_requests_per_connection = 5;
  CompressionType compression_type = CompressionType::none;
  PartitionerClass partitioner_class = PartitionerClass::built_in;
  bool partitioner_adaptive_partitioning_enable = true;
  Duration partitioner_availability_timeout{0};  ///< 0: no partition is ever left out.
  bool partitioner_ignore_keys = false;

  static const Settings<ProducerConfig>& settings();
};

/// How an application with a transactional.id uses transactions. Not Kafka's: what its code does.
struct TransactionUse {
  std::int64_t records = 100;     ///< It commits with so many records,
  Duration length{0};             ///< or at the end of a poll, when it is open for so long.
  std::int64_t abort_one_in = 0;  ///< Of so many one is aborted on purpose; 0: none.

  static const Settings<TransactionUse>& settings();
};

struct ConsumerConfig : ClientConfig {
  Duration session_timeout = 45s;
  Duration heartbeat_interval = 3s;
  Duration max_poll_interval = 5min;
  int max_poll_records = 500;
  Duration default_api_timeout = 60s;
  Bytes fetch_min_bytes{1};
  Duration fetch_max_wait = 500ms;
  Bytes fetch_max_bytes = 50_MiB;
  Bytes max_partition_fetch_bytes = 1_MiB;
  bool enable_auto_commit = true;
  Duration auto_commit_interval = 5s;
  AutoOffsetReset auto_offset_reset = AutoOffsetReset::latest;
  bool allow_auto_create_topics = true;
  /// The group takes the one that all members know and most like best.
  std::vector<AssignmentStrategy> partition_assignment_strategy = {
      AssignmentStrategy::range, AssignmentStrategy::cooperative_sticky};
  std::string client_rack;  ///< Empty: none.
  /// Of a static member (KIP-345); unset: a dynamic one.
  std::optional<std::string> group_instance_id;
  bool leave_group_on_close = true;
  bool check_crcs = true;
  IsolationLevel isolation_level = IsolationLevel::read_uncommitted;

  static const Settings<ConsumerConfig>& settings();
};

/// zoo.cfg, with the values of ZooKeeper's zoo_sample.cfg where the code has no default.
struct ZooKeeperConfig {
  Duration tick_time = 2s;                      ///< tickTime
  int init_limit = 10;                          ///< initLimit, ticks
  int sync_limit = 5;                           ///< syncLimit, ticks
  std::optional<Duration> min_session_timeout;  ///< Unset: 2 ticks.
  std::optional<Duration> max_session_timeout;  ///< Unset: 20 ticks.
  int snap_count = 100'000;                     ///< snapCount, transactions
  bool force_sync = true;                       ///< forceSync: sync the log before an ack.
  Duration cnx_timeout = 5s;                    ///< cnxTimeout, of an election connection
  Duration finalize_wait = 200ms;               ///< finalizeWait, of a leader election

  Duration min_granted_session() const { return min_session_timeout.value_or(2 * tick_time); }
  Duration max_granted_session() const { return max_session_timeout.value_or(20 * tick_time); }
  /// The timeout the server grants a session that asks for `requested`.
  Duration granted_session(Duration requested) const;

  static const Settings<ZooKeeperConfig>& settings();
};

}  // namespace brokerlab::model
