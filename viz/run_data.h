// A recording as the panels want it: what never changes (Run) and one instant of it (Moment).
//
// Lifetime: values. Errors: opening returns the reader's sentence.
#pragma once

#include "recording/reader.h"
#include "viz/text.h"
#include "viz/topology.h"
#include "viz/trouble.h"

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace brokerlab::viz {

/// A metric over the run.
struct Series {
  std::vector<recording::Sample> samples;  ///< In order of time.
  bool holds = false;                      ///< A value stays until the next one is told.

  /// The last value at or before t, if it holds or is no older than three seconds.
  std::optional<double> at(Time t) const;
  double highest() const;  ///< 0 when empty.
};

/// Curves that can be told apart in one plot.
inline constexpr std::size_t most_curves = 4;

struct Client {
  recording::RecordedProcess process;
  Series rate;
  std::string gang;  ///< Whom it is drawn with when there are many: its group, or the same name
                     ///< but for a number.
};

/// A machine without power, or a fault of the network.
struct Outage {
  std::optional<int> machine;
  Time from{};
  Time to{};
  std::string place{};  ///< Of the network: the switch or area.
};

/// Something wrong with a machine that runs on: a slow card, a wrong clock, a disk that fails, a
/// process that stands still.
struct Ailment {
  Condition what = Condition::disk_slow;
  int machine = 0;
  Time from{};
  Time to{};  ///< Behind the run's end when nothing ended it.
  std::string en;
  std::string ko;
};

/// A moment at which a presenter stops and asks.
struct PausePoint {
  Time t{};
  std::string en;
  std::string ko;

  bool operator==(const PausePoint&) const = default;
};

struct Run {
  std::string title_en;
  std::string title_ko;
  Duration starts_at{};    ///< Since midnight.
  Duration duration{};     ///< Of one that grows: as far as it is recorded.
  recording::Scope scope;  ///< What was kept.
  std::string verdict;     ///< pass | fail | unknown, or "".
  std::string verdict_reason;
  std::vector<std::string> harm_en;  ///< What was done whatever the verdict is, the worst first.
  std::vector<std::string> harm_ko;

  std::vector<recording::RecordedMachine> machines;
  std::map<int, int> host_of;                            ///< By machine, of those that share one.
  Topology topology;                                     ///< Empty: everybody on one switch.
  std::vector<recording::RecordedPartition> partitions;  ///< Without internal topics.
  std::vector<recording::RecordedProcess> brokers;
  std::vector<recording::RecordedProcess> zookeepers;
  std::vector<Client> producers;
  std::vector<Client> consumers;
  std::vector<recording::RecordedEvent> events;  ///< Faults and control, in order of time.
  std::vector<Time> moments;                     ///< Of the events, each once.
  std::vector<Time> turning_points;  ///< Of faults (not of load) and of what is red: each once.
  std::optional<Time> first_fault;   ///< Not of the load, which is no fault.
  std::optional<Time> asked_about;   ///< The moment that the scenario's lesson asks about.
  std::vector<PausePoint> pauses;    ///< Of the scenario's lesson, in order of time.
  std::vector<Outage> outages;
  std::vector<Ailment> ailments;
  std::map<int, std::string> source_of;  ///< By machine, of producers: the scenario's source.
  std::map<int, Time> first_start;  ///< By process id, of those that did not run from the start.
  struct Absence {
    int process = 0;
    Time from{};
    Time to{};  ///< Behind the run's end when it was not started again.
  };
  /// Of processes that ended by themselves, or because they were asked to: a recording's facts
  /// follow the event, and tell it only when something else happens.
  std::vector<Absence> exits;

  std::map<int, Series> nic;            ///< 0..1, by machine
  std::map<int, Series> disk;           ///< 0..1, by machine
  std::map<int, Series> partition_lag;  ///< by partition id, all groups together
  /// By partition id, each group's.
  std::map<int, std::vector<std::pair<std::string, Series>>> lag_of_groups;
  struct Lost {
    Time from{};  ///< When it became so.
    std::int64_t offset = 0;
  };
  std::map<int, std::vector<Lost>> lost;  ///< Acknowledged records, by partition id.
  Series intended;                        ///< records/s, all sources together
  Series sent;
  Series consumed;
  /// In the recording's order; of more groups than have a curve those that lag most come first.
  std::vector<std::pair<std::string, Series>> group_lag;

  const std::string& title(Language language) const;
  const std::vector<std::string>& harm(Language language) const;
  const recording::RecordedMachine* machine(int id) const;  ///< nullptr when unknown.
  /// Of the ailments of the machine, or of the host that it stands on, those that hold at t.
  std::vector<Condition> troubles(int machine, Time t) const;
  /// Of the records of a partition that are lost for good at t: how many, and where they were.
  int lost_of(int partition, Time t) const;
  std::vector<std::int64_t> lost_offsets(int partition, Time t) const;
  bool switch_is_dead(std::string_view name, Time t) const;
  bool area_is_cut(std::string_view name, Time t) const;
  /// What ails the machine at t, a line each; "" when nothing does.
  std::string ailing(int machine, Time t, Language language) const;
  /// "09:00:30", or with tenths "09:00:30.0".
  std::string wall_clock(Time t, bool tenths = false) const;
  /// Every text of the recording that may be shown.
  std::string all_text() const;
};

struct Moment {
  Time t{};
  recording::ClusterState state;
  std::vector<recording::RecordedMessage>
      flights;  ///< On the wire, or shown as if (minimum_flight).
  Duration minimum_flight{};
  std::set<int> exited{};  ///< Processes: Run::exits at t.

  bool powered(int machine) const;
  bool running(const recording::RecordedProcess& process) const;  ///< Powered and not stopped.
};

/// Brokers, servers of the ensemble, clients.
template <class See>
void each_process(const Run& run, const See& see) {
  for (const auto& process : run.brokers) see(process);
  for (const auto& process : run.zookeepers) see(process);
  for (const auto* clients : {&run.producers, &run.consumers}) {
    for (const Client& client : *clients) see(client.process);
  }
}

Run read_run(const recording::Reader& reader);
Moment read_moment(const recording::Reader& reader, const Run& run, Time t, double speed);

}  // namespace brokerlab::viz
