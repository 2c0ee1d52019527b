// Ledger: what became of every record, and whether the cluster kept its promises.
//
// It listens to clients, brokers and ZooKeeper (model::Observer) and checks, all the time:
//
//   one_leader_per_epoch              no two brokers lead a partition in the same leader epoch, or
//                                     append to it as its leader
//   high_watermark_never_falls        of a leader, within its epoch, unless it started again
//   committed_records_survive         what a high watermark has passed never changes or goes away:
//                                     looked for when a leader takes over, and at the end
//   consumed_bytes_are_sent_bytes     every consumed record is, byte for byte, one that was sent;
//   of
//                                     a phantom batch, by its seed and size
//   consumed_offsets_have_no_gaps     a group never skips an offset that the partition's log has
//   consumed_records_are_committed    nothing is read that no high watermark has passed
//   committed_offsets_survive         who takes over a partition goes on at the group's last
//                                     acknowledged commit, or behind it; where it may have been
//                                     lost with what held it, nothing is said
//   acknowledged_offsets_are_unique   no offset of a partition is acknowledged more often than
//                                     leaders of different epochs have appended there
//   compaction_keeps_the_last_of_every_key  what a cleaner drops has a later record of its key, or
//                                     is a tombstone whose time, delete.retention.ms after the
//                                     first cleaning that met it, is over
//   retention_keeps_what_it_must      no replica deletes what is younger than retention.ms and not
//                                     beyond retention.bytes, nor what may still be cut
//   zookeeper_writes_are_linear       all servers apply the same transactions in the same order
//
// and at the end, against the leaders' logs:
//
//   replicas_agree                    logs of live replicas are equal up to the high watermark
//   acknowledged_by_all_survive       what was acknowledged to a producer with acks=all is there
//   idempotent_writes_happen_once     no record of an idempotent producer stands there twice,
//   idempotent_writes_keep_order      nor behind one that it sent later under the same producer id:
//                                     what a producer left on its way when it died may come late
//
// and of transactions, all the time:
//
//   aborted_records_stay_hidden       no group with read_committed is given a record of an aborted
//                                     transaction (that it misses none of a committed one is
//                                     consumed_offsets_have_no_gaps)
//   markers_follow_the_decision       no partition gets another end than the coordinator has
//                                     written
//   transactions_end_everywhere       when it has written that all is done, every partition of the
//                                     transaction that still exists has its end
//   exactly_once_output               of a stream processor with exactly_once_v2: what it has
//                                     processed of its input is in its results, and once
//   fenced_producers_write_nothing    after a newer producer has begun under its transactional id
//
// Each is kept, or broken, or kept but for what the settings allow (Exempted), which is counted.
//
// An acknowledged record that no log holds is a loss: a broken promise only when the producer asked
// for acks=all and the settings do not allow it. They do after an unclean election, and when every
// replica that had the record lost power before it was synced. Either way each loss is listed with
// its reason, when it happens: when a leader takes over without the record; or, of what a leader
// acknowledged after it had been deposed, when that one truncates. Records sent with acks=0 are
// acknowledged by nobody: those that are in no log at the end are counted, too. What cannot be
// looked for, because no live leader is left, is counted as such.
//
// Of a partition's log at the end it counts what retries wrote twice (copies of a record beyond the
// first) and what is out of order (records, copies too, that stand behind one which the same
// producer sent later).
//
// It keeps books by runs of records (base/range_map.h): what goes the same way together costs once,
// and few bytes once it is old (base/packed_range_map.h).
//
// Lifetime: outlives the cluster's processes. Memory: the bytes of every record sent with bytes;
// about twenty bytes for each batch.
// Threads: none.
#pragma once

#include "base/packed_range_map.h"
#include "base/phrase.h"
#include "model/broker/partition.h"
#include "model/cluster_context.h"
#include "model/observer.h"
#include "scenarios/ledger/found_in_log.h"
#include "scenarios/ledger/latency_sketch.h"
#include "scenarios/ledger/record_book.h"
#include "scenarios/ledger/stream_book.h"

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

