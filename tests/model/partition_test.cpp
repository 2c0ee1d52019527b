// A partition's rules, told as stories: broker 1's replica of "t-0", on a real log in memory whose
// storage may fail. Replicas are 1, 2 and 3. What each story claims of Kafka is of its
// kafka.cluster.Partition and kafka.cluster.Replica (3.9), by the method that it names.
#include "model/broker/partition.h"

#include "log/env/memory_env.h"
#include "tests/in_child.h"

#include <catch2/catch.hpp>

#include <csignal>

using namespace brokerlab;
using namespace brokerlab::model;

namespace brokerlab::model {

struct PartitionTamper {
  static void set_partition_epoch(Partition& partition, int epoch) {
    partition.partition_epoch_ = epoch;
    partition.check();
  }
  static void set_isr(Partition& partition, std::vector<BrokerId> isr) {
    partition.isr_ = std::move(isr);
    partition.check();
  }
};

}  // namespace brokerlab::model

namespace {

std::vector<BrokerId> ids(const std::vector<int>& numbers) {
  std::vector<BrokerId> all;
  all.reserve(numbers.size());
  for (const int number : numbers) all.emplace_back(number);
  return all;
}

class PartitionStory {
 public:
  explicit PartitionStory(TopicConfig config = {})
      : partition{BrokerId(1), {"t", 0}, sim::PartitionId(0), std::move(config), lag_limit} {
    partition.set_liveness([this](BrokerId broker) { return !dead.contains(broker.value()); });
    open();
  }

  static constexpr Duration lag_limit = 30s;

  // --- What happens ---

  void open(Offset checkpointed = 0) {
    auto log = log::Log::open(env, "t-0", log_config, {});
    REQUIRE(log.ok());
    partition.set_log(std::move(*log), checkpointed, now);
  }
  void wait(Duration time) { now += time; }

  /// The controller's word: broker 1 leads, in this epoch.
  Partition::Transition lead(int epoch, const std::vector<int>& isr = {1, 2, 3}) {
    return partition.make_leader(state(1, epoch, isr), now);
  }
  Partition::Transition follow(int leader, int epoch) {
    return partition.make_follower(state(leader, epoch, {1, 2, 3}));
  }

  /// A producer's records, one a batch.
  ErrorCode append(int count = 1, Acks acks = Acks::all) {
    for (int i = 0; i < count; ++i) {
      log::ByteVector batch = one_record();
      const auto appended = partition.append_as_leader(batch, acks, now, 0);
      if (!appended.ok()) return appended.error();
      moved = appended->high_watermark_moved;
    }
    return ErrorCode::none;
  }
  /// A follower asks for what comes from `offset` on: it has everything before.
  Partition::FollowerFetch fetch(int follower, Offset offset) {
    auto outcome =
        partition.note_follower_fetch(BrokerId(follower), offset, partition.log_end_offset(), now);
    moved = outcome.high_watermark_moved;
    return outcome;
  }
  /// The same, and the controller cannot be asked to add it.
  void fetch_and_stay_out(int follower, Offset offset) {
    if (const auto change = fetch(follower, offset).isr_change) partition.drop_isr_change(*change);
  }
  /// The leader's answer to broker 1's own fetch: `count` records of `epoch`.
  void copy(int count, int epoch, Offset leaders_high_watermark) {
    FetchResponse::Partition data{partition.name()};
    log::ByteVector records;
    for (int i = 0; i < count; ++i) {
      log::ByteVector batch = one_record();
      log::assign_offsets(batch, partition.log_end_offset() + i, epoch);
      records.insert(records.end(), batch.begin(), batch.end());
    }
    data.records = log::ByteSlice::copy_of(records);
    data.high_watermark = leaders_high_watermark;
    data.log_start_offset = 0;
    REQUIRE(partition.append_as_follower(data, 0).ok());
  }
  /// The controller's answer to a change of the ISR.
  Partition::IsrOutcome answer(const IsrChange& change, ErrorCode error = ErrorCode::none) {
    AlterPartitionResponse::Partition answer{partition.name(), error, {}};
    answer.state = {BrokerId(1), change.leader_epoch, change.to, change.partition_epoch + 1};
    auto outcome = partition.finish_isr_change(change, answer, now);
    moved = outcome.high_watermark_moved;
    return outcome;
  }

  // --- What may be seen ---

