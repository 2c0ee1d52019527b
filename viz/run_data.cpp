#include "viz/run_data.h"

#include "base/integer_text.h"
#include "base/json_text.h"
#include "viz/theme.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdio>
#include <map>
#include <set>
#include <tuple>

namespace brokerlab::viz {
namespace {

constexpr int most_dots = 1200;

Duration parse_clock(const std::string& text) {
  int hours = 0;
  int minutes = 0;
  int seconds = 0;
  if (std::sscanf(text.c_str(), "%d:%d:%d", &hours, &minutes, &seconds) < 2) return {};
  return hours * 1h + minutes * 1min + seconds * 1s;
}

// Adds samples to a sum kept by time; sources are sampled at the same instants.
void add(std::map<Time, double>& sum, const std::vector<recording::Sample>& samples) {
  for (const auto& sample : samples) sum[sample.t] += sample.value;
}

// Of values that hold: at each moment that any of them is told.
Series sum_of(const std::vector<std::pair<std::string, Series>>& all) {
  std::vector<std::pair<Time, double>> steps;
  for (const auto& [label, series] : all) {
    double before = 0;
    for (const recording::Sample& sample : series.samples) {
      steps.emplace_back(sample.t, sample.value - std::exchange(before, sample.value));
    }
  }
  std::stable_sort(steps.begin(), steps.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  Series sum{{}, true};
  double value = 0;
  for (const auto& [t, step] : steps) {
    value += step;
    if (!sum.samples.empty() && sum.samples.back().t == t) {
      sum.samples.back().value = value;
    } else {
      sum.samples.push_back({t, value});
    }
  }
  return sum;
}

Series to_series(const std::map<Time, double>& sum) {
  Series series;
  for (const auto& [t, value] : sum) series.samples.push_back({t, value});
  return series;
}

void read_metrics(const recording::Reader& reader, Run& run) {
  std::map<Time, double> intended;
  std::map<Time, double> sent;
  std::map<Time, double> consumed;
  const auto give_rate = [](std::vector<Client>& clients, const std::string& name,
                            const std::vector<recording::Sample>& samples) {
    for (auto& client : clients) {
      if (client.process.name == name) client.rate.samples = samples;
    }
  };
  for (const auto& metric : reader.metrics()) {
    if (metric.name == "source-rate") {
      add(intended, reader.series(metric.id));
    } else if (metric.name == "record-send-rate") {
      const auto samples = reader.series(metric.id);
      add(sent, samples);
      give_rate(run.producers, metric.label, samples);
    } else if (metric.name == "records-consumed-rate") {
      const auto samples = reader.series(metric.id);
      add(consumed, samples);
      give_rate(run.consumers, metric.label, samples);
    } else if (metric.name == "records-lag" && metric.partition) {
      run.lag_of_groups[*metric.partition].emplace_back(metric.label,
                                                        Series{reader.series(metric.id), true});
    } else if (metric.name == "group-lag") {
      run.group_lag.emplace_back(metric.label, Series{reader.series(metric.id)});
    } else if (metric.name == "nic-utilisation" && metric.machine) {
      run.nic[*metric.machine].samples = reader.series(metric.id);
    } else if (metric.name == "disk-utilisation" && metric.machine) {
      run.disk[*metric.machine].samples = reader.series(metric.id);
    }
  }
  if (run.group_lag.size() > most_curves) {
    std::stable_sort(run.group_lag.begin(), run.group_lag.end(), [](const auto& a, const auto& b) {
      return a.second.highest() > b.second.highest();
    });
  }
  run.intended = to_series(intended);
  run.sent = to_series(sent);
  run.consumed = to_series(consumed);
  for (const auto& [partition, groups] : run.lag_of_groups) {
    run.partition_lag[partition] = sum_of(groups);
  }
}

void find_outages(Run& run) {
  std::map<int, Time> off_since;
  for (const auto& event : run.events) {
    if (!event.machine) continue;
    if (event.kind == "machine.power_off") {
      off_since.emplace(*event.machine, event.t);
    } else if (event.kind == "machine.power_on") {
      const auto since = off_since.find(*event.machine);
      if (since == off_since.end()) continue;
      run.outages.push_back({*event.machine, since->second, event.t, ""});
      off_since.erase(since);
    }
  }
  for (const auto& [machine, since] : off_since) {
    run.outages.push_back({machine, since, Time(run.duration), ""});
  }
}

// From a fault of the network to the event that ends it, which names the same switch, area or ways.
void find_network_outages(Run& run) {
  std::multimap<std::string, Time> open;
  for (const auto& event : run.events) {
    if (!event.kind.starts_with("network.")) continue;
    const auto detail = json_from(event.detail);
    if (!detail.is_object()) continue;
    std::string place;
    for (const char* key : {"switch", "area", "what", "from", "to"}) {
      if (detail.contains(key)) place += detail.value(key, "") + "\n";
    }
    if (event.level == recording::EventLevel::fault) {
      open.emplace(std::move(place), event.t);
      continue;
    }
    const auto [first, end] = open.equal_range(place);
    const bool one = event.kind == "network.relieved";  // Others of them go on.
    const auto last = one && first != end ? std::next(first) : end;
    for (auto it = first; it != last; ++it) {
      run.outages.push_back({{}, it->second, event.t, it->first});
    }
    open.erase(first, last);
  }
  for (const auto& [place, since] : open) {
    run.outages.push_back({{}, since, Time(run.duration), place});
  }
}

// By the kinds of events that begin and end them. Of one kind on one thing the newest counts.
void find_ailments(Run& run) {
  static const std::map<std::string_view, Condition> begins{
      {"disk.slow", Condition::disk_slow},
      {"disk.failing", Condition::disk_failed},
      {"disk.full", Condition::disk_full},
      {"disk.lies", Condition::disk_lies},
      {"machine.clock_set", Condition::clock_wrong},
      {"machine.clock_drifts", Condition::clock_wrong},
      {"nic.slowed", Condition::card_slow},
      {"process.paused", Condition::paused}};
  static const std::map<std::string_view, Condition> ends{
      {"disk.speed_restored", Condition::disk_slow},   {"disk.repaired", Condition::disk_failed},
      {"disk.room_back", Condition::disk_full},        {"disk.honest", Condition::disk_lies},
      {"machine.clock_right", Condition::clock_wrong}, {"nic.restored", Condition::card_slow}};
  using Thing = std::tuple<int, Condition, std::string>;  // machine, what, which disk
  std::map<Thing, std::size_t> open;
  for (const auto& event : run.events) {
    const auto begun = begins.find(event.kind);
    const auto ended = ends.find(event.kind);
    if (!event.machine || (begun == begins.end() && ended == ends.end())) continue;
    const auto detail = json_from(event.detail);
    const auto word = [&](const char* key) {
      return detail.is_object() ? detail.value(key, std::string()) : std::string();
    };
    const Condition what = begun == begins.end() ? ended->second : begun->second;
    const Thing thing{*event.machine, what, word("disk")};
    if (const auto before = open.find(thing); before != open.end()) {
      run.ailments[before->second].to = event.t;
      open.erase(before);
    }
    if (begun == begins.end()) continue;
    Time until = Time::max();
    if (what == Condition::paused) {  // The only one that ends by itself.
      const auto length = parse_duration(word("length"));
      until = event.t + (length.ok() ? *length : Duration{});
    } else {
      open[thing] = run.ailments.size();
    }
    run.ailments.push_back({what, *event.machine, event.t, until, event.en, event.ko});
  }
}

// What one steps through, and what is worth slow motion.
void find_moments(Run& run) {
  for (const auto& event : run.events) {
    if (run.moments.empty() || run.moments.back() != event.t) run.moments.push_back(event.t);
    const bool fault = event.level == recording::EventLevel::fault && event.kind != "load.changed";
    if (fault && !run.first_fault) run.first_fault = event.t;
    const bool turn = fault || event.kind == "partition.leader_elected" ||
                      event.kind == "controller.elected" || event.kind == "record.lost";
    if (turn && (run.turning_points.empty() || run.turning_points.back() != event.t)) {
      run.turning_points.push_back(event.t);
    }
  }
}

// A record is lost when the event says so; one without an event of its own, with its partition's
// first.
void find_lost(const recording::Reader& reader, Run& run) {
  std::map<int, Time> first;
  std::map<std::pair<int, std::int64_t>, Time> of_record;
  for (const auto& event : run.events) {
    if (event.kind != "record.lost" || !event.partition) continue;
    first.emplace(*event.partition, event.t);
    const auto detail = json_from(event.detail);
    if (!detail.is_object()) continue;
    const auto offset = detail.find("offset");
    if (offset == detail.end()) continue;
    if (offset->is_number_integer()) {
      of_record.emplace(std::pair{*event.partition, offset->get<std::int64_t>()}, event.t);
    } else if (offset->is_string()) {
      const auto number = parse_integer<std::int64_t>(offset->get<std::string>());
      if (number) of_record.emplace(std::pair{*event.partition, *number}, event.t);
    }
  }
  for (const auto& record : reader.lost_records()) {
    const auto own = of_record.find({record.partition, record.offset});
    const auto any = first.find(record.partition);
    const Time from = own != of_record.end() ? own->second
                      : any != first.end()   ? any->second
                                             : Time(run.duration);
    run.lost[record.partition].push_back({from, record.offset});
  }
}

// Several processes may stand on a machine: its server, an admin, an operator.
bool is_about(const recording::RecordedEvent& event, const recording::RecordedProcess& process) {
  if (event.machine != process.machine) return false;
  const auto detail = json_from(event.detail);
  const std::string name = detail.is_object() ? detail.value("process", "") : "";
  return name.empty() || name == process.name || name == process.kind;
}

// From an exit to the next start.
void find_exits(Run& run) {
  std::vector<const recording::RecordedEvent*> exits;
  std::vector<const recording::RecordedEvent*> starts;
  for (const auto& event : run.events) {
    if (event.kind == "process.exited") exits.push_back(&event);
    if (event.kind == "process.started") starts.push_back(&event);
  }
  if (exits.empty()) return;
  each_process(run, [&](const recording::RecordedProcess& process) {
    for (const auto* exit : exits) {
      if (!is_about(*exit, process)) continue;
      const auto again = std::find_if(starts.begin(), starts.end(), [&](const auto* start) {
        return start->t >= exit->t && start->id > exit->id && is_about(*start, process);
      });
      run.exits.push_back({process.id, exit->t, again == starts.end() ? Time::max() : (*again)->t});
    }
  });
}

// When each process that did not run at first began to.
void find_first_starts(const recording::Reader& reader, Run& run) {
  const recording::ClusterState at_first = reader.state_at(Time{});
  std::map<int, const recording::RecordedProcess*> waiting;  // By machine.
  each_process(run, [&](const recording::RecordedProcess& process) {
    const auto running = at_first.process_running.find(process.id);
    if (running != at_first.process_running.end() && !running->second) {
      run.first_start[process.id] = Time::max();
      waiting[process.machine] = &process;
    }
  });
  for (const auto& event : run.events) {
    if (event.kind != "process.started" || !event.machine) continue;
    const auto found = waiting.find(*event.machine);
    if (found == waiting.end() || !is_about(event, *found->second)) continue;
    run.first_start[found->second->id] = event.t;
    waiting.erase(found);
  }
}

// The lesson's question before the first fault and at its moment; what to try next at the end.
void find_pauses(const recording::Reader& reader, Run& run) {
  const auto scenario = json_from(reader.meta("scenario_json"));
  if (!scenario.is_object() || !scenario.contains("lesson")) return;
  const auto& lesson = scenario["lesson"];
  if (!lesson.is_object()) return;
  const auto add = [&](const char* key, Time t) {
    const auto text = lesson.find(key);
    if (text == lesson.end() || !text->is_object()) return;
    const auto in = [&](const char* language) {
      const auto found = text->find(language);
      return found != text->end() && found->is_string() ? found->get<std::string>() : "";
    };
    PausePoint point{std::clamp(t, Time{}, Time(run.duration)), in("en"), in("ko")};
    if (!point.en.empty()) run.pauses.push_back(std::move(point));
  };
  if (run.first_fault) add("question", std::max(Time{}, *run.first_fault - 1s));
  const auto moment = lesson.find("moment");
  if (moment != lesson.end() && moment->is_string()) {
    const auto t = parse_duration(moment->get<std::string>());
    if (t) add("question", Time(*t));
    if (t) run.asked_about = std::clamp(Time(*t), Time{}, Time(run.duration));
  }
  add("next", Time(run.duration));
  std::stable_sort(run.pauses.begin(), run.pauses.end(),
                   [](const PausePoint& a, const PausePoint& b) { return a.t < b.t; });
}

// A producer's process has the name of its entry in the scenario, or that and a number.
void find_sources(const recording::Reader& reader, Run& run) {
  const auto scenario = json_from(reader.meta("scenario_json"));
  if (!scenario.is_object() || !scenario.contains("producers")) return;
  const auto text = [](const Json& json, const char* key) {
    const auto found = json.is_object() ? json.find(key) : json.end();
    return found != json.end() && found->is_string() ? found->get<std::string>() : "";
  };
  for (const Json& producer : scenario["producers"]) {
    const std::string name = text(producer, "name");
    const std::string source = text(producer, "source");
    if (name.empty() || source.empty()) continue;
    for (const Client& client : run.producers) {
      if (client.process.name != name && !client.process.name.starts_with(name + "-")) continue;
      run.source_of.emplace(client.process.machine, source);
    }
  }
}

// "sensor-12" is one of "sensor"; a member of a group is of the group.
void gather(Run& run) {
  const auto stem = [](const std::string& name) {
    const auto end = name.find_last_not_of("0123456789");
    const bool numbered = end != std::string::npos && end > 0 && end + 1 < name.size();
    return numbered && name[end] == '-' ? name.substr(0, end) : name;
  };
  for (Client& client : run.producers) client.gang = stem(client.process.name);
  for (Client& client : run.consumers) {
    client.gang = stem(client.process.name);
    std::size_t longest = 0;
    for (const auto& [group, lag] : run.group_lag) {
      if (group.size() < longest || !client.process.name.starts_with(group + "-")) continue;
      client.gang = group;
      longest = group.size();
    }
  }
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    lines.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return lines;
}

// For a file without duration_ns: until the last thing it tells.
Duration last_told(const Run& run) {
  Time last{1s};
  if (!run.events.empty()) last = std::max(last, run.events.back().t);
  for (const auto* series : {&run.intended, &run.sent, &run.consumed}) {
    if (!series->samples.empty()) last = std::max(last, series->samples.back().t);
  }
  return last.time_since_epoch();
}

}  // namespace

std::optional<double> Series::at(Time t) const {
  const auto after = std::upper_bound(samples.begin(), samples.end(), t,
                                      [](Time time, const auto& s) { return time < s.t; });
  if (after == samples.begin()) return {};
  const auto& last = *std::prev(after);
  if (!holds && t - last.t > 3s) return {};
  return last.value;
}

double Series::highest() const {
  double value = 0;
  for (const auto& sample : samples) value = std::max(value, sample.value);
  return value;
}

const std::string& Run::title(Language language) const {
  if (language == Language::korean && !title_ko.empty()) return title_ko;
  return title_en;
}

const std::vector<std::string>& Run::harm(Language language) const {
  return language == Language::korean && !harm_ko.empty() ? harm_ko : harm_en;
}

const recording::RecordedMachine* Run::machine(int id) const {
  const auto found =
      std::find_if(machines.begin(), machines.end(), [&](const auto& m) { return m.id == id; });
  return found == machines.end() ? nullptr : &*found;
}

std::vector<Condition> Run::troubles(int machine, Time t) const {
  const auto shared = host_of.find(machine);
  const int host = shared == host_of.end() ? machine : shared->second;
  std::vector<Condition> all;
  for (const Ailment& one : ailments) {
    if ((one.machine == machine || one.machine == host) && t >= one.from && t < one.to) {
      all.push_back(one.what);
    }
  }
  return all;
}

int Run::lost_of(int partition, Time t) const {
  const auto found = lost.find(partition);
  if (found == lost.end()) return 0;
  return static_cast<int>(std::count_if(found->second.begin(), found->second.end(),
                                        [&](const Lost& one) { return one.from <= t; }));
}

std::vector<std::int64_t> Run::lost_offsets(int partition, Time t) const {
  std::vector<std::int64_t> offsets;
  const auto found = lost.find(partition);
  if (found == lost.end()) return offsets;
  for (const Lost& one : found->second) {
    if (one.from <= t) offsets.push_back(one.offset);
  }
  return offsets;
}

bool Run::switch_is_dead(std::string_view name, Time t) const {
  return std::any_of(outages.begin(), outages.end(), [&](const Outage& one) {
    const bool holds = t >= one.from && (t < one.to || one.to == Time(duration));
    return holds && one.place == fmt::format("{}\n", name);
  });
}

// A switch and an area never have the same name.
bool Run::area_is_cut(std::string_view name, Time t) const { return switch_is_dead(name, t); }

std::string Run::ailing(int machine, Time t, Language language) const {
  const auto shared = host_of.find(machine);
  const int host = shared == host_of.end() ? machine : shared->second;
  std::string all;
  for (const Ailment& one : ailments) {
    if (one.machine != machine && one.machine != host) continue;
    if (t < one.from || t >= one.to) continue;
    all += all.empty() ? "" : "\n";
    all += language == Language::korean && !one.ko.empty() ? one.ko : one.en;
  }
  return all;
}

std::string Run::wall_clock(Time t, bool tenths) const {
  const auto since_midnight = (starts_at + t.time_since_epoch()) % 24h;
  const auto total = since_midnight / 100ms;
  const auto seconds = total / 10;
  const std::string clock =
      fmt::format("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
  return tenths ? fmt::format("{}.{}", clock, total % 10) : clock;
}

std::string Run::all_text() const {
  std::string all = title_en + title_ko + verdict_reason;
  for (const auto* harm : {&harm_en, &harm_ko}) {
    for (const std::string& one : *harm) all += one;
  }
  for (const auto& machine : machines) all += machine.name;
  for (const auto& area : topology.areas) all += area.name;
  for (const auto& one : topology.switches) all += one.name;
  for (const auto& partition : partitions) all += partition.topic;
  for (const auto& client : producers) all += client.process.name;
  for (const auto& client : consumers) all += client.process.name;
  for (const auto& [group, lag] : group_lag) all += group;
  for (const auto& event : events) all += event.en + event.ko;
  for (const auto& pause : pauses) all += pause.en + pause.ko;
  return all;
}

bool Moment::powered(int machine) const {
  const auto known = state.machine_on.find(machine);
  return known == state.machine_on.end() || known->second;
}

bool Moment::running(const recording::RecordedProcess& process) const {
  if (!powered(process.machine)) return false;
  if (exited.contains(process.id)) return false;
  const auto known = state.process_running.find(process.id);
  return known == state.process_running.end() || known->second;
}

Run read_run(const recording::Reader& reader) {
  Run run;
  run.title_en = reader.meta("title_en");
  run.title_ko = reader.meta("title_ko");
  if (run.title_en.empty()) run.title_en = reader.meta("name");
  run.starts_at = parse_clock(reader.meta("starts_at"));
  run.scope = reader.scope();
  run.verdict = reader.meta("verdict");
  run.verdict_reason = reader.meta("verdict_reason");
  run.harm_en = lines_of(reader.meta("harm_en"));
  run.harm_ko = lines_of(reader.meta("harm_ko"));
  run.machines = reader.machines();
  const recording::Facts at_first = reader.facts_at(Time{});
  for (const auto& machine : run.machines) {
    const auto facts = at_first.find(fmt::format("machine/{}", machine.id));
    if (facts == at_first.end()) continue;
    const auto host = facts->second.find("host");
    if (host != facts->second.end()) run.host_of[machine.id] = std::atoi(host->second.c_str());
  }
  run.topology = read_topology(reader);
  for (const auto& [machine, host] : run.host_of) {
    const auto rack = run.topology.rack_of.find(host);
    if (rack != run.topology.rack_of.end()) run.topology.rack_of[machine] = rack->second;
  }
  std::set<int> internal;
  for (auto& partition : reader.partitions()) {
    if (partition.internal) {
      internal.insert(partition.id);
    } else {
      run.partitions.push_back(std::move(partition));
    }
  }
  for (auto& process : reader.processes()) {
    if (process.kind == "broker") {
      run.brokers.push_back(process);
    } else if (process.kind == "zookeeper") {
      run.zookeepers.push_back(process);
    } else if (process.kind == "producer") {
      run.producers.push_back({process, {}, {}});
    } else if (process.kind == "consumer") {
      run.consumers.push_back({process, {}, {}});
    }
  }
  run.events = reader.events(recording::EventLevel::control);
  // Nobody asked about the offsets topic: fifty partitions of it would bury the story.
  std::erase_if(run.events, [&](const recording::RecordedEvent& event) {
    return event.partition && internal.contains(*event.partition);
  });
  read_metrics(reader, run);
  const auto until = reader.recorded_until();
  run.duration = until ? until->time_since_epoch() : reader.duration();
  if (run.duration <= Duration{}) run.duration = last_told(run);
  find_outages(run);
  find_network_outages(run);
  find_ailments(run);
  find_first_starts(reader, run);
  find_exits(run);
  find_moments(run);
  find_lost(reader, run);
  find_pauses(reader, run);
  find_sources(reader, run);
  gather(run);
  return run;
}

Moment read_moment(const recording::Reader& reader, const Run& run, Time t, double speed) {
  Moment moment;
  moment.t = t;
  moment.state = reader.state_at(t);
  moment.minimum_flight = from_seconds(theme::minimum_flight_ms * 1e-3 * speed);
  moment.flights = reader.messages_in_flight(t, most_dots, moment.minimum_flight);
  for (const Run::Absence& one : run.exits) {
    if (t >= one.from && t < one.to) moment.exited.insert(one.process);
  }
  return moment;
}

}  // namespace brokerlab::viz
