// Wire sizes, counted by hand from the message definitions.
#include "model/wire/protocol.h"

#include <catch2/catch.hpp>

using namespace brokerlab;
using namespace brokerlab::model;

TEST_CASE("small messages have the size of their fields", "[unit]") {
  HeartbeatRequest heartbeat;
  heartbeat.client_id = "app";
  heartbeat.group = "g";
  heartbeat.member_id = "m";
  // length 4 | key 2, version 2, correlation 4, client 2 + 3, tags 1 | "g" 2, generation 4, "m" 2,
  // no instance 1, tags 1
  CHECK(heartbeat.size() == Bytes(4 + 14 + 10));
  // length 4 | correlation 4, tags 1 | throttle 4, error 2, tags 1
  CHECK(HeartbeatResponse().size() == Bytes(16));
}

TEST_CASE("messages about producer ids have the size of their fields", "[unit]") {
  // length 4 | header 11, tags 1 | no transactional id 1, timeout 4, id 8, epoch 2, tags 1
  CHECK(InitProducerIdRequest().size() == Bytes(4 + 11 + 16));
  // length 4 | correlation 4, tags 1 | throttle 4, error 2, id 8, epoch 2, tags 1
  CHECK(InitProducerIdResponse().size() == Bytes(26));
  // broker 4, its epoch 8, tags 1
  CHECK(AllocateProducerIdsRequest().size() == Bytes(4 + 11 + 13));
  // throttle 4, error 2, first 8, count 4, tags 1
  CHECK(AllocateProducerIdsResponse().size() == Bytes(9 + 19));
}

TEST_CASE("partitions of one topic share its name, whatever their order", "[unit]") {
  const auto size = [](const std::vector<TopicPartition>& partitions) {
    ListOffsetsRequest request;
    for (const TopicPartition& partition : partitions)
      request.partitions.push_back({partition, 0, -1});
    return request.size().count();
  };
  const std::int64_t one = size({{"wifi", 0}});
  // Each partition: number 4, epoch 4, timestamp 8, tags 1. A topic: name 5, count 1, tags 1.
  CHECK(size({{"wifi", 0}, {"wifi", 1}}) == one + 17);
  CHECK(size({{"wifi", 0}, {"tcp", 0}}) == one + 17 + 4 + 2);
  CHECK(size({{"wifi", 0}, {"tcp", 0}, {"wifi", 1}}) == one + 17 + 4 + 2 + 17);
}

TEST_CASE("record bytes count in full, with the varint of their length", "[unit]") {
  const auto size = [](std::size_t bytes) {
    ProduceRequest request;
    const log::ByteVector records(bytes);
    request.partitions.push_back({{"wifi", 0}, log::ByteSlice::copy_of(records)});
    return request.size().count();
  };
  CHECK(size(100) == size(0) + 100);
  CHECK(size(127) == size(0) + 127 + 1);  // 128 takes two bytes
  CHECK(size(20'000) == size(0) + 20'000 + 2);
}

TEST_CASE("a tagged field has the varint of its length, too", "[unit]") {
  const auto size = [](std::size_t brokers) {
    ProduceResponse response;
    response.node_endpoints.resize(brokers);
    return response.size().count();
  };
  // Each broker: id 4, host 11, port 4, no rack 1, tags 1. The array's own count is one byte.
  CHECK(size(6) == size(5) + 21);
  CHECK(size(7) == size(6) + 21 + 1);  // 148 takes two bytes
}

// ConsumerProtocolSubscription v3 inside JoinGroup.
TEST_CASE("what a member says of itself counts for each way of assigning that it offers",
          "[unit]") {
  const auto size = [](const std::vector<GroupProtocol>& protocols) {
    JoinGroupRequest request;
    request.protocols = protocols;
    return request.size().count();
  };
  const Subscription wifi{{"wifi"}};
  // Name 6; length 1, version 2, topics 4 + 6, no user data 4, owned 4, generation 4, no rack 2;
  // tags 1
  CHECK(size({{"range", wifi}}) == size({}) + 6 + 1 + 26 + 1);
  Subscription owner{
      {"wifi"}, SubscriptionUserData{std::nullopt, 3}, {{"wifi", 0}, {"wifi", 2}}, 3};
  owner.rack = "r1";
  // The generation in user data, a topic with two partitions, the rack.
  CHECK(size({{"range", owner}}) == size({{"range", wifi}}) + 4 + (6 + 4 + 2 * 4) + 2);
}
