// brokerlab fuzz
#include "base/installation.h"
#include "base/random.h"
#include "base/translation.h"
#include "cli/command_line.h"
#include "cli/progress.h"
#include "model/broken_rules.h"
#include "scenarios/fuzz/campaign.h"

#include <fmt/format.h>

#include <charconv>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <memory>
#include <optional>
#include <ostream>
#include <system_error>

namespace brokerlab::cli {
namespace {

struct Arguments {
  std::int64_t seeds = 100;
  std::int64_t first = 1;
  std::string hours;
  std::string folder = "fuzz";
  std::string look_again;
  std::vector<std::string> broken;
  bool as_drawn = false;
};

std::optional<double> hours_in(const std::string& text) {
  double hours = 0;
  const char* end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, hours);
  if (read.ec != std::errc() || read.ptr != end || !(hours >= 0.001 && hours <= 1000)) {
    return std::nullopt;
  }
  return hours;
}

/// The program itself: what one build has found says nothing of another.
std::string this_program(const std::vector<std::string>& broken) {
  std::ifstream file("/proc/self/exe", std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  std::string text = fmt::format("{} {:016x}", version(), stable_hash(bytes));
  for (const std::string& rule : broken) text += " without " + rule;
  return text;
}

std::string break_options(const Arguments& arguments) {
  std::string text;
  for (const std::string& rule : arguments.broken) text += " --break " + rule;
  return text;
}

void tell(Context& context, const Arguments& arguments, const scenarios::SeedFinding& found) {
  context.out << tr("seed {}: {}", found.seed, found.finding.kind) << "\n";
  if (found.finding.detail != found.finding.kind) {
    context.out << "  " << found.finding.detail << "\n";
  }
  const std::string options = break_options(arguments);
  context.out << "  " << tr("as drawn: {}", found.drawn_file) << "\n";
  if (found.file != found.drawn_file) {
    context.out << "  " << tr("smallest: {} (after {} runs)", found.file, found.shrink_runs)
                << "\n";
  }
  context.out << "  " << tr("again:    brokerlab fuzz --again {}{}", found.file, options) << "\n";
}

int look_again(Context& context, const Arguments& arguments) {
  const auto finding = scenarios::look_again(arguments.look_again);
  if (!finding) {
    context.err << finding.error() << (finding.error().ends_with('\n') ? "" : "\n");
    return exit_bad_input;
  }
  if (!*finding) {
    context.out << tr("{}: nothing is wrong", arguments.look_again) << "\n";
    return exit_pass;
  }
  context.out << arguments.look_again << ": " << (*finding)->kind << "\n";
  if ((*finding)->detail != (*finding)->kind) context.out << "  " << (*finding)->detail << "\n";
  return exit_fail;
}

int search(Context& context, const Arguments& arguments) {
  scenarios::Campaign campaign;
  campaign.first = static_cast<std::uint64_t>(arguments.first);
  campaign.seeds = static_cast<std::uint64_t>(arguments.seeds);
  campaign.most_seconds = hours_in(arguments.hours).value_or(0) * 3600;
  campaign.folder = arguments.folder;
  campaign.shrinks = !arguments.as_drawn;
  campaign.program = this_program(arguments.broken);
  scenarios::CampaignNews news;
  ProgressLine line(context.err, progress_columns());
  const auto whole = static_cast<double>(campaign.seeds);
  news.seed_done = [&](std::uint64_t done) {
    const double share = static_cast<double>(done) / whole;
    if (!line.due(share)) return;
    const double spent = line.seconds_spent();
    line.draw(share,
              tr("{} of {} seeds, {:.0f} s to go", done, campaign.seeds,
                 spent * (1 - share) / std::max(share, 1e-9)),
              fmt::format("{}", done), "");
  };
  news.shrinking = [&](std::uint64_t seed, int runs) {
    if (line.due(1)) line.draw(1, tr("seed {} made smaller: {} runs", seed, runs), "", "");
  };
  news.seen = [&](std::uint64_t seed, const scenarios::Finding& finding) {
    line.clear();
    context.err << tr("seed {}: {}", seed, finding.kind) << "\n" << std::flush;
  };
  news.found = [&](const scenarios::SeedFinding& found) {
    line.clear();
    tell(context, arguments, found);
  };
  const auto result = scenarios::run_campaign(campaign, news);
  line.clear();
  if (!result) {
    context.err << "brokerlab: " << result.error() << "\n";
    return exit_trouble;
  }
  context.out << tr("{} seeds tried, {} findings", result->done, result->findings.size()) << "\n";
  if (result->before > 0) {
    context.out << tr("{} of them were done before (in {})", result->before, campaign.folder)
                << "\n";
  }
  return result->findings.empty() ? exit_pass : exit_fail;
}

}  // namespace

void add_fuzz(Command app, Context& context) {
  const auto arguments = std::make_shared<Arguments>();
  const Command command =
      app.sub("fuzz", tr("Look for faults of brokerlab's own: random clusters, loads and faults"));
  command.option("--seeds", arguments->seeds, tr("How many"))
      .check(whole_number(1))
      .shows_default();
  command.option("--first", arguments->first, tr("The first seed"))
      .check(whole_number(0))
      .shows_default();
  command
      .option("--hours", arguments->hours,
              tr("Begin no seed any more after so many hours, such as 0.5"))
      .check([](const std::string& text) {
        return hours_in(text) ? std::string()
                              : tr("{}: must be a number of hours from 0.001 to 1000", text);
      });
  command
      .option("--out", arguments->folder,
              tr("Where what was seen is kept; the same command again goes on from there"))
      .check(not_empty)
      .shows_default();
  command.flag("--as-drawn", arguments->as_drawn, tr("Do not make smaller what shows a fault"));
  command.option("--again", arguments->look_again,
                 tr("Only this scenario, one that was kept: is it still wrong?"));
  std::vector<std::string> rules;
  for (const std::string_view name : model::names_of_rules()) rules.emplace_back(name);
  command
      .option("--break", arguments->broken,
              tr("Break this rule of Kafka's, to see that it is noticed; may be repeated"))
      .one_of(rules)
      .one_each();
  command.footer(tr("Exit status: 0 nothing is wrong, 1 something was found."));
  command.run([&context, arguments] {
    for (const std::string& rule : arguments->broken) model::break_rule(*model::rule_named(rule));
    context.status = arguments->look_again.empty() ? search(context, *arguments)
                                                   : look_again(context, *arguments);
    model::mend_all_rules();
  });
}

}  // namespace brokerlab::cli
