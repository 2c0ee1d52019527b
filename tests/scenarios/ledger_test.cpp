// Each promise of the ledger is seen to be broken, and each count of it to count: told by hand to a
// ledger, of one partition whose replicas have real logs.
#include "scenarios/ledger/ledger.h"

#include "log/env/memory_env.h"
#include "model/events.h"
#include "sim/machine.h"

#include <catch2/catch.hpp>

using namespace brokerlab;
using namespace brokerlab::scenarios;
using model::BrokerId;

namespace {

const model::TopicPartition partition{"t", 0};

class LedgerStory {
 public:
  explicit LedgerStory(bool acks_all = false) {
    ledger.set_context(&context_);
    ledger.set_replica_finder([this](BrokerId id, const model::TopicPartition&) {
      const auto found = replicas_.find(id);
      return found == replicas_.end() || !found->second->up ? nullptr : &found->second->partition;
    });
    ledger.declare_producer(0, acks_all, "t");
    ledger.declare_consumer("reader", "readers", false, {"t"});
    for (int i = 1; i <= 3; ++i) {
      const sim::MachineId machine(i);
      context_.broker_machines[BrokerId(i)] = machine;
      world.trace().name_machine(machine, fmt::format("broker-{}", i));
      replicas_[BrokerId(i)] = std::make_unique<Replica>(BrokerId(i), partitions_.id_of(partition));
    }
  }

  // --- What happens ---

  void wait(Duration time) { world.run(world.now() + time); }

  /// The controller elects it, and it takes up leading.
  void lead(int broker, int epoch, std::vector<int> isr = {1, 2, 3}) {
    elect(broker, epoch, isr);
    take_up(broker, epoch, isr);
  }
  void elect(int broker, int epoch, const std::vector<int>& isr = {1, 2, 3}) {
    ledger.on_partition_state(partition, BrokerId(broker), epoch, ids(isr), ids({1, 2, 3}));
  }
  void take_up(int broker, int epoch, const std::vector<int>& isr = {1, 2, 3}) {
    take_up_unheard(broker, epoch, isr);
    ledger.on_became_leader(BrokerId(broker), partition, epoch);
  }

  void take_up_unheard(int broker, int epoch, const std::vector<int>& isr = {1, 2, 3}) {
    model::LeaderAndIsrRequest::Partition state{partition, {}, ids({1, 2, 3}), false};
    state.state = {BrokerId(broker), epoch, ids(isr), epoch};
    replica(broker).make_leader(state, world.now());
  }

  void send(std::int64_t number) { send_bytes({0, number, 1}, value(number)); }
  void send_bytes(const model::RecordRun& run, const std::string& bytes) {
    ledger.on_sent({run, world.now(), world.now(), log::as_bytes(bytes)});
  }
  /// A batch of one record that the leader appends.
  void append(int leader, std::int64_t number) {
    log::BatchBuilder builder;
    const std::string text = value(number);
    builder.append(0, std::nullopt, log::as_bytes(text));
    log::ByteVector batch = builder.build();
    const log::Offset first = replica(leader).log_end_offset();
    REQUIRE(replica(leader).append_as_leader(batch, model::Acks::leader, world.now(), 0).ok());
    ledger.on_leader_append(BrokerId(leader), partition, replica(leader).leader_epoch(), first,
                            first + 1, 100);
  }
  /// The follower fetches all that it lacks.
  void copy(int leader, int follower) {
    model::Partition& to = replica(follower);
    const log::Offset end = replica(leader).log_end_offset();
    const auto data = replica(leader).log().read(to.log_end_offset(), 1 << 20, end, true);
    REQUIRE(data.ok());
    model::FetchResponse::Partition fetched{partition};
    fetched.high_watermark = end;
    fetched.records = data->bytes;
    REQUIRE(to.append_as_follower(fetched, 0).ok());
    ledger.on_log_end(BrokerId(follower), partition, to.log_end_offset());
  }
  void acknowledge(std::int64_t number, log::Offset offset) {
    ledger.on_acknowledged({0, number, 1}, partition, offset);
  }
  /// As a producer tells it: the batch, then its records.
  void give_up(const std::vector<int>& numbers) {
    world.trace().record(model::events::producer_record_failed,
                         {.partition = partitions_.id_of(partition)}, {});
    for (const int number : numbers) {
      ledger.on_send_failed({0, number, 1}, model::ErrorCode::request_timed_out);
    }
  }
  void write(int leader, std::int64_t number, log::Offset offset) {
    send(number);
    append(leader, number);
    acknowledge(number, offset);
  }
  void commit_up_to(int leader, log::Offset offset) {
    ledger.on_high_watermark(BrokerId(leader), partition, offset);
  }
  void truncate(int broker, log::Offset to) {
    const log::Offset end = replica(broker).log_end_offset();
    REQUIRE(replica(broker).truncate_to(to).ok());
    ledger.on_truncated(BrokerId(broker), partition, to, end);
  }
  void consume(log::Offset offset, const std::string& bytes) { consume("reader", offset, bytes); }
  void consume(std::string_view who, log::Offset offset, const std::string& bytes) {
    ledger.on_consumed({.consumer = who,
                        .partition = partition,
                        .first = offset,
                        .count = 1,
                        .since = world.now(),
                        .value = log::as_bytes(bytes)});
  }
  void crash(int broker) { replicas_.at(BrokerId(broker))->up = false; }
  void start(int broker) {
    replicas_.at(BrokerId(broker))->up = true;
    world.trace().record(sim::events::process_started, {.machine = sim::MachineId(broker)},
                         {{"who", fmt::format("broker-{}", broker)}});
  }
  void lose_power(int broker) {
    world.trace().record(sim::events::power_off, {.machine = sim::MachineId(broker)});
  }

