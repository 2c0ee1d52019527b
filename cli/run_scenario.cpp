#include "cli/progress.h"
#include "cli/run.h"
#include "scenarios/runner.h"

#include <optional>
#include <ostream>
namespace brokerlab::cli {

int run_scenario(Context& context, const scenarios::Scenario& scenario, const RunRequest& request) {
  scenarios::RunOptions options;
  options.record = request.record;
  std::optional<Progress> progress;
  if (!request.quiet) {
    progress.emplace(context.err, progress_columns(), scenario.duration);
    options.progress = [&](Time now, std::uint64_t steps) { progress->show(now, steps); };
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
    if (!request.record.empty()) context.out << "Recorded in " << request.record << "\n";
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
