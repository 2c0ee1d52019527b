// Stories of a consumer group: real consumers, a real group coordinator, scripted brokers.
#include "tests/model/consumer_story.h"

#include <catch2/catch.hpp>

#include <set>

using namespace brokerlab;
using namespace brokerlab::model;

TEST_CASE("two members share six partitions and read every record once", "[unit]") {
  GroupStory story;
  story.fill(5);
  story.add("nifi-1");
  story.add("nifi-2");
  story.run_for(10s);
  CHECK(story.owned("nifi-1") == std::set<int>{0, 1, 2});
  CHECK(story.owned("nifi-2") == std::set<int>{3, 4, 5});
  story.fill(5);
  story.run_for(5s);
  CHECK(story.diary.consumed.size() == 60);
  CHECK(story.times_consumed().size() == 60);
  CHECK(story.bytes_are_right());
  for (const auto& [partition, offset] : story.diary.committed) CHECK(offset == 10);
  CHECK(story.diary.committed.size() == 6);
}

// ConsumerCoordinator.onJoinPrepare and onJoinComplete, RebalanceProtocol.EAGER.
TEST_CASE("an eager group gives up everything before it divides it anew", "[unit]") {
  GroupStory story;
  story.add("nifi-1");
  story.run_for(5s);
  REQUIRE(story.owned("nifi-1").size() == 6);
  story.add("nifi-2");
  story.run_for(10s);
  CHECK(story.owned("nifi-1") == std::set<int>{0, 1, 2});
  CHECK(story.owned("nifi-2") == std::set<int>{3, 4, 5});
  CHECK(story.count("consumer.joined") == 3);
  CHECK(story.count("consumer.partitions_revoked") == 0);
}

// ConsumerCoordinator.onJoinPrepare and maybeAutoCommitOffsetsAsync commit at the beginning of a
// poll(), which means that all that earlier ones gave is processed.
TEST_CASE("nothing is committed by itself before the application has processed it", "[unit]") {
  using enum AssignmentStrategy;
  const AssignmentStrategy how = GENERATE(range, cooperative_sticky);
  GroupStory story(2, 2);
  story.app.client.config.partition_assignment_strategy = {how};
  story.app.client.config.enable_auto_commit = true;
  story.app.client.config.auto_commit_interval = 700ms;
  story.app.client.config.max_poll_records = 20;
  story.app.service_time = 10ms;
  story.fill(300);
  sim::Process& second = story.add("nifi-2");
  second.kill();
  story.add("nifi-1");
  story.run_for(2s);
  second.start();
  story.run_for(5s);
  second.kill();
  story.run_for(20s);
  CHECK(story.count("consumer.joined") >= 4);
  CHECK(story.diary.committed.size() == 2);
  for (const auto& [partition, offset] : story.diary.committed) CHECK(offset == 300);
  CHECK(story.diary.committed_ahead == 0);
}

// The same: who gives up its partitions hands out nothing of them any more.
TEST_CASE("an eager member processes nothing twice for a rebalance", "[unit]") {
  GroupStory story(2, 2);
  story.app.client.config.max_poll_records = 20;
  story.app.service_time = 10ms;
  story.fill(300);
  sim::Process& second = story.add("nifi-2");
  second.kill();
  story.add("nifi-1");
  story.run_for(2s);
  second.start();
  story.run_for(20s);
  CHECK(story.count("consumer.joined") == 3);
  CHECK(story.times_consumed().size() == 600);
  CHECK(story.diary.consumed.size() == 600);
}