namespace brokerlab::scenarios {

/// What would break a promise if it had been given: it is kept but for these.
enum class Exempted {
  unclean_election,  ///< Records lost by one.
  unsynced,          ///< Records that were in memory only where the power failed.
  not_verifiable,    ///< Records of partitions without a live leader.
  restarted,         ///< High watermarks that fell, back to a checkpoint.
  skipped,           ///< Records that auto.offset.reset jumped over.
  deposed,           ///< Acknowledgments of leaders that had been deposed.
  deleted,           ///< Records that were deleted before a group read them.
  compacted,         ///< Offsets that compaction has left out.
  unheard_of,        ///< Markers for partitions that a coordinator's broker did not know yet.
  forgotten,         ///< Records that a leader had, of which it had forgotten the sequence.
};
/// "250 records lost by an unclean election, ...".
Phrase words_for(Exempted what, std::int64_t count);

struct Invariant {
  std::string name;
  std::int64_t checked = 0;  ///< How often it could have been broken.
  std::vector<Phrase> violations;
  std::map<Exempted, std::int64_t> exemptions;  ///< How many of each.
  bool held() const { return violations.empty(); }
};

/// A record, or several of a phantom batch in a row.
struct LostRecord {
  model::RecordRun record;
  std::string label;  ///< The first as people know it: its id.
  model::TopicPartition partition;
  model::Offset offset = 0;  ///< Of the first.
  Time acknowledged;
  sim::EventId cause;  ///< The event by which it was lost.
  Phrase why;
  enum class Kind {
    not_replicated,    ///< Acknowledged by a leader alone, or by a broken promise.
    fenced,            ///< Acknowledged by a leader that had been deposed.
    unclean_election,  ///< A leader from outside the ISR did not have it.
    unsynced,          ///< It was in memory only where the power failed.
  };
  Kind kind = Kind::not_replicated;
  /// By the settings, whatever the producer asked for.
  bool allowed() const { return kind == Kind::unclean_election || kind == Kind::unsynced; }
};

class Ledger : public model::Observer {
 public:
  /// Finds the live replica of a partition on a broker; nothing when the broker is not running.
  using ReplicaFinder =
      std::function<const model::Partition*(model::BrokerId, const model::TopicPartition&)>;

  explicit Ledger(sim::World& world);
  void set_replica_finder(ReplicaFinder finder) { find_replica_ = std::move(finder); }
  /// Wraps the reading of a broker's logs, so that looking costs its disks nothing.
  using QuietReading = std::function<void(model::BrokerId, const std::function<void()>&)>;
  void set_quiet_reading(QuietReading quietly) { read_quietly_ = std::move(quietly); }
  void set_context(const model::ClusterContext* context) { context_ = context; }
  /// What may take away a commit that was acknowledged, beside an unclean election.
  enum class CommitsEnd { never, by_power_loss, by_damage };
  void set_commits_end(CommitsEnd how, Duration offsets_retention) {
    commits_end_ = how;
    offsets_retention_ = offsets_retention;
  }
  /// Hears of records, appends and ZooKeeper's transactions after the ledger.
  void listen(model::Observer& listener) { listeners_.push_back(&listener); }
  /// Called with each change of leadership that the controller has written.
  using ElectionCallback = std::function<void(const model::TopicPartition&)>;
  void on_leadership(ElectionCallback callback) { on_leadership_ = std::move(callback); }

  // --- What it hears ---

