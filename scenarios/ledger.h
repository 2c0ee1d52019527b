// Ledger: what became of every record, and whether the cluster kept its promises.
//
// It listens to clients, brokers and ZooKeeper (model::Observer) and checks, all the time:
//
//   one_leader_per_epoch              no two brokers lead a partition in the same leader epoch
//   high_watermark_never_falls        of a leader, within its epoch, unless it lost power
//   committed_records_survive         what a high watermark has passed never changes or goes away
//   consumed_bytes_are_sent_bytes     every consumed record is, byte for byte, one that was sent
//   consumed_offsets_have_no_gaps     a group never skips an offset of a partition
//   acknowledged_offsets_are_unique   no offset of a partition is acknowledged more often than
//                                     leaders of different epochs have appended there
//   zookeeper_writes_are_linear       all servers apply the same transactions in the same order
//
// and at the end, against the leaders' logs:
//
//   replicas_agree                    logs of live replicas are equal up to the high watermark
//
// An acknowledged record that no log holds is a loss: a broken promise only when the producer asked
// for acks=all and the settings do not allow it. They do after an unclean election, and when every
// replica that had the record lost power before it was synced. Either way each loss is listed with
// its reason. Records sent with acks=0 are acknowledged by nobody: those that are in no log at the
// end are counted, too. What cannot be looked for, because no live leader is left, is counted as
// such.
//
// Lifetime: outlives the cluster's processes. Memory: the bytes of every record sent.
// Threads: none.
#pragma once

#include "model/cluster_context.h"
#include "model/observer.h"
#include "model/partition.h"
#include "scenarios/histogram.h"

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

namespace brokerlab::scenarios {

struct Invariant {
  std::string name;
  std::int64_t checked = 0;  ///< How often it could have been broken.
  std::vector<std::string> violations;
  bool held() const { return violations.empty(); }
};

struct LostRecord {
  model::RecordRef record;
  std::string label;  ///< The record as people know it: its id.
  model::TopicPartition partition;
  model::Offset offset = 0;
  Time acknowledged;
  sim::EventId cause;  ///< The event by which it was lost.
  std::string why;
  bool allowed = false;  ///< By the settings, whatever the producer asked for.
};

class Ledger final : public model::Observer {
 public:
  /// Finds the live replica of a partition on a broker; nothing when the broker is not running.
  using ReplicaFinder =
      std::function<const model::Partition*(model::BrokerId, const model::TopicPartition&)>;

  explicit Ledger(sim::World& world);
  void set_replica_finder(ReplicaFinder finder) { find_replica_ = std::move(finder); }
  void set_context(const model::ClusterContext* context) { context_ = context; }
  /// Hears of records, appends and ZooKeeper's transactions after the ledger.
  void listen(model::Observer& listener) { listeners_.push_back(&listener); }

  // --- What it hears ---

  void on_sent(model::RecordRef, Time intended, log::ByteView value) override;
  void on_acknowledged(model::RecordRef, const model::TopicPartition&, model::Offset) override;
  void on_send_failed(model::RecordRef, model::ErrorCode) override;
  void on_consumed(std::string_view consumer, const model::TopicPartition&, model::Offset,
                   log::ByteView value) override;
  void on_assigned(std::string_view consumer, const std::vector<model::TopicPartition>&) override;
  void on_committed(std::string_view group, const model::TopicPartition&, model::Offset) override;
  void on_group_state(std::string_view group, std::string_view state, int generation,
                      const std::vector<std::string>& members) override;
  void on_leader_append(model::BrokerId, const model::TopicPartition&, model::LeaderEpoch,
                        model::Offset first, model::Offset end, std::int64_t bytes) override;
  void on_client_error(const model::ClientError& error) override {
    for (model::Observer* listener : listeners_) listener->on_client_error(error);
  }
  void on_log_end(model::BrokerId, const model::TopicPartition&, model::Offset end) override;
  void on_became_leader(model::BrokerId, const model::TopicPartition&, model::LeaderEpoch) override;
  void on_high_watermark(model::BrokerId, const model::TopicPartition&, model::Offset) override;
  void on_truncated(model::BrokerId, const model::TopicPartition&, model::Offset to,
                    model::Offset end) override;
  void on_partition_state(const model::TopicPartition&, model::BrokerId leader, model::LeaderEpoch,
                          const std::vector<model::BrokerId>& isr,
                          const std::vector<model::BrokerId>& replicas) override;
  void on_controller(model::BrokerId, model::ControllerEpoch) override;
  void on_zookeeper_role(int myid, std::string_view role) override;
  void on_zookeeper_applied(int myid, std::int64_t zxid, std::uint64_t hash) override;

