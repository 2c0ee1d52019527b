// brokerlab fork FILE.run --at 335s --do '{"kill_process": "broker-2"}' --record OTHER.run
//
// A run is a pure function of scenario, seed and version. So a run that goes another way from some
// moment on is the same scenario with one thing more in it: its past is the parent's, event by
// event.
#include "base/json_text.h"
#include "base/translation.h"
#include "cli/deeds.h"
#include "cli/recordings.h"
#include "cli/run.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <memory>
#include <ostream>

namespace brokerlab::cli {
namespace {

struct ForkArguments {
  std::string file;
  std::string at;
  std::vector<std::string> actions;
  std::string record;
  std::string save;
  std::string data;
  bool quiet = false;
};

/// The parent's scenario with what is done at `at` in it; the error is one sentence.
Result<Json, std::string> forked(Json scenario, const scenarios::Scenario& parent,
                                 const ForkArguments& arguments, Time at) {
  for (const std::string& text : arguments.actions) {
    const Json action = json_from(text);
    if (action.is_object() && action.contains("at")) {
      return fail(tr("--do {}: --at says when", text));
    }
    if (const auto put = put_deed(scenario, parent, at, action); !put) {
      return fail(tr("--do {}: {}", text, put.error()));
    }
  }
  for (const char* language : {"en", "ko"}) {
    if (!scenario.contains("title") || !scenario["title"].is_object()) break;
    const std::string before = scenario["title"].value(language, "");
    scenario["title"][language] =
        fmt::format("{} ({} {})", before, std::string_view(language) == "ko" ? "갈래" : "fork",
                    to_text(at.time_since_epoch()));
  }
  forget_lesson(scenario);  // Its figures are the parent's.
  return scenario;
}

void fork_run(Context& context, const ForkArguments& arguments) {
  const auto reader = open_recording(arguments.file);
  if (!reader) {
    context.status = refuse(context, {{{}, {}, {}, reader.error()}});
    return;
  }
  const auto span = read_span(context, *reader, arguments.at, "");
  if (!span) return;
  const auto scenario = recorded_scenario(*reader, arguments.file);
  if (!scenario) {
    context.status = refuse(context, {{{}, {}, {}, scenario.error()}});
    return;
  }
  const std::string folder = data_folder_of(*reader, arguments.file, arguments.data);
  const auto load = [&](const Json& json) {
    auto read = scenarios::parse_scenario(json_text(json, 2), arguments.file, folder, {});
    if (!read.scenario) context.status = refuse(context, read.errors);
    return read;
  };
  const auto parent = load(*scenario);
  if (!parent.scenario) return;
  const auto changed = forked(*scenario, *parent.scenario, arguments, span->from);
  if (!changed) {
    context.status = refuse(context, {{{}, {}, {}, changed.error()}});
    return;
  }
  const auto loaded = load(*changed);
  if (!loaded.scenario) return;
  if (!arguments.save.empty()) {
    if (const auto saved = save_scenario(arguments.save, *changed, folder); !saved) {
      context.status = refuse(context, {{arguments.save, {}, {}, saved.error()}});
      return;
    }
  }
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
