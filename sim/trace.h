// The trace: what happened, to whom, when, and because of which earlier event.
//
// An EventKind is declared once (see model/events.h) with its sentence in English and Korean;
// {machine}, {partition} and the keys of the details stand for their values; a Korean sentence
// writes both forms of a particle ("이(가)") and gets the one that fits the word before. record()
// makes the new event the cause of whatever the running code does next, so chains need no
// bookkeeping.
//
// Lifetime: owned by the World; kinds have static storage. Threads: none.
#pragma once

#include "base/phrase.h"
#include "base/units.h"
#include "sim/ids.h"

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace brokerlab::sim {

class World;

using brokerlab::Language;

enum class Level { fault, control, detail };
std::string_view to_text(Level level);

struct EventKind {
  std::string_view name;  ///< "partition.leader_elected"
  Level level;
  std::string_view english;
  std::string_view korean;
};

struct Detail {
  std::string_view key;  ///< Static storage.
  std::string value;
  std::string korean = {};  ///< In the Korean sentence; empty: the value.

  static Detail of(std::string_view key, Phrase phrase) {
    return {key, std::move(phrase.english), std::move(phrase.korean)};
  }
};

struct Event {
  EventId id;
  Time time;
  const EventKind* kind;
  MachineId machine;      ///< None when it concerns no single machine.
  PartitionId partition;  ///< None when it concerns no single partition.
  EventId cause;          ///< None for what the scenario itself does.
  std::vector<Detail> details;

  const Detail* find(std::string_view key) const;
  std::string_view detail(std::string_view key) const;  ///< Its value; "" when there is none.
};

class Trace {
 public:
  explicit Trace(World& world) : world_(world) {}

  void name_machine(MachineId id, std::string name);
  void name_partition(PartitionId id, std::string name);
  std::string_view machine_name(MachineId id) const;
  MachineId find_machine(std::string_view name) const;  ///< None when there is no such machine.
  std::string_view partition_name(PartitionId id) const;

  struct About {
    MachineId machine = {};
    PartitionId partition = {};
    std::optional<EventId> cause = {};  ///< Instead of the running code's.
  };
  /// Of that machine; none for `cause` is the running code's.
  static About about(MachineId machine, EventId cause) {
    return {machine, {}, cause.valid() ? std::optional(cause) : std::nullopt};
  }
  EventId record(const EventKind& kind, About about, std::vector<Detail> details = {});

  const std::vector<Event>& events() const { return events_; }
  const Event& event(EventId id) const;
  /// Called with every event from now on.
  void subscribe(std::function<void(const Event&)> subscriber);

  std::string sentence(const Event& event, Language language) const;
  /// The event, its cause, the cause of that, ... up to what the scenario did.
  std::vector<const Event*> chain(EventId id) const;

  /// Mixes anything else that must be equal in two runs (messages, final states).
  void mix(std::uint64_t value);
  /// Equal for equal runs, different with overwhelming probability otherwise.
  std::string fingerprint() const;

 private:
  World& world_;
  std::vector<Event> events_;
  std::vector<std::function<void(const Event&)>> subscribers_;
  std::map<MachineId, std::string> machines_;
  std::map<PartitionId, std::string> partitions_;
  std::uint64_t hash_ = 0x62726f6b65726c61;
};

}  // namespace brokerlab::sim