  Partition::Read read(Offset from, bool follower = false, LeaderEpoch last_fetched = log::no_epoch,
                       LeaderEpoch current = log::no_epoch) const {
    FetchRequest::Partition wanted{.partition = partition.name()};
    wanted.fetch_offset = from;
    wanted.last_fetched_epoch = last_fetched;
    wanted.current_leader_epoch = current;
    const auto reader = follower ? Partition::Reader::follower : Partition::Reader::consumer;
    return partition.read(wanted, reader, 1_MiB, true);
  }
  Offset high_watermark() const { return partition.high_watermark(); }
  Offset end() const { return partition.log_end_offset(); }

  static LeaderAndIsrRequest::Partition state(int leader, int epoch, const std::vector<int>& isr) {
    LeaderAndIsrRequest::Partition state{{"t", 0}, {}, ids({1, 2, 3}), false};
    state.state = {BrokerId(leader), epoch, ids(isr), epoch};
    return state;
  }

  log::MemoryEnv env;
  log::LogConfig log_config;
  std::set<int> dead;
  Time now{100s};
  bool moved = false;  ///< The high watermark, by what happened last.
  Partition partition;

 private:
  static log::ByteVector one_record() {
    log::BatchBuilder builder;
    builder.append(0, std::nullopt, log::as_bytes("a record"));
    return builder.build();
  }
};

}  // namespace

// --- Transitions ---

// Partition.makeLeader writes the epoch's start before it is the leader; what that throws,
// ReplicaManager.makeLeaders answers with KAFKA_STORAGE_ERROR.
TEST_CASE("who cannot write down its epoch does not lead", "[unit]") {
  PartitionStory story;
  REQUIRE(story.follow(2, 3).accepted);
  story.env.faults().fail_calls_from(1, log::IoErrorKind::io);
  const Partition::Transition failed = story.lead(4);
  CHECK(failed.storage_failed);
  CHECK_FALSE(failed.accepted);
  CHECK_FALSE(failed.changed);
  CHECK_FALSE(story.partition.is_leader());
  CHECK(story.partition.leader() == BrokerId(2));
  CHECK(story.partition.leader_epoch() == 3);
  CHECK(story.partition.isr().empty());
}

TEST_CASE("who can, leads; a stale partition epoch changes nothing", "[unit]") {
  PartitionStory story;
  const Partition::Transition transition = story.lead(4);
  CHECK((transition.accepted && transition.changed && !transition.storage_failed));
  CHECK(story.partition.is_leader());
  CHECK(story.partition.leader_epoch_start() == 0);
  const Partition::Transition stale = story.lead(3);
  CHECK_FALSE((stale.accepted || stale.storage_failed));
  CHECK(story.partition.leader_epoch() == 4);
  const Partition::Transition stale_follower = story.follow(2, 3);
  CHECK_FALSE((stale_follower.accepted || stale_follower.changed));
  CHECK(story.partition.is_leader());
}

// makeLeader and makeFollower return whether the leader changed: to be told the same again is none.
TEST_CASE("the same word twice changes nothing", "[unit]") {
  PartitionStory story;
  REQUIRE(story.lead(4).changed);
  const Partition::Transition again = story.lead(4);
  CHECK((again.accepted && !again.changed));
  REQUIRE(story.follow(2, 5).changed);
  const Partition::Transition follows = story.follow(2, 5);
  CHECK((follows.accepted && !follows.changed));
  CHECK(story.follow(3, 6).changed);
}

TEST_CASE("a new epoch of the same leader begins at its log's end", "[unit]") {
  PartitionStory story;
  story.lead(1);
  REQUIRE(story.append(3) == ErrorCode::none);
  REQUIRE(story.lead(2).changed);
  CHECK(story.partition.leader_epoch_start() == 3);
  CHECK(story.partition.last_fetched_epoch() == 2);
}

TEST_CASE("a follower knows no ISR, takes no records, serves no followers", "[unit]") {
  PartitionStory story;
  story.lead(1);
  REQUIRE(story.append() == ErrorCode::none);
  story.follow(2, 2);
  CHECK(story.partition.isr().empty());
  CHECK(story.append() == ErrorCode::not_leader_or_follower);
  CHECK(story.read(0, true).error == ErrorCode::not_leader_or_follower);
  CHECK(story.partition.acknowledged(1).error == ErrorCode::not_leader_or_follower);
  CHECK_FALSE(story.partition.maybe_shrink_isr(story.now + 1h));
}

