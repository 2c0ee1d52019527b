// Why a number of the table or the matrix is what it is, and what the badges of the bar mean.
#include "base/json_text.h"
#include "viz/now.h"
#include "viz/partitions/pieces.h"
#include "viz/why_teller.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>

namespace brokerlab::viz {
namespace {

using Partition = recording::ClusterState::Partition;

constexpr std::size_t most_named = 6;

const Partition* state_of(const Teller& tell, const recording::RecordedPartition& partition) {
  const auto found = tell.scene.moment.state.partitions.find(partition.id);
  return found == tell.scene.moment.state.partitions.end() ? nullptr : &found->second;
}

std::optional<std::int64_t> log_end(const Teller& tell, int partition, int broker) {
  const auto& ends = tell.scene.moment.state.log_end_offset;
  const auto found = ends.find({partition, broker});
  return found == ends.end() ? std::nullopt : std::optional(found->second);
}

std::string broker_name(const Teller& tell, int broker) {
  const auto* process = broker_by_number(tell.scene.run, broker);
  return process == nullptr ? std::to_string(broker) : process->name;
}

const RecordedEvent* last_of(const Teller& tell, int partition) {
  return tell.last([&](const RecordedEvent& event) { return event.partition == partition; });
}

// The answer's event: whatever a partition's own answer would lead to.
void lead_as(Teller& tell, const recording::RecordedPartition& partition) {
  Teller of_it(tell.scene, tell.language);
  tell_of_partition(of_it, partition);
  tell.said.event = of_it.said.event;
  if (tell.said.event) tell.said.lines.push_back(of_it.said.lines.back());
}

}  // namespace

void tell_of_replica(Teller& tell, const recording::RecordedPartition& partition, int broker) {
  tell.said.title = fmt::format("{} · {}", partition.name(), broker_name(tell, broker));
  const Partition* state = state_of(tell, partition);
  const auto end = log_end(tell, partition.id, broker);
  if (state == nullptr || !end) {
    tell.said.lines.push_back(tell.words(Text::why_unknown));
    return;
  }
  const auto leaders = log_end(tell, partition.id, state->leader);
  if (state->leader == broker) {
    tell.said.lines.push_back(tell.words(Text::why_log_leads, with_thousands(*end)));
  } else if (leaders) {
    tell.said.lines.push_back(tell.words(Text::why_log_ends, with_thousands(*end),
                                         broker_name(tell, state->leader),
                                         with_thousands(*leaders)));
    const std::int64_t behind = *leaders - *end;
    if (behind > 0) tell.said.lines.push_back(tell.words(Text::why_log_behind, behind));
    if (behind < 0) tell.said.lines.push_back(tell.words(Text::why_log_ahead, -behind));
  } else {
    tell.said.lines.push_back(tell.words(Text::why_log_alone, with_thousands(*end)));
  }
  const bool in_sync = std::find(state->isr.begin(), state->isr.end(), broker) != state->isr.end();
  tell.said.lines.push_back(tell.words(in_sync ? Text::why_log_in_sync : Text::why_log_out));
  const auto* process = broker_by_number(tell.scene.run, broker);
  const auto conditions =
      process == nullptr ? std::vector<Condition>{} : conditions_of(tell.scene, *process);
  if (conditions.empty()) return tell.lead_to(last_of(tell, partition.id), Text::why_before);
  tell_of_conditions(tell, *process, conditions);
  tell.lead_to(origin_of(tell, process->machine, conditions.front()));
}

void tell_of_high_watermark(Teller& tell, const recording::RecordedPartition& partition) {
  tell.said.title =
      fmt::format("{} · {}", partition.name(), say(Text::high_watermark, tell.language));
  const Partition* state = state_of(tell, partition);
  if (state == nullptr || !state->high_watermark) {
    tell.said.lines.push_back(tell.words(Text::why_unknown));
    return;
  }
  const std::int64_t at = *state->high_watermark;
  tell.said.lines.push_back(tell.words(Text::why_readable, with_thousands(at)));
  const auto leaders = log_end(tell, partition.id, state->leader);
  std::optional<std::pair<std::int64_t, int>> least;
  for (const int broker : state->isr) {
    const auto end = log_end(tell, partition.id, broker);
    if (end && (!least || *end < least->first)) least.emplace(*end, broker);
  }
  if (leaders && least && least->first < *leaders) {
    tell.said.lines.push_back(tell.words(Text::why_held_by, broker_name(tell, least->second),
                                         with_thousands(least->first)));
  }
  if (leaders && *leaders > at) {
    tell.said.lines.push_back(tell.words(Text::why_not_yet, *leaders - at));
  }
  lead_as(tell, partition);
}

void tell_of_lag(Teller& tell, const recording::RecordedPartition& partition) {
  const Scene& scene = tell.scene;
  tell.said.title = fmt::format("{} · {}", partition.name(), say(Text::lag, tell.language));
  const auto groups = scene.run.lag_of_groups.find(partition.id);
  if (groups != scene.run.lag_of_groups.end()) {
    for (const auto& [group, series] : groups->second) {
      const auto value = series.at(scene.moment.t);
      if (!value) continue;
      tell.said.lines.push_back(tell.words(Text::why_lag_of, group, std::llround(*value)));
    }
  }
  if (tell.said.lines.empty()) tell.said.lines.push_back(tell.words(Text::why_unknown));
  const RecordedEvent* from = nullptr;
  std::string readers;
  for (const Client& client : scene.run.consumers) {
    const auto mine = scene.moment.state.assignment.find(client.process.name);
    if (mine == scene.moment.state.assignment.end()) continue;
    const auto& all = mine->second;
    if (std::find(all.begin(), all.end(), partition.id) == all.end()) continue;
    readers += (readers.empty() ? "" : ", ") + client.process.name;
    const std::vector<Condition> conditions = conditions_of(scene, client.process);
    if (conditions.empty() || from != nullptr) continue;
    from = origin_of(tell, client.process.machine, conditions.front());
    tell_of_conditions(tell, client.process, conditions);
  }
  tell.said.lines.push_back(readers.empty() ? tell.words(Text::why_nobody_reads)
                                            : tell.words(Text::why_read_by, readers));
  if (from != nullptr) return tell.lead_to(from);
  tell.lead_to(tell.last_disturbance(), Text::why_before);
}

void tell_of_standing(Teller& tell, int standing) {
  const auto wanted = static_cast<Standing>(standing);
  const recording::RecordedPartition* first = nullptr;
  std::string names;
  std::size_t count = 0;
  for (const auto& partition : tell.scene.run.partitions) {
    if (standing_of(tell.scene, partition) != wanted) continue;
    if (first == nullptr) first = &partition;
    if (++count <= most_named) names += (names.empty() ? "" : ", ") + partition.name();
  }
  tell.said.title = fmt::format("{} {}", say(word_of(wanted), tell.language), count);
  if (count > most_named) names += fmt::format(" +{}", count - most_named);
  if (first == nullptr) return;
  tell.said.lines.push_back(tell.words(Text::why_these, names));
  lead_as(tell, *first);
}

void tell_of_state(Teller& tell) {
  const std::vector<Holds> all = what_holds(tell.scene, tell.language);
  tell.said.title = all.front().words;
  for (std::size_t i = 1; i < all.size(); ++i) tell.said.lines.push_back(all[i].words);
  // The machines that are not well, the worst of them first named.
  std::optional<std::pair<Condition, int>> worst;
  std::size_t told = 0;
  each_process(tell.scene.run, [&](const recording::RecordedProcess& process) {
    const std::vector<Condition> conditions = conditions_of(tell.scene, process);
    if (conditions.empty() || conditions.front() == Condition::not_started) return;
    if (++told <= most_named) tell_of_conditions(tell, process, {conditions.front()});
    const std::pair here(conditions.front(), process.machine);
    if (!worst || here.first < worst->first) worst = here;
  });
  if (told > most_named) tell.said.lines.push_back(fmt::format("+{}", told - most_named));
  if (worst) return tell.lead_to(origin_of(tell, worst->second, worst->first));
  for (const auto& partition : tell.scene.run.partitions) {
    const Standing standing = standing_of(tell.scene, partition);
    const bool well = standing == Standing::well || standing == Standing::unknown;
    if (!well && standing != Standing::lost) return lead_as(tell, partition);
  }
  if (all.size() == 1 && all.front().color == theme::good) {
    tell.said.lines.push_back(tell.words(Text::why_all_well));
  }
  tell.lead_to(tell.last_disturbance(), Text::why_before);
}

void tell_of_verdict(Teller& tell) {
  const Run& run = tell.scene.run;
  const Text word = run.verdict == "pass"      ? Text::verdict_pass
                    : run.verdict == "fail"    ? Text::verdict_fail
                    : run.verdict == "unknown" ? Text::verdict_unknown
                                               : Text::verdict_none;
  tell.said.title = tell.words(Text::at_the_end, say(word, tell.language));
  if (!run.verdict_reason.empty()) tell.said.lines.push_back(run.verdict_reason);
  const std::vector<std::string>& harm = run.harm(tell.language);
  tell.said.lines.insert(tell.said.lines.end(), harm.begin(), harm.end());
  if (harm.empty()) return tell.said.lines.push_back(tell.words(Text::why_no_harm));
  // The first fault of the run: what was judged began there, wherever the play head stands.
  const auto fault = std::find_if(run.events.begin(), run.events.end(), [](const auto& event) {
    return event.level == recording::EventLevel::fault && event.kind != "load.changed";
  });
  if (fault != run.events.end()) tell.lead_to(&*fault, Text::why_first_fault);
}

void tell_of_place(Teller& tell, const std::string& name) {
  tell.said.title = name;
  const RecordedEvent* event = tell.last([&](const RecordedEvent& one) {
    if (!one.kind.starts_with("network.")) return false;
    const auto detail = json_from(one.detail);
    if (!detail.is_object()) return false;
    return std::any_of(detail.begin(), detail.end(),
                       [&](const auto& value) { return value.is_string() && value == name; });
  });
  const bool dead = tell.scene.run.switch_is_dead(name, tell.scene.moment.t);
  if (dead && event != nullptr) {
    const bool area = event->kind == "network.area_cut";
    tell.said.lines.push_back(tell.words(
        Text::why_since, name, say(area ? Text::cut_off : Text::switch_dead, tell.language),
        tell.scene.run.wall_clock(event->t, true),
        to_rounded_text(tell.scene.moment.t - event->t)));
  } else {
    tell.said.lines.push_back(tell.words(Text::why_place_works, name));
  }
  tell.lead_to(event);
}

}  // namespace brokerlab::viz
