// brokerlab report FILE.run | PLAN.json --out FILE.html: one page with everything.
#include "base/json_text.h"
#include "base/translation.h"
#include "cli/command_line.h"
#include "cli/export_target.h"
#include "cli/planning.h"
#include "cli/recordings.h"
#include "plan/report/html.h"
#include "plan/report/plan_report.h"
#include "plan/report/run_report.h"
#include "plan/search/answer.h"
#include "recording/reader.h"
#include "scenarios/text_file.h"

#include <nlohmann/json.hpp>

#include <filesystem>
#include <fstream>
#include <memory>
#include <ostream>

namespace brokerlab::cli {
namespace {

struct ReportArguments {
  PlanRequest plan;  ///< Its file is any that is to be reported.
  std::string out;
};

/// A page, or the exit status: what is wrong has been told.
using Page = Result<std::string, int>;

/// Why a file of that name may not be replaced, if so: it is no earlier report.
std::optional<std::string> not_a_report(const std::string& path) {
  namespace fs = std::filesystem;
  std::error_code ignored;
  const auto kind = fs::status(path, ignored).type();
  if (kind == fs::file_type::not_found) return std::nullopt;
  if (kind == fs::file_type::directory) return tr("is a folder; name a file in it");
  if (kind != fs::file_type::regular) return tr("is no file that a page could be written to");
  std::string beginning(plan::report::page_beginning.size(), '\0');
  std::ifstream file(path, std::ios::binary);
  file.read(beginning.data(), static_cast<std::streamsize>(beginning.size()));
  if (file.gcount() == 0 || beginning == plan::report::page_beginning) return std::nullopt;
  return tr("is there already and no earlier report: choose another name");
}

bool is_sqlite(const std::string& path) {
  std::string magic(15, '\0');
  std::ifstream file(path, std::ios::binary);
  file.read(magic.data(), static_cast<std::streamsize>(magic.size()));
  return magic == "SQLite format 3";
}

Page page_of_recording(Context& context, const std::string& path) {
  const auto reader = open_recording(path);
  if (!reader) return fail(refuse(context, {{{}, {}, {}, reader.error()}}));
  auto page = plan::report::run_report(*reader, path);
  if (!page) return fail(refuse(context, {{{}, {}, {}, page.error()}}));
  if (reader->read_error()) {
    context.err << "brokerlab: " << path << ": " << *reader->read_error() << "\n";
    return fail(int{exit_trouble});
  }
  return std::move(*page);
}

/// Of a workload: the plan is made first, or taken from what --keep has of it.
Page page_of_workload(Context& context, const ReportArguments& arguments) {
  const auto planning = load_planning(context, arguments.plan.file);
  if (!planning) return fail(planning.error());
  const auto result = make_plan(context, *planning, arguments.plan);
  if (!result) return fail(result.error());
  auto page = plan::report::plan_report(
      plan::answer_json(*planning, *result, arguments.plan.command()), arguments.plan.file);
  if (!page) return fail(refuse(context, {{{}, {}, {}, page.error()}}));
  return std::move(*page);
}

Page page_of(Context& context, const ReportArguments& arguments) {
  std::error_code ignored;
  const bool regular = std::filesystem::is_regular_file(arguments.plan.file, ignored);
  if (!regular || is_sqlite(arguments.plan.file))
    return page_of_recording(context, arguments.plan.file);
  const auto text = scenarios::read_text_file(arguments.plan.file);
  const Json json = text ? json_from(*text) : json_from("");
  if (plan::report::is_plan_answer(json)) {
    auto page = plan::report::plan_report(json, arguments.plan.file);
    if (!page) return fail(refuse(context, {{{}, {}, {}, page.error()}}));
    return std::move(*page);
  }
  if (json.is_object() && json.contains("topics") && !json.contains("brokers")) {
    return page_of_workload(context, arguments);
  }
  return fail(refuse(context, {{arguments.plan.file,
                                {},
                                {},
                                tr("neither a recording (run --record FILE.run), nor an answer of "
                                   "plan --json, nor a workload that plan takes")}}));
}

int report(Context& context, const ReportArguments& arguments) {
  if (const auto refused = not_a_report(arguments.out)) {
    return refuse(context, {{"--out", {}, arguments.out, *refused}});
  }
  const Page page = page_of(context, arguments);
  if (!page) return page.error();
  ExportTarget target(arguments.out);
  target.buffer().append(*page);
  const auto written = target.close();
  if (!written) {
    context.err << "brokerlab: " << written.error() << "\n";
    return exit_trouble;
  }
  context.out << tr("Wrote {}; any browser opens it, and prints it on A4", arguments.out) << "\n";
  return exit_pass;
}

}  // namespace

void add_report(Command app, Context& context) {
  const auto arguments = std::make_shared<ReportArguments>();
  const Command command =
      app.sub("report", tr("A run or a plan as one HTML page, to be read, printed and passed on"));
  command
      .option("file", arguments->plan.file,
              tr("A recording, an answer of plan --json, or a workload, which is planned first"))
      .required();
  command.option("--out", arguments->out, tr("The page; an earlier report is replaced"))
      .required()
      .check(not_empty);
  command.option("--seeds", arguments->plan.seeds, tr("Of a workload: how many seeds"))
      .check(whole_number(1, 100))
      .shows_default();
  command
      .option("--keep", arguments->plan.folder,
              tr("Of a workload: the folder of finished runs; the same command goes on from there"))
      .check(not_empty);
  command.footer(tr("Exit status: 0 the page was written, 3 a file is wrong, 4 other trouble."));
  command.run([&context, arguments] { context.status = report(context, *arguments); });
}

}  // namespace brokerlab::cli
