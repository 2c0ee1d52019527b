#include "cli/recordings.h"

#include "base/translation.h"
#include "scenarios/loader.h"

#include <filesystem>

namespace brokerlab::cli {

namespace {

std::optional<Time> read_moment(Context& context, const recording::Reader& reader,
                                const char* option, const std::string& text, Time fallback) {
  if (text.empty()) return fallback;
  const auto moment = recording::find_moment(reader, text);
  if (moment) return *moment;
  context.status = refuse(context, {{option, {}, text, moment.error()}});
  return std::nullopt;
}

}  // namespace

Result<recording::Reader, std::string> open_recording(const std::string& path) {
  auto reader = recording::Reader::open(path);
  if (reader || std::filesystem::exists(path)) return reader;
  for (const scenarios::LibraryEntry& entry : scenarios::library()) {
    if (entry.name != path) continue;
    return fail(
        tr("{}: is a scenario, and here goes a recording of it; brokerlab run {} --record "
           "{}.run makes one",
           path, path, path));
  }
  return reader;
}

std::optional<Span> read_span(Context& context, const recording::Reader& reader,
                              const std::string& from, const std::string& to) {
  const auto begin = read_moment(context, reader, "--from", from, Time{});
  const auto end = begin ? read_moment(context, reader, "--to", to, never) : std::nullopt;
  if (!begin || !end) return std::nullopt;
  const Time run_end(reader.duration());
  std::string why;
  if (*begin > *end) {
    why = context.say(fmt::format("is behind --to, {}", to),
                      fmt::format("--to의 {}보다 뒤입니다", to));
  } else if (run_end > Time{} && *begin > run_end) {
    why = tr("is not in the run, which goes from {}", recording::span_text(reader));
  }
  if (!why.empty()) {
    context.status = refuse(context, {{"--from", {}, from, why}});
    return std::nullopt;
  }
  return Span{*begin, *end};
}

std::set<int> internal_partitions(const recording::Reader& reader) {
  std::set<int> ids;
  for (const auto& partition : reader.partitions()) {
    if (partition.internal) ids.insert(partition.id);
  }
  return ids;
}

std::string events_left_out(const recording::Scope& scope, const std::string& language) {
  const bool korean = language == "ko";
  std::string text;
  switch (scope.level) {
    case recording::Level::all:
      return {};
    case recording::Level::none:
      return korean ? "이 기록에는 판정만 있고 이벤트는 없습니다 (기록 수준 none)"
                    : "this recording has the verdict alone, no events (recording level none)";
    case recording::Level::control:
      text =
          korean
              ? "이 기록에는 detail 이벤트 가운데 다른 이벤트의 원인만 있습니다 (기록 수준 control)"
              : "of the detail events this recording has only the causes of others "
                "(recording level control)";
      break;
    case recording::Level::sampled:
      text = korean ? fmt::format(
                          "이 기록에는 detail 이벤트가 {}분의 1만 있습니다 (기록 수준 sampled)",
                          scope.sample)
                    : fmt::format(
                          "this recording has one chain of detail events in {} "
                          "(recording level sampled)",
                          scope.sample);
      break;
  }
  if (scope.from && scope.until) {
    text += korean ? fmt::format(". {}부터 {}까지는 모두 있습니다", to_text(*scope.from),
                                 to_text(*scope.until))
                   : fmt::format(", and everything from {} to {}", to_text(*scope.from),
                                 to_text(*scope.until));
  }
  return text;
}

EventPrinter::EventPrinter(const recording::Reader& reader, std::string language)
    : starts_at_(recording::parse_time_of_day(reader.meta("starts_at"))),
      language_(std::move(language)) {
  for (const auto& machine : reader.machines()) machines_[machine.id] = machine.name;
  for (const auto& partition : reader.partitions()) partitions_[partition.id] = partition.name();
}

const std::string& EventPrinter::sentence(const recording::RecordedEvent& event) const {
  return language_ == "ko" && !event.ko.empty() ? event.ko : event.en;
}

std::string EventPrinter::where(const recording::RecordedEvent& event) const {
  std::string text;
  if (event.machine) {
    const auto found = machines_.find(*event.machine);
    text = found == machines_.end() ? tr("machine {}", *event.machine) : found->second;
  }
  if (event.partition) {
    const auto found = partitions_.find(*event.partition);
    text += text.empty() ? "" : " ";
    text += found == partitions_.end() ? tr("partition {}", *event.partition) : found->second;
  }
  return text;
}

std::string EventPrinter::clock(Time time) const {
  if (!starts_at_) return {};
  const std::int64_t seconds = whole_millis(*starts_at_ + time.time_since_epoch()) / 1000;
  return fmt::format("{:02}:{:02}:{:02}  ", seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
}

std::string EventPrinter::line(const recording::RecordedEvent& event) const {
  return fmt::format("{}{:>11}  #{:<6} {:<7} {:<26} {:<24} {}", clock(event.t), to_text(event.t),
                     event.id, recording::to_text(event.level), event.kind, where(event),
                     sentence(event));
}

}  // namespace brokerlab::cli
