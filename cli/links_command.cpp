// brokerlab links
#include "base/json_text.h"
#include "base/translation.h"
#include "cli/columns.h"
#include "cli/command_line.h"
#include "scenarios/links/wiring.h"
#include "scenarios/loader.h"
#include "scenarios/report.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <memory>
#include <ostream>
#include <string>

namespace brokerlab::cli {
namespace {

using scenarios::WiringComparison;
using scenarios::WiringReport;

struct LinksArguments {
  std::string scenario;
  scenarios::LoadOptions load;
  std::string when_full = "waits";
  std::string buffer = "32MiB";
  bool json = false;
};

std::string a_size(const std::string& text) {
  const auto bytes = parse_bytes(text);
  if (!bytes) return text + ": " + bytes.error();
  return *bytes > Bytes(0) ? std::string() : tr("{}: must be more than nothing", text);
}

/// A table of a first column of words and two of numbers.
class TwoColumns {
 public:
  explicit TwoColumns(Context& context) : context_(context) {}
  void row(const std::string& words, const std::string& left, const std::string& right) {
    const auto pad = [](const std::string& text, int columns) {
      return std::string(static_cast<std::size_t>(std::max(0, columns - columns_of(text))), ' ');
    };
    context_.out << words << pad(words, first) << pad(left, second) << left << pad(right, second)
                 << right << "\n";
  }
  void row(const std::string& words, std::int64_t left, std::int64_t right) {
    row(words, scenarios::with_commas(left), scenarios::with_commas(right));
  }

 private:
  static constexpr int first = 54;
  static constexpr int second = 24;
  Context& context_;
};

std::string megabytes_of(std::int64_t bytes) {
  return fmt::format("{:.1f} MB", static_cast<double>(bytes) / 1e6);
}

std::string seconds_of(double seconds) { return fmt::format("{:.2f} s", seconds); }

/// "0.12 s, 0 missing"
std::string fate_of(const WiringReport::Receiver& group) {
  return tr("{} s, {} missing", fmt::format("{:.2f}", group.longest_s),
            scenarios::with_commas(group.missing));
}

void tell_links(Context& context, const WiringComparison& both) {
  const WiringReport& links = both.links;
  const WiringReport& hub = both.hub;
  TwoColumns table(context);
  table.row("", tr("without Kafka"), tr("with Kafka"));
  table.row(
      tr("Links by the closed form (senders: {}, receivers: {})", links.senders, links.receivers),
      links.links_by_form, hub.links_by_form);
  table.row(tr("Links in the runs"), links.connected_pairs, hub.linked_applications);
  table.row(tr("Connections in the runs"), links.connected_pairs, hub.connected_pairs);
  context.out << tr("The senders:") << "\n";
  table.row("  " + tr("records"), links.records, hub.records);
  table.row("  " + tr("messages sent"), links.messages, hub.messages);
  table.row("  " + tr("bytes sent"), megabytes_of(links.bytes), megabytes_of(hub.bytes));
  table.row("  " + tr("processor time"), seconds_of(links.cpu_seconds),
            seconds_of(hub.cpu_seconds));
  table.row("  " + tr("stood still before full buffers, all together"),
            seconds_of(links.stood_still_s), "-");
  table.row(tr("Bytes sent by all machines"), megabytes_of(links.bytes_of_all),
            megabytes_of(hub.bytes_of_all));
  context.out << tr("The receivers: the longest that a record waited for them, and records that "
                    "they had not processed at the end:")
              << "\n";
  for (std::size_t i = 0; i < links.groups.size(); ++i) {
    const WiringReport::Receiver& one = links.groups[i];
    table.row("  " + (one.faulty ? tr("{} (a fault is about it)", one.group) : one.group),
              fate_of(one), fate_of(hub.groups[i]));
    const WiringReport::Receiver& other = hub.groups[i];
    if (one.thrown_away + other.thrown_away > 0) {
      table.row("    " + tr("thrown away"), one.thrown_away, other.thrown_away);
    }
    if (one.again + other.again > 0) table.row("    " + tr("again"), one.again, other.again);
  }
  if (!links.faults.empty()) context.out << tr("The faults:") << "\n";
  for (std::size_t i = 0; i < links.faults.size(); ++i) {
    const WiringReport::Happened& one = links.faults[i];
    // Who leads and who controls there is only with Kafka.
    const std::string& whom = hub.faults[i].done ? hub.faults[i].target : one.target;
    const auto fate = [](const WiringReport::Happened& fault) {
      return fault.done ? tr("done") : tr("hits nobody");
    };
    table.row("  " + tr("{} {} at {}", one.what, whom, fmt::format("{:.3f}s", one.at_s)), fate(one),
              fate(hub.faults[i]));
  }
}

int compare_links(Context& context, const LinksArguments& arguments) {
  const auto path = scenarios::find_scenario(arguments.scenario);
  if (!path) return refuse(context, {path.error()});
  const scenarios::Loaded loaded = scenarios::load_scenario(*path, arguments.load);
  if (!loaded.scenario) return refuse(context, loaded.errors);
  Problems problems = scenarios::wiring_problems(*loaded.scenario);
  for (Problem& one : problems) one.file = *path;
  if (!problems.empty()) return refuse(context, problems);
  const auto both = scenarios::compare_wirings(
      *loaded.scenario, {arguments.when_full == "waits", *parse_bytes(arguments.buffer)});
  if (!both) {
    context.err << "brokerlab: " << both.error() << "\n";
    return exit_trouble;
  }
  if (arguments.json) {
    context.out << json_text({{"scenario", loaded.scenario->name},
                              {"when_full", arguments.when_full},
                              {"without", json_from(both->links.json())},
                              {"with", json_from(both->hub.json())}},
                             1)
                << "\n";
  } else {
    tell_links(context, *both);
  }
  return exit_pass;
}

}  // namespace

void add_links(Command app, Context& context) {
  const auto arguments = std::make_shared<LinksArguments>();
  const Command command = app.sub(
      "links",
      tr("The same applications without Kafka, linked to each other, beside those with it"));
  command.option("scenario", arguments->scenario, tr("A name of the library, or a file"))
      .required();
  command
      .option("--set", arguments->load.overrides,
              tr("path=value; changes one value of the scenario; may be repeated"))
      .one_each();
  command
      .option("--when-full", arguments->when_full,
              tr("What a sender does before a full buffer: waits, and sends to nobody, or drops"))
      .one_of({"waits", "drops"})
      .shows_default();
  command.option("--buffer", arguments->buffer, tr("What a sender keeps for each receiver"))
      .check(a_size)
      .shows_default();
  command.flag("--json", arguments->json, tr("Everything as JSON"));
  command.footer(tr("Exit status: 0 both were run."));
  command.run([&context, arguments] { context.status = compare_links(context, *arguments); });
}

}  // namespace brokerlab::cli
