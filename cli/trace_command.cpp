// brokerlab trace FILE.run: the events of a recording, one a line.
#include "cli/command_line.h"
#include "cli/recordings.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <memory>
#include <ostream>

namespace brokerlab::cli {
namespace {

struct Arguments {
  std::string file;
  std::string level = "control";
  std::string from;
  std::string to;
  std::string kind;
};

/// "330s" as a moment of the run; `fallback` for an empty text.
bool read_moment(Context& context, const char* option, const std::string& text, Time fallback,
                 Time& moment) {
  moment = fallback;
  if (text.empty()) return true;
  const auto since_start = parse_duration(text);
  if (!since_start) {
    context.status = refuse(context, {{option, {}, text, since_start.error()}});
    return false;
  }
  moment = Time(*since_start);
  return true;
}

void trace(Context& context, const Arguments& arguments) {
  Time from;
  Time to;
  if (!read_moment(context, "--from", arguments.from, Time{}, from) ||
      !read_moment(context, "--to", arguments.to, never, to)) {
    return;
  }
  const auto reader = sim::RecordingReader::open(arguments.file);
  if (!reader) {
    context.status = refuse(context, {{{}, {}, {}, reader.error()}});
    return;
  }
  const sim::EventLevel level = arguments.level == "fault"     ? sim::EventLevel::fault
                                : arguments.level == "control" ? sim::EventLevel::control
                                                               : sim::EventLevel::detail;
  const EventPrinter printer(*reader, context.language);
  for (const sim::RecordedEvent& event : reader->events(level, from, to)) {
    if (event.kind.find(arguments.kind) == std::string::npos) continue;
    context.out << printer.line(event) << "\n";
  }
  if (reader->read_error()) {
    context.err << fmt::format("{}: {}\n", arguments.file, *reader->read_error());
    context.status = exit_trouble;
  }
}

}  // namespace

void add_trace(CLI::App& app, Context& context) {
  const auto arguments = std::make_shared<Arguments>();
  CLI::App* command = app.add_subcommand("trace", "List the events of a recording");
  command->add_option("file", arguments->file, "A recording (run --record FILE.run)")->required();
  command->add_option("--level", arguments->level, "Down to which: fault, control or detail")
      ->check(CLI::IsMember({"fault", "control", "detail"}))
      ->capture_default_str();
  command->add_option("--from", arguments->from, "From this moment, such as 330s");
  command->add_option("--to", arguments->to, "Up to this moment, such as 400s");
  command->add_option("--kind", arguments->kind, "Only kinds that contain this text");
  command->callback([&context, arguments] { trace(context, *arguments); });
}

}  // namespace brokerlab::cli
