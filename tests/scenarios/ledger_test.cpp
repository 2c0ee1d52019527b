// Each promise of the ledger is seen to be broken, and each count of it to count.
#include "tests/scenarios/ledger_story.h"

#include <catch2/catch.hpp>

using namespace brokerlab;
using namespace brokerlab::scenarios;

TEST_CASE("a story in which all is well keeps every promise", "[unit]") {
  LedgerStory story(true);
  story.lead(1, 0);
  story.write(1, 0, 0);
  story.copy(1, 2);
  story.copy(1, 3);
  story.commit_up_to(1, 1);
  story.consume(0, LedgerStory::value(0));
  story.ledger.on_committed("readers", partition, 1);
  story.ledger.on_commit_read("readers", partition, 1);
  story.ledger.on_zookeeper_applied(1, 7, 99);
  story.ledger.finish();
  for (const Invariant& one : story.ledger.invariants()) {
    INFO(one.name);
    CHECK(one.held());
    CHECK(one.exemptions.empty());
  }
  CHECK(story.ledger.invariants().size() == 11);
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
    std::string at_once = violated();
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
  latest.ledger.on_position_reset("late", partition, 4);
  latest.consume("late", 4, LedgerStory::value(4));
  CHECK(latest.promise("consumed_offsets_have_no_gaps") ==
        "kept but for 3 records that auto.offset.reset=latest jumped over before the first commit");
  CHECK(latest.ledger.groups().at("latecomers").skipped == 3);
}

TEST_CASE("auto.offset.reset=latest jumps as far as it was sent, whatever was committed since",
          "[unit]") {
  LedgerStory story;
  story.ledger.declare_consumer("late", "latecomers", true, {"t"});
  story.lead(1, 0, {1});
  for (int i = 0; i < 8; ++i) story.write(1, i, i);
  story.commit_up_to(1, 8);
  story.consume("late", 0, LedgerStory::value(0));
  story.ledger.on_committed("latecomers", partition, 1);
  // The commit is gone; the group goes on at the end, and that is committed before anything comes.
  story.ledger.on_position_reset("late", partition, 5);
  story.ledger.on_committed("latecomers", partition, 5);
  CHECK(story.ledger.unread("latecomers", {"t"}).waiting == 3);  // from 5 on
  const auto promised = [&story] { return story.promise("consumed_offsets_have_no_gaps"); };
  const std::string jumped = " that auto.offset.reset=latest jumped over before the first commit";
  SECTION("to where it was sent") {
    story.consume("late", 5, LedgerStory::value(5));
    CHECK(promised() == "kept but for 4 records" + jumped);
    CHECK(story.ledger.groups().at("latecomers").skipped == 4);
    story.consume("late", 7, LedgerStory::value(7));
    CHECK(promised() == "broken");
  }
  SECTION("farther") {
    story.consume("late", 6, LedgerStory::value(6));
    CHECK(promised() == "broken");
  }
  SECTION("not before a member that knows nothing of it is where it was sent") {
    story.consume("late", 1, LedgerStory::value(1));
    CHECK(promised() == "kept");
    story.consume("late", 5, LedgerStory::value(5));
    CHECK(promised() == "kept but for 3 records" + jumped);
  }
}

TEST_CASE("what is deleted too early, or above the high watermark, breaks a promise", "[unit]") {
  constexpr log::Timestamp week = 604'800'000;  // retention.ms
  const auto deleted = [](log::Offset to, log::Timestamp age, bool asked = false) {
    LedgerStory story;
    story.lead(1, 0, {1});
    for (int i = 0; i < 3; ++i) story.write(1, i, i);
    story.ledger.on_deleting({BrokerId(1), partition, 0, to, age, asked});
    return story.promise("retention_keeps_what_it_must");
  };
  CHECK(deleted(2, week + 1) == "kept");
  CHECK(deleted(2, week) == "broken");
  CHECK(deleted(2, 0) == "broken");
  CHECK(deleted(2, 0, true) == "kept");
  CHECK(deleted(4, week + 1) == "broken");
}