// The same, RebalanceProtocol.COOPERATIVE: two rebalances, and only what moves is given up.
TEST_CASE("a cooperative group goes on reading what does not move", "[unit]") {
  GroupStory story;
  story.app.client.config.partition_assignment_strategy = {AssignmentStrategy::cooperative_sticky};
  story.add("nifi-1");
  story.run_for(5s);
  REQUIRE(story.owned("nifi-1").size() == 6);
  story.add("nifi-2");
  Time last = story.world.now();
  Duration longest{};
  for (int i = 0; i < 200; ++i) {
    const std::size_t before = story.diary.consumed.size();
    story.put(0, {"wifi-0@" + std::to_string(story.partition(0).end)});
    story.run_for(50ms);
    if (story.diary.consumed.size() == before) continue;
    longest = std::max(longest, story.world.now() - last);
    last = story.world.now();
  }
  CHECK(longest < 200ms);
  CHECK(story.owned("nifi-1") == std::set<int>{0, 1, 2});
  CHECK(story.owned("nifi-2") == std::set<int>{3, 4, 5});
  CHECK(story.count("consumer.partitions_revoked") == 1);
  CHECK(story.count("group.rebalancing") == 3);
  CHECK(story.count("consumer.joined") == 5);
}

TEST_CASE("a cooperative group reads every record once, whoever comes and goes", "[unit]") {
  GroupStory story;
  story.app.client.config.partition_assignment_strategy = {AssignmentStrategy::cooperative_sticky};
  story.app.service_time = 5ms;
  story.fill(5);
  story.add("nifi-1");
  story.run_for(5s);
  sim::Process& second = story.add("nifi-2");
  for (int i = 0; i < 40; ++i) {
    story.fill(2);
    if (i == 12) story.add("nifi-3");
    if (i == 28) second.terminate();  // not while a rebalance keeps it from its last commit
    story.run_for(500ms);
  }
  story.run_for(10s);
  const auto times = story.times_consumed();
  CHECK(times.size() == std::size_t{6} * 85);
  for (const auto& [place, count] : times) CHECK(count == 1);
  CHECK(story.bytes_are_right());
}

// ConsumerCoordinator.onJoinPrepare: the generation is no longer ours, so nothing is committed.
TEST_CASE("who was put out of a cooperative group has lost its partitions", "[unit]") {
  GroupStory story(1, 2);
  story.app.client.config.partition_assignment_strategy = {AssignmentStrategy::cooperative_sticky};
  story.app.client.config.max_poll_interval = 6s;
  story.app.client.config.max_poll_records = 10;
  story.app.service_time = 1s;
  story.fill(10);
  story.add("nifi-1");
  story.run_for(30s);
  CHECK(story.count("consumer.left") >= 1);
  CHECK(story.count("consumer.partitions_lost") >= 1);
}

// KIP-345, AbstractCoordinator.maybeLeaveGroup.
TEST_CASE("a static member restarts without a rebalance, stopped or killed", "[unit]") {
  GroupStory story;
  sim::Process* members[2];
  for (int i = 0; i < 2; ++i) {
    const std::string name = "nifi-" + std::to_string(i + 1);
    story.app.client.config.group_instance_id = "s" + std::to_string(i + 1);
    members[i] = &story.add_with(name, story.app);
  }
  story.run_for(10s);
  const std::set<int> first = story.owned("nifi-1");
  const int rebalances = story.count("group.rebalancing");
  story.fill(3);
  story.run_for(1s);
  members[0]->terminate();
  story.run_for(4s);
  CHECK_FALSE(members[0]->running());
  members[0]->start();
  story.fill(3);
  story.run_for(3s);
  members[1]->kill();
  story.run_for(4s);
  members[1]->start();
  story.run_for(5s);
  CHECK(story.count("group.rebalancing") == rebalances);
  CHECK(story.count("group.static_member_back") == 2);
  CHECK(story.owned("nifi-1") == first);
  CHECK(story.times_consumed().size() == 36);
}

TEST_CASE("a static member that stays away longer than its session is missed", "[unit]") {
  GroupStory story;
  story.app.client.config.group_instance_id = "s1";
  sim::Process& first = story.add_with("nifi-1", story.app);
  story.app.client.config.group_instance_id = "s2";
  story.add_with("nifi-2", story.app);
  story.run_for(10s);
  first.terminate();
  story.run_for(9s);
  CHECK(story.owned("nifi-2").size() == 3);
  story.run_for(8s);
  CHECK(story.owned("nifi-2").size() == 6);
}