  void on_sent(const model::SentRecords& sent) override;
  void on_acknowledged(const model::RecordRun&, const model::TopicPartition&,
                       model::Offset first) override;
  void on_send_failed(const model::RecordRun&, model::ErrorCode, std::string_view) override;
  void on_consumed(const model::ConsumedRecords& consumed) override;
  void on_client_error(const model::ClientError& error) override;
  void on_seek(std::string_view consumer, const model::TopicPartition&) override;
  void on_position_reset(std::string_view consumer, const model::TopicPartition&,
                         model::Offset offset) override;
  void on_assigned(std::string_view consumer, const std::vector<model::TopicPartition>&) override;
  void on_committed(std::string_view group, const model::TopicPartition&, model::Offset) override;
  void on_commits_loaded(sim::MachineId machine, const model::TopicPartition& where,
                         std::string_view group,
                         const std::map<model::TopicPartition, model::Offset>& commits) override;
  void on_commit_read(std::string_view group, const model::TopicPartition&, model::Offset) override;
  void on_group_deleted(std::string_view group) override;
  void on_group_state(std::string_view group, std::string_view state, int generation,
                      const std::vector<std::string>& members) override;
  void on_leader_append(model::BrokerId, const model::TopicPartition&, model::LeaderEpoch,
                        model::Offset first, model::Offset end, std::int64_t bytes) override;
  void on_batch_appended(const model::AppendedBatch& batch) override;
  void on_markers_skipped(model::ProducerIdAndEpoch producer,
                          const std::vector<model::TopicPartition>& partitions) override;
  void on_sequences_forgotten(const model::TopicPartition& name,
                              const std::vector<model::RecordRun>& refused) override;
  void on_deleting(const model::DeletedRecords& deleted) override;
  void on_compacting(const model::CompactedSegments& compacted) override;
  void on_marker_appended(model::BrokerId leader, const model::TopicPartition&, model::Offset,
                          model::ProducerIdAndEpoch, bool committed) override;
  void on_transaction_decided(model::ProducerIdAndEpoch, bool committed,
                              const std::set<model::TopicPartition>& partitions) override;
  void on_transaction_completed(model::ProducerIdAndEpoch) override;
  void on_transactional_producer(std::string_view id, model::ProducerIdAndEpoch) override;
  void on_log_end(model::BrokerId, const model::TopicPartition&, model::Offset end) override;
  void on_became_leader(model::BrokerId, const model::TopicPartition&, model::LeaderEpoch) override;
  void on_high_watermark(model::BrokerId, const model::TopicPartition&, model::Offset) override;
  void on_truncated(model::BrokerId, const model::TopicPartition&, model::Offset to,
                    model::Offset end) override;
  void on_partition_state(const model::TopicPartition&, model::BrokerId leader, model::LeaderEpoch,
                          const std::vector<model::BrokerId>& isr,
                          const std::vector<model::BrokerId>& replicas) override;
  void on_controller(model::BrokerId, model::ControllerEpoch) override;
  /// Forgets its partitions: nobody promises any longer what was in them.
  void on_topic_deleted(const std::string& topic) override;
  void on_zookeeper_role(int myid, std::string_view role) override;
  void on_zookeeper_applied(int myid, std::int64_t zxid, std::uint64_t hash) override;

  /// The checks against the logs; call once, when the run is over.
  void finish();

  // --- What it knows ---

