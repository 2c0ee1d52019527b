#include "model/replica_watch.h"

namespace brokerlab::model {

ReplicaWatch& ReplicaWatch::nobody() {
  struct Nobody final : ReplicaWatch {
    void on_replica_changed(BrokerId, sim::PartitionId) override {}
    void on_broker_changed(BrokerId) override {}
    void on_follower_fetch(BrokerId, BrokerId, sim::PartitionId) override {}
  };
  static Nobody nobody;
  return nobody;
}

}  // namespace brokerlab::model