  // --- What the ledger says ---

  /// "broken", "kept", "kept but for 1 record lost by ..."; "" when it knows no such promise.
  std::string promise(std::string_view name) const {
    for (const Invariant& one : ledger.invariants()) {
      if (one.name != name) continue;
      if (!one.held()) return "broken";
      std::string text = "kept";
      for (const auto& [what, count] : one.exemptions) {
        text += (text == "kept" ? " but for " : ", ") + words_for(what, count).english;
      }
      return text;
    }
    return "";
  }
  const Ledger::PartitionView& view() const { return ledger.partitions().at(partition); }
  model::Partition& replica(int broker) { return replicas_.at(BrokerId(broker))->partition; }
  static std::string value(std::int64_t number) { return fmt::format("{{\"id\": {}}}", number); }

  sim::World world{1};
  Ledger ledger{world};

 private:
  struct Replica {
    Replica(BrokerId id, sim::PartitionId number)
        : partition(id, tests_partition(), number, model::TopicConfig{}, 30s) {
      auto log = log::Log::open(env, "t-0", log::LogConfig{}, {});
      REQUIRE(log.ok());
      partition.set_log(std::move(*log), 0, Time{});
    }
    static const model::TopicPartition& tests_partition() { return ::partition; }
    log::MemoryEnv env;
    model::Partition partition;
    bool up = true;
  };
  static std::vector<BrokerId> ids(const std::vector<int>& numbers) {
    return {numbers.begin(), numbers.end()};
  }

  model::PartitionDirectory partitions_{world};
  model::ClusterContext context_{world, ledger, partitions_};
  std::map<BrokerId, std::unique_ptr<Replica>> replicas_;
};

}  // namespace

TEST_CASE("a story in which all is well keeps every promise", "[unit]") {
  LedgerStory story(true);
  story.lead(1, 0);
  story.write(1, 0, 0);
  story.copy(1, 2);
  story.copy(1, 3);
  story.commit_up_to(1, 1);
  story.consume(0, LedgerStory::value(0));
  story.ledger.on_zookeeper_applied(1, 7, 99);
  story.ledger.finish();
  for (const Invariant& one : story.ledger.invariants()) {
    INFO(one.name);
    CHECK(one.held());
    CHECK(one.exemptions.empty());
  }
  CHECK(story.ledger.invariants().size() == 9);
  CHECK(story.ledger.lost().empty());
  CHECK(story.ledger.unread("readers", {"t"}).records == 0);
}

TEST_CASE("two leaders in one epoch break a promise", "[unit]") {
  LedgerStory story;
  story.lead(1, 0);
  story.take_up(2, 0);
  CHECK(story.promise("one_leader_per_epoch") == "broken");
}