  struct PartitionView {
    model::BrokerId leader;  ///< As written to ZooKeeper.
    model::LeaderEpoch epoch = log::no_epoch;
    model::LeaderEpoch elected_in = log::no_epoch;  ///< The first epoch of this leader's reign.
    std::vector<model::BrokerId> isr;
    std::vector<model::BrokerId> replicas;
    model::BrokerId serving;  ///< The broker that took up leading last.
    model::Offset high_watermark = 0;
    model::Offset log_start = 0;          ///< Of the leader; what is below it was deleted.
    model::Offset highest_watermark = 0;  ///< Of any broker's, a deposed leader's, too.
    Time unclean_at = Time::min();        ///< The last time that a leader was elected so.
    Time truncated_at = Time::min();      ///< The last time that a replica was cut.
    bool deleted = false;                 ///< With its topic, and not made again.
    bool unclean = false;                 ///< The leader in force was elected from outside the ISR.
    int elections = 0;                    ///< New leaders; to lose one is none.
    int isr_changes = 0;                  ///< Those by elections, too.
    std::int64_t acknowledged = 0;
    Duration longest_wait{0};  ///< From send() to the acknowledgment, or until it was given up.
    /// The longest that an acknowledged record lay above the high watermark, where nobody can read
    /// it; of those that still do, finish() counts up to the end.
    Duration longest_unreadable{0};
    // Found in the leader's log at the end:
    std::int64_t duplicates = 0;  ///< Copies beyond the first.
    std::int64_t reordered = 0;   ///< Records behind one that their producer sent later.
  };
  struct GroupView {
    std::string state = "Empty";
    int generation = -1;
    std::vector<std::string> members;
    std::map<model::TopicPartition, model::Offset> committed;
    std::map<model::TopicPartition, Time> committed_at;          ///< When that was acknowledged.
    std::map<model::TopicPartition, model::Offset> next_offset;  ///< After the last consumed.
    /// What lies before it auto.offset.reset=latest has jumped over; until that is passed.
    std::map<model::TopicPartition, model::Offset> reset_to;
    std::int64_t delivered = 0;    ///< Records that its members have processed, again or not.
    std::int64_t consumed = 0;     ///< Different records.
    std::int64_t redelivered = 0;  ///< How often it got one again.
    std::int64_t skipped = 0;      ///< Records that auto.offset.reset jumped over.
    std::int64_t deleted = 0;      ///< Acknowledged ones that were deleted before it read them.
    std::int64_t rebalances = 0;
    Duration longest{0};  ///< From a record's coming into being to its first having been processed.
    std::set<std::string> topics;
    std::int64_t lag = 0;  ///< Of its topics: records below the high watermarks, not processed.
    std::int64_t most_lag = 0;
    Time most_lag_at{};
    RecordBook::Groups bit = 0;
    /// Where its application has gone to by a seek, 0 until that is found.
    std::map<model::TopicPartition, model::Offset> sought;
    bool resets_to_latest = false;
    bool read_committed = false;
    std::set<model::TopicPartition> moved;  ///< Their lags may have changed: changed_lags().
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
  /// The same of those whose lag may have changed since this was asked last. Of a partition that is
  /// new it says nothing.
  std::vector<std::pair<model::TopicPartition, std::int64_t>> changed_lags(
      const std::string& group);
  /// Whether the broker's log has that record at that offset.
  bool holds(model::BrokerId broker, const model::TopicPartition& name, model::Offset offset,
             model::RecordRef record) const;
  /// Acknowledged records of the partition that nobody can read yet: above the high watermark.
  std::int64_t unreadable(const model::TopicPartition& name) const;
  /// Of all partitions that have some.
  std::map<model::TopicPartition, std::int64_t> all_unreadable();
  /// Acknowledged records of the topics that are not lost and that the group has not processed;
  /// with read_committed without those of aborted transactions.
  struct Unread {
    std::int64_t records = 0;
    std::int64_t waiting = 0;  ///< Those of them that it could read now.
    Time since = never;        ///< When the first of these was acknowledged.
  };
  Unread unread(const std::string& group, const std::vector<std::string>& topics) const;
  /// What clients met, by API, Kafka's name and where it came from.
  struct ErrorKey {
    std::string api;
    std::string name;
    model::ClientError::Source source = model::ClientError::Source::response;
    auto operator<=>(const ErrorKey&) const = default;
  };
  struct ErrorCount {
    std::int64_t count = 0;
    std::int64_t final = 0;  ///< That reached the application.
    Time first, last;
  };
  const std::map<ErrorKey, ErrorCount>& client_errors() const { return client_errors_; }
  const std::map<int, std::string>& zookeeper_roles() const { return zookeeper_roles_; }
  model::BrokerId controller() const { return controller_; }
  int controller_elections() const { return controller_elections_; }

