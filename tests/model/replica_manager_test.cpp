// What a broker does with its replicas as the controller directs it, told as stories of broker 1.
// Held against kafka.server.ReplicaManager (3.9), by the method that each story names.
#include "tests/model/replica_story.h"

#include <utility>

using namespace brokerlab;
using namespace brokerlab::model;

namespace {

/// The controller's answer to a change of the ISR.
ResponsePtr taken(const AlterPartitionRequest& request, int partition_epoch) {
  auto response = std::make_unique<AlterPartitionResponse>();
  for (const AlterPartitionRequest::Partition& one : request.partitions) {
    response->partitions.push_back(
        {one.partition,
         ErrorCode::none,
         {request.broker, one.leader_epoch, one.new_isr, partition_epoch}});
  }
  return response;
}

/// Broker 2 leads: the first fetch is out of its log's range, which is [start, end); after that it
/// keeps silent.
void holds_only(PeerScript& leader, Offset start, Offset end) {
  leader.answer = [start, end, told = false](const Request& request) mutable -> ResponsePtr {
    if (const auto* fetch = dynamic_cast<const FetchRequest*>(&request)) {
      if (std::exchange(told, true)) return nullptr;
      auto response = std::make_unique<FetchResponse>();
      response->partitions.push_back({.partition = fetch->partitions.at(0).partition,
                                      .error = ErrorCode::offset_out_of_range});
      return response;
    }
    const auto* list = dynamic_cast<const ListOffsetsRequest*>(&request);
    if (list == nullptr) return nullptr;
    auto response = std::make_unique<ListOffsetsResponse>();
    const bool wants_end = list->partitions.at(0).timestamp == latest_timestamp;
    response->partitions.push_back(
        {.partition = list->partitions[0].partition, .offset = wants_end ? end : start});
    return response;
  };
}

/// "latest earliest ": what broker 2 was asked.
std::string offsets_asked(const PeerScript& leader) {
  std::string asked;
  for (const ListOffsetsRequest* request : leader.all<ListOffsetsRequest>()) {
    asked += request->partitions.at(0).timestamp == latest_timestamp ? "latest " : "earliest ";
  }
  return asked;
}

}  // namespace

// becomeLeaderOrFollower goes on with a greater epoch only, as long as ZooKeeper is behind it.
TEST_CASE("the controller's word in the epoch that a replica has changes nothing", "[unit]") {
  ReplicaStory story;
  CHECK(story.told({.leader = 1, .epoch = 3, .isr = {1, 2}, .partition_epoch = 5}) ==
        ErrorCode::none);
  CHECK(story.told({.leader = 1, .epoch = 2, .isr = {1}, .partition_epoch = 4}) ==
        ErrorCode::stale_controller_epoch);
  CHECK(story.told({.leader = 1, .epoch = 3, .isr = {1}, .partition_epoch = 6}) ==
        ErrorCode::stale_controller_epoch);
  CHECK(story.partition().isr() == std::vector<BrokerId>{BrokerId(1), BrokerId(2)});
  CHECK(story.told({.leader = 2, .epoch = 3, .partition_epoch = 7}) ==
        ErrorCode::stale_controller_epoch);
  CHECK(story.partition().is_leader());
  CHECK(story.told({.leader = 2, .epoch = 4, .partition_epoch = 7}) == ErrorCode::none);
  CHECK_FALSE(story.partition().is_leader());
}

// So a controller that has just taken over, and tells everybody what it found, does not end a
// change that is under way: who is being added, and may be in the ISR by now, is waited for.
TEST_CASE("a new controller's first word leaves a pending ISR change pending", "[unit]") {
  ReplicaStory story;
  REQUIRE(story.told({.leader = 1, .epoch = 3, .isr = {1}, .partition_epoch = 5}) ==
          ErrorCode::none);
  story.fetched_by_2(0, 3);  // caught up: the controller is asked to add it, and does not answer
  REQUIRE(story.peer.all<AlterPartitionRequest>().size() == 1);
  const std::vector<BrokerId> both{BrokerId(1), BrokerId(2)};
  REQUIRE(story.partition().maximal_isr() == both);

  CHECK(story.told({.leader = 1, .epoch = 3, .isr = {1}, .partition_epoch = 5}) ==
        ErrorCode::stale_controller_epoch);
  CHECK(story.partition().maximal_isr() == both);
  story.run_for(story.config.replica_lag_time_max);  // 2 is not about to join any more, by itself
  const CallPtr produced = story.produce(Acks::all);
  CHECK_FALSE(story.answered(produced));
  CHECK(story.partition().high_watermark() == 0);

  story.peer.answer = [](const Request& request) {
    const auto* change = dynamic_cast<const AlterPartitionRequest*>(&request);
    return change == nullptr ? nullptr : taken(*change, 6);
  };
  story.run_for(ReplicaServer::asked_again + 1s);
  CHECK(story.partition().isr() == both);
  CHECK_FALSE(story.answered(produced));
  story.fetched_by_2(1, 3);
  CHECK(story.answered(produced));
}