// Heartbeat: FENCED_INSTANCE_ID is fatal; poll() throws it.
TEST_CASE("of two members with one instance id the earlier one is fenced and ends", "[unit]") {
  GroupStory story;
  story.app.client.config.group_instance_id = "same";
  sim::Process& first = story.add_with("nifi-1", story.app);
  story.run_for(6s);
  sim::Process& second = story.add_with("nifi-2", story.app);
  story.run_for(6s);
  CHECK_FALSE(first.running());
  CHECK(second.running());
  CHECK(story.diary.final_errors == std::vector<std::string>{"FencedInstanceIdException"});
  CHECK(story.owned("nifi-2").size() == 6);
  // Who has taken over is who is told of, also when it is missed.
  CHECK(story.last("group.static_member_back").detail("client") == "nifi-2");
  second.kill();
  story.run_for(30s);
  CHECK(story.last("group.rebalancing").detail("why") == "no heartbeat from nifi-2");
}

TEST_CASE("who is one too many for the group ends with GroupMaxSizeReachedException", "[unit]") {
  GroupStory story(1, 2);
  story.config.group_max_size = 1;
  story.broker(1).kill();
  story.broker(1).start();
  story.add("nifi-1");
  story.run_for(6s);
  sim::Process& second = story.add("nifi-2");
  story.run_for(6s);
  CHECK_FALSE(second.running());
  CHECK(story.diary.final_errors == std::vector<std::string>{"GroupMaxSizeReachedException"});
  CHECK(story.owned("nifi-1").size() == 2);
}

// internal.leave.group.on.close, as Kafka Streams sets it.
TEST_CASE("a member that is told not to leave when it closes is missed later", "[unit]") {
  GroupStory story;
  story.app.client.config.leave_group_on_close = false;
  story.add("nifi-1");
  sim::Process& second = story.add("nifi-2");
  story.run_for(10s);
  second.terminate();
  story.run_for(6s);
  CHECK_FALSE(second.running());
  CHECK(story.owned("nifi-1").size() == 3);
  story.run_for(10s);
  CHECK(story.owned("nifi-1").size() == 6);
}

TEST_CASE("a member that dies is missed after its session timeout; the other takes over",
          "[unit]") {
  GroupStory story;
  story.add("nifi-1");
  sim::Process& second = story.add("nifi-2");
  story.run_for(10s);
  story.fill(3);
  story.run_for(2s);
  second.kill();
  const Time died = story.world.now();
  story.fill(3);
  story.run_for(9s);
  CHECK(story.owned("nifi-1").size() == 3);
  story.run_for(10s);
  CHECK(story.owned("nifi-1").size() == 6);
  CHECK(story.times_consumed().size() == 36);
  CHECK(story.bytes_are_right());
  bool found = false;
  for (const sim::Event& event : story.world.trace().events()) {
    if (event.kind->name != "group.rebalancing" || event.time < died) continue;
    if (found) break;
    found = true;
    CHECK(event.time - died > 6s);
    CHECK(event.time - died < 10100ms);
    CHECK(event.detail("why") == "no heartbeat from nifi-2");
  }
  CHECK(found);
}

TEST_CASE("a restarted consumer goes on at the committed offset", "[unit]") {
  GroupStory story(1, 2);
  story.fill(10);
  sim::Process& only = story.add("nifi-1");
  story.run_for(5s);
  CHECK(story.diary.consumed.size() == 20);
  only.kill();
  story.fill(10);
  story.run_for(15s);
  only.start();
  story.run_for(10s);
  CHECK(story.diary.consumed.size() == 40);
  CHECK(story.times_consumed().size() == 40);
  CHECK(story.bytes_are_right());
}

TEST_CASE("what was processed and not committed is processed again", "[unit]") {
  GroupStory story(1, 1);
  story.app.service_time = 100ms;
  story.app.client.config.max_poll_records = 10;
  story.fill(20);
  sim::Process& only = story.add("nifi-1");
  while (story.diary.consumed.size() < 15) story.run_for(10ms);
  only.kill();  // between two commits
  story.run_for(15s);
  only.start();
  story.run_for(15s);
  const auto times = story.times_consumed();
  CHECK(times.size() == 20);
  CHECK(times.at({{test_topic, 0}, 9}) == 1);
  CHECK(times.at({{test_topic, 0}, 10}) == 2);
}

