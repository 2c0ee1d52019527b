// brokerlab why FILE.run EVENT: from an event back to its first cause.
#include "base/translation.h"
#include "cli/command_line.h"
#include "cli/recordings.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <ostream>

namespace brokerlab::cli {
namespace {

constexpr std::size_t most_matches_listed = 10;

struct WhyArguments {
  std::string file;
  std::string event;
};

void explain(Context& context, const recording::Reader& reader, const EventPrinter& printer,
             std::int64_t id) {
  const auto chain = reader.causes(id);
  for (std::size_t i = 0; i < chain.size(); ++i) {
    const recording::RecordedEvent& event = chain[i];
    const bool last = i + 1 == chain.size();
    const bool korean = context.language == "ko";
    const std::string apart = last ? "" : to_rounded_text(event.t - chain[i + 1].t);
    const std::string after = last ? "" : "  (" + apart + (korean ? " 뒤)" : " after)");
    context.out << fmt::format("{}{} #{} {}{}\n",
                               i == 0   ? ""
                               : korean ? "원인: "
                                        : "because ",
                               to_text(event.t), event.id, printer.sentence(event), after);
    const std::string waited = recording::waited_for(event, language_of(context.language));
    if (waited.empty()) continue;
    const bool lost = event.kind == "record.lost";
    context.out << fmt::format("    {}{}\n",
                               lost     ? ""
                               : korean ? "기다린 것: "
                                        : "waited for ",
                               waited);
  }
}

void why(Context& context, const WhyArguments& arguments) {
  const auto reader = open_recording(arguments.file);
  if (!reader) {
    context.status = refuse(context, {{{}, {}, {}, reader.error()}});
    return;
  }
  const EventPrinter printer(*reader, context.language);
  std::string left_out = events_left_out(reader->scope(), context.language);
  if (!left_out.empty()) left_out = "; " + left_out;
  // A search without a hit is no mistake in the input that would have to be mended.
  const auto not_found = [&](std::string message) {
    context.err << to_text(Problems{{arguments.file, {}, arguments.event, std::move(message)}});
    context.status = exit_bad_input;
  };
  std::string words = arguments.event;
  if (const auto id = recording::event_number(arguments.event)) {
    if (reader->event(*id)) return explain(context, *reader, printer, *id);
    words = fmt::format("id {}", *id);  // As sentences name a record.
    if (recording::find_events(*reader, words).empty()) {
      return not_found(tr("is no event, and no record of which an event tells") + left_out);
    }
  }
  const std::vector<recording::RecordedEvent> found = recording::find_events(*reader, words);
  if (found.empty()) {
    return not_found(tr("matches no event; see brokerlab trace") + left_out);
  }
  explain(context, *reader, printer, found.front().id);
  if (found.size() == 1) return;
  const std::size_t listed = std::min(found.size() - 1, most_matches_listed);
  const std::size_t more = found.size() - 1;
  context.out << "\n"
              << (more == 1 ? tr("1 more event matches; a number may stand in place of the words:")
                  : listed < more
                      ? tr("{} more events match, the first {} are; a number may stand in place "
                           "of the words:",
                           more, listed)
                      : tr("{} more events match; a number may stand in place of the words:", more))
              << "\n";
  for (std::size_t i = 1; i <= listed; ++i) {
    context.out << printer.line(found[i]) << "\n";
  }
}

}  // namespace

void add_why(Command app, Context& context) {
  const auto arguments = std::make_shared<WhyArguments>();
  const Command command = app.sub("why", tr("Walk from an event back to its first cause"));
  command.option("file", arguments->file, tr("A recording (run --record FILE.run)")).required();
  command.option("event", arguments->event, tr("Its number, or words that it contains")).required();
  command.run([&context, arguments] { why(context, *arguments); });
}

}  // namespace brokerlab::cli
