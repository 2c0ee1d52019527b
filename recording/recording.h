// The recording: everything worth seeing of one run, in one SQLite file. This is the writer.
//
// The file is the contract between a run, the viewer (viz/), `trace`, `why` and students' own SQL.
// Format 2; times are integer nanoseconds of simulated time:
//
//   meta(key, value)               format=2, name, title_en, title_ko, scenario_json, seed,
//   version,
//                                  starts_at ("08:55:00"), duration_ns, fingerprint, verdict
//                                  (pass|fail|unknown), verdict_reason, summary_json; the writer
//                                  adds longest_flight_ns
//                                  topology_json, of a run that has one: areas (name, kind: rack |
//                                  zone | data_center, parent: place in the list or -1, switches,
//                                  of a rack its machines) and lines (a, b: places of data centres)
//                                  record_level (all|sampled|control|none): what was kept.
//                                  all: everything. sampled: one exchange and one chain of detail
//                                  events in record_sample. control: no messages, and of detail
//                                  events only the causes of others. none: no events, facts,
//                                  samples or messages. Between record_from_ns and
//                                  record_until_ns, where given, all is kept
//   machine(id, name, role)        role: broker | zookeeper | client | program, which is none of
//   the
//                                  cluster's | host, which others share (fact machine/<id>: host)
//   process(id, machine, name, kind, number)
//                                  kind: broker | zookeeper | producer | consumer | admin | program
//                                  number: broker.id, ZooKeeper's myid, member number
//   partition(id, topic, number, internal)
//   event_kind(id, name, level)    level: fault | control | detail
//   event(id, t, kind, machine, partition, cause, en, ko, detail)
//                                  cause: the event that led to this one; en, ko: one sentence
//                                  each; detail: a JSON object of strings and numbers
//   fact(id, t, subject, attribute, value)
//                                  every change of a watched state variable, numbered from 1 in
//                                  order of time; several at one instant count in the order of id
//   keyframe(fact, t, facts)       JSON {subject: {attribute: value}}: what was valid once the fact
//                                  of that id, told at t, was; so the state at an instant is the
//                                  last keyframe and the few facts behind it. One follows as many
//                                  facts as it holds itself, but no less than 4,096: a rebuild
//                                  reads at most twice the state (or 4,096 facts more) however busy
//                                  the run is, keyframes never outgrow the facts, and a quiet
//                                  stretch has none
//   metric(id, name, machine, partition, label, unit), sample(metric, t, value)
//   message(id, sent, arrived, source, destination, kind, bytes, exchange)
//                                  source, destination: machine ids; arrived NULL: lost. Ids follow
//                                  the order of writing, not of sending. exchange: a request and
//                                  its response share it
//   invariant(name, held, checked, detail)
//   lost_record(partition, offset, record_id, acknowledged, why)
//
// Metrics in use, a sample a second of simulated time: recording/metric_names.h has all of them,
// with what Kafka calls them (docs/reference_metrics.md). Only records-lag, of a partition, is told
// when it has changed, and holds until the next: there may be many of them.
//
// Facts in use, subject: attribute=value. Lists are joined by commas without blanks.
//
//   machine/<id>: power=on|off, host=<machine id> of one that shares it with others; once the
//                 network has had a fault: peers, clients=all|some|none, how many of the brokers
//                 and ZooKeeper servers, and of the clients, packets get to and from (clients have
//                 only peers); lossy, late=true|false, whether packets to or from some of them are
//   process/<id>: state=running|stopped
//   broker/<broker.id>: controller=true|false, registered=true|false
//   zookeeper/<myid>: role=leader|follower|looking|down
//   partition/<id>: leader=<broker.id or -1>, epoch, isr=<1,2,3>, replicas=<1,2,3>, hw=<offset>
//   replica/<partition id>/<broker.id>: leo=<offset>
//   group/<name>: state=<as Kafka's GroupState>, generation, members=<consumer names>, lag
//   assignment/<consumer name>: partitions=<partition ids>
//
// A file is written under "<path>.writing", locked, and renamed by finish()
// (base/file_replacement.h), so a file of the final name is always whole, and two runs never write
// into one. What a killed run leaves under the other name has no longest_flight_ns: readers refuse
// it. Same calls, same content.
//
// A recording that grows (Options::grows) may be read under that other name meanwhile, by who asks
// for it (Reader::open_growing): what step() has committed, whole, up to the instant
// recorded_until_ns; flight_so_far_ns stands for longest_flight_ns. finish() takes both away.
//
// One class over 400 lines: a statement and its values each.
// Lifetime: owns its file; a Recording destroyed without finish() removes what it wrote.
// Threads:  none.
// Errors:   create() and finish() return them. In between the first error (the disk is full) is
//           kept, later rows are dropped, and finish() returns it; error() tells early. Rows that
//           contradict the contract (time running backwards in facts, duplicate ids) are our bugs.
// Cost:     about a microsecond a row; rows go out in transactions of some ten thousand.
#pragma once

