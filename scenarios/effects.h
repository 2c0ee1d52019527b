// Effects: what each fault did, as far as the evidence goes.
//
// A fault has bitten when it changed somebody's work before it was over, that is, healed or
// restarted and its effects settled. The evidence, the weightiest first:
//
//   events     whose chain of causes goes back to the fault: lost records, failed sends, leaderless
//              partitions, expired sessions, elections, ISR changes, rebalances, broken requests
//              ...
//   outages    of partitions, or of ZooKeeper's quorum, that began when the fault struck, 100 ms or
//              longer, but for those of paths alone: nobody may have wanted to go there
//   gone       a broker that held a replica, or was the controller, is still down at the end
//   messages   that the fault lost or delayed, as the network tells of each (Transfer::trouble).
//              Only those that carry work: pings, heartbeats, and fetches while nobody writes, wait
//              anyway. A delay under 1 ms, or under a tenth of the message's way, is noise
//   processes  that stood still or were down: what came for them meanwhile; rows that waited for a
//              producer longer than for its next poll; records that a consumer would have
//              processed in that time, of those that wait for it
//   disks      operations harmed while records or transactions were written there, 1 ms in all
//   clocks     time stamps that were wrong by 1 ms or more
//   bits       somebody met the damage: a reader, a recovery, the comparison of replicas at the end
//
// A fault that is in force when the run ends is judged by what it did up to then.
//
// Of two faults that overlap each has what is because of it: an event belongs to the fault nearest
// in its chain, a message to the one that delayed it most, a send that waited to the one that did
// something to its partition or its producer last. What is found when a fault is undone (records
// lost, a log cut) belongs to the fault, and waits that end then; what happens to get things going
// again (elections, an ISR that grows) does not.
//
// Not evidence: the death of the victim itself, its idle connections, the session of a broker that
// holds no replica and is no controller. A fault with nothing else met no work.
//
// Every clause of a report's line about a fault stands in docs/reference_report.md.
//
// Lifetime: borrows what it is made of; made before the run starts. Threads: none. Watching
// changes nothing in the run.
#pragma once

#include "base/phrase.h"
#include "base/range_map.h"
#include "model/observer.h"
#include "scenarios/availability.h"
#include "scenarios/cluster.h"
#include "scenarios/quorum.h"

#include <array>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace brokerlab::scenarios {

/// Shorter waits are everyday life.
inline constexpr Duration worth_telling = 100ms;

/// Kinds of evidence that are counted, in the order in which they are told.
enum class Effect {
  record_lost,
  send_failed,
  leaderless,
  unavailable,
  broker_down,
  broker_gone,
  no_quorum,
  ensemble,
  zookeeper_lost,
  session_expired,
  controller_elected,
  leader_elected,
  isr_shrunk,
  isr_refused,
  below_min_isr,
  truncated,
  recovered,
  left_group,
  rebalanced,
  coordinator_moved,
  coordinator_lost,
  request_broken,
  unreachable,
  error_answered,
  damage_met,
  message_lost,
  message_late,
  rows_waited,
  records_waited,
  disk_slow,
  disk_lied,
  disk_refused,
  disk_failed,
  stamped,
  count_of_them,
};

class Effects final : public model::Observer {
 public:
  using FaultIndex = std::size_t;

  Effects(sim::World& world, Cluster& cluster, Ledger& ledger, const Availability& availability,
          const Quorum& quorum);

  // --- What the plan says ---

  /// Events without a cause belong to this fault until the next call; nothing: to nobody's.
  void doing(std::optional<FaultIndex> fault);
  /// That fault undoes the harm of another one.
  void undoes(FaultIndex fault, FaultIndex undone) { undone_by_[fault] = undone; }
  /// A process of the machine is silent because of the fault, until then or until it is undone.
  void silenced(FaultIndex fault, const Cluster::Member& member, Time until);
  void speaks_again(const Cluster::Member& member);
  /// How often something was harmed, as `count` tells; only while the fault is in force, and only
  /// if every one of `if_grown` has grown meanwhile.
  using Count = std::function<std::int64_t()>;
  std::size_t watch(FaultIndex fault, Effect effect, Count count, std::vector<Count> if_grown = {});
  void in_force(std::size_t watch);
  void covered(std::size_t watch);
  /// A bit of a log in this directory ("orders-3") of a machine was flipped.
  void damaged(FaultIndex fault, sim::MachineId machine, std::string directory);
  /// How often records or transactions were written on that host so far, or read there.
  std::int64_t worked(const sim::Host& host) const;

  // --- What it found ---

  struct Found {
    bool bit = false;
    std::vector<Phrase> told;  ///< A few words for each kind of evidence; the weightiest first.
  };
  /// Once the run is over and availability and quorum are finished.
  Found of(FaultIndex fault) const;

  // --- What it hears ---

