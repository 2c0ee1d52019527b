// GroupMetadataManager: the groups whose partitions of __consumer_offsets this broker leads, and
// the records that keep them.
//
// Commits and group metadata are records there, in Kafka's own layout (offset_records.h). Who comes
// to lead a partition reads its groups back; who no longer does forgets them. Offsets that nobody
// has needed for offsets.retention.minutes are forgotten for good, and groups of which nothing is
// left. What the members of a group do is the GroupCoordinator's.
//
// Lifetime: part of a GroupCoordinator; borrows process, settings, store and context.
// Threads:  none. Errors: error codes as members hear them.
// Source:   kafka.coordinator.group.GroupMetadataManager.
#pragma once

#include "model/cluster_context.h"
#include "model/config.h"
#include "model/group/group_state.h"
#include "model/group/offset_records.h"
#include "model/group/offset_store.h"
#include "model/group/transactional_offsets.h"
#include "model/wire/transactions.h"
#include "sim/machine.h"

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace brokerlab::model {

struct GroupMetadata {
  GroupState state;
  int partition;
  std::map<TopicPartition, CommittedOffset> offsets = {};
  sim::EventId rebalance = {};                 ///< The event that began the rebalance under way.
  log::Timestamp state_time = -1;              ///< When it came into its state; -1: unknown.
  std::map<TopicPartition, int> pending = {};  ///< Commits of each that are being stored.
};

class GroupMetadataManager {
 public:
  GroupMetadataManager(sim::Process& process, const BrokerConfig& config, OffsetStore& store,
                       ClusterContext& context);
  GroupMetadataManager(const GroupMetadataManager&) = delete;
  GroupMetadataManager& operator=(const GroupMetadataManager&) = delete;

  /// |hash| modulo the partitions of __consumer_offsets.
  int partition_for(std::string_view group) const;
  /// Why requests about the group cannot be answered here (now).
  ErrorCode status(const std::string& group) const;
  GroupMetadata* find(const std::string& id);
  GroupMetadata& find_or_make(const std::string& id);
  std::map<std::string, GroupMetadata>& groups() { return groups_; }

  /// Appends the group's record. What its members hear; nothing when the group has moved meanwhile.
  sim::Task<std::optional<ErrorCode>> store_group(std::string id, int partition,
                                                  GroupSnapshot snapshot);
  /// Appends the commit; once it is durable the offsets are the group's.
  sim::Task<ErrorCode> store_offsets(const OffsetCommitRequest& request);

  /// Looks for offsets that have expired, now and every offsets.retention.check.interval.ms.
  void start() { process_.spawn(clean_up_regularly()); }
  /// NONE, or why that group cannot be deleted.
  ErrorCode delete_group(const std::string& id);
  /// Those partitions are no more: nor are offsets in them.
  void forget_partitions(const std::vector<TopicPartition>& partitions);

  /// The same as part of a transaction: they become the group's when that is committed.
  sim::Task<ErrorCode> store_transactional_offsets(const TxnOffsetCommitRequest& request);
  /// A marker stands in that partition.
  void end_transaction(int partition, std::int64_t producer, bool committed);
  /// A commit that is being stored, or a transaction under way, would change what is committed
  /// (GroupMetadata.hasPendingOffsetCommitsForTopicPartition).
  bool is_unstable(const std::string& group, const TopicPartition& of) const;

  /// Begins to read the partition's groups, unless that was done under an earlier epoch.
  void own(int partition, LeaderEpoch epoch);
  void disown(int partition);
  /// Called for each group that has been read, and for each that is about to be forgotten.
  std::function<void(GroupMetadata&)> on_loaded, on_unloaded;

 private:
  struct Ownership {
    LeaderEpoch epoch = log::no_epoch;
    bool loading = true;
  };

  GroupState::Rules rules() const {
    return {.initial_rebalance_delay = config_.group_initial_rebalance_delay,
            .max_size = static_cast<std::size_t>(config_.group_max_size)};
  }
  using Expired = std::vector<TopicPartition>;
  sim::Task<> clean_up_regularly();
  Expired expired(const GroupMetadata& group, log::Timestamp now) const;
  /// Forgets those offsets, and the group if it has nothing left. False: it has gone.
  bool forget(GroupMetadata& group, const Expired& offsets);
  bool owns(int partition, LeaderEpoch epoch) const;
  sim::Task<> load(int partition, LeaderEpoch epoch);
  using Groups = std::map<std::string, GroupMetadata>;
  bool load_batches(int partition, log::ByteView bytes, Offset& next,
                    std::map<std::string, GroupMetadata>& loaded, std::int64_t& records);
  GroupMetadata& find_or_make_in(Groups& groups, int partition, const std::string& id) const;
  void make_committed(Groups& groups, int partition,
                      const TransactionalOffsets::OfProducer& ended) const;
  void finish_load(int partition, std::map<std::string, GroupMetadata>&& loaded);

  sim::Process& process_;
  sim::World& world_;
  const BrokerConfig& config_;
  OffsetStore& store_;
  ClusterContext& context_;
  std::map<std::string, GroupMetadata> groups_;
  std::map<int, Ownership> owned_;
  std::int64_t commits_ = 0;  ///< Of which a broken rule forgets some.
  TransactionalOffsets transactional_;
};

}  // namespace brokerlab::model
