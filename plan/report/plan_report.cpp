#include "plan/report/plan_report.h"

#include "base/translation.h"
#include "base/units.h"
#include "plan/key_figures.h"
#include "plan/report/chart.h"
#include "plan/report/told.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <filesystem>
#include <map>

namespace brokerlab::plan::report {
namespace {

std::string bytes_words(double bytes) {
  return to_rounded_text(Bytes(static_cast<std::int64_t>(std::clamp(bytes, 0.0, 9e18))));
}

std::string rate_words(double bytes) {
  return to_rounded_text(BytesPerSecond(static_cast<std::int64_t>(std::clamp(bytes, 0.0, 9e18))));
}

std::string price_words(const Json& cluster) {
  const Json& cost = part_of(cluster, "cost");
  return count_words(number_of(cost, "month")) + " " + text_of(cost, "currency");
}

std::string cluster_words(const Json& cluster) {
  std::string text =
      fmt::format("{:.0f} x {}", number_of(cluster, "brokers"), text_of(cluster, "machine"));
  if (const std::string disk = text_of(cluster, "disk"); !disk.empty()) {
    text += fmt::format(", {:.0f} x {}", number_of(cluster, "disks"), disk);
  }
  return text;
}

std::string loss_words(const std::string& loss) {
  if (loss == "broker") return tr("a broker is lost at the peak");
  if (loss == "zone") return tr("a zone is lost at the peak");
  return tr("nothing is lost");
}

/// One text, or several.
std::string missed_words(const Json& cluster) {
  std::string one = said_of(cluster, "missed");
  if (!one.empty()) return one;
  std::string all;
  for (const std::string& each : list_of(cluster, "missed"))
    all += (all.empty() ? "" : "; ") + each;
  return all;
}

Markup plan_head(const Json& answer) {
  const Json& stated = part_of(answer, "stated");
  const Json& best = part_of(answer, "answer");
  const std::string title = local_text(stated, "title");
  Markup head = element("p", {{"class", "kicker"}}, tr("Report of a plan"));
  head += element("h1", title.empty() ? text_of(answer, "workload") : title);
  head += facts_markup({{tr("workload"), text_of(answer, "workload")},
                        {tr("peak"), tr("{} records a second, {}",
                                        number_words(number_of(answer, "peak_records_per_s")),
                                        rate_words(number_of(answer, "peak_bytes_per_s")))},
                        {tr("to survive"), loss_words(text_of(answer, "survive"))},
                        {"brokerlab", text_of(answer, "version")}});
  Markup box;
  if (best.is_object()) {
    box += element("strong", cluster_words(best));
    box += element("p", tr("{} a month. It is the cheapest of the catalogue that holds everything "
                           "that was asked.",
                           price_words(best)));
  } else {
    box += element("strong", tr("No cluster in this catalogue can"));
    box += element("p", tr("What stops each of them is listed below."));
  }
  head += element(
      "div", {{"class", best.is_object() ? "verdict pass" : "verdict fail"}, {"role", "status"}},
      box);
  return element("header", head);
}

/// "150B" of {"fixed": "150B"}.
std::string size_of(const Json& size) {
  if (size.is_object() && size.size() == 1 && size.contains("fixed"))
    return value_of(size, "fixed");
  return size.is_string() ? size.get<std::string>()
         : size.is_null() ? std::string()
                          : json_text(size);
}

std::string rate_of(const Json& rate) {
  if (rate.is_string()) return rate.get<std::string>();
  const Json& daily = part_of(rate, "daily");
  if (daily.is_object()) {
    return tr("daily: {} on average, {} at {}", value_of(daily, "mean"), value_of(daily, "peak"),
              value_of(daily, "peak_at"));
  }
  return rate.is_null() ? std::string() : json_text(rate);
}

Markup stated_of(const Json& answer) {
  const Json& stated = part_of(answer, "stated");
  Markup content;
  std::vector<std::vector<Markup>> topics;
  for (const Json& one : part_of(stated, "topics")) {
    topics.push_back({text_of(one, "name"), rate_of(part_of(one, "rate")),
                      size_of(part_of(one, "record_size")), value_of(one, "retention"),
                      value_of(one, "replication.factor"), value_of(one, "min.insync.replicas")});
  }
  if (!topics.empty()) {
    content += table({{tr("topic"), false},
                      {tr("rate"), false},
                      {tr("record"), true},
                      {tr("kept for"), true},
                      {tr("replicas"), true},
                      {"min.insync", true}},
                     topics);
  }
  std::vector<std::vector<Markup>> groups;
  for (const Json& one : part_of(stated, "groups")) {
    std::string reads;
    for (const Json& topic : part_of(one, "topics")) {
      if (topic.is_string()) reads += (reads.empty() ? "" : ", ") + topic.get<std::string>();
    }
    const Json& catch_up = part_of(one, "catch_up");
    groups.push_back({text_of(one, "name"), reads, value_of(one, "members"),
                      catch_up.is_object() ? tr("after {} within {}", value_of(catch_up, "after"),
                                                value_of(catch_up, "within"))
                                           : std::string("-")});
  }
  if (!groups.empty()) {
    content += table({{tr("group"), false},
                      {tr("reads"), false},
                      {tr("members"), true},
                      {tr("catches up"), false}},
                     groups);
  }
  const Json& objectives = part_of(stated, "objectives");
  std::vector<std::vector<Markup>> asked{
      {tr("99 % acknowledged within"), value_of(objectives, "p99_produce")},
      {tr("99 % processed within"), value_of(objectives, "p99_end_to_end")},
      {tr("cards, disks and processors used at most"),
       fmt::format("{:.0f} %", 100 * number_of(objectives, "utilisation"))},
      {tr("of the disks free"),
       fmt::format("{:.0f} %", 100 * number_of(objectives, "disk_headroom"))}};
  if (const std::string drain = value_of(objectives, "drain"); !drain.empty()) {
    asked.push_back({tr("lag caught up with within"), drain});
  }
  if (const std::string gone = value_of(objectives, "unavailable"); !gone.empty()) {
    asked.push_back({tr("no partition unavailable for longer than"), gone});
  }
  content +=
      table({{tr("what is to be held, with what is lost already gone"), false}, {"", true}}, asked);
  const Json& growth = part_of(stated, "growth");
  if (number_of(growth, "a_year") != 0) {
    content += element("p", tr("Grown by {:.3g} % a year for {:.3g} years.",
                               100 * number_of(growth, "a_year"), number_of(growth, "years")));
  }
  return section("stated", tr("What was stated"), content);
}

Markup recommended_of(const Json& answer) {
  const Json& best = part_of(answer, "answer");
  if (!best.is_object()) return {};
  const Json& cost = part_of(best, "cost");
  Markup content = tiles_markup(
      {{fmt::format("{:.0f}", number_of(best, "brokers")),
        tr("brokers, {}", text_of(best, "machine"))},
       {price_words(best), tr("a month")},
       {bytes_words(number_of(best, "kept_bytes")), tr("kept by each broker, at most")},
       {bytes_words(number_of(best, "disk_bytes")),
        tr("each disk; {:.0f} of them", number_of(best, "disks"))}});
  std::vector<std::vector<Markup>> topics;
  for (const Json& one : part_of(best, "topics")) {
    topics.push_back({text_of(one, "name"), value_of(one, "partitions"),
                      value_of(one, "replication.factor"), value_of(one, "min.insync.replicas")});
  }
  content += table({{tr("topic"), false},
                    {tr("partitions"), true},
                    {"replication.factor", true},
                    {"min.insync.replicas", true}},
                   topics);
  content += element("p", tr("Producers: acks=all, {}", text_of(best, "clients")));
  if (number_of(best, "zones") > 1) {
    content += element(
        "p", tr("In {:.0f} zones, with as many brokers in each.", number_of(best, "zones")));
  }
  const double month = number_of(cost, "month");
  if (month > 0) {
    std::vector<Bar> parts;
    for (const auto& [name, words] :
         {std::pair("machines", tr("machines")), std::pair("disks", tr("disks")),
          std::pair("cross_zone", tr("traffic from zone to zone")),
          std::pair("zookeeper", tr("ZooKeeper's machines"))}) {
      const double value = number_of(cost, name);
      if (value == 0 && std::string_view(name) == "zookeeper") continue;
      parts.push_back({words,
                       value,
                       fmt::format("{} {} ({:.0f} %)", count_words(value),
                                   text_of(cost, "currency"), 100 * value / month),
                       {},
                       true});
    }
    content += bars("cost", tr("Cost a month"), tr("What the price consists of."), parts, month);
  }
  return section("recommended", tr("The cluster"), content);
}

Markup bottlenecks_of(const Json& answer) {
  const Json& all = part_of(answer, "bottlenecks");
  if (!all.is_array() || all.empty()) return {};
  std::vector<Bar> rows;
  double whole = 1;
  for (const Json& one : all) {
    const double used = number_of(one, "used");
    const double allowed = number_of(one, "allowed");
    const double room = used > 0 ? allowed / used : 0;
    std::string words = tr("{:.0f} % of {:.0f} %", 100 * used, 100 * allowed);
    if (room > 0 && room < 100) words += " " + tr("({:.3g} times room)", room);
    rows.push_back({said_of(one, "words"), used, words, allowed, rows.empty()});
    whole = std::max(whole, std::max(used, allowed));
  }
  return section(
      "bottlenecks", tr("What stands nearest to its limit"),
      bars("limits", tr("Used, and how much may be"),
           tr("How much of each resource the peak uses without what is lost; the mark is "
              "how much may be used."),
           rows, whole) +
          element("p", tr("The first is what a growing load meets first.")));
}

Markup peak_of(const Json& answer) {
  const Json& best = part_of(answer, "answer");
  const Json& runs = part_of(best, "degraded");
  if (!runs.is_object() || runs.empty()) return {};
  std::vector<std::vector<Markup>> rows;
  for (const auto& [seed, figures] : runs.items()) {
    rows.push_back({seed, number_words(number_of(figures, "acknowledged_per_s")),
                    millis_words(number_of(figures, "p99_produce_ms")),
                    millis_words(number_of(figures, "p99_end_to_end_ms")),
                    count_words(number_of(figures, "lost"))});
  }
  return section("peak", tr("The peak, without what is lost"),
                 table({{tr("seed"), true},
                        {tr("acknowledged a second"), true},
                        {tr("acknowledged after, 99 %"), true},
                        {tr("processed after, 99 %"), true},
                        {tr("lost"), true}},
                       rows));
}

Markup failure_of(const Json& answer) {
  const Json& failure = part_of(answer, "failure");
  if (!failure.is_object()) return {};
  std::string lost;
  for (const std::string& one : list_of(failure, "lost")) lost += (lost.empty() ? "" : ", ") + one;
  const std::string lost_for = value_of(part_of(answer, "stated"), "lost_for");
  const Json& drain = part_of(failure, "drain_s");
  Markup content = element(
      "p", tr("At the peak, and back after {}. Each seed loses its own: {}. The worst of them:",
              lost_for, lost));
  content += tiles_markup(
      {{fmt::format("{:.2f} %", 100 * number_of(failure, "kept")),
        tr("of the records are acknowledged by the end")},
       {seconds_words(number_of(failure, "unavailable_s")),
        tr("the longest that a partition took no records")},
       {count_words(number_of(failure, "lag_peak")), tr("records, the most lag of a group")},
       {drain.is_number() ? seconds_words(drain.get<double>()) : tr("not by the end"),
        tr("until every group had caught up")},
       {seconds_words(number_of(failure, "under_replicated_s")), tr("replicas were missing")},
       {seconds_words(number_of(failure, "whole_after_s")),
        tr("until all were in sync, from power back on")},
       {bytes_words(number_of(failure, "copied_bytes")),
        tr("copied to those that came back, about")}});
  return section("failure", tr("The hour of the loss"), content);
}

Markup work_of(const Json& answer) {
  const Json& all = part_of(answer, "work");
  if (!all.is_array() || all.empty()) return {};
  std::vector<std::vector<Markup>> rows;
  for (const Json& one : all) {
    const bool restart = text_of(one, "work") == "rolling restart";
    const std::string what =
        restart ? tr("rolling restart of all {:.0f} brokers", number_of(one, "brokers"))
                : tr("expansion to {:.0f} brokers", number_of(one, "brokers"));
    if (const std::string failed = text_of(one, "failed"); !failed.empty()) {
      rows.push_back({what, "-", "-", "-", failed});
      continue;
    }
    const Json& whole = part_of(one, "whole_after_s");
    std::string end;
    if (restart) {
      end = whole.is_number() ? tr("all in sync after {}", seconds_words(whole.get<double>()))
                              : tr("not all in sync by the end");
    } else {
      end = tr("{:.0f} of {:.0f} replicas move, about {}", number_of(one, "moved_replicas"),
               number_of(one, "all_replicas"), bytes_words(number_of(one, "moved_bytes")));
      const double moving = number_of(one, "moving_s");
      if (moving > 0) end += ", " + tr("for {}", seconds_words(moving));
    }
    rows.push_back({what, fmt::format("{:.2f} %", 100 * number_of(one, "kept")),
                    millis_words(number_of(one, "p99_produce_ms")),
                    seconds_words(number_of(one, "unavailable_s")), end});
  }
  return section("work", tr("Work on it, at the peak"),
                 element("div", {{"class", "scroll"}},
                         table({{tr("work"), false},
                                {tr("acknowledged"), true},
                                {tr("99 % after"), true},
                                {tr("no records for up to"), true},
                                {tr("until all is done"), false}},
                               rows)));
}

Markup others_of(const Json& answer) {
  std::vector<std::vector<Markup>> rows;
  const auto row = [&](const Json& cluster, const std::string& why) {
    if (cluster.is_object()) rows.push_back({cluster_words(cluster), price_words(cluster), why});
  };
  row(part_of(answer, "smaller"), missed_words(part_of(answer, "smaller")));
  for (const Json& one : part_of(answer, "cheaper")) row(one, missed_words(one));
  const Json& impossible = part_of(answer, "impossible");
  for (const Json& one : impossible) row(one, missed_words(one));
  row(part_of(answer, "runner_up"), tr("holds, too, and comes second"));
  if (rows.empty()) return {};
  Markup content =
      element("div", {{"class", "scroll"}},
              table({{tr("cluster"), false}, {tr("a month"), true}, {tr("why not"), false}}, rows));
  content += element(
      "p", tr("{} clusters can be bought; closed forms refuse {}; there were {} runs.",
              count_words(number_of(answer, "clusters")), count_words(number_of(answer, "refused")),
              count_words(number_of(answer, "runs"))));
  return section("others", tr("What else was asked"), content);
}

Markup supposed_of(const Json& answer) {
  Markup content;
  const Json& best = part_of(answer, "answer");
  if (best.is_object() && !is_true(answer, "calibrated")) {
    content += element(
        "p", {{"class", "note"}},
        element("b", tr("Uncalibrated.") + " ") +
            tr("The constants of {} were never fitted to measurements; measure before you buy.",
               text_of(best, "machine")));
  }
  content += list_markup(
      {tr("Closed forms decide what takes hours or days: disks that fill, disks that write, cards "
          "that live on credits. Simulations of the peak and of the loss decide the rest."),
       tr("The search relies on this: who holds, holds with more brokers, or with more disks of "
          "the "
          "same kind."),
       tr("Prices are those of the catalogue, list prices of one day: put your own in."),
       tr("How your programs and your cloud behave, and what your time costs, is not known "
          "here.")});
  return section("assumptions", tr("What was supposed"), content);
}

}  // namespace

bool is_plan_answer(const Json& json) {
  return json.is_object() && json.contains("workload") && json.contains("answer") &&
         json.contains("clusters") && json.contains("command");
}

Result<std::string, std::string> plan_report(const Json& answer, const std::string& file) {
  if (!is_plan_answer(answer)) return fail(tr("{}: no answer of brokerlab plan --json", file));
  if (!part_of(answer, "stated").is_object()) {
    return fail(
        tr("{}: an answer of an earlier brokerlab, without what was stated; plan again", file));
  }
  Markup body = plan_head(answer) + stated_of(answer) + recommended_of(answer) +
                bottlenecks_of(answer) + peak_of(answer) + failure_of(answer) + work_of(answer) +
                others_of(answer) + supposed_of(answer);
  body +=
      section("again", tr("The same again"),
              element("p", tr("With brokerlab {}:", text_of(answer, "version"))) +
                  element("pre", text_of(answer, "command")) +
                  element("details", element("summary", tr("The workload, everything in force")) +
                                         element("pre", json_text(part_of(answer, "stated"), 2))));
  body += element("footer", tr("Made by brokerlab report from {}.",
                               std::filesystem::path(file).filename().string()));
  const std::string title = local_text(part_of(answer, "stated"), "title");
  return page(spoken(), (title.empty() ? text_of(answer, "workload") : title) + " - brokerlab",
              body);
}

}  // namespace brokerlab::plan::report