TEST_CASE("leaving is noticed at once", "[unit]") {
  GroupStory story;
  story.add("nifi-1");
  sim::Process& second = story.add("nifi-2");
  story.run_for(10s);
  second.terminate();
  story.run_for(6s);
  CHECK(story.owned("nifi-1").size() == 6);
  CHECK(story.count("consumer.left") == 1);
}

// AbstractFetch.prepareCloseFetchSessionRequests, behind a fetch that the broker holds back.
TEST_CASE("a consumer that is told to stop takes leave of its fetch sessions", "[unit]") {
  GroupStory story(1, 2);
  sim::Process& member = story.add("nifi-1");
  story.run_for(5s);
  REQUIRE(story.script(1).fetch_sessions == 1);
  member.terminate();
  story.run_for(2s);
  CHECK_FALSE(member.running());
  CHECK(story.script(1).fetch_sessions == 0);
}

// ClassicKafkaConsumer.poll returns at its timeout, whatever a rebalance waits for. The LeaveGroup
// of close() then waits behind the JoinGroup on the same connection (SocketServer mutes a channel
// until it has answered), for min(30 s, request.timeout.ms) at most (awaitPendingRequests).
TEST_CASE("a member that is told to stop while it joins is gone half a minute later", "[unit]") {
  GroupStory story;
  story.fill(10);
  story.app.service_time = 3s;
  story.add("nifi-1");
  story.run_for(5s);
  sim::Process& second = story.add("nifi-2");  // the first is at work for three minutes
  story.run_for(5s);
  REQUIRE(story.owned("nifi-1").size() == 6);
  second.terminate();
  story.run_for(29s);
  CHECK(second.running());
  story.run_for(2s);
  CHECK_FALSE(second.running());
  CHECK(story.count("consumer.joined") == 1);
}

// ClassicKafkaConsumer.close: min(30 s, request.timeout.ms) for the last commit and the leaving.
TEST_CASE("close() without a broker takes half a minute, not default.api.timeout.ms", "[unit]") {
  GroupStory story;
  story.fill(2);
  story.app.client.config.enable_auto_commit = true;
  sim::Process& member = story.add("nifi-1");
  story.run_for(8s);
  REQUIRE(story.diary.consumed.size() == 12);
  story.broker(1).kill();
  story.broker(2).kill();
  member.terminate();
  story.run_for(28s);
  CHECK(member.running());
  story.run_for(4s);
  CHECK_FALSE(member.running());
}

TEST_CASE("a consumer that processes for too long is put out of its group", "[unit]") {
  GroupStory story(1, 1);
  story.app.client.config.max_poll_interval = 6s;
  story.app.client.config.max_poll_records = 10;
  story.app.service_time = 1s;
  story.fill(10);
  story.add("nifi-1");
  story.run_for(12s);
  CHECK(story.count("consumer.left") == 1);
  CHECK(story.diary.committed.empty());
}

TEST_CASE("a reader follows the leader, and says so", "[unit]") {
  GroupStory story(2, 2);
  story.fill(3);
  story.add("nifi-1");
  story.run_for(5s);
  story.partition(1).new_leader(1);
  story.fill(3);
  story.run_for(5s);
  CHECK(story.times_consumed().size() == 12);
  CHECK(story.diary.consumed.size() == 12);
  CHECK(story.bytes_are_right());
}

TEST_CASE("a log cut behind the reader is noticed by its epochs (KIP-320)", "[unit]") {
  GroupStory story(2, 1);
  story.fill(10);
  story.add("nifi-1");
  story.run_for(5s);
  CHECK(story.diary.consumed.size() == 10);
  // Four records that were read are lost with the old leader; six new ones take their offsets.
  story.partition(0).cut(6);
  story.partition(0).new_leader(2);
  for (int i = 0; i < 6; ++i) story.put(0, {"new " + std::to_string(i)});
  story.run_for(10s);
  REQUIRE(story.diary.consumed.size() == 16);
  CHECK(story.diary.consumed[10].offset == 6);
  CHECK(story.diary.consumed[10].value == "new 0");
}

