#include "cli/planning.h"

#include "base/translation.h"
#include "cli/progress.h"

#include <fmt/format.h>

#include <algorithm>
#include <ostream>
#include <utility>

namespace brokerlab::cli {
namespace {

int trouble(Context& context, const std::string& what) {
  context.err << "brokerlab: " << what << "\n";
  return exit_trouble;
}

}  // namespace

std::string PlanRequest::command() const {
  std::string text = "brokerlab plan " + file;
  if (seeds != PlanRequest().seeds) text += fmt::format(" --seeds {}", seeds);
  if (rehearse) text += " --rehearse";
  return text;
}

Result<plan::Planning, int> load_planning(Context& context, const std::string& file) {
  plan::LoadedPlanning loaded = plan::load_planning(file);
  for (const Problem& warning : loaded.warnings) {
    context.err << tr("warning: {}", warning.text()) << "\n";
  }
  if (!loaded.planning) return fail(refuse(context, loaded.errors));
  return std::move(*loaded.planning);
}

Result<plan::PlanResult, int> make_plan(Context& context, const plan::Planning& planning,
                                        const PlanRequest& request) {
  auto book = plan::TrialBook::open(request.folder, plan::program_mark());
  if (!book) return fail(trouble(context, book.error()));
  plan::PlanOptions options;
  options.rehearse_work = request.rehearse;
  options.seeds.clear();
  for (std::int64_t seed = 1; seed <= request.seeds; ++seed) options.seeds.push_back(seed);
  ProgressLine line(context.err, progress_columns());
  auto result = plan::make_plan(planning, options, *book, [&](const plan::PlanProgress& progress) {
    const double share = std::clamp(progress.share, 0.001, 0.99);
    if (!line.due(share)) return;
    line.draw(share,
              tr("{} runs, about {:.0f} s to go", progress.runs,
                 line.seconds_spent() * (1 - share) / share),
              fmt::format("{}", progress.runs), progress.now);
  });
  line.clear();
  if (!result) return fail(trouble(context, result.error()));
  return std::move(*result);
}

}  // namespace brokerlab::cli