  std::int64_t sent() const { return records_sent_; }
  std::int64_t acknowledged() const { return acknowledged_; }  ///< By a broker: not with acks=0.
  std::int64_t failed() const { return failed_; }
  /// By Kafka's name of the error, or of the exception where there is no code for it.
  const std::map<std::string, std::int64_t, std::less<>>& failed_by() const { return failed_by_; }
  /// Of those, the records that stand in a log at the end all the same.
  std::int64_t failed_in_log() const { return failed_in_log_; }
  std::int64_t pending() const { return sent() - acknowledged_ - sent_blindly_ - failed_; }
  std::int64_t acknowledged_by(int producer) const;
  std::int64_t sent_by(int producer) const { return book_.sent_by(producer); }
  /// Records handed to a connection with acks=0, and those of them that are in no log at the end.
  std::int64_t sent_blindly() const { return sent_blindly_; }
  std::int64_t blindly_lost() const { return blindly_lost_; }
  /// Acknowledged records of partitions that have no live leader at the end: nobody can tell.
  const std::map<model::TopicPartition, std::int64_t>& not_verifiable() const {
    return not_verifiable_;
  }
  /// Acknowledged records of topics that were deleted.
  std::int64_t deleted() const { return deleted_; }
  /// Of whose records a producer says just now that it gives them up; nothing: of nobody's.
  std::optional<model::TopicPartition> giving_up() const;
  /// Since when the record waits that has waited longest; nothing when none waits.
  std::optional<Time> oldest_pending() const { return book_.oldest_waiting(); }
  /// The first of a producer's records from number `from` on that waits for its fate; the largest
  /// of all numbers when none does.
  std::int64_t first_waiting(int producer, std::int64_t from) const {
    return book_.first_waiting(producer, from);
  }
  /// Distinct records that some group has consumed, and how often a group got one again.
  std::int64_t consumed() const { return consumed_; }
  std::int64_t redelivered() const { return redelivered_; }
  std::int64_t consumed_by(std::string_view consumer) const;
  /// The first send(), and the last send(), acknowledgment or record processed; none: nothing was.
  std::optional<Time> first_work() const { return first_work_; }
  Time last_work() const { return last_work_; }
  struct Latencies {
    LatencySketch produce;     ///< Intended to acked.
    LatencySketch send;        ///< send() to acked.
    LatencySketch end_to_end;  ///< Intended to processed, by each group.
    Latencies& operator+=(const Latencies& other);
  };
  /// Of the whole run so far.
  Latencies latencies() const;
  /// Those since the last call.
  Latencies take_recent_latencies();
  const std::vector<LostRecord>& lost() const { return lost_; }
  std::int64_t duplicates_in_log() const { return duplicates_in_log_; }
  std::int64_t reordered_in_log() const { return reordered_in_log_; }
  std::vector<Invariant> invariants() const;

  /// Which group a consumer belongs to, before it consumes anything. At most 64 groups.
  /// `resets_to_latest`: auto.offset.reset, which may jump over records before the first commit.
  /// `topics`: what the group's lag is of.
  void declare_consumer(std::string consumer, std::string group, bool resets_to_latest,
                        const std::vector<std::string>& topics, bool read_committed = false);
  /// Whose loss is a broken promise: producers with acks=all.
  struct Producer {
    bool wants_all = false;   ///< acks=all
    bool idempotent = false;  ///< enable.idempotence, and brokers remember it for long enough.
  };
  /// `topic`: where its records go.
  void declare_producer(int producer, Producer wants, const std::string& topic);
  /// The producer of a stream processor's results.
  void note_derived(const model::DerivedRecords& derived) { streams_.note_derived(derived); }
  void declare_stream(int producer, const std::string& group, bool exactly_once);
  std::map<std::string, StreamBook::Verdict> streams() const { return streams_.verdicts(); }

 protected:
  sim::World& world() const { return world_; }
  const model::ClusterContext* context() const { return context_; }

 private:
  struct Acknowledgment {
    model::RecordRef record;
    Time when;
    model::LeaderEpoch epoch = log::no_epoch;
    Acknowledgment after(std::int64_t n) const {
      return {{record.producer, record.number + n}, when, epoch};
    }
    model::RecordRun run(std::int64_t count) const {
      return {record.producer, record.number, count};
    }
    bool operator==(const Acknowledgment&) const = default;

    static constexpr std::size_t words = 4;
    void to_words(std::uint64_t* to) const;
    static Acknowledgment from_words(const std::uint64_t* from);
  };
  using Acknowledgments = PackedRangeMap<Acknowledgment>;  ///< By offset.
  /// Offsets that a leader appended in one epoch, without a gap.
  struct AppendedRange {
    model::LeaderEpoch epoch;
    model::Offset first;
    model::Offset end;
    model::BrokerId broker;
  };
  /// Who led in an epoch, from which offset on.
  struct Reign {
    model::LeaderEpoch epoch;
    model::BrokerId broker;
    model::Offset start;
  };
  /// Acknowledged by a leader that had been deposed and did not know it yet.
  struct FencedAcknowledgment {
    model::Offset offset;  ///< Of the first.
    std::int64_t count;
    Acknowledgment ack;
    model::BrokerId broker;
  };
  /// What a high watermark has passed.
  struct CommittedBatch {
    std::uint32_t checksum = 0;
    model::LeaderEpoch epoch = log::no_epoch;
    std::size_t power_losses = 0;  ///< That there had been before it was written.

