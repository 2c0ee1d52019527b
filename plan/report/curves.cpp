#include "plan/report/curves.h"

#include "base/json_text.h"
#include "base/translation.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <functional>
#include <map>
#include <set>
#include <string_view>

namespace brokerlab::plan::report {
namespace {

using recording::Reader;
using recording::RecordedMetric;

class Metrics {
 public:
  explicit Metrics(const Reader& reader) : reader_(reader), all_(reader.metrics()) {
    for (const recording::RecordedMachine& machine : reader.machines()) {
      if (machine.role == "broker") brokers_.insert(machine.id);
    }
  }

  std::vector<const RecordedMetric*> named(std::string_view name) const {
    std::vector<const RecordedMetric*> found;
    for (const RecordedMetric& one : all_) {
      if (one.name == name) found.push_back(&one);
    }
    return found;
  }
  bool is_brokers(const RecordedMetric& metric) const {
    return metric.machine && brokers_.contains(*metric.machine);
  }

  Line line(const RecordedMetric& metric, std::string name, double factor) const {
    Line line{std::move(name), {}};
    for (const recording::Sample& sample : reader_.series(metric.id)) {
      line.points.push_back({to_seconds(sample.t), factor * sample.value});
    }
    return line;
  }

  /// All metrics of a name as one line.
  Line together(std::string_view metric, std::string name, double factor,
                const std::function<double(double, double)>& join,
                bool of_brokers_alone = false) const {
    std::map<Time, double> values;
    for (const RecordedMetric* one : named(metric)) {
      if (of_brokers_alone && !is_brokers(*one)) continue;
      for (const recording::Sample& sample : reader_.series(one->id)) {
        const auto [at, fresh] = values.emplace(sample.t, sample.value);
        if (!fresh) at->second = join(at->second, sample.value);
      }
    }
    Line line{std::move(name), {}};
    for (const auto& [t, value] : values) line.points.push_back({to_seconds(t), factor * value});
    return line;
  }