#include "base/result.h"
#include "base/units.h"
#include "recording/scope.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace brokerlab::recording {

inline constexpr int recording_format = 2;

enum class EventLevel { fault, control, detail };
std::string_view to_text(EventLevel level);

/// What an event carries beside its sentences, written as a JSON object in the given order.
using EventDetails =
    std::vector<std::pair<std::string, std::variant<std::string, std::int64_t, double>>>;

struct EventRow {
  /// Nothing: the recording numbers it, one above the highest so far.
  std::optional<std::int64_t> id{};
  Time t{};
  std::string_view
      kind{};  ///< "partition.leader_elected"; a new name is declared by its first use,
  EventLevel level = EventLevel::detail;  ///< with this level.
  std::optional<int> machine{};
  std::optional<int> partition{};
  std::optional<std::int64_t> cause{};
  std::string_view en{};
  std::string_view ko{};
  EventDetails details{};
};

struct MessageRow {
  Time sent{};
  std::optional<Time> arrived{};  ///< Nothing: lost, sent into silence.
  int source = 0;                 ///< Machine ids.
  int destination = 0;
  std::string_view kind{};  ///< "Produce", "Fetch response", "ZooKeeper ping" ...
  Bytes size{};
  std::optional<std::int64_t> exchange{};
};

struct LostRecordRow {
  int partition = 0;
  std::int64_t offset = 0;
  std::string_view record_id{};
  Time acknowledged{};
  std::string_view why{};
};

struct Options {
  std::int64_t keyframe_after = 4096;  ///< Facts between two keyframes, at least.
  bool grows = false;  ///< May be read while it is written. A row costs its indexes at once.
};

class Recording {
 public:
  /// Starts a recording that finish() will put at `path`, replacing a recording that is there. A
  /// file that is something else, a folder, or one that another run is writing is left alone: an
  /// error.
  static Result<Recording, std::string> create(const std::string& path, Options options = {});
  Recording(Recording&&) noexcept;
  Recording& operator=(Recording&&) noexcept;
  ~Recording();

  void meta(std::string_view key, std::string_view value);  ///< The last value of a key stays.
  void scope(const Scope& scope);  ///< Says what the caller keeps; chooses nothing itself.

  // Who and what there is. Ids are the caller's; declare before rows refer to them.
  void machine(int id, std::string_view name, std::string_view role);
  void process(int id, int machine, std::string_view name, std::string_view kind, int number);
  void partition(int id, std::string_view topic, int number, bool internal);

  /// Returns the id of the event, to be the cause of others.
  std::int64_t event(const EventRow& row);

  /// Says that a state variable has this value from t on; t never runs backwards between calls.
  /// Writes nothing when the value is already that.
  void fact(Time t, std::string_view subject, std::string_view attribute, std::string_view value);

  /// Declares a metric, returns its id for sample().
  int metric(std::string_view name, std::string_view unit, std::string_view label = {},
             std::optional<int> machine = {}, std::optional<int> partition = {});
  void sample(int metric, Time t, double value);  ///< One a metric and instant; the last stays.

  void message(const MessageRow& row);
  void invariant(std::string_view name, bool held, std::int64_t checked, std::string_view detail);
  void lost_record(const LostRecordRow& row);

  /// Of a recording that grows: everything up to `until` has been written, and is to be seen now.
  /// Waits for readers, who look for moments only.
  void step(Time until);

  /// Why rows are being dropped, or nothing.
  const std::optional<std::string>& error() const;

  /// Writes out everything, builds the indexes and gives the file its name. Call once, last.
  Status<std::string> finish();

 private:
  struct State;
  explicit Recording(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace brokerlab::recording
