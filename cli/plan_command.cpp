// brokerlab plan
#include "base/json_text.h"
#include "base/translation.h"
#include "cli/command_line.h"
#include "cli/planning.h"
#include "plan/search/answer.h"
#include "plan/search/export.h"

#include <nlohmann/json.hpp>

#include <filesystem>
#include <memory>
#include <ostream>
#include <system_error>

namespace brokerlab::cli {
namespace {

struct PlanArguments {
  PlanRequest plan;
  std::string files;
  bool json = false;
  bool schema = false;
  bool catalogue_schema = false;
};

int make_the_plan(Context& context, const PlanArguments& arguments) {
  if (arguments.schema || arguments.catalogue_schema) {
    context.out << (arguments.schema ? plan::workload_schema() : plan::catalogue_schema()) << "\n";
    return exit_pass;
  }
  if (arguments.plan.file.empty()) return refuse(context, {{"plan", {}, {}, tr("needs a file")}});
  const auto planning = load_planning(context, arguments.plan.file);
  if (!planning) return planning.error();
  // Told before minutes have passed.
  std::error_code error;
  if (!arguments.files.empty() && std::filesystem::exists(arguments.files, error) &&
      !(std::filesystem::is_directory(arguments.files, error) &&
        std::filesystem::is_empty(arguments.files, error))) {
    return refuse(context,
                  {{arguments.files, {}, {}, tr("is there already, and is no empty folder")}});
  }
  const auto result = make_plan(context, *planning, arguments.plan);
  if (!result) return result.error();
  const std::string command = arguments.plan.command();
  if (arguments.json) {
    context.out << json_text(plan::answer_json(*planning, *result, command), 1) << "\n";
  } else {
    context.out << plan::answer_text(*planning, *result, command);
  }
  if (!arguments.files.empty() && result->best) {
    const auto written = plan::write_export(*planning, result->best->cluster, arguments.files);
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
  command.option("file", arguments->plan.file,
                 tr("What is written and read, and what is to be held, as JSON"));
  command.option("--seeds", arguments->plan.seeds, tr("How many seeds the answer is tried with"))
      .check(whole_number(1, 100))
      .shows_default();
  command
      .option("--out", arguments->plan.folder,
              tr("The folder of what is finished; the same command again goes on from there"))
      .check(not_empty);
  command
      .option("--export", arguments->files,
              tr("Write the cluster's server.properties, topics and reassignment to this folder"))
      .check(not_empty);
  command.flag("--rehearse", arguments->plan.rehearse,
               tr("Rehearse a rolling restart and an expansion of the answer, too"));
  command.flag("--json", arguments->json, tr("Everything as JSON"));
  command.flag("--schema", arguments->schema, tr("Print the JSON Schema of such files"));
  command.flag("--catalogue-schema", arguments->catalogue_schema,
               tr("Print the JSON Schema of catalogues of machines"));
  command.footer(tr("Exit status: 0 there is such a cluster, 1 there is none."));
  command.run([&context, arguments] { context.status = make_the_plan(context, *arguments); });
}

}  // namespace brokerlab::cli
