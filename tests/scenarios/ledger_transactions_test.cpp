// What the ledger promises about transactions, and how each of it breaks.
#include "tests/scenarios/ledger_story.h"

using namespace brokerlab;
using namespace brokerlab::scenarios;
using model::ProducerIdAndEpoch;

namespace {

constexpr ProducerIdAndEpoch producer{7, 0};

/// Offsets 0 and 1 of a transaction, its end at 2, and offset 3 of the next one.
struct OneTransaction : LedgerStory {
  explicit OneTransaction(bool committed, const std::vector<int>& isr = {1, 2, 3}) {
    lead(1, 0, isr);
    ledger.on_transactional_producer("payments", producer);
    for (int i = 0; i < 4; ++i) send(i);
    append_in_transaction(1, 0, producer);
    append_in_transaction(1, 1, producer);
    ledger.on_transaction_decided(producer, committed, {partition});
    append_marker(1, producer, committed);
    ledger.on_transaction_completed(producer);
    append_in_transaction(1, 2, producer);
    commit_up_to(1, 4);
  }
};

}  // namespace

TEST_CASE("a committed transaction keeps every promise", "[unit]") {
  OneTransaction story(true);
  for (const char* reader : {"reader", "careful"}) {
    story.consume(reader, 0, story.value(0));
    story.consume(reader, 1, story.value(1));
  }
  story.consume("reader", 3, story.value(2));  // the end of a transaction is not a record
  for (const Invariant& one : story.ledger.invariants()) {
    INFO(one.name);
    CHECK(one.held());
  }
  CHECK(story.promise("aborted_records_stay_hidden") == "kept");
  CHECK(story.promise("markers_follow_the_decision") == "kept");
  CHECK(story.promise("transactions_end_everywhere") == "kept");
  CHECK(story.promise("fenced_producers_write_nothing") == "kept");
}

TEST_CASE("who reads what was aborted with read_committed breaks a promise", "[unit]") {
  OneTransaction story(false);
  story.consume("reader", 0, story.value(0));
  CHECK(story.promise("aborted_records_stay_hidden").empty());
  story.consume("careful", 3, story.value(2));
  CHECK(story.promise("aborted_records_stay_hidden") == "kept");
  CHECK(story.promise("consumed_offsets_have_no_gaps") == "kept");
  OneTransaction other(false);
  other.consume("careful", 1, other.value(1));
  CHECK(other.promise("aborted_records_stay_hidden") == "broken");
}

TEST_CASE("a marker that a coordinator's broker knows no place for is left out", "[unit]") {
  OneTransaction story(true);
  story.ledger.on_transaction_decided(producer, true, {partition, {"u", 0}});
  story.append_marker(1, producer, true);
  SECTION("TransactionMarkerChannelManager: deleted, probably") {
    story.ledger.on_markers_skipped(producer, {{"u", 0}});
    story.ledger.on_transaction_completed(producer);
    CHECK(story.promise("transactions_end_everywhere").starts_with("kept but for 1 marker"));
  }
  SECTION("and no other") {
    story.ledger.on_transaction_completed(producer);
    CHECK(story.promise("transactions_end_everywhere") == "broken");
  }
}

TEST_CASE("what was passed over is looked for where it stands", "[unit]") {
  OneTransaction story(true);
  story.consume("careful", 1, story.value(1));
  // The controller has chosen broker 2, which has copied nothing; broker 1 has not heard of it.
  story.elect(2, 1, {2});
  SECTION("with who serves still") {
    story.consume("careful", 3, story.value(2));
    CHECK(story.promise("consumed_offsets_have_no_gaps") == "kept");
  }
  SECTION("with nobody: who is down may have had it") {
    story.crash(1);
    story.consume("careful", 3, story.value(2));
    CHECK(story.promise("consumed_offsets_have_no_gaps").starts_with("kept but for 1 record"));
  }
}

TEST_CASE("what was aborted waits for nobody who reads what is committed", "[unit]") {
  OneTransaction story(false, {1});
  for (int i = 0; i < 2; ++i) story.acknowledge(i, i);
  story.acknowledge(2, 3);  // of the next one, which has no end yet
  CHECK(story.ledger.unread("readers", {"t"}).records == 3);
  CHECK(story.ledger.unread("readers", {"t"}).waiting == 3);
  CHECK(story.ledger.unread("careful", {"t"}).records == 1);
  CHECK(story.ledger.unread("careful", {"t"}).waiting == 0);
  story.append_marker(1, producer, true);
  story.commit_up_to(1, 5);
  CHECK(story.ledger.unread("careful", {"t"}).waiting == 1);
}

TEST_CASE("who misses a record of a committed transaction breaks a promise", "[unit]") {
  OneTransaction story(true);
  story.consume("careful", 0, story.value(0));
  story.consume("careful", 3, story.value(2));
  CHECK(story.promise("consumed_offsets_have_no_gaps") == "broken");
}

TEST_CASE("an end that the coordinator did not decide breaks a promise", "[unit]") {
  OneTransaction story(true);
  SECTION("another one") {
    story.ledger.on_transaction_decided(producer, true, {partition});
    story.append_marker(1, producer, false);
    CHECK(story.promise("markers_follow_the_decision") == "broken");
  }
  SECTION("of a producer that it does not know") {
    story.append_marker(1, {8, 0}, true);
    CHECK(story.promise("markers_follow_the_decision") == "broken");
  }
}

TEST_CASE("a transaction that is done without its end in each partition breaks a promise",
          "[unit]") {
  OneTransaction story(true);
  story.ledger.on_transaction_decided(producer, true, {partition, {"t", 1}});
  story.append_marker(1, producer, true);
  CHECK(story.promise("transactions_end_everywhere") == "kept");
  // Another coordinator takes it over, and brings all of them again.
  story.ledger.on_transaction_decided(producer, true, {partition, {"t", 1}});
  story.ledger.on_marker_appended(BrokerId(2), {"t", 1}, 0, producer, true);
  story.ledger.on_transaction_completed(producer);
  CHECK(story.promise("transactions_end_everywhere") == "broken");
}

TEST_CASE("a partition that is deleted needs no end of a transaction", "[unit]") {
  OneTransaction story(true);
  story.ledger.on_transaction_decided(producer, true, {partition});
  story.ledger.on_topic_deleted(partition.topic);
  story.ledger.on_transaction_completed(producer);
  CHECK(story.promise("transactions_end_everywhere") == "kept");
  // The coordinator had it in its list still.
  story.ledger.on_transaction_decided(producer, true, {partition});
  story.ledger.on_transaction_completed(producer);
  CHECK(story.promise("transactions_end_everywhere") == "kept");
}

TEST_CASE("a producer that writes after it was fenced off breaks a promise", "[unit]") {
  OneTransaction story(true);
  SECTION("where others lead it will be cut off") {
    story.elect(2, 1);
    story.ledger.on_transactional_producer("payments", {7, 1});
    story.append_in_transaction(1, 3, producer);
    CHECK(story.promise("fenced_producers_write_nothing") == "kept");
  }
  SECTION("where its leader leads") {
    story.ledger.on_transactional_producer("payments", {7, 1});
    story.append_in_transaction(1, 3, producer);
    CHECK(story.promise("fenced_producers_write_nothing") == "broken");
  }
  SECTION("its successor may") {
    story.append_marker(1, {7, 1}, false);
    story.ledger.on_transactional_producer("payments", {7, 1});
    story.append_in_transaction(1, 3, {7, 1});
    CHECK(story.promise("fenced_producers_write_nothing") == "kept");
  }
}
