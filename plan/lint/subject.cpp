#include "plan/lint/subject.h"

#include "base/translation.h"
#include "model/codec_cost.h"
#include "scenarios/sources/record_sizes.h"
#include "scenarios/sources/source_rate.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

namespace brokerlab::plan {
namespace {

using namespace brokerlab::scenarios;

/// A row of a file as JSON, where nobody says how large records are.
constexpr double size_of_row = 350;

Load load_of_producer(const Scenario& scenario, const ProducerSpec& producer) {
  Load load;
  const SourceSpec* source = scenario.source(producer.source);
  if (source == nullptr) return load;
  load.ratio = model::compression_ratio(scenario.machine(producer.machine).cpu.codecs,
                                        static_cast<log::Codec>(producer.config.compression_type));
  load.size = size_of_row;
  if (source->record_size) {
    const auto sizes = RecordSizes::of(scenario, *source->record_size);
    if (sizes) load.size = sizes->mean();
  }
  const double seconds = to_seconds(scenario.duration);
  if (const ClosedLoop* loop = source->loop.closed()) {
    load.mean = load.peak = expected_of(scenario, *source, *loop) / seconds;
  } else if (const auto curve = rate_curve(scenario, *source)) {
    load.mean = curve->total() / seconds;
    load.peak = curve->highest();
  }
  return load;
}

/// Records a second over `span` from the start on.
double long_run(const Scenario& scenario, const SourceSpec& source, double in_the_run,
                Duration span) {
  if (!source.rate || source.loop.closed() != nullptr) return in_the_run;
  const auto& what = source.rate->what;
  if (const auto* steps = std::get_if<RateSteps>(&what)) {
    const Time end(std::max(span, scenario.duration));
    return RateCurve::steps(steps->steps, end).total() / to_seconds(end - Time{});
  }
  if (const auto* constant = std::get_if<ConstantRate>(&what)) return constant->rate.count();
  if (const auto* day = std::get_if<DailyRate>(&what)) return day->mean.count();
  if (const auto* bursts = std::get_if<BurstRate>(&what)) {
    const double base = bursts->base.count();
    if (!bursts->every || *bursts->every <= 0ns) return base;
    const double share = std::min(1.0, to_seconds(bursts->lasting) / to_seconds(*bursts->every));
    return base + (bursts->rate.count() - base) * share;
  }
  return in_the_run;
}

void add_to(Load& sum, const Load& one) {
  const double bytes = sum.mean_bytes() + one.mean_bytes();
  const double raw = sum.mean * sum.size + one.mean * one.size;
  sum.mean += one.mean;
  sum.peak += one.peak;
  sum.size = sum.mean > 0 ? raw / sum.mean : one.size;
  sum.ratio = bytes > 0 ? raw / bytes : one.ratio;
}

}  // namespace

Subject::Subject(const Scenario& scenario, bool drawn_from_files)
    : scenario_(scenario), drawn_from_files_(drawn_from_files) {
  for (const ProducerSpec& producer : scenario.producers) {
    loads_.push_back(load_of_producer(scenario, producer));
  }
  rack_aware_ =
      std::all_of(scenario.brokers.begin(), scenario.brokers.end(),
                  [](const BrokersSpec& group) { return !group.config.broker_rack.empty(); });
  find_domains();
}

void Subject::find_domains() {
  const std::vector<MachineRole> machines = machines_of(scenario_);
  const auto add = [&](Domain domain, const std::set<std::string>& hosts) {
    for (const MachineRole& machine : machines) {
      if (!hosts.contains(machine.host)) continue;
      if (machine.role == Role::broker) domain.brokers.push_back(machine.index);
      if (machine.role == Role::zookeeper) ++domain.ensemble;
    }
    domains_.push_back(std::move(domain));
  };
  for (const HostSpec& host : scenario_.hosts) {
    add({Domain::Kind::host, host.name, {}, 0, true}, {host.name});
  }
  std::vector<std::pair<std::string, std::set<std::string>>> racks;
  std::vector<std::pair<std::string, std::set<std::string>>> zones;
  if (scenario_.topology) {
    for (const auto& center : scenario_.topology->with_all_levels()) {
      for (const auto& zone : center.zones) {
        auto& in_zone = zones.emplace_back(zone.name, std::set<std::string>()).second;
        for (const auto& rack : zone.racks) {
          auto& in_rack = racks.emplace_back(rack.name, std::set<std::string>()).second;
          for (const std::string& pattern : rack.machines) {
            const auto names = sim::expand_names(pattern);
            if (!names) continue;
            in_rack.insert(names->begin(), names->end());
            in_zone.insert(names->begin(), names->end());
          }
        }
      }
    }
    if (racks.size() > 1) {
      for (const auto& [name, hosts] : racks) add({Domain::Kind::rack, name, {}, 0, true}, hosts);
    }
    if (zones.size() > 1) {
      for (const auto& [name, hosts] : zones) add({Domain::Kind::zone, name, {}, 0, true}, hosts);
    }
    return;
  }
  std::map<std::string, std::vector<int>> by_name;
  for (int broker = 0; broker < scenario_.broker_count(); ++broker) {
    const auto& config = scenario_.brokers[scenario_.group_of_broker(broker)].config;
    if (!config.broker_rack.empty()) by_name[config.broker_rack].push_back(broker);
  }
  if (by_name.size() < 2) return;
  for (auto& [name, brokers] : by_name) {
    domains_.push_back({Domain::Kind::rack, name, std::move(brokers), 0, false});
  }
}

int Subject::domains_of(Domain::Kind kind) const {
  return static_cast<int>(std::count_if(
      domains_.begin(), domains_.end(),
      [kind](const Domain& domain) { return domain.kind == kind && !domain.brokers.empty(); }));
}

Load Subject::load_of(const std::vector<std::string>& topics) const {
  Load sum;
  for (std::size_t i = 0; i < loads_.size(); ++i) {
    const std::string& topic = scenario_.producers[i].topic;
    if (std::find(topics.begin(), topics.end(), topic) != topics.end()) add_to(sum, loads_[i]);
  }
  return sum;
}

Load Subject::load_of_topic(std::string_view topic) const { return load_of({std::string(topic)}); }

double Subject::kept_a_second(std::string_view topic, Duration span) const {
  double sum = 0;
  for (std::size_t i = 0; i < loads_.size(); ++i) {
    const ProducerSpec& producer = scenario_.producers[i];
    const SourceSpec* source = scenario_.source(producer.source);
    if (producer.topic != topic || source == nullptr) continue;
    Load load = loads_[i];
    load.mean = long_run(scenario_, *source, load.mean, span);
    sum += load.mean_bytes();
  }
  return sum;
}

int Subject::readers_of(std::string_view topic) const {
  return static_cast<int>(std::count_if(
      scenario_.consumers.begin(), scenario_.consumers.end(), [&](const ConsumerSpec& group) {
        return std::find(group.topics.begin(), group.topics.end(), topic) != group.topics.end();
      }));
}

bool Subject::written_with_acks_all(std::string_view topic) const {
  return std::any_of(scenario_.producers.begin(), scenario_.producers.end(),
                     [&](const ProducerSpec& producer) {
                       return producer.topic == topic && producer.config.acks == model::Acks::all;
                     });
}

Duration Subject::granted_session(std::size_t group) const {
  return scenario_.zookeeper.config.granted_session(
      scenario_.brokers[group].config.zookeeper_session_timeout);
}

Story::Story(const Subject& subject)
    : subject_(subject), length_(subject.scenario().duration), shortened_(length_ > longest_story) {
  if (shortened_) length_ = short_story;
}

Duration Story::part(double part) const {
  const auto millis = static_cast<std::int64_t>(to_millis(length_) * part);
  return std::chrono::milliseconds(millis);
}

Story& Story::at(double when, std::string_view kind, std::string_view whom, std::string_view as) {
  if (!faults_.empty()) faults_ += ",";
  faults_ += fmt::format(R"({{"at":"{}","{}":{})", to_text(part(when)), kind, whom);
  if (!as.empty()) faults_ += fmt::format(R"(,"as":"{}")", as);
  faults_ += "}";
  return *this;
}

Story& Story::brokers(double when, std::string_view kind, int first, int last) {
  for (int broker = first; broker <= last; ++broker) {
    at(when, kind, fmt::format("\"broker-{}\"", broker + 1));
  }
  return *this;
}

Story& Story::each_broker_in_turn() {
  const Scenario& scenario = subject_.scenario();
  const int brokers = std::min(scenario.broker_count(), 10);
  Duration boot{0};
  for (const BrokersSpec& group : scenario.brokers) {
    boot = std::max(boot, scenario.machine(group.machine).boot_time);
  }
  // From 0.2 to 0.9 of the run: away for a third of a turn, then booting.
  const double turn = 0.7 / brokers;
  if (part(turn * 0.5) < boot + 5s) return at(0.4, "power_off", "\"broker-1\"");
  for (int broker = 0; broker < brokers; ++broker) {
    const double from = 0.2 + turn * broker;
    this->brokers(from, "power_off", broker, broker);
    this->brokers(from + turn / 3, "power_on", broker, broker);
  }
  return *this;
}

std::vector<std::string> Story::sets() const {
  std::vector<std::string> sets;
  if (shortened_) sets.push_back("duration=" + to_text(short_story));
  if (!faults_.empty()) sets.push_back("faults=[" + faults_ + "]");
  return sets;
}

std::string leader_of_most(std::string_view topic) {
  return fmt::format(R"({{"leader_of_most":"{}"}})", topic);
}

Phrase names_of(const std::vector<std::string>& names) {
  std::string text;
  const std::size_t told = std::min<std::size_t>(names.size(), 3);
  for (std::size_t i = 0; i < told; ++i) text += (i == 0 ? "" : ", ") + names[i];
  if (names.size() == told) return {text, text};
  return phrase("{} and {} more", text, names.size() - told);
}

}  // namespace brokerlab::plan
