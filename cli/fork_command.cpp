// brokerlab fork FILE.run --at 335s --do '{"kill_process": "broker-2"}' --record OTHER.run
//
// A run is a pure function of scenario, seed and version. So a run that goes another way from some
// moment on is the same scenario with one thing more in it: its past is the parent's, event by
// event.
#include "base/file_replacement.h"
#include "base/installation.h"
#include "base/json_text.h"
#include "base/translation.h"
#include "cli/recordings.h"
#include "cli/run.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <ostream>

namespace brokerlab::cli {
namespace {

namespace fs = std::filesystem;

struct ForkArguments {
  std::string file;
  std::string at;
  std::vector<std::string> actions;
  std::string record;
  std::string save;
  std::string data;
  bool quiet = false;
};

/// Where the scenario's data files are: as told, in the library that it came from, or beside the
/// recording.
std::string data_folder(const ForkArguments& arguments, const std::string& name) {
  if (!arguments.data.empty()) return arguments.data;
  for (const scenarios::LibraryEntry& entry : scenarios::library()) {
    if (entry.name == name) return fs::path(entry.path).parent_path().string();
  }
  return fs::path(arguments.file).parent_path().string();
}

/// A saved fork runs wherever it lies: its data files are named in full.
void name_in_full(Json& value, const fs::path& folder) {
  if (value.is_object() || value.is_array()) {
    for (auto& [key, part] : value.items()) {
      std::error_code ignored;
      if (key == "file" && part.is_string() &&
          fs::exists(folder / part.get<std::string>(), ignored)) {
        part = fs::absolute(folder / part.get<std::string>(), ignored).string();
      } else {
        name_in_full(part, folder);
      }
    }
  }
}

Duration moment_of(const Json& fault) {
  const auto at = fault.find("at");
  if (at == fault.end() || !at->is_string()) return {};
  const auto t = parse_duration(at->get<std::string>());
  return t ? *t : Duration{};
}

/// The parent's scenario with what is done at `at` in it; the error is one sentence.
Result<Json, std::string> forked(const recording::Reader& reader, const ForkArguments& arguments,
                                 Time at) {
  Json scenario = json_from(reader.meta("scenario_json"));
  if (!scenario.is_object()) {
    return fail(tr("{}: has no scenario, so nothing can be forked from it", arguments.file));
  }
  if (reader.meta("version") != version()) {
    return fail(tr("{}: is of version {}, and this is {}: its past would not be the same",
                   arguments.file, reader.meta("version"), version()));
  }
  Json& faults = scenario["faults"];
  if (!faults.is_array()) faults = Json::array();
  for (const std::string& text : arguments.actions) {
    Json action = json_from(text);
    if (!action.is_object()) return fail(tr("--do {}: must be a fault as scenarios have it", text));
    if (action.contains("at")) return fail(tr("--do {}: --at says when", text));
    Json fault = {{"at", to_text(at.time_since_epoch())}};
    fault.update(action);
    faults.push_back(std::move(fault));
  }
  std::vector<Json> sorted(faults.begin(), faults.end());
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const Json& a, const Json& b) { return moment_of(a) < moment_of(b); });
  faults = sorted;
  for (const char* language : {"en", "ko"}) {
    if (!scenario.contains("title") || !scenario["title"].is_object()) break;
    const std::string before = scenario["title"].value(language, "");
    scenario["title"][language] =
        fmt::format("{} ({} {})", before, std::string_view(language) == "ko" ? "갈래" : "fork",
                    to_text(at.time_since_epoch()));
  }
  scenario.erase("lesson");  // Its figures are the parent's.
  if (const auto seed = json_from(reader.meta("seed")); seed.is_number_integer()) {
    scenario["seed"] = seed;
  }
  return scenario;
}

bool save(Context& context, const std::string& path, Json scenario, const std::string& folder) {
  // What is there may be somebody's own work.
  std::error_code ignored;
  if (fs::exists(path, ignored)) {
    context.status = refuse(context, {{path, {}, {}, tr("is there already; choose another name")}});
    return false;
  }
  name_in_full(scenario, folder);
  const auto written = replace_file(path, json_text(scenario, 2) + "\n");
  if (written) return true;
  context.err << "brokerlab: " << written.error() << "\n";
  context.status = exit_trouble;
  return false;
}

void fork_run(Context& context, const ForkArguments& arguments) {
  const auto reader = recording::Reader::open(arguments.file);
  if (!reader) {
    context.status = refuse(context, {{{}, {}, {}, reader.error()}});
    return;
  }
  const auto span = read_span(context, *reader, arguments.at, "");
  if (!span) return;
  const auto scenario = forked(*reader, arguments, span->from);
  if (!scenario) {
    context.status = refuse(context, {{{}, {}, {}, scenario.error()}});
    return;
  }
  const std::string folder = data_folder(arguments, reader->meta("name"));
  const auto loaded =
      scenarios::parse_scenario(json_text(*scenario, 2), arguments.file, folder, {});
  if (!loaded.scenario) {
    context.status = refuse(context, loaded.errors);
    return;
  }
  if (!arguments.save.empty() && !save(context, arguments.save, *scenario, folder)) return;
  RunRequest request;
  request.scenario = arguments.file;
  request.record = arguments.record;
  request.quiet = arguments.quiet;
  context.status = run_scenario(context, *loaded.scenario, request);
}

}  // namespace

void add_fork(Command app, Context& context) {
  const auto arguments = std::make_shared<ForkArguments>();
  const Command command = app.sub(
      "fork", tr("Run a recorded run again, and let something else happen from a moment on"));
  command.option("file", arguments->file, tr("A recording (run --record FILE.run)")).required();
  command.option("--at", arguments->at, tr("From this moment on, such as 335s or 09:00:35"))
      .required();
  command
      .option("--do", arguments->actions,
              tr("What is done then: a fault as JSON, as scenarios have it"))
      .one_each()
      .required();
  command.option("--record", arguments->record, tr("Keep the forked run in this file")).required();
  command.option("--save", arguments->save, tr("Keep the forked run's scenario in this file"));
  command.option("--data", arguments->data, tr("Folder of the scenario's data files"));
  command.flag("--quiet", arguments->quiet, tr("No progress and no summary"));
  command.run([&context, arguments] { fork_run(context, *arguments); });
}

}  // namespace brokerlab::cli
