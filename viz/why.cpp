#include "viz/why.h"

#include "base/json_text.h"
#include "viz/why_teller.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <map>

namespace brokerlab::viz {
namespace {

constexpr int most_messages = 20'000;

const recording::RecordedProcess* process_on(const Run& run, int machine) {
  for (const auto& broker : run.brokers) {
    if (broker.machine == machine) return &broker;
  }
  for (const auto& server : run.zookeepers) {
    if (server.machine == machine) return &server;
  }
  for (const auto* clients : {&run.producers, &run.consumers}) {
    for (const Client& client : *clients) {
      if (client.process.machine == machine) return &client.process;
    }
  }
  return nullptr;
}

bool is_of_network(Condition condition) {
  return condition == Condition::cut_off || condition == Condition::partly_cut ||
         condition == Condition::loss || condition == Condition::delay;
}

}  // namespace

const RecordedEvent* origin_of(const Teller& tell, int machine, Condition condition) {
  const auto shared = tell.scene.run.host_of.find(machine);
  const int host = shared == tell.scene.run.host_of.end() ? machine : shared->second;
  const bool network = is_of_network(condition);
  const RecordedEvent* fault = tell.last([&](const RecordedEvent& event) {
    if (event.level != recording::EventLevel::fault) return false;
    if (network) return event.kind.starts_with("network.");
    return event.machine == machine || event.machine == host;
  });
  if (fault != nullptr && condition != Condition::fenced) return fault;
  const RecordedEvent* other = tell.last([&](const RecordedEvent& event) {
    return event.kind != "process.started" && (event.machine == machine || event.machine == host);
  });
  return other != nullptr ? other : fault;
}

void tell_of_conditions(Teller& tell, const recording::RecordedProcess& process,
                        const std::vector<Condition>& conditions) {
  for (const Condition one : conditions) {
    const RecordedEvent* origin = origin_of(tell, process.machine, one);
    const std::string_view word = say(word_of(one), tell.language);
    if (origin == nullptr) {
      tell.said.lines.push_back(fmt::format("{}: {}", process.name, word));
    } else {
      tell.said.lines.push_back(tell.words(Text::why_since, process.name, word,
                                           tell.scene.run.wall_clock(origin->t, true),
                                           to_rounded_text(tell.scene.moment.t - origin->t)));
    }
  }
}

namespace {

void tell_of_machine(Teller& tell, const recording::RecordedProcess& process) {
  const std::vector<Condition> conditions = conditions_of(tell.scene, process);
  tell.said.title = process.name;
  if (conditions.empty()) {
    tell.said.lines.push_back(tell.words(Text::why_well, process.name));
    tell.lead_to(
        tell.last([&](const RecordedEvent& event) { return event.machine == process.machine; }));
    return;
  }
  tell_of_conditions(tell, process, conditions);
  if (const RecordedEvent* origin = origin_of(tell, process.machine, conditions.front())) {
    tell.said.event = origin->id;
  }
}

// What filled the card in the last second: kinds of messages, with whom, the most first.
void tell_of_traffic(Teller& tell, int machine) {
  const Time now = tell.scene.moment.t;
  std::map<std::string, std::int64_t> bytes;
  for (const auto& message : tell.scene.reader.messages(now - 1s, now, most_messages)) {
    if (message.source != machine && message.destination != machine) continue;
    const int other = message.source == machine ? message.destination : message.source;
    const auto* named = tell.scene.run.machine(other);
    const std::string whom = named == nullptr ? "?" : named->name;
    const char* way = message.source == machine ? "→ " : "← ";
    bytes[fmt::format("{} {}{}", message.kind, way, whom)] += message.size.count();
  }
  std::vector<std::pair<std::int64_t, std::string>> most;
  most.reserve(bytes.size());
  for (const auto& [what, sum] : bytes) most.emplace_back(sum, what);
  std::sort(most.rbegin(), most.rend());
  for (std::size_t i = 0; i < std::min<std::size_t>(most.size(), 3); ++i) {
    tell.said.lines.push_back(
        tell.words(Text::why_mostly, most[i].second, to_rounded_text(Bytes(most[i].first))));
  }
}

void tell_of_load(Teller& tell, const Asked& asked, const recording::RecordedProcess& process) {
  const bool card = asked.of == Asked::Of::card;
  const auto& all = card ? tell.scene.run.nic : tell.scene.run.disk;
  const auto series = all.find(process.machine);
  const auto value = series == all.end() ? std::nullopt : series->second.at(tell.scene.moment.t);
  tell.said.title =
      fmt::format("{}: {}", process.name, say(card ? Text::network : Text::disk, tell.language));
  if (!value) {
    tell.said.lines.push_back(tell.words(Text::why_unknown));
    return;
  }
  tell.said.lines.push_back(tell.words(card ? Text::why_card : Text::why_disk, process.name,
                                       std::lround(*value * 100),
                                       std::lround(series->second.highest() * 100)));
  tell.said.lines.push_back(tell.words(*value >= 0.9 ? Text::why_full : Text::why_room));
  if (card) tell_of_traffic(tell, process.machine);
  tell.lead_to(tell.last_disturbance(), Text::why_before);
}

}  // namespace

void tell_of_partition(Teller& tell, const recording::RecordedPartition& partition) {
  const Scene& scene = tell.scene;
  tell.said.title = partition.name();
  const auto found = scene.moment.state.partitions.find(partition.id);
  if (found == scene.moment.state.partitions.end()) {
    tell.said.lines.push_back(tell.words(Text::why_unknown));
    return;
  }
  const auto& state = found->second;
  const auto* leader = broker_by_number(scene.run, state.leader);
  const RecordedEvent* from = nullptr;
  if (leader == nullptr) {
    std::string ready;
    for (const int replica : state.isr) {
      const auto* broker = broker_by_number(scene.run, replica);
      if (broker == nullptr || !scene.moment.running(*broker)) continue;
      ready += (ready.empty() ? "" : ", ") + broker->name;
    }
    tell.said.lines.push_back(ready.empty() ? tell.words(Text::why_no_leader)
                                            : tell.words(Text::why_leader_awaited, ready));
  } else {
    tell.said.lines.push_back(tell.words(Text::why_leader, leader->name, state.epoch));
    const std::vector<Condition> conditions = conditions_of(scene, *leader);
    if (!conditions.empty() && leadership(scene, state) != Leadership::alive) {
      tell.said.lines.push_back(
          fmt::format("{}: {}", leader->name, say(word_of(conditions.front()), tell.language)));
      from = origin_of(tell, leader->machine, conditions.front());
    }
  }
  for (const int replica : state.replicas) {
    if (std::find(state.isr.begin(), state.isr.end(), replica) != state.isr.end()) continue;
    const auto* broker = broker_by_number(scene.run, replica);
    const auto conditions =
        broker == nullptr ? std::vector<Condition>{} : conditions_of(scene, *broker);
    const std::string name = broker == nullptr ? std::to_string(replica) : broker->name;
    tell.said.lines.push_back(tell.words(
        Text::why_missing, name,
        say(conditions.empty() ? Text::stands_short : word_of(conditions.front()), tell.language)));
  }
  if (state.isr.size() == state.replicas.size()) {
    tell.said.lines.push_back(tell.words(Text::why_in_sync));
  }
  if (const int lost = scene.run.lost_of(partition.id, scene.moment.t); lost > 0) {
    tell.said.lines.push_back(tell.words(Text::lost_here, lost));
  }
  if (from == nullptr) {
    from = tell.last([&](const RecordedEvent& event) { return event.partition == partition.id; });
  }
  tell.lead_to(from);
}

namespace {

void tell_of_group(Teller& tell, const std::string& group) {
  const Scene& scene = tell.scene;
  const Time now = scene.moment.t;
  tell.said.title = fmt::format("{} {}", say(Text::group, tell.language), group);
  const Series* lag = nullptr;
  for (const auto& [name, series] : scene.run.group_lag) {
    if (name == group) lag = &series;
  }
  const auto value = lag == nullptr ? std::nullopt : lag->at(now);
  if (!value) {
    tell.said.lines.push_back(tell.words(Text::why_unknown));
  } else {
    tell.said.lines.push_back(tell.words(Text::why_lag, std::llround(*value),
                                         std::lround(scene.run.sent.at(now).value_or(0)),
                                         std::lround(scene.run.consumed.at(now).value_or(0))));
    const auto before = lag->at(now - 5s);
    const auto change = before ? std::lround((*value - *before) / 5) : 0;
    if (change > 0) tell.said.lines.push_back(tell.words(Text::why_grows, change));
    if (change < 0) tell.said.lines.push_back(tell.words(Text::why_shrinks, -change));
  }
  tell.lead_to(tell.last([&](const RecordedEvent& event) {
    if (event.level == recording::EventLevel::fault || event.kind == "load.changed") return true;
    if (!event.kind.starts_with("consumer.") && !event.kind.starts_with("group.")) return false;
    const auto detail = json_from(event.detail);
    return detail.is_object() && (!detail.contains("group") || detail["group"] == group);
  }),
               Text::why_before);
}

void tell_of_number(Teller& tell, const Asked& asked,
                    const recording::RecordedPartition& partition) {
  if (asked.of == Asked::Of::replica) return tell_of_replica(tell, partition, asked.number);
  if (asked.of == Asked::Of::high_watermark) return tell_of_high_watermark(tell, partition);
  if (asked.of == Asked::Of::lag) return tell_of_lag(tell, partition);
  tell_of_partition(tell, partition);
}

}  // namespace

Answer answer(const Scene& scene, const Asked& asked, Language language) {
  Teller tell(scene, language);
  switch (asked.of) {
    case Asked::Of::machine:
    case Asked::Of::card:
    case Asked::Of::disk: {
      const auto* process = process_on(scene.run, asked.id);
      if (process == nullptr) break;
      if (asked.of == Asked::Of::machine) {
        tell_of_machine(tell, *process);
      } else {
        tell_of_load(tell, asked, *process);
      }
      break;
    }
    case Asked::Of::partition:
    case Asked::Of::replica:
    case Asked::Of::high_watermark:
    case Asked::Of::lag:
      for (const auto& partition : scene.run.partitions) {
        if (partition.id == asked.id) tell_of_number(tell, asked, partition);
      }
      break;
    case Asked::Of::standing:
      tell_of_standing(tell, asked.number);
      break;
    case Asked::Of::state:
      tell_of_state(tell);
      break;
    case Asked::Of::verdict:
      tell_of_verdict(tell);
      break;
    case Asked::Of::place:
      tell_of_place(tell, asked.name);
      break;
    case Asked::Of::group:
      tell_of_group(tell, asked.name);
      break;
    case Asked::Of::throughput:
      tell.said.title = say(Text::throughput, language);
      tell.said.lines.push_back(
          tell.words(Text::why_sent, std::lround(scene.run.sent.at(scene.moment.t).value_or(0)),
                     std::lround(scene.run.intended.at(scene.moment.t).value_or(0))));
      tell.lead_to(tell.last([](const RecordedEvent& event) {
        return event.level == recording::EventLevel::fault || event.kind == "load.changed" ||
               event.kind.starts_with("producer.");
      }),
                   Text::why_before);
      break;
  }
  return std::move(tell.said);
}

}  // namespace brokerlab::viz