 private:
  const Reader& reader_;
  std::vector<RecordedMetric> all_;
  std::set<int> brokers_;
};

double sum(double a, double b) { return a + b; }
double greater(double a, double b) { return std::max(a, b); }

bool has_something(const Line& line) {
  return std::any_of(line.points.begin(), line.points.end(),
                     [](const Point& point) { return point.value != 0; });
}

/// What ends what, by the kinds of their events.
const std::map<std::string_view, std::set<std::string_view>>& endings() {
  static const std::map<std::string_view, std::set<std::string_view>> all{
      {"machine.power_off", {"machine.power_on"}},
      {"process.killed", {"process.started"}},
      {"process.terminated", {"process.started"}},
      {"process.exited", {"process.started"}},
      {"disk.slow", {"disk.speed_restored"}},
      {"disk.failing", {"disk.repaired"}},
      {"disk.full", {"disk.room_back"}},
      {"disk.lies", {"disk.honest"}},
      {"machine.clock_set", {"machine.clock_right"}},
      {"machine.clock_drifts", {"machine.clock_right"}},
      {"nic.slowed", {"nic.restored"}},
      {"network.cut", {"network.healed", "network.relieved"}},
      {"network.lossy", {"network.healed", "network.relieved"}},
      {"network.delayed", {"network.healed", "network.relieved"}},
      {"network.switch_failed", {"network.outage_mended"}},
      {"network.area_cut", {"network.outage_mended"}}};
  return all;
}

}  // namespace

Curves read_curves(const Reader& reader) {
  const Metrics metrics(reader);
  Curves curves;
  curves.created = metrics.together("source-rate", tr("created by sources"), 1, sum);
  curves.stored = metrics.together("MessagesInPerSec", tr("stored by leaders"), 1, sum);
  curves.processed = metrics.together("records-consumed-rate", tr("processed by groups"), 1, sum);
  curves.bytes_in = metrics.together("BytesInPerSec", tr("into brokers"), 1e-6, sum);
  curves.bytes_out = metrics.together("BytesOutPerSec", tr("out to consumers"), 1e-6, sum);
  for (const RecordedMetric* one : metrics.named("produce-latency")) {
    curves.acknowledged_after.push_back(metrics.line(*one, one->label, 1000));
  }
  for (const RecordedMetric* one : metrics.named("end-to-end-latency")) {
    curves.end_to_end.push_back(metrics.line(*one, one->label, 1000));
  }
  for (const RecordedMetric* one : metrics.named("group-lag")) {
    curves.lag.push_back(metrics.line(*one, one->label, 1));
  }
  curves.under_replicated =
      metrics.together("UnderReplicatedPartitions", tr("under-replicated"), 1, sum);
  curves.offline = metrics.together("OfflinePartitionsCount", tr("without a leader"), 1, sum);
  curves.network =
      metrics.together("nic-utilisation", tr("busiest network card"), 100, greater, true);
  curves.disk = metrics.together("disk-utilisation", tr("busiest disks"), 100, greater, true);
  return curves;
}

std::vector<Chart> charts_of(const Curves& curves) {
  std::vector<Chart> charts;
  charts.push_back({"throughput",
                    tr("Throughput"),
                    tr("records a second"),
                    tr("Records that sources created, leaders stored and groups processed, "
                       "second by second. Where the lines part, something waits."),
                    {curves.created, curves.stored, curves.processed},
                    Scale::linear,
                    ""});
  charts.push_back({"bytes",
                    tr("Traffic of the brokers"),
                    "MB/s",
                    tr("Bytes of records into all brokers from producers, and out of them to "
                       "consumers."),
                    {curves.bytes_in, curves.bytes_out},
                    Scale::linear,
                    ""});
  charts.push_back({"acknowledged-after", tr("Acknowledged after"),
                    tr("ms, percentiles of each second"),
                    tr("How long records waited from send() to their acknowledgment, on a "
                       "logarithmic scale."),
                    curves.acknowledged_after, Scale::logarithmic, ""});
  charts.push_back({"end-to-end", tr("End to end"), tr("ms, percentiles of each second"),
                    tr("How long it took until a group had processed a record, on a logarithmic "
                       "scale."),
                    curves.end_to_end, Scale::logarithmic, ""});
  charts.push_back({"lag", tr("Lag by group"), tr("records"),
                    tr("Records that each group has still to process."), curves.lag, Scale::linear,
                    ""});
  charts.push_back({"replicas",
                    tr("Partitions that miss replicas"),
                    tr("partitions"),
                    tr("Partitions with fewer replicas in sync than they should have, and "
                       "partitions without a leader."),
                    {curves.under_replicated, curves.offline},
                    Scale::linear,
                    ""});
  charts.push_back({"utilisation",
                    tr("Utilisation"),
                    tr("% of what the busiest broker's hardware sustains"),
                    tr("How much of its network card and of its disks the busiest broker used."),
                    {curves.network, curves.disk},
                    Scale::linear,
                    " %"});
  // What was never other than nothing, a chart would only say in a larger way.
  std::erase_if(charts, [](const Chart& chart) {
    return chart.id != "replicas" &&
           std::none_of(chart.lines.begin(), chart.lines.end(), has_something);
  });
  return charts;
}

std::vector<Spell> spells_of(const Reader& reader) {
  using Thing =
      std::pair<std::optional<int>, std::string>;  // machine, which of its disks or programs
  struct Open {
    std::size_t spell;
    Thing thing;
  };
  const double end = to_seconds(reader.duration());
  std::vector<Spell> spells;
  std::vector<Open> open;
  for (const recording::RecordedEvent& event : reader.events(recording::EventLevel::control)) {
    const Json detail = json_from(event.detail);
    const auto word = [&](const char* key) {
      return detail.is_object() && detail.contains(key) && detail[key].is_string()
                 ? detail[key].get<std::string>()
                 : std::string();
    };
    const double t = to_seconds(event.t);
    const Thing thing{event.machine, word("disk") + word("process")};
    std::erase_if(open, [&](const Open& one) {
      const std::string& kind = spells[one.spell].event.kind;
      const auto found = endings().find(kind);
      // Of the network, whoever heals it; of a machine and its parts, that very one.
      const bool ends = found->second.contains(event.kind) &&
                        (kind.starts_with("network.") || one.thing == thing);
      if (ends) spells[one.spell].to = t;
      return ends;
    });
    if (event.level != recording::EventLevel::fault || event.kind == "load.changed") continue;
    Spell spell{t, t, event};
    if (event.kind == "process.paused") {
      const auto length = parse_duration(word("length"));
      if (length) spell.to = t + to_seconds(*length);
    } else if (endings().contains(event.kind)) {
      spell.to = end;
      open.push_back({spells.size(), thing});
    }
    spells.push_back(std::move(spell));
  }
  return spells;
}

std::optional<double> pick(const Line& line, double from, double to, Pick which) {
  std::optional<double> value;
  double count = 0;
  for (const Point& point : line.points) {
    if (point.t < from || point.t >= to) continue;
    ++count;
    if (!value) {
      value = point.value;
    } else if (which == Pick::mean) {
      *value += point.value;
    } else {
      value = which == Pick::least ? std::min(*value, point.value) : std::max(*value, point.value);
    }
  }
  if (value && which == Pick::mean) *value /= count;
  return value;
}

}  // namespace brokerlab::plan::report
