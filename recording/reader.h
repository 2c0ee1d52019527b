// Reads a recording (recording/recording.h has the format): what the viewer, `trace` and `why`
// stand on.
//
// One class over 400 lines: a query and its row each.
// Lifetime: owns its connection; returned values are copies.
// Threads:  none. Several readers may have one file open.
// Errors:   open() says what is wrong with the file. After that a damaged file yields fewer rows,
//           never a crash; read_error() tells.
#pragma once

#include "base/result.h"
#include "base/units.h"
#include "recording/recording.h"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace brokerlab::recording {

struct RecordedMachine {
  int id = 0;
  std::string name;
  std::string role;  ///< broker | zookeeper | client
};

struct RecordedProcess {
  int id = 0;
  int machine = 0;
  std::string name;
  std::string kind;  ///< broker | zookeeper | producer | consumer | admin
  int number = 0;    ///< broker.id, ZooKeeper's myid, member number
};

struct RecordedPartition {
  int id = 0;
  std::string topic;
  int number = 0;
  bool internal = false;

  std::string name() const;  ///< "jnu_wifi_auth-3"
};

struct RecordedEvent {
  std::int64_t id = 0;
  Time t{};
  std::string kind;
  EventLevel level = EventLevel::detail;
  std::optional<int> machine;
  std::optional<int> partition;
  std::optional<std::int64_t> cause;
  std::string en;
  std::string ko;
  std::string detail;  ///< JSON object text.
};

struct RecordedMessage {
  std::int64_t id = 0;
  Time sent{};
  std::optional<Time> arrived;
  int source = 0;
  int destination = 0;
  std::string kind;
  Bytes size{};
  std::optional<std::int64_t> exchange;  ///< Shared with its response or request.
};

struct RecordedMetric {
  int id = 0;
  std::string name;
  std::optional<int> machine;
  std::optional<int> partition;
  std::string label;
  std::string unit;
};

struct Sample {
  Time t{};
  double value = 0;
};

struct RecordedInvariant {
  std::string name;
  bool held = false;
  std::int64_t checked = 0;
  std::string detail;
};

struct RecordedLostRecord {
  int partition = 0;
  std::int64_t offset = 0;
  std::string record_id;
  Time acknowledged{};
  std::string why;
};

/// subject -> attribute -> value, as in the fact table.
using Facts = std::map<std::string, std::map<std::string, std::string>>;

/// The cluster at one instant. What no fact has told yet is absent from the maps.
struct ClusterState {
  struct Broker {
    bool controller = false;
    bool registered = false;
  };
  struct Partition {
    int leader = -1;  ///< broker.id; -1: offline.
    int epoch = -1;
    std::vector<int> isr;
    std::vector<int> replicas;
    std::optional<std::int64_t> high_watermark;
  };
  struct Group {
    std::string state;
    int generation = -1;
    std::vector<std::string> members;
    std::optional<std::int64_t> lag;
  };

  /// Of how many others packets reach a machine, and it them.
  enum class Reach { all, some, none };
  struct Paths {
    Reach peers = Reach::all;
    Reach clients = Reach::all;
    bool lossy = false;
    bool late = false;
  };

  std::map<int, bool> machine_on;       ///< by machine id
  std::map<int, Paths> paths;           ///< by machine id; nobody before the network's first fault
  std::map<int, bool> process_running;  ///< by process id
  std::map<int, Broker> brokers;        ///< by broker.id
  std::map<int, std::string> zookeeper_role;                   ///< by myid
  std::map<int, Partition> partitions;                         ///< by partition id
  std::map<std::pair<int, int>, std::int64_t> log_end_offset;  ///< by (partition id, broker.id)
  std::map<std::string, Group> groups;
  std::map<std::string, std::vector<int>> assignment;  ///< consumer name -> partition ids
};

/// Facts that make no sense (a leader that is no number) are left out.
ClusterState to_cluster_state(const Facts& facts);

class Reader {
 public:
  /// The error is one sentence for the user: no such file, not a recording, another format version.
  static Result<Reader, std::string> open(const std::string& path);
  /// The same of a recording that may still be written (recording.h, step()); one that is finished
  /// is read as it is, also when it is finished meanwhile.
  static Result<Reader, std::string> open_growing(const std::string& path);
  Reader(Reader&&) noexcept;
  Reader& operator=(Reader&&) noexcept;
  ~Reader();

  /// Of a recording that grows: up to where everything is there by now. Nothing: it is whole.
  std::optional<Time> recorded_until() const;

  std::string meta(std::string_view key) const;  ///< "" when absent.
  Duration duration() const;                     ///< Of the run; 0 when unknown.
  Scope scope() const;                           ///< What was kept; a file that is silent: all.

  std::vector<RecordedMachine> machines() const;
  std::vector<RecordedProcess> processes() const;
  std::vector<RecordedPartition> partitions() const;

  /// Events with from <= t <= to in order of (t, id), of this level or a weightier one (fault, then
  /// control, then detail).
  std::vector<RecordedEvent> events(EventLevel down_to = EventLevel::control, Time from = Time{},
                                    Time to = never) const;
  std::optional<RecordedEvent> event(std::int64_t id) const;
  /// The event, what caused it, what caused that ..., up to the root. Empty for an unknown id; a
  /// damaged file's circle is cut where it closes.
  std::vector<RecordedEvent> causes(std::int64_t id) const;

  /// Every fact valid at t, facts of t itself included. Reads one keyframe and no more facts than
  /// stand between two, so it costs as much late in a long run as early in a short one.
  Facts facts_at(Time t) const;
  ClusterState state_at(Time t) const { return to_cluster_state(facts_at(t)); }

  /// Messages with from <= sent <= to, in order of (sent, id). Where there are more than `limit`,
  /// thinned to about that many or fewer by a hash of the id: a message stays or goes for a given
  /// power of two, so a moving window does not flicker.
  std::vector<RecordedMessage> messages(Time from, Time to, int limit) const;
  /// Messages under way at t: sent <= t, and not arrived, or arrived no earlier than t. A lost
  /// message and one that flew shorter count as under way for `at_least`. Thinned as messages().
  std::vector<RecordedMessage> messages_in_flight(Time t, int limit,
                                                  Duration at_least = Duration{}) const;

  std::vector<RecordedMetric> metrics() const;
  std::vector<Sample> series(int metric) const;  ///< In order of time.

  std::vector<RecordedInvariant> invariants() const;
  std::vector<RecordedLostRecord> lost_records() const;

  /// The first error of SQLite while reading (a damaged file), or nothing.
  const std::optional<std::string>& read_error() const;

 private:
  struct State;
  static Result<Reader, std::string> open_file(const std::string& path, bool may_grow);
  explicit Reader(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace brokerlab::recording