TEST_CASE("a high watermark falls: broken, unless its broker started again", "[unit]") {
  const auto falls = [](bool restarted) {
    LedgerStory story;
    story.lead(1, 0);
    story.write(1, 0, 0);
    story.write(1, 1, 1);
    story.commit_up_to(1, 2);
    story.wait(1s);
    if (restarted) story.start(1);
    story.commit_up_to(1, 1);
    return story.promise("high_watermark_never_falls");
  };
  CHECK(falls(false) == "broken");
  CHECK(falls(true) == "kept but for one time after a restart, back to its last checkpoint");
}

TEST_CASE("committed records that go away, or change, break a promise", "[unit]") {
  const auto committed_then = [](const std::function<void(LedgerStory&)>& what) {
    LedgerStory story(true);
    story.lead(1, 0);
    story.write(1, 0, 0);
    story.commit_up_to(1, 1);
    what(story);
    story.ledger.finish();
    return story.promise("committed_records_survive") + ", " +
           story.promise("acknowledged_by_all_survive");
  };
  CHECK(committed_then([](LedgerStory&) {}) == "kept, kept");
  // Another leader never had it.
  CHECK(committed_then([](LedgerStory& story) { story.lead(2, 1); }) == "broken, broken");
  // It has another record there.
  CHECK(committed_then([](LedgerStory& story) {
          story.lead(2, 1);
          story.write(2, 1, 0);
        }) == "broken, broken");
  CHECK(committed_then([](LedgerStory& story) { story.truncate(1, 0); }) == "broken, broken");
}

TEST_CASE("what a new leader lacks of the committed is told when it takes over, once", "[unit]") {
  const auto take_over = [](bool another_record) {
    LedgerStory story(true);
    story.lead(1, 0);
    story.write(1, 0, 0);
    story.commit_up_to(1, 1);
    if (another_record) {
      story.take_up_unheard(2, 0);
      story.append(2, 1);
    }
    const auto violated = [&] {
      std::string text;
      for (const Invariant& one : story.ledger.invariants()) {
        if (one.name != "committed_records_survive") continue;
        for (const Phrase& why : one.violations) text += why.english + "\n";
      }
      return text;
    };
    CHECK(violated().empty());
    story.lead(2, 1);
    const std::string at_once = violated();
    story.ledger.finish();
    CHECK(violated() == at_once);
    return at_once;
  };
  CHECK(take_over(false) == "offsets 0 to 0 of t-0 were committed and are gone\n");
  CHECK(take_over(true) == "offsets 0 to 0 of t-0 changed after they were committed\n");
}

TEST_CASE("what the settings allow to be lost is said beside the promise", "[unit]") {
  LedgerStory unclean(true);
  unclean.lead(1, 0, {1});
  unclean.write(1, 0, 0);
  unclean.commit_up_to(1, 1);
  unclean.lead(2, 1, {2});
  unclean.ledger.finish();
  const std::string by_election =
      "kept but for 1 record lost by an unclean election, which unclean.leader.election.enable "
      "allows";
  CHECK(unclean.promise("acknowledged_by_all_survive") == by_election);
  CHECK(unclean.promise("committed_records_survive") == by_election);

  LedgerStory unsynced(true);
  unsynced.lead(1, 0);
  unsynced.write(1, 0, 0);
  unsynced.write(1, 1, 1);
  unsynced.commit_up_to(1, 2);
  unsynced.wait(1s);
  unsynced.lose_power(1);
  REQUIRE(unsynced.replica(1).truncate_to(0).ok());
  unsynced.lead(1, 1);
  unsynced.ledger.finish();
  CHECK(unsynced.promise("acknowledged_by_all_survive") ==
        "kept but for 2 records that were in memory only when the power failed, which Kafka's "
        "settings for syncing allow");

  LedgerStory dead(true);
  dead.lead(1, 0);
  dead.write(1, 0, 0);
  dead.commit_up_to(1, 1);
  dead.crash(1);
  dead.ledger.finish();
  CHECK(dead.promise("acknowledged_by_all_survive") ==
        "kept but for 1 record that nobody can look for, without a live leader");
  CHECK(dead.ledger.lost().empty());
}

