#include "plan/search/answer.h"

#include "base/installation.h"
#include "base/json_text.h"
#include "base/plurals.h"
#include "base/settings.h"
#include "base/translation.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>

namespace brokerlab::plan {
namespace {

/// 12345.6 as "12,346".
std::string money(double amount) {
  std::string digits = fmt::format("{:.0f}", std::min(amount, 1e15));
  for (auto at = static_cast<std::ptrdiff_t>(digits.size()) - 3; at > 0; at -= 3) {
    digits.insert(static_cast<std::size_t>(at), ",");
  }
  return digits;
}

std::string price_of(const Planning& planning, const Cost& cost) {
  return money(cost.total()) + " " + planning.catalogue.currency;
}

Phrase resource_words(Resource resource, const std::string& machine) {
  switch (resource) {
    case Resource::network:
      return phrase("network card of {}", machine);
    case Resource::disk:
      return phrase("disks of {}", machine);
    case Resource::processor:
      return phrase("processor of {}", machine);
  }
  UNREACHABLE();
}

Phrase need_words(const std::string& name) {
  if (name == "disk space") return phrase("disk space of a broker");
  if (name == "partitions") return phrase("partitions on a broker");
  if (name == "disks") return phrase("disks of a broker, over hours");
  if (name.starts_with("network")) return phrase("network card of a broker, over hours");
  return {name, name};
}

std::string list_of(const std::vector<Phrase>& phrases) {
  std::string text;
  for (const Phrase& one : phrases) text += (text.empty() ? "" : "; ") + say(one);
  return text;
}

std::vector<double> of_seeds(const std::map<std::int64_t, KeyFigures>& runs,
                             double KeyFigures::*figure) {
  std::vector<double> values;
  values.reserve(runs.size());
  for (const auto& [seed, figures] : runs) values.push_back(figures.*figure);
  return values;
}

std::string interval_text(const std::map<std::int64_t, KeyFigures>& runs,
                          double KeyFigures::*figure) {
  const Interval interval = confidence(of_seeds(runs, figure));
  if (runs.size() < 2) return fmt::format("{:.3g} ms", interval.mean);
  return tr("{:.3g} ms ({:.3g} to {:.3g})", interval.mean, std::max(0.0, interval.low),
            interval.high);
}

std::string loss_words(Loss loss) {
  switch (loss) {
    case Loss::nothing:
      return tr("nothing is lost");
    case Loss::broker:
      return tr("a broker is lost at the peak");
    case Loss::zone:
      return tr("a zone is lost at the peak");
  }
  UNREACHABLE();
}

void tell_head(const Planning& planning, std::string& text) {
  const Workload& workload = planning.workload;
  double records = 0;
  for (const TopicDemand& one : planning.demands) records += one.at_peak;
  const double bytes = peak_bytes(planning, 0);
  text += tr("{}: at the peak {} records a second, {}; {}", workload.name,
             records < 100 ? fmt::format("{:.3g}", records) : money(records),
             to_rounded_text(BytesPerSecond(static_cast<std::int64_t>(bytes))),
             loss_words(workload.survive));
  if (workload.growth.a_year != 0) {
    text += "; " + tr("grown {:.3g} times in {:.3g} years", workload.growth.factor(),
                      workload.growth.years);
  }
  text += "\n";
}

void tell_cluster(const Planning& planning, const Judged& best, std::string& text) {
  const Workload& workload = planning.workload;
  const Build& build = best.cluster.candidate.build;
  text += "\n" +
          tr("Answer: {}: {} a month", words_of(planning, best.cluster),
             price_of(planning, best.cluster.cost)) +
          "\n";
  if (workload.zones > 1) {
    text += "  " +
            tr("in {} zones, brokers in each: {}", workload.zones,
               best.cluster.candidate.brokers / workload.zones) +
            "\n";
  }
  for (std::size_t i = 0; i < workload.topics.size(); ++i) {
    const PlannedTopic& topic = workload.topics[i];
    text += "  " +
            tr("topic {}: {} partitions, replication factor {}, min.insync.replicas {}", topic.name,
               best.cluster.partitions[i], topic.replication_factor, topic.min_insync_replicas) +
            "\n";
  }
  text += "  " + tr("producers: acks=all, {}", workload.clients[build.clients].words()) + "\n";
  text +=
      "  " + tr("each broker keeps up to {}", to_rounded_text(best.cluster.kept_a_broker)) + "\n";
  text += tr("Cost a month: machines {}, disks {}, traffic from zone to zone {} {}",
             money(best.cluster.cost.instances), money(best.cluster.cost.disks),
             money(best.cluster.cost.cross_zone), planning.catalogue.currency) +
          "\n";
  const int servers = servers_of(workload, best.cluster.candidate.brokers);
  text += "  " +
          (workload.zookeeper
               ? tr("and ZooKeeper: {} x {}, {} {}", servers, *workload.zookeeper,
                    money(best.cluster.cost.ensemble), planning.catalogue.currency)
               : tr("without ZooKeeper's {}: \"zookeeper\" in the workload names their machine",
                    servers)) +
          "\n";
}

void tell_bottlenecks(const Planning& planning, const PlanResult& result, std::string& text) {
  const std::vector<Bottleneck> all = bottlenecks(planning, result);
  for (std::size_t i = 0; i < all.size() && i < 2; ++i) {
    const Bottleneck& one = all[i];
    text += i == 0 ? tr("First bottleneck:  {}, {:.0f} % used, {:.0f} % may be: head-room {:.3g} "
                        "times",
                        one.what, 100 * one.used, 100 * one.allowed, one.headroom())
                   : tr("Second bottleneck: {}, {:.0f} % used, {:.0f} % may be: head-room {:.3g} "
                        "times",
                        one.what, 100 * one.used, 100 * one.allowed, one.headroom());
    text += one.simulated ? "\n" : " " + tr("(closed form)") + "\n";
  }
}

void tell_runs(const Planning& planning, const Judged& best, std::string& text) {
  const bool lost = planning.workload.survive != Loss::nothing;
  if (!best.degraded.empty()) {
    text += "\n" +
            with_plurals(
                lost ? tr("The peak, carried without what is lost ({} seed(s), 95 % intervals):",
                          best.degraded.size())
                     : tr("The peak ({} seed(s), 95 % intervals):", best.degraded.size())) +
            "\n";
    text +=
        "  " +
        tr("p99 until acknowledged {}", interval_text(best.degraded, &KeyFigures::p99_produce_ms)) +
        "\n";
    if (!planning.workload.groups.empty()) {
      text += "  " +
              tr("p99 until processed by a group {}",
                 interval_text(best.degraded, &KeyFigures::p99_end_to_end_ms)) +
              "\n";
    }
  }
  if (best.rehearsal.empty()) return;
  const Rehearsed worst = rehearsed(planning, best);
  text += tr("The hour of the loss, at the peak (the worst of {}; back after {}):",
             fmt::join(worst.lost, ", "), to_rounded_text(planning.workload.lost_for)) +
          "\n";
  text += "  " + tr("{:.2f} % of the records are acknowledged by the end", 100 * worst.kept) + "\n";
  text += "  " + tr("a partition takes no records for up to {:.1f} s", worst.unavailable_s) + "\n";
  if (!planning.workload.groups.empty()) {
    text += "  " +
            (worst.drain_s ? tr("groups lag by up to {} records, and have caught up {:.0f} s later",
                                worst.lag_peak, *worst.drain_s)
                           : tr("groups lag by up to {} records, and have not caught up by the end",
                                worst.lag_peak)) +
            "\n";
  }
  text += "  " +
          tr("replicas are missing for {:.0f} s, all are in sync {:.0f} s after power is back; "
             "about {} "
             "are copied",
             worst.under_replicated_s, worst.whole_after_s,
             to_rounded_text(Bytes(static_cast<std::int64_t>(worst.copied_bytes)))) +
          "\n";
}

void tell_work(const PlanResult& result, std::string& text) {
  for (const RehearsedWork& one : result.work) {
    const KeyFigures& figures = one.figures;
    text += one.work == Work::restart
                ? tr("A rolling restart of all {} brokers, at the peak:", one.brokers)
                : tr("An expansion to {} brokers, partitions moved to the new ones, at the peak:",
                     one.brokers);
    text += "\n";
    if (!one.failed.empty()) {
      text += "  " + tr("not known: {}", one.failed) + "\n";
      continue;
    }
    text += "  " +
            tr("{:.2f} % of the records are acknowledged, 99 % after {:.3g} ms; a partition takes "
               "none for up to {:.1f} s",
               100 * figures.kept(), figures.p99_produce_ms, figures.unavailable_s) +
            "\n";
    if (one.work == Work::restart) {
      const auto whole = one.whole_after_s();
      text += "  " +
              (whole ? tr("all are back, with all replicas in sync, after {:.0f} s", *whole)
                     : tr("not all replicas are in sync by the end")) +
              "\n";
      continue;
    }
    text += "  " +
            tr("{} of {} replicas move: about {} with all that is kept", one.moved_replicas,
               one.all_replicas,
               to_rounded_text(Bytes(static_cast<std::int64_t>(std::min(one.moved_bytes, 9e18)))));
    text += one.moving_s > 0
                ? tr(", for {} at what cards and disks of the new have left (closed form)",
                     to_rounded_text(from_seconds(std::min(one.moving_s, 1e8))))
                : tr(", and cards and disks of the new have nothing left beside the load");
    text += "\n";
  }
}

Json work_json(const RehearsedWork& one) {
  const auto whole = one.whole_after_s();
  Json json{{"work", to_text(one.work)},
            {"brokers", one.brokers},
            {"failed", one.failed.empty() ? Json() : Json(one.failed)},
            {"kept", one.figures.kept()},
            {"p99_produce_ms", one.figures.p99_produce_ms},
            {"p99_end_to_end_ms", one.figures.p99_end_to_end_ms},
            {"unavailable_s", one.figures.unavailable_s},
            {"lag_peak", one.figures.lag_peak}};
  if (one.work == Work::restart) {
    json["whole_after_s"] = whole ? Json(*whole) : Json();
  } else {
    json["moved_replicas"] = one.moved_replicas;
    json["all_replicas"] = one.all_replicas;
    json["moved_bytes"] = one.moved_bytes;
    json["moving_s"] = one.moving_s > 0 ? Json(one.moving_s) : Json();
  }
  return json;
}

void tell_others(const Planning& planning, const PlanResult& result, std::string& text) {
  if (!result.beside.empty() || result.smaller) {
    text += "\n" + tr("What is cheaper does not hold:") + "\n";
  }
  if (result.smaller) {
    text += fmt::format("  {}: {}\n", words_of(planning, result.smaller->cluster),
                        say(result.smaller->need.words));
  }
  for (const Judged& one : result.beside) {
    text += "  " +
            tr("{}, {} a month: {}", words_of(planning, one.cluster),
               price_of(planning, one.cluster.cost), list_of(one.missed)) +
            "\n";
  }
  if (result.runner_up) {
    const double more = result.runner_up->cluster.cost.total() - result.best->cluster.cost.total();
    text += tr("Second comes {}: {} {} more a month", words_of(planning, result.runner_up->cluster),
               money(more), planning.catalogue.currency) +
            "\n";
  }
}

void tell_impossible(const Planning& planning, const PlanResult& result, std::string& text) {
  text += "\n" + tr("No cluster in this catalogue can:") + "\n";
  for (const Refused& one : result.impossible) {
    text += fmt::format("  {}: {}\n", words_of(planning, one.cluster), say(one.need.words));
  }
  for (const Judged& one : result.failed_largest) {
    text += fmt::format("  {}: {}\n", words_of(planning, one.cluster), list_of(one.missed));
  }
}

Json figures_json(const std::map<std::int64_t, KeyFigures>& runs) {
  Json all = Json::object();
  for (const auto& [seed, figures] : runs) all[fmt::format("{}", seed)] = to_json(figures);
  return all;
}

Json cluster_json(const Planning& planning, const ClusterPlan& cluster) {
  const Build& build = cluster.candidate.build;
  Json topics = Json::array();
  for (std::size_t i = 0; i < planning.workload.topics.size(); ++i) {
    const PlannedTopic& topic = planning.workload.topics[i];
    topics.push_back({{"name", topic.name},
                      {"partitions", cluster.partitions[i]},
                      {"replication.factor", topic.replication_factor},
                      {"min.insync.replicas", topic.min_insync_replicas}});
  }
  return {{"brokers", cluster.candidate.brokers},
          {"machine", planning.catalogue.machines[build.machine].name},
          {"disk", build.disk},
          {"disks", cluster.machine.disks.size()},
          {"disk_bytes", cluster.disk_size.count()},
          {"kept_bytes", cluster.kept_a_broker.count()},
          {"zones", planning.workload.zones},
          {"clients", planning.workload.clients[build.clients].words()},
          {"topics", std::move(topics)},
          {"cost",
           {{"currency", planning.catalogue.currency},
            {"machines", cluster.cost.instances},
            {"disks", cluster.cost.disks},
            {"cross_zone", cluster.cost.cross_zone},
            {"zookeeper", cluster.cost.ensemble},
            {"month", cluster.cost.total()}}}};
}

Json judged_json(const Planning& planning, const Judged& judged) {
  Json json = cluster_json(planning, judged.cluster);
  json["holds"] = judged.holds();
  Json missed = Json::array();
  Json missed_ko = Json::array();
  for (const Phrase& one : judged.missed) {
    missed.push_back(one.english);
    missed_ko.push_back(one.korean);
  }
  json["missed"] = std::move(missed);
  json["missed_ko"] = std::move(missed_ko);
  json["degraded"] = figures_json(judged.degraded);
  json["rehearsal"] = figures_json(judged.rehearsal);
  return json;
}

}  // namespace

std::vector<Bottleneck> bottlenecks(const Planning& planning, const PlanResult& result) {
  std::vector<Bottleneck> all;
  if (!result.best) return all;
  const double most = planning.workload.objectives.utilisation;
  for (const Resource resource : all_resources) {
    Bottleneck worst{{}, std::string(to_text(resource)), -1, most, true};
    for (const auto& [seed, figures] : result.best->degraded) {
      for (const Utilisation& one : figures.busiest) {
        if (one.resource != resource || one.mean <= worst.used) continue;
        worst.used = one.mean;
        worst.what = resource_words(resource, one.machine);
      }
    }
    if (worst.used >= 0) all.push_back(std::move(worst));
  }
  for (const Need& need : result.needs) {
    if (need.name == "replicas" || need.name == "processor") continue;
    if (need.name.starts_with("members") || need.name == "waiting") continue;  // not the cluster's
    double allowed = most;
    if (need.name == "disk space") allowed = 1 - planning.workload.objectives.disk_headroom;
    if (need.name == "partitions") allowed = 1;
    all.push_back({need_words(need.name), need.name, need.share() * allowed, allowed, false});
  }
  std::stable_sort(all.begin(), all.end(), [](const Bottleneck& a, const Bottleneck& b) {
    return a.headroom() < b.headroom();
  });
  // Of one resource, the tighter of what runs and what closed forms say.
  std::vector<Bottleneck> once;
  for (Bottleneck& one : all) {
    const auto kind = [](const std::string& name) {
      if (name.starts_with("network")) return std::string("network");
      return name.starts_with("disks") ? std::string("disk") : name;
    };
    const bool is_there = std::any_of(once.begin(), once.end(), [&](const Bottleneck& other) {
      return kind(other.name) == kind(one.name);
    });
    if (!is_there) once.push_back(std::move(one));
  }
  return once;
}

Rehearsed rehearsed(const Planning& planning, const Judged& judged) {
  Rehearsed worst;
  worst.drain_s = 0;
  const int brokers = judged.cluster.candidate.brokers;
  for (const auto& [seed, figures] : judged.rehearsal) {
    worst.lost.push_back(lost_in(planning.workload, brokers, seed));
    worst.kept = std::min(worst.kept, figures.kept());
    worst.unavailable_s = std::max(worst.unavailable_s, figures.unavailable_s);
    worst.lag_peak = std::max(worst.lag_peak, figures.lag_peak);
    worst.under_replicated_s = std::max(worst.under_replicated_s, figures.under_replicated_s);
    const double back = to_seconds(times_of(planning.workload, Act::rehearsal).back_at);
    worst.whole_after_s = std::max(worst.whole_after_s, figures.under_replicated_until_s - back);
    if (!figures.drain_s) {
      worst.drain_s.reset();
    } else if (worst.drain_s) {
      worst.drain_s = std::max(*worst.drain_s, *figures.drain_s);
    }
  }
  const double lost = brokers_lost(planning.workload, brokers);
  for (std::size_t i = 0; i < planning.demands.size(); ++i) {
    const double share =
        std::min(1.0, planning.workload.topics[i].replication_factor * lost / brokers);
    worst.copied_bytes += planning.demands[i].at_peak * planning.demands[i].record_bytes * share *
                          to_seconds(planning.workload.lost_for);
  }
  return worst;
}

std::string answer_text(const Planning& planning, const PlanResult& result,
                        const std::string& command) {
  std::string text;
  tell_head(planning, text);
  if (result.best) {
    tell_cluster(planning, *result.best, text);
    tell_bottlenecks(planning, result, text);
    tell_runs(planning, *result.best, text);
    tell_work(result, text);
    tell_others(planning, result, text);
    const MachineOffer& machine =
        planning.catalogue.machines[result.best->cluster.candidate.build.machine];
    if (!machine.fitted) {
      text += "\n" +
              tr("Uncalibrated: the constants of {} were never fitted to measurements; "
                 "measure before you buy.",
                 machine.name) +
              "\n";
    }
  } else {
    tell_impossible(planning, result, text);
  }
  text += "\n" +
          with_plurals(tr("{} cluster(s) can be bought; closed forms refuse {}; of {} there are {} "
                          "run(s)",
                          result.clusters, result.refused, result.tried.size(), result.runs)) +
          "\n";
  text += tr("Again: {}", command) + "\n";
  return text;
}

Json answer_json(const Planning& planning, const PlanResult& result, const std::string& command) {
  double records = 0;
  for (const TopicDemand& one : planning.demands) records += one.at_peak;
  Json json{{"workload", planning.workload.name},
            {"version", version()},
            {"peak_records_per_s", records},
            {"peak_bytes_per_s", peak_bytes(planning, 0)},
            {"survive", to_text(planning.workload.survive)},
            {"stated", json_from(Workload::settings().to_text(planning.workload))}};
  json["answer"] = result.best ? judged_json(planning, *result.best) : Json();
  if (result.best) {
    json["calibrated"] =
        planning.catalogue.machines[result.best->cluster.candidate.build.machine].fitted;
    Json tight = Json::array();
    for (const Bottleneck& one : bottlenecks(planning, result)) {
      tight.push_back({{"what", one.name},
                       {"words", one.what.english},
                       {"words_ko", one.what.korean},
                       {"used", one.used},
                       {"allowed", one.allowed},
                       {"simulated", one.simulated}});
    }
    json["bottlenecks"] = std::move(tight);
    if (!result.best->rehearsal.empty()) {
      const Rehearsed worst = rehearsed(planning, *result.best);
      json["failure"] = {{"lost", worst.lost},
                         {"kept", worst.kept},
                         {"unavailable_s", worst.unavailable_s},
                         {"lag_peak", worst.lag_peak},
                         {"drain_s", worst.drain_s ? Json(*worst.drain_s) : Json()},
                         {"under_replicated_s", worst.under_replicated_s},
                         {"whole_after_s", worst.whole_after_s},
                         {"copied_bytes", worst.copied_bytes}};
    }
  }
  Json work = Json::array();
  for (const RehearsedWork& one : result.work) work.push_back(work_json(one));
  json["work"] = std::move(work);
  Json beside = Json::array();
  for (const Judged& one : result.beside) beside.push_back(judged_json(planning, one));
  json["cheaper"] = std::move(beside);
  if (result.smaller) {
    json["smaller"] = cluster_json(planning, result.smaller->cluster);
    json["smaller"]["missed"] = result.smaller->need.words.english;
    json["smaller"]["missed_ko"] = result.smaller->need.words.korean;
  }
  json["runner_up"] = result.runner_up ? judged_json(planning, *result.runner_up) : Json();
  Json impossible = Json::array();
  for (const Refused& one : result.impossible) {
    Json refused = cluster_json(planning, one.cluster);
    refused["missed"] = one.need.words.english;
    refused["missed_ko"] = one.need.words.korean;
    impossible.push_back(std::move(refused));
  }
  for (const Judged& one : result.failed_largest) impossible.push_back(judged_json(planning, one));
  json["impossible"] = std::move(impossible);
  json["clusters"] = result.clusters;
  json["refused"] = result.refused;
  json["runs"] = result.runs;
  json["command"] = command;
  return json;
}

}  // namespace brokerlab::plan
