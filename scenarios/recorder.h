// Recorder: writes a run into a recording::Recording: events, facts, metrics, messages, verdict.
// What of it is the scenario's "recording"; selection.h has the rules.
//
// One class over 400 lines: it turns what half a dozen observers hear into rows, a few lines each.
// Lifetime: borrows the World and the Cluster; attach() before the run starts. Threads: none.
// Errors:   kept by the Recording and returned by finish().
#pragma once

#include "recording/recording.h"
#include "scenarios/cluster.h"
#include "scenarios/selection.h"

#include <map>
#include <set>
#include <string>
#include <tuple>
#include <vector>

namespace brokerlab::scenarios {

class Recorder {
 public:
  Recorder(sim::World& world, Cluster& cluster, Ledger& ledger, recording::Recording recording);

  /// Subscribes to the trace and the network and samples from now on.
  void attach();
  /// At the end, before the verdict is written: partitions that nothing was written about yet.
  void declare_partitions();
  /// At the end of a run: messages that have not arrived, as lost ones.
  void write_undelivered();
  recording::Recording& recording() { return recording_; }

 private:
  void describe_machines();
  void on_event(const sim::Event& event);
  void write_event(const sim::Event& event);
  void note_registration(const sim::Event& event);
  void on_transfer(const sim::Transfer& transfer);
  void write_facts();
  void write_reach();
  /// Whom the network lets a machine hear and be heard by.
  struct Reach {
    int all = 0;
    int reached = 0;
    bool lossy = false;
    bool late = false;
    std::string_view text() const {
      return reached == all ? "all" : reached == 0 ? "none" : "some";
    }
  };
  Reach reach_of(const sim::Machine& machine, bool of_clients) const;
  void write_partition_facts();
  /// What was told of a partition last.
  struct Told {
    std::optional<model::BrokerId> leader;  ///< Invalid: nobody.
    model::LeaderEpoch epoch{};
    std::vector<model::BrokerId> isr;
    std::vector<model::BrokerId> replicas;
    model::Offset high_watermark = -1;
    std::map<model::BrokerId, model::Offset> log_end_offset;
  };
  Told& told(sim::PartitionId id);
  void look_at_offsets();
  void write_offsets();
  void write_group_facts();
  void write_samples();
  void write_broker(const Cluster::Member& member);
  void write_idleness(std::string_view name, Duration idle, int machine);
  void write_server(const Cluster::Member& member);
  void write_clients(const Cluster::Member& member);
  void write_groups();
  void write_lags(const ConsumerSpec& consumer);
  void write_latencies();
  int metric(std::string_view name, std::string_view unit, std::string_view label,
             std::optional<int> machine = {}, std::optional<int> partition = {});
  void rate(std::string_view name, std::string_view unit, std::string_view label, double total,
            std::optional<int> machine = {});
  void write_network(const Cluster::Member& member);
  void write_disks(const Cluster::Member& member);

  sim::World& world_;
  Cluster& cluster_;
  Ledger& ledger_;
  recording::Recording recording_;
  Selection selection_;
  std::size_t partitions_declared_ = 0;
  bool facts_are_due_ = false;
  bool reach_is_due_ = false;
  std::map<sim::EventId, bool> bad_ways_;  ///< Faults that lose packets (true) or delay them.
  std::vector<Told> told_;                 ///< By partition.
  std::set<sim::MachineId> registered_;    ///< Whose node stands in ZooKeeper.
  /// What was told of a group's lags.
  struct LagsTold {
    static constexpr std::int64_t nothing = -1;
    std::vector<std::int64_t> lags;  ///< By partition.
    std::int64_t total = 0;
    std::size_t partitions = 0;  ///< So many there were.
  };
  std::map<std::string, LagsTold> lags_told_;
  std::map<std::tuple<std::string, std::string, int, int>, int> metrics_;
  std::map<int, std::pair<Time, double>> totals_;  ///< By metric: what rates are derived from.
  std::map<int, std::pair<Time, Duration>> idle_;  ///< By metric: that threads were, until then.
  std::map<std::pair<int, bool>, std::pair<double, double>> network_totals_;  ///< Moved, possible.
  std::map<std::pair<int, int>, std::pair<Time, double>> disk_totals_;        ///< Busy until then.
};

}  // namespace brokerlab::scenarios