    static constexpr std::size_t words = 3;
    void to_words(std::uint64_t* to) const;
    static CommittedBatch from_words(const std::uint64_t* from);
  };
  using Committed = PackedRangeMap<CommittedBatch>;  ///< By offset.
  using Loss = LostRecord::Kind;
  /// Of a compacted topic's partition.
  struct Keys {
    static constexpr model::Offset not_judged = std::numeric_limits<model::Offset>::max();
    /// Of each key that a high watermark has passed: where it was written last. Looked up only.
    std::unordered_map<std::string, model::Offset> last;
    NumberSet gone;             ///< Offsets that some replica has dropped.
    model::Offset cleaned = 0;  ///< Above it no replica was compacted.
  };

  Invariant& invariant(std::string_view name);
  void violate(std::string_view name, Phrase why);
  /// Of what would have broken the invariant and was allowed.
  void exempt(std::string_view name, Exempted what, std::int64_t count);
  /// The record that these bytes are, read at that offset; nothing when nobody sent them.
  std::optional<model::RecordRef> identify(
      const model::TopicPartition& name, model::Offset offset, log::ByteView value,
      const std::function<bool(model::RecordRef)>& is_fresh) const;
  std::vector<model::RecordRun> identify(const model::ConsumedRecords& consumed,
                                         RecordBook::Groups group) const;
  void declare_readers();
  void note_read_committed(const model::ConsumedRecords& consumed, std::string_view group);
  struct Holder {
    model::BrokerId broker;
    const model::Partition* replica = nullptr;  ///< nullptr: nobody who is up has it.
  };
  Holder who_has(const model::TopicPartition& name, model::Offset end) const;
  bool has_any(const Holder& holder, model::Offset from, model::Offset to) const;
  void note_gap(const std::string& group, GroupView& view, const model::TopicPartition& name,
                model::Offset from, model::Offset to);
  bool commits_may_be_lost(Time since) const;
  bool is_commit_lost(const GroupView& group, const model::TopicPartition& name,
                      model::Offset found);
  const Acknowledgments* acknowledgments_of(const model::TopicPartition& name) const;
  bool wants_all(int producer) const;
  void note_committed(const model::TopicPartition& name, const model::Partition& replica,
                      model::Offset from, model::Offset to);
  void note_uncommitted();
  std::size_t losses_before(const model::TopicPartition& name, const log::BatchMark& batch,
                            std::size_t losses) const;
  void note_readable(PartitionView& view, const model::TopicPartition& name, model::Offset from,
                     model::Offset to);

  // Groups (ledger_groups.cpp)
  void note_lag(const model::TopicPartition& name, model::Offset from, model::Offset to);
  void note_position(GroupView& group, const model::TopicPartition& name, model::Offset next) const;
  model::Offset readable_end(const model::TopicPartition& name, bool read_committed = false) const;
  static model::Offset reads_from(const GroupView& group, const model::TopicPartition& name);

  // Compaction (ledger_compaction.cpp)
  void note_keys(const model::TopicPartition& name, const log::Records& records);
  void forget_keys(const model::TopicPartition& name, model::Offset end);
  void check_removed(const model::CompactedSegments& compacted, const log::BatchView& batch,
                     const log::RecordView& record, const Keys& keys);
  void check_horizon(const model::CompactedSegments& compacted, const model::Partition& replica,
                     model::Offset tombstone, log::Timestamp horizon);
  void for_each_left(const model::TopicPartition& name, model::Offset from, model::Offset to,
                     const std::function<void(model::Offset, model::Offset)>& f) const;
  model::Offset cleaned_up_to(const model::TopicPartition& name) const;

  // Deletions (ledger_deletions.cpp)
  void check_deleted(const model::DeletedRecords& deleted, const model::Partition& replica,
                     const log::BatchMark& batch, log::Timestamp newest);
  void note_deleted_unread(const std::string& id, GroupView& group,
                           const model::TopicPartition& name, model::Offset from, model::Offset to);
  void note_deleted_unread();