TEST_CASE("a dead leader stalls its partitions only, once told", "[unit]") {
  GroupStory story(2, 2);
  story.fill(2);
  story.add("nifi-1");
  story.run_for(5s);
  story.broker(2).kill();  // leads partition 1; the coordinator is broker 1
  story.run_for(1s);
  story.fill(2);
  story.run_for(3s);
  CHECK(story.diary.consumed.size() == 6);
  CHECK(story.count("consumer.stalled") == 1);
  story.partition(1).new_leader(1);
  story.run_for(5s);
  CHECK(story.diary.consumed.size() == 8);
  CHECK(story.count("consumer.resumed") == 1);
}

TEST_CASE("a coordinator's successor reads the group back; nobody has to join again", "[unit]") {
  GroupStory story(2, 4);
  story.fill(4);
  story.add("nifi-1");
  story.add("nifi-2");
  story.run_for(10s);
  const int assignments = story.diary.assignments;
  story.broker(1).kill();
  story.coordinator = 2;
  for (auto& [name, partition] : story.partitions) {
    if (partition.leader == 1) partition.new_leader(2);
  }
  story.broker(2).kill();  // its next life begins as the coordinator
  story.broker(2).start();
  story.fill(4);
  story.run_for(9s);
  CHECK(story.diary.assignments == assignments);
  CHECK(story.count("group.coordinator_loaded") == 1);
  CHECK(story.times_consumed().size() == 32);
  CHECK(story.bytes_are_right());
  for (const auto& [partition, offset] : story.diary.committed) CHECK(offset == 8);
}

// --- What the application does ---

TEST_CASE("a paused partition is handed out no more, and goes on where it was", "[unit]") {
  GroupStory story(1, 2);
  using What = ConsumerAction::What;
  story.app.actions = {{.at = 5s, .what = What::pause, .partitions = {"wifi-0"}},
                       {.at = 15s, .what = What::resume, .partitions = {"wifi-0"}}};
  story.fill(3);
  story.add("nifi-1");
  story.run_for(6s);
  REQUIRE(story.diary.consumed.size() == 6);
  story.fill(3);
  story.run_for(8s);
  CHECK(story.diary.consumed.size() == 9);
  for (const Diary::Consumed& one : story.diary.consumed) {
    if (one.partition.partition == 0) CHECK(one.offset < 3);
  }
  story.run_for(3s);
  CHECK(story.diary.consumed.size() == 12);
  CHECK(story.times_consumed().size() == 12);
  CHECK(story.count("consumer.action") == 2);
}

// FetchCollector.collectFetch puts what was fetched of a paused partition aside.
TEST_CASE("what was fetched before a pause is not lost, nor fetched again", "[unit]") {
  GroupStory story(1, 1);
  using What = ConsumerAction::What;
  story.app.client.config.max_poll_records = 1;
  story.app.service_time = 1s;
  story.app.actions = {{.at = 4s, .what = What::pause}, {.at = 10s, .what = What::resume}};
  story.put(0, {"wifi-0@0", "wifi-0@0", "wifi-0@0", "wifi-0@0", "wifi-0@0", "wifi-0@0"});
  story.add("nifi-1");
  story.run_for(9s);
  const std::size_t before = story.diary.consumed.size();
  CHECK(before < 5);
  const std::size_t fetches = story.script(1).fetched_partitions.size();
  story.run_for(12s);
  CHECK(story.diary.consumed.size() == 6);
  CHECK(story.times_consumed().size() == 6);
  CHECK(fetches > 0);
}

