#include "model/config.h"

#include "base/settings.h"
#include "base/translation.h"
#include "model/kafka_settings.h"

#include <algorithm>

namespace brokerlab::model {
namespace {

using setting::byte_count;
using setting::integer;
using setting::integer64;
using setting::long_max;
using setting::millis;
using setting::whole_seconds;

SettingType<TimestampType> timestamp_type() {
  return setting::names<TimestampType>({{"CreateTime", TimestampType::create_time},
                                        {"LogAppendTime", TimestampType::log_append_time}});
}

SettingType<AssignmentStrategy> assignment_strategy() {
  using S = AssignmentStrategy;
  return setting::names<S>(
      {{"range", S::range},
       {"roundrobin", S::round_robin},
       {"sticky", S::sticky},
       {"cooperative-sticky", S::cooperative_sticky},
       {"org.apache.kafka.clients.consumer.RangeAssignor", S::range},
       {"org.apache.kafka.clients.consumer.RoundRobinAssignor", S::round_robin},
       {"org.apache.kafka.clients.consumer.StickyAssignor", S::sticky},
       {"org.apache.kafka.clients.consumer.CooperativeStickyAssignor", S::cooperative_sticky}});
}

SettingType<BrokerCompressionType> broker_compression() {
  return setting::names<BrokerCompressionType>(
      {{"producer", BrokerCompressionType::producer},
       {"uncompressed", BrokerCompressionType::uncompressed},
       {"gzip", BrokerCompressionType::gzip},
       {"snappy", BrokerCompressionType::snappy},
       {"lz4", BrokerCompressionType::lz4},
       {"zstd", BrokerCompressionType::zstd}});
}

SettingType<CleanupPolicy> cleanup_policy() {
  return setting::names<CleanupPolicy>({{"delete", CleanupPolicy::remove},
                                        {"compact", CleanupPolicy::compact},
                                        {"compact,delete", CleanupPolicy::compact_and_remove},
                                        {"delete,compact", CleanupPolicy::compact_and_remove},
                                        {"", CleanupPolicy::none}});
}

/// ThrottledReplicaListValidator.
SettingType<std::string> throttled_replicas() {
  return setting::text(100'000, R"(\*|([0-9]+:[0-9]+(,[0-9]+:[0-9]+)*)?)",
                       sentence("\"*\" or pairs of a partition and a broker, such as \"0:1,0:2\""));
}

/// Every setting of a topic, once: `declare` is called with the member, its name as a topic's, the
/// broker's that holds for topics that do not say (LogConfig.TopicConfigSynonyms; "": none of its
/// own), its type and its meaning.
template <class Declare>
void each_topic_setting(Declare declare) {
  using C = TopicConfig;
  declare.template operator()<&C::min_insync_replicas>(
      "min.insync.replicas", "min.insync.replicas", integer(1, 32767),
      "In-sync replicas that a write with acks=all needs.");
  declare.template operator()<&C::max_message_bytes>("max.message.bytes", "message.max.bytes",
                                                     byte_count(0),
                                                     "The largest record batch accepted.");
  declare.template operator()<&C::segment_bytes>("segment.bytes", "log.segment.bytes",
                                                 byte_count(14),
                                                 "A segment file is closed at this size.");
  declare.template operator()<&C::index_interval_bytes>("index.interval.bytes",
                                                        "log.index.interval.bytes", byte_count(0),
                                                        "Log bytes between two index entries.");
  declare.template operator()<&C::flush_messages>(
      "flush.messages", "log.flush.interval.messages", integer64(1),
      "Records between syncs of a partition; the default never syncs.");
  declare.template operator()<&C::flush_time>(
      "flush.ms", "", millis(0, long_max),
      "Synced when unsynced for this long, at the broker's log.flush.scheduler.interval.ms.");
  declare.template operator()<&C::unclean_leader_election_enable>(
      "unclean.leader.election.enable", "unclean.leader.election.enable", setting::boolean(),
      "Elect a replica outside the ISR when no other is left; loses records.");
  declare.template operator()<&C::compression_type>(
      "compression.type", "compression.type", broker_compression(),
      "The codec batches are kept with; \"producer\" keeps the producer's.");
  declare.template operator()<&C::message_timestamp_type>(
      "message.timestamp.type", "log.message.timestamp.type", timestamp_type(),
      "Whose clock timestamps are of: CreateTime the producer's, LogAppendTime the leader's.");
  declare.template operator()<&C::message_timestamp_before_max_ms>(
      "message.timestamp.before.max.ms", "log.message.timestamp.before.max.ms", integer64(0),
      "Records whose timestamp lies further behind the leader's clock are refused.");
  declare.template operator()<&C::message_timestamp_after_max_ms>(
      "message.timestamp.after.max.ms", "log.message.timestamp.after.max.ms", integer64(0),
      "Records whose timestamp lies further ahead of the leader's clock are refused.");
  declare.template operator()<&C::cleanup_policy>("cleanup.policy", "log.cleanup.policy",
                                                  cleanup_policy(),
                                                  "What becomes of segments that are old.");
  declare.template operator()<&C::retention_ms>(
      "retention.ms", "", integer64(-1),
      "A segment whose newest record is older than this is deleted; -1: none is.");
  declare.template operator()<&C::retention_bytes>(
      "retention.bytes", "log.retention.bytes", integer64(-1),
      "The oldest segments of a partition are deleted as long as so much is left; -1: none is.");
  declare.template operator()<&C::file_delete_delay>(
      "file.delete.delay.ms", "log.segment.delete.delay.ms", millis(0, long_max),
      "A deleted segment's files stay on the disk for so long.");
  declare.template operator()<&C::segment_time>(
      "segment.ms", "", millis(1, long_max),
      "A segment file is closed when a record comes so long after its first one.");
  declare.template operator()<&C::segment_jitter>(
      "segment.jitter.ms", "", millis(0, long_max),
      "A segment file is closed up to so much earlier than segment.ms, by chance.");
  declare.template operator()<&C::segment_index_bytes>(
      "segment.index.bytes", "log.index.size.max.bytes", byte_count(24),
      "A segment file is closed when one of its indexes is this large.");
  declare.template operator()<&C::min_cleanable_dirty_ratio>(
      "min.cleanable.dirty.ratio", "log.cleaner.min.cleanable.ratio", setting::real(0, 1),
      "A log is compacted when more than this part of its bytes was never cleaned.");
  declare.template operator()<&C::delete_retention>(
      "delete.retention.ms", "log.cleaner.delete.retention.ms", millis(0, long_max),
      "A tombstone stays so long after the first cleaning that met it.");
  declare.template operator()<&C::min_compaction_lag>(
      "min.compaction.lag.ms", "log.cleaner.min.compaction.lag.ms", millis(0, long_max),
      "A record is not compacted away before it is so old.");
  declare.template operator()<&C::max_compaction_lag>(
      "max.compaction.lag.ms", "log.cleaner.max.compaction.lag.ms", millis(1, long_max),
      "A log whose oldest dirty record is older is compacted, however few they are.");
  declare.template operator()<&C::leader_replication_throttled_replicas>(
      "leader.replication.throttled.replicas", "", throttled_replicas(),
      "Replicas that send no more to followers than leader.replication.throttled.rate.");
  declare.template operator()<&C::follower_replication_throttled_replicas>(
      "follower.replication.throttled.replicas", "", throttled_replicas(),
      "Replicas that fetch no more than follower.replication.throttled.rate.");
}

struct DeclareForBroker {
  Settings<BrokerConfig>& settings;
  template <auto member, class Type>
  void operator()(const char*, const char* broker, Type type, const char* meaning) const {
    if (*broker != '\0') settings.field(broker, &BrokerConfig::topics, member, type, meaning);
  }
};

/// Absent or null means that the topic does not say.
struct DeclareForTopic {
  Settings<TopicOverrides>& settings;
  template <auto member, class Type>
  void operator()(const char* topic, const char*, Type type, const char* meaning) const {
    detail::ContainerOps ops;
    ops.clear = [](void* to) { static_cast<TopicOverrides*>(to)->unset(member); };
    ops.add = [](void* to, const std::string&) -> void* {
      return &static_cast<TopicOverrides*>(to)->set(member);
    };
    ops.each = [](const void* from, const detail::ContainerOps::Visit& visit) {
      if (const auto* own = static_cast<const TopicOverrides*>(from)->own(member)) visit("", own);
    };
    settings.field_of_all(topic, detail::optional_type(type.erased, ops), meaning);
  }
};

using TakeOver = void (*)(TopicConfig& to, const TopicOverrides& from);
struct CollectTakeOvers {
  std::vector<TakeOver>& all;
  template <auto member, class Type>
  void operator()(const char*, const char*, Type, const char*) const {
    all.push_back([](TopicConfig& to, const TopicOverrides& from) {
      if (const auto* own = from.own(member)) to.*member = *own;
    });
  }
};

/// Nothing of Kafka's is unknown, though not all of it is modelled.
template <class T>
Settings<T>& add_other_settings(Settings<T>& settings, Component component) {
  return settings.elsewhere(
      [component](std::string_view key) { return about_kafka_setting(component, key); },
      kafka_setting_names(component));
}

std::string in_millis(Duration d) { return fmt::format("{} ms", whole_millis(d)); }

/// The settings every Kafka client has; the rules of CommonClientConfigs.
template <class T>
void add_client_settings(Settings<T>& s) {
  s.field("request.timeout.ms", &T::request_timeout, millis(1),
          "A request without a response for this long has failed.")
      .field("retry.backoff.ms", &T::retry_backoff, millis(0, long_max),
             "Wait before a failed request is sent again; doubles with every failure.")
      .field("retry.backoff.max.ms", &T::retry_backoff_max, millis(0, long_max),
             "The longest such wait.")
      .field("reconnect.backoff.ms", &T::reconnect_backoff, millis(0, long_max),
             "Wait before connecting again; doubles with every failure.")
      .field("reconnect.backoff.max.ms", &T::reconnect_backoff_max, millis(0, long_max),
             "The longest such wait.")
      .field("socket.connection.setup.timeout.ms", &T::socket_connection_setup_timeout,
             millis(1, long_max), "Wait for a TCP connection; doubles with every failure.")
      .field("socket.connection.setup.timeout.max.ms", &T::socket_connection_setup_timeout_max,
             millis(1, long_max), "The longest such wait.")
      .field("connections.max.idle.ms", &T::connections_max_idle, millis(1, long_max),
             "A connection on which nothing happened for this long is closed.")
      .field("metadata.max.age.ms", &T::metadata_max_age, millis(0, long_max),
             "Metadata older than this is fetched again.")
      .check([](const T& config, FieldReport& report) {
        const auto warn_shorter = [&](Duration first, Duration longest, const char* name,
                                      const char* other) {
          if (first <= longest) return;
          report.warning(
              name, tr("exceeds {}, {}, so every wait is that one", other, in_millis(longest)));
        };
        warn_shorter(config.retry_backoff, config.retry_backoff_max, "retry.backoff.ms",
                     "retry.backoff.max.ms");
        warn_shorter(config.reconnect_backoff, config.reconnect_backoff_max, "reconnect.backoff.ms",
                     "reconnect.backoff.max.ms");
      });
}

void add_replication_settings(Settings<BrokerConfig>& s) {
  using C = BrokerConfig;
  s.field("num.partitions", &C::num_partitions, integer(1, 10'000),
          "Partitions of a topic that does not say.")
      .field("default.replication.factor", &C::default_replication_factor, integer(1, 32767),
             "Replicas of a topic that does not say.")
      .field("delete.topic.enable", &C::delete_topic_enable, "Topics may be deleted.")
      .field("auto.create.topics.enable", &C::auto_create_topics_enable,
             "A topic that a client asks for is made, with num.partitions and "
             "default.replication.factor.")
      .field("leader.replication.throttled.rate", &C::leader_replication_throttled_rate,
             integer64(0),
             "Bytes a second that it sends of replicas that are throttled as leaders; followers in "
             "sync are not held back. Kafka has it from kafka-configs.sh only.")
      .field("follower.replication.throttled.rate", &C::follower_replication_throttled_rate,
             integer64(0),
             "The same of what it fetches of replicas that are throttled as followers.")
      .field("replication.quota.window.num", &C::replication_quota_window_num, integer(1),
             "Samples over which these rates are measured.")
      .field("replication.quota.window.size.seconds", &C::replication_quota_window_size,
             setting::whole_seconds(1), "How long a sample lasts.")
      .field("num.replica.fetchers", &C::num_replica_fetchers, integer(1, 1024),
             "Fetcher threads per source broker.")
      .field("replica.lag.time.max.ms", &C::replica_lag_time_max, millis(1, long_max),
             "A follower that has not caught up for this long leaves the ISR.")
      .field("replica.fetch.wait.max.ms", &C::replica_fetch_wait_max, millis(0),
             "The longest a follower's fetch waits at the leader.")
      .field("replica.fetch.min.bytes", &C::replica_fetch_min_bytes, byte_count(0),
             "Bytes that release a waiting fetch of a follower.")
      .field("replica.fetch.max.bytes", &C::replica_fetch_max_bytes, byte_count(0),
             "Bytes of one partition in a follower's fetch.")
      .field("replica.fetch.response.max.bytes", &C::replica_fetch_response_max_bytes,
             byte_count(0), "Bytes of a whole fetch response to a follower.")
      .field("replica.fetch.backoff.ms", &C::replica_fetch_backoff, millis(0),
             "Wait after a failed fetch.")
      .field("replica.socket.timeout.ms", &C::replica_socket_timeout, millis(1),
             "A follower gives up a fetch after this silence.")
      .field("replica.high.watermark.checkpoint.interval.ms",
             &C::replica_high_watermark_checkpoint_interval, millis(1, long_max),
             "How often high watermarks are saved to disk.")
      .field("fetch.max.bytes", &C::fetch_max_bytes, byte_count(1024),
             "The most that one fetch response may hold.")
      .field("replica.selector.class", &C::replica_selector_class,
             setting::names<ReplicaSelector>(
                 {{"RackAwareReplicaSelector", ReplicaSelector::rack_aware},
                  {"org.apache.kafka.common.replica.RackAwareReplicaSelector",
                   ReplicaSelector::rack_aware}}),
             "Sends a consumer that says its client.rack to a replica there; unset: everyone reads "
             "from the leader.")
      .field("broker.rack", &C::broker_rack, setting::text(249),
             "Where the broker is; empty: it does not say.");
}

void add_controller_settings(Settings<BrokerConfig>& s) {
  using C = BrokerConfig;
  s.field("auto.leader.rebalance.enable", &C::auto_leader_rebalance_enable,
          "Give leadership back to preferred replicas.")
      .field("leader.imbalance.per.broker.percentage", &C::leader_imbalance_per_broker_percentage,
             integer(0, 100), "The imbalance of a broker that starts a rebalance.")
      .field("leader.imbalance.check.interval.seconds", &C::leader_imbalance_check_interval,
             whole_seconds(1, long_max), "How often the imbalance is checked.")
      .field("controlled.shutdown.max.retries", &C::controlled_shutdown_max_retries, integer(0),
             "How often a stopping broker asks the controller to move its leaders.")
      .field("controlled.shutdown.retry.backoff.ms", &C::controlled_shutdown_retry_backoff,
             millis(0, long_max), "Wait between two such requests.")
      .field("controlled.shutdown.enable", &C::controlled_shutdown_enable,
             "Move leaders away before a broker stops.")
      .field("controller.socket.timeout.ms", &C::controller_socket_timeout, millis(1),
             "The controller gives up a request to a broker after this silence.");
}

void add_log_settings(Settings<BrokerConfig>& s) {
  using C = BrokerConfig;
  each_topic_setting(DeclareForBroker{s});
  s.field("log.flush.interval.ms", &C::log_flush_interval, millis(0, long_max),
          "A partition unsynced for this long is synced when the scheduler looks; unset: the "
          "scheduler's interval.")
      .field("log.flush.scheduler.interval.ms", &C::log_flush_scheduler_interval,
             millis(0, long_max),
             "How often the broker looks for partitions to sync; unset: never, and then "
             "flush.ms has no effect, as in Kafka.")
      .field("log.flush.offset.checkpoint.interval.ms", &C::log_flush_offset_checkpoint_interval,
             millis(1), "How often recovery points are saved.")
      .field("log.flush.start.offset.checkpoint.interval.ms",
             &C::log_flush_start_offset_checkpoint_interval, millis(1),
             "How often it is saved where logs begin.")
      .field("log.initial.task.delay.ms", &C::log_initial_task_delay, millis(0, long_max),
             "The broker's work on its logs (retention, syncs, checkpoints, deletion) begins so "
             "long after its start.")
      .field("log.retention.check.interval.ms", &C::log_retention_check_interval,
             millis(1, long_max), "How often the broker looks for segments to delete.")
      .field("log.retention.ms", &C::log_retention_ms, integer64(-1),
             "retention.ms of topics that do not say; unset: log.retention.minutes.")
      .field("log.retention.minutes", &C::log_retention_minutes, integer(-1),
             "The same in minutes; unset: log.retention.hours.")
      .field("log.retention.hours", &C::log_retention_hours, integer(-1), "The same in hours.")
      .field("log.roll.ms", &C::log_roll, millis(1, long_max),
             "segment.ms of topics that do not say; unset: log.roll.hours.")
      .field("log.roll.hours", &C::log_roll_hours, integer(1), "The same in hours.")
      .field("log.roll.jitter.ms", &C::log_roll_jitter, millis(0, long_max),
             "segment.jitter.ms of topics that do not say; unset: log.roll.jitter.hours.")
      .field("log.roll.jitter.hours", &C::log_roll_jitter_hours, integer(0), "The same in hours.");
}

void add_producer_id_settings(Settings<BrokerConfig>& s) {
  using C = BrokerConfig;
  s.field("producer.id.expiration.ms", &C::producer_id_expiration, millis(1),
          "A partition forgets a producer's sequences that has sent nothing for this long.")
      .field("producer.id.expiration.check.interval.ms", &C::producer_id_expiration_check_interval,
             millis(1), "How often it looks for such producers.");
}

void add_cleaner_settings(Settings<BrokerConfig>& s) {
  using C = BrokerConfig;
  s.field("log.cleaner.enable", &C::log_cleaner_enable,
          "Compact; without it __consumer_offsets grows for ever.")
      .field("log.cleaner.threads", &C::log_cleaner_threads, integer(0, 1024),
             "Threads that compact.")
      .field("log.cleaner.dedupe.buffer.size", &C::log_cleaner_dedupe_buffer_size,
             byte_count(1, long_max),
             "Memory of all threads for the keys that a cleaning meets, 24 bytes each.")
      .field("log.cleaner.io.buffer.load.factor", &C::log_cleaner_io_buffer_load_factor,
             setting::real(0, 1), "How full that memory gets.")
      .field("log.cleaner.io.buffer.size", &C::log_cleaner_io_buffer_size, byte_count(0),
             "Memory of all threads for what they read and write.")
      .field("log.cleaner.io.max.bytes.per.second", &C::log_cleaner_io_max_bytes_per_second,
             setting::real(1, std::numeric_limits<double>::max()),
             "What the threads may read and write together; unset: no limit.")
      .field("log.cleaner.backoff.ms", &C::log_cleaner_backoff, millis(0, long_max),
             "How long a thread sleeps when no log is to be compacted.");
}

void add_transaction_settings(Settings<BrokerConfig>& s) {
  using C = BrokerConfig;
  s.field("transaction.max.timeout.ms", &C::transaction_max_timeout, millis(1),
          "The largest transaction.timeout.ms that a producer may ask for.")
      .field("transactional.id.expiration.ms", &C::transactional_id_expiration, millis(1),
             "A transactional id that was not used for this long is forgotten.")
      .field("transaction.abort.timed.out.transaction.cleanup.interval.ms",
             &C::transaction_abort_timed_out_transaction_cleanup_interval, millis(1),
             "How often a coordinator looks for transactions that are open for too long.")
      .field("transaction.remove.expired.transaction.cleanup.interval.ms",
             &C::transaction_remove_expired_transaction_cleanup_interval, millis(1),
             "How often it looks for transactional ids that have expired.")
      .field("transaction.partition.verification.enable",
             &C::transaction_partition_verification_enable,
             "A leader asks the coordinator whether a partition is in the transaction before the "
             "first record of it is written (KIP-890).")
      .field("transaction.state.log.num.partitions", &C::transaction_state_log_num_partitions,
             integer(1, 10'000), "Partitions of __transaction_state.")
      .field("transaction.state.log.replication.factor",
             &C::transaction_state_log_replication_factor, integer(1, 32767),
             "Replicas of __transaction_state.")
      .field("transaction.state.log.min.isr", &C::transaction_state_log_min_isr, integer(1, 32767),
             "min.insync.replicas of __transaction_state.")
      .field("transaction.state.log.segment.bytes", &C::transaction_state_log_segment_bytes,
             byte_count(1), "Segment size of __transaction_state.");
}

void add_group_settings(Settings<BrokerConfig>& s) {
  using C = BrokerConfig;
  s.field("group.initial.rebalance.delay.ms", &C::group_initial_rebalance_delay, millis(0),
          "Wait for more members before an empty group's first rebalance.")
      .field("group.min.session.timeout.ms", &C::group_min_session_timeout, millis(0),
             "The smallest session.timeout.ms a member may ask for.")
      .field("group.max.session.timeout.ms", &C::group_max_session_timeout, millis(0),
             "The largest session.timeout.ms a member may ask for.")
      .field("group.max.size", &C::group_max_size, integer(1),
             "Members a group may have; who comes then is refused.")
      .field("offsets.topic.num.partitions", &C::offsets_topic_num_partitions, integer(1, 10'000),
             "Partitions of __consumer_offsets.")
      .field("offsets.topic.replication.factor", &C::offsets_topic_replication_factor,
             integer(1, 32767), "Replicas of __consumer_offsets.")
      .field("offsets.topic.segment.bytes", &C::offsets_topic_segment_bytes, byte_count(14),
             "segment.bytes of __consumer_offsets when brokers make it.")
      .field("offsets.commit.timeout.ms", &C::offsets_commit_timeout, millis(1),
             "The longest a commit waits for its replicas.")
      .field("offsets.retention.minutes", &C::offsets_retention, setting::whole_minutes(1),
             "Offsets of a group without members, and of topics it no longer subscribes to, are "
             "forgotten after this.")
      .field("offsets.retention.check.interval.ms", &C::offsets_retention_check_interval,
             millis(1, long_max), "How often such offsets are looked for.");
}

/// KafkaConfig.getLogRetentionTimeMillis.
std::int64_t retention_millis(const BrokerConfig& c) {
  constexpr std::int64_t minute = 60'000;
  if (c.log_retention_ms) return *c.log_retention_ms;
  if (c.log_retention_minutes) {
    return *c.log_retention_minutes < 0 ? -1 : *c.log_retention_minutes * minute;
  }
  return c.log_retention_hours < 0 ? -1 : std::int64_t{c.log_retention_hours} * 60 * minute;
}

/// LogConfig.validateValues.
void check_compaction_lag(Duration least, Duration most, const char* name, const char* other,
                          FieldReport& report) {
  if (least > most) report.error(name, tr("must not exceed {}, {}", other, in_millis(most)));
}

/// KafkaConfig.validateValues and the rule of GroupCoordinatorConfig.
void check_broker(const BrokerConfig& c, FieldReport& report) {
  if (retention_millis(c) == 0) {
    report.error(c.log_retention_ms        ? "log.retention.ms"
                 : c.log_retention_minutes ? "log.retention.minutes"
                                           : "log.retention.hours",
                 tr("must be 1 or more, or -1 for no limit"));
  }
  const std::int64_t of_a_thread =
      c.log_cleaner_dedupe_buffer_size.count() / std::max(1, c.log_cleaner_threads);
  if (c.log_cleaner_enable && of_a_thread <= (1_MiB).count()) {
    report.error("log.cleaner.dedupe.buffer.size",
                 tr("must be more than 1 MiB for each of log.cleaner.threads"));
  }
  check_compaction_lag(c.topics.min_compaction_lag, c.topics.max_compaction_lag,
                       "log.cleaner.min.compaction.lag.ms", "log.cleaner.max.compaction.lag.ms",
                       report);
  if (c.replica_fetch_wait_max > c.replica_socket_timeout) {
    report.error("replica.fetch.wait.max.ms",
                 tr("must not exceed replica.socket.timeout.ms, {}, or fetches time out",
                    in_millis(c.replica_socket_timeout)));
  }
  if (c.replica_fetch_wait_max > c.replica_lag_time_max) {
    report.error("replica.fetch.wait.max.ms",
                 tr("must not exceed replica.lag.time.max.ms, {}, or the ISR flaps",
                    in_millis(c.replica_lag_time_max)));
  }
  if (c.group_min_session_timeout > c.group_max_session_timeout) {
    report.error("group.min.session.timeout.ms",
                 tr("must not exceed group.max.session.timeout.ms, {}",
                    in_millis(c.group_max_session_timeout)));
  }
}

/// ProducerConfig.postProcessAndValidateIdempotenceConfigs: the default gives way, a choice of the
/// user's does not.
void check_idempotence(ProducerConfig& c, FieldReport& report) {
  constexpr int most_in_flight = 5;
  bool off = false;
  const auto demand = [&](bool holds, const char* setting, const std::string& demanded) {
    if (holds || !c.enable_idempotence) return;
    if (report.given("enable.idempotence")) {
      report.error(setting, tr("must be {} with enable.idempotence = true", demanded));
    } else {
      report.warning(setting, tr("turns enable.idempotence off, which needs {} here; say "
                                 "\"enable.idempotence\": false to mean it",
                                 demanded));
      off = true;
    }
  };
  demand(c.retries > 0, "retries", tr("1 or more"));
  demand(c.acks == Acks::all, "acks", "all");
  demand(c.max_in_flight_requests_per_connection <= most_in_flight,
         "max.in.flight.requests.per.connection", tr("at most {}", most_in_flight));
  if (off) c.enable_idempotence = false;
  if (c.transactional_id && !c.enable_idempotence) {
    report.error("transactional.id", tr("needs enable.idempotence, which is off here"));
  }
}

/// As in KafkaProducer.configureDeliveryTimeout: a default gives way, a choice of the user does
/// not.
void check_producer(ProducerConfig& c, FieldReport& report) {
  check_idempotence(c, report);
  const bool endless = c.linger > max_duration - c.request_timeout;
  const Duration needed = endless ? max_duration : c.linger + c.request_timeout;
  if (c.delivery_timeout < needed) {
    if (report.given("delivery.timeout.ms")) {
      report.error("delivery.timeout.ms",
                   tr("must be at least linger.ms + request.timeout.ms, {}", in_millis(needed)));
    } else {
      report.warning("delivery.timeout.ms",
                     tr("must be at least linger.ms + request.timeout.ms, {}; its default is "
                        "raised to that",
                        in_millis(needed)));
      c.delivery_timeout = needed;
    }
  }
  if (c.batch_size > c.buffer_memory) {
    report.warning("batch.size", tr("exceeds buffer.memory, {} bytes, so no full batch "
                                    "is ever made",
                                    c.buffer_memory.count()));
  }
}

void check_consumer(const ConsumerConfig& c, FieldReport& report) {
  const std::vector<AssignmentStrategy>& strategies = c.partition_assignment_strategy;
  const std::set<AssignmentStrategy> different(strategies.begin(), strategies.end());
  if (different.size() < strategies.size()) {
    report.error("partition.assignment.strategy", tr("names one of them twice"));
  }
  if (c.heartbeat_interval >= c.session_timeout) {
    report.error("heartbeat.interval.ms",
                 tr("is {}; must be less than session.timeout.ms, {}",
                    in_millis(c.heartbeat_interval), in_millis(c.session_timeout)));
  } else if (c.heartbeat_interval * 3 > c.session_timeout) {
    report.warning("heartbeat.interval.ms",
                   tr("is more than a third of session.timeout.ms, {}: two lost "
                      "heartbeats end the membership",
                      in_millis(c.session_timeout)));
  }
  if (c.fetch_max_wait > c.request_timeout) {
    report.warning("fetch.max.wait.ms", tr("exceeds request.timeout.ms, {}: idle fetches "
                                           "time out",
                                           in_millis(c.request_timeout)));
  }
}

}  // namespace

const Settings<BrokerConfig>& BrokerConfig::settings() {
  using C = BrokerConfig;
  static const auto all = [] {
    Settings<C> s("BrokerConfig", "server.properties, under Kafka's names.");
    s.field("zookeeper.session.timeout.ms", &C::zookeeper_session_timeout, millis(1),
            "ZooKeeper declares a silent broker dead after this.")
        .field("zookeeper.connection.timeout.ms", &C::zookeeper_connection_timeout, millis(1),
               "The longest wait for ZooKeeper at start; unset is the session timeout.")
        .field("num.network.threads", &C::num_network_threads, integer(1, 1024),
               "Threads that move requests and responses.")
        .field("num.io.threads", &C::num_io_threads, integer(1, 1024),
               "Threads that handle requests.")
        .field("num.recovery.threads.per.data.dir", &C::num_recovery_threads_per_data_dir,
               integer(1, 1024), "Logs of a directory that are loaded at once at the start.")
        .field("queued.max.requests", &C::queued_max_requests, integer(1),
               "Requests waiting for an I/O thread before network threads stop reading.")
        .field("queued.max.request.bytes", &C::queued_max_request_bytes, integer64(-1),
               "Bytes of requests that wait or are handled before no more are read; -1: no limit.")
        .field("max.connections.per.ip", &C::max_connections_per_ip, integer(0),
               "Connections from one host; more are closed at once.")
        .field("quota.window.num", &C::quota_window_num, integer(1),
               "Samples that the rates of quotas are measured over.")
        .field("quota.window.size.seconds", &C::quota_window_size, whole_seconds(1),
               "How long each of them is.")
        .field("max.incremental.fetch.session.cache.slots",
               &C::max_incremental_fetch_session_cache_slots, integer(0),
               "Fetch sessions that are kept; who gets none names all partitions in each fetch.")
        .field("request.timeout.ms", &C::request_timeout, millis(1),
               "The broker's own requests give up after this silence.")
        .field("connections.max.idle.ms", &C::connections_max_idle, millis(1, long_max),
               "A connection without a request for this long is closed.");
    add_replication_settings(s);
    add_controller_settings(s);
    add_log_settings(s);
    add_producer_id_settings(s);
    add_cleaner_settings(s);
    add_transaction_settings(s);
    add_group_settings(s);
    s.check(check_broker);
    return add_other_settings(s, Component::broker);
  }();
  return all;
}

const Settings<TopicOverrides>& TopicOverrides::settings() {
  static const auto all = [] {
    Settings<TopicOverrides> s("TopicConfig",
                               "A topic's own settings; the broker's hold for the rest.");
    each_topic_setting(DeclareForTopic{s});
    s.check([](const TopicOverrides& topic, FieldReport& report) {
      const Duration* least = topic.own(&TopicConfig::min_compaction_lag);
      const Duration* most = topic.own(&TopicConfig::max_compaction_lag);
      if (least == nullptr || most == nullptr) return;
      check_compaction_lag(*least, *most, "min.compaction.lag.ms", "max.compaction.lag.ms", report);
    });
    return add_other_settings(s, Component::topic);
  }();
  return all;
}

TopicConfig TopicConfig::in_force(const BrokerConfig& broker, const TopicOverrides& topic) {
  TopicConfig config = broker.topics;
  // KafkaConfig.logFlushIntervalMs.
  config.flush_time = broker.log_flush_interval.value_or(
      broker.log_flush_scheduler_interval.value_or(max_duration));
  config.retention_ms = retention_millis(broker);
  config.segment_time = broker.log_roll.value_or(broker.log_roll_hours * 1h);
  config.segment_jitter = broker.log_roll_jitter.value_or(broker.log_roll_jitter_hours * 1h);
  // Asked for each partition that is given a leader: the list is gone through once.
  static const std::vector<TakeOver> all = [] {
    std::vector<TakeOver> found;
    each_topic_setting(CollectTakeOvers{found});
    return found;
  }();
  if (topic.count() == 0) return config;
  for (const TakeOver take_over : all) take_over(config, topic);
  return config;
}

const Settings<ProducerConfig>& ProducerConfig::settings() {
  using C = ProducerConfig;
  static const auto all = [] {
    Settings<C> s("ProducerConfig", "A producer's properties, under Kafka's names.");
    s.field("acks", &C::acks,
            setting::names<Acks>(
                {{"all", Acks::all}, {"-1", Acks::all}, {"0", Acks::none}, {"1", Acks::leader}}),
            "Who must have a batch before it counts as sent: nobody, the leader, the whole ISR.")
        .field("enable.idempotence", &C::enable_idempotence,
               "Brokers know the batches of retries again: none is written twice or out of order. "
               "Needs acks=all, retries, and at most 5 requests in flight on a connection; set to "
               "something else, they turn the default off.")
        .field("transactional.id", &C::transactional_id, setting::text(249),
               "Its records belong to transactions under this id; whoever uses the same id next "
               "fences it off.")
        .field("transaction.timeout.ms", &C::transaction_timeout, millis(1),
               "The coordinator aborts a transaction that is open for longer.")
        .field("retries", &C::retries, integer(0), "How often a batch is sent again.")
        .field("delivery.timeout.ms", &C::delivery_timeout, millis(0),
               "From send() to success or failure, all retries included.")
        .field("linger.ms", &C::linger, millis(0, long_max), "Wait for a batch to fill.")
        .field("batch.size", &C::batch_size, byte_count(0), "Bytes of a batch.")
        .field("buffer.memory", &C::buffer_memory, byte_count(1, long_max),
               "Bytes that may wait to be sent; then send() blocks.")
        .field("max.block.ms", &C::max_block, millis(0, long_max), "The longest send() blocks.")
        .field("max.request.size", &C::max_request_size, byte_count(1), "Bytes of a request.")
        .field("max.in.flight.requests.per.connection", &C::max_in_flight_requests_per_connection,
               integer(1), "Requests to one broker that may await a response.")
        .field("compression.type", &C::compression_type,
               setting::names<CompressionType>({{"none", CompressionType::none},
                                                {"gzip", CompressionType::gzip},
                                                {"snappy", CompressionType::snappy},
                                                {"lz4", CompressionType::lz4},
                                                {"zstd", CompressionType::zstd}}),
               "The codec of batches.")
        .field("partitioner.class", &C::partitioner_class,
               setting::names<PartitionerClass>(
                   {{"default", PartitionerClass::built_in},
                    {"null", PartitionerClass::built_in},
                    {"org.apache.kafka.clients.producer.RoundRobinPartitioner",
                     PartitionerClass::round_robin},
                    {"RoundRobinPartitioner", PartitionerClass::round_robin}}),
               "\"default\": by key, without a key sticky. RoundRobinPartitioner: in turn, but it "
               "skips a partition whenever a batch begins (KAFKA-9965).")
        .field("partitioner.adaptive.partitioning.enable",
               &C::partitioner_adaptive_partitioning_enable,
               "The default partitioner prefers partitions with short queues.")
        .field("partitioner.availability.timeout.ms", &C::partitioner_availability_timeout,
               millis(0, long_max),
               "A partition whose broker takes no batch for this long is avoided; 0: never.")
        .field("partitioner.ignore.keys", &C::partitioner_ignore_keys,
               "The default partitioner does not look at keys.");
    add_client_settings(s);
    s.check(check_producer);
    return add_other_settings(s, Component::producer);
  }();
  return all;
}

const Settings<TransactionUse>& TransactionUse::settings() {
  using T = TransactionUse;
  static const auto all =
      Settings<T>("Transaction", "How a producer with a transactional.id uses transactions.")
          .field("records", &T::records, integer64(1), "It commits with this many records,")
          .field("length", &T::length, Duration{0}, 1h,
                 "or at the end of a poll, when the transaction has been open for this long.")
          .field("abort_one_in", &T::abort_one_in, integer64(0),
                 "Of so many transactions one is aborted on purpose; 0: none.");
  return all;
}

const Settings<ConsumerConfig>& ConsumerConfig::settings() {
  using C = ConsumerConfig;
  static const auto all = [] {
    Settings<C> s("ConsumerConfig", "A consumer's properties, under Kafka's names.");
    s.field("session.timeout.ms", &C::session_timeout, millis(1),
            "A member silent for this long is put out of its group.")
        .field("heartbeat.interval.ms", &C::heartbeat_interval, millis(1),
               "How often a member says that it lives.")
        .field("max.poll.interval.ms", &C::max_poll_interval, millis(1),
               "A member that does not poll for this long leaves; also the rebalance timeout.")
        .field("max.poll.records", &C::max_poll_records, integer(1), "Records one poll returns.")
        .field("default.api.timeout.ms", &C::default_api_timeout, millis(0),
               "The longest a blocking call waits.")
        .field("fetch.min.bytes", &C::fetch_min_bytes, byte_count(0),
               "Bytes that release a waiting fetch.")
        .field("fetch.max.wait.ms", &C::fetch_max_wait, millis(0),
               "The longest a fetch waits at the broker.")
        .field("fetch.max.bytes", &C::fetch_max_bytes, byte_count(0), "Bytes of a response.")
        .field("max.partition.fetch.bytes", &C::max_partition_fetch_bytes, byte_count(0),
               "Bytes of one partition in a response.")
        .field("enable.auto.commit", &C::enable_auto_commit, "Commit offsets from within poll().")
        .field("auto.commit.interval.ms", &C::auto_commit_interval, millis(0), "How often, if so.")
        .field("auto.offset.reset", &C::auto_offset_reset,
               setting::names<AutoOffsetReset>({{"latest", AutoOffsetReset::latest},
                                                {"earliest", AutoOffsetReset::earliest},
                                                {"none", AutoOffsetReset::none}}),
               "Where to begin without a committed offset.")
        .field("allow.auto.create.topics", &C::allow_auto_create_topics,
               "Brokers may make a topic that it subscribes to and that is not there.")
        .field("partition.assignment.strategy", &C::partition_assignment_strategy,
               setting::one_or_list(assignment_strategy(), 4),
               "How partitions are divided among members, the way liked best first: the group "
               "takes the one that all know and most like best. cooperative-sticky alone lets "
               "members keep what they own while the group rebalances.")
        .field("group.instance.id", &C::group_instance_id,
               setting::text(249, "[A-Za-z0-9._{}-]+",
                             "a name of letters, digits, \".\", \"_\", \"-\" and \"{member}\""),
               "A static member: it comes back within its session without a rebalance, and does "
               "not leave when it closes. Two members of one id fence each other; \"{member}\" "
               "in it stands for the member's number.")
        .field("internal.leave.group.on.close", &C::leave_group_on_close,
               "A dynamic member leaves its group when it closes.")
        .field("client.rack", &C::client_rack, setting::text(249),
               "Where the consumer is; empty: it does not say.")
        .field("check.crcs", &C::check_crcs, "Verify the checksum of fetched batches.")
        .field(
            "isolation.level", &C::isolation_level,
            setting::names<IsolationLevel>({{"read_uncommitted", IsolationLevel::read_uncommitted},
                                            {"read_committed", IsolationLevel::read_committed}}),
            "read_committed: records of transactions once they are committed, never of aborted "
            "ones; it reads up to the first transaction that is open.");
    add_client_settings(s);
    s.check(check_consumer);
    return add_other_settings(s, Component::consumer);
  }();
  return all;
}

Duration ZooKeeperConfig::granted_session(Duration requested) const {
  return std::max(min_granted_session(), std::min(max_granted_session(), requested));
}

const Settings<ZooKeeperConfig>& ZooKeeperConfig::settings() {
  using C = ZooKeeperConfig;
  static const auto all = [] {
    Settings<C> s("ZooKeeperConfig", "zoo.cfg, under ZooKeeper's names.");
    s.field("tickTime", &C::tick_time, millis(1, 3'600'000), "The unit of time.")
        .field("initLimit", &C::init_limit, integer(1, 100'000),
               "Ticks a follower may take to connect to a leader and copy its state.")
        .field("syncLimit", &C::sync_limit, integer(1, 100'000), "Ticks a follower may be silent.")
        .field("minSessionTimeout", &C::min_session_timeout, millis(1),
               "The shortest session granted; unset is 2 ticks.")
        .field("maxSessionTimeout", &C::max_session_timeout, millis(1),
               "The longest session granted; unset is 20 ticks.")
        .field("snapCount", &C::snap_count, integer(2), "Transactions between snapshots.")
        .field("forceSync", &C::force_sync, "Sync the transaction log before acknowledging.")
        .field("cnxTimeout", &C::cnx_timeout, millis(1), "Connecting to a peer for an election.")
        .field("finalizeWait", &C::finalize_wait, millis(0),
               "Quiet time before an election's winner is final.")
        .check([](const C& c, FieldReport& report) {
          if (c.min_granted_session() > c.max_granted_session()) {
            report.error("minSessionTimeout", tr("is {}; must not exceed maxSessionTimeout, {}",
                                                 in_millis(c.min_granted_session()),
                                                 in_millis(c.max_granted_session())));
          }
        });
    return add_other_settings(s, Component::zookeeper);
  }();
  return all;
}

}  // namespace brokerlab::model
