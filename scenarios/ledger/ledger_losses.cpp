// Acknowledged records that are lost: when, by whom, and whether the settings allow it.
#include "base/translation.h"
#include "model/events.h"
#include "scenarios/ledger/ledger.h"
#include "scenarios/ledger/record_bytes.h"
#include "scenarios/report.h"

#include <algorithm>

namespace brokerlab::scenarios {

using model::BrokerId;
using model::LeaderEpoch;
using model::Offset;
using model::RecordRef;
using model::TopicPartition;

namespace {

/// "1 record" or "2 records" in words that have both.
Phrase counted(std::int64_t count, Phrase one, Phrase many) {
  return count == 1 ? std::move(one) : std::move(many);
}

}  // namespace

Phrase words_for(Exempted what, std::int64_t n) {
  const std::string number = with_commas(n);
  switch (what) {
    case Exempted::unclean_election:
      return counted(
          n,
          phrase("1 record lost by an unclean election, which unclean.leader.election.enable "
                 "allows"),
          phrase("{} records lost by an unclean election, which unclean.leader.election.enable "
                 "allows",
                 number));
    case Exempted::unsynced:
      return counted(
          n,
          phrase("1 record that was in memory only when the power failed, which Kafka's settings "
                 "for syncing allow"),
          phrase("{} records that were in memory only when the power failed, which Kafka's "
                 "settings for syncing allow",
                 number));
    case Exempted::not_verifiable:
      return counted(n, phrase("1 record that nobody can look for, without a live leader"),
                     phrase("{} records that nobody can look for, without a live leader", number));
    case Exempted::restarted:
      return counted(n, phrase("one time after a restart, back to its last checkpoint"),
                     phrase("{} times after a restart, back to its last checkpoint", number));
    case Exempted::skipped:
      return counted(n,
                     phrase("1 record that auto.offset.reset=latest jumped over before the first "
                            "commit"),
                     phrase("{} records that auto.offset.reset=latest jumped over before the "
                            "first commit",
                            number));
    case Exempted::deposed:
      return counted(n, phrase("1 that a deposed leader acknowledged"),
                     phrase("{} that a deposed leader acknowledged", number));
    case Exempted::unheard_of:
      return counted(n,
                     phrase("1 marker for a partition that its coordinator's broker, just started, "
                            "had not heard of"),
                     phrase("{} markers for partitions that their coordinators' brokers, just "
                            "started, had not heard of",
                            number));
    case Exempted::forgotten:
      return counted(
          n,
          phrase("1 record that a leader had, which after its restart remembered of its producer "
                 "the last batch only"),
          phrase("{} records that a leader had, which after its restart remembered of their "
                 "producer the last batch only",
                 number));
    case Exempted::compacted:
      return counted(n, phrase("1 offset that compaction has left out"),
                     phrase("{} offsets that compaction has left out", number));
    case Exempted::deleted:
      return counted(n, phrase("1 record that was deleted before a group read it"),
                     phrase("{} records that were deleted before a group read them", number));
  }
  UNREACHABLE();
}

// --- Who has what ---

bool Ledger::is_superseded(const TopicPartition& name, const AppendedRange& range,
                           Offset offset) const {
  const auto reigns = reigns_.find(name);
  if (reigns == reigns_.end()) return false;
  return std::any_of(reigns->second.begin(), reigns->second.end(), [&](const Reign& reign) {
    return reign.epoch > range.epoch && reign.start <= offset;
  });
}

/// The append by which the record got its offset. A leader that was deposed and its successor may
/// both have given it: then the logs tell.
const Ledger::AppendedRange* Ledger::appended_by(const TopicPartition& name, Offset offset,
                                                 RecordRef record) const {
  const auto ranges = appended_.find(name);
  if (ranges == appended_.end()) return nullptr;
  const AppendedRange* latest = nullptr;
  const AppendedRange* before = nullptr;
  for (const AppendedRange& range : ranges->second) {
    if (offset < range.first || offset >= range.end) continue;
    if (latest == nullptr || range.epoch >= latest->epoch) {
      before = std::exchange(latest, &range);
    } else if (before == nullptr || range.epoch > before->epoch) {
      before = &range;
    }
  }
  if (before == nullptr || before->broker == latest->broker) return latest;
  if (holds(latest->broker, name, offset, record)) return latest;
  // The one before has it, or had, and cut it off since.
  const model::Partition* replica = find_replica_ ? find_replica_(latest->broker, name) : nullptr;
  const bool has_another =
      replica != nullptr && replica->has_log() && replica->log_end_offset() > offset;
  return has_another || holds(before->broker, name, offset, record) ? before : latest;
}

bool Ledger::holds(BrokerId broker, const TopicPartition& name, Offset offset,
                   RecordRef record) const {
  const model::Partition* replica = find_replica_ ? find_replica_(broker, name) : nullptr;
  if (replica == nullptr || !replica->has_log()) return false;
  if (offset < replica->log().log_start_offset() || offset >= replica->log_end_offset()) {
    return false;
  }
  bool found = false;
  quietly(broker, [&] {
    const auto data = replica->log().read_records(offset, 1, replica->log_end_offset(), true);
    if (!data) return;
    for (const log::PhantomBatch& batch : data->phantoms()) {
      const auto there = book_.of_batch(batch, offset - batch.base_offset, 1);
      found = !there.empty() && there.front().front() == record;
    }
    log::ByteVector scratch;
    for (const log::BatchView& batch : log::Batches(data->bytes())) {
      (void)log::for_each_record(batch, scratch, [&](const log::RecordView& one) {
        if (one.offset != offset) return true;
        found = one.value && book_.has_bytes(record, *one.value);
        return false;
      });
    }
  });
  return found;
}

void Ledger::quietly(BrokerId broker, const std::function<void()>& look) const {
  if (read_quietly_) {
    read_quietly_(broker, look);
  } else {
    look();
  }
}

/// "broker-2 and broker-3 (down)": who else has the record, or had it when last heard of.
Phrase Ledger::holders(const TopicPartition& name, Offset offset, RecordRef record,
                       BrokerId except) const {
  std::vector<Phrase> names;
  for (const BrokerId broker : partitions_.at(name).replicas) {
    if (broker == except) continue;
    const bool is_up = find_replica_ && find_replica_(broker, name) != nullptr;
    const auto end = log_ends_.find({name, broker});
    if (is_up ? holds(broker, name, offset, record)
              : end != log_ends_.end() && end->second > offset) {
      const std::string holder = context_->broker_name(broker);
      names.push_back(is_up ? Phrase{holder, holder} : phrase("{} (down)", holder));
    }
  }
  if (names.empty()) return phrase("no other replica had it");
  Phrase all = names.front();
  for (std::size_t i = 1; i < names.size(); ++i) {
    all = i + 1 == names.size() ? phrase("{} and {}", all, names[i])
                                : phrase("{}, {}", all, names[i]);
  }
  return phrase("{} had it", all);
}

// --- Losses ---

/// Why a leader does not have what others had at `since`.
Ledger::Loss Ledger::kind_of_loss(const TopicPartition& name, BrokerId leader, Time since) const {
  const PartitionView& view = partitions_.at(name);
  if (view.unclean && view.leader == leader) return Loss::unclean_election;
  return lost_power(leader, since) ? Loss::unsynced : Loss::not_replicated;
}

bool Ledger::has_happened(const std::map<sim::MachineId, Time>& last, BrokerId broker,
                          Time since) const {
  for (const auto* places : {&context_->broker_machines, &context_->broker_hosts}) {
    const auto place = places->find(broker);
    if (place == places->end()) continue;
    const auto found = last.find(place->second);
    if (found != last.end() && found->second >= since) return true;
  }
  return false;
}

/// A leader whose log ends at `end` took over: what others acknowledged from there on is lost.
void Ledger::note_losses(const TopicPartition& name, BrokerId leader, Offset end) {
  Acknowledgments& acknowledged = acknowledgments_[name];
  PartitionView& view = partitions_.at(name);
  acknowledged.for_each(
      end, Acknowledgments::no_end, [&](Offset from, Offset to, const Acknowledgment& run) {
        for_each_told(
            from, to - from, run, [&](Offset at, std::int64_t count, const Acknowledgment& ack) {
              const bool was_safe = at < view.high_watermark || wants_all(ack.record.producer);
              const Loss kind =
                  was_safe ? kind_of_loss(name, leader, ack.when) : Loss::not_replicated;
              note_loss(name, at, count, ack, kind, explain(name, at, ack, kind));
            });
      });
  acknowledged.erase(end, Acknowledgments::no_end);
  // What the settings allow to be lost was not promised to survive.
  Committed& committed = committed_[name];
  std::vector<std::pair<Offset, Offset>> excused;
  bool all = true;
  committed.for_each_from(end, [&](Offset from, Offset to, const CommittedBatch& batch) {
    const Loss kind = kind_of_loss(name, leader, next_power_loss(batch.power_losses));
    if (kind == Loss::not_replicated) {
      all = false;
      return;
    }
    exempt("committed_records_survive",
           kind == Loss::unsynced ? Exempted::unsynced : Exempted::unclean_election, to - from);
    excused.emplace_back(from, to);
  });
  for (const auto& [from, to] : excused) committed.erase(from, to);
  if (all) view.high_watermark = std::min(view.high_watermark, end);
}

void Ledger::note_loss(const TopicPartition& name, Offset offset, std::int64_t count,
                       const Acknowledgment& ack, Loss kind, Phrase why) {
  const sim::World::KeepCause keep(world_);
  const std::string label = book_.label_of(ack.record);
  const sim::EventId cause = world_.cause();
  std::vector<sim::Detail> details{
      {"record", label}, {"offset", std::to_string(offset)}, sim::Detail::of("why", why)};
  if (count > 1) {
    details[0] = {"record", fmt::format("{} and {} behind it", label, count - 1),
                  fmt::format("{} 외 {}개", label, count - 1)};
    details.push_back({"count", std::to_string(count)});
  }
  world_.trace().record(model::events::record_lost, {.partition = context_->partitions.id_of(name)},
                        std::move(details));
  lost_.push_back({ack.run(count), label, name, offset, ack.when, cause, std::move(why), kind});
}

Phrase Ledger::explain(const TopicPartition& name, Offset offset, const Acknowledgment& ack,
                       Loss kind) const {
  const auto leader = leaders_.find({name, ack.epoch});
  const std::string now_leads = context_->broker_name(partitions_.at(name).serving);
  const BrokerId by = leader == leaders_.end() ? BrokerId() : leader->second;
  const std::string by_name = by.valid() ? context_->broker_name(by) : std::string();
  const Phrase acknowledged_by = by.valid() ? Phrase{by_name, by_name} : phrase("its leader");
  if (kind == Loss::unclean_election && by == partitions_.at(name).serving &&
      lost_power(by, ack.when)) {
    return phrase(
        "acknowledged at {} by {}, which had it in memory only when it lost power, and was elected "
        "from outside the ISR (unclean.leader.election.enable) at {}",
        to_text(ack.when), acknowledged_by, to_text(world_.now()));
  }
  if (kind == Loss::unclean_election) {
    return phrase(
        "acknowledged at {} by {}; at {} {} was elected from outside the ISR "
        "(unclean.leader.election.enable), without it",
        to_text(ack.when), acknowledged_by, to_text(world_.now()), now_leads);
  }
  if (kind == Loss::unsynced) {
    return phrase(
        "acknowledged at {} by {}; {} had it in memory only when it lost power, and leads "
        "without it since {}",
        to_text(ack.when), acknowledged_by, now_leads, to_text(world_.now()));
  }
  const Phrase had = holders(name, offset, ack.record, by);
  if (by_name == now_leads) {
    return phrase("{} acknowledged it at {}, lost it and leads without it since {}; {}", now_leads,
                  to_text(ack.when), to_text(world_.now()), had);
  }
  return phrase(
      "{} acknowledged it at {} before another replica had it; {} took over without it at {}; {}",
      acknowledged_by, to_text(ack.when), now_leads, to_text(world_.now()), had);
}

Phrase Ledger::explain_fenced(const TopicPartition& name, const FencedAcknowledgment& fenced,
                              bool truncated) const {
  const std::string by = context_->broker_name(fenced.broker);
  const Reign* successor = nullptr;
  for (const Reign& reign : reigns_.at(name)) {
    if (reign.epoch > fenced.ack.epoch && (successor == nullptr || reign.epoch < successor->epoch))
      successor = &reign;
  }
  const std::string successor_name =
      successor == nullptr ? std::string() : context_->broker_name(successor->broker);
  return phrase(
      "{} acknowledged it at {} in epoch {}, fenced without knowing it: {} led in epoch {}; {}; {}",
      by, to_text(fenced.ack.when), fenced.ack.epoch,
      successor == nullptr ? phrase("another") : Phrase{successor_name, successor_name},
      successor == nullptr ? fenced.ack.epoch + 1 : successor->epoch,
      truncated ? phrase("{} cut it off at {}", by, to_text(world_.now()))
                : phrase("the leader's log at the end of the run does not hold it"),
      holders(name, fenced.offset, fenced.ack.record, fenced.broker));
}

/// Of what a leader acknowledged after it had been deposed, nothing outlives its truncation.
void Ledger::on_truncated(BrokerId broker, const TopicPartition& name, Offset to, Offset) {
  log_ends_[{name, broker}] = to;
  partitions_[name].truncated_at = world_.now();
  const auto fenced = fenced_.find(name);
  if (fenced == fenced_.end()) return;
  std::erase_if(fenced->second, [&](FencedAcknowledgment& one) {
    const std::int64_t kept = std::clamp<std::int64_t>(to - one.offset, 0, one.count);
    if (one.broker != broker || kept == one.count) return false;
    for_each_told(one.offset + kept, one.count - kept, one.ack.after(kept),
                  [&](Offset at, std::int64_t count, const Acknowledgment& ack) {
                    const FencedAcknowledgment lost{at, count, ack, broker};
                    note_loss(name, at, count, ack, Loss::fenced, explain_fenced(name, lost, true));
                  });
    one.count = kept;
    return kept == 0;
  });
}

/// Which losses break the promise of acks=all, and which the settings allow.
void Ledger::judge_losses() {
  constexpr const char* promise = "acknowledged_by_all_survive";
  bool anybody = false;
  for (const auto& [producer, wants] : producers_) {
    if (!wants.wants_all) continue;
    anybody = true;
    const auto acknowledged = acknowledged_by_.find(producer);
    if (acknowledged != acknowledged_by_.end()) invariant(promise).checked += acknowledged->second;
  }
  if (!anybody) return;
  (void)invariant(promise);
  for (const LostRecord& lost : lost_) {
    if (!wants_all(lost.record.producer)) continue;
    if (lost.allowed()) {
      exempt(promise, lost.kind == Loss::unsynced ? Exempted::unsynced : Exempted::unclean_election,
             lost.record.count);
    } else if (lost.record.count == 1) {
      violate(promise,
              phrase("record {} ({}, offset {}) was acknowledged with acks=all and is lost",
                     lost.label, lost.partition.name(), lost.offset));
    } else {
      violate(promise, phrase("{} records from {} on ({}, offset {}) were acknowledged with "
                              "acks=all and are lost",
                              lost.record.count, lost.label, lost.partition.name(), lost.offset));
    }
  }
  std::int64_t nobody_knows = 0;
  for (const auto& [name, records] : not_verifiable_) {
    acknowledgments_[name].for_each([&](Offset from, Offset to, const Acknowledgment& ack) {
      if (wants_all(ack.record.producer)) nobody_knows += to - from;
    });
  }
  exempt(promise, Exempted::not_verifiable, nobody_knows);
}

}  // namespace brokerlab::scenarios