TEST_CASE("bytes that nobody sent, and offsets left out, break promises", "[unit]") {
  LedgerStory story;
  story.lead(1, 0);
  for (int i = 0; i < 5; ++i) story.write(1, i, i);
  story.consume(0, LedgerStory::value(0));
  CHECK(story.promise("consumed_bytes_are_sent_bytes") == "kept");
  CHECK(story.promise("consumed_offsets_have_no_gaps") == "kept");
  story.consume(4, LedgerStory::value(4));
  CHECK(story.promise("consumed_offsets_have_no_gaps") == "broken");
  story.consume(1, "something else");
  CHECK(story.promise("consumed_bytes_are_sent_bytes") == "broken");

  LedgerStory latest;
  latest.ledger.declare_consumer("late", "latecomers", true, {"t"});
  latest.lead(1, 0);
  for (int i = 0; i < 5; ++i) latest.write(1, i, i);
  latest.consume("late", 0, LedgerStory::value(0));
  latest.consume("late", 4, LedgerStory::value(4));
  CHECK(latest.promise("consumed_offsets_have_no_gaps") ==
        "kept but for 3 records that auto.offset.reset=latest jumped over before the first commit");
  CHECK(latest.ledger.groups().at("latecomers").skipped == 3);
}

TEST_CASE("a group's lag is known at every instant, and what waits for it", "[unit]") {
  LedgerStory story;
  story.ledger.declare_consumer("late", "latecomers", true, {"t"});
  story.lead(1, 0);
  story.wait(1s);
  for (int i = 0; i < 6; ++i) story.write(1, i, i);
  story.commit_up_to(1, 4);
  for (int i = 0; i < 3; ++i) story.consume(i, LedgerStory::value(i));
  const Ledger::GroupView& readers = story.ledger.groups().at("readers");
  CHECK(readers.lag == 1);
  CHECK(readers.most_lag == 4);  // for no time at all
  story.wait(1s);
  story.commit_up_to(1, 5);
  CHECK(readers.lag == 2);
  CHECK(readers.lag == story.ledger.lags("readers", {"t"}).front().second);
  CHECK(readers.most_lag == 4);
  CHECK(readers.most_lag_at == Time(1s));

  // 3 and 4 are there to be read; 5 is not yet.
  story.crash(1);
  const Ledger::Unread unread = story.ledger.unread("readers", {"t"});
  CHECK(unread.records == 3);
  CHECK(unread.waiting == 2);
  CHECK(unread.since == Time(1s));
  // Nothing is for a group that wants what comes after it, until it has read something.
  CHECK(story.ledger.unread("latecomers", {"t"}).records == 6);
  CHECK(story.ledger.unread("latecomers", {"t"}).waiting == 0);
  story.consume("late", 3, LedgerStory::value(3));
  CHECK(story.ledger.unread("latecomers", {"t"}).waiting == 1);
}

TEST_CASE("one offset for two records breaks a promise, not when a deposed leader gave it",
          "[unit]") {
  LedgerStory twice;
  twice.lead(1, 0);
  twice.write(1, 0, 0);
  twice.send(1);
  twice.acknowledge(1, 0);
  CHECK(twice.promise("acknowledged_offsets_are_unique") == "broken");

  LedgerStory deposed;
  deposed.lead(1, 0);
  deposed.lead(2, 1);
  deposed.write(2, 0, 0);
  deposed.write(1, 1, 0);
  CHECK(deposed.promise("acknowledged_offsets_are_unique") ==
        "kept but for 1 that a deposed leader acknowledged");
}

TEST_CASE("replicas whose logs differ, and servers whose histories do, break promises", "[unit]") {
  LedgerStory story;
  story.lead(1, 0, {1});
  story.write(1, 0, 0);
  story.copy(1, 2);
  story.send(1);
  story.take_up(3, 1, {3});
  story.append(3, 1);
  story.ledger.finish();
  CHECK(story.promise("replicas_agree") == "broken");

  LedgerStory servers;
  servers.ledger.on_zookeeper_applied(1, 7, 99);
  servers.ledger.on_zookeeper_applied(2, 7, 99);
  CHECK(servers.promise("zookeeper_writes_are_linear") == "kept");
  servers.ledger.on_zookeeper_applied(3, 7, 98);
  CHECK(servers.promise("zookeeper_writes_are_linear") == "broken");
}

