// brokerlab sweep
#include "base/translation.h"
#include "cli/command_line.h"
#include "cli/progress.h"
#include "plan/sweep/slurm.h"
#include "plan/sweep/sweep.h"

#include <fmt/format.h>

#include <memory>
#include <ostream>

namespace brokerlab::cli {
namespace {

struct SweepArguments {
  std::string file;
  std::string folder;
  std::string engine = "here";
  std::vector<std::string> slurm;
  std::string points;
  std::int64_t cores = 0;
  bool json = false;
  bool quiet = false;
  bool schema = false;
};

/// Into the folder of the sweep, in all forms.
Status<std::string> write_tables(const plan::Table& table, const std::string& folder) {
  for (const char* ending : {"csv", "json", "sqlite"}) {
    auto status = plan::write_table(table, "sweep", folder + "/table." + ending);
    if (!status.ok()) return status;
  }
  return {};
}

void tell_sweep(Context& context, const plan::Sweep& sweep, const plan::SweepResult& result,
                const std::string& folder) {
  const std::size_t whole = sweep.points.size();
  context.out << tr("{} points, {} of them found done, {} failed", whole, result.from_before,
                    result.failed)
              << "\n";
  if (result.cpu_seconds > 0 && result.cores == 0) {
    context.out << tr("{:.1f} s on the clock, {:.1f} s of processor time on Slurm's nodes",
                      result.wall_seconds, result.cpu_seconds)
                << "\n";
  } else if (result.cpu_seconds > 0) {
    context.out << tr("{:.1f} s on the clock, {:.1f} s of processor time: {} cores {:.0f} % busy",
                      result.wall_seconds, result.cpu_seconds, result.cores, 100 * result.busy())
                << "\n";
  }
  for (std::size_t i = 0; i < whole; ++i) {
    if (result.outcomes[i]) continue;
    context.out << "  " << plan::words_of(sweep.points[i]) << ": " << result.outcomes[i].error()
                << "\n";
  }
  context.out << tr("Tables: {}", folder + "/table.csv, .json, .sqlite") << "\n";
}

int sweep(Context& context, const SweepArguments& arguments) {
  if (arguments.schema) {
    context.out << plan::sweep_schema() << "\n";
    return exit_pass;
  }
  if (arguments.file.empty()) return refuse(context, {{"sweep", {}, {}, tr("needs a file")}});
  const plan::LoadedSweep loaded = plan::load_sweep(arguments.file);
  for (const Problem& warning : loaded.warnings) {
    if (!arguments.quiet) context.err << tr("warning: {}", warning.text()) << "\n";
  }
  if (!loaded.sweep) return refuse(context, loaded.errors);
  plan::Sweep sweep = *loaded.sweep;
  if (!arguments.points.empty()) {
    const auto places = plan::places_in(arguments.points, sweep.points.size());
    if (!places) {
      return refuse(context,
                    {{"--points",
                      {},
                      arguments.points,
                      tr("must be places such as 0-4,9, the last {}", sweep.points.size() - 1)}});
    }
    std::vector<plan::Point> some;
    for (const std::size_t place : *places) some.push_back(sweep.points[place]);
    sweep.points = std::move(some);
  }
  const std::string folder =
      arguments.folder.empty() ? sweep.spec.name + ".sweep" : arguments.folder;
  auto book = plan::TrialBook::open(folder + "/points", plan::program_mark());
  if (!book) {
    context.err << "brokerlab: " << book.error() << "\n";
    return exit_trouble;
  }
  ProgressLine line(context.err, progress_columns());
  plan::SweepNews news;
  news.progress = [&](const plan::SweepProgress& progress) {
    const double share = static_cast<double>(progress.done) / static_cast<double>(progress.whole);
    if (arguments.quiet || !line.due(share)) return;
    line.draw(share,
              tr("{} of {} points, {:.0f} s to go", progress.done, progress.whole,
                 progress.seconds_to_go),
              fmt::format("{}", progress.done), "");
  };
  news.failed = [&](const plan::Point& point, const std::string& why) {
    if (arguments.quiet) return;
    line.clear();
    context.err << plan::words_of(point) << ": " << why << "\n" << std::flush;
  };
  plan::SlurmOptions slurm;
  slurm.file = arguments.file;
  slurm.folder = folder;
  slurm.sbatch = arguments.slurm;
  const auto result =
      arguments.engine == "slurm"
          ? plan::run_sweep_by_slurm(sweep, *book, slurm, news)
          : plan::run_sweep(sweep, *book, news, static_cast<std::size_t>(arguments.cores));
  line.clear();
  if (!result) {
    context.err << "brokerlab: " << result.error() << "\n";
    return exit_trouble;
  }
  const plan::Table table = plan::table_of(sweep, *result);
  const auto written = write_tables(table, folder);
  if (arguments.json) {
    context.out << plan::table_json(table);
  } else if (!arguments.quiet) {
    context.out << plan::table_text(table) << "\n";
    tell_sweep(context, sweep, *result, folder);
  }
  if (!written.ok()) {
    context.err << "brokerlab: " << written.error() << "\n";
    return exit_trouble;
  }
  return result->failed == 0 ? exit_pass : exit_fail;
}

}  // namespace

void add_sweep(Command app, Context& context) {
  const auto arguments = std::make_shared<SweepArguments>();
  const Command command =
      app.sub("sweep", tr("Run a scenario with many settings and seeds, and make one table"));
  command.option("file", arguments->file,
                 tr("A scenario, what is changed in it, and seeds, as JSON"));
  command
      .option("--out", arguments->folder,
              tr("The folder of what is finished; the same command again goes on from there"))
      .check(not_empty);
  const Option engine =
      command
          .option(
              "--engine", arguments->engine,
              tr("Who runs the points: here (all cores of this machine) or slurm (a job array)"))
          .one_of({"here", "slurm"})
          .shows_default();
  command
      .option("--slurm-option", arguments->slurm,
              tr("An option for sbatch, such as --partition=long; may be repeated"))
      .one_each()
      .needs(engine);
  const Option points = command
                            .option("--points", arguments->points,
                                    tr("Only these points, by their places from 0, such as 0-4,9"))
                            .check(not_empty);
  points.excludes(engine);
  command
      .option("--cores", arguments->cores,
              tr("So many runs at once; 0: as many as there are cores"))
      .check(whole_number(0, 1024))
      .shows_default();
  command.flag("--json", arguments->json, tr("The table as JSON"));
  command.flag("--quiet", arguments->quiet, tr("Only the exit status, and the files"));
  command.flag("--schema", arguments->schema, tr("Print the schema of such files, for editors"));
  command.footer(
      tr("Exit status: 0 every point was run (whatever its verdict), 1 some could not be."));
  command.run([&context, arguments] { context.status = sweep(context, *arguments); });
}

}  // namespace brokerlab::cli
