// CoordinatorFinder: which broker coordinates the consumer's group, and a connection of its own to
// it.
//
// Who needs the coordinator calls find(); who learns that it is none, or cannot be reached, calls
// lose(), and the next find() asks any broker. One look-up is under way at a time, whoever waits
// for it. The trace is told when the coordinator is lost and when one serves again.
//
// Lifetime: part of a KafkaConsumer; borrows process, setup, network and outages. Threads: none.
// Source:   org.apache.kafka.clients.consumer.internals.AbstractCoordinator
//           (ensureCoordinatorReady, lookupCoordinator, markCoordinatorUnknown).
#pragma once

#include "model/client/consumer.h"
#include "model/client/consumer_outages.h"
#include "model/client/retry_backoff.h"
#include "model/events.h"

#include <memory>
#include <optional>

namespace brokerlab::model {

/// How long a JoinGroup may wait for its answer.
Duration join_patience(const ConsumerConfig& config);

class CoordinatorFinder {
 public:
  using NodePtr = std::shared_ptr<NodeConnection>;

  CoordinatorFinder(sim::Process& process, const ConsumerSetup& setup, ClientNetwork& network,
                    ConsumerOutages& outages);
  CoordinatorFinder(const CoordinatorFinder&) = delete;
  CoordinatorFinder& operator=(const CoordinatorFinder&) = delete;

  /// False: none is known at the deadline.
  sim::Task<bool> find(Time deadline);
  /// Notices a connection that broke with nothing under way (checkAndGetCoordinator).
  void check();
  const NodePtr& node() const { return node_; }  ///< nullptr: unknown.
  Time found_at() const { return found_at_; }    ///< When the last look-up ended well.

  /// `error`: what it answered; none: it answers no heartbeat.
  void lose(ErrorCode error);
  /// No answer came from that broker; it is lost if it is still the coordinator.
  void note_unanswered(const NodePtr& from, const RpcFailure& failure);
  /// An answer came, whatever it says.
  void note_reached(const NodeConnection& from) { outages_.note_reached(from.address()); }
  /// It has done what it was asked.
  void note_served(const NodeConnection& by, bool by_heartbeat = false);

  /// Notified when a look-up ends, and by the group's other parts when their state changes.
  sim::Signal& changed() { return changed_; }
  /// Of everything that the group's member tries again.
  RetryBackoff& backoff() { return backoff_; }

 private:
  sim::Task<> look_up(Time deadline);
  void lose(const RpcFailure& failure);
  void tell_lost(const RpcFailure* failure, ErrorCode error);

  sim::Process& process_;
  sim::World& world_;
  const ConsumerSetup& setup_;
  const ConsumerConfig& config_;
  ClientNetwork& network_;
  ConsumerOutages& outages_;
  RetryBackoff backoff_;
  sim::Signal changed_;
  NodePtr node_;
  Time found_at_{};
  bool finding_ = false;
  sim::EventId lost_;  ///< The event, until one serves again.
  bool lost_by_error_ = false;
  std::optional<events::Wait> waited_;  ///< What the last look-up in vain waited for.
};

}  // namespace brokerlab::model
