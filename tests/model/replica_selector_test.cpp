// Which replica a consumer is sent to (KIP-392), held against RackAwareReplicaSelector and
// ReplicaView.comparator.
#include "model/broker/replica_selector.h"

#include <catch2/catch.hpp>

using namespace brokerlab;
using namespace brokerlab::model;

TEST_CASE("a consumer is sent to a replica on its rack, unless the leader is there", "[unit]") {
  const ReplicaView leader{BrokerId(1), "a", 100, {}};
  const std::vector<ReplicaView> followers = {
      {BrokerId(2), "b", 100, {}}, {BrokerId(3), "c", 90, {}}, {BrokerId(4), "", 100, {}}};
  CHECK(nearest_replica("b", leader, followers) == BrokerId(2));
  CHECK(nearest_replica("c", leader, followers) == BrokerId(3));
  CHECK_FALSE(nearest_replica("a", leader, followers).valid());
  CHECK_FALSE(nearest_replica("d", leader, followers).valid());
  CHECK_FALSE(nearest_replica("", leader, followers).valid());
}

TEST_CASE("of several on its rack the one that has most, then the one that was last caught up",
          "[unit]") {
  const ReplicaView leader{BrokerId(1), "a", 100, {}};
  CHECK(nearest_replica("b", leader, {{BrokerId(2), "b", 98, {}}, {BrokerId(3), "b", 99, 5s}}) ==
        BrokerId(3));
  CHECK(nearest_replica("b", leader, {{BrokerId(2), "b", 99, 1s}, {BrokerId(3), "b", 99, 2s}}) ==
        BrokerId(2));
  CHECK(nearest_replica("b", leader, {{BrokerId(2), "b", 99, 1s}, {BrokerId(3), "b", 99, 1s}}) ==
        BrokerId(3));
}
