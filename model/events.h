// Every kind of event that the Kafka model traces, with its sentence in English and Korean. The
// sentences live in events.cpp. {machine}, {partition} and detail keys stand for their values.
//
// Names in sentences: brokers, ZooKeeper nodes and clients are called by their machine
// ("broker-1").
#pragma once

#include "sim/trace.h"

namespace brokerlab::model::events {

using sim::EventKind;

// clang-format off
extern const EventKind
    // ZooKeeper. details: leader epoch as {epoch}; {session}, {owner} a machine's name, {timeout}
    zk_leader_elected, zk_leader_lost, zk_follower_lost,
    zk_session_created, zk_session_expired, zk_session_abandoned, zk_session_closed,
    // Brokers and controller. {machine}: the broker; {epoch}
    zk_disconnected, zk_reconnected, zk_quorum_lost, zk_quorum_back,
    broker_registered, broker_start_failed, log_directory_failed,
    log_directory_offline, log_directories_noticed,
    controller_elected, controller_resigned, controller_broker_failed, controller_broker_joined,
    // What an operator asked for. {topic}, {replicas}
    reassignment_started, reassignment_cancelled, reassignment_done, topic_deletion_started,
    topic_deletion_held, topic_deleted, replica_deleted, config_changed, replication_throttled,
    // Partitions. {leader}, {epoch}, {isr}, {from}, {to}
    partition_created, partition_leader_elected, partition_offline, partition_isr_shrunk,
    partition_isr_expanded, isr_change_refused, partition_under_min_isr, partition_min_isr_back,
    replication_stalled, replication_resumed,
    preferred_leader_election, replica_fetch_failed, damage_met,
    replica_became_leader, replica_became_follower, replica_truncated, log_corrupted, log_recovered,
    // {from} and {start}: where the log began, and begins
    segments_deleted, records_deleted, replica_started_over, log_compacted, log_uncleanable,
    // Clients. {error}, {count}, {to}
    connection_broken, connection_failed, client_disconnected,
    producer_request_failed, producer_resumed, producer_record_failed,
    written_twice, written_out_of_order, acknowledgment_waited, fetch_waited,
    consumer_joined, consumer_left, consumer_revoked, consumer_lost_partitions, consumer_read_replica, consumer_action, consumer_stalled, consumer_resumed, consumer_failed,
    connection_idle, client_throttled,
    group_rebalancing, group_stable, static_member_back, group_forgotten, coordinator_loaded, coordinator_lost, coordinator_found,
    commit_failed, client_error, client_exception,
    // Transactions. {count}; {id}
    transactions_loaded, transaction_timed_out, transaction_fenced, transaction_aborted,
    // The scenario and what it watches. {rate}; {offset}, {record}, {why}
    operation_begun, operation_done, operation_refused, load_changed, record_lost, record_deleted_unread, invariant_violated;
// clang-format on

/// What an event waited for: a setting or a resource by its name, its value, and whose it is. Told
/// by `why` (the details "waited_for", "waited_value", "waited_of", "waited_note").
struct Wait {
  std::string_view name;
  Duration value{0};
  std::string of;
  Phrase note = {};  ///< What else there is to say of it: "since t=346.316s".
};
/// The details, and the wait among them.
std::vector<sim::Detail> with_wait(std::vector<sim::Detail> details, const Wait& wait);
/// The same of several waits, in words (the detail "waits").
std::vector<sim::Detail> with_waits(std::vector<sim::Detail> details, const Phrase& waits);

}  // namespace brokerlab::model::events