TEST_CASE("a cleaner that drops the last record of a key breaks a promise", "[unit]") {
  model::TopicConfig compacted;
  compacted.cleanup_policy = model::CleanupPolicy::compact;
  const auto left = [&](const std::set<log::Offset>& kept) {
    LedgerStory story(true, false, compacted);
    story.lead(1, 0, {1});
    story.write_keyed(1, 0, "a");
    story.write_keyed(1, 1, "b");
    story.write_keyed(1, 2, "a");
    story.write_keyed(1, 3, "c");
    story.commit_up_to(1, 3);
    story.compact(1, kept);
    return story.promise("compaction_keeps_the_last_of_every_key");
  };
  CHECK(left({1, 2, 3}) == "kept");
  CHECK(left({1, 3}) == "broken");
  CHECK(left({2, 3}) == "broken");
  CHECK(left({0, 1, 2, 3}).empty());  // nothing was dropped
}

TEST_CASE("a cleaner that gives tombstones too little time breaks a promise", "[unit]") {
  model::TopicConfig compacted;
  compacted.cleanup_policy = model::CleanupPolicy::compact;
  compacted.delete_retention = 60s;
  const auto given = [&](log::Timestamp horizon) {
    LedgerStory story(true, false, compacted);
    story.lead(1, 0, {1});
    story.write_keyed(1, 0, "a");
    story.append_tombstone(1, "a");
    story.commit_up_to(1, 2);
    story.compact(1, {1}, horizon);
    return story.promise("compaction_keeps_the_last_of_every_key");
  };
  CHECK(given(60'000) == "kept");
  CHECK(given(59'999) == "broken");
}

TEST_CASE("what compaction leaves out is no gap, no loss and nothing to read", "[unit]") {
  model::TopicConfig compacted;
  compacted.cleanup_policy = model::CleanupPolicy::compact;
  LedgerStory story(true, false, compacted);
  story.lead(1, 0, {1});
  for (int i = 0; i < 4; ++i) story.write_keyed(1, i, "a");
  story.commit_up_to(1, 4);
  story.consume(0, LedgerStory::value(0));
  story.compact(1, {3});
  CHECK(story.ledger.unread("readers", {"t"}).records == 1);
  story.consume(3, LedgerStory::value(3));
  CHECK(story.promise("consumed_offsets_have_no_gaps") ==
        "kept but for 2 offsets that compaction has left out");
  story.ledger.finish();
  CHECK(story.ledger.lost().empty());
  CHECK(story.promise("committed_records_survive") == "kept");
}

TEST_CASE("records that go before a group has read them are no losses, and counted", "[unit]") {
  LedgerStory story(true);
  story.lead(1, 0, {1});
  for (int i = 0; i < 6; ++i) story.write(1, i, i);
  story.commit_up_to(1, 6);
  story.consume(0, LedgerStory::value(0));
  story.delete_below(1, 3);
  const Ledger::GroupView& readers = story.ledger.groups().at("readers");
  CHECK(readers.deleted == 0);  // it may have fetched them
  story.consume(3, LedgerStory::value(3));
  CHECK(readers.deleted == 2);
  CHECK(story.promise("consumed_offsets_have_no_gaps") ==
        "kept but for 2 records that were deleted before a group read them");
  story.delete_below(1, 5);
  story.ledger.finish();
  CHECK(readers.deleted == 3);
  CHECK(story.ledger.lost().empty());
  CHECK(story.ledger.unread("readers", {"t"}).records == 1);
  CHECK(story.promise("committed_records_survive") == "kept");
  CHECK(story.promise("acknowledged_by_all_survive") == "kept");
}

TEST_CASE("a copy that was deleted is still a copy, and a retry's record is not lost", "[unit]") {
  LedgerStory story(true);
  story.lead(1, 0, {1});
  story.write(1, 0, 0);
  story.append(1, 0);
  story.commit_up_to(1, 2);
  story.delete_below(1, 2);
  story.ledger.finish();
  CHECK(story.ledger.duplicates_in_log() == 1);
  CHECK(story.ledger.lost().empty());
}

TEST_CASE("who appends without leading breaks a promise", "[unit]") {
  LedgerStory story;
  story.lead(1, 4);
  story.write(1, 0, 0);
  CHECK(story.promise("one_leader_per_epoch") == "kept");
  story.ledger.on_leader_append(BrokerId(2), partition, 4, 1, 2, 100);
  CHECK(story.promise("one_leader_per_epoch") == "broken");
}

TEST_CASE("what is read below no high watermark breaks a promise", "[unit]") {
  LedgerStory story;
  story.lead(1, 0);
  story.write(1, 0, 0);
  story.write(1, 1, 1);
  story.commit_up_to(1, 1);
  story.consume(0, LedgerStory::value(0));
  CHECK(story.promise("consumed_records_are_committed") == "kept");
  story.consume(1, LedgerStory::value(1));
  CHECK(story.promise("consumed_records_are_committed") == "broken");
}

TEST_CASE("a group that is sent back behind its commit: broken, but for what excuses it",
          "[unit]") {
  const auto told = [](Ledger::CommitsEnd end, const std::function<void(LedgerStory&)>& meanwhile,
                       log::Offset read) {
    LedgerStory story;
    story.ledger.set_commits_end(end, 7 * 24h);
    story.lead(1, 0);
    for (int i = 0; i < 5; ++i) story.write(1, i, i);
    story.wait(1s);
    story.ledger.on_committed("readers", partition, 4);
    story.wait(1s);
    meanwhile(story);
    story.ledger.on_commit_read("readers", partition, read);
    return story.promise("committed_offsets_survive");
  };
  using End = Ledger::CommitsEnd;
  const auto nothing = [](LedgerStory&) {};
  const auto power = [](LedgerStory& story) { story.lose_power(2); };
  const auto cut = [](LedgerStory& story) { story.truncate(1, 3); };
  const auto unclean = [](LedgerStory& story) {
    const model::TopicPartition commits{model::offsets_topic, 7};
    story.ledger.on_partition_state(commits, BrokerId(1), 0, {BrokerId(1)}, {BrokerId(2)});
    story.ledger.on_partition_state(commits, BrokerId(2), 1, {BrokerId(2)}, {BrokerId(2)});
  };
  CHECK(told(End::never, nothing, 4) == "kept");
  CHECK(told(End::never, nothing, 5) == "kept");
  CHECK(told(End::never, nothing, 3) == "broken");
  CHECK(told(End::never, nothing, log::no_offset) == "broken");
  CHECK(told(End::never, power, 3) == "broken");
  CHECK(told(End::by_power_loss, power, 3) == "");  // It cannot be told.
  CHECK(told(End::by_power_loss, nothing, 3) == "broken");
  CHECK(told(End::by_damage, nothing, 3) == "");
  CHECK(told(End::never, cut, 3) == "");
  CHECK(told(End::never, unclean, 3) == "");
}

TEST_CASE("an answer that comes when its broker has lost power left before that", "[unit]") {
  LedgerStory story(true);
  story.lead(1, 0, {1});
  story.send(0);
  story.append(1, 0);
  story.wait(1s);
  story.lose_power(1);
  story.wait(1s);
  story.acknowledge(0, 0);
  story.replica(1).truncate_to(0).value();
  story.start(1);
  story.lead(1, 1, {1});
  CHECK(story.ledger.lost().size() == 1);
  story.ledger.finish();
  CHECK(story.promise("acknowledged_by_all_survive") ==
        "kept but for 1 record that was in memory only when the power failed, which Kafka's "
        "settings for syncing allow");
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

TEST_CASE("a lag that may have changed is told once: written, read, sought", "[unit]") {
  LedgerStory story;
  story.lead(1, 0);
  const auto changed = [&] {
    std::string text;
    for (const auto& [name, lag] : story.ledger.changed_lags("readers")) {
      CHECK(lag == story.ledger.lags("readers", {"t"}).front().second);
      text += fmt::format("{} {}", name.name(), lag);
    }
    return text;
  };
  for (int i = 0; i < 3; ++i) story.write(1, i, i);
  CHECK(changed() == "");
  story.commit_up_to(1, 3);
  CHECK(changed() == "t-0 3");
  CHECK(changed() == "");
  story.consume(0, LedgerStory::value(0));
  CHECK(changed() == "t-0 2");
  CHECK(changed() == "");
  story.ledger.on_seek("reader", partition);
  CHECK(changed() == "t-0 3");
}

TEST_CASE("of partitions with acknowledged records above the high watermark none is overlooked",
          "[unit]") {
  LedgerStory story;
  story.lead(1, 0);
  const auto all = [&] {
    std::int64_t sum = 0;
    for (const auto& [name, count] : story.ledger.all_unreadable()) sum += count;
    CHECK(sum == story.ledger.unreadable(partition));
    return sum;
  };
  for (int i = 0; i < 3; ++i) story.write(1, i, i);
  CHECK(all() == 3);
  for (const int broker : {2, 3}) story.copy(1, broker);
  story.replica(1).note_follower_fetch(BrokerId(2), 3, 3, story.world.now(), 0);
  story.replica(1).note_follower_fetch(BrokerId(3), 3, 3, story.world.now(), 0);
  story.commit_up_to(1, story.replica(1).high_watermark());
  CHECK(all() == 0);
  story.write(1, 3, 3);
  CHECK(all() == 1);
}

TEST_CASE("a flipped bit in any header is told or of no account, and never the end of it",
          "[unit]") {
  constexpr int batches = 3;
  std::int64_t size = 0;
  {
    LedgerStory story;
    story.lead(1, 0);
    story.write(1, 0, 0);
    size = story.replica(1).log().active_segment().size();
  }
  int told = 0;
  for (int batch = 0; batch < batches; ++batch) {
    for (std::size_t byte = 0; byte < log::batch_header_size; ++byte) {
      for (int bit = 0; bit < 8; ++bit) {
        INFO(fmt::format("bit {} of byte {} of batch {}", bit, byte, batch));
        LedgerStory story;
        story.lead(1, 0);
        for (int i = 0; i < batches; ++i) story.write(1, i, i);
        REQUIRE(story.replica(1).log().roll(0).ok());
        story.write(1, batches, batches);
        story.flip(1, batch * size + static_cast<std::int64_t>(byte), bit);
        story.commit_up_to(1, batches + 1);
        story.ledger.finish();
        // What lies in the next segment is found whatever happened before it.
        for (const LostRecord& lost : story.ledger.lost()) CHECK(lost.offset != batches);
        told += story.ledger.lost().empty() ? 0 : 1;
      }
    }
  }
  CHECK(told > 0);
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
  deposed.send(1);
  deposed.append(1, 1);
  const bool cut_before = GENERATE(false, true);  // its answer is late
  if (cut_before) deposed.truncate(1, 0);
  deposed.acknowledge(1, 0);
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

  // What a power loss has left out, and others stand behind it.
  const bool lost_power = GENERATE(false, true);
  LedgerStory hole;
  hole.lead(2, 0, {2});
  hole.write(2, 0, 0);
  hole.copy(2, 1);
  hole.write(2, 1, 1);
  hole.commit_up_to(2, 2);
  if (lost_power) hole.lose_power(1);
  hole.wait(1s);
  hole.write(2, 2, 2);
  hole.commit_up_to(2, 3);
  hole.copy(2, 1, 2);
  hole.ledger.finish();
  CHECK(hole.promise("replicas_agree").starts_with(lost_power ? "kept but for 1" : "broken"));

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

TEST_CASE("of an idempotent producer that breaks promises", "[unit]") {
  LedgerStory story(true, true);
  story.lead(1, 0);
  for (int i = 0; i < 4; ++i) story.send(i);
  for (const int number : {0, 1, 2}) story.append(1, number);
  SECTION("once and in order: kept") {
    story.ledger.finish();
    CHECK(story.promise("idempotent_writes_happen_once") == "kept");
    CHECK(story.promise("idempotent_writes_keep_order") == "kept");
  }
  SECTION("twice") {
    story.append(1, 2);
    story.ledger.finish();
    CHECK(story.promise("idempotent_writes_happen_once") == "broken");
    CHECK(story.promise("idempotent_writes_keep_order") == "kept");
  }
  SECTION("out of order") {
    LedgerStory other(true, true);
    other.lead(1, 0);
    for (int i = 0; i < 4; ++i) other.send(i);
    for (const int number : {0, 2, 1}) other.append(1, number);
    other.ledger.finish();
    CHECK(other.promise("idempotent_writes_happen_once") == "kept");
    CHECK(other.promise("idempotent_writes_keep_order") == "broken");
  }
  SECTION("again, because its leader had forgotten the sequences: Kafka allows it") {
    // 0 is acknowledged, 1 and 2 are under way; the leader knows the sequence of 2 only.
    story.acknowledge(0, 0);
    story.ledger.on_sequences_forgotten(partition, {{0, 1, 1}});
    for (const int number : {1, 2}) story.append(1, number);
    SECTION("what was under way") {
      story.ledger.finish();
      CHECK(story.promise("idempotent_writes_happen_once").starts_with("kept but for 2 records"));
      CHECK(story.promise("idempotent_writes_keep_order").starts_with("kept but for 1 record"));
    }
    SECTION("and no more") {
      story.append(1, 0);
      story.ledger.finish();
      CHECK(story.promise("idempotent_writes_happen_once") == "broken");
    }
  }
  SECTION("what it left on its way when it died comes late") {
    LedgerStory other(true, true);
    other.lead(1, 0);
    for (int i = 0; i < 5; ++i) other.send(i);
    other.append_of(7, 0, 1, 0);
    other.append_of(8, 0, 1, 2);
    other.append_of(7, 1, 1, 1);
    const bool later = GENERATE(false, true);
    other.append_of(8, 1, 1, later ? 4 : 3);
    other.append_of(8, 2, 1, later ? 3 : 4);
    other.ledger.finish();
    CHECK(other.promise("idempotent_writes_keep_order") == (later ? "broken" : "kept"));
    CHECK(other.view().reordered == (later ? 2 : 1));
  }
  LedgerStory careless(true);
  careless.lead(1, 0);
  careless.ledger.finish();
  CHECK(careless.promise("idempotent_writes_happen_once").empty());
}

TEST_CASE("what a seek has gone past is unread, and waits for nobody", "[unit]") {
  LedgerStory story;
  story.lead(1, 0, {1});
  for (int i = 0; i < 6; ++i) story.write(1, i, i);
  story.commit_up_to(1, 6);
  story.consume(0, LedgerStory::value(0));
  CHECK(story.ledger.unread("readers", {"t"}).waiting == 5);
  story.ledger.on_seek("reader", partition);  // behind a time, which is further on than it was
  story.consume(3, LedgerStory::value(3));
  CHECK(story.ledger.unread("readers", {"t"}).records == 4);  // 1, 2, 4, 5
  CHECK(story.ledger.unread("readers", {"t"}).waiting == 2);
  CHECK(story.promise("consumed_offsets_have_no_gaps") == "kept");
}

TEST_CASE("a coordinator that has not read what was committed breaks a promise", "[unit]") {
  LedgerStory story;
  story.lead(1, 0);
  const model::TopicPartition commits_log{std::string(model::offsets_topic), 7};
  story.ledger.on_partition_state(commits_log, BrokerId(2), 1, {BrokerId(2)}, {BrokerId(2)});
  story.ledger.on_committed("readers", partition, 5);
  const auto loads = [&](int broker, const std::map<model::TopicPartition, log::Offset>& commits) {
    story.ledger.on_commits_loaded(sim::MachineId(broker), commits_log, "readers", commits);
    return story.promise("committed_offsets_survive");
  };
  CHECK(loads(2, {{partition, 5}}) == "kept");
  CHECK(loads(1, {}) == "kept");  // who leads no more has an old log
  SECTION("less") { CHECK(loads(2, {{partition, 4}}) == "broken"); }
  SECTION("nothing") { CHECK(loads(2, {}) == "broken"); }
}

TEST_CASE("equal records are told apart by where they were acknowledged", "[unit]") {
  LedgerStory story;
  story.ledger.declare_producer(1, {}, "t");
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
