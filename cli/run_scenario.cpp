#include "base/translation.h"
#include "cli/progress.h"
#include "cli/run.h"
#include "scenarios/memory_need.h"
#include "scenarios/runner.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <ostream>

namespace brokerlab::cli {
namespace {

/// " (one request in 100; everything from 300s on)"; empty for everything.
std::string what_was_kept(const scenarios::RecordingSpec& spec) {
  std::string text;
  switch (spec.level) {
    case recording::Level::all:
      return {};
    case recording::Level::sampled:
      text = tr("one request in {}", spec.sample);
      break;
    case recording::Level::control:
      text = tr("no requests");
      break;
    case recording::Level::none:
      text = tr("the verdict alone");
      break;
  }
  if (spec.from || spec.until) {
    const std::string from = to_text(spec.from.value_or(0ns));
    text += spec.until ? tr("; everything from {} to {}", from, to_text(*spec.until))
                       : tr("; everything from {} on", from);
  }
  return " (" + text + ")";
}

/// Why the run would end for want of memory, and what to do; empty: it will not.
std::string why_not(const scenarios::Scenario& scenario) {
  const scenarios::MemoryNeed need = scenarios::memory_need(scenario);
  const Bytes free = scenarios::free_memory();
  if (need.all() <= static_cast<double>(free.count())) return {};
  const auto most = static_cast<double>(std::numeric_limits<std::int64_t>::max());
  const Bytes wanted(static_cast<std::int64_t>(std::min(need.all(), most / 2)));
  std::string text = tr("this run would keep about {} in memory, and {} are free",
                        to_rounded_text(wanted), to_rounded_text(free)) +
                     "\n";
  if (need.records > need.batches) {
    const auto real = std::find_if(scenario.sources.begin(), scenario.sources.end(),
                                   [](const auto& source) { return !source.phantom; });
    text += "  " +
            tr("let records travel without bytes: --set sources.{}.payload=phantom", real->name) +
            "\n";
  } else {
    text +=
        "  " + tr("let batches be fewer and larger: batch.size and linger.ms of producers") + "\n";
  }
  const double part = static_cast<double>(free.count()) / need.all();
  const Duration fits = from_seconds(std::floor(to_seconds(scenario.duration) * part));
  text += "  " + tr("or run less of it: --set duration={}", to_text(fits)) + "\n";
  return text + "  " + tr("or try all the same: brokerlab run --anyway") + "\n";
}

}  // namespace

int run_scenario(Context& context, const scenarios::Scenario& scenario, const RunRequest& request) {
  if (!request.anyway) {
    if (const std::string wrong = why_not(scenario); !wrong.empty()) {
      context.err << "brokerlab: " << wrong;
      return exit_bad_input;
    }
  }
  scenarios::RunOptions options;
  options.record = request.record;
  std::optional<Progress> progress;
  if (!request.quiet) {
    progress.emplace(context.err, progress_columns(), scenario.duration);
    options.progress = [&](Time now) { progress->show(now); };
  }
  const auto report = scenarios::run(scenario, options);
  progress.reset();
  if (!report) {
    context.err << "brokerlab: " << report.error() << "\n";
    return exit_trouble;
  }
  if (request.json) {
    context.out << report->json() << "\n";
  } else if (!request.quiet) {
    context.out << report->text();
    if (!request.record.empty()) {
      context.out << tr("Recorded in {}", request.record) << what_was_kept(scenario.recording)
                  << "\n";
    }
  }
  return exit_status(report->verdict);
}

int exit_status(scenarios::Verdict verdict) {
  switch (verdict) {
    case scenarios::Verdict::pass:
      return exit_pass;
    case scenarios::Verdict::fail:
      return exit_fail;
    case scenarios::Verdict::unknown:
      return exit_unknown;
  }
  return exit_trouble;
}

}  // namespace brokerlab::cli