  void on_sent(const model::SentRecords& sent) override;
  void on_acknowledged(const model::RecordRun&, const model::TopicPartition&,
                       model::Offset) override;
  void on_send_failed(const model::RecordRun&, model::ErrorCode, std::string_view) override;
  void on_client_error(const model::ClientError& error) override;
  void on_consumed(const model::ConsumedRecords& consumed) override;
  void on_leader_append(model::BrokerId, const model::TopicPartition&, model::LeaderEpoch,
                        model::Offset first, model::Offset end, std::int64_t bytes) override;
  void on_log_end(model::BrokerId, const model::TopicPartition&, model::Offset end) override;
  void on_zookeeper_applied(int myid, std::int64_t zxid, std::uint64_t hash) override;

 private:
  struct Tally {
    std::array<std::int64_t, static_cast<std::size_t>(Effect::count_of_them)> counts{};
    std::array<Duration, static_cast<std::size_t>(Effect::count_of_them)> longest{};
    std::vector<std::string> sessions;  ///< Of whom, each once, and whether that counts.
    bool a_session_counts = false;
    std::vector<std::string> brokers_down, brokers_gone, left, lost_zookeeper;
    std::set<std::string> errors;  ///< "Fetch FENCED_LEADER_EPOCH": as clients' errors are listed.
    std::string damage;
    Duration producer_waited{0};
    Duration consumer_waited{0};
    std::map<sim::MachineId, Time> touched;  ///< When last.
    std::map<sim::PartitionId, Time> touched_partition;
  };
  struct Silent {
    FaultIndex fault;
    sim::MachineId machine;
    Role role;
    std::string name;
    std::size_t spec;
    std::vector<model::TopicPartition> assigned;  ///< To a consumer, when it fell silent.
    Time begin;
    Time until;
    bool stands_still;  ///< What comes for it waits; else it is lost.
  };
  struct Watched {
    FaultIndex fault;
    Effect effect;
    std::vector<Count> counts;  ///< The harm, then what must have grown.
    std::vector<std::int64_t> counted;
    std::optional<std::vector<std::int64_t>> before;
    std::vector<std::int64_t> now() const;
  };
  struct Damage {
    FaultIndex fault;
    sim::MachineId machine;
    std::string directory;
  };

  void on_event(const sim::Event& event);
  void on_transfer(const sim::Transfer& transfer, std::map<FaultIndex, Tally>& tallies) const;
  void on_undelivered(const sim::Transfer& transfer, std::map<FaultIndex, Tally>& tallies) const;
  std::optional<FaultIndex> fault_of(sim::EventId event) const;
  /// The fault behind one that undoes it, for what shows only then.
  FaultIndex behind(FaultIndex fault) const;
  Tally& tally(FaultIndex fault) { return tallies_[fault]; }
  void count(Tally& tally, const sim::Event& event);
  void count_of_broker(Tally& tally, const sim::Event& event);
  void count_of_group(Tally& tally, const sim::Event& event);
  void note_found(Tally& tally, const sim::Event& event) const;
  /// An election may leave members of the ISR out.
  bool shrinks_isr(const sim::Event& election) const;
  /// The fault that had a hand in it that a record of that producer, sent then, waits.
  std::optional<FaultIndex> behind_wait(int producer,
                                        const std::vector<model::TopicPartition>& partitions,
                                        Time sent) const;
  void note_wait(const model::RecordRun& run, const std::vector<model::TopicPartition>& partitions);
  std::vector<model::TopicPartition> partitions_of(int producer) const;
  void add_pending(FaultIndex fault, Tally& tally) const;
  void add_outages(FaultIndex fault, Tally& tally) const;
  void note_damage(const sim::Event& event);
  bool holds_anything(std::string_view machine) const;
  bool carries_work(const sim::Transfer& transfer) const;
  const Cluster::Member* consumer_in(const sim::Transfer& transfer) const;
  bool commits_anything_new(const Cluster::Member& consumer, Time sent) const;
  void end_silences(const std::function<bool(const Silent&)>& which);
  void end_silence(const Silent& silent, Tally& tally, Time end) const;
  /// Each once.
  static void insert(std::vector<std::string>& names, std::string name);
  static void add(Tally& tally, Effect effect, std::int64_t count = 1, Duration longest = {});

  sim::World& world_;
  Cluster& cluster_;
  const Ledger& ledger_;
  const Availability& availability_;
  const Quorum& quorum_;
  std::optional<FaultIndex> doing_;
  std::map<FaultIndex, Time> struck_;
  std::map<FaultIndex, FaultIndex> undone_by_;
  std::vector<std::int32_t> fault_of_event_;  ///< By event; -1: none.
  std::map<FaultIndex, Tally> tallies_;
  std::vector<Silent> silent_;
  std::vector<Watched> watched_;
  std::vector<Damage> damages_;
  std::map<sim::MachineId, std::int64_t> worked_;
  std::map<int, RangeMap<Time>> sent_;  ///< By producer: what waits for its fate, since when.
  std::map<std::string, Time, std::less<>> last_consumed_;  ///< By consumer.
  Time last_append_ = Time{Duration::min() / 4};            ///< To any log.
  Time last_record_ = Time{Duration::min() / 4};            ///< Not to __consumer_offsets.
};

/// What a count says in a report: "14 requests broken".
std::optional<Phrase> told_as(Effect effect, std::int64_t count, Duration longest);

}  // namespace brokerlab::scenarios
