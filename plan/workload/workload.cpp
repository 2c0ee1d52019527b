#include "plan/workload/workload.h"

#include "base/json_text.h"
#include "base/settings.h"
#include "base/translation.h"
#include "log/directory/partition_dir.h"
#include "scenarios/sources/record_sizes.h"
#include "scenarios/sources/source_rate.h"
#include "scenarios/text_file.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <set>

namespace brokerlab::plan {
namespace {

using setting::list;
using setting::record;
using setting::text;

constexpr Duration a_day = 24h;
constexpr Duration most_days = 7 * a_day;
constexpr double highest_rate = 1e8;

SettingType<std::string> a_name() {
  return text(60, "[A-Za-z0-9_-]+", sentence("letters, digits, _ and -"));
}

SettingType<model::CompressionType> any_codec() {
  using C = model::CompressionType;
  return setting::names<C>({{"none", C::none},
                            {"gzip", C::gzip},
                            {"snappy", C::snappy},
                            {"lz4", C::lz4},
                            {"zstd", C::zstd}});
}

/// Names that stand twice, at their places.
template <class List>
void check_names(const List& all, const std::string& path, SettingsReport& report) {
  std::set<std::string> seen;
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (!seen.insert(all[i].name).second) {
      report.error(json_pointer(json_pointer(path, i), "name"), "\"" + all[i].name + "\"",
                   tr("is the name of another one already"));
    }
  }
}

/// How many replicas of a partition the loss takes at most, when they are spread over zones.
int most_replicas_lost(const Workload& workload, int factor) {
  switch (workload.survive) {
    case Loss::nothing:
      return 0;
    case Loss::broker:
      return 1;
    case Loss::zone:
      return (factor + workload.zones - 1) / workload.zones;
  }
  UNREACHABLE();
}

void check_replicas(const Workload& workload, SettingsReport& report) {
  for (std::size_t i = 0; i < workload.topics.size(); ++i) {
    const PlannedTopic& topic = workload.topics[i];
    const std::string path = json_pointer("/topics", i);
    if (topic.min_insync_replicas > topic.replication_factor) {
      report.error(path + "/min.insync.replicas", fmt::format("{}", topic.min_insync_replicas),
                   tr("must not exceed replication.factor, {}", topic.replication_factor));
      continue;
    }
    const int left =
        topic.replication_factor - most_replicas_lost(workload, topic.replication_factor);
    if (left < topic.min_insync_replicas) {
      report.error(path + "/min.insync.replicas", fmt::format("{}", topic.min_insync_replicas),
                   workload.survive == Loss::zone
                       ? tr("cannot be kept when a zone is lost: {} of {} replicas are left", left,
                            topic.replication_factor)
                       : tr("cannot be kept when a broker is lost: {} of {} replicas are left",
                            left, topic.replication_factor));
    }
    if (topic.replication_factor > workload.most_brokers) {
      report.error(path + "/replication.factor", fmt::format("{}", topic.replication_factor),
                   tr("must not exceed most_brokers, {}", workload.most_brokers));
    }
  }
}

void check_topics(const Workload& workload, SettingsReport& report) {
  const bool loss_is_clean =
      report.clean("/survive") && report.clean("/zones") && report.clean("/most_brokers");
  check_names(workload.topics, "/topics", report);
  for (std::size_t i = 0; i < workload.topics.size(); ++i) {
    if (const auto problem = log::topic_name_problem(workload.topics[i].name)) {
      report.error(json_pointer("/topics", i) + "/name", "\"" + workload.topics[i].name + "\"",
                   *problem);
    }
  }
  if (!loss_is_clean) return;
  if (workload.survive == Loss::zone && workload.zones < 2) {
    report.error("/zones", fmt::format("{}", workload.zones),
                 tr("must be at least 2 for a zone to be lost"));
  } else {
    check_replicas(workload, report);
  }
}

void check_groups(const Workload& workload, SettingsReport& report) {
  check_names(workload.groups, "/groups", report);
  std::vector<std::string> known;
  for (const PlannedTopic& topic : workload.topics) known.push_back(topic.name);
  for (std::size_t i = 0; i < workload.groups.size(); ++i) {
    const std::vector<std::string>& topics = workload.groups[i].topics;
    for (std::size_t j = 0; j < topics.size(); ++j) {
      if (std::find(known.begin(), known.end(), topics[j]) != known.end()) continue;
      const std::string near = nearest_name(topics[j], known);
      report.error(json_pointer(json_pointer("/groups", i) + "/topics", j), "\"" + topics[j] + "\"",
                   near.empty() ? tr("is no topic of this workload")
                                : tr("is no topic of this workload; did you mean \"{}\"?", near));
    }
  }
}

/// The rate of a topic over its days, which then come again.
struct TopicDays {
  scenarios::RateCurve curve;
  Duration length = a_day;

