// brokerlab report FILE.run | PLAN.json --out FILE.html: one page with everything.
#include "base/json_text.h"
#include "base/translation.h"
#include "cli/command_line.h"
#include "cli/export_target.h"
#include "cli/progress.h"
#include "plan/report/html.h"
#include "plan/report/plan_report.h"
#include "plan/report/run_report.h"
#include "plan/search/answer.h"
#include "recording/reader.h"
#include "scenarios/text_file.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <memory>
#include <ostream>

namespace brokerlab::cli {
namespace {

struct ReportArguments {
  std::string file;
  std::string out;
  std::string folder;
  std::int64_t seeds = 3;
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
  const auto reader = recording::Reader::open(path);
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
  const plan::LoadedPlanning loaded = plan::load_planning(arguments.file);
  for (const Problem& warning : loaded.warnings) {
    context.err << tr("warning: {}", warning.text()) << "\n";
  }
  if (!loaded.planning) return fail(refuse(context, loaded.errors));
  auto book = plan::TrialBook::open(arguments.folder, plan::program_mark());
  if (!book) {
    context.err << "brokerlab: " << book.error() << "\n";
    return fail(int{exit_trouble});
  }
  plan::PlanOptions options;
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
    return fail(int{exit_trouble});
  }
  std::string command = "brokerlab plan " + arguments.file;
  if (arguments.seeds != 3) command += fmt::format(" --seeds {}", arguments.seeds);
  auto page = plan::report::plan_report(plan::answer_json(*loaded.planning, *result, command),
                                        arguments.file);
  if (!page) return fail(refuse(context, {{{}, {}, {}, page.error()}}));
  return std::move(*page);
}

Page page_of(Context& context, const ReportArguments& arguments) {
  std::error_code ignored;
  const bool regular = std::filesystem::is_regular_file(arguments.file, ignored);
  if (!regular || is_sqlite(arguments.file)) return page_of_recording(context, arguments.file);
  const auto text = scenarios::read_text_file(arguments.file);
  const Json json = text ? json_from(*text) : json_from("");
  if (plan::report::is_plan_answer(json)) {
    auto page = plan::report::plan_report(json, arguments.file);
    if (!page) return fail(refuse(context, {{{}, {}, {}, page.error()}}));
    return std::move(*page);
  }
  if (json.is_object() && json.contains("topics") && !json.contains("brokers")) {
    return page_of_workload(context, arguments);
  }
  return fail(refuse(context, {{arguments.file,
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
      .option("file", arguments->file,
              tr("A recording, an answer of plan --json, or a workload, which is planned first"))
      .required();
  command.option("--out", arguments->out, tr("The page; an earlier report is replaced"))
      .required()
      .check(not_empty);
  command.option("--seeds", arguments->seeds, tr("Of a workload: how many seeds"))
      .check(whole_number(1, 100))
      .shows_default();
  command
      .option("--keep", arguments->folder,
              tr("Of a workload: the folder of finished runs; the same command goes on from there"))
      .check(not_empty);
  command.footer(tr("Exit status: 0 the page was written, 3 a file is wrong, 4 other trouble."));
  command.run([&context, arguments] { context.status = report(context, *arguments); });
}

}  // namespace brokerlab::cli
