#include "model/client/producer_waits.h"

#include "base/korean.h"
#include "model/client/record_accumulator.h"
#include "model/events.h"
#include "model/explain.h"

#include <algorithm>
#include <vector>

namespace brokerlab::model {
namespace {

constexpr Duration notable = 100ms;
constexpr int least_share = 5;  ///< Of the whole.
constexpr double nearly_all = 0.9;

struct Part {
  Duration length;
  Phrase of;
};

Phrase setting(std::string_view name, Duration value) {
  return {fmt::format("{} = {}", name, brokerlab::to_text(value)),
          fmt::format("{} = {}", name, to_korean_text(value))};
}

std::vector<Part> parts_of(const AcknowledgmentTimes& times, const ProducerConfig& config) {
  const BatchTimes& batch = times.batch;
  const Response::Waits& at = times.broker_waits;
  const std::string& broker = times.broker;
  const Duration way = times.last_attempt - at.room - at.thread - at.disk - at.parked;
  const std::string by(batch.blocked_by);
  const std::string failed_with(to_text(batch.last_error));
  return {{batch.lingered, setting("linger.ms", config.linger)},
          {batch.blocked, batch.blocked_by.empty()
                              ? Phrase{"a connection to " + broker, broker + "(으)로 이어지는 연결"}
                              : Phrase{by, by}},
          {batch.backed_off, setting("retry.backoff.ms", config.retry_backoff)},
          {batch.failed,
           {"attempts that failed with " + failed_with, failed_with + "(으)로 실패한 시도"}},
          {at.room,
           {"room in the request queue of " + broker + ", queued.max.requests",
            broker + " 요청 큐의 빈자리, queued.max.requests"}},
          {at.thread,
           {"an I/O thread of " + broker + ", num.io.threads",
            broker + "의 I/O 스레드, num.io.threads"}},
          {at.disk, {"the disk of " + broker, broker + "의 디스크"}},
          {at.parked, {"the ISR to replicate it, acks=all", "ISR의 복제, acks=all"}},
          {way, times.full_card.empty()
                    ? Phrase{"the way to " + broker + " and back", broker + "까지 오가는 길"}
                    : Phrase{"the network card of " + times.full_card + ", which is full",
                             "가득 찬 " + times.full_card + "의 네트워크 카드"}}};
}

}  // namespace

CardUse::CardUse(const sim::Network& network, sim::MachineId from, sim::MachineId to)
    : network_(network),
      from_(from),
      to_(to),
      out_(look(from, sim::Direction::out)),
      in_(look(to, sim::Direction::in)) {}

CardUse::Look CardUse::look(sim::MachineId machine, sim::Direction way) const {
  return {network_.moved(machine, way), network_.capacity(machine, way)};
}

std::optional<sim::MachineId> CardUse::full() const {
  const auto was_full = [](const Look& before, const Look& after) {
    const auto could = static_cast<double>((after.capacity - before.capacity).count());
    return static_cast<double>((after.moved - before.moved).count()) > nearly_all * could;
  };
  if (was_full(out_, look(from_, sim::Direction::out))) return from_;
  if (was_full(in_, look(to_, sim::Direction::in))) return to_;
  return std::nullopt;
}

std::optional<Phrase> where_it_waited(const AcknowledgmentTimes& times,
                                      const ProducerConfig& config) {
  std::vector<Part> parts = parts_of(times, config);
  std::stable_sort(parts.begin(), parts.end(),
                   [](const Part& a, const Part& b) { return a.length > b.length; });
  Phrase told;
  for (const Part& part : parts) {
    if (part.length < notable || part.length * least_share < times.whole) break;
    const char* comma = told.english.empty() ? "" : "; ";
    told.english += fmt::format("{}{} ({})", comma, part.of.english, to_rounded_text(part.length));
    told.korean += fmt::format("{}{} ({})", comma, part.of.korean,
                               with_korean_unit(to_rounded_text(part.length)));
  }
  if (told.english.empty()) return std::nullopt;
  return told;
}

void AcknowledgmentWaits::note(const ProducerBatch& batch, sim::Trace::About about,
                               const Answer& answer, const CardUse& cards) {
  constexpr Duration apart = 10s;
  const Time now = world_.now();
  const Duration whole = now - batch.created;
  if (whole < notable) return;
  Told& told = told_[batch.partition];
  if (told.longest > 0ns && now - told.when < apart && whole < 2 * told.longest) return;
  AcknowledgmentTimes times{batch.times, answer.waits, answer.broker,
                            {},          whole,        now - batch.times.drained};
  if (const auto full = cards.full()) times.full_card = world_.trace().machine_name(*full);
  const std::optional<Phrase> where = where_it_waited(times, config_);
  if (!where) return;
  told = {now, whole};
  const sim::World::KeepCause keep(world_);
  about.cause = batch.because;
  if (!batch.because.valid() && answer.waits.parked >= notable) {
    about.cause = why_replicated_late(world_.trace(), about.partition, batch.created);
  }
  const std::int64_t count = batch.record_count;
  world_.trace().record(
      events::acknowledgment_waited, about,
      events::with_waits(
          {{"count", std::to_string(count)},
           {"records", count == 1 ? "1 record" : fmt::format("{} records", count)},
           {"wait", to_rounded_text(whole), with_korean_unit(to_rounded_text(whole))}},
          *where));
}

Phrase how_it_ended(ErrorCode error, ErrorCode last) {
  const std::string name(to_text(error));
  if (last == ErrorCode::none || last == error) return {name, name};
  return {fmt::format("{}, after {}", name, to_text(last)),
          fmt::format("{} ({} 다음에)", name, to_text(last))};
}

}  // namespace brokerlab::model
