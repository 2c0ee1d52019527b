#include "cli/recordings.h"

#include <charconv>

namespace brokerlab::cli {

std::optional<Duration> parse_time_of_day(std::string_view text) {
  constexpr std::string_view form = "00:00:00";
  if (text.size() != form.size() || text[2] != ':' || text[5] != ':') return std::nullopt;
  const auto part = [text](std::size_t at, int end) -> std::optional<int> {
    int number = 0;
    const auto [stop, code] = std::from_chars(text.data() + at, text.data() + at + 2, number);
    if (code != std::errc{} || stop != text.data() + at + 2 || number < 0 || number >= end) {
      return std::nullopt;
    }
    return number;
  };
  const auto hours = part(0, 24);
  const auto minutes = part(3, 60);
  const auto seconds = part(6, 60);
  if (!hours || !minutes || !seconds) return std::nullopt;
  return *hours * 1h + *minutes * 1min + *seconds * 1s;
}

std::set<int> internal_partitions(const sim::RecordingReader& reader) {
  std::set<int> ids;
  for (const auto& partition : reader.partitions()) {
    if (partition.internal) ids.insert(partition.id);
  }
  return ids;
}

EventPrinter::EventPrinter(const sim::RecordingReader& reader, std::string language)
    : starts_at_(parse_time_of_day(reader.meta("starts_at"))), language_(std::move(language)) {
  for (const auto& machine : reader.machines()) machines_[machine.id] = machine.name;
  for (const auto& partition : reader.partitions()) partitions_[partition.id] = partition.name();
}

const std::string& EventPrinter::sentence(const sim::RecordedEvent& event) const {
  return language_ == "ko" && !event.ko.empty() ? event.ko : event.en;
}

std::string EventPrinter::where(const sim::RecordedEvent& event) const {
  std::string text;
  if (event.machine) {
    const auto found = machines_.find(*event.machine);
    text = found == machines_.end() ? fmt::format("machine {}", *event.machine) : found->second;
  }
  if (event.partition) {
    const auto found = partitions_.find(*event.partition);
    text += text.empty() ? "" : " ";
    text +=
        found == partitions_.end() ? fmt::format("partition {}", *event.partition) : found->second;
  }
  return text;
}

std::string EventPrinter::clock(Time time) const {
  if (!starts_at_) return {};
  const std::int64_t seconds = whole_millis(*starts_at_ + time.time_since_epoch()) / 1000;
  return fmt::format("{:02}:{:02}:{:02}  ", seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
}

std::string EventPrinter::line(const sim::RecordedEvent& event) const {
  return fmt::format("{}{:>11}  #{:<6} {:<7} {:<26} {:<24} {}", clock(event.t), to_text(event.t),
                     event.id, sim::to_text(event.level), event.kind, where(event),
                     sentence(event));
}

}  // namespace brokerlab::cli
