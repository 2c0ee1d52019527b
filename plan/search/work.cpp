#include "plan/search/work.h"

#include "base/json_text.h"
#include "base/translation.h"
#include "plan/closed/closed_forms.h"
#include "plan/search/peak_scenario.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <map>

namespace brokerlab::plan {
namespace {

constexpr Duration begins = 25s;         ///< The load has been on for ten seconds.
constexpr Duration for_a_restart = 20s;  ///< Of one broker, generously.
constexpr Duration until_joined = 15s;
constexpr Duration after_it = 60s;
constexpr Duration at_the_end = 30s;

/// Broker n of `in_a_zone` in each zone, from 1, as scenarios number them: zone after zone.
int number_of(int zone, int n, int in_a_zone) { return zone * in_a_zone + n; }

int its_zone(int broker, int brokers, int zones) { return (broker - 1) / (brokers / zones); }

/// The same broker's number once each zone has more of them.
int renumbered(int broker, int before, int after, int zones) {
  const int zone = its_zone(broker, before, zones);
  return number_of(zone, broker - zone * (before / zones), after / zones);
}

std::vector<int> new_brokers(int before, int after, int zones) {
  std::vector<int> fresh;
  for (int zone = 0; zone < zones; ++zone) {
    for (int n = before / zones + 1; n <= after / zones; ++n) {
      fresh.push_back(number_of(zone, n, after / zones));
    }
  }
  return fresh;
}

int enlarged(const Planning& planning, const ClusterPlan& cluster) {
  return cluster.candidate.brokers + broker_step(planning.workload);
}

/// The same workload without a loss: its peak, and nothing else.
Planning at_peak(const Planning& planning) {
  Planning calm = planning;
  calm.workload.survive = Loss::nothing;
  return calm;
}

Json json_of(const Placement& placement) {
  Json list = Json::array();
  for (const auto& brokers : placement) list.push_back(brokers);
  return list;
}

void lasts(Json& scenario, Duration load_until) {
  for (Json& source : scenario["sources"]) source["until"] = brokerlab::to_text(load_until);
  scenario["duration"] = brokerlab::to_text(load_until + at_the_end);
}

/// Before and after, of each topic.
std::vector<std::pair<Placement, Placement>> moves_of(const Planning& planning,
                                                      const ClusterPlan& cluster) {
  std::vector<std::pair<Placement, Placement>> moves;
  const int before = cluster.candidate.brokers;
  const int after = enlarged(planning, cluster);
  const int zones = planning.workload.zones;
  for (std::size_t i = 0; i < planning.workload.topics.size(); ++i) {
    Placement placed = spread(cluster.partitions[i], planning.workload.topics[i].replication_factor,
                              before, zones);
    Placement moved = moved_to_new(placed, before, after, zones);
    for (auto& brokers : placed) {
      for (int& broker : brokers) broker = renumbered(broker, before, after, zones);
    }
    moves.emplace_back(std::move(placed), std::move(moved));
  }
  return moves;
}

std::string text_of(const Planning& planning, const ClusterPlan& cluster, Work work,
                    std::int64_t seed) {
  const Planning calm = at_peak(planning);
  if (work == Work::restart) {
    Json scenario = json_from(scenario_text(calm, cluster, Act::rehearsal, seed));
    scenario["name"] = "rolling_restart";
    scenario["operations"] =
        Json::array({{{"at", brokerlab::to_text(begins)}, {"rolling_restart", Json::object()}}});
    lasts(scenario, begins + for_a_restart * cluster.candidate.brokers);
    return json_text(scenario, 1) + "\n";
  }
  ClusterPlan larger = cluster;
  larger.candidate.brokers = enlarged(planning, cluster);
  Json scenario = json_from(scenario_text(calm, larger, Act::rehearsal, seed));
  scenario["name"] = "expansion";
  Json operations = Json::array();
  const int before = cluster.candidate.brokers;
  for (const int broker : new_brokers(before, larger.candidate.brokers, planning.workload.zones)) {
    operations.push_back(
        {{"at", brokerlab::to_text(begins)}, {"add_broker", fmt::format("broker-{}", broker)}});
  }
  const auto moves = moves_of(planning, cluster);
  for (std::size_t i = 0; i < moves.size(); ++i) {
    scenario["topics"][i]["replicas"] = json_of(moves[i].first);
    scenario["topics"][i].erase("partitions");
    scenario["topics"][i].erase("replication.factor");
    operations.push_back(
        {{"at", brokerlab::to_text(begins + until_joined)},
         {"reassign",
          {{"topic", planning.workload.topics[i].name}, {"replicas", json_of(moves[i].second)}}}});
  }
  scenario["operations"] = std::move(operations);
  lasts(scenario, begins + until_joined + after_it);
  return json_text(scenario, 1) + "\n";
}

/// What a full cluster would move, and for how long.
void reckon_move(const Planning& planning, const ClusterPlan& cluster, RehearsedWork& done) {
  const auto moves = moves_of(planning, cluster);
  double kept = 0;
  double all = 0;
  for (std::size_t i = 0; i < moves.size(); ++i) {
    const auto& [before, after] = moves[i];
    const TopicDemand& demand = planning.demands[i];
    const PlannedTopic& topic = planning.workload.topics[i];
    const double partition = demand.mean_records * demand.record_bytes *
                             to_seconds(topic.retention) / static_cast<double>(before.size());
    for (std::size_t p = 0; p < before.size(); ++p) {
      for (const int broker : after[p]) {
        ++done.all_replicas;
        all += partition;
        if (std::find(before[p].begin(), before[p].end(), broker) != before[p].end()) continue;
        ++done.moved_replicas;
        kept += partition;
      }
    }
  }
  // What is kept for real has batches and segments about it, as kept_in_all counts.
  const auto counted = static_cast<double>(cluster.kept_in_all.count());
  done.moved_bytes = all > 0 ? counted * kept / all : 0;
  const int fresh = done.brokers - cluster.candidate.brokers;
  double written = 0;  // of each broker, afterwards
  for (std::size_t i = 0; i < planning.demands.size(); ++i) {
    written += planning.demands[i].at_peak * planning.demands[i].record_bytes *
               planning.workload.topics[i].replication_factor / done.brokers;
  }
  const double most = planning.workload.objectives.utilisation;
  const double card = most * static_cast<double>(cluster.machine.nic.rate.count()) - written;
  const double disks = most * disk_rate(cluster.machine) - written;
  const double left = std::min(card, disks);
  if (left > 0 && fresh > 0) done.moving_s = done.moved_bytes / fresh / left;
}

}  // namespace

std::string_view to_text(Work work) {
  return work == Work::restart ? "rolling restart" : "expansion";
}

std::optional<double> RehearsedWork::whole_after_s() const {
  if (!failed.empty() || figures.under_replicated_at_end) return std::nullopt;
  return std::max(0.0, figures.under_replicated_until_s - begun_s);
}

Placement spread(int partitions, int replicas, int brokers, int zones) {
  std::vector<int> turns;  // zones take turns
  for (int n = 1; n <= brokers / zones; ++n) {
    for (int zone = 0; zone < zones; ++zone) turns.push_back(number_of(zone, n, brokers / zones));
  }
  Placement all(static_cast<std::size_t>(partitions));
  for (int p = 0; p < partitions; ++p) {
    for (int r = 0; r < std::min(replicas, brokers); ++r) {
      all[static_cast<std::size_t>(p)].push_back(
          turns[static_cast<std::size_t>((p + r) % brokers)]);
    }
  }
  return all;
}

Placement moved_to_new(const Placement& before, int brokers_before, int brokers_after, int zones) {
  Placement after = before;
  std::map<int, int> load;
  int all = 0;
  for (auto& brokers : after) {
    for (int& broker : brokers) {
      broker = renumbered(broker, brokers_before, brokers_after, zones);
      ++load[broker];
      ++all;
    }
  }
  const auto zone = [&](int broker) { return its_zone(broker, brokers_after, zones); };
  for (const int fresh : new_brokers(brokers_before, brokers_after, zones)) {
    std::size_t turn = 0;  // which of its replicas a partition gives: leaders go, too
    for (int taken = 0; taken < all / brokers_after; ++taken) {
      // From whoever has most, in the same zone.
      int from = 0;
      for (const auto& [broker, count] : load) {
        if (broker == fresh || zone(broker) != zone(fresh)) continue;
        if (from == 0 || count > load[from]) from = broker;
      }
      if (from == 0 || load[from] <= load[fresh] + 1) break;
      std::vector<int>* best = nullptr;
      std::size_t place = 0;
      for (auto& brokers : after) {
        const auto at = std::find(brokers.begin(), brokers.end(), from);
        if (at == brokers.end() ||
            std::find(brokers.begin(), brokers.end(), fresh) != brokers.end()) {
          continue;
        }
        const auto here = static_cast<std::size_t>(at - brokers.begin());
        if (best == nullptr || here == turn % brokers.size()) {
          best = &brokers;
          place = here;
          if (here == turn % brokers.size()) break;
        }
      }
      if (best == nullptr) break;
      (*best)[place] = fresh;
      --load[from];
      ++load[fresh];
      ++turn;
    }
  }
  return after;
}

scenarios::Loaded scenario_of(const Planning& planning, const ClusterPlan& cluster, Work work,
                              std::int64_t seed) {
  return scenarios::parse_scenario(text_of(planning, cluster, work, seed), "plan",
                                   planning.workload.directory);
}

Result<std::vector<RehearsedWork>, std::string> rehearse_work(const Planning& planning,
                                                              const ClusterPlan& cluster,
                                                              std::int64_t seed, TrialBook& book,
                                                              const TrialLimits& limits) {
  std::vector<RehearsedWork> all;
  for (const Work work : {Work::restart, Work::expansion}) {
    RehearsedWork one;
    one.work = work;
    one.brokers = work == Work::restart ? cluster.candidate.brokers : enlarged(planning, cluster);
    one.begun_s = to_seconds(begins);
    if (work == Work::expansion) reckon_move(planning, cluster, one);
    all.push_back(std::move(one));
  }
  std::string trouble;
  const auto status = run_trials(
      book, limits,
      [&](std::size_t trial) -> std::optional<scenarios::Scenario> {
        if (trial >= all.size()) return std::nullopt;
        scenarios::Loaded loaded = scenario_of(planning, cluster, all[trial].work, seed);
        if (!loaded.scenario) {
          trouble = brokerlab::to_text(loaded.errors);
          return std::nullopt;
        }
        return std::move(loaded.scenario);
      },
      [&](std::size_t trial, Result<Outcome, std::string> outcome) {
        if (outcome) {
          all[trial].figures = outcome->figures;
        } else {
          all[trial].failed = outcome.error();
        }
      });
  if (!status.ok()) return fail(status.error());
  if (!trouble.empty()) return fail(trouble);
  return all;
}

}  // namespace brokerlab::plan