TEST_CASE("what a deposed leader acknowledged is lost when it truncates, by its name", "[unit]") {
  LedgerStory story;
  story.lead(1, 0);
  story.write(1, 0, 0);
  story.copy(1, 2);
  story.copy(1, 3);
  story.commit_up_to(1, 1);
  story.wait(20s);
  story.lead(2, 1, {2, 3});
  story.write(2, 1, 1);  // both give offset 1 to a record
  story.write(1, 2, 1);
  story.write(1, 3, 2);
  CHECK(story.ledger.lost().empty());
  story.wait(10s);
  story.truncate(1, 1);
  REQUIRE(story.ledger.lost().size() == 2);
  const LostRecord& lost = story.ledger.lost().front();
  CHECK(lost.label == "id 2");
  CHECK(lost.kind == LostRecord::Kind::fenced);
  CHECK(lost.why.english ==
        "broker-1 acknowledged it at t=20.000s in epoch 0, fenced without knowing it: broker-2 led "
        "in epoch 1; broker-1 cut it off at t=30.000s; no other replica had it");
  story.copy(2, 1);
  story.ledger.finish();
  CHECK(story.ledger.lost().size() == 2);
}

TEST_CASE("a deposed leader that never hears of it: its losses are told at the end", "[unit]") {
  LedgerStory story;
  story.lead(1, 0);
  story.lead(2, 1, {2, 3});
  story.write(1, 0, 0);
  story.ledger.finish();
  REQUIRE(story.ledger.lost().size() == 1);
  CHECK_THAT(story.ledger.lost().front().why.english,
             Catch::Contains("fenced without knowing it") &&
                 Catch::Contains("the leader's log at the end of the run does not hold it"));
}

TEST_CASE("a lost record that its producer sends again is not lost in the end", "[unit]") {
  LedgerStory story(true);
  story.lead(1, 0);
  story.write(1, 0, 0);
  story.lead(2, 1, {2});
  CHECK(story.ledger.lost().size() == 1);
  story.append(2, 0);
  story.ledger.finish();
  CHECK(story.ledger.lost().empty());
  CHECK(story.promise("acknowledged_by_all_survive") == "kept");
}

TEST_CASE("a lost record tells who else had it", "[unit]") {
  const auto why = [](bool copied) {
    LedgerStory story;
    story.lead(1, 0);
    story.write(1, 0, 0);
    if (copied) story.copy(1, 3);
    story.crash(1);
    story.lead(2, 1, {2});
    REQUIRE(story.ledger.lost().size() == 1);
    return story.ledger.lost().front().why.english;
  };
  CHECK_THAT(why(false), Catch::EndsWith("; no other replica had it"));
  CHECK_THAT(why(true), Catch::EndsWith("; broker-3 had it"));
}

TEST_CASE("what retries write twice and out of order is counted, record by record", "[unit]") {
  LedgerStory story;
  story.lead(1, 0);
  for (int i = 0; i < 6; ++i) story.send(i);
  for (const int number : {0, 3, 4, 1, 2, 5, 3, 3}) story.append(1, number);
  story.ledger.finish();
  CHECK(story.view().reordered == 4);   // 1 and 2 stand behind 4, the copies of 3 behind 5
  CHECK(story.view().duplicates == 2);  // two more copies of 3
}

TEST_CASE("equal records are told apart by where they were acknowledged", "[unit]") {
  LedgerStory story;
  story.ledger.declare_producer(1, false, "t");
  story.lead(1, 0);
  story.send(0);
  story.send_bytes({1, 0, 1}, LedgerStory::value(0));
  story.append(1, 0);
  story.append(1, 0);
  story.acknowledge(0, 0);
  story.ledger.on_acknowledged({1, 0, 1}, partition, 1);
  story.consume(0, LedgerStory::value(0));
  CHECK(story.ledger.unread("readers", {"t"}).records == 1);
  story.consume(1, LedgerStory::value(0));
  CHECK(story.ledger.unread("readers", {"t"}).records == 0);
  CHECK(story.ledger.consumed() == 2);
  CHECK(story.ledger.redelivered() == 0);
  story.ledger.finish();
  CHECK(story.view().duplicates == 0);
}

TEST_CASE("acknowledged and above the high watermark: no lag, but unread and not readable",
          "[unit]") {
  LedgerStory story;
  story.lead(1, 0);
  for (int i = 0; i < 5; ++i) story.write(1, i, i);
  story.wait(4s);
  for (const int follower : {2, 3}) {
    (void)story.replica(1).note_follower_fetch(BrokerId(follower), 2, 5, story.world.now());
  }
  REQUIRE(story.replica(1).high_watermark() == 2);
  story.commit_up_to(1, 2);
  story.consume(0, LedgerStory::value(0));
  story.consume(1, LedgerStory::value(1));
  CHECK(story.ledger.lags("readers", {"t"}).front().second == 0);
  CHECK(story.ledger.unreadable(partition) == 3);
  CHECK(story.ledger.unread("readers", {"t"}).records == 3);
  CHECK(story.view().longest_unreadable == 4s);
  story.wait(5s);
  story.ledger.finish();
  CHECK(story.view().longest_unreadable == 9s);
}