  double at(Time moment) const {
    return curve.at(Time(moment.time_since_epoch() % length)).count();
  }
};

/// How many days a rate speaks of: mostly one. A step at 24:00 belongs to the next day, a file that
/// ends then does not.
Duration days_of(const scenarios::Scenario& day, const scenarios::RateSpec& rate) {
  Duration last = scenarios::spoken_until(day, rate);
  if (std::holds_alternative<scenarios::RateSteps>(rate.what)) last += 1ns;
  return a_day * (1 + (std::max(last, 1ns) - 1ns) / a_day);
}

Result<TopicDays, scenarios::SourceProblem> days_of(const Workload& workload,
                                                    const PlannedTopic& topic) {
  scenarios::Scenario time;
  time.duration = most_days;
  time.directory = workload.directory;
  scenarios::SourceSpec source;
  source.name = topic.name;
  source.rate = topic.rate;
  const auto longest = scenarios::rate_curve(time, source);
  if (!longest) return fail(longest.error());
  time.duration = days_of(time, topic.rate);
  if (time.duration > most_days) {
    return fail(scenarios::SourceProblem{
        "/rate", "", tr("must lie within {}: a day, or a week", brokerlab::to_text(most_days))});
  }
  auto curve = scenarios::rate_curve(time, source);
  if (!curve) return fail(curve.error());
  return TopicDays{std::move(*curve), time.duration};
}

/// What a record of it moves: into its replicas, and from them to followers and groups.
double moves(const Workload& workload, const PlannedTopic& topic, const TopicDemand& demand) {
  double times = 2.0 * topic.replication_factor - 1;
  for (const PlannedGroup& group : workload.groups) {
    times += std::count(group.topics.begin(), group.topics.end(), topic.name) > 0 ? 1 : 0;
  }
  return demand.record_bytes * times;
}

/// The hour that is planned for: topics need not have their peaks together.
void find_peak(const Workload& workload, const std::vector<TopicDays>& topics,
               std::vector<TopicDemand>& demands) {
  Duration length = a_day;
  for (const TopicDays& days : topics) length = std::max(length, days.length);
  std::vector<Time> moments;
  for (const TopicDays& days : topics) {
    for (const Time moment : days.curve.extremes()) {
      for (Time again = moment; again < Time(length); again += days.length) {
        moments.push_back(again);
      }
    }
  }
  std::sort(moments.begin(), moments.end());
  moments.erase(std::unique(moments.begin(), moments.end()), moments.end());
  double most = -1;
  Time peak{};
  for (const Time moment : moments) {
    double moved = 0;
    for (std::size_t i = 0; i < topics.size(); ++i) {
      moved += topics[i].at(moment) * moves(workload, workload.topics[i], demands[i]);
    }
    if (moved <= most) continue;
    most = moved;
    peak = moment;
  }
  for (std::size_t i = 0; i < topics.size(); ++i) {
    demands[i].at_peak = topics[i].at(peak) * workload.growth.factor();
  }
}

/// Rates and sizes in numbers; reads their files.
std::vector<TopicDemand> demands_of(const Workload& workload, SettingsReport& report) {
  scenarios::Scenario here;
  here.directory = workload.directory;
  std::vector<TopicDemand> demands;
  std::vector<TopicDays> all;
  for (std::size_t i = 0; i < workload.topics.size(); ++i) {
    const PlannedTopic& topic = workload.topics[i];
    const std::string path = json_pointer("/topics", i);
    TopicDemand demand;
    const auto days = days_of(workload, topic);
    if (!days) {
      report.error(path + days.error().path, days.error().value, days.error().message);
    } else {
      demand.mean_records =
          days->curve.total() / to_seconds(days->length) * workload.growth.factor();
      demand.peak_records = days->curve.highest() * workload.growth.factor();
      if (demand.peak_records <= 0) {
        report.error(path + "/rate", "", tr("brings no record: there is nothing to plan for"));
      } else if (demand.peak_records > highest_rate) {
        report.error(path + "/rate", fmt::format("{:.4g}/s", demand.peak_records),
                     tr("must stay below {:.0g}/s, grown", highest_rate));
      }
      all.push_back(*days);
    }
    const auto sizes = scenarios::RecordSizes::of(here, topic.record_size);
    if (!sizes) {
      report.error(path + "/record_size", "", sizes.error());
    } else {
      demand.record_bytes = sizes->mean();
    }
    demands.push_back(demand);
  }
  if (all.size() == demands.size()) find_peak(workload, all, demands);
  return demands;
}

}  // namespace

