// The order and the conditions of the clients' loops. Each story names the class of Kafka that it
// holds ours against.
#include "model/client/partitioner.h"
#include "tests/model/consumer_story.h"
#include "tests/model/producer_story.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <set>

using namespace brokerlab;
using namespace brokerlab::model;
using Source = ClientError::Source;

namespace {

sim::Task<> put_every(GroupStory& story, Duration apart, int count, int partitions) {
  for (int i = 0; i < count; ++i) {
    co_await story.world.sleep(apart);
    for (int number = 0; number < partitions; ++number) {
      const TopicPartition name{test_topic, number};
      story.put(number, {name.name() + "@" + std::to_string(story.partition(number).end)});
    }
  }
}

/// Metadata as it is now goes on being told; then the partition moves.
void move_unnoticed(TestCluster& cluster, int partition, int leader) {
  cluster.old_metadata = cluster.partitions;
  cluster.partition(partition).new_leader(leader);
}

MetadataResponse three_partitions_of(BrokerId broker, LeaderEpoch epoch = 0) {
  MetadataResponse response;
  response.brokers = {{broker, {sim::MachineId(0), kafka_port}}};
  TopicMetadata topic{.error = ErrorCode::none, .name = test_topic, .partitions = {}};
  for (int i = 0; i < 3; ++i) {
    PartitionMetadata one;
    one.partition = i;
    one.leader = broker;
    one.leader_epoch = epoch;
    topic.partitions.push_back(one);
  }
  response.topics.push_back(topic);
  return response;
}

RecordAccumulator::NewRecord record_of(log::ByteView value, std::int64_t number) {
  RecordAccumulator::NewRecord record;
  record.ref = {0, number};
  record.value = value;
  return record;
}

}  // namespace

// --- Consumer ---

TEST_CASE("every fetch asks for all partitions that poll() has drained", "[unit]") {
  // ClassicKafkaConsumer.pollForFetches: collectFetch, then sendFetches.
  GroupStory story(1, 2);
  sim::Process& reader = story.add("nifi-1");
  story.run_for(5s);
  std::vector<std::size_t>& fetched = story.script(1).fetched_partitions;
  fetched.clear();
  reader.spawn(put_every(story, 3ms, 500, 2));
  story.run_for(3s);
  CHECK(story.diary.consumed.size() == 1000);
  CHECK(fetched.size() > 100);
  CHECK(std::all_of(fetched.begin(), fetched.end(), [](std::size_t n) { return n == 2; }));
}

TEST_CASE("what max.poll.records leaves in the buffer keeps its partition out of the next fetch",
          "[unit]") {
  // AbstractFetch.fetchablePartitions: not those of FetchBuffer.bufferedPartitions.
  GroupStory story(1, 2);
  story.app.client.config.max_poll_records = 10;
  story.app.service_time = 10ms;
  story.add("nifi-1");
  story.run_for(5s);
  std::vector<std::size_t>& fetched = story.script(1).fetched_partitions;
  fetched.clear();
  for (int i = 0; i < 30; ++i) story.put(0, {test_topic + std::string("-0@") + std::to_string(i)});
  story.run_for(250ms);  // thirty records take 300 ms
  CHECK(std::count(fetched.begin(), fetched.end(), 1u) >= 1);
  CHECK(story.diary.consumed.size() > 10);
  story.run_for(2s);
  CHECK(story.diary.consumed.size() == 30);
  CHECK(fetched.back() == 2);
}

TEST_CASE("a consumer reads on at the leader that the error names (KIP-951)", "[unit]") {
  // AbstractFetch.handleFetchSuccess, Metadata.updatePartitionLeadership.
  GroupStory story(2, 1);
  story.add("nifi-1");
  story.run_for(5s);
  story.fill(1);
  story.run_for(1s);
  REQUIRE(story.diary.consumed.size() == 1);
  move_unnoticed(story, 0, 2);
  story.fill(1);
  story.run_for(600ms);  // one fetch.max.wait.ms may be under way at the old leader
  CHECK(story.diary.consumed.size() == 2);
  CHECK(story.diary.errors[{"Fetch", "NOT_LEADER_OR_FOLLOWER", Source::response}] == 1);
}