// --- The high watermark ---

// Partition.maybeIncrementLeaderHW: the smallest end of the maximal ISR.
TEST_CASE("the high watermark is the smallest end in the ISR", "[unit]") {
  PartitionStory story;
  story.lead(1);
  REQUIRE(story.append(3) == ErrorCode::none);
  CHECK_FALSE(story.moved);
  CHECK(story.high_watermark() == 0);
  story.fetch(2, 3);
  CHECK(story.high_watermark() == 0);
  story.fetch(3, 2);
  CHECK(story.moved);
  CHECK(story.high_watermark() == 2);
  story.fetch(3, 3);
  CHECK(story.high_watermark() == 3);
  // A replica that goes back, after a truncation of its own, takes nothing back.
  story.fetch(2, 1);
  CHECK_FALSE(story.moved);
  CHECK(story.high_watermark() == 3);
}

TEST_CASE("alone in the ISR, a leader commits as it appends", "[unit]") {
  PartitionStory story;
  story.lead(1, {1});
  REQUIRE(story.append(2, Acks::leader) == ErrorCode::none);
  CHECK(story.moved);
  CHECK(story.high_watermark() == 2);
}

// The same method: a replica that has caught up is waited for although it is not in the ISR yet;
// one that lags, or whose broker is dead, is not.
TEST_CASE("who is about to join the ISR is waited for, while it lives and keeps up", "[unit]") {
  PartitionStory story;
  story.lead(1, {1});
  REQUIRE(story.append(2, Acks::leader) == ErrorCode::none);
  REQUIRE(story.high_watermark() == 2);
  story.fetch_and_stay_out(2, 2);
  REQUIRE(story.append(1, Acks::leader) == ErrorCode::none);
  CHECK(story.high_watermark() == 2);
  story.dead.insert(2);
  REQUIRE(story.append(1, Acks::leader) == ErrorCode::none);
  CHECK(story.high_watermark() == 4);
  story.dead.clear();
  story.fetch_and_stay_out(2, 4);
  REQUIRE(story.append(1, Acks::leader) == ErrorCode::none);
  CHECK(story.high_watermark() == 4);
  story.wait(PartitionStory::lag_limit + 1ns);
  REQUIRE(story.append(1, Acks::leader) == ErrorCode::none);
  CHECK(story.high_watermark() == 6);
}

// isUnderMinIsr stands before everything else there (KAFKA-13162 came with KIP-966's part of 3.9).
TEST_CASE("below min.insync.replicas the high watermark stands still", "[unit]") {
  PartitionStory story(TopicConfig{.min_insync_replicas = 2});
  story.lead(1, {1});
  REQUIRE(story.append(1, Acks::leader) == ErrorCode::none);
  CHECK(story.high_watermark() == 0);
  CHECK(story.append(1, Acks::all) == ErrorCode::not_enough_replicas);
  CHECK(story.partition.under_min_isr());
}

TEST_CASE("a follower takes over its leader's high watermark, as far as its own log goes",
          "[unit]") {
  PartitionStory story;
  story.follow(2, 1);
  story.copy(3, 1, 2);
  CHECK(story.high_watermark() == 2);
  story.copy(1, 1, 9);
  CHECK(story.high_watermark() == 4);
  CHECK(story.end() == 4);
}

TEST_CASE("a replica starts with the checkpointed high watermark, as far as its log goes",
          "[unit]") {
  PartitionStory story;
  story.follow(2, 1);
  story.copy(3, 1, 3);
  story.open(2);
  CHECK(story.high_watermark() == 2);
  story.open(7);
  CHECK(story.high_watermark() == 3);
}

// --- Acknowledging ---

// Partition.checkEnoughReplicasReachOffset.
TEST_CASE("acks=all is answered once the high watermark is there, with an error if the ISR shrank",
          "[unit]") {
  PartitionStory story(TopicConfig{.min_insync_replicas = 2});
  story.lead(1, {1, 2});
  REQUIRE(story.append() == ErrorCode::none);
  CHECK_FALSE(story.partition.acknowledged(1).done);
  story.fetch(2, 1);
  CHECK(story.partition.acknowledged(1).done);
  CHECK(story.partition.acknowledged(1).error == ErrorCode::none);
  CHECK_FALSE(story.partition.acknowledged(2).done);
  story.wait(PartitionStory::lag_limit + 1ns);
  REQUIRE(story.append() == ErrorCode::none);
  const auto change = story.partition.maybe_shrink_isr(story.now);
  REQUIRE(change);
  story.answer(*change);
  CHECK(story.partition.acknowledged(1).error == ErrorCode::not_enough_replicas_after_append);
}

