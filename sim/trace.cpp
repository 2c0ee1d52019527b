#include "sim/trace.h"

#include "base/korean.h"
#include "base/plurals.h"
#include "sim/world.h"

namespace brokerlab::sim {

std::string_view to_text(Level level) {
  switch (level) {
    case Level::fault:
      return "fault";
    case Level::control:
      return "control";
    case Level::detail:
      return "detail";
  }
  UNREACHABLE();
}

const Detail* Event::find(std::string_view key) const {
  const auto found = std::find_if(details.begin(), details.end(),
                                  [key](const Detail& detail) { return detail.key == key; });
  return found == details.end() ? nullptr : &*found;
}

std::string_view Event::detail(std::string_view key) const {
  const Detail* found = find(key);
  return found == nullptr ? std::string_view() : found->value;
}

void Trace::name_machine(MachineId id, std::string name) { machines_[id] = std::move(name); }
void Trace::name_partition(PartitionId id, std::string name) { partitions_[id] = std::move(name); }

std::string_view Trace::machine_name(MachineId id) const {
  const auto found = machines_.find(id);
  return found == machines_.end() ? std::string_view("?") : found->second;
}

MachineId Trace::find_machine(std::string_view name) const {
  for (const auto& [id, known] : machines_) {
    if (known == name) return id;
  }
  return {};
}

std::string_view Trace::partition_name(PartitionId id) const {
  const auto found = partitions_.find(id);
  return found == partitions_.end() ? std::string_view("?") : found->second;
}

EventId Trace::record(const EventKind& kind, About about, std::vector<Detail> details) {
  const EventId id(static_cast<std::int64_t>(events_.size()));
  const EventId cause = about.cause.value_or(world_.cause());
  ENSURE(cause < id, "an event cannot be caused by a later one");
  events_.push_back(
      {id, world_.now(), &kind, about.machine, about.partition, cause, std::move(details)});
  const Event& event = events_.back();
  mix(static_cast<std::uint64_t>(event.time.time_since_epoch().count()));
  mix(stable_hash(kind.name));
  mix(static_cast<std::uint64_t>(about.machine.value()) << 32 ^
      static_cast<std::uint64_t>(about.partition.value()));
  mix(static_cast<std::uint64_t>(cause.value()));
  for (const Detail& detail : event.details) {
    mix(stable_hash(detail.key));
    mix(stable_hash(detail.value));
  }
  world_.set_cause(id);
  for (const auto& subscriber : subscribers_) subscriber(event);
  return id;
}

const Event& Trace::event(EventId id) const {
  ENSURE(id.valid() && id.value() < static_cast<std::int64_t>(events_.size()), "event {}", id);
  return events_[static_cast<std::size_t>(id.value())];
}

void Trace::subscribe(std::function<void(const Event&)> subscriber) {
  subscribers_.push_back(std::move(subscriber));
}

std::string Trace::sentence(const Event& event, Language language) const {
  const std::string_view form =
      language == Language::english ? event.kind->english : event.kind->korean;
  std::string text;
  for (std::size_t at = 0; at < form.size();) {
    const std::size_t open = form.find('{', at);
    text += form.substr(at, open - at);
    if (open == std::string_view::npos) break;
    const std::size_t close = form.find('}', open);
    ENSURE(close != std::string_view::npos, "unclosed brace in the sentence of {}",
           event.kind->name);
    const std::string_view key = form.substr(open + 1, close - open - 1);
    if (key == "machine") {
      text += machine_name(event.machine);
    } else if (key == "partition") {
      text += partition_name(event.partition);
    } else if (const Detail* detail = event.find(key)) {
      const bool translated = language == Language::korean && !detail->korean.empty();
      text += translated ? detail->korean : detail->value;
    }
    at = close + 1;
  }
  return language == Language::korean ? with_particles(std::move(text))
                                      : with_plurals(std::move(text));
}

std::vector<const Event*> Trace::chain(EventId id) const {
  std::vector<const Event*> events;
  for (; id.valid(); id = events.back()->cause) events.push_back(&event(id));
  return events;
}

void Trace::mix(std::uint64_t value) { hash_ = mix_hash(hash_, value); }

std::string Trace::fingerprint() const {
  return fmt::format("{:016x}{:016x}", hash_, mix_hash(hash_, events_.size()));
}

}  // namespace brokerlab::sim