TEST_CASE("a seek goes to an offset, to the beginning, or to the end", "[unit]") {
  GroupStory story(1, 1);
  using What = ConsumerAction::What;
  story.app.actions = {{.at = 5s, .what = What::seek_to_offset, .offset = 4},
                       {.at = 8s, .what = What::seek_to_beginning},
                       {.at = 11s, .what = What::pause},
                       {.at = 14s, .what = What::seek_to_end},
                       {.at = 14s, .what = What::resume}};
  story.fill(6);
  story.add("nifi-1");
  story.run_for(7s);
  CHECK(story.diary.consumed.size() == 6 + 2);
  story.run_for(3s);
  CHECK(story.diary.consumed.size() == 8 + 6);
  story.run_for(2s);
  story.fill(3);  // passed over
  story.run_for(5s);
  CHECK(story.diary.consumed.size() == 14);
  story.fill(2);
  story.run_for(3s);
  CHECK(story.diary.consumed.size() == 16);
  CHECK(story.diary.consumed.back().offset == 10);
}

// ConsumerCoordinator.commitOffsetsAsync; close() waits for what is under way.
TEST_CASE("a commit that nobody waits for does not keep the application from its work", "[unit]") {
  GroupStory story(1, 1);
  story.app.commit = CommitPoint::async_after_batch;
  story.fill(5);
  sim::Process& only = story.add("nifi-1");
  story.run_for(5s);
  CHECK(story.diary.consumed.size() == 5);
  CHECK(story.diary.committed.at({test_topic, 0}) == 5);
  story.fill(2);
  only.terminate();
  story.run_for(5s);
  CHECK(story.diary.committed.at({test_topic, 0}) ==
        static_cast<Offset>(story.diary.consumed.size()));
}

TEST_CASE("who never commits begins anew with its next life", "[unit]") {
  GroupStory story(1, 1);
  story.app.commit = CommitPoint::never;
  story.fill(5);
  sim::Process& only = story.add("nifi-1");
  story.run_for(5s);
  only.terminate();
  story.run_for(2s);
  only.start();
  story.run_for(8s);
  CHECK(story.diary.committed.empty());
  CHECK(story.diary.consumed.size() == 10);
}

// --- Fetching from followers (KIP-392) ---

namespace {

/// Partition 0 is led by broker 1, who sends consumers to broker 2.
struct NearStory : GroupStory {
  NearStory() : GroupStory(2, 1) {
    script(1).sends_to = 2;
    script(2).serves = true;
    app.client.config.client_rack = "b";
    fill(5);
  }
};

}  // namespace

// FetchCollector.updatePartitionState, AbstractFetch.selectReadReplica.
TEST_CASE("a consumer reads from the follower that the leader names", "[unit]") {
  NearStory story;
  story.add("nifi-1");
  story.run_for(5s);
  CHECK(story.diary.consumed.size() == 5);
  CHECK(story.count("consumer.reads_replica") == 1);
  CHECK_FALSE(story.script(2).fetched_partitions.empty());
  const std::size_t asked = story.script(1).fetched_partitions.size();
  story.fill(5);
  story.run_for(5s);
  CHECK(story.diary.consumed.size() == 10);
  CHECK(story.script(1).fetched_partitions.size() == asked);  // the leader is left alone
}

TEST_CASE("one broker is asked for what it leads and for what it follows", "[unit]") {
  GroupStory story(2, 6);  // broker 1 leads the even ones and sends consumers to broker 2
  story.script(1).sends_to = 2;
  story.script(2).serves = true;
  story.app.client.config.client_rack = "b";
  story.fill(5);
  story.add("nifi-1");
  story.run_for(5s);
  CHECK(story.diary.consumed.size() == 30);
  story.fill(5);
  story.run_for(5s);
  CHECK(story.times_consumed().size() == 60);
}

// SubscriptionState.preferredReadReplica expires after metadata.max.age.ms.
TEST_CASE("now and then the leader is asked again where to read", "[unit]") {
  NearStory story;
  story.app.client.config.metadata_max_age = 3s;
  story.add("nifi-1");
  story.run_for(5s);
  story.script(1).sends_to = 0;
  story.run_for(4s);
  const std::size_t near = story.script(2).fetched_partitions.size();
  story.fill(5);
  story.run_for(2s);
  CHECK(story.diary.consumed.size() == 10);
  CHECK(story.script(2).fetched_partitions.size() == near);
}

