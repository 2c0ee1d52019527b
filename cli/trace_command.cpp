// brokerlab trace FILE.run: the events of a recording, one a line.
#include "base/translation.h"
#include "cli/command_line.h"
#include "cli/recordings.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <ostream>
#include <set>

namespace brokerlab::cli {
namespace {

struct EventListArguments {
  std::string file;
  std::string level = "control";
  std::string from;
  std::string to;
  std::string kind;
  bool internal = false;
};

/// What was left out, or why there is nothing: on `err`, the list stays a list.
void say_what_is_missing(Context& context, const recording::Reader& reader,
                         const EventListArguments& arguments, std::int64_t printed,
                         std::int64_t hidden) {
  if (hidden > 0) {
    context.err << context.say(
        fmt::format("{} {} of Kafka's own topics left out; --internal lists them\n", hidden,
                    hidden == 1 ? "event" : "events"),
        fmt::format("카프카 내부 토픽의 이벤트 {}개는 뺐습니다. --internal을 붙이면 보입니다\n",
                    hidden));
  }
  const std::string left_out = events_left_out(reader.scope(), context.language);
  if (!left_out.empty() && (arguments.level == "detail" || printed + hidden == 0)) {
    context.err << left_out << "\n";
    if (reader.scope().level == recording::Level::none) return;
  }
  if (printed > 0 || hidden > 0) return;
  context.err << context.say("no event matches", "조건에 맞는 이벤트가 없습니다");
  std::set<std::string> kinds;
  for (const auto& event : reader.events(recording::EventLevel::detail)) kinds.insert(event.kind);
  const bool such_a_kind = std::any_of(kinds.begin(), kinds.end(), [&](const std::string& kind) {
    return kind.find(arguments.kind) != std::string::npos;
  });
  if (!such_a_kind && !kinds.empty()) {
    constexpr std::size_t listed = 5;
    const auto near = nearest_names(arguments.kind, {kinds.begin(), kinds.end()}, listed);
    const std::string list = fmt::format("{}", fmt::join(near, ", "));
    context.err << context.say(
        fmt::format("; {} kinds happened in this run, most like \"{}\" are {}\n", kinds.size(),
                    arguments.kind, list),
        fmt::format(". 이 실행에는 이벤트가 {}종류 나왔습니다. \"{}\"에 가까운 것: {}\n",
                    kinds.size(), arguments.kind, list));
  } else {
    const std::string end = to_text(Time(reader.duration()));
    context.err << context.say(
        fmt::format("; the run ends at {}{}\n", end,
                    arguments.level == "detail" ? "" : ", --level detail lists more"),
        fmt::format(". 실행은 {}에 끝납니다{}\n", end,
                    arguments.level == "detail" ? "" : ". --level detail로 더 볼 수 있습니다"));
  }
}

void trace(Context& context, const EventListArguments& arguments) {
  const auto reader = open_recording(arguments.file);
  if (!reader) {
    context.status = refuse(context, {{{}, {}, {}, reader.error()}});
    return;
  }
  const auto span = read_span(context, *reader, arguments.from, arguments.to);
  if (!span) return;
  const recording::EventLevel level = arguments.level == "fault" ? recording::EventLevel::fault
                                      : arguments.level == "control"
                                          ? recording::EventLevel::control
                                          : recording::EventLevel::detail;
  const EventPrinter printer(*reader, context.language);
  const std::set<int> internal =
      arguments.internal ? std::set<int>{} : internal_partitions(*reader);
  std::int64_t printed = 0;
  std::int64_t hidden = 0;
  for (const recording::RecordedEvent& event : reader->events(level, span->from, span->to)) {
    if (event.kind.find(arguments.kind) == std::string::npos) continue;
    if (event.partition && internal.contains(*event.partition)) {
      ++hidden;
    } else {
      ++printed;
      context.out << printer.line(event) << "\n";
    }
  }
  if (reader->read_error()) {
    context.err << fmt::format("{}: {}\n", arguments.file, *reader->read_error());
    context.status = exit_trouble;
    return;
  }
  say_what_is_missing(context, *reader, arguments, printed, hidden);
}

}  // namespace

void add_trace(Command app, Context& context) {
  const auto arguments = std::make_shared<EventListArguments>();
  const Command command = app.sub("trace", tr("List the events of a recording"));
  command.option("file", arguments->file, tr("A recording (run --record FILE.run)")).required();
  command.option("--level", arguments->level, tr("Down to which: fault, control or detail"))
      .one_of({"fault", "control", "detail"})
      .shows_default();
  command.option("--from", arguments->from, tr("From this moment on, such as 330s or 09:00:30"));
  command.option("--to", arguments->to, tr("Up to this moment, such as 400s or 09:01:40"));
  command.option("--kind", arguments->kind, tr("Only kinds that contain this text"));
  command.flag("--internal", arguments->internal,
               tr("Events of Kafka's own topics, __consumer_offsets, too"));
  command.run([&context, arguments] { trace(context, *arguments); });
}

}  // namespace brokerlab::cli