// KAFKA-15583: min.insync.replicas counts no more replicas than there are.
TEST_CASE("min.insync.replicas beyond the number of replicas means all of them", "[unit]") {
  PartitionStory story(TopicConfig{.min_insync_replicas = 5});
  story.lead(1, {1, 2, 3});
  CHECK_FALSE(story.partition.under_min_isr());
  CHECK(story.append() == ErrorCode::none);
  story.lead(2, {1, 2});
  CHECK(story.append() == ErrorCode::not_enough_replicas);
}

// --- The ISR ---

// Replica.isCaughtUp and Partition.getOutOfSyncReplicas.
TEST_CASE("who has not caught up for replica.lag.time.max.ms leaves the ISR", "[unit]") {
  PartitionStory story;
  story.lead(1);
  REQUIRE(story.append(2) == ErrorCode::none);
  story.fetch(2, 2);
  story.wait(PartitionStory::lag_limit);
  CHECK_FALSE(story.partition.maybe_shrink_isr(story.now));  // Not longer than that.
  story.wait(1ns);
  const auto change = story.partition.maybe_shrink_isr(story.now);
  REQUIRE(change);
  CHECK(change->from == ids({1, 2, 3}));
  CHECK(change->to == ids({1, 2}));                // 2 stands at the end: it lags at nothing.
  CHECK(story.partition.isr() == ids({1, 2, 3}));  // Until the controller has said so.
  CHECK_FALSE(story.partition.maybe_shrink_isr(story.now));  // One change at a time.
  story.answer(*change);
  CHECK(story.partition.isr() == ids({1, 2}));
  CHECK(story.high_watermark() == 2);
}

// Replica.updateFetchStateOrThrow: reaching where the log ended at the fetch before counts from
// that fetch on.
TEST_CASE("who keeps reaching the end of a while ago keeps up", "[unit]") {
  PartitionStory story;
  story.lead(1);
  for (int i = 0; i < 10; ++i) {
    REQUIRE(story.append(1, Acks::leader) == ErrorCode::none);
    story.wait(10s);
    story.fetch(2, i);
    story.fetch(3, i);
  }
  CHECK_FALSE(story.partition.maybe_shrink_isr(story.now));
}

// Replica.updateFetchStateOrThrow: it was caught up as of the fetch before, not as of this one.
TEST_CASE("who reaches an old end was caught up when that was the end", "[unit]") {
  PartitionStory story;
  story.lead(1, {1, 2});
  REQUIRE(story.append(1, Acks::leader) == ErrorCode::none);
  story.fetch(2, 0);
  REQUIRE(story.append(1, Acks::leader) == ErrorCode::none);
  story.wait(20s);
  story.fetch(2, 1);
  story.wait(10s);
  CHECK_FALSE(story.partition.maybe_shrink_isr(story.now));
  story.wait(1s);
  CHECK(story.partition.maybe_shrink_isr(story.now));
}

// Partition.isFollowerInSync: at the high watermark, and at the start of the leader's epoch.
TEST_CASE("a follower joins at the high watermark, not before the epoch's start", "[unit]") {
  PartitionStory story;
  story.lead(1, {1});
  REQUIRE(story.append(4, Acks::leader) == ErrorCode::none);
  REQUIRE(story.high_watermark() == 4);
  CHECK_FALSE(story.fetch(2, 3).isr_change);
  story.dead.insert(2);
  CHECK_FALSE(story.fetch(2, 4).isr_change);
  story.dead.clear();
  const auto change = story.fetch(2, 4).isr_change;
  REQUIRE(change);
  CHECK(change->to == ids({1, 2}));
  CHECK(story.partition.maximal_isr() == ids({1, 2}));
  CHECK_FALSE(story.fetch(3, 4).isr_change);  // One change at a time.
  CHECK_FALSE(story.fetch(7, 4).known);
}

TEST_CASE("a follower below the start of the epoch does not join, whatever the high watermark",
          "[unit]") {
  PartitionStory story;
  story.lead(1, {1, 3});
  REQUIRE(story.append(4, Acks::leader) == ErrorCode::none);
  REQUIRE(story.high_watermark() == 0);
  story.lead(2, {1, 3});
  CHECK_FALSE(story.fetch(2, 3).isr_change);
  CHECK(story.fetch(2, 4).isr_change);
}