// FetchCollector.handleInitializeErrors: no reset, the leader decides.
TEST_CASE("what is out of range at a follower is asked of the leader", "[unit]") {
  NearStory story;
  story.script(2).serves_from = 100;
  story.add("nifi-1");
  story.run_for(3s);
  story.script(1).sends_to = 0;
  story.run_for(3s);
  CHECK(story.times_consumed().size() == 5);
  CHECK(story.diary.consumed.size() == 5);
}

// AbstractFetch.handleFetchFailure.
TEST_CASE("when the follower dies the leader is asked", "[unit]") {
  NearStory story;
  story.add("nifi-1");
  story.run_for(5s);
  REQUIRE(story.diary.consumed.size() == 5);
  story.script(1).sends_to = 0;
  story.broker(2).kill();
  story.fill(5);
  story.run_for(3s);
  CHECK(story.diary.consumed.size() == 10);
}

namespace {

struct ForgetfulStory : GroupStory {
  ForgetfulStory() : GroupStory(1, 2) {
    config.offsets_retention = 1min;
    config.offsets_retention_check_interval = 10s;
    broker(1).kill();  // its next life has these settings
    broker(1).start();
    fill(10);
  }
  std::size_t tombstones() {
    std::size_t count = 0;
    log::ByteVector scratch;
    for (const auto& [number, log] : offsets.logs) {
      for (const log::BatchView& batch : log::Batches(log.bytes)) {
        (void)log::for_each_record(batch, scratch, [&](const log::RecordView& record) {
          count += record.value ? 0 : 1;
          return true;
        });
      }
    }
    return count;
  }
};

}  // namespace

// GroupMetadataManager.cleanupGroupMetadata, GroupMetadata.removeExpiredOffsets.
TEST_CASE("a group without members is forgotten offsets.retention.minutes later", "[unit]") {
  ForgetfulStory story;
  sim::Process& only = story.add("nifi-1");
  story.run_for(5s);
  REQUIRE(story.diary.consumed.size() == 20);
  only.terminate();
  story.run_for(50s);
  CHECK(story.tombstones() == 0);
  story.run_for(25s);
  CHECK(story.tombstones() == 3);  // two offsets and the group
  CHECK(story.count("group.offsets_forgotten") == 1);
  CHECK(story.groups().delete_group("nifi") == ErrorCode::group_id_not_found);
  CHECK(story.offsets.unasked == 1);  // With acks=0: a small ISR keeps nothing.
  only.start();
  story.run_for(10s);
  CHECK(story.diary.consumed.size() == 40);  // from the beginning, as auto.offset.reset says
}

TEST_CASE("a group that goes on reading keeps its offsets, however old they are", "[unit]") {
  ForgetfulStory story;
  story.add("nifi-1");
  story.run_for(3min);
  CHECK(story.tombstones() == 0);
  CHECK(story.count("group.offsets_forgotten") == 0);
}

// GroupCoordinator.handleDeleteGroups and handleDeletedPartitions.
TEST_CASE("only a group without members can be deleted; offsets go with their topic", "[unit]") {
  ForgetfulStory story;
  sim::Process& only = story.add("nifi-1");
  story.run_for(5s);
  CHECK(story.groups().delete_group("other") == ErrorCode::not_coordinator);
  CHECK(story.groups().delete_group("nifi") == ErrorCode::non_empty_group);
  story.groups().on_partitions_deleted({{test_topic, 1}});
  story.run_for(1s);
  CHECK(story.tombstones() == 1);
  only.terminate();
  story.run_for(5s);
  CHECK(story.groups().delete_group("nifi") == ErrorCode::none);
  story.run_for(1s);
  CHECK(story.tombstones() == 3);
}

TEST_CASE("the same seed tells the same story", "[unit]") {
  std::set<std::string> fingerprints;
  for (int run = 0; run < 2; ++run) {
    GroupStory story;
    story.fill(5);
    story.add("nifi-1");
    sim::Process& second = story.add("nifi-2");
    story.run_for(7s);
    second.kill();
    story.run_for(20s);
    fingerprints.insert(story.world.trace().fingerprint());
  }
  CHECK(fingerprints.size() == 1);
}
