#include "cli/recordings.h"

namespace brokerlab::cli {

EventPrinter::EventPrinter(const sim::RecordingReader& reader, std::string language)
    : language_(std::move(language)) {
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

std::string EventPrinter::line(const sim::RecordedEvent& event) const {
  return fmt::format("{:>11}  #{:<6} {:<7} {:<26} {:<24} {}", to_text(event.t), event.id,
                     sim::to_text(event.level), event.kind, where(event), sentence(event));
}

}  // namespace brokerlab::cli