double Growth::factor() const { return std::pow(1 + a_year, years); }

std::string_view to_text(Loss loss) {
  switch (loss) {
    case Loss::nothing:
      return "nothing";
    case Loss::broker:
      return "broker";
    case Loss::zone:
      return "zone";
  }
  UNREACHABLE();
}

std::string ClientSettings::words() const {
  const char* codecs[] = {"none", "gzip", "snappy", "lz4", "zstd"};
  std::string words =
      fmt::format("linger.ms={}, batch.size={}", whole_millis(linger), batch_size.count());
  if (compression != model::CompressionType::none) {
    words += fmt::format(", compression.type={}", codecs[static_cast<int>(compression)]);
  }
  return words;
}

const Settings<PlannedTopic>& PlannedTopic::settings() {
  using S = PlannedTopic;
  static const auto all =
      Settings<S>("PlannedTopic", "A topic, and what is written to it.")
          .field("name", &S::name, text(249), "Its name.")
          .required()
          .field("rate", &S::rate, record<scenarios::RateSpec>(),
                 "Records a second over a day, as a scenario's source has it.")
          .required()
          .field("record_size", &S::record_size, record<scenarios::RecordSizeSpec>(),
                 "Of a record's value, as a scenario's source has it.")
          .required()
          .field("keys", &S::keys, record<scenarios::KeysSpec>(), "Of the records.")
          .field("replication.factor", &S::replication_factor, 1, 9, "Replicas of a partition.")
          .field("min.insync.replicas", &S::min_insync_replicas, 1, 9,
                 "In-sync replicas that acks=all asks for.")
          .field("retention", &S::retention, 1min, 10'000 * a_day, "How long records are kept.")
          .field(
              "partitions", &S::partitions, setting::integer(1, 10'000),
              "Unset: a multiple of the brokers, enough for the largest group, for 10 MB/s each, "
              "and of several log directories for 4 replicas in each.")
          .field("producers", &S::producers, setting::integer(1, 500),
                 "Programs that write; unset: one for every 10,000 records a second.")
          .named_by("name");
  return all;
}

const Settings<CatchUp>& CatchUp::settings() {
  using S = CatchUp;
  static const auto all =
      Settings<S>("CatchUp", "A group that stood still reads what it missed.")
          .field("after", &S::after, 1s, 30 * a_day, "It stood still for so long,")
          .field("within", &S::within, 1s, 30 * a_day, "and is to be done in this time.");
  return all;
}

const Settings<PlannedGroup>& PlannedGroup::settings() {
  using S = PlannedGroup;
  static const auto all =
      Settings<S>("PlannedGroup", "A consumer group.")
          .field("name", &S::name, a_name(), "Its name.")
          .required()
          .field("topics", &S::topics, list(text(249), 1, 100), "What it reads.")
          .required()
          .field("members", &S::members, 1, 500, "How many programs.")
          .field("service_time", &S::service_time, Duration(0), 1min,
                 "Spent by a member on every record.")
          .field("catch_up", &S::catch_up, record<CatchUp>(),
                 "What it has to make good after it stood still; by closed forms.")
          .named_by("name");
  return all;
}

const Settings<Growth>& Growth::settings() {
  using S = Growth;
  static const auto all =
      Settings<S>("Growth", "The load that is planned for is that of a later day.")
          .field("a_year", &S::a_year, -0.9, 100, "0.3 is 30 % a year.")
          .field("years", &S::years, 0, 10, "So many years from now.");
  return all;
}

const Settings<ClientSettings>& ClientSettings::settings() {
  using S = ClientSettings;
  static const auto all =
      Settings<S>("ClientSettings", "Settings of all producers.")
          .field("linger.ms", &S::linger, setting::millis(0, 60'000), "Waiting for more records.")
          .field("batch.size", &S::batch_size, setting::byte_count(1'024, 16'777'216),
                 "The most of a batch.")
          .field("compression.type", &S::compression, any_codec(), "Codec of batches.");
  return all;
}

const Settings<PlanObjectives>& PlanObjectives::settings() {
  using S = PlanObjectives;
  static const auto all =
      Settings<S>("PlanObjectives",
                  "What is to be held at the peak while what is to be survived is gone.")
          .field("p99_produce", &S::p99_produce, 1ms, 1h,
                 "99 % of records are acknowledged so soon after they came into being.")
          .field("p99_end_to_end", &S::p99_end_to_end, 1ms, 1h,
                 "99 % of records are processed by a group so soon.")
          .field("utilisation", &S::utilisation, 0.05, 1,
                 "The most of what a network card, disks or a processor give for long.")
          .field("disk_headroom", &S::disk_headroom, 0, 0.9,
                 "The share of the disks that stays free with all that is retained.")
          .field("drain", &S::drain, setting::duration(1s, a_day),
                 "After the loss, from a group's greatest lag until it has caught up.")
          .field("unavailable", &S::unavailable, setting::duration(1ms, a_day),
                 "The longest that a partition takes no records when the loss comes.");
  return all;
}

const Settings<Workload>& Workload::settings() {
  using S = Workload;
  static const auto all =
      Settings<S>("Workload", "What a cluster is planned for.")
          .field("$schema", &S::editor_schema, text(1000), "Where the schema is, for editors.")
          .field("name", &S::name, a_name(), "The file's name if it is not given.")
          .field("title", &S::title, record<scenarios::LocalText>(), "For people.")
          .field("topics", &S::topics, list(record<PlannedTopic>(), 1, 100), "What is written.")
          .required()
          .field("groups", &S::groups, list(record<PlannedGroup>(), 0, 50), "Who reads.")
          .field("growth", &S::growth, record<Growth>(), "Until the day that is planned for.")
          .field("survive", &S::survive,
                 setting::names<Loss>(
                     {{"nothing", Loss::nothing}, {"broker", Loss::broker}, {"zone", Loss::zone}}),
                 "What is lost at the peak, and must not matter.")
          .field("zones", &S::zones, 1, 9,
                 "Over which brokers are spread evenly; also racks, if those can be lost.")
          .field("lost_for", &S::lost_for, 20s, 1h,
                 "In the rehearsal, what was lost comes back after this time.")
          .field("objectives", &S::objectives, record<PlanObjectives>(), "What is to be held.")
          .field("clients", &S::clients, list(record<ClientSettings>(), 1, 8),
                 "Settings of producers that may be chosen; of those that cost the same the first.")
          .field("catalogue", &S::catalogue, text(1000),
                 "A file of machines and prices, looked for beside this one; unset: ours.")
          .field("machines", &S::machines, list(text(100), 0, 100),
                 "The machines of the catalogue that may be chosen; none named: all.")
          .field("zookeeper", &S::zookeeper, text(100),
                 "The machine of the catalogue that each of ZooKeeper's servers stands on; unset: "
                 "large ones that are not in the bill.")
          .field("most_brokers", &S::most_brokers, 1, 100, "The largest cluster that is tried.");
  return all;
}

LoadedWorkload parse_workload(std::string_view text, const std::string& file,
                              const std::string& directory) {
  SettingsReport report;
  report.file = file;
  Json document;
  LoadedWorkload loaded;
  Workload workload;
  if (parse_json(text, document, report)) {
    workload = Workload::settings().read(document, report);
    workload.directory = directory;
    if (workload.name.empty()) {
      for (const char c : std::filesystem::path(file).stem().string()) {
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                           (c >= '0' && c <= '9') || c == '_' || c == '-';
        if (workload.name.size() < 40) workload.name += plain ? c : '-';
      }
      if (workload.name.empty()) workload.name = "workload";
    }
    const bool topics = report.clean("/topics");
    const bool groups = report.clean("/groups");
    const bool growth = report.clean("/growth");
    if (topics) check_topics(workload, report);
    if (topics && groups) check_groups(workload, report);
    if (topics && growth) loaded.demands = demands_of(workload, report);
  }
  loaded.errors = std::move(report.errors);
  loaded.warnings = std::move(report.warnings);
  if (loaded.errors.empty()) loaded.workload = std::move(workload);
  return loaded;
}

LoadedWorkload load_workload(const std::string& path) {
  const auto text = scenarios::read_text_file(path);
  if (!text) return {std::nullopt, {}, {{path, {}, {}, text.error()}}, {}};
  return parse_workload(*text, path, std::filesystem::path(path).parent_path().string());
}

std::string workload_schema() { return Workload::settings().schema("A brokerlab workload"); }

}  // namespace brokerlab::plan
