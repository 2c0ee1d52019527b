// brokerlab why FILE.run EVENT: from an event back to its first cause.
#include "cli/command_line.h"
#include "cli/recordings.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <memory>
#include <ostream>
#include <set>

namespace brokerlab::cli {
namespace {

constexpr std::size_t most_listed = 10;

struct Arguments {
  std::string file;
  std::string event;
};

std::string lower(std::string text) {
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return text;
}

/// Every word of `wanted` is in the event's kind or sentences.
bool matches(const EventPrinter& printer, const sim::RecordedEvent& event,
             const std::string& wanted) {
  const std::string all = lower(printer.line(event) + " " + event.en + " " + event.ko);
  std::size_t at = 0;
  while (at < wanted.size()) {
    const std::size_t end = std::min(wanted.find(' ', at), wanted.size());
    if (all.find(wanted.substr(at, end - at)) == std::string::npos) return false;
    at = end + 1;
  }
  return true;
}

/// The number of an event, "#17" or "17"; -1 for words.
std::int64_t number_of(std::string_view text) {
  if (text.starts_with('#')) text.remove_prefix(1);
  std::int64_t number = -1;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), number);
  return code == std::errc{} && end == text.data() + text.size() && number >= 0 ? number : -1;
}

void explain(Context& context, const sim::RecordingReader& reader, const EventPrinter& printer,
             std::int64_t id) {
  const auto chain = reader.causes(id);
  for (std::size_t i = 0; i < chain.size(); ++i) {
    const sim::RecordedEvent& event = chain[i];
    const bool last = i + 1 == chain.size();
    const bool korean = context.language == "ko";
    const std::string apart = last ? "" : to_rounded_text(event.t - chain[i + 1].t);
    const std::string after = last ? "" : "  (" + apart + (korean ? " 뒤)" : " after)");
    context.out << fmt::format("{}{} #{} {}{}\n",
                               i == 0   ? ""
                               : korean ? "원인: "
                                        : "because ",
                               to_text(event.t), event.id, printer.sentence(event), after);
  }
}

void why(Context& context, const Arguments& arguments) {
  const auto reader = sim::RecordingReader::open(arguments.file);
  if (!reader) {
    context.status = refuse(context, {{{}, {}, {}, reader.error()}});
    return;
  }
  const EventPrinter printer(*reader, context.language);
  std::string left_out = events_left_out(reader->scope(), context.language);
  if (!left_out.empty()) left_out = "; " + left_out;
  const std::int64_t id = number_of(arguments.event);
  if (id >= 0) {
    if (reader->event(id)) return explain(context, *reader, printer, id);
    context.status =
        refuse(context, {{arguments.file, {}, arguments.event, "is no event" + left_out}});
    return;
  }
  const std::string wanted = lower(arguments.event);
  std::vector<sim::RecordedEvent> found;
  for (auto& event : reader->events(sim::EventLevel::detail)) {
    if (matches(printer, event, wanted)) found.push_back(std::move(event));
  }
  if (found.empty()) {
    context.status = refuse(context, {{arguments.file,
                                       {},
                                       arguments.event,
                                       "matches no event; see brokerlab trace" + left_out}});
    return;
  }
  // What happened to the user's own partitions is what the user means.
  const std::set<int> internal = internal_partitions(*reader);
  std::stable_partition(found.begin(), found.end(), [&internal](const sim::RecordedEvent& event) {
    return !event.partition || !internal.contains(*event.partition);
  });
  explain(context, *reader, printer, found.front().id);
  if (found.size() == 1) return;
  const std::size_t listed = std::min(found.size() - 1, most_listed);
  context.out << fmt::format(
      "\n{} more {}{}; a number may stand in place of the words:\n", found.size() - 1,
      found.size() == 2 ? "event matches" : "events match",
      listed < found.size() - 1 ? fmt::format(", the first {} are", listed) : std::string());
  for (std::size_t i = 1; i <= listed; ++i) {
    context.out << printer.line(found[i]) << "\n";
  }
}

}  // namespace

void add_why(CLI::App& app, Context& context) {
  const auto arguments = std::make_shared<Arguments>();
  CLI::App* command = app.add_subcommand("why", "Walk from an event back to its first cause");
  command->add_option("file", arguments->file, "A recording (run --record FILE.run)")->required();
  command->add_option("event", arguments->event, "Its number, or words that it contains")
      ->required();
  command->callback([&context, arguments] { why(context, *arguments); });
}

}  // namespace brokerlab::cli