// KIP-497, PendingExpandIsr: who is being added is waited for until the controller has answered.
TEST_CASE("the high watermark waits for a replica that is being added", "[unit]") {
  PartitionStory story;
  story.lead(1, {1});
  const auto change = story.fetch(2, 0).isr_change;
  REQUIRE(change);
  story.wait(2 * PartitionStory::lag_limit);
  REQUIRE(story.append(1, Acks::leader) == ErrorCode::none);
  CHECK(story.high_watermark() == 0);
  SECTION("added: it counts") {
    story.answer(*change);
    CHECK(story.partition.isr() == ids({1, 2}));
    CHECK(story.high_watermark() == 0);
  }
  SECTION("refused for certain: it does not") {
    story.answer(*change, ErrorCode::ineligible_replica);
    CHECK(story.partition.maximal_isr() == ids({1}));
    REQUIRE(story.append(1, Acks::leader) == ErrorCode::none);
    CHECK(story.high_watermark() == 2);
  }
  SECTION("perhaps done: the larger ISR stays in force, and nothing is asked again") {
    CHECK_FALSE(story.answer(*change, ErrorCode::invalid_update_version).retry);
    CHECK(story.partition.maximal_isr() == ids({1, 2}));
    CHECK_FALSE(story.fetch(3, 0).isr_change);
  }
  SECTION("an error that passes: it is asked again") {
    const auto outcome = story.answer(*change, ErrorCode::unknown_server_error);
    REQUIRE(outcome.retry);
    CHECK(*outcome.retry == *change);
  }
  SECTION("the controller's word overtakes the answer") {
    story.lead(2, {1});
    CHECK(story.partition.maximal_isr() == ids({1}));
    story.answer(*change);
    CHECK(story.partition.isr() == ids({1}));
  }
  SECTION("nor does a late answer that is newer than what overtook it") {
    story.lead(2, {1});
    AlterPartitionResponse::Partition late{story.partition.name(), ErrorCode::none, {}};
    late.state = {BrokerId(1), 2, ids({1, 2}), 9};
    (void)story.partition.finish_isr_change(*change, late, story.now);
    CHECK(story.partition.isr() == ids({1}));
  }
  SECTION("not sent after all: another may be asked for") {
    story.partition.drop_isr_change(*change);
    CHECK(story.partition.maximal_isr() == ids({1}));
    CHECK(story.fetch(3, 1).isr_change);
  }
}

// --- Reading ---

TEST_CASE("consumers read up to the high watermark, followers to the end", "[unit]") {
  PartitionStory story;
  story.lead(1);
  REQUIRE(story.append(3) == ErrorCode::none);
  story.fetch(2, 2);
  story.fetch(3, 2);
  REQUIRE(story.high_watermark() == 2);
  const std::int64_t one = story.read(1).records.size();
  CHECK(one > 0);
  CHECK(story.read(0).records.size() == 2 * one);
  CHECK(story.read(0, true).records.size() == 3 * one);
  CHECK(story.read(2).records.empty());  // At the high watermark: it waits (KIP-207).
  CHECK(story.read(2).error == ErrorCode::none);
  CHECK(story.read(3).error == ErrorCode::none);
  CHECK(story.read(4).error == ErrorCode::offset_out_of_range);
}

// FetchParams.fetchOnlyLeader: a consumer's fetch, from version 11 on, may be served by a follower.
TEST_CASE("a follower serves consumers up to the high watermark that it has heard of", "[unit]") {
  PartitionStory story;
  story.follow(2, 3);
  story.copy(3, 3, 2);
  REQUIRE(story.high_watermark() == 2);
  const auto read = story.read(0, false, log::no_epoch, 3);
  CHECK(read.error == ErrorCode::none);
  CHECK(read.high_watermark == 2);
  CHECK(read.records.size() == 2 * story.read(1, false, log::no_epoch, 3).records.size());
  CHECK(story.read(4, false, log::no_epoch, 3).error == ErrorCode::offset_out_of_range);
  CHECK(story.read(0, false, log::no_epoch, 4).error == ErrorCode::unknown_leader_epoch);
  // Who comes from a follower, or a leader, that knew more waits.
  FetchRequest::Partition wanted{.partition = story.partition.name()};
  wanted.current_leader_epoch = 3;
  wanted.fetch_offset = 3;
  CHECK_FALSE(story.partition.readable(wanted, Partition::Reader::consumer).answer_now);
  wanted.fetch_offset = 4;
  CHECK(story.partition.readable(wanted, Partition::Reader::consumer).answer_now);
}

