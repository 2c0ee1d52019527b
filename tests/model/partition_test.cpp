// A partition's rules, on a real log whose storage may fail.
#include "model/partition.h"

#include "log/memory_env.h"

#include <catch2/catch.hpp>

using namespace brokerlab;
using namespace brokerlab::model;

namespace {

struct PartitionStory {
  PartitionStory() {
    auto log = log::Log::open(env, "t-0", log::LogConfig{}, {});
    REQUIRE(log.ok());
    partition.set_log(std::move(*log), 0, Time{});
  }
  static LeaderAndIsrRequest::Partition state(int leader, int epoch) {
    LeaderAndIsrRequest::Partition state{{"t", 0}, {}, {BrokerId(1), BrokerId(2)}, false};
    state.state = {BrokerId(leader), epoch, {BrokerId(1), BrokerId(2)}, epoch};
    return state;
  }

  log::MemoryEnv env;
  Partition partition{BrokerId(1), {"t", 0}, sim::PartitionId(0), TopicConfig{}, 30s};
};

}  // namespace

// Partition.makeLeader writes the epoch's start before it is the leader; what that throws,
// ReplicaManager.makeLeaders answers with KAFKA_STORAGE_ERROR.
TEST_CASE("who cannot write down its epoch does not lead", "[unit]") {
  PartitionStory story;
  REQUIRE(story.partition.make_follower(PartitionStory::state(2, 3)).accepted);
  story.env.faults().fail_calls_from(1, log::IoErrorKind::io);
  const Partition::Transition failed =
      story.partition.make_leader(PartitionStory::state(1, 4), Time{});
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
  const Partition::Transition transition =
      story.partition.make_leader(PartitionStory::state(1, 4), Time{});
  CHECK((transition.accepted && transition.changed && !transition.storage_failed));
  CHECK(story.partition.is_leader());
  CHECK(story.partition.leader_epoch_start() == 0);
  const Partition::Transition stale =
      story.partition.make_leader(PartitionStory::state(1, 3), Time{});
  CHECK_FALSE((stale.accepted || stale.storage_failed));
  CHECK(story.partition.leader_epoch() == 4);
}
