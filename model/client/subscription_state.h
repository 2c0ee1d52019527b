// SubscriptionState: the partitions a consumer is assigned, and its position in each.
//
// A partition is in one state: its position is unknown (initializing), is being asked for
// (await_reset), must be checked against a new leader's log (await_validation, KIP-320), or is good
// (fetching). It asks nobody: the OffsetFetcher finds and checks positions, the Fetcher reads from
// them.
//
// Lifetime: part of a KafkaConsumer; borrows its config and network. Threads: none. No clock.
// Errors:   what poll() must throw waits until take_failure().
// Source:   org.apache.kafka.clients.consumer.internals.{SubscriptionState, OffsetFetcherUtils}.
#pragma once

#include "model/client/consumer.h"

#include <array>
#include <map>
#include <optional>
#include <set>
#include <string_view>
#include <utility>
#include <vector>

namespace brokerlab::model {

enum class PositionState { initializing, await_reset, await_validation, fetching, failed };

struct Position {
  PositionState state() const { return state_; }
  /// Under which it is good, or being checked.
  const LeaderInfo& leader() const { return leader_; }
  /// Nothing is asked about it before.
  Time retry_at() const { return retry_at_; }
  /// It is good, and records may be taken from it.
  bool fetchable() const {
    return state_ == PositionState::fetching && !pending_revocation_ && !paused_;
  }
  bool paused() const { return paused_; }
  /// What it is reset to: a date, or earliest_timestamp or latest_timestamp.
  std::int64_t reset_to() const { return reset_to_; }

  Offset offset = log::no_offset;
  LeaderEpoch offset_epoch = log::no_epoch;  ///< Of the last record before the offset.
  Offset high_watermark = log::no_offset;
  Offset last_stable_offset = log::no_offset;
  std::optional<sim::EventId> failing;  ///< What interrupted it, until a fetch is answered well.
  Time asked_since = never;             ///< The first request that no good answer has followed.
  Offset damage_told = log::no_offset;  ///< Where damaged records were met last.

 private:
  friend class SubscriptionState;  ///< Which keeps account of these.
  PositionState state_ = PositionState::initializing;
  LeaderInfo leader_;
  BrokerId read_replica_;  ///< KIP-392: who is asked instead of the leader.
  Time read_replica_until_{};
  Time retry_at_{};
  bool pending_revocation_ = false;
  bool paused_ = false;
  std::int64_t reset_to_ = latest_timestamp;
};

/// A position as it was when a broker was asked about it.
struct AskedPosition {
  TopicPartition partition;
  Position* position = nullptr;  ///< Of that assignment: ask SubscriptionState.
  std::int64_t assignment = 0;
  Offset offset = log::no_offset;
  LeaderInfo leader;
  LeaderEpoch offset_epoch = log::no_epoch;
  std::int64_t reset_to = latest_timestamp;
};

class SubscriptionState {
 public:
  SubscriptionState(const ConsumerConfig& config, ClientNetwork& network)
      : config_(config), network_(network) {}
  SubscriptionState(const SubscriptionState&) = delete;
  SubscriptionState& operator=(const SubscriptionState&) = delete;

  /// Those that were assigned before keep their positions.
  void assign(const std::vector<TopicPartition>& partitions);
  /// All of them are about to be given up: what is read from now on would be read twice
  /// (markPendingRevocation).
  void stop_fetching();
  // What the application wants; of a partition that is not assigned nothing.
  void set_paused(const TopicPartition& partition, bool paused);
  void seek(const TopicPartition& partition, Offset offset);
  void seek_by_time(const TopicPartition& partition, std::int64_t timestamp);
  /// There is nothing at that time or after it: it begins at the end.
  void reset_to_end(Position& position) { position.reset_to_ = latest_timestamp; }
  /// Partitions that wait for their committed offset.
  std::vector<TopicPartition> initializing() const;
  /// The committed offset, or nothing: auto.offset.reset decides.
  void set_committed(const TopicPartition& partition, Offset offset, LeaderEpoch epoch);
  /// What there is to commit: the good positions.
  std::vector<OffsetCommitRequest::Partition> consumed() const;

