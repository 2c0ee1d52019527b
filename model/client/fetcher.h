// Fetcher: a consumer's positions and the records it has fetched ahead.
//
// Each assigned partition is in one state: its position is unknown (initializing), is being asked
// for (await_reset), must be checked against a new leader's log (await_validation, KIP-320), or is
// good (fetching). Answers wait in a buffer, in the order they came, until collect() takes them:
// only then their errors are looked at and their records decoded. A partition with something in the
// buffer is left out of the next fetch, so poll() collects first and fetches then, for all that has
// been drained; a broker has one fetch under way at a time.
//
// The order of partitions in a request is that of an incremental fetch session (KIP-227, not
// modelled else): those that brought records or an error last go to the end. What a session's
// broker would leave out, a partition without records or news, is not buffered.
//
// Lifetime: part of a KafkaConsumer; borrows its network and context. Threads: none.
// Source:   org.apache.kafka.clients.consumer.internals.{AbstractFetch, FetchCollector,
//           CompletedFetch, OffsetFetcher, OffsetFetcherUtils, SubscriptionState}.
#pragma once

#include "model/client/consumer.h"
#include "model/cluster_context.h"

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

  void assign(const std::vector<TopicPartition>& partitions);
  /// Partitions that wait for their committed offset.
  std::vector<TopicPartition> initializing() const;
  /// The committed offset, or nothing: auto.offset.reset decides.
  void set_committed(const TopicPartition& partition, Offset offset, LeaderEpoch epoch);

  /// Asks for offsets to begin at and checks positions under new leaders, where that is wanted.
  void update_positions();
  /// One request to each broker that has none under way, for what is not in the buffer.
  void send_fetches();

  struct Collected {
    std::vector<ConsumedRecord> records;
    bool advanced = false;  ///< A position moved, be it over nothing that the application sees.
    Duration demand{0};     ///< Time of the caller's CPU for it.
    bool empty() const { return records.empty() && !advanced; }
  };
  /// At most max.poll.records records, in the order their fetches came back.
  Collected collect();
  /// collect() would find something.
  bool has_available() const;
  bool failed() const { return failure_.has_value(); }
  /// What poll() must throw now, once.
  std::optional<ConsumerFailure> take_failure() { return std::exchange(failure_, std::nullopt); }

  /// When update_positions() or send_fetches() should look again though nothing has changed.
  Time next_attempt();

  /// What there is to commit: the good positions.
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
    LeaderEpoch offset_epoch = log::no_epoch;  ///< Of the last record before the offset.
    LeaderInfo leader;                         ///< Under which it is good, or being checked.
    Offset high_watermark = log::no_offset;
    Offset told_high_watermark = log::no_offset;  ///< The last one a broker sent.
    std::optional<sim::EventId> failing;  ///< What interrupted it, until a fetch is answered well.
    Time asked_since = never;             ///< The first request that no good answer has followed.
    Offset damage_told = log::no_offset;  ///< Where damaged records were met last.
    Time retry_at{};
    std::int64_t turn = 0;  ///< When it last brought something: who waits longest goes first.
  };
  struct Asked {
    TopicPartition partition;
    Offset offset = log::no_offset;
    LeaderInfo leader;
    LeaderEpoch offset_epoch = log::no_epoch;
  };
  /// What one answer says of one partition.
  struct CompletedFetch {
    TopicPartition partition;
    Address from;
    Offset next_offset = log::no_offset;  ///< First the one asked for, then behind what was taken.
    ErrorCode error = ErrorCode::none;
    Offset high_watermark = log::no_offset;
    log::ByteSlice bytes;
    // Once initialized:
    std::deque<ConsumedRecord> records;
    Offset after = log::no_offset;  ///< Of the last whole batch; no_offset: there was none.
    bool damaged = false;
    Duration demand{0};  ///< For the records that are left.
  };

  void validate_on_new_metadata();
  static void validate(Position& position, const LeaderInfo& leader);
  std::map<BrokerId, std::vector<Asked>> wanted(State state);
  std::set<TopicPartition> buffered() const;

  sim::Task<> fetch(BrokerId node, NodeConnection& connection, std::vector<Asked> asked);
  sim::Task<> list_offsets(NodeConnection& connection, std::vector<Asked> asked);
  sim::Task<> ask_epochs(NodeConnection& connection, std::vector<Asked> asked);
  void buffer(std::vector<Asked>& asked, FetchResponse& response, Address from);
  void take_end_of_epoch(const Asked& asked, const OffsetForLeaderEpochResponse::Partition& answer);

  bool initialize(CompletedFetch& fetch);
  void handle_error(Position& position, const CompletedFetch& fetch);
  void decode(CompletedFetch& fetch) const;
  void take_records(CompletedFetch& fetch, std::size_t most, Collected& into);

  /// `error` interrupts it, unless something has already.
  void note_failing(const TopicPartition& partition, Position& position, ErrorCode error);
  void retry_later(const TopicPartition& partition, ApiKey api, ErrorCode error);
  void fail_all(ApiKey api, const NodeConnection& connection, const RpcFailure& failure,
                const std::vector<Asked>& asked);
  /// auto.offset.reset decides; `exception`: what the application gets when that is none.
  void reset(const TopicPartition& partition, Position& position, ApiKey api,
             std::string_view exception);
  void fail_application(const TopicPartition& partition, ApiKey api, ErrorCode error,
                        std::string_view exception);
  Position* find(const TopicPartition& partition);
  void note_asked(const std::vector<Asked>& asked);
  void note_answered(const Asked& asked, const FetchResponse::Partition& answer, Address from);
  void tell_damage(Position& position, const CompletedFetch& fetch);

  sim::Process& process_;
  sim::World& world_;
  const ConsumerSetup& setup_;
  const ConsumerConfig& config_;
  ClientNetwork& network_;
  ClusterContext& context_;
  std::map<TopicPartition, Position> positions_;
  std::deque<CompletedFetch> completed_;  ///< First come, first taken.
  std::optional<CompletedFetch> next_in_line_;
  std::optional<ConsumerFailure> failure_;
  std::set<BrokerId> fetching_;                  ///< Brokers with a fetch under way.
  std::map<Address, sim::EventId> unreachable_;  ///< With the event that told.
  std::int64_t seen_version_ = -1;               ///< Of the metadata, when last validated.
  std::int64_t next_turn_ = 1;
};

}  // namespace brokerlab::model
