// Idempotent and transactional producers, as one partition sees them.
#include "log/batch/big_endian.h"
#include "log/batch/crc32c.h"
#include "log/partition/producer_snapshot.h"
#include "tests/log/partition_story.h"

namespace brokerlab::log {
namespace {

using test::PartitionStory;

/// A producer with an id, which counts its sequence like Kafka's client.
class Producer {
 public:
  Producer(std::int64_t id, std::int16_t epoch, bool transactional = false)
      : id_(id), epoch_(epoch), transactional_(transactional) {}

  ByteVector batch(int records, std::int32_t first_sequence) const {
    BatchBuilder builder({.producer_id = id_,
                          .producer_epoch = epoch_,
                          .base_sequence = first_sequence,
                          .transactional = transactional_});
    for (int i = 0; i < records; ++i) builder.append(1000, std::nullopt, as_bytes("v"));
    return builder.build();
  }
  ByteVector next(int records = 1) {
    ByteVector bytes = batch(records, sequence_);
    sequence_ = advance_sequence(sequence_, records);
    return bytes;
  }
  ByteVector end(TransactionResult result, std::int32_t coordinator_epoch = 0) const {
    return build_marker(id_, epoch_, 1000, {result, coordinator_epoch});
  }
  void starts_at(std::int32_t sequence) { sequence_ = sequence; }

