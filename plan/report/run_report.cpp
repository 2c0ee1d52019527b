#include "plan/report/run_report.h"

#include "base/plurals.h"
#include "base/translation.h"
#include "plan/report/curves.h"
#include "plan/report/told.h"
#include "recording/comparison.h"
#include "recording/search.h"
#include "scenarios/loader.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <filesystem>

namespace brokerlab::plan::report {
namespace {

using recording::Reader;

/// What every section is made of.
struct Subject {
  const Reader& reader;
  std::string file;
  Json scenario;
  Json summary;
  recording::KeyFigures figures;
  Curves curves;
  std::vector<Spell> spells;
  TimeAxis axis;

  std::string clock(double t) const {
    return axis.starts_at ? axis.label(t, 1) + fmt::format(" ({:.3f} s)", t)
                          : fmt::format("{:.3f} s", t);
  }
};

std::string verdict_words(const std::string& verdict) {
  if (verdict == "pass") return tr("Passed: what was asked for is so");
  if (verdict == "fail") return tr("Failed: what was asked for is not so");
  return tr("Unknown: the run did not show what was asked");
}

Markup head_of(const Subject& it) {
  const std::string title = local_text(it.scenario, "title");
  const std::string seed = it.reader.meta("seed");
  Markup head = element("p", {{"class", "kicker"}}, tr("Report of a simulated run"));
  head += element("h1", title.empty() ? it.reader.meta("name") : title);
  head += facts_markup({{tr("scenario"), it.reader.meta("name")},
                        {tr("simulated"), seconds_words(it.axis.end)},
                        {tr("seed"), seed},
                        {"brokerlab", it.reader.meta("version")},
                        {tr("fingerprint"), it.reader.meta("fingerprint").substr(0, 12)}});
  const std::string verdict = it.reader.meta("verdict");
  std::vector<std::string> harms;
  const Json& harm = part_of(it.summary, "harm");
  if (harm.is_array()) {
    for (const Json& one : harm) harms.push_back(said_of(one, "text"));
  }
  Markup box = element("strong", verdict_words(verdict));
  box += list_markup(list_of(it.summary, "reasons"));
  if (harms.empty()) {
    box += element("p", tr("No harm was done: nothing was lost, late or unavailable."));
  } else {
    box += element("p", tr("The harm that was done, the worst first:")) + list_markup(harms);
  }
  const bool known = verdict == "pass" || verdict == "fail";
  head += element("div",
                  {{"class", "verdict " + (known ? verdict : "unknown")}, {"role", "status"}}, box);
  return element("header", head);
}

Markup question_of(const Subject& it) {
  Markup content;
  const Json& lesson = part_of(it.scenario, "lesson");
  const std::string question = local_text(lesson, "question");
  if (!question.empty()) content += element("p", element("b", question));
  std::string story = local_text(it.scenario, "story");
  if (!story.empty()) content += element("p", story);
  std::vector<std::vector<Markup>> rows;
  const Json& expectations = part_of(it.summary, "expectations");
  if (expectations.is_array()) {
    for (const Json& one : expectations) {
      rows.push_back({said_of(one, "what"), is_true(one, "met") ? tr("yes") : tr("no"),
                      said_of(one, "found")});
    }
  }
  if (!rows.empty()) {
    content += table({{tr("asked for"), false}, {tr("so?"), false}, {tr("found"), false}}, rows);
  }
  if (content.empty()) return {};
  return section("question", tr("The question"), content);
}

std::string used_words(const recording::KeyFigures& figures, recording::Resource resource) {
  for (const recording::Utilisation& one : figures.busiest) {
    if (one.resource == resource) {
      return fmt::format("{:.3g} % ({})", 100 * one.mean, one.machine);
    }
  }
  return "-";
}

Markup figures_of(const Subject& it) {
  const recording::KeyFigures& figures = it.figures;
  const bool has_groups =
      part_of(it.summary, "groups").is_array() && !part_of(it.summary, "groups").empty();
  std::vector<Tile> tiles{
      {count_words(static_cast<double>(figures.acknowledged)),
       tr("records acknowledged, {:.4g} % of those sent", 100 * figures.kept())},
      {count_words(static_cast<double>(figures.lost)), tr("acknowledged records lost")},
      {number_words(figures.acknowledged_per_s), tr("acknowledged a second, while work went on")},
      {seconds_words(figures.unavailable_s), tr("the longest that a partition took no records")},
      {millis_words(figures.p50_produce_ms), tr("acknowledged after, half of them")},
      {millis_words(figures.p99_produce_ms), tr("acknowledged after, 99 %")}};
  if (has_groups) {
    tiles.push_back({millis_words(figures.p99_end_to_end_ms), tr("processed by a group, 99 %")});
    tiles.push_back({count_words(static_cast<double>(figures.lag_peak)),
                     tr("records, the most lag of a group")});
  }
  Markup content = tiles_markup(tiles);
  std::vector<std::vector<Markup>> rows{
      {tr("busiest network card, mean"), used_words(figures, recording::Resource::network)},
      {tr("busiest disks, mean"), used_words(figures, recording::Resource::disk)},
      {tr("busiest processor, mean"), used_words(figures, recording::Resource::processor)},
      {tr("replicas missing for"), seconds_words(figures.under_replicated_s)}};
  if (has_groups) {
    rows.push_back({tr("caught up with the lag after"),
                    figures.drain_s ? seconds_words(*figures.drain_s) : tr("not by the end")});
    rows.push_back({tr("lag at the end"), count_words(static_cast<double>(figures.lag_at_end))});
  }
  content += table({{tr("more"), false}, {"", false}}, rows);
  return section("figures", tr("Key figures"), content);
}

// --- incidents ---

struct Incident {
  double at = 0;
  double to = 0;
  std::string title;
  std::vector<std::string> effects;
  std::string note;
};

/// What is asked of the world and not a mending of it.
bool is_incident(const Json& fault) {
  return is_true(fault, "bit") || is_true(fault, "absorbed") || !is_true(fault, "done") ||
         !text_of(fault, "note").empty();
}

std::vector<Incident> incidents_of(const Subject& it) {
  std::vector<Incident> all;
  const Json& faults = part_of(it.summary, "faults");
  if (!faults.is_array()) return all;
  for (const Json& fault : faults) {
    if (!is_incident(fault)) continue;
    Incident one;
    one.at = one.to = number_of(fault, "at_s");
    one.title = said_of(fault, "what");
    if (const std::string target = text_of(fault, "target"); !target.empty()) {
      one.title += ": " + target;
    }
    bool told = false;
    for (const Spell& spell : it.spells) {
      if (std::abs(spell.from - one.at) > 0.001) continue;
      one.to = std::max(one.to, spell.to);
      if (told) continue;
      told = true;
      const bool korean = spoken() == Language::korean && !spell.event.ko.empty();
      one.title = korean ? spell.event.ko : spell.event.en;
    }
    one.effects = list_of(fault, "effects");
    if (one.effects.empty()) one.note = said_of(fault, "note");
    if (!is_true(fault, "done")) one.note = tr("It was not done. {}", said_of(fault, "note"));
    all.push_back(std::move(one));
  }
  return all;
}

/// What was before it, at its worst, and at the end.
Markup before_and_after(const Subject& it, double at, double until) {
  const double work_ends = number_of(part_of(it.summary, "work"), "to_s");
  const double end = work_ends > 0 ? work_ends : it.axis.end;
  std::vector<std::vector<Markup>> rows;
  const auto row = [&](const std::string& name, const Line& line, Pick worst, const char* suffix) {
    const auto words = [&](const std::optional<double>& value) {
      return value ? number_words(*value) + suffix : std::string("-");
    };
    if (line.points.empty()) return;
    // A gap of a percentile is a time in which nothing came back.
    rows.push_back({name, words(pick(line, at - 10, at, Pick::mean)),
                    words(pick(line, at, until, worst)),
                    words(pick(line, end - 10, end, Pick::mean))});
  };
  row(tr("stored, records a second"), it.curves.stored, Pick::least, "");
  for (const Line& line : it.curves.acknowledged_after) {
    if (line.name == "p99") row(tr("acknowledged after, p99"), line, Pick::most, " ms");
  }
  for (const Line& line : it.curves.end_to_end) {
    if (line.name == "p99") row(tr("end to end, p99"), line, Pick::most, " ms");
  }
  for (const Line& line : it.curves.lag) {
    row(tr("lag of group {}", line.name), line, Pick::most, "");
  }
  row(tr("partitions that miss replicas"), it.curves.under_replicated, Pick::most, "");
  row(tr("partitions without a leader"), it.curves.offline, Pick::most, "");
  return table({{"", false},
                {tr("10 s before"), true},
                {tr("at its worst"), true},
                {tr("at the end of the work"), true}},
               rows);
}

Markup incidents_section(const Subject& it, const std::vector<Incident>& incidents) {
  Markup content;
  for (std::size_t i = 0; i < incidents.size(); ++i) {
    const Incident& one = incidents[i];
    const double until = i + 1 < incidents.size() ? incidents[i + 1].at : it.axis.end;
    Markup block =
        element("h3", element("span", {{"class", "number"}}, fmt::format("{}", i + 1)) + one.title);
    std::string when = it.clock(one.at);
    if (one.to >= it.axis.end && one.to > one.at) {
      when += ", " + tr("and nobody mended it");
    } else if (one.to > one.at) {
      when += ", " + tr("until {}", it.clock(one.to));
    }
    block += element("p", when);
    block += list_markup(one.effects, "effects");
    if (!one.note.empty()) block += element("p", one.note);
    block += before_and_after(it, one.at, std::max(until, one.at + 1));
    content += element("div", {{"class", "incident"}}, block);
  }
  if (incidents.empty()) content += element("p", tr("Nothing was broken on purpose."));
  return section("incidents", tr("What was broken, and what it did"), content);
}

Markup time_line_of(const Subject& it) {
  constexpr std::size_t most = 60;
  const Json& moments = part_of(it.summary, "time_line");
  if (!moments.is_array() || moments.empty()) return {};
  std::vector<std::vector<Markup>> rows;
  for (const Json& one : moments) {
    if (rows.size() == most) break;
    rows.push_back({it.clock(number_of(one, "t_s")), said_of(one, "text")});
  }
  Markup content = table({{tr("when"), true}, {tr("what happened"), false}}, rows);
  if (moments.size() > most) {
    content +=
        element("p", tr("{} more; brokerlab trace {} lists them.", moments.size() - most, it.file));
  }
  return section("time-line", tr("What happened"), content);
}

// --- the cluster, and what was supposed ---

std::string joined(const Json& list) {
  std::string text;
  if (!list.is_array()) return text;
  for (const Json& one : list) {
    text +=
        (text.empty() ? "" : ", ") + (one.is_string() ? one.get<std::string>() : json_text(one));
  }
  return text;
}

std::string machine_words(const Subject& it, const std::string& name) {
  const Json& machine = part_of(part_of(it.scenario, "hardware"), name);
  const Json& disks = part_of(machine, "disks");
  std::string text = name;
  if (!machine.is_object()) return text;
  text +=
      ": " + tr("{} cores, {} of memory, network {}", value_of(part_of(machine, "cpu"), "cores"),
                value_of(part_of(machine, "page_cache"), "ram"),
                value_of(part_of(machine, "nic"), "rate"));
  if (disks.is_array() && !disks.empty()) {
    text += ", " + tr("{} x {} of {}, writing {}", disks.size(), text_of(disks[0], "kind"),
                      value_of(disks[0], "size"), value_of(disks[0], "write_rate"));
  }
  return text;
}

Markup cluster_of(const Subject& it) {
  const Json& brokers = part_of(it.scenario, "brokers");
  const Json& zookeeper = part_of(it.scenario, "zookeeper");
  Markup content = table(
      {{"", false}, {tr("how many"), true}, {tr("on which machines"), false}},
      {{tr("brokers"), value_of(brokers, "count"), machine_words(it, text_of(brokers, "machine"))},
       {"ZooKeeper", value_of(zookeeper, "nodes"),
        machine_words(it, text_of(zookeeper, "machine"))}});
  const auto each = [&](const char* list, const std::vector<Column>& columns, const auto& row) {
    const Json& all = part_of(it.scenario, list);
    std::vector<std::vector<Markup>> rows;
    if (all.is_array()) {
      for (const Json& one : all) rows.push_back(row(one, part_of(one, "config")));
    }
    if (!rows.empty()) content += element("div", {{"class", "scroll"}}, table(columns, rows));
  };
  each("topics",
       {{tr("topic"), false},
        {tr("partitions"), true},
        {"replication.factor", true},
        {"min.insync.replicas", true}},
       [](const Json& one, const Json& config) -> std::vector<Markup> {
         return {text_of(one, "name"), value_of(one, "partitions"),
                 value_of(one, "replication.factor"), value_of(config, "min.insync.replicas")};
       });
  each("sources", {{tr("source"), false}, {tr("rate"), false}, {tr("records"), false}},
       [](const Json& one, const Json&) -> std::vector<Markup> {
         const std::string size = value_of(one, "record_size");
         return {text_of(one, "name"), value_of(one, "rate"),
                 size.empty() ? value_of(one, "file") : size};
       });
  each("producers",
       {{tr("producer"), false},
        {tr("topic"), false},
        {"acks", false},
        {"linger.ms", true},
        {"batch.size", true},
        {"compression.type", false}},
       [](const Json& one, const Json& config) -> std::vector<Markup> {
         return {text_of(one, "name"),           text_of(one, "topic"),
                 value_of(config, "acks"),       value_of(config, "linger.ms"),
                 value_of(config, "batch.size"), value_of(config, "compression.type")};
       });
  each("consumers",
       {{tr("group"), false},
        {tr("topics"), false},
        {tr("members"), true},
        {tr("time for a record"), false},
        {tr("commits"), false}},
       [](const Json& one, const Json&) -> std::vector<Markup> {
         return {text_of(one, "group"), joined(part_of(one, "topics")), value_of(one, "members"),
                 value_of(one, "service_time"), value_of(one, "commit")};
       });
  return section("cluster", tr("The cluster and its load"), content);
}

Markup machines_of(const Subject& it) {
  const Json& machines = part_of(it.summary, "machines");
  if (!machines.is_array() || machines.empty()) return {};
  constexpr std::size_t most = 40;
  std::vector<std::vector<Markup>> rows;
  const auto share = [](const Json& one, const char* mean, const char* peak) {
    return fmt::format("{:.3g} / {:.3g}", 100 * number_of(one, mean), 100 * number_of(one, peak));
  };
  for (const Json& one : machines) {
    if (rows.size() == most) break;
    rows.push_back({text_of(one, "name"), share(one, "nic_utilisation", "nic_peak"),
                    share(one, "disk_utilisation", "disk_peak"),
                    share(one, "cpu_utilisation", "cpu_peak")});
  }
  Markup content = table({{tr("machine"), false},
                          {tr("network card, % mean / peak"), true},
                          {tr("busiest disk, % mean / peak"), true},
                          {tr("processor, % mean / peak"), true}},
                         rows);
  if (machines.size() > most) {
    content += element("p", tr("{} more machines are in the recording.", machines.size() - most));
  }
  return section("machines", tr("Machines"), content);
}

Markup promises_of(const Subject& it) {
  const Json& invariants = part_of(it.summary, "invariants");
  if (!invariants.is_array() || invariants.empty()) return {};
  std::vector<std::vector<Markup>> rows;
  for (const Json& one : invariants) {
    std::string how = is_true(one, "held") ? tr("kept") : tr("broken");
    for (const std::string& but_for : list_of(one, "but_for"))
      how += "; " + tr("but for {}", but_for);
    if (const std::string detail = said_of(one, "detail"); !detail.empty()) how += ": " + detail;
    rows.push_back({text_of(one, "name"), count_words(number_of(one, "checked")), how});
  }
  return section("promises", tr("Promises of Kafka, checked in every run"),
                 table({{tr("promise"), false}, {tr("checked, times"), true}, {"", false}}, rows));
}

Markup assumptions_of(const Subject& it) {
  std::vector<std::string> all{
      tr("This is a simulation. Rules of Kafka are modelled from its source; docs/fidelity.md says "
         "what is exact, approximated and absent."),
      tr("One run of one seed ({}): with another one, chance falls otherwise. brokerlab sweep "
         "tries "
         "many.",
         it.reader.meta("seed"))};
  for (const std::string& source : list_of(it.summary, "phantom_sources")) {
    all.push_back(tr("Records of source {} have sizes, keys and times, but no contents.", source));
  }
  const recording::Scope scope = it.reader.scope();
  if (scope.level != recording::Level::all) {
    all.push_back(tr("The recording keeps less than everything (level {}).",
                     recording::to_text(scope.level)));
  }
  Markup content;
  const std::string machine = text_of(part_of(it.scenario, "brokers"), "machine");
  // The only profile whose constants were fitted to measurements: scenarios/hardware.
  if (machine != "laptop_measured") {
    content += element(
        "p", {{"class", "note"}},
        element("b", tr("Uncalibrated.") + " ") +
            tr("The constants of {} were never fitted to measurements of such a machine: believe "
               "what happens and in which order before you believe milliseconds.",
               machine.empty() ? "-" : machine));
  }
  return section("assumptions", tr("What was supposed"), content + list_markup(all));
}

// --- the command ---

std::string shell_word(const std::string& text) {
  const bool plain = !text.empty() && text.find_first_not_of(
                                          "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                          "0123456789_-+=.,:/@%") == std::string::npos;
  if (plain) return text;
  std::string quoted = "'";
  for (const char c : text) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

/// Where the library has a scenario that some --set make this one of: the command; else nothing.
std::optional<std::string> command_from_library(const Subject& it) {
  const std::string name = it.reader.meta("name");
  const auto entries = scenarios::library();
  const auto entry = std::find_if(entries.begin(), entries.end(),
                                  [&](const auto& one) { return one.name == name; });
  if (entry == entries.end()) return std::nullopt;
  const scenarios::Loaded loaded = scenarios::load_scenario(entry->path);
  if (!loaded.scenario) return std::nullopt;
  std::string command = "brokerlab run " + shell_word(name) + " --seed " + it.reader.meta("seed");
  const Json original = json_from(scenarios::effective_text(*loaded.scenario));
  for (const auto& one : recording::settings_that_differ(original, it.scenario)) {
    const bool is_value = one.a && one.b && !one.b->starts_with("{") && !one.b->starts_with("[");
    if (!is_value) return std::nullopt;
    command += " --set " + shell_word(one.path + "=" + *one.b);
  }
  return command;
}

Markup again_of(const Subject& it) {
  Markup content;
  const std::string record = " --record " + shell_word(it.file);
  if (const auto command = command_from_library(it)) {
    content += element("p", tr("The same run, to the last event, with brokerlab {}:",
                               it.reader.meta("version"))) +
               element("pre", *command + record);
  } else {
    const std::string file = it.reader.meta("name") + ".json";
    content += element("p", tr("Save the scenario below as {}, beside its data files; then the "
                               "same run, to the last event, with brokerlab {}:",
                               file, it.reader.meta("version"))) +
               element("pre", "brokerlab run " + shell_word(file) + record);
  }
  content += element("p", tr("Then look closer:")) +
             element("pre", "brokerlab view " + shell_word(it.file) + "\nbrokerlab trace " +
                                shell_word(it.file) + "\nbrokerlab report " + shell_word(it.file) +
                                " --out report.html");
  content += element("details", element("summary", tr("The scenario, every setting in force")) +
                                    element("pre", it.reader.meta("scenario_json")));
  return section("again", tr("The same again"), content);
}

}  // namespace

Result<std::string, std::string> run_report(const Reader& reader, const std::string& file) {
  const auto figures = recording::key_figures(reader.meta("summary_json"));
  if (!figures) return fail(tr("{}: a recording without the report of its run", file));
  Subject it{reader,
             std::filesystem::path(file).filename().string(),
             json_from(reader.meta("scenario_json")),
             json_from(reader.meta("summary_json")),
             *figures,
             read_curves(reader),
             spells_of(reader),
             {}};
  it.axis.end = to_seconds(reader.duration());
  it.axis.starts_at = recording::parse_time_of_day(reader.meta("starts_at"));
  if (it.axis.starts_at == Duration{}) it.axis.starts_at.reset();  // Nobody said when.
  const std::vector<Incident> incidents = incidents_of(it);
  for (std::size_t i = 0; i < incidents.size(); ++i) {
    it.axis.shades.push_back({incidents[i].at, incidents[i].to, static_cast<int>(i) + 1,
                              fmt::format("{}. {}", i + 1, incidents[i].title)});
  }
  Markup charts;
  for (const Chart& chart : charts_of(it.curves)) charts += to_markup(chart, it.axis);
  if (charts.empty()) charts = element("p", tr("The recording has no measurements over time."));
  if (!incidents.empty()) {
    charts = element("p", tr("What was broken is shaded, with its number; see below.")) + charts;
  }
  Markup body = head_of(it) + question_of(it) + figures_of(it) +
                section("charts", tr("Over time"), charts) + incidents_section(it, incidents) +
                time_line_of(it) + cluster_of(it) + machines_of(it) + promises_of(it) +
                assumptions_of(it) + again_of(it);
  body += element("footer", tr("Made by brokerlab report from {}. Fingerprint of the run: {}.",
                               it.file, reader.meta("fingerprint")));
  const std::string title = local_text(it.scenario, "title");
  return page(spoken(), (title.empty() ? reader.meta("name") : title) + " - brokerlab", body);
}

}  // namespace brokerlab::plan::report