TEST_CASE("five groups that read the same records have read as many different ones", "[unit]") {
  LedgerStory story;
  story.lead(1, 0);
  for (int i = 0; i < 3; ++i) story.write(1, i, i);
  for (int group = 0; group < 5; ++group) {
    const std::string reader = fmt::format("reader-{}", group);
    story.ledger.declare_consumer(reader, fmt::format("group-{}", group), false, {"t"});
    for (int i = 0; i < 3; ++i) {
      story.consume(reader, i, LedgerStory::value(i));
    }
  }
  CHECK(story.ledger.consumed() == 3);
  CHECK(story.ledger.groups().at("group-4").consumed == 3);
  story.consume("reader-4", 2, LedgerStory::value(2));
  CHECK(story.ledger.groups().at("group-4").redelivered == 1);
  CHECK(story.ledger.groups().at("group-3").redelivered == 0);
}

TEST_CASE("an election is a new leader; the ISR changes with it, too", "[unit]") {
  LedgerStory story;
  story.lead(1, 0);
  story.elect(-1, 1, {1});  // its only replica died
  CHECK(story.view().elections == 0);
  CHECK(story.view().isr_changes == 1);
  story.elect(1, 2, {1});
  CHECK(story.view().elections == 1);
  story.elect(2, 3, {2, 3});
  CHECK(story.view().elections == 2);
  CHECK(story.view().isr_changes == 2);
  story.elect(2, 3, {2});
  CHECK(story.view().elections == 2);
  CHECK(story.view().isr_changes == 3);
}

TEST_CASE("with acks=0 nothing is acknowledged: it was handed to the connection", "[unit]") {
  LedgerStory story;
  story.lead(1, 0);
  story.send(0);
  story.send(1);
  story.wait(20ms);
  story.acknowledge(0, log::no_offset);
  CHECK(story.ledger.sent_blindly() == 1);
  CHECK(story.ledger.acknowledged() == 0);
  CHECK(story.ledger.pending() == 1);
  CHECK(story.ledger.latencies().send.count() == 0);
  CHECK(story.view().longest_wait == 0ns);
}

TEST_CASE("what a producer gave up on may be stored all the same", "[unit]") {
  LedgerStory story;
  story.lead(1, 0);
  for (const int number : {0, 1, 2}) story.send(number);
  for (const int number : {0, 1, 1}) story.append(1, number);  // a retry came, too
  story.acknowledge(0, 0);
  story.wait(120s);
  story.give_up({1, 2});
  story.ledger.finish();
  CHECK(story.ledger.failed() == 2);
  CHECK(story.ledger.failed_in_log() == 1);
  CHECK(story.view().longest_wait == 120s);  // the longest, though never acknowledged
}

// --- The same promises, of phantom batches ---

namespace {

/// Runs of a hundred records without bytes, each in a batch of its own.
class PhantomStory : public LedgerStory {
 public:
  using LedgerStory::LedgerStory;
  static constexpr std::int64_t size = 100;

