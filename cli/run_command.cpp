// brokerlab run SCENARIO
#include "cli/run.h"

#include <CLI/CLI.hpp>

#include <memory>
#include <ostream>

namespace brokerlab::cli {

int run(Context& context, const RunRequest& request) {
  const auto path = scenarios::find_scenario(request.scenario);
  if (!path) return refuse(context, {path.error()});
  const scenarios::Loaded loaded = scenarios::load_scenario(*path, request.options);
  if (!request.quiet) {
    for (const Problem& warning : loaded.warnings) {
      context.err << "warning: " << warning.text() << "\n";
    }
  }
  if (!loaded.scenario) return refuse(context, loaded.errors);
  return run_scenario(context, *loaded.scenario, request);
}

void add_run(CLI::App& app, Context& context) {
  const auto request = std::make_shared<RunRequest>();
  const auto seed = std::make_shared<std::int64_t>(0);
  CLI::App* command = app.add_subcommand("run", "Run a scenario and judge it");
  command->add_option("scenario", request->scenario, "A name of the library, or a file")
      ->required();
  CLI::Option* seed_option =
      command->add_option("--seed", *seed, "Another seed than the scenario's")
          ->check(whole_number(0));
  command
      ->add_option("--set", request->options.overrides,
                   "path=value; changes one value of the scenario; may be repeated")
      ->allow_extra_args(false);
  command->add_option("--record", request->record, "Keep everything in this file (.run)");
  command->add_flag("--json", request->json, "The summary as JSON");
  command->add_flag("--quiet", request->quiet, "Only the exit status");
  command->callback([&context, request, seed, seed_option] {
    if (seed_option->count() > 0) request->options.seed = *seed;
    context.status = run(context, *request);
  });
}

}  // namespace brokerlab::cli