TEST_CASE("a leader that the error names is taken only when it is newer and its address known",
          "[unit]") {
  ClusterView view;
  view.update(three_partitions_of(BrokerId(1), 5));
  const TopicPartition one{test_topic, 1};
  const std::vector<BrokerEndpoint> nodes{{BrokerId(2), {sim::MachineId(9), kafka_port}}};
  CHECK_FALSE(view.update_leader(one, {BrokerId(2), 5}, nodes));  // not newer
  CHECK_FALSE(view.update_leader(one, {BrokerId(2), 6}, {}));     // nobody knows where
  CHECK_FALSE(view.update_leader({"other", 0}, {BrokerId(2), 6}, nodes));
  CHECK(view.leader(one).leader == BrokerId(1));
  CHECK(view.update_leader(one, {BrokerId(2), 6}, nodes));
  CHECK(view.leader(one).leader == BrokerId(2));
  view.update(three_partitions_of(BrokerId(1), 5));  // metadata of the past
  CHECK(view.leader(one).epoch == 6);
}

TEST_CASE("without auto.offset.reset the exception reaches the application, which ends", "[unit]") {
  // SubscriptionState.resetInitializingPositions throws NoOffsetForPartitionException.
  GroupStory story(1, 2);
  story.app.client.config.auto_offset_reset = AutoOffsetReset::none;
  sim::Process& reader = story.add("nifi-1");
  story.run_for(10s);
  CHECK(story.count("consumer.failed") == 1);
  CHECK_FALSE(reader.running());
}

TEST_CASE("a heartbeat that failed is sent again after retry.backoff.ms", "[unit]") {
  // Heartbeat.failHeartbeat; HeartbeatResponseHandler looks for the coordinator anew.
  GroupStory story(1, 1);
  story.add("nifi-1");
  story.run_for(5s);
  story.script(1).heartbeat_errors = {ErrorCode::coordinator_not_available};
  story.script(1).heartbeats.clear();
  story.run_for(5s);
  const std::vector<Time>& sent = story.script(1).heartbeats;
  REQUIRE(sent.size() >= 2);
  CHECK(sent[1] - sent[0] < 500ms);  // heartbeat.interval.ms is 3 s
  CHECK(story.diary.errors[{"Heartbeat", "COORDINATOR_NOT_AVAILABLE", Source::response}] == 1);
  CHECK(story.diary.assignments == 1);  // the membership is untouched
}

// JoinGroupResponseHandler enables the HeartbeatThread: without an answer for a session it lets go
// of the coordinator, and the SyncGroup fails with it. Its own time is request.timeout.ms, 30 s.
TEST_CASE("a coordinator that falls silent before the SyncGroup is missed after a session",
          "[unit]") {
  GroupStory story;
  story.script(1).swallow_syncs = true;
  story.add("reader");
  story.run_for(5s);  // group.initial.rebalance.delay.ms is 1 s
  REQUIRE(story.script(1).joins.size() == 2);
  CHECK(story.diary.assigned.empty());
  story.script(1).swallow_syncs = false;  // for those who connect anew
  story.run_for(2s);
  CHECK(story.diary.assigned.empty());
  story.run_for(6s);  // session.timeout.ms is 10 s
  CHECK(story.diary.assigned.contains("reader"));
  CHECK(story.diary.errors[{"SyncGroup", "NETWORK_EXCEPTION", Source::disconnected}] == 1);
}

// AbstractCoordinator.joinGroupIfNeeded: timer.sleep(retryBackoffMs), the same each time.
TEST_CASE("who could not join tries again after retry.backoff.ms, or at once", "[unit]") {
  GroupStory story;
  Script& broker = story.script(1);
  const auto gaps = [&] {
    std::vector<Duration> all;
    for (std::size_t i = 1; i < broker.joins.size(); ++i) {
      all.push_back(broker.joins[i] - broker.joins[i - 1]);
    }
    return all;
  };
  SECTION("a coordinator that is not ready") {
    broker.join_errors.assign(6, ErrorCode::coordinator_load_in_progress);
    story.add("reader");
    story.run_for(5s);
    const std::vector<Duration> waits = gaps();
    REQUIRE(waits.size() >= 6);
    for (std::size_t i = 0; i < 6; ++i) {
      CHECK(waits[i] >= 100ms);
      CHECK(waits[i] < 120ms);
    }
  }
  SECTION("a generation that is over") {
    broker.sync_errors = {ErrorCode::illegal_generation};
    story.add("reader");
    story.run_for(15s);
    // To be given an id, with it, and once more at once; a rebalance waits for the first of a
    // group.
    const std::vector<Duration> waits = gaps();
    REQUIRE(waits.size() == 2);
    CHECK(waits[1] < story.config.group_initial_rebalance_delay + 50ms);
    CHECK(story.diary.assigned.contains("reader"));
  }
}