  // Transactions (ledger_transactions.cpp)
  /// Nothing but markers, and for read_committed records of aborted transactions, stands there.
  bool is_passed_over(const Holder& holder, model::Offset from, model::Offset to,
                      bool read_committed) const;
  void judge_streams();
  void look_for_aborted(const GroupView& group, const model::ConsumedRecords& consumed);
  /// Offsets of its leader's log that no group with read_committed is ever given.
  NumberSet aborted_in(const model::TopicPartition& name) const;

  // Losses (ledger_losses.cpp)
  /// A later leader began without that offset.
  bool is_superseded(const model::TopicPartition& name, const AppendedRange& range,
                     model::Offset offset) const;
  const AppendedRange* appended_by(const model::TopicPartition& name, model::Offset offset,
                                   model::RecordRef record) const;
  /// Reads a broker's logs so that this costs its disks nothing.
  void quietly(model::BrokerId broker, const std::function<void()>& look) const;
  /// "broker-2 (down) and broker-3 had it", or that no other replica did.
  Phrase holders(const model::TopicPartition& name, model::Offset offset, model::RecordRef record,
                 model::BrokerId except) const;
  void note_losses(const model::TopicPartition& name, model::BrokerId leader, model::Offset from);
  void note_loss(const model::TopicPartition& name, model::Offset offset, std::int64_t count,
                 const Acknowledgment& ack, Loss kind, Phrase why);
  /// Calls `f(offset, count, ack of the first)` for what is told of in one sentence: a record, or
  /// those of a phantom batch.
  template <class F>
  void for_each_told(model::Offset offset, std::int64_t count, const Acknowledgment& ack,
                     F f) const {
    const std::int64_t at_once = book_.is_phantom(ack.record) ? count : 1;
    for (std::int64_t n = 0; n < count; n += at_once) f(offset + n, at_once, ack.after(n));
  }
  bool has_happened(const std::map<sim::MachineId, Time>& last, model::BrokerId broker,
                    Time since) const;
  bool lost_power(model::BrokerId broker, Time since) const {
    return has_happened(power_lost_, broker, since);
  }
  Time answered_at(model::BrokerId broker) const;
  bool started(model::BrokerId broker, Time since) const {
    return has_happened(started_, broker, since);
  }
  /// Since when power losses count for what was committed after so many of them.
  Time next_power_loss(std::size_t power_losses) const {
    return power_losses < power_losses_.size() ? power_losses_[power_losses] : never;
  }
  Loss kind_of_loss(const model::TopicPartition& name, model::BrokerId leader, Time since) const;
  Phrase explain(const model::TopicPartition& name, model::Offset offset, const Acknowledgment& ack,
                 Loss kind) const;
  Phrase explain_fenced(const model::TopicPartition& name, const FencedAcknowledgment& ack,
                        bool truncated) const;
  void judge_losses();

  // The end (ledger_end.cpp)
  void look_at(const model::TopicPartition& name, const model::Partition& replica,
               model::Offset upto, FoundInLog& found,
               const model::DeletedRecords* deleted = nullptr);
  void note_missing(const model::TopicPartition& name, model::Offset log_start,
                    const FoundInLog& found);
  Duration oldest_unreadable(const model::TopicPartition& name) const;
  void compare_committed(const model::TopicPartition& name, model::BrokerId broker,
                         const model::Partition& leader);
  void compare_with_log(const model::TopicPartition& name, const model::Partition& leader);
  void find_in(const model::TopicPartition& name, const log::BatchView& batch, PartitionView& view,
               FoundInLog& found);
  void note_found(const model::TopicPartition& name, model::Offset offset,
                  const model::RecordRun& run, std::int64_t producer_id, PartitionView& view,
                  FoundInLog& found);
  /// Of that run so many records are copies, so many out of order.
  void judge_idempotence(const model::TopicPartition& name, const model::RecordRun& run,
                         std::int64_t copies, std::int64_t reordered);
  void forget_found_losses(const model::TopicPartition& name, const FoundInLog& found);
  void compare_replicas(const model::TopicPartition& name);

