// Writes the corpus' seeds anew: brokerlab_tests_fuzz "[seeds]". Hidden, since it writes into the
// source folder; what the fuzzers found lies beside them under other names.
#include "log/batch/big_endian.h"
#include "log/batch/legacy_batch.h"
#include "log/partition/producer_snapshot.h"
#include "tests/fuzz/partition.h"
#include "tests/fuzz/targets.h"

#include <catch2/catch.hpp>

#include <array>
#include <filesystem>
#include <fstream>

namespace brokerlab::log::fuzz {
namespace {

namespace fs = std::filesystem;

void seed(std::string_view target, const std::string& name, const ByteVector& bytes) {
  const fs::path folder = fs::path(BROKERLAB_SOURCE_DIR) / "tests/fuzz/corpus" / target;
  fs::create_directories(folder);
  std::ofstream out(folder / ("seed_" + name), std::ios::binary);
  out << as_text(bytes);
  REQUIRE(out.good());
}

ByteVector bytes_of(std::initializer_list<unsigned> values) {
  ByteVector bytes;
  for (const unsigned value : values) bytes.push_back(static_cast<std::byte>(value));
  return bytes;
}

ByteVector operator+(ByteVector a, ByteView b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

ByteVector text_bytes(std::string_view text) { return ByteVector{} + as_bytes(text); }

ByteVector two_bytes(std::size_t number) {
  return bytes_of({static_cast<unsigned>(number >> 8), static_cast<unsigned>(number & 255)});
}

/// Three records with all that records may have.
ByteVector rich_batch(Codec codec, Offset base_offset = 0, LeaderEpoch epoch = 0) {
  BatchBuilder::Options options;
  options.codec = codec;
  options.base_offset = base_offset;
  options.leader_epoch = epoch;
  BatchBuilder builder(options);
  const std::array<RecordView::Header, 2> headers = {
      {{"trace", as_bytes("7")}, {"empty", std::nullopt}}};
  builder.append(RecordView{0, 1000, as_bytes("key"), as_bytes("value"), headers});
  builder.append(990, std::nullopt, as_bytes("vvvvvvvvvvvvvvvvvvvvvvvv"));
  builder.append(1010, as_bytes("key"), std::nullopt);
  return builder.build();
}

ByteVector batches(int count, Offset base_offset = 0) {
  ByteVector all;
  for (int i = 0; i < count; ++i) {
    all = std::move(all) + rich_batch(static_cast<Codec>(i % 5), base_offset + 3 * i, i / 2);
  }
  return all;
}

/// What a cluster left that was upgraded twice: format 0, a wrapper of format 1, format 2.
ByteVector three_formats() {
  std::array<Record, 2> records;
  for (Offset i = 0; i < 2; ++i) {
    records.at(static_cast<std::size_t>(i)) = {.offset = i,
                                               .timestamp = 1000 + i,
                                               .key = text_bytes("key"),
                                               .value = text_bytes("value"),
                                               .headers = {}};
  }
  const ByteVector oldest = legacy::build(records, {.magic = 0});
  for (Record& record : records) record.offset += 2;
  return oldest + legacy::build(records, {.magic = 1, .codec = Codec::gzip}) +
         rich_batch(Codec::none, 4);
}

/// A batch of two records of a transactional producer.
ByteVector transaction_batch(std::int64_t producer, std::int32_t sequence, Offset base_offset) {
  BatchBuilder builder({.base_offset = base_offset,
                        .leader_epoch = 0,
                        .producer_id = producer,
                        .producer_epoch = 0,
                        .base_sequence = sequence,
                        .transactional = true});
  builder.append(1000, as_bytes("key"), as_bytes("value"));
  builder.append(1001, as_bytes("other"), std::nullopt);
  return builder.build();
}

ByteVector marker(std::int64_t producer, TransactionResult result, Offset base_offset) {
  ByteVector bytes = build_marker(producer, 0, 1002, {result, 1});
  assign_offsets(bytes, base_offset, 0);
  return bytes;
}

/// Of two producers one commits and one aborts; a third transaction stays open.
ByteVector transactions() {
  return transaction_batch(1, 0, 0) + transaction_batch(2, 0, 2) +
         marker(1, TransactionResult::commit, 4) + marker(2, TransactionResult::abort, 5) +
         transaction_batch(1, 2, 6);
}

ByteVector snapshot() {
  ProducerStates states;
  ProducerState producer{.id = 1, .epoch = 0, .coordinator_epoch = 1, .last_timestamp = 1001};
  producer.batches.push_back({1, 1, 1, 1001});
  states.restore(producer);
  producer.id = 2;
  producer.transaction_first_offset = 2;
  states.restore(producer);
  return encode_snapshot(states);
}

/// One file of the directory of the recovery target.
ByteVector file(unsigned kind, unsigned number, ByteView contents) {
  return bytes_of({kind, number}) + two_bytes(contents.size()) + contents;
}

ByteVector index_entries(std::initializer_list<std::pair<std::int32_t, std::int32_t>> entries) {
  ByteVector bytes;
  for (const auto& [offset, position] : entries) {
    std::array<std::byte, 8> entry{};
    store_big_endian(entry.data(), offset);
    store_big_endian(entry.data() + 4, position);
    bytes = std::move(bytes) + entry;
  }
  return bytes;
}

ByteVector time_entry(Timestamp timestamp, std::int32_t offset) {
  std::array<std::byte, 12> entry{};
  store_big_endian(entry.data(), timestamp);
  store_big_endian(entry.data() + 8, offset);
  return ByteVector(entry.begin(), entry.end());
}

}  // namespace

TEST_CASE("seeds of batches and codecs", "[.seeds]") {
  seed("batch", "three_formats", three_formats());
  seed("append", "three_formats", bytes_of({mend_checksums}) + three_formats());
  seed("recovery", "three_formats", bytes_of({0, 0}) + file(0, 0, three_formats()));
  for (const unsigned number : {0U, 1U, 2U, 3U, 4U}) {
    const auto codec = static_cast<Codec>(number);
    const std::string name(to_text(codec));
    seed("batch", name, rich_batch(codec));
    seed("append", name, bytes_of({mend_checksums}) + rich_batch(codec));
    if (number == 0) continue;
    ByteVector packed;
    REQUIRE(compress(codec, ByteVector(300, std::byte{'a'}), packed).ok());
    seed("decompress", name, bytes_of({number - 1, 9}) + packed);
    packed.clear();
    REQUIRE(compress(codec, as_bytes("incompressible"), packed).ok());
    seed("decompress", name + "_twice", bytes_of({number - 1, 9}) + packed + packed);
  }
  seed("batch", "several", batches(6));
  seed("batch", "last_offsets", rich_batch(Codec::none, INT64_MAX - 4));
  ByteVector stamped = rich_batch(Codec::none);
  assign_log_append_time(stamped, 5000);
  seed("batch", "stamped", stamped);
  seed("append", "several", bytes_of({mend_checksums | index_everything}) + batches(6));
  seed("append", "late", bytes_of({mend_checksums | 2U << base_shift}) + batches(3, 1LL << 31));
}

TEST_CASE("seeds of files", "[.seeds]") {
  seed("checkpoint", "offsets", text_bytes("0\n2\norders 0 17\norders 1 9000000000\n"));
  seed("checkpoint", "epochs", text_bytes("0\n3\n0 0\n1 40\n7 41\n"));
  seed("checkpoint", "none", text_bytes("0\n0\n"));

  const ByteVector log = batches(4);
  const auto place = [](std::size_t position) { return static_cast<std::int32_t>(position); };
  const std::size_t first = rich_batch(Codec::none).size();
  const ByteVector index = index_entries({{5, place(first)}});
  const ByteVector times = time_entry(1010, 2);
  const ByteVector indexes = two_bytes(index.size()) + two_bytes(times.size()) + index + times;
  for (const unsigned flags : {0U, 1U, 2U, 3U, 7U, 3U | 3U << base_shift}) {
    seed("segment", "flags_" + std::to_string(flags), bytes_of({flags}) + indexes + log);
  }
  seed("segment", "clean_garbage",
       bytes_of({clean_start}) + bytes_of({0, 0, 0, 0}) + ByteVector(1100, std::byte{0x55}));
  seed("segment", "torn", bytes_of({mend_checksums}) + indexes + ByteView(log).first(300));

  const ByteVector epochs = text_bytes("0\n2\n0 0\n1 6\n");
  const ByteVector files = file(4, 0, epochs) + file(0, 0, log) + file(2, 0, index) +
                           file(3, 0, times) + file(0, 12, batches(3, 12)) + file(5, 3, log) +
                           file(2, 77, index);
  seed("recovery", "whole", bytes_of({mend_checksums, 0, 0}) + files);
  seed("recovery", "clean", bytes_of({mend_checksums | clean_start, 0, 0}) + files);
  seed("recovery", "behind_12", bytes_of({mend_checksums, 0, 12}) + files);
  const ByteVector aborted = encode({AbortedTransaction{2, 2, 5, 6}});
  seed("recovery", "transactions",
       bytes_of({mend_checksums, 0, 0}) + file(4, 0, text_bytes("0\n1\n0 0\n")) +
           file(0, 0, transactions()) + file(8, 0, aborted) + file(9, 4, snapshot()));
  seed("recovery", "transactions_clean",
       bytes_of({mend_checksums | clean_start, 0, 0}) + file(0, 0, transactions()) +
           file(8, 0, aborted) + file(9, 4, snapshot()));
  seed("recovery", "swap",
       bytes_of({mend_checksums, 0, 0}) + file(0, 0, log) + file(10, 0, batches(3)));
  seed("files", "snapshot", snapshot());
  seed("files", "aborted", aborted);
  seed("files", "meta_properties",
       text_bytes("#\n#Tue Nov 24 10:00:00 KST 2026\ncluster.id=AAAAAAAAQACAAAAAAAAAAA\n"
                  "version=0\nbroker.id=1\n"));
  seed("files", "partition_metadata", text_bytes("version: 0\ntopic_id: AAAAAAAAQACAAAAAAAAAAQ"));
  seed("files", "clean_shutdown", text_bytes("{\"version\":0,\"brokerEpoch\":17}"));
  seed("append", "transactions", bytes_of({mend_checksums}) + transactions());
  seed("recovery", "torn",
       bytes_of({mend_checksums, 0, 0}) + file(0, 0, ByteView(log).first(log.size() - 9)) +
           file(0, 12, batches(2, 12)));
}

}  // namespace brokerlab::log::fuzz