TEST_CASE("who has another idea of the epoch is told which is newer", "[unit]") {
  PartitionStory story;
  story.lead(5);
  CHECK(story.read(0, false, log::no_epoch, 4).error == ErrorCode::fenced_leader_epoch);
  CHECK(story.read(0, false, log::no_epoch, 6).error == ErrorCode::unknown_leader_epoch);
  CHECK(story.read(0, false, log::no_epoch, 5).error == ErrorCode::none);
}

// Partition.getLocalLog: checkCurrentLeaderEpoch comes first.
TEST_CASE("who has another idea of the epoch is told that first, and then who does not lead",
          "[unit]") {
  PartitionStory story;
  story.lead(4);
  story.follow(2, 5);
  OffsetForLeaderEpochRequest::Partition wanted{story.partition.name()};
  const auto end_of_epoch = [&](LeaderEpoch current) {
    wanted.current_leader_epoch = current;
    return story.partition.end_of_epoch(wanted).error;
  };
  for (const LeaderEpoch current : {5, log::no_epoch}) {
    CHECK(story.read(0, true, log::no_epoch, current).error == ErrorCode::not_leader_or_follower);
    CHECK(end_of_epoch(current) == ErrorCode::not_leader_or_follower);
  }
  CHECK(story.read(0, true, log::no_epoch, 4).error == ErrorCode::fenced_leader_epoch);
  CHECK(end_of_epoch(4) == ErrorCode::fenced_leader_epoch);
  CHECK(story.read(0, true, log::no_epoch, 6).error == ErrorCode::unknown_leader_epoch);
  CHECK(end_of_epoch(6) == ErrorCode::unknown_leader_epoch);
}

// KIP-595's divergingEpoch, as readRecords compares it.
TEST_CASE("a follower whose history parts from the leader's is told where", "[unit]") {
  PartitionStory story;
  story.lead(1);
  REQUIRE(story.append(2, Acks::leader) == ErrorCode::none);
  story.lead(3);
  REQUIRE(story.append(2, Acks::leader) == ErrorCode::none);
  // It has three records of epoch 1, of which the leader has two.
  const Partition::Read behind = story.read(3, true, 1);
  REQUIRE(behind.diverging);
  CHECK(behind.diverging->epoch == 1);
  CHECK(behind.diverging->end_offset == 2);
  // It has an epoch 2 that the leader never had.
  const Partition::Read other = story.read(3, true, 2);
  REQUIRE(other.diverging);
  CHECK(other.diverging->epoch == 1);
  CHECK_FALSE(story.read(2, true, 1).diverging);
  CHECK_FALSE(story.read(4, true, 3).diverging);
}

// readRecords: "regardless of whether epochs are diverging".
TEST_CASE("who asks for what is before the log's start is out of range, whatever its history",
          "[unit]") {
  PartitionStory story;
  story.lead(1);
  REQUIRE(story.append(2, Acks::leader) == ErrorCode::none);
  story.lead(3);
  REQUIRE(story.append(2, Acks::leader) == ErrorCode::none);
  REQUIRE(story.read(0, true, 2).diverging);
  REQUIRE(story.partition.log().advance_log_start_offset(1).ok());
  CHECK(story.read(0, true, 2).error == ErrorCode::offset_out_of_range);
  CHECK_FALSE(story.read(0, true, 2).diverging);
  CHECK(story.read(1, true, 2).diverging);
}

TEST_CASE("a delayed fetch is answered at once when waiting is of no use", "[unit]") {
  PartitionStory story;
  story.lead(2);
  REQUIRE(story.append(2) == ErrorCode::none);
  FetchRequest::Partition wanted{.partition = story.partition.name()};
  wanted.fetch_offset = 0;
  wanted.current_leader_epoch = 2;
  CHECK_FALSE(story.partition.readable(wanted, Partition::Reader::consumer).answer_now);
  CHECK(story.partition.readable(wanted, Partition::Reader::consumer).bytes == Bytes(0));
  CHECK(story.partition.readable(wanted, Partition::Reader::follower).bytes > Bytes(0));
  wanted.fetch_offset = 3;  // The log was cut below it.
  CHECK(story.partition.readable(wanted, Partition::Reader::follower).answer_now);
  wanted.fetch_offset = 0;
  wanted.current_leader_epoch = 1;
  CHECK(story.partition.readable(wanted, Partition::Reader::follower).answer_now);
  story.follow(3, 3);
  wanted.current_leader_epoch = 3;
  CHECK(story.partition.readable(wanted, Partition::Reader::follower).answer_now);
}

