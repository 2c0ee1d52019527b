// brokerlab export FILE.run --perfetto TRACE.json | --csv FOLDER
#include "base/translation.h"
#include "cli/command_line.h"
#include "cli/csv_export.h"
#include "cli/perfetto_export.h"
#include "cli/progress.h"
#include "cli/recordings.h"

#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <ostream>

namespace brokerlab::cli {
namespace {

struct ExportArguments {
  std::string file;
  std::string perfetto;
  std::string csv;
  std::string from;
  std::string to;
};

int trouble(Context& context, const std::string& error) {
  context.err << "brokerlab: " << error << "\n";
  return exit_trouble;
}

/// Why the file may not be replaced, if so: it is no earlier export.
std::optional<std::string> not_to_be_replaced(const std::string& path) {
  namespace fs = std::filesystem;
  std::error_code ignored;
  const auto kind = fs::status(path, ignored).type();
  if (kind == fs::file_type::not_found) return std::nullopt;
  if (kind == fs::file_type::directory) return tr("is a folder; name a file in it");
  if (kind != fs::file_type::regular) return tr("is no file that a trace could be written to");
  std::string beginning(perfetto_beginning.size(), '\0');
  std::ifstream file(path, std::ios::binary);
  file.read(beginning.data(), static_cast<std::streamsize>(beginning.size()));
  if (file.gcount() == 0 || beginning == perfetto_beginning) return std::nullopt;
  return tr("is there already and no earlier export: choose another name");
}

/// How many rows the export will have read.
std::int64_t rows_of(const recording::Rows& recording, bool perfetto) {
  if (perfetto) {
    // Messages are looked at twice.
    return recording.number(
        "SELECT (SELECT count(*) FROM event) + (SELECT count(*) FROM sample) + "
        "2 * (SELECT count(*) FROM message)");
  }
  std::int64_t rows = 0;
  for (const std::string& table : recording.tables()) {
    rows += recording.number("SELECT count(*) FROM \"" + table + "\"");
  }
  return rows;
}

/// What an empty part of the picture means.
void say_what_is_missing(Context& context, const recording::Scope& scope) {
  std::string messages;
  const bool korean = context.language == "ko";
  if (scope.level == recording::Level::control || scope.level == recording::Level::none) {
    messages = korean ? "이 기록에는 요청이 없습니다" : "this recording has no requests";
  } else if (scope.level == recording::Level::sampled) {
    messages = korean ? fmt::format("이 기록에는 요청이 {}분의 1만 있습니다", scope.sample)
                      : fmt::format("this recording has one request in {}", scope.sample);
  }
  if (messages.empty()) return;
  if (scope.from && scope.until) {
    messages += korean ? fmt::format(" ({}부터 {}까지는 모두 있습니다)", to_text(*scope.from),
                                     to_text(*scope.until))
                       : fmt::format(", but for all from {} to {}", to_text(*scope.from),
                                     to_text(*scope.until));
  }
  context.err << messages << "\n" << events_left_out(scope, context.language) << "\n";
}

int to_perfetto(Context& context, const ExportArguments& arguments, const recording::Reader& reader,
                const recording::Rows& recording) {
  PerfettoOptions options;
  options.language = context.language;
  const auto span = read_span(context, reader, arguments.from, arguments.to);
  if (!span) return context.status;
  options.from = span->from;
  options.to = span->to;
  const bool to_stdout = arguments.perfetto == "-";
  if (!to_stdout) {
    if (const auto refused = not_to_be_replaced(arguments.perfetto)) {
      return refuse(context, {{"--perfetto", {}, arguments.perfetto, *refused}});
    }
  }
  say_what_is_missing(context, reader.scope());
  std::optional<ExportTarget> target;
  if (to_stdout) {
    target.emplace(context.out);
  } else {
    target.emplace(arguments.perfetto);
  }
  RowProgress progress(context.err, progress_columns(), rows_of(recording, true));
  const auto read =
      export_perfetto(recording, *target, options, [&](std::int64_t rows) { progress.add(rows); });
  if (!read) return trouble(context, arguments.file + ": " + read.error());
  const auto written = target->close();
  if (!written) return trouble(context, written.error());
  return exit_pass;
}

int to_csv(Context& context, const ExportArguments& arguments, const recording::Rows& recording) {
  if (arguments.csv == "-") {
    return refuse(context, {{"--csv", {}, "-", tr("is no folder; CSV is one file a table")}});
  }
  if (const auto ready = prepare_csv_folder(recording, arguments.csv); !ready) {
    return refuse(context, {{"--csv", {}, {}, ready.error()}});
  }
  RowProgress progress(context.err, progress_columns(), rows_of(recording, false));
  const auto done =
      export_csv(recording, arguments.csv, [&](std::int64_t rows) { progress.add(rows); });
  return done ? exit_pass : trouble(context, done.error());
}

int export_recording(Context& context, const ExportArguments& arguments) {
  if (arguments.perfetto.empty() && arguments.csv.empty()) {
    return refuse(context, {{{}, {}, {}, tr("choose --perfetto FILE or --csv FOLDER")}});
  }
  const auto reader = open_recording(arguments.file);
  if (!reader) return refuse(context, {{{}, {}, {}, reader.error()}});
  const auto recording = recording::Rows::open(arguments.file);
  if (!recording) return refuse(context, {{{}, {}, {}, recording.error()}});
  const bool perfetto = !arguments.perfetto.empty();
  const int status = perfetto ? to_perfetto(context, arguments, *reader, *recording)
                              : to_csv(context, arguments, *recording);
  if (status != exit_pass || arguments.perfetto == "-") return status;
  context.out << (perfetto ? tr("Wrote {}; open it at https://ui.perfetto.dev", arguments.perfetto)
                           : tr("Wrote the tables to {}", arguments.csv))
              << "\n";
  return status;
}

}  // namespace

void add_export(Command app, Context& context) {
  const auto arguments = std::make_shared<ExportArguments>();
  const Command command = app.sub("export", tr("Write a recording as a Perfetto trace or as CSV"));
  command.option("file", arguments->file, tr("A recording (run --record FILE.run)")).required();
  const Option perfetto =
      command
          .option("--perfetto", arguments->perfetto,
                  tr("Into this file, for https://ui.perfetto.dev; - is the output"))
          .check(not_empty);
  command.option("--csv", arguments->csv, tr("Into this folder, one file a table"))
      .check(not_empty)
      .excludes(perfetto);
  command.option("--from", arguments->from, tr("From this moment on, such as 330s or 09:00:30"))
      .needs(perfetto);
  command.option("--to", arguments->to, tr("Up to this moment, such as 400s or 09:01:40"))
      .needs(perfetto);
  command.run([&context, arguments] { context.status = export_recording(context, *arguments); });
}

}  // namespace brokerlab::cli
