// brokerlab plan
#include "base/json_text.h"
#include "base/translation.h"
#include "cli/command_line.h"
#include "cli/progress.h"
#include "plan/search/answer.h"
#include "plan/search/export.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <ostream>
#include <system_error>

namespace brokerlab::cli {
namespace {

struct PlanArguments {
  std::string file;
  std::string folder;
  std::string files;
  std::int64_t seeds = 3;
  bool rehearse = false;
  bool json = false;
  bool schema = false;
  bool catalogue_schema = false;
};

int make_the_plan(Context& context, const PlanArguments& arguments) {
  if (arguments.schema || arguments.catalogue_schema) {
    context.out << (arguments.schema ? plan::workload_schema() : plan::catalogue_schema()) << "\n";
    return exit_pass;
  }
  if (arguments.file.empty()) return refuse(context, {{"plan", {}, {}, tr("needs a file")}});
  const plan::LoadedPlanning loaded = plan::load_planning(arguments.file);
  for (const Problem& warning : loaded.warnings) {
    context.err << tr("warning: {}", warning.text()) << "\n";
  }
  if (!loaded.planning) return refuse(context, loaded.errors);
  // Told before minutes have passed.
  std::error_code error;
  if (!arguments.files.empty() && std::filesystem::exists(arguments.files, error) &&
      !(std::filesystem::is_directory(arguments.files, error) &&
        std::filesystem::is_empty(arguments.files, error))) {
    return refuse(context,
                  {{arguments.files, {}, {}, tr("is there already, and is no empty folder")}});
  }
  auto book = plan::TrialBook::open(arguments.folder, plan::program_mark());
  if (!book) {
    context.err << "brokerlab: " << book.error() << "\n";
    return exit_trouble;
  }
  plan::PlanOptions options;
  options.rehearse_work = arguments.rehearse;
  options.seeds.clear();
  for (std::int64_t seed = 1; seed <= arguments.seeds; ++seed) options.seeds.push_back(seed);
  ProgressLine line(context.err, progress_columns());
  const auto result =
      plan::make_plan(*loaded.planning, options, *book, [&](const plan::PlanProgress& progress) {
        const double share = std::clamp(progress.share, 0.001, 0.99);
        if (!line.due(share)) return;
        line.draw(share,
                  tr("{} runs, about {:.0f} s to go", progress.runs,
                     line.seconds_spent() * (1 - share) / share),
                  fmt::format("{}", progress.runs), progress.now);
      });
  line.clear();
  if (!result) {
    context.err << "brokerlab: " << result.error() << "\n";
    return exit_trouble;
  }
  std::string command = "brokerlab plan " + arguments.file;
  if (arguments.seeds != 3) command += fmt::format(" --seeds {}", arguments.seeds);
  if (arguments.rehearse) command += " --rehearse";
  if (arguments.json) {
    context.out << json_text(plan::answer_json(*loaded.planning, *result, command), 1) << "\n";
  } else {
    context.out << plan::answer_text(*loaded.planning, *result, command);
  }
  if (!arguments.files.empty() && result->best) {
    const auto written =
        plan::write_export(*loaded.planning, result->best->cluster, arguments.files);
    if (!written.ok()) {
      context.err << "brokerlab: " << written.error() << "\n";
      return exit_trouble;
    }
    if (!arguments.json) {
      context.out << tr("Its files, and the scenarios that decided: {}", arguments.files) << "\n";
    }
  }
  return result->best ? exit_pass : exit_fail;
}

}  // namespace

void add_plan(Command app, Context& context) {
  const auto arguments = std::make_shared<PlanArguments>();
  const Command command =
      app.sub("plan", tr("The cheapest cluster that carries a load and survives a loss"));
  command.option("file", arguments->file,
                 tr("What is written and read, and what is to be held, as JSON"));
  command.option("--seeds", arguments->seeds, tr("How many seeds the answer is tried with"))
      .check(whole_number(1, 100))
      .shows_default();
  command
      .option("--out", arguments->folder,
              tr("The folder of what is finished; the same command again goes on from there"))
      .check(not_empty);
  command
      .option("--export", arguments->files,
              tr("Write the cluster's server.properties, topics and reassignment to this folder"))
      .check(not_empty);
  command.flag("--rehearse", arguments->rehearse,
               tr("Rehearse a rolling restart and an expansion of the answer, too"));
  command.flag("--json", arguments->json, tr("Everything as JSON"));
  command.flag("--schema", arguments->schema, tr("Print the JSON Schema of such files"));
  command.flag("--catalogue-schema", arguments->catalogue_schema,
               tr("Print the JSON Schema of catalogues of machines"));
  command.footer(tr("Exit status: 0 there is such a cluster, 1 there is none."));
  command.run([&context, arguments] { context.status = make_the_plan(context, *arguments); });
}

}  // namespace brokerlab::cli
