#include "model/group/offset_records.h"

#include <catch2/catch.hpp>

#include <string>

using namespace brokerlab;
using namespace brokerlab::model;

namespace {

std::string hex(log::ByteView bytes) {
  std::string text;
  for (const std::byte b : bytes) text += fmt::format("{:02x}", std::to_integer<int>(b));
  return text;
}

GroupSnapshot pair() {
  GroupSnapshot group;
  group.generation = 7;
  group.protocol = "range";
  group.leader = "a-1";
  group.members = {
      {"a-1", {}, "a", "/a", 300s, 45s, {{"wifi"}}, {{"wifi", 0}, {"wifi", 1}}},
      {"b-2", "b", "b", "/b", 300s, 45s, {{"tcp", "wifi"}}, {{"tcp", 0}, {"wifi", 2}}},
      {"c-3", {}, "c", "/c", 300s, 45s, {{"wifi"}, {{{{{"wifi", 3}}}, 6}}, {}, 6, "r1"}, {}},
      {"d-4", {}, "d", "/d", 300s, 45s, {{"wifi"}, {{{}, 6}}, {{"wifi", 4}}, 6}, {}}};
  return group;
}

std::optional<CoordinatorRecord> decode(const log::ByteVector& key,
                                        const std::optional<log::ByteVector>& value) {
  log::RecordView view;
  view.key = key;
  if (value) view.value = *value;
  return decode_coordinator_record(view);
}

}  // namespace

TEST_CASE("a committed offset has the bytes Kafka gives it", "[unit]") {
  // version 1 | "nifi" | "wifi" | partition 3
  CHECK(hex(offset_commit_key("nifi", {"wifi", 3})) ==
        "0001"
        "00046e696669"
        "000477696669"
        "00000003");
  // version 3 | offset 258 | epoch 5 | "" | time 1
  CHECK(hex(offset_commit_value({258, 5, "", 1})) ==
        "0003"
        "0000000000000102"
        "00000005"
        "0000"
        "0000000000000001");
  CHECK(hex(group_metadata_key("nifi")) == "000200046e696669");
}

TEST_CASE("an empty group has the bytes Kafka gives it", "[unit]") {
  GroupSnapshot group;
  group.generation = 2;
  // version 3 | "consumer" | generation 2 | no protocol | no leader | time 16 | no members
  CHECK(hex(group_metadata_value(group, 16)) ==
        "0003"
        "0008636f6e73756d6572"
        "00000002"
        "ffff"
        "ffff"
        "0000000000000010"
        "00000000");
}

TEST_CASE("a member's subscription and assignment are the consumer protocol's, version 3",
          "[unit]") {
  GroupSnapshot group;
  group.generation = 1;
  group.protocol = "range";
  group.leader = "a-1";
  group.members = {{"a-1", {}, "a", "/h", 300s, 45s, {{"t"}}, {{"t", 1}}}};
  CHECK(hex(group_metadata_value(group, 0)) ==
        "0003"
        "0008636f6e73756d6572"
        "00000001"
        "000572616e6765"
        "0003612d31"
        "0000000000000000"
        "00000001"  // one member
        "0003612d31"
        "ffff"      // no instance
        "000161"    // client
        "00022f68"  // host
        "000493e0"  // 300,000 ms
        "0000afc8"  // 45,000 ms
        "00000017"  // subscription: 23 bytes
        "0003"
        "00000001"
        "000174"
        "ffffffff"
        "00000000"
        "ffffffff"
        "ffff"
        "00000015"  // assignment: 21 bytes
        "0003"
        "00000001"
        "000174"
        "00000001"
        "00000001"
        "ffffffff");
}

TEST_CASE("what members own, since when and where they are stands in their subscription",
          "[unit]") {
  GroupSnapshot group;
  group.generation = 1;
  group.protocol = "sticky";
  group.leader = "a";
  Subscription subscription{{"t"}, SubscriptionUserData{{{{"t", 1}}}, 4}, {{"t", 2}}, 5, "r"};
  group.members = {{"a", "i", "c", "/h", 300s, 45s, subscription, {}}};
  CHECK(hex(group_metadata_value(group, 0)) ==
        "0003"
        "0008636f6e73756d6572"
        "00000001"
        "0006737469636b79"
        "000161"
        "0000000000000000"
        "00000001"
        "000161"
        "000169"  // instance
        "000163"
        "00022f68"
        "000493e0"
        "0000afc8"
        "00000036"  // subscription: 54 bytes
        "0003"
        "00000001"
        "000174"
        "00000013"  // user data: the assignment before, and its generation
        "00000001"
        "000174"
        "00000001"
        "00000001"
        "00000004"
        "00000001"  // owned
        "000174"
        "00000001"
        "00000002"
        "00000005"  // in generation 5
        "000172"    // rack
        "0000000a"
        "0003"
        "00000000"
        "ffffffff");
}

TEST_CASE("records come back as they were written", "[unit]") {
  const auto offset = decode(offset_commit_key("nifi", {"wifi", 3}),
                             offset_commit_value({1LL << 40, 9, "note", 1700000000000}));
  REQUIRE(offset);
  const auto& commit = std::get<OffsetCommitRecord>(*offset);
  CHECK(commit.group == "nifi");
  CHECK(commit.partition == TopicPartition{"wifi", 3});
  CHECK(commit.offset == CommittedOffset{1LL << 40, 9, "note", 1700000000000});

  const auto group = decode(group_metadata_key("nifi"), group_metadata_value(pair(), 5));
  REQUIRE(group);
  CHECK(std::get<GroupMetadataRecord>(*group).snapshot == pair());
}

TEST_CASE("a tombstone says that nothing is there any more", "[unit]") {
  const auto offset = decode(offset_commit_key("nifi", {"wifi", 3}), std::nullopt);
  REQUIRE(offset);
  CHECK_FALSE(std::get<OffsetCommitRecord>(*offset).offset);
  const auto group = decode(group_metadata_key("nifi"), std::nullopt);
  REQUIRE(group);
  CHECK_FALSE(std::get<GroupMetadataRecord>(*group).snapshot);
}

TEST_CASE("no cut of a record's bytes is mistaken for a record", "[property]") {
  const log::ByteVector key = group_metadata_key("nifi");
  const log::ByteVector value = group_metadata_value(pair(), 5);
  for (std::size_t size = 0; size < value.size(); ++size) {
    CAPTURE(size);
    CHECK_FALSE(decode(
        key, log::ByteVector(value.begin(), value.begin() + static_cast<std::ptrdiff_t>(size))));
  }
  for (std::size_t size = 0; size < key.size(); ++size) {
    CAPTURE(size);
    CHECK_FALSE(decode(
        log::ByteVector(key.begin(), key.begin() + static_cast<std::ptrdiff_t>(size)), value));
  }
  CHECK_FALSE(decode({std::byte{0}, std::byte{9}}, value));  // an unknown version
}