  /// The checks against the logs; call once, when the run is over.
  void finish();

  // --- What it knows ---

  struct PartitionView {
    model::BrokerId leader;  ///< As written to ZooKeeper.
    model::LeaderEpoch epoch = log::no_epoch;
    std::vector<model::BrokerId> isr;
    std::vector<model::BrokerId> replicas;
    model::BrokerId serving;  ///< The broker that took up leading last.
    model::Offset high_watermark = 0;
    bool unclean = false;  ///< The leader in force was elected from outside the ISR.
    int elections = 0;
    int isr_changes = 0;
    std::int64_t acknowledged = 0;
    Histogram acknowledgment_wait;  ///< From send() to the acknowledgment.
  };
  struct GroupView {
    std::string state = "Empty";
    int generation = -1;
    std::vector<std::string> members;
    std::map<model::TopicPartition, model::Offset> committed;
    std::map<model::TopicPartition, model::Offset> next_offset;  ///< After the last consumed.
    std::map<std::string, std::int64_t> consumed_by;
    std::int64_t rebalances = 0;
    int bit = 0;  ///< Of SentRecord::consumed_by.
    bool resets_to_latest = false;
  };

  const std::map<model::TopicPartition, PartitionView>& partitions() const { return partitions_; }
  const std::map<std::string, GroupView>& groups() const { return groups_; }
  const std::map<std::string, std::vector<model::TopicPartition>>& assignments() const {
    return assignments_;
  }
  /// For every partition of the topics, the records below its high watermark that the group has not
  /// yet processed.
  std::vector<std::pair<model::TopicPartition, std::int64_t>> lags(
      const std::string& group, const std::vector<std::string>& topics) const;
  const std::map<int, std::string>& zookeeper_roles() const { return zookeeper_roles_; }
  model::BrokerId controller() const { return controller_; }
  int controller_elections() const { return controller_elections_; }

  std::int64_t sent() const { return static_cast<std::int64_t>(records_sent_); }
  std::int64_t acknowledged() const { return acknowledged_; }
  std::int64_t failed() const { return failed_; }
  std::int64_t pending() const { return sent() - acknowledged_ - failed_; }
  std::int64_t acknowledged_by(int producer) const;
  std::int64_t sent_by(int producer) const;
  /// Records sent with acks=0, and those of them that are in no log at the end.
  std::int64_t sent_blindly() const { return sent_blindly_; }
  std::int64_t blindly_lost() const { return blindly_lost_; }
  /// Acknowledged records of partitions that have no live leader at the end: nobody can tell.
  const std::map<model::TopicPartition, std::int64_t>& not_verifiable() const {
    return not_verifiable_;
  }
  /// Since when the record waits that has waited longest; nothing when none waits.
  std::optional<Time> oldest_pending() const;
  /// Distinct records that some group has consumed, and how often a group got one again.
  std::int64_t consumed() const { return consumed_; }
  std::int64_t redelivered() const { return redelivered_; }
  std::int64_t consumed_by(std::string_view consumer) const;
  const Histogram& produce_latency() const { return produce_latency_; }  ///< Intended to acked.
  const Histogram& send_latency() const { return send_latency_; }        ///< send() to acked.
  const Histogram& end_to_end_latency() const { return end_to_end_latency_; }
  const std::vector<LostRecord>& lost() const { return lost_; }
  std::int64_t duplicates_in_log() const { return duplicates_in_log_; }
  /// Records in the logs at the end that no producer was told of (their acknowledgment was lost).
  std::int64_t unacknowledged_in_log() const { return unacknowledged_in_log_; }
  std::vector<Invariant> invariants() const;
  bool all_held() const;

  /// Which group a consumer belongs to, before it consumes anything. At most 64 groups.
  /// `resets_to_latest`: auto.offset.reset, which may jump over records before the first commit.
  void declare_consumer(std::string consumer, std::string group, bool resets_to_latest);
  /// Whose loss is a broken promise: producers with acks=all.
  void declare_producer(int producer, bool wants_all);

 private:
  struct SentRecord {
    log::ByteVector value;
    Time intended;
    Time sent;
    bool acknowledged = false;
    bool failed = false;
    std::uint64_t consumed_by = 0;  ///< A bit for each group.
  };
  struct Acknowledgment {
    model::RecordRef record;
    Time when;
    model::LeaderEpoch epoch = log::no_epoch;
  };
  /// Offsets that a leader appended in one epoch, without a gap.
  struct AppendedRange {
    model::LeaderEpoch epoch;
    model::Offset first;
    model::Offset end;
  };
  /// What a high watermark has passed, by offset: the batch's checksum and leader epoch.
  struct CommittedBatch {
    model::Offset last_offset;
    std::uint32_t checksum;
    model::LeaderEpoch epoch;
    Time when;
  };
  enum class Loss { not_replicated, unclean_election, unsynced };