  static model::RecordRun run(std::int64_t batch) { return {0, batch * size, size}; }
  static log::PhantomBatch phantom(std::int64_t batch) {
    log::PhantomBatch it;
    it.base_timestamp = it.max_timestamp = 0;
    it.record_count = static_cast<std::int32_t>(size);
    it.payload_size = 16 << 10;
    it.seed = static_cast<std::uint64_t>(batch) + 1;
    return it;
  }
  void send(std::int64_t batch) {
    ledger.on_sent({run(batch), world.now(), world.now() + 99ms, {}});
  }
  void append(int leader, std::int64_t batch) {
    const log::Offset first = replica(leader).log_end_offset();
    const log::PhantomBatch it = phantom(batch);
    REQUIRE(replica(leader).append_as_leader(it, model::Acks::leader, world.now(), 0).ok());
    ledger.on_leader_append(BrokerId(leader), partition, replica(leader).leader_epoch(), first,
                            first + size, it.size());
    const std::vector<model::RecordRun> runs{run(batch)};
    ledger.on_batch_appended({BrokerId(leader), partition, runs, first, {}, &it});
  }
  void acknowledge(std::int64_t batch, log::Offset first) {
    ledger.on_acknowledged(run(batch), partition, first);
  }
  void write(int leader, std::int64_t batch, log::Offset first) {
    send(batch);
    append(leader, batch);
    acknowledge(batch, first);
  }
  void copy(int leader, int follower) {
    model::Partition& to = replica(follower);
    const log::Offset end = replica(leader).log_end_offset();
    const auto data = replica(leader).log().read_records(to.log_end_offset(), 1 << 20, end, true);
    REQUIRE(data.ok());
    REQUIRE(data->records.is_phantom());
    model::FetchResponse::Partition fetched{partition};
    fetched.high_watermark = end;
    fetched.records = data->records;
    REQUIRE(to.append_as_follower(fetched, 0).ok());
    ledger.on_log_end(BrokerId(follower), partition, to.log_end_offset());
  }
  /// Records of a batch that stands at `base`.
  void read(std::string_view who, const log::PhantomBatch& sent, log::Offset base,
            log::Offset first, std::int64_t count) {
    log::PhantomBatch batch = sent;
    batch.base_offset = base;
    ledger.on_consumed({.consumer = who,
                        .partition = partition,
                        .first = first,
                        .count = count,
                        .since = world.now(),
                        .value = {},
                        .phantom = &batch});
  }
};

}  // namespace

TEST_CASE("a story of phantom batches in which all is well keeps every promise", "[unit]") {
  PhantomStory story(true);
  story.lead(1, 0);
  story.write(1, 0, 0);
  story.write(1, 1, 100);
  story.copy(1, 2);
  story.copy(1, 3);
  story.commit_up_to(1, 200);
  story.read("reader", PhantomStory::phantom(0), 0, 0, 60);
  CHECK(story.ledger.unread("readers", {"t"}).records == 140);
  story.read("reader", PhantomStory::phantom(0), 0, 60, 40);
  story.read("reader", PhantomStory::phantom(1), 100, 100, 100);
  story.ledger.finish();
  for (const Invariant& one : story.ledger.invariants()) {
    INFO(one.name);
    CHECK(one.held());
    CHECK(one.exemptions.empty());
  }
  CHECK(story.ledger.sent() == 200);
  CHECK(story.ledger.acknowledged() == 200);
  CHECK(story.ledger.consumed() == 200);
  CHECK(story.ledger.groups().at("readers").consumed == 200);
  CHECK(story.ledger.unread("readers", {"t"}).records == 0);
  CHECK(story.ledger.latencies().produce.count() == 200);
  CHECK(story.ledger.latencies().end_to_end.count() == 200);
  CHECK(story.view().duplicates == 0);
}

TEST_CASE("phantom records that nobody sent, and offsets left out, break promises", "[unit]") {
  PhantomStory other_seed;
  other_seed.lead(1, 0);
  other_seed.write(1, 0, 0);
  other_seed.read("reader", PhantomStory::phantom(7), 0, 0, 100);
  CHECK(other_seed.promise("consumed_bytes_are_sent_bytes") == "broken");

  PhantomStory other_size;
  other_size.lead(1, 0);
  other_size.write(1, 0, 0);
  log::PhantomBatch larger = PhantomStory::phantom(0);
  larger.payload_size += 1;
  other_size.read("reader", larger, 0, 0, 100);
  CHECK(other_size.promise("consumed_bytes_are_sent_bytes") == "broken");

  PhantomStory gap;
  gap.lead(1, 0);
  gap.write(1, 0, 0);
  gap.read("reader", PhantomStory::phantom(0), 0, 0, 40);
  gap.read("reader", PhantomStory::phantom(0), 0, 41, 59);
  CHECK(gap.promise("consumed_offsets_have_no_gaps") == "broken");

  PhantomStory twice;
  twice.lead(1, 0);
  twice.write(1, 0, 0);
  twice.read("reader", PhantomStory::phantom(0), 0, 0, 100);
  twice.read("reader", PhantomStory::phantom(0), 0, 30, 70);
  CHECK(twice.promise("consumed_offsets_have_no_gaps") == "kept");
  CHECK(twice.ledger.redelivered() == 70);
}