 private:
  std::int64_t id_;
  std::int16_t epoch_;
  bool transactional_;
  std::int32_t sequence_ = 0;
};

Result<AppendInfo, LogError> send(PartitionStory& story, ByteVector batch,
                                  AppendOrigin origin = AppendOrigin::client) {
  return story.log().append_as_leader(batch, story.epoch, 1000, origin);
}

AppendInfo accepted(PartitionStory& story, ByteVector batch,
                    AppendOrigin origin = AppendOrigin::client) {
  auto info = send(story, std::move(batch), origin);
  if (!info.ok()) FAIL(test::text_of(info.error()));
  return *info;
}

ProducerError::Kind refused(PartitionStory& story, ByteVector batch,
                            AppendOrigin origin = AppendOrigin::client) {
  const Offset end = story.log().log_end_offset();
  const auto info = send(story, std::move(batch), origin);
  REQUIRE_FALSE(info.ok());
  REQUIRE(info.error().kind == LogError::Kind::producer);
  REQUIRE(story.log().log_end_offset() == end);
  REQUIRE_FALSE(story.log().offline());
  return info.error().producer.value();
}

}  // namespace

TEST_CASE("a retry of one of the last five batches is answered with its first offsets", "[unit]") {
  MemoryEnv env;
  PartitionStory story(env);
  Producer producer(7, 0);
  for (int i = 0; i < 7; ++i) accepted(story, producer.next(2));
  const AppendInfo again = accepted(story, producer.batch(2, 10));
  CHECK(again.duplicate);
  CHECK(again.first_offset == 10);
  CHECK(again.last_offset == 11);
  CHECK(story.log().log_end_offset() == 14);
  CHECK(accepted(story, producer.batch(2, 4)).first_offset == 4);  // the fifth from the end
  CHECK(refused(story, producer.batch(2, 2)) == ProducerError::Kind::out_of_order);
  CHECK_FALSE(accepted(story, producer.next()).duplicate);
}

TEST_CASE("what a failed append has left behind the end is not read", "[unit]") {
  MemoryEnv env;
  PartitionStory story(env);
  Producer producer(7, 0, true);
  accepted(story, producer.next());
  env.fail_call(2, IoErrorKind::no_space);  // The marker is written, its index entry is not.
  REQUIRE_FALSE(
      send(story, producer.end(TransactionResult::abort), AppendOrigin::coordinator).ok());
  CHECK(story.log().log_end_offset() == 1);
  const auto got = story.log().read(0, 1000, INT64_MAX, true);
  REQUIRE(got.ok());
  for (const BatchView& batch : Batches(got->bytes)) CHECK(batch.last_offset() == 0);
}

TEST_CASE("a gap in the sequence is refused, after 2^31 - 1 comes 0", "[unit]") {
  MemoryEnv env;
  PartitionStory story(env);
  Producer producer(7, 0);
  accepted(story, producer.next(3));
  CHECK(refused(story, producer.batch(1, 4)) == ProducerError::Kind::out_of_order);
  accepted(story, producer.batch(1, 3));

  // Nobody knows this producer any more: it goes on where it was.
  Producer old(8, 3);
  old.starts_at(2147483646);
  accepted(story, old.next(2));
  CHECK(refused(story, old.batch(1, 5)) == ProducerError::Kind::out_of_order);
  accepted(story, old.next(1));
  CHECK(story.log().producers().find(8)->last_sequence() == 0);
}

// ProducerAppendInfo.checkSequence.
TEST_CASE("batches of one append count after each other", "[unit]") {
  MemoryEnv env;
  PartitionStory story(env);
  const Producer producer(7, 0);
  accepted(story, producer.batch(1, 0));
  const auto both = [&](std::int32_t first, std::int32_t second) {
    ByteVector bytes = producer.batch(2, first);
    const ByteVector more = producer.batch(2, second);
    bytes.insert(bytes.end(), more.begin(), more.end());
    return bytes;
  };
  CHECK(refused(story, both(1, 4)) == ProducerError::Kind::out_of_order);
  accepted(story, both(1, 3));
  CHECK(story.log().producers().find(7)->last_sequence() == 4);
}

TEST_CASE("a newer epoch fences the older one and counts from 0", "[unit]") {
  MemoryEnv env;
  PartitionStory story(env);
  accepted(story, Producer(7, 1).batch(1, 0));
  CHECK(refused(story, Producer(7, 2).batch(1, 1)) == ProducerError::Kind::out_of_order);
  accepted(story, Producer(7, 2).batch(1, 0));
  CHECK(refused(story, Producer(7, 1).batch(1, 1)) == ProducerError::Kind::invalid_epoch);
  // A follower judges nothing that its leader let pass.
  ByteVector stale = Producer(7, 1).batch(1, 1);
  assign_offsets(stale, story.log().log_end_offset(), 0);
  CHECK(story.log().append_as_follower(stale, 1000).ok());
}

TEST_CASE("read_committed stops at the first open transaction, and is told which were aborted",
          "[unit]") {
  MemoryEnv env;
  PartitionStory story(env);
  Producer one(1, 0, true);
  Producer two(2, 0, true);
  Log& log = story.log();
  accepted(story, one.next(2));  // 0, 1
  accepted(story, two.next(1));  // 2
  CHECK(log.last_stable_offset(3) == 0);
  accepted(story, one.end(TransactionResult::abort), AppendOrigin::coordinator);  // 3
  CHECK(log.last_stable_offset(log.log_end_offset()) == 0);  // not known to be replicated
  log.on_high_watermark(3);                                  // the marker itself is not
  CHECK(log.last_stable_offset(3) == 0);
  log.on_high_watermark(4);
  CHECK(log.last_stable_offset(4) == 2);
  accepted(story, two.end(TransactionResult::commit), AppendOrigin::coordinator);  // 4
  log.on_high_watermark(5);
  CHECK(log.last_stable_offset(5) == 5);
  CHECK(log.last_stable_offset(4) == 4);  // never above the high watermark

  const std::vector<AbortedTransaction> expected{{1, 0, 3, 2}};
  CHECK(log.aborted_transactions(0, 5) == expected);
  CHECK(log.aborted_transactions(1, 2) == expected);
  CHECK(log.aborted_transactions(4, 5).empty());
}

TEST_CASE("who may end a transaction, and how", "[unit]") {
  MemoryEnv env;
  PartitionStory story(env);
  Producer producer(1, 5, true);
  const auto marker = [&](std::int16_t epoch, std::int32_t coordinator) {
    return build_marker(1, epoch, 1000, {TransactionResult::commit, coordinator});
  };
  accepted(story, producer.next());
  CHECK(refused(story, Producer(1, 5, false).batch(1, 1)) == ProducerError::Kind::invalid_state);
  const auto by_client = send(story, marker(5, 3));
  REQUIRE_FALSE(by_client.ok());
  CHECK(by_client.error().kind == LogError::Kind::invalid);
  CHECK(refused(story, marker(4, 3), AppendOrigin::coordinator) ==
        ProducerError::Kind::invalid_epoch);
  accepted(story, marker(5, 3), AppendOrigin::coordinator);
  CHECK(refused(story, marker(5, 2), AppendOrigin::coordinator) ==
        ProducerError::Kind::coordinator_fenced);
  // An empty transaction: the marker is written and ends nothing.
  accepted(story, marker(5, 3), AppendOrigin::coordinator);
  CHECK(story.log().aborted_transactions(0, 10).empty());
  CHECK_FALSE(story.log().producers().first_undecided_offset());
}

TEST_CASE("producers outlive clean stops, crashes, truncations and rolled segments", "[unit]") {
  MemoryEnv env;
  PartitionStory story(env);
  story.config.segment_bytes = 300;
  story.open();
  Producer steady(1, 0);
  Producer transactional(2, 4, true);
  accepted(story, transactional.next());
  for (int i = 0; i < 12; ++i) accepted(story, steady.next(2));
  accepted(story, transactional.next());
  REQUIRE(story.log().segment_count() > 3);
  const auto known = [&] { return story.log().producers().all(); };
  const auto before = known();

  SECTION("a clean stop") {
    story.reopen_clean();
    CHECK(story.log().recovery().bytes_scanned == 0);
  }
  SECTION("a killed process") { story.reopen_unclean(); }
  SECTION("lost snapshots") {
    story.flush();
    const auto names = env.list(story.dir()).value();
    for (const std::string& name : names) {
      if (name.ends_with(snapshot_suffix)) REQUIRE(env.remove(join_path(story.dir(), name)).ok());
    }
    story.reopen_unclean();
  }
  SECTION("a damaged snapshot") {
    story.reopen_clean();
    const auto names = env.list(story.dir()).value();
    for (const std::string& name : names) {
      if (!name.ends_with(snapshot_suffix)) continue;
      auto file = env.open(join_path(story.dir(), name)).value();
      REQUIRE(file->truncate(file->size() / 2).ok());
    }
    story.forget();
    story.open({.clean = false});
  }
  // A snapshot keeps the last batch of each producer only: enough to go on.
  CHECK(known().at(1).last_sequence() == before.at(1).last_sequence());
  CHECK(known().at(2).transaction_first_offset == Offset{0});
  CHECK(story.log().last_stable_offset(100) == 0);
  CHECK(accepted(story, steady.batch(2, 22)).duplicate);
  accepted(story, steady.next());
  accepted(story, transactional.end(TransactionResult::abort), AppendOrigin::coordinator);
  CHECK(story.log().aborted_transactions(0, 100).size() == 1);

  // Cut back into the middle: what was cut may be sent again.
  story.truncate_to(11);
  CHECK(known().at(1).last_sequence() == 9);
  CHECK(known().at(2).transaction_first_offset == Offset{0});
  CHECK(story.log().aborted_transactions(0, 100).empty());
  accepted(story, steady.batch(2, 10));
}

TEST_CASE("the index of aborted transactions is rebuilt by recovery", "[unit]") {
  MemoryEnv env;
  PartitionStory story(env);
  Producer producer(1, 0, true);
  for (int i = 0; i < 5; ++i) {
    accepted(story, producer.next());
    accepted(story, producer.end(i % 2 == 0 ? TransactionResult::abort : TransactionResult::commit),
             AppendOrigin::coordinator);
  }
  const auto aborted = story.log().aborted_transactions(0, 10);
  REQUIRE(aborted.size() == 3);
  story.flush();
  const std::string index = join_path(story.dir(), "00000000000000000000.txnindex");
  SECTION("damaged") { REQUIRE(env.open(index).value()->truncate(40).ok()); }
  SECTION("lost, with the recovery point before it") { REQUIRE(env.remove(index).ok()); }
  story.forget();
  story.open({.recovery_point = 0, .clean = false});
  CHECK(story.log().aborted_transactions(0, 10) == aborted);
}

TEST_CASE("silent producers are forgotten, those with an open transaction are not", "[unit]") {
  MemoryEnv env;
  PartitionStory story(env);
  accepted(story, Producer(1, 0).batch(1, 0));
  accepted(story, Producer(2, 0, true).batch(1, 0));
  const Timestamp day = 24 * 3600 * 1000;
  CHECK(story.log().remove_expired_producers(999 + day) == 0);
  CHECK(story.log().remove_expired_producers(1000 + day) == 1);
  CHECK(story.log().producers().find(1) == nullptr);
  CHECK(story.log().producers().find(2) != nullptr);
}

TEST_CASE("who closed a log in order has forgotten all but a producer's last batch", "[unit]") {
  // ProducerStateManager.readSnapshot: a retry of the batch before it is out of order.
  MemoryEnv env;
  PartitionStory story(env);
  Producer producer(7, 0);
  for (int i = 0; i < 3; ++i) accepted(story, producer.next(2));
  const auto has_forgotten = [&](std::int64_t id, std::int16_t epoch, std::int32_t sequence) {
    return story.log().producers().has_forgotten({.producer_id = id,
                                                  .producer_epoch = epoch,
                                                  .base_sequence = sequence,
                                                  .base_offset = 0,
                                                  .last_offset = 1});
  };
  CHECK_FALSE(has_forgotten(7, 0, 2));
  SECTION("closed in order") {
    story.reopen_clean();
    CHECK(accepted(story, producer.batch(2, 4)).duplicate);
    CHECK(refused(story, producer.batch(2, 2)) == ProducerError::Kind::out_of_order);
    CHECK(has_forgotten(7, 0, 2));
    CHECK_FALSE(has_forgotten(7, 0, 4));
    CHECK_FALSE(has_forgotten(7, 1, 2));
    CHECK_FALSE(has_forgotten(8, 0, 2));
  }
  SECTION("killed: it is read from the log") {
    story.reopen_unclean();
    CHECK(accepted(story, producer.batch(2, 2)).duplicate);
    CHECK_FALSE(has_forgotten(7, 0, 2));
  }
}

TEST_CASE("a snapshot's bytes are Kafka's", "[unit]") {
  MemoryEnv env;
  PartitionStory story(env);
  accepted(story, Producer(0x0102, 3).batch(2, 0));
  const ByteVector bytes = encode_snapshot(story.log().producers());
  // version 1, checksum, 1 producer; id, epoch, last sequence, last offset, delta, timestamp 1000,
  // coordinator epoch -1, no transaction
  const std::string expected =
      "0001 ******** 00000001 0000000000000102 0003 00000001 0000000000000001 00000001 "
      "00000000000003e8 ffffffff ffffffffffffffff";
  std::string hex;
  for (const std::byte byte : bytes) hex += fmt::format("{:02x}", std::to_integer<int>(byte));
  std::string wanted;
  for (const char c : expected) {
    if (c != ' ') wanted += c;
  }
  hex.replace(4, 8, "********");
  CHECK(hex == wanted);
  CHECK(decode_snapshot(bytes).ok());
  ByteVector damaged = bytes;
  damaged[20] ^= std::byte{1};
  CHECK_THAT(decode_snapshot(damaged).error().reason, Catch::StartsWith("checksum "));
  CHECK_FALSE(decode_snapshot(ByteView(bytes).first(9)).ok());
}

TEST_CASE("a snapshot that says two things of one producer or transaction is passed over",
          "[unit]") {
  MemoryEnv env;
  PartitionStory story(env);
  accepted(story, Producer(7, 0, true).batch(1, 0));
  accepted(story, Producer(8, 0, true).batch(1, 0));
  REQUIRE(story.log().close().ok());
  story.forget();
  // Its checksum is right: nothing but the sense of it is wrong.
  ByteVector bytes;
  const auto producer = [](std::int64_t id, Offset transaction) {
    ProducerState state;
    state.id = id;
    state.epoch = 0;
    state.last_timestamp = 1000;
    state.transaction_first_offset = transaction;
    state.batches.push_back({0, transaction, 0, 1000});
    return state;
  };
  ProducerStates states;
  SECTION("two with one transaction") {
    states.restore(producer(7, 0));
    states.restore(producer(8, 0));
    bytes = encode_snapshot(states);
    CHECK(decode_snapshot(bytes).error().position == snapshot_entry_position(1) + 38);
    CHECK(decode_snapshot(bytes).error().reason == "producer 8: a transaction begins at 0 twice");
  }
  SECTION("one is there twice") {
    states.restore(producer(7, 0));
    states.restore(producer(8, 1));
    bytes = encode_snapshot(states);
    store_big_endian(bytes.data() + snapshot_entry_position(1), std::int64_t{7});
    store_big_endian(bytes.data() + 2, crc32c(ByteView(bytes).subspan(6)));
    CHECK(decode_snapshot(bytes).error().position == snapshot_entry_position(1));
    CHECK(decode_snapshot(bytes).error().reason == "producer 7: is there twice");
  }
  SECTION("a transaction that begins behind it") {
    states.restore(producer(7, 2));
    bytes = encode_snapshot(states);
  }
  const std::string path = join_path(story.dir(), "00000000000000000002.snapshot");
  REQUIRE(env.remove(path).ok());
  REQUIRE(env.create(path).value()->append(bytes).ok());
  story.open({.clean = true, .now = 1000});
  // Read from the log instead.
  CHECK(story.log().producers().find(7)->transaction_first_offset == Offset{0});
  CHECK(story.log().producers().find(8)->transaction_first_offset == Offset{1});
  for (const std::int64_t id : {7, 8}) {
    accepted(story, Producer(id, 0, true).end(TransactionResult::commit),
             AppendOrigin::coordinator);
  }
  CHECK_FALSE(story.log().producers().first_undecided_offset());
}

}  // namespace brokerlab::log