// DelayedFetch, case F: a fetch of an older segment gets no more by waiting.
TEST_CASE("a delayed fetch of a segment that is done is answered with what there is", "[unit]") {
  PartitionStory story;
  story.log_config.segment_bytes = 160;  // two records
  story.open();
  story.lead(1);
  FetchRequest::Partition wanted{.partition = story.partition.name()};
  REQUIRE(story.append(1) == ErrorCode::none);
  CHECK_FALSE(story.partition.readable(wanted, Partition::Reader::follower).older_segment);
  REQUIRE(story.append(3) == ErrorCode::none);
  REQUIRE(story.partition.log().segment_count() == 2);
  CHECK(story.partition.readable(wanted, Partition::Reader::follower).older_segment);
  CHECK_FALSE(story.partition.readable(wanted, Partition::Reader::follower).answer_now);
  wanted.fetch_offset = 2;
  CHECK_FALSE(story.partition.readable(wanted, Partition::Reader::follower).older_segment);
}

// --- Truncating ---

// AbstractFetcherThread.getOffsetTruncationState.
TEST_CASE("a follower cuts where its history parts from the leader's", "[unit]") {
  PartitionStory story;
  story.follow(2, 1);
  story.copy(4, 1, 2);
  story.follow(3, 3);
  story.copy(2, 3, 2);
  REQUIRE(story.end() == 6);
  using Diverging = FetchResponse::DivergingEpoch;
  CHECK(story.partition.truncation_point(Diverging{3, 5}) == 5);  // Both had epoch 3.
  CHECK(story.partition.truncation_point(Diverging{3, 9}) == 6);  // Ours is the shorter one.
  CHECK(story.partition.truncation_point(Diverging{1, 3}) == 3);
  CHECK(story.partition.truncation_point(Diverging{1, 5}) == 4);  // Ours of epoch 1 ends there.
  CHECK(story.partition.truncation_point(Diverging{2, 9}) == 4);  // No epoch 2: the end of 1.
  CHECK(story.partition.truncation_point(Diverging{2, 3}) == 4);  // And the leader is asked again.
  CHECK(story.partition.truncation_point(Diverging{0, 0}) == 0);  // Older than all of ours.
  CHECK(story.partition.truncation_point(Diverging{5, 9}) == 6);
}

TEST_CASE("a cut takes the high watermark along", "[unit]") {
  PartitionStory story;
  story.follow(2, 1);
  story.copy(4, 1, 4);
  const auto cut = story.partition.truncate_to(3);
  REQUIRE(cut.ok());
  CHECK(*cut);
  CHECK(story.high_watermark() == 3);
  const auto nothing = story.partition.truncate_to(9);
  REQUIRE(nothing.ok());
  CHECK_FALSE(*nothing);
  REQUIRE(story.partition.truncate_fully_and_start_at(10).ok());
  CHECK(story.end() == 10);
  CHECK(story.high_watermark() == 10);
}

// Partition.appendRecordsToFollowerOrFutureReplica: UnexpectedAppendOffsetException.
TEST_CASE("a follower begins with the batch in whose middle its leader's log begins", "[unit]") {
  PartitionStory story;
  story.follow(2, 1);
  REQUIRE(story.partition.truncate_fully_and_start_at(5).ok());
  log::BatchBuilder builder;
  for (int i = 0; i < 8; ++i) builder.append(1, std::nullopt, log::as_bytes("x"));
  log::ByteVector batch = builder.build();
  log::assign_offsets(batch, 0, 1);
  FetchResponse::Partition data{story.partition.name()};
  data.records = log::ByteSlice::copy_of(batch);
  data.high_watermark = 8;
  data.log_start_offset = 5;
  REQUIRE(story.partition.append_as_follower(data, 0).ok());
  CHECK(story.partition.log().log_start_offset() == 5);
  CHECK(story.end() == 8);
  CHECK(story.high_watermark() == 8);
  // The same once more is none that it waits for.
  CHECK_FALSE(story.partition.append_as_follower(data, 0).ok());
}

