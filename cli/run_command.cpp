// brokerlab run SCENARIO
#include "base/translation.h"
#include "cli/run.h"

#include <memory>
#include <ostream>

namespace brokerlab::cli {

int run(Context& context, const RunRequest& request) {
  const auto path = scenarios::find_scenario(request.scenario);
  if (!path) return refuse(context, {path.error()});
  const scenarios::Loaded loaded = scenarios::load_scenario(*path, request.options);
  if (!request.quiet) {
    for (const Problem& warning : loaded.warnings) {
      context.err << tr("warning: {}", warning.text()) << "\n";
    }
  }
  if (!loaded.scenario) return refuse(context, loaded.errors);
  return run_scenario(context, *loaded.scenario, request);
}

namespace {

/// What the recording keeps, in place of the scenario's "recording".
struct Kept {
  std::string level, sample, from, until;

  void override_in(scenarios::LoadOptions& options) const {
    const auto put = [&options](const char* name, const std::string& value) {
      if (!value.empty())
        options.overrides.push_back(std::string("recording.") + name + "=" + value);
    };
    // Who says how many to sample wants a sample.
    put("level", level.empty() && !sample.empty() ? "sampled" : level);
    put("sample", sample);
    put("from", from);
    put("until", until);
  }
};

void add_kept(Command command, Option record, Kept& kept) {
  command
      .option("--record-level", kept.level,
              tr("What it keeps: all, sampled (some requests), control (no requests) or none "
                 "(the verdict)"))
      .one_of({"all", "sampled", "control", "none"})
      .needs(record);
  command.option("--record-sample", kept.sample, tr("One request in so many, with its response"))
      .check(whole_number(1, 1'000'000))
      .needs(record);
  command
      .option("--record-from", kept.from,
              tr("From here on everything is kept, whatever the level; such as 300s"))
      .needs(record);
  command.option("--record-until", kept.until, tr("Up to here everything is kept; such as 360s"))
      .needs(record);
}

}  // namespace

void add_run(Command app, Context& context) {
  const auto request = std::make_shared<RunRequest>();
  const auto seed = std::make_shared<std::int64_t>(0);
  const auto kept = std::make_shared<Kept>();
  const Command command = app.sub("run", tr("Run a scenario and judge it"));
  command.option("scenario", request->scenario, tr("A name of the library, or a file")).required();
  const Option seed_option = command.option("--seed", *seed, tr("Another seed than the scenario's"))
                                 .check(whole_number(0));
  command
      .option("--set", request->options.overrides,
              tr("path=value; changes one value of the scenario; may be repeated"))
      .one_each();
  const Option record =
      command.option("--record", request->record, tr("Keep the run in this file (.run)"))
          .check(not_empty);
  add_kept(command, record, *kept);
  command.flag("--json", request->json, tr("The summary as JSON"));
  command.flag("--quiet", request->quiet, tr("Only the exit status"));
  command.flag("--anyway", request->anyway, tr("Also a run that will not fit into memory"));
  command.run([&context, request, seed, seed_option, kept] {
    kept->override_in(request->options);
    if (seed_option.given()) request->options.seed = *seed;
    context.status = run(context, *request);
  });
}

}  // namespace brokerlab::cli