  sim::World& world_;
  ReplicaFinder find_replica_;
  std::vector<model::Observer*> listeners_;
  QuietReading read_quietly_;
  const model::ClusterContext* context_ = nullptr;
  CommitsEnd commits_end_ = CommitsEnd::by_power_loss;
  Duration offsets_retention_ = max_duration;
  ElectionCallback on_leadership_;
  std::map<std::string, Invariant, std::less<>> invariants_;
  RecordBook book_;
  StreamBook streams_;
  std::map<model::TopicPartition, Acknowledgments> acknowledgments_;
  /// What was acknowledged of others can be read: only these are looked at, however many there are.
  std::set<model::TopicPartition> maybe_unreadable_;
  std::map<model::TopicPartition, std::vector<AppendedRange>> appended_;
  std::map<model::TopicPartition, std::vector<Reign>> reigns_;
  std::map<model::TopicPartition, std::vector<FencedAcknowledgment>> fenced_;
  /// Where each replica's log ends, or ended when its broker was heard of last.
  std::map<std::pair<model::TopicPartition, model::BrokerId>, model::Offset> log_ends_;
  /// Acknowledged at an offset that another record was acknowledged at later.
  struct Displaced {
    model::Offset offset;
    std::int64_t count;
    Acknowledgment ack;
  };
  std::map<model::TopicPartition, std::vector<Displaced>> displaced_;
  std::map<model::TopicPartition, Committed> committed_;
  std::map<model::TopicPartition, Keys> keys_;
  std::map<model::TopicPartition, FoundInLog> found_;        ///< In what was deleted since.
  std::map<model::TopicPartition, sim::EventId> deletions_;  ///< The last of each.
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
  std::map<ErrorKey, ErrorCount> client_errors_;
  std::map<int, std::string> zookeeper_roles_;
  std::map<std::int64_t, std::uint64_t> zookeeper_history_;
  std::map<int, Producer> producers_;
  struct Decided {
    bool committed = false;
    std::set<model::TopicPartition> without_marker;
  };
  std::map<std::int64_t, Decided> decided_;      ///< Its last transaction, by producer id.
  std::map<std::int64_t, std::int16_t> epochs_;  ///< In force for transactional producers.
  std::map<int, std::string> topic_of_;          ///< By producer.
  std::map<int, std::int64_t> acknowledged_by_;
  model::BrokerId controller_;
  int controller_elections_ = 0;
  std::optional<Time> first_work_;
  Time last_work_{};
  std::int64_t records_sent_ = 0;
  std::int64_t acknowledged_ = 0;
  std::int64_t failed_ = 0;
  std::int64_t failed_in_log_ = 0;
  std::int64_t deleted_ = 0;
  struct GivingUp {
    Time when{};
    std::optional<model::TopicPartition> partition;
  };
  GivingUp giving_up_;  ///< Of whose records a producer told last that it gives them up.
  std::map<std::string, std::int64_t, std::less<>> failed_by_;
  std::int64_t consumed_ = 0;
  std::int64_t redelivered_ = 0;
  std::int64_t duplicates_in_log_ = 0;
  std::int64_t reordered_in_log_ = 0;
  std::int64_t sent_blindly_ = 0;
  std::int64_t blindly_lost_ = 0;
  std::map<model::TopicPartition, std::vector<model::RecordRun>> blind_;
  /// By producer: what was under way when its leader had forgotten sequences.
  std::map<std::pair<model::TopicPartition, int>, NumberSet> forgotten_;
  std::map<model::TopicPartition, std::int64_t> not_verifiable_;
  std::map<sim::MachineId, Time> power_lost_;  ///< Last time, by host.
  std::vector<Time> power_losses_;             ///< All dates at which there were any.
  /// Up to where a leader's log went when the power was lost for the `loss`-th time.
  struct Uncommitted {
    std::size_t loss;
    model::LeaderEpoch epoch;
    model::Offset end;
  };
  std::map<model::TopicPartition, std::vector<Uncommitted>> uncommitted_;
  std::map<sim::MachineId, Time> started_;  ///< A process of it, last time.
  Latencies recent_;                        ///< Since they were taken last,
  Latencies older_;                         ///< and before.
  std::vector<LostRecord> lost_;
};

}  // namespace brokerlab::scenarios
