// Fetcher: a consumer's positions and the records it has fetched ahead.
//
// Each assigned partition is in one state: its position is unknown (initializing), is being asked
// for (await_reset), must be checked against a new leader's log (await_validation, KIP-320), or is
// good (fetching). pump() sends what each state needs, one fetch a broker at a time, and only for
// partitions with nothing buffered; answers arrive in the background and are told by the network's
// changed().
//
// Lifetime: part of a KafkaConsumer; borrows its network and context. Threads: none.
// Source:   org.apache.kafka.clients.consumer.internals.{Fetcher, OffsetFetcher,
// SubscriptionState}.
#pragma once

#include "model/cluster_context.h"
#include "model/consumer.h"

#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace brokerlab::model {

class Fetcher {
 public:
  Fetcher(sim::Process& process, const ConsumerSetup& setup, ClientNetwork& network,
          ClusterContext& context);

  /// Everything fetched or under way for the old assignment is forgotten.
  void assign(const std::vector<TopicPartition>& partitions);
  /// Partitions that wait for their committed offset.
  std::vector<TopicPartition> initializing() const;
  /// The committed offset, or nothing: auto.offset.reset decides.
  void set_committed(const TopicPartition& partition, Offset offset, LeaderEpoch epoch);

  void pump();
  /// At most max.poll.records buffered records, in the order their fetches came back.
  std::vector<ConsumedRecord> collect();
  /// When pump() should look again though nothing has changed.
  Time next_attempt() const;

  /// What there is to commit: the offset behind the last record collected.
  std::vector<OffsetCommitRequest::Partition> consumed() const;
  Offset position(const TopicPartition& partition) const;
  Offset high_watermark(const TopicPartition& partition) const;

  /// First trouble with a broker after it worked: told once.
  void note_unreachable(Address address, RpcFailure::Kind error, sim::EventId cause);
  void note_reached(Address address) { unreachable_.erase(address); }

 private:
  enum class State { initializing, await_reset, await_validation, fetching, failed };
  struct Position {
    State state = State::initializing;
    Offset offset = log::no_offset;
    LeaderEpoch offset_epoch = log::no_epoch;   ///< Of the last record before the offset.
    LeaderEpoch current_epoch = log::no_epoch;  ///< The leader's, as last checked.
    Offset high_watermark = log::no_offset;
    bool asked = false;                   ///< A request about it is under way.
    std::optional<sim::EventId> failing;  ///< What interrupted it, until it brings records again.
    Offset damage_told = log::no_offset;  ///< Where damaged records were met last.
    Time retry_at{};
    std::int64_t turn = 0;  ///< When it last brought records: those who wait longest go first.
    std::deque<ConsumedRecord> buffer;
    Offset after_buffer = log::no_offset;
  };
  struct Asked {
    TopicPartition partition;
    Offset offset;
    LeaderEpoch current_epoch;
    LeaderEpoch offset_epoch;
  };

  /// The records of an answer from the offset that was asked for, and what they cost.
  struct Decoded {
    std::vector<ConsumedRecord> records;
    Offset after = log::no_offset;  ///< Of the last whole batch; no_offset: there was none.
    bool damaged = false;
    Duration demand{0};
  };

  void notice_new_leader(const TopicPartition& partition, Position& position);
  void send(BrokerId node, NodeConnection& connection, State state,
            const std::vector<TopicPartition>& partitions);
  sim::Task<> fetch(BrokerId node, NodeConnection& connection, std::vector<Asked> asked,
                    std::int64_t assignment);
  sim::Task<> list_offsets(NodeConnection& connection, std::vector<Asked> asked,
                           std::int64_t assignment);
  sim::Task<> validate(NodeConnection& connection, std::vector<Asked> asked,
                       std::int64_t assignment);
  static std::vector<Asked>::const_iterator find_asked(const std::vector<Asked>& asked,
                                                       const TopicPartition& partition);
  Decoded decode(const Asked& asked, const log::ByteSlice& bytes) const;
  void take_fetched(const Asked& asked, const FetchResponse::Partition& answer, Decoded decoded,
                    const NodeConnection& connection);
  void handle_error(const TopicPartition& partition, Position& position, ApiKey api,
                    ErrorCode error);
  /// auto.offset.reset decides; `exception`: what the application gets when that is none.
  void reset(const TopicPartition& partition, Position& position, ApiKey api,
             std::string_view exception);
  void later(Position& position);
  void fail_all(ApiKey api, const NodeConnection& connection, const RpcFailure& failure,
                const std::vector<Asked>& asked, std::int64_t assignment);
  Position* find(const TopicPartition& partition);
  void tell_resumed(const TopicPartition& partition, Position& position,
                    const NodeConnection& connection);
  void tell_damage(const TopicPartition& partition, Position& position,
                   const NodeConnection& connection);

  sim::Process& process_;
  sim::World& world_;
  const ConsumerSetup& setup_;
  const ConsumerConfig& config_;
  ClientNetwork& network_;
  ClusterContext& context_;
  std::map<TopicPartition, Position> positions_;
  std::deque<TopicPartition> completed_;  ///< With records in their buffer, first come first.
  std::set<BrokerId> fetching_;           ///< Brokers with a fetch under way.
  std::map<Address, sim::EventId> unreachable_;  ///< With the event that told.
  std::int64_t assignment_ = 0;
  std::int64_t next_turn_ = 1;
};

}  // namespace brokerlab::model
