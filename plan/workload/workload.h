// Workload: what an architect states: topics with their rates, groups, growth, what is to be
// survived, and what is to be held meanwhile.
//
//   {"topics": [{"name": "web", "rate": {"daily": {"mean": "20k/s", "peak": "42k/s",
//                "peak_at": "20:00:00"}}, "record_size": "1.2 KB", "retention": "3d"}],
//    "groups": [{"name": "billing", "topics": ["web"], "members": 6}],
//    "survive": "zone", "zones": 3,
//    "objectives": {"p99_produce": "200ms", "drain": "5min"}}
//
// Rates, sizes and keys are said as a scenario's sources say them. A rate from a CSV file is that
// of a day. What is planned for is the peak, grown.
//
// Lifetime: values. Threads: none. Errors: every mistake is a Problem with its place; whatever the
// file holds, nothing crashes.
#pragma once

#include "base/problem.h"
#include "base/settings_fwd.h"
#include "base/units.h"
#include "model/config.h"
#include "scenarios/description.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace brokerlab::plan {

struct PlannedTopic {
  std::string name;
  scenarios::RateSpec rate;
  scenarios::RecordSizeSpec record_size;
  scenarios::KeysSpec keys;
  int replication_factor = 3;
  int min_insync_replicas = 2;
  Duration retention = 7 * 24h;
  std::optional<int> partitions;  ///< Unset: as many as the load and the groups need.
  std::optional<int> producers;   ///< Unset: one for every 10,000 records a second.
  static const Settings<PlannedTopic>& settings();
};

/// Who stood still for `after` has read what it missed `within` that time, at the peak.
struct CatchUp {
  Duration after = 10min;
  Duration within = 1h;
  static const Settings<CatchUp>& settings();
};

struct PlannedGroup {
  std::string name;
  std::vector<std::string> topics;
  int members = 1;
  Duration service_time{0};  ///< A member's for each record.
  std::optional<CatchUp> catch_up;
  static const Settings<PlannedGroup>& settings();
};

struct Growth {
  double a_year = 0;  ///< 0.3: by 30 %.
  double years = 1;
  double factor() const;
  static const Settings<Growth>& settings();
};

/// Producers' settings, of all topics.
struct ClientSettings {
  Duration linger = 5ms;
  Bytes batch_size = 64_KiB;
  model::CompressionType compression = model::CompressionType::none;
  std::string words() const;  ///< "linger.ms=5, batch.size=65536"; Kafka's own, for anybody.
  static const Settings<ClientSettings>& settings();
};

enum class Loss { nothing, broker, zone };
std::string_view to_text(Loss loss);  ///< "broker"; for programs.

struct PlanObjectives {
  Duration p99_produce = 500ms;         ///< At the peak, with what is lost already gone.
  Duration p99_end_to_end = 1s;         ///< The same.
  double utilisation = 0.8;             ///< Of what cards, disks and processors give for long.
  double disk_headroom = 0.2;           ///< Of the disks, free with all that is retained.
  std::optional<Duration> drain;        ///< From a group's greatest lag to caught up.
  std::optional<Duration> unavailable;  ///< The longest of any partition, when the loss comes.
  static const Settings<PlanObjectives>& settings();
};

struct Workload {
  std::optional<std::string> editor_schema;
  std::string name;
  scenarios::LocalText title;
  std::vector<PlannedTopic> topics;
  std::vector<PlannedGroup> groups;
  Growth growth;
  Loss survive = Loss::broker;
  int zones = 1;
  Duration lost_for = 60s;  ///< Then what was lost comes back, in the rehearsal.
  PlanObjectives objectives;
  std::vector<ClientSettings> clients{ClientSettings{}};  ///< To be tried, the first preferred.
  std::optional<std::string> catalogue;                   ///< A file beside it; unset: ours.
  std::vector<std::string> machines;                      ///< Of the catalogue; empty: all.
  std::optional<std::string> zookeeper;                   ///< What its servers stand on; unset:
                                                          ///< on what is not in the bill.
  int most_brokers = 60;
  static const Settings<Workload>& settings();

  // Not part of the JSON.
  std::string directory;
};

/// Of a topic, in numbers; rates grown.
struct TopicDemand {
  double mean_records = 0, peak_records = 0;  ///< A second; the peak of this topic alone,
  double at_peak = 0;       ///< and its rate when all topics together move the most bytes.
  double record_bytes = 0;  ///< Of a value, before compression.
};

struct LoadedWorkload {
  std::optional<Workload> workload;
  std::vector<TopicDemand> demands;  ///< As workload->topics.
  Problems errors;
  Problems warnings;
};

LoadedWorkload load_workload(const std::string& path);
/// `file` is its name in problems, `directory` where its files are looked for.
LoadedWorkload parse_workload(std::string_view text, const std::string& file,
                              const std::string& directory);

/// JSON Schema of workload files.
std::string workload_schema();

}  // namespace brokerlab::plan