TEST_CASE("an offset commit that the broker could not finish in time is REQUEST_TIMED_OUT",
          "[unit]") {
  // GroupMetadataManager maps that error to itself, OffsetCommitResponseHandler retries it.
  GroupStory story(1, 1);
  story.add("nifi-1");
  story.run_for(5s);
  story.offsets.error = ErrorCode::request_timed_out;
  story.fill(1);
  story.run_for(2s);
  CHECK(story.diary.errors[{"OffsetCommit", "REQUEST_TIMED_OUT", Source::response}] >= 1);
  story.offsets.error = ErrorCode::none;
  story.run_for(5s);
  CHECK(story.diary.committed.size() == 1);
}

TEST_CASE("an automatic commit is one attempt, and another at a poll after retry.backoff.ms",
          "[unit]") {
  // ConsumerCoordinator.autoCommitOffsetsAsync.
  GroupStory story(1, 1);
  story.app.client.config.enable_auto_commit = true;
  story.app.client.config.auto_commit_interval = 1s;
  story.add("nifi-1");
  story.fill(1);
  story.run_for(5s);
  REQUIRE(story.diary.committed.size() == 1);
  story.diary.errors.clear();
  story.offsets.error = ErrorCode::not_enough_replicas;  // the group says COORDINATOR_NOT_AVAILABLE
  story.fill(1);
  story.run_for(3s);
  const int failed =
      story.diary.errors[{"OffsetCommit", "COORDINATOR_NOT_AVAILABLE", Source::response}];
  CHECK(failed >= 3);  // more than one an interval
  CHECK(story.diary.final_errors.empty());
}

// --- Network client ---

TEST_CASE("a connection that ends with nothing under way makes a client ask for metadata",
          "[unit]") {
  // NetworkClient.processDisconnection, handleServerDisconnect.
  ProducerStory story(2, 2);
  story.send(4, 10ms);
  story.run_for(5s);
  const int before = story.script(1).metadata + story.script(2).metadata;
  story.broker(2).kill();
  story.run_for(1s);
  CHECK(story.script(1).metadata + story.script(2).metadata > before);
}

TEST_CASE("metadata is asked for again less and less often while it tells nothing new", "[unit]") {
  // Metadata.timeToAllowUpdate, equivalentResponseCount.
  ProducerStory story(1, 1);
  story.send(1);
  story.run_for(1s);
  move_unnoticed(story, 0, 1);
  story.script(1).produce_errors.assign(1000, ErrorCode::leader_not_available);
  const int before = story.script(1).metadata;
  story.send(1);
  story.run_for(20s);
  const int asked = story.script(1).metadata - before;
  CHECK(asked >= 10);
  CHECK(asked <= 30);  // a second apart in the end, not 100 ms
}

// --- Producer ---

TEST_CASE("a producer sends again at once to the leader that the error names (KIP-951)", "[unit]") {
  // Sender.completeBatch; RecordAccumulator.shouldBackoff with a newer leader epoch.
  ProducerStory story(2, 1);
  story.send(1);
  story.run_for(1s);
  move_unnoticed(story, 0, 2);
  story.send(1);
  story.run_for(20ms);  // well below retry.backoff.ms
  CHECK(story.diary.acknowledged.size() == 2);
  CHECK(story.script(2).batches.size() == 1);
}

TEST_CASE("an error without a leader waits for metadata; that it is newer ends the backoff",
          "[unit]") {
  ProducerStory story(2, 1);
  story.script(1).names_leader = false;
  story.send(1);
  story.run_for(1s);
  move_unnoticed(story, 0, 2);
  story.send(1);
  story.run_for(5s);
  CHECK(story.diary.acknowledged.size() == 1);
  story.old_metadata.reset();
  story.run_for(2s);
  CHECK(story.diary.acknowledged.size() == 2);
}

TEST_CASE(
    "a produce request without an answer fails as REQUEST_TIMED_OUT, a broken connection as "
    "NETWORK_EXCEPTION",
    "[unit]") {
  // Sender.handleProduceResponse: wasTimedOut, wasDisconnected.
  ProducerStory story;
  story.setup.config.retries = 0;
  story.setup.config.request_timeout = 1s;
  story.send(1);
  story.run_for(500ms);
  story.script(1).silent = true;
  story.send(1);
  story.run_for(2s);
  REQUIRE(story.diary.failed.size() == 1);
  CHECK(std::get<1>(story.diary.failed[0]) == ErrorCode::request_timed_out);

  ProducerStory broken;
  broken.setup.config.retries = 0;
  broken.script(1).delay = 5s;
  broken.send(1);
  broken.run_for(500ms);
  broken.broker(1).kill();
  broken.run_for(100ms);
  REQUIRE(broken.diary.failed.size() == 1);
  CHECK(std::get<1>(broken.diary.failed[0]) == ErrorCode::network_exception);
}