// stopReplicas, with deletePartition=false.
TEST_CASE("a replica that is told to stop fetches no more, until it hears of a new epoch",
          "[unit]") {
  ReplicaStory story;
  REQUIRE(story.told({.leader = 2, .epoch = 3}) == ErrorCode::none);
  CHECK(story.fetches());
  CHECK(story.told_to_stop(2) == ErrorCode::fenced_leader_epoch);
  CHECK(story.fetches());
  CHECK(story.told_to_stop(3) == ErrorCode::none);
  CHECK_FALSE(story.fetches());
  CHECK(story.partition().leader() == BrokerId(2));
  CHECK(story.told({.leader = 2, .epoch = 4}) == ErrorCode::none);
  CHECK(story.fetches());
}

// makeFollowers, isShuttingDown.
TEST_CASE("a broker that shuts down hands its leadership over and follows nobody", "[unit]") {
  ReplicaStory story;
  REQUIRE(story.told({.leader = 1, .epoch = 3}) == ErrorCode::none);
  story.replicas().begin_shutdown();
  CHECK(story.told({.leader = 2, .epoch = 4}) == ErrorCode::none);
  CHECK_FALSE(story.partition().is_leader());
  CHECK_FALSE(story.fetches());
}

// makeFollowers: "only change partition state when the leader is available", by the metadata cache.
TEST_CASE("a leader that nobody has said to be alive is not followed, the one before is",
          "[unit]") {
  ReplicaStory story;
  REQUIRE(story.told({.leader = 2, .epoch = 3}) == ErrorCode::none);
  CHECK(story.told({.leader = 3, .epoch = 4}) == ErrorCode::none);
  CHECK(story.partition().leader() == BrokerId(2));
  CHECK(story.partition().leader_epoch() == 3);
  CHECK(story.fetches());
  CHECK(story.told({.leader = -1, .epoch = 5}) == ErrorCode::none);
  CHECK(story.partition().leader_epoch() == 3);
  CHECK(story.fetches());
  story.hear_of({1, 2, 3});
  CHECK(story.told({.leader = 3, .epoch = 4}) == ErrorCode::none);
  CHECK(story.partition().leader() == BrokerId(3));
  CHECK_FALSE(story.fetches());
}

// Partition.fetchOffsetForTimestamp asks getLocalLog, as all that a leader answers.
TEST_CASE("offsets are refused to who has another idea of the epoch, whoever leads", "[unit]") {
  ReplicaStory story;
  REQUIRE(story.told({.leader = 2, .epoch = 4}) == ErrorCode::none);
  CHECK(story.list_offsets({story.name, 3}).error == ErrorCode::fenced_leader_epoch);
  CHECK(story.list_offsets({story.name, 5}).error == ErrorCode::unknown_leader_epoch);
  CHECK(story.list_offsets({story.name, 4}).error == ErrorCode::not_leader_or_follower);
  CHECK(story.list_offsets({story.name}).error == ErrorCode::not_leader_or_follower);
  REQUIRE(story.told({.leader = 1, .epoch = 5}) == ErrorCode::none);
  CHECK(story.list_offsets({story.name, 4}).error == ErrorCode::fenced_leader_epoch);
  CHECK(story.list_offsets({story.name, 5}).error == ErrorCode::none);
}

// getPartitionOrError asks whether the metadata cache contains the partition.
TEST_CASE("a partition that is elsewhere, or led by nobody, is not unknown", "[unit]") {
  ReplicaStory story;
  const TopicPartition elsewhere{"other", 0};
  const TopicPartition unknown{"other", 1};
  story.hear_of({1, 2}, {{elsewhere, {BrokerId(), 3, {BrokerId(2)}, 3}, {BrokerId(2)}}});
  const auto all_say = [&](const TopicPartition& name, ErrorCode error) {
    CHECK(story.list_offsets({name}).error == error);
    CHECK(story.answer_to_fetch_of(name).error == error);
    CHECK(story.end_of_epoch({name}).error == error);
  };
  all_say(elsewhere, ErrorCode::not_leader_or_follower);
  all_say(unknown, ErrorCode::unknown_topic_or_partition);
}

// KafkaApis.handleFetchRequest: what is erroneous goes into the answer, what is interesting is
// waited for.
TEST_CASE("a partition that is not known does not hurry who waits for the others", "[unit]") {
  ReplicaStory story;
  const TopicPartition unknown{"other", 1};
  REQUIRE(story.told({.leader = 1, .epoch = 3, .isr = {1}}) == ErrorCode::none);
  const auto fetch = [&](const std::vector<TopicPartition>& names, Offset offset = 0) {
    auto request = std::make_unique<FetchRequest>();
    request->max_wait = 10s;
    request->min_bytes = 1_B;
    for (const TopicPartition& name : names) request->partitions.push_back({name, -1, offset});
    return story.send(std::move(request),
                      [&](CallPtr call) { return story.replicas().fetch(std::move(call)); });
  };
  CHECK(story.answered(fetch({unknown})));
  const CallPtr both = fetch({unknown, story.name});
  CHECK_FALSE(story.answered(both));
  story.produce(Acks::leader);
  REQUIRE(story.answered(both));
  const auto response = both->responses().try_receive();
  const auto& partitions = dynamic_cast<const FetchResponse&>(**response).partitions;
  REQUIRE(partitions.size() == 2);
  CHECK(partitions[0].error == ErrorCode::unknown_topic_or_partition);
  CHECK_FALSE(partitions[1].records.empty());

  // One that becomes unknown meanwhile is told at once (DelayedFetch.tryComplete).
  const CallPtr at_its_end = fetch({story.name}, 1);
  CHECK_FALSE(story.answered(at_its_end));
  story.hear_of({1, 2}, {{.partition = story.name, .deleted = true}});
  CHECK(story.told_to_stop(3, true) == ErrorCode::none);
  story.run_for(100ms);
  CHECK(story.answered(at_its_end));
}