TEST_CASE("what an epoch's end is, a leader says to who asks in its epoch", "[unit]") {
  PartitionStory story;
  story.lead(1);
  REQUIRE(story.append(2) == ErrorCode::none);
  story.lead(2);
  OffsetForLeaderEpochRequest::Partition wanted{story.partition.name()};
  wanted.current_leader_epoch = 2;
  wanted.leader_epoch = 1;
  const auto end = story.partition.end_of_epoch(wanted);
  CHECK(end.error == ErrorCode::none);
  CHECK(end.leader_epoch == 1);
  CHECK(end.end_offset == 2);
  wanted.current_leader_epoch = 1;
  CHECK(story.partition.end_of_epoch(wanted).error == ErrorCode::fenced_leader_epoch);
}

// --- What can never be ---

TEST_CASE("a replica whose state contradicts itself stops the program", "[unit]") {
  using Act = std::function<void(PartitionStory&)>;
  const std::string aborted = fmt::format("signal {} ended the child\n", SIGABRT);
  const auto told = [](const Act& act) {
    return tests::run_in_child([&] {
             PartitionStory story;
             story.lead(5, {1});
             story.append(2);
             act(story);
             return std::string("it goes on");
           })
        .failures;
  };
  CHECK(told([](PartitionStory& story) { story.lead(6, {1, 2}); }).empty());
  // The high watermark, 2, beyond the log's end.
  CHECK(told([](PartitionStory& story) {
          REQUIRE(story.partition.log().truncate_to(0).ok());
          story.fetch(2, 0);
        }) == aborted);
  // Somebody in the ISR who has no replica: he is left out of what a controller tells.
  CHECK(told([](PartitionStory& story) { story.lead(6, {1, 4}); }).empty());
  CHECK(told([](PartitionStory& story) {
          PartitionTamper::set_isr(story.partition, ids({1, 4}));
        }) == aborted);
  CHECK(told([](PartitionStory& story) {
          auto older = PartitionStory::state(2, 4, {1, 2, 3});
          older.state.partition_epoch = 6;
          story.partition.make_follower(older);
        }) == aborted);
  // That the partition epoch goes back every call prevents.
  CHECK(told([](PartitionStory& story) {
          PartitionTamper::set_partition_epoch(story.partition, 6);
        }).empty());
  CHECK(told([](PartitionStory& story) {
          PartitionTamper::set_partition_epoch(story.partition, 4);
        }) == aborted);
}

// --- Who watches ---

namespace {

struct Watch final : StandingWatcher {
  void on_standing_changed() override { ++heard; }
  int heard = 0;
};

/// How often somebody who began to watch before it hears of it.
template <class Change>
int heard_of(PartitionStory& story, Change change) {
  Watch watch;
  story.partition.watch_standing(watch);
  change();
  story.partition.unwatch_standing(watch);
  return watch.heard;
}

}  // namespace

// A fetch session leaves out who has not changed: it must hear of all that decides what a read
// gives.
TEST_CASE("who watches a partition hears once of each thing that a read depends on", "[unit]") {
  PartitionStory story;
  CHECK(heard_of(story, [&] { story.lead(1); }) == 1);
  CHECK(heard_of(story, [&] { story.append(3); }) == 1);
  CHECK(heard_of(story, [&] { story.fetch(2, 3); }) == 0);
  CHECK(heard_of(story, [&] { story.fetch(3, 3); }) == 1);  // the high watermark
  CHECK(heard_of(story, [&] { CHECK(story.partition.log().advance_log_start_offset(2).ok()); }) ==
        1);
  CHECK(heard_of(story, [&] { story.lead(1); }) == 0);
  CHECK(heard_of(story, [&] { story.lead(2); }) == 1);
  CHECK(heard_of(story, [&] { story.follow(2, 3); }) == 1);
  CHECK(heard_of(story, [&] { story.copy(2, 3, 3); }) == 1);
  CHECK(heard_of(story, [&] { CHECK(story.partition.truncate_to(4).ok()); }) == 1);
  CHECK(heard_of(story, [&] { CHECK(story.partition.truncate_fully_and_start_at(9).ok()); }) == 1);
}

TEST_CASE("who watches a partition hears that it goes", "[unit]") {
  Watch watch;
  {
    PartitionStory story;
    story.partition.watch_standing(watch);
  }
  CHECK(watch.heard == 1);
}