TEST_CASE("a drain begins with the partition that was looked at last", "[unit]") {
  // RecordAccumulator.drainBatchesForOneNode: nodesDrainIndex.
  ProducerConfig config;
  config.max_request_size = Bytes(1'000);
  RecordAccumulator accumulator(config, RandomStream(1, "test"), {});
  ClusterView view;
  view.update(three_partitions_of(BrokerId(1)));
  const std::string value(800, 'x');  // one batch fills a request
  for (std::int64_t i = 0; i < 6; ++i) {
    accumulator.append_new({test_topic, static_cast<int>(i % 3)},
                           record_of(log::as_bytes(value), i), Time{});
  }
  std::vector<int> order;
  for (int i = 0; i < 6; ++i) {
    for (const BatchPtr& batch : accumulator.drain(view, BrokerId(1), Time{})) {
      order.push_back(batch->partition.partition);
    }
  }
  CHECK(order == std::vector<int>{0, 1, 2, 0, 1, 2});
}

TEST_CASE("a node is ready when a batch is full, has lingered, or somebody waits for memory",
          "[unit]") {
  // RecordAccumulator.batchReady.
  ProducerConfig config;
  config.linger = 20ms;
  config.batch_size = Bytes(500);
  RecordAccumulator accumulator(config, RandomStream(1, "test"), {});
  ClusterView view;
  view.update(three_partitions_of(BrokerId(1)));
  const std::string value(100, 'x');
  const TopicPartition zero{test_topic, 0};
  accumulator.append_new(zero, record_of(log::as_bytes(value), 0), Time{});
  const RecordAccumulator::Ready lingers = accumulator.ready(view, Time(5ms), false);
  CHECK(lingers.nodes.empty());
  CHECK(lingers.next_check == Time(20ms));
  CHECK(accumulator.ready(view, Time(5ms), true).nodes.size() == 1);
  CHECK(accumulator.ready(view, Time(20ms), false).nodes.size() == 1);
  accumulator.mute(zero);
  CHECK(accumulator.ready(view, Time(20ms), false).nodes.empty());
  accumulator.unmute(zero);
  while (accumulator.append(zero, record_of(log::as_bytes(value), 1))) {
  }
  CHECK(accumulator.ready(view, Time(5ms), false).nodes.size() == 1);  // closed: full
}

TEST_CASE("a batch takes what really fits into batch.size", "[unit]") {
  // MemoryRecordsBuilder.hasRoomFor: DefaultRecord.sizeInBytes at its place, not the upper bound.
  ProducerConfig config;
  const std::string value(100, 'x');
  const TopicPartition zero{test_topic, 0};
  // Length (2), attributes, two deltas, no key, the value with its length (2), no headers.
  constexpr std::int64_t each = 2 + 1 + 1 + 1 + 1 + 2 + 100 + 1;
  for (const std::int64_t spare : {0, -1}) {
    config.batch_size = Bytes(61 + 10 * each + spare);
    RecordAccumulator accumulator(config, RandomStream(1, "test"), {});
    accumulator.append_new(zero, record_of(log::as_bytes(value), 0), Time{});
    int records = 1;
    while (accumulator.append(zero, record_of(log::as_bytes(value), records))) ++records;
    CHECK(records == (spare == 0 ? 10 : 9));
  }
}

TEST_CASE("the built-in partitioner changes before the append, where a batch has ended", "[unit]") {
  // RecordAccumulator.partitionChanged, BuiltInPartitioner.updatePartitionInfo: no small batches
  // are left behind at a change.
  ProducerStory story(6, 6);  // who shares a broker is drained along with a full batch
  story.setup.config.batch_size = Bytes(2'000);
  story.setup.config.linger = 1s;
  story.send(640, 1ms, 200);
  story.run_for(5s);
  std::vector<std::size_t> batches;
  for (int broker = 1; broker <= 6; ++broker) {
    const std::vector<std::size_t>& taken = story.script(broker).batches;
    batches.insert(batches.end(), taken.begin(), taken.end());
  }
  REQUIRE(batches.size() > 20);
  const std::size_t most = *std::max_element(batches.begin(), batches.end());
  const auto small = std::count_if(batches.begin(), batches.end(),
                                   [&](std::size_t records) { return records < most; });
  CHECK(small <= 2);
}

TEST_CASE("adaptive partitioning weighs partitions by the length of their queues", "[unit]") {
  // BuiltInPartitioner.updatePartitionLoadStats: queues 0, 3, 1 weigh 4, 1, 3.
  ProducerConfig config;
  config.batch_size = Bytes(1);
  Partitioner partitioner(config, RandomStream(7, "test"));
  ClusterView view;
  view.update(three_partitions_of(BrokerId(1)));
  partitioner.update_load({test_topic, 3, {0, 3, 1}, {0, 1, 2}});
  std::map<int, int> chosen;
  constexpr int draws = 8'000;
  for (int i = 0; i < draws; ++i) {
    ++chosen[partitioner.current(view, test_topic).partition];
    partitioner.appended(view, test_topic, 1, true);
  }
  CHECK(chosen[0] == Approx(draws * 4 / 8).margin(200));
  CHECK(chosen[1] == Approx(draws * 1 / 8).margin(200));
  CHECK(chosen[2] == Approx(draws * 3 / 8).margin(200));
  partitioner.update_load({test_topic, 3, {2, 2, 2}, {0, 1, 2}});  // equal: uniform again
  chosen.clear();
  for (int i = 0; i < draws; ++i) {
    ++chosen[partitioner.current(view, test_topic).partition];
    partitioner.appended(view, test_topic, 1, true);
  }
  CHECK(chosen[1] == Approx(draws / 3).margin(200));
}

TEST_CASE("empty queues weigh the same whether they are listed or not", "[unit]") {
  ProducerConfig config;
  config.batch_size = Bytes(1);
  ClusterView view;
  view.update(three_partitions_of(BrokerId(1)));
  const std::vector<std::vector<std::int64_t>> cases{
      {0, 3, 1, 0, 0, 2, 0}, {5, 0, 0}, {0, 0, 7}, {1, 0, 1}, {0, 1}, {4, 0, 0, 0, 0, 0, 9}};
  for (const std::vector<std::int64_t>& queues : cases) {
    Partitioner listed(config, RandomStream(3, "test"));
    Partitioner left_out(config, RandomStream(3, "test"));
    RecordAccumulator::Load all{test_topic, queues.size(), queues, {}};
    RecordAccumulator::Load few{test_topic, queues.size(), {}, {}};
    for (int i = 0; i < static_cast<int>(queues.size()); ++i) {
      const std::int64_t length = queues[static_cast<std::size_t>(i)];
      all.partitions.push_back(i);
      if (length == 0) {
        ++few.idle;
      } else {
        few.queues.push_back(length);
        few.partitions.push_back(i);
      }
    }
    listed.update_load(all);
    left_out.update_load(few);
    std::set<int> chosen;
    for (int draw = 0; draw < 500; ++draw) {
      const int partition = listed.current(view, test_topic).partition;
      chosen.insert(partition);
      REQUIRE(left_out.current(view, test_topic).partition == partition);
      listed.appended(view, test_topic, 1, true);
      left_out.appended(view, test_topic, 1, true);
    }
    CHECK(chosen.size() == queues.size());
  }
}

TEST_CASE("a partition whose broker takes nothing is left out after its availability timeout",
          "[unit]") {
  // RecordAccumulator.partitionReady and updateNodeLatencyStats.
  ProducerConfig config;
  config.partitioner_availability_timeout = 1s;
  RecordAccumulator accumulator(config, RandomStream(1, "test"), {});
  MetadataResponse metadata = three_partitions_of(BrokerId(1));
  metadata.brokers.push_back({BrokerId(2), {sim::MachineId(1), kafka_port}});
  metadata.topics[0].partitions[2].leader = BrokerId(2);
  ClusterView view;
  view.update(metadata);
  const std::string value(10, 'x');
  for (int i = 0; i < 3; ++i) {
    accumulator.append_new({test_topic, i}, record_of(log::as_bytes(value), i), Time{});
  }
  accumulator.note_node(BrokerId(1), Time(0s), true);
  accumulator.note_node(BrokerId(2), Time(0s), true);
  CHECK(accumulator.ready(view, Time(0s), false).loads.at(0).partitions.size() == 3);
  accumulator.note_node(BrokerId(2), Time(1500ms), false);
  CHECK(accumulator.ready(view, Time(1500ms), false).loads.at(0).partitions ==
        std::vector<int>{0, 1});
}