  Invariant& invariant(std::string_view name);
  void violate(std::string_view name, std::string why);
  SentRecord* find(model::RecordRef record);
  void check_committed(const model::TopicPartition& name, const model::Partition& replica,
                       model::Offset from, model::Offset to);
  void note_losses(const model::TopicPartition& name, model::BrokerId leader, model::Offset from);
  bool has_happened(const std::map<sim::MachineId, Time>& last, model::BrokerId broker,
                    Time since) const;
  bool lost_power(model::BrokerId broker, Time since) const {
    return has_happened(power_lost_, broker, since);
  }
  bool started(model::BrokerId broker, Time since) const {
    return has_happened(started_, broker, since);
  }
  Loss kind_of_loss(const model::TopicPartition& name, model::BrokerId leader, Time since) const;
  void compare_with_log(const model::TopicPartition& name, const model::Partition& leader);
  void compare_replicas(const model::TopicPartition& name);
  std::string explain(const model::TopicPartition& name, const Acknowledgment& ack,
                      Loss kind) const;
  static std::string label_of(const SentRecord& record, model::RecordRef ref);

  sim::World& world_;
  ReplicaFinder find_replica_;
  std::vector<model::Observer*> listeners_;
  const model::ClusterContext* context_ = nullptr;
  std::map<std::string, Invariant, std::less<>> invariants_;
  std::map<int, std::vector<SentRecord>> records_;  ///< By producer, then number.
  std::unordered_map<std::uint64_t, std::vector<model::RecordRef>> by_hash_;  ///< Looked up only.
  std::map<model::TopicPartition, std::map<model::Offset, Acknowledgment>> acknowledgments_;
  std::map<model::TopicPartition, std::vector<AppendedRange>> appended_;
  std::map<std::pair<model::TopicPartition, model::Offset>, int> acknowledged_again_;
  /// Acknowledged at an offset that another record was acknowledged at later.
  std::map<model::TopicPartition, std::vector<std::pair<model::Offset, Acknowledgment>>> displaced_;
  std::map<model::TopicPartition, std::map<model::Offset, CommittedBatch>> committed_;
  std::map<std::pair<model::TopicPartition, model::LeaderEpoch>, model::BrokerId> leaders_;
  struct HighWatermark {
    model::LeaderEpoch epoch = log::no_epoch;
    model::Offset offset = 0;
    Time when;
  };
  std::map<std::pair<model::TopicPartition, model::BrokerId>, HighWatermark>
      leader_high_watermarks_;
  std::map<model::TopicPartition, PartitionView> partitions_;
  std::map<std::string, GroupView> groups_;
  std::map<std::string, std::string, std::less<>> group_of_;
  std::map<std::string, std::vector<model::TopicPartition>> assignments_;
  std::map<std::string, std::int64_t, std::less<>> consumed_by_;
  std::map<int, std::string> zookeeper_roles_;
  std::map<std::int64_t, std::uint64_t> zookeeper_history_;
  std::map<int, bool> wants_all_;
  std::map<int, std::int64_t> acknowledged_by_;
  model::BrokerId controller_;
  int controller_elections_ = 0;
  std::size_t records_sent_ = 0;
  std::int64_t acknowledged_ = 0;
  std::int64_t failed_ = 0;
  std::int64_t consumed_ = 0;
  std::int64_t redelivered_ = 0;
  std::int64_t duplicates_in_log_ = 0;
  std::int64_t sent_blindly_ = 0;
  std::int64_t blindly_lost_ = 0;
  std::map<model::TopicPartition, std::vector<model::RecordRef>> blind_;
  std::map<model::TopicPartition, std::int64_t> not_verifiable_;
  std::map<sim::MachineId, Time> power_lost_;  ///< Last time, by machine.
  std::map<sim::MachineId, Time> started_;     ///< A process of it, last time.
  std::int64_t unacknowledged_in_log_ = 0;
  Histogram produce_latency_;
  Histogram send_latency_;
  Histogram end_to_end_latency_;
  std::vector<LostRecord> lost_;
  std::set<std::pair<model::TopicPartition, model::Offset>> lost_offsets_;
};

}  // namespace brokerlab::scenarios
