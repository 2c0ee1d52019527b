#include "base/translation.h"
#include "cli/progress.h"
#include "cli/run.h"
#include "scenarios/runner.h"

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

}  // namespace

int run_scenario(Context& context, const scenarios::Scenario& scenario, const RunRequest& request) {
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
  switch (report->verdict) {
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