  Position* find(const TopicPartition& partition);  ///< nullptr: not assigned.
  /// The same, without a search while the assignment is that of the question.
  Position* find(const AskedPosition& asked) {
    return asked.assignment == assignment_ ? asked.position : find(asked.partition);
  }
  AskedPosition ask_about(const TopicPartition& partition, Position& position) const {
    return {partition,          &position,         assignment_,
            position.offset,    position.leader(), position.offset_epoch,
            position.reset_to()};
  }
  const Position* find(const TopicPartition& partition) const;
  bool fetchable(const TopicPartition& partition) const;
  std::map<TopicPartition, Position>& positions() { return positions_; }
  Position& at(const TopicPartition& partition) { return positions_.at(partition); }
  using Positions = std::map<TopicPartition, Position>;
  /// Good ones by the broker that leads them, in the order of brokers and of names; until something
  /// changes. Those without a leader stand under none.
  using ByLeader = std::vector<std::pair<BrokerId, std::vector<Positions::value_type*>>>;
  const ByLeader& fetchable_by_leader();

  void enter(Position& position, PositionState state);
  void set_leader(Position& position, const LeaderInfo& leader);
  void retry_at(Position& position, Time when);

  /// The replica that its leader has sent us to, while that holds; none: the leader. Source:
  /// SubscriptionState.preferredReadReplica.
  BrokerId read_replica(Position& position, Time now);
  /// False: it is that one already.
  bool set_read_replica(Position& position, BrokerId replica, Time until);
  /// The leader is asked next. False: it was all the time.
  bool clear_read_replica(Position& position);
  /// Some position is read elsewhere than at its leader.
  bool reads_elsewhere() const { return elsewhere_ > 0; }

  /// auto.offset.reset decides; `exception`: what the application gets when that is none.
  void reset(const TopicPartition& partition, Position& position, ApiKey api,
             std::string_view exception);
  void fail_application(const TopicPartition& partition, ApiKey api, ErrorCode error,
                        std::string_view exception);
  bool failed() const { return failure_.has_value(); }
  /// What poll() must throw now, once.
  std::optional<ConsumerFailure> take_failure() { return std::exchange(failure_, std::nullopt); }

  /// Under another leader than before, a position with an epoch must be checked first.
  void validate(const TopicPartition& partition, Position& position);
  void validate_on_new_metadata();

  /// Partitions in that state whose time has come, by the broker to ask.
  std::map<BrokerId, std::vector<AskedPosition>> wanted(PositionState state, Time now);
  /// When wanted() should be asked again though nothing has changed.
  Time next_attempt(Time now);

 private:
  const ConsumerConfig& config_;
  ClientNetwork& network_;
  /// What is known of all positions together: a consumer has many, asks often, and seldom does
  /// anything but their offsets change.
  static constexpr std::size_t states = 5;
  std::array<std::size_t, states> in_state_{};
  std::size_t& in(PositionState state) { return in_state_[static_cast<std::size_t>(state)]; }
  std::size_t in(PositionState state) const { return in_state_[static_cast<std::size_t>(state)]; }
  std::size_t elsewhere_ = 0;
  bool changed_ = true;
  ByLeader by_leader_;
  std::set<BrokerId> leaders_;  ///< Of all.
  int postponed_ = 0;           ///< Positions that are not asked about before some moment.
  void look_through();

  Positions positions_;
  std::int64_t assignment_ =
      0;  ///< How many there have been: positions stay where they are in one.
  std::optional<ConsumerFailure> failure_;
  std::int64_t seen_version_ = -1;  ///< Of the metadata, when last validated.
};

}  // namespace brokerlab::model
