// GroupCoordinator: the part of a broker that keeps consumer groups and their offsets.
//
// A group lives on the broker that leads partition_for(group) of __consumer_offsets. Its rules are
// GroupState, its records the GroupMetadataManager's: a new leader reads them back, so that members
// that heartbeat in time go on without a rebalance. Here requests meet the rules, wait for their
// answers, and deadlines are kept.
//
// Lifetime: owned by the broker's Program; borrows process, settings, store and context. A request
//           passed to handle() must stay alive until the returned Task has ended.
// Threads:  none. Errors: error codes in the responses.
// Source:   kafka.coordinator.group.GroupCoordinator.
#pragma once

#include "model/cluster_context.h"
#include "model/config.h"
#include "model/group/offset_store.h"
#include "model/wire/transactions.h"
#include "sim/machine.h"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace brokerlab::model {

class GroupCoordinator {
 public:
  GroupCoordinator(sim::Process& process, const BrokerConfig& config, OffsetStore& store,
                   ClusterContext& context);
  GroupCoordinator(const GroupCoordinator&) = delete;
  GroupCoordinator& operator=(const GroupCoordinator&) = delete;
  ~GroupCoordinator();

  /// The partition of __consumer_offsets that keeps the group: |hash| modulo its partitions.
  int partition_for(std::string_view group) const;

  /// NONE: the group can be asked about here, now.
  ErrorCode status(const std::string& group) const;
  /// This broker leads the partition from now on: begins to load its groups.
  void on_elected(int partition, LeaderEpoch epoch);
  /// It no longer does: forgets the groups; calls that wait are answered NOT_COORDINATOR.
  void on_resigned(int partition);

  /// NONE, or why: NON_EMPTY_GROUP, GROUP_ID_NOT_FOUND, or that it is kept elsewhere. Source:
  /// handleDeleteGroups.
  ErrorCode delete_group(const std::string& group);
  /// Topics were deleted: groups forget their offsets there. Source: handleDeletedPartitions.
  void on_partitions_deleted(const std::vector<TopicPartition>& partitions);

  sim::Task<std::unique_ptr<JoinGroupResponse>> handle(const JoinGroupRequest& request);
  sim::Task<std::unique_ptr<SyncGroupResponse>> handle(const SyncGroupRequest& request);
  sim::Task<std::unique_ptr<OffsetCommitResponse>> handle(const OffsetCommitRequest& request);
  sim::Task<std::unique_ptr<TxnOffsetCommitResponse>> handle(const TxnOffsetCommitRequest& request);
  /// A marker stands in that partition of __consumer_offsets: its offsets are the groups' now, or
  /// are forgotten.
  void on_transaction_ended(int partition, std::int64_t producer, bool committed);
  // These never wait.
  std::unique_ptr<HeartbeatResponse> handle(const HeartbeatRequest& request);
  std::unique_ptr<LeaveGroupResponse> handle(const LeaveGroupRequest& request);
  std::unique_ptr<OffsetFetchResponse> handle(const OffsetFetchRequest& request);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace brokerlab::model