// Partition.fetchOffsetForTimestamp, KIP-207: what is at that time may be below the end of what the
// leader before had committed.
TEST_CASE("a new leader that lags behind does not say that there is nothing at a time", "[unit]") {
  ReplicaStory story;
  REQUIRE(story.told({.leader = 1, .epoch = 3}) == ErrorCode::none);
  story.produce(Acks::leader);
  CHECK(story.list_offsets({story.name, 3, 0}).error == ErrorCode::none);
  CHECK(story.list_offsets({story.name, 3, 0}).offset == log::no_offset);
  CHECK(story.list_offsets({story.name, 3, 0}, true).offset == 0);  // a follower's
  REQUIRE(story.told({.leader = 1, .epoch = 4, .partition_epoch = 1}) == ErrorCode::none);
  CHECK(story.list_offsets({story.name, 4, 0}).error == ErrorCode::offset_not_available);
  CHECK(story.list_offsets({story.name, 4, 0}, true).error == ErrorCode::none);
  story.fetched_by_2(1, 4);
  CHECK(story.list_offsets({story.name, 4, 0}).offset == 0);
  const ListOffsetsResponse::Partition later = story.list_offsets({story.name, 4, 1});
  CHECK(later.error == ErrorCode::none);
  CHECK(later.offset == log::no_offset);
}

// LogManager.logsByDir has every log that was loaded, whether the controller has spoken of it yet
// or not: checkpointLogRecoveryOffsets and shutdown go through all.
TEST_CASE("a log that the controller has not spoken of keeps its recovery point", "[unit]") {
  ReplicaStory story;
  REQUIRE(story.told({.leader = 1, .epoch = 3}) == ErrorCode::none);
  story.produce(Acks::leader);
  story.stop_cleanly();
  REQUIRE(story.recovery_point() == 1);
  story.process.start();
  story.run_for(story.config.log_flush_offset_checkpoint_interval + 1s);
  CHECK(story.recovery_point() == 1);
}

TEST_CASE("a clean stop vouches for the logs that it has closed, and closes all", "[unit]") {
  ReplicaStory story;
  REQUIRE(story.told({.leader = 1, .epoch = 3}) == ErrorCode::none);
  story.produce(Acks::leader);
  story.process.kill();
  story.process.start();
  story.run_for(1s);
  story.stop_cleanly();
  CHECK(story.recovery_point() == 1);
  story.machine.power_off();
  story.run_for(1s);
  story.machine.power_on();
  story.run_for(story.machine.config().boot_time);
  story.process.start();
  story.run_for(1s);
  REQUIRE(story.told({.leader = 1, .epoch = 4}) == ErrorCode::none);
  CHECK(story.partition().log_end_offset() == 1);
}

// AbstractFetcherThread.fetchOffsetAndTruncate: fetchLatestOffset first, fetchEarliestOffset if it
// must.
TEST_CASE("a follower that is out of range asks where its leader ends, then where it begins",
          "[unit]") {
  ReplicaStory story;
  REQUIRE(story.told({.leader = 1, .epoch = 3}) == ErrorCode::none);
  story.produce(Acks::leader);
  story.produce(Acks::leader);
  log::Log& log = story.partition().log();
  SECTION("it ends before ours does: all is known") {
    holds_only(story.peer, 0, 1);
    REQUIRE(story.told({.leader = 2, .epoch = 4}) == ErrorCode::none);
    CHECK(offsets_asked(story.peer) == "latest ");
    CHECK(log.log_end_offset() == 1);
  }
  SECTION("it begins behind our end: ours begins there") {
    holds_only(story.peer, 5, 9);
    REQUIRE(story.told({.leader = 2, .epoch = 4}) == ErrorCode::none);
    CHECK(offsets_asked(story.peer) == "latest earliest ");
    CHECK(log.log_start_offset() == 5);
    CHECK(log.log_end_offset() == 5);
  }
  SECTION("it holds our end by now: the fetch is tried again") {
    holds_only(story.peer, 1, 9);
    REQUIRE(story.told({.leader = 2, .epoch = 4}) == ErrorCode::none);
    CHECK(offsets_asked(story.peer) == "latest earliest ");
    CHECK(log.log_end_offset() == 2);
    CHECK(story.peer.all<FetchRequest>().size() == 2);
  }
}