TEST_CASE("committed phantom batches that go away, or change, break a promise", "[unit]") {
  const auto committed_then = [](const std::function<void(PhantomStory&)>& what) {
    PhantomStory story(true);
    story.lead(1, 0);
    story.write(1, 0, 0);
    story.commit_up_to(1, 100);
    what(story);
    story.ledger.finish();
    return story.promise("committed_records_survive") + ", " +
           story.promise("acknowledged_by_all_survive");
  };
  CHECK(committed_then([](PhantomStory&) {}) == "kept, kept");
  CHECK(committed_then([](PhantomStory& story) { story.lead(2, 1); }) == "broken, broken");
  CHECK(committed_then([](PhantomStory& story) {
          story.lead(2, 1);
          story.write(2, 1, 0);
        }) == "broken, broken");
  CHECK(committed_then([](PhantomStory& story) { story.truncate(1, 0); }) == "broken, broken");
}

TEST_CASE("a loss of phantom records is told once, with its first record and how many", "[unit]") {
  PhantomStory story(true);
  story.lead(1, 0);
  story.write(1, 0, 0);
  story.wait(1s);
  story.write(1, 1, 100);
  story.lead(2, 1);
  REQUIRE(story.ledger.lost().size() == 2);
  CHECK(story.ledger.lost_records() == 200);
  CHECK(story.ledger.lost()[1].label == "0/100");
  CHECK(story.ledger.lost()[1].offset == 100);
  CHECK(story.ledger.lost()[1].record.count == 100);
  story.ledger.finish();
  CHECK(story.promise("acknowledged_by_all_survive") == "broken");

  PhantomStory cut(true);  // inside of a run that was acknowledged
  cut.lead(1, 0);
  cut.write(1, 0, 0);
  cut.lead(2, 1, {2, 3});
  cut.write(1, 1, 100);
  cut.ledger.finish();
  CHECK(cut.ledger.lost_records() == 200);
}

TEST_CASE("phantom batches that retries write twice and out of order are counted", "[unit]") {
  PhantomStory story;
  story.lead(1, 0);
  for (int i = 0; i < 3; ++i) story.send(i);
  for (const int batch : {0, 2, 1, 2}) story.append(1, batch);
  story.ledger.finish();
  // All of the second stand behind the third, and all copies of the third but its last one.
  CHECK(story.view().reordered == 199);
  CHECK(story.view().duplicates == 100);
}

TEST_CASE("replicas whose phantom batches differ break a promise, at the first wrong one",
          "[unit]") {
  PhantomStory story;
  story.lead(1, 0, {1});
  story.write(1, 0, 0);
  story.copy(1, 2);
  story.copy(1, 3);
  story.write(1, 1, 100);
  story.copy(1, 2);
  story.send(2);
  story.take_up(3, 1, {3});
  story.append(3, 2);
  story.ledger.finish();
  CHECK(story.promise("replicas_agree") == "broken");
  for (const Invariant& one : story.ledger.invariants()) {
    if (one.name != "replicas_agree") continue;
    CHECK_THAT(one.violations.front().english, Catch::Contains("at or after offset 100"));
  }
}

TEST_CASE("what was wanted over a time is late by times that are spread as far", "[unit]") {
  PhantomStory story;
  story.lead(1, 0);
  story.send(0);
  story.append(1, 0);
  story.wait(1s);
  story.acknowledge(0, 0);
  const LatencySketch latency = story.ledger.latencies().produce;
  CHECK(latency.max() == 1s);
  CHECK(latency.percentile(0.01) < 905ms);
  CHECK(latency.percentile(0.01) > 900ms);
  CHECK(to_seconds(latency.mean()) == Approx(0.9505).epsilon(0.001));
}

TEST_CASE("percentiles of a sketch are within a thousandth; two can be added", "[unit]") {
  LatencySketch one;
  LatencySketch other;
  for (int i = 1; i <= 100'000; ++i) (i % 2 == 0 ? one : other).add(1us * i);
  one += other;
  CHECK(one.count() == 100'000);
  for (const double share : {0.001, 0.5, 0.95, 0.99, 0.999}) {
    CHECK(to_seconds(one.percentile(share)) == Approx(share * 0.1).epsilon(0.001));
  }
  CHECK(one.max() == 100ms);
  CHECK(one.percentile(1.0) == 100ms);
  CHECK(LatencySketch().percentile(0.5) == 0ns);
}
