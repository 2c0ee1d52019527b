// The checks against the logs, when the run is over.
#include "base/translation.h"
#include "scenarios/ledger/ledger.h"
#include "scenarios/ledger/log_walk.h"
#include "scenarios/ledger/record_bytes.h"

#include <algorithm>
#include <limits>
#include <tuple>

namespace brokerlab::scenarios {

using model::BrokerId;
using model::Offset;
using model::RecordRef;
using model::RecordRun;
using model::TopicPartition;

namespace {

struct Compared {
  bool differ = false;
  Offset upto = log::no_offset;  ///< They are equal below it.
};

/// The batches that both have, side by side.
Compared compare(const log::Records& a, const log::Records& b) {
  Compared found;
  // Recovery may leave the bytes of what was a phantom: the same batch has the same mark.
  if (a.is_phantom() != b.is_phantom()) {
    std::vector<log::BatchMark> left;
    log::for_each_mark(a, [&](const log::BatchMark& mark) { left.push_back(mark); });
    std::size_t at = 0;
    log::for_each_mark(b, [&](const log::BatchMark& mark) {
      if (found.differ || at == left.size()) return;
      const log::BatchMark& other = left[at++];
      found.differ = other != mark;
      found.upto =
          found.differ ? std::min(mark.base_offset, other.base_offset) : mark.last_offset + 1;
    });
    return found;
  }
  const std::size_t both = std::min(a.phantoms().size(), b.phantoms().size());
  for (std::size_t i = 0; i < both; ++i) {
    if (a.phantoms()[i] != b.phantoms()[i]) {
      return {true, std::min(a.phantoms()[i].base_offset, b.phantoms()[i].base_offset)};
    }
    found.upto = a.phantoms()[i].next_offset();
  }
  const log::Batches left(a.bytes());
  const log::Batches right(b.bytes());
  auto other = right.begin();
  for (const log::BatchView& one : left) {
    if (other == right.end()) break;
    if (!same_bytes(one.bytes(), other->bytes())) {
      return {true, std::min(one.base_offset(), other->base_offset())};
    }
    found.upto = one.next_offset();
    ++other;
  }
  return found;
}

/// The batches of a leader's log, in order, read as they are asked for.
class LogMarks {
 public:
  explicit LogMarks(const model::Partition& leader)
      : leader_(leader), next_(leader.log().log_start_offset()), end_(leader.log_end_offset()) {}

  /// The first that begins at `offset` or later; nullptr: there is none. Ask for growing offsets.
  const log::BatchMark* from(Offset offset) {
    for (;;) {
      while (at_ < marks_.size() && marks_[at_].base_offset < offset) ++at_;
      if (at_ < marks_.size()) return &marks_[at_];
      if (!read()) return nullptr;
    }
  }

 private:
  bool read() {
    marks_.clear();
    at_ = 0;
    if (next_ >= end_) return false;
    const auto data = leader_.log().read_records(next_, (4_MiB).count(), end_, true);
    if (!data || data->empty()) {
      next_ = end_;
      return false;
    }
    log::for_each_mark(*data, [this](const log::BatchMark& mark) { marks_.push_back(mark); });
    next_ = beyond(leader_.log(), next_, marks_.empty() ? end_ : marks_.back().last_offset + 1);
    return true;
  }

  const model::Partition& leader_;
  Offset next_;
  const Offset end_;
  std::vector<log::BatchMark> marks_;
  std::size_t at_ = 0;
};

}  // namespace

void Ledger::finish() {
  for (auto& [name, view] : partitions_) {
    const model::Partition* leader =
        view.leader.valid() ? find_replica_(view.leader, name) : nullptr;
    const auto acknowledged = acknowledgments_.find(name);
    if (leader != nullptr && leader->is_leader()) {
      compare_committed(name, view.leader, *leader);
      compare_with_log(name, *leader);
    } else if (acknowledged != acknowledgments_.end() && !acknowledged->second.empty()) {
      not_verifiable_[name] = acknowledged->second.count();
      const auto committed = committed_.find(name);
      exempt("committed_records_survive", Exempted::not_verifiable,
             committed == committed_.end() ? 0 : committed->second.count());
    }
    compare_replicas(name);
    ENSURE(maybe_unreadable_.contains(name) || unreadable(name) == 0,
           "acknowledged records that cannot be read were overlooked");
    view.longest_unreadable = std::max(view.longest_unreadable, oldest_unreadable(name));
  }
  std::sort(lost_.begin(), lost_.end(), [](const LostRecord& a, const LostRecord& b) {
    return std::tie(a.partition, a.offset) < std::tie(b.partition, b.offset);
  });
  note_deleted_unread();
  judge_losses();
  judge_streams();
}

/// How long the record has waited that waits longest to be readable.
Duration Ledger::oldest_unreadable(const TopicPartition& name) const {
  const Acknowledgments* acknowledged = acknowledgments_of(name);
  Duration oldest{0};
  if (acknowledged == nullptr) return oldest;
  acknowledged->for_each(readable_end(name), Acknowledgments::no_end,
                         [&](Offset, Offset, const Acknowledgment& ack) {
                           oldest = std::max(oldest, world_.now() - ack.when);
                         });
  return oldest;
}

/// What the high watermark has passed must stand in the leader's log as it was. What does not is
/// told once, and not looked for again.
void Ledger::compare_committed(const TopicPartition& name, BrokerId broker,
                               const model::Partition& leader) {
  Committed& committed = committed_[name];
  constexpr const char* promise = "committed_records_survive";
  invariant(promise).checked += static_cast<std::int64_t>(committed.ranges());
  LogMarks log(leader);
  std::vector<std::pair<Offset, Offset>> broken;
  // Retention deletes; a cleaner writes other batches.
  const Offset start = std::max(leader.log().log_start_offset(), cleaned_up_to(name));
  committed.for_each_from(start, [&](Offset from, Offset to, const CommittedBatch& was) {
    const log::BatchMark* is = log.from(from);
    const bool gone = is == nullptr || is->base_offset != from;
    // A power loss may empty a segment whose name was on the disk: recovery goes on behind it, and
    // leaves a hole (LogLoader.recoverLog removes what comes later only when it has cut something).
    const bool changed = !gone && (is->checksum != was.checksum || is->epoch != was.epoch);
    if (!gone && !changed) return;
    const Loss kind = kind_of_loss(name, broker, next_power_loss(was.power_losses));
    if (kind != Loss::not_replicated) {
      exempt(promise, kind == Loss::unsynced ? Exempted::unsynced : Exempted::unclean_election,
             to - from);
    } else if (gone) {
      violate(promise, phrase("offsets {} to {} of {} were committed and are gone", from, to - 1,
                              name.name()));
    } else {
      violate(promise, phrase("offsets {} to {} of {} changed after they were committed", from,
                              to - 1, name.name()));
    }
    broken.emplace_back(from, to);
  });
  for (const auto& [from, to] : broken) committed.erase(from, to);
}

/// Notes what the replica holds up to there, but for what was looked at before.
void Ledger::look_at(const TopicPartition& name, const model::Partition& replica, Offset upto,
                     FoundInLog& found, const model::DeletedRecords* deleted) {
  PartitionView& view = partitions_.at(name);
  Offset at = std::max(found.upto, replica.log().log_start_offset());
  while (at < upto) {
    const auto data = replica.log().read_records(at, (4_MiB).count(), upto, true);
    if (!data || data->empty()) break;
    const Offset before = at;
    for (const log::BatchView& batch : log::Batches(data->bytes())) {
      at = batch.next_offset();
      if (deleted != nullptr) {
        check_deleted(*deleted, replica, log::BatchMark::of(batch), batch.max_timestamp());
      }
      find_in(name, batch, view, found);
    }
    for (const log::PhantomBatch& batch : data->phantoms()) {
      at = batch.next_offset();
      if (deleted != nullptr) {
        check_deleted(*deleted, replica, log::BatchMark::of(batch), batch.max_timestamp);
      }
      Offset offset = batch.base_offset;
      for (const RecordRun& run : book_.of_batch(batch, 0, batch.record_count)) {
        note_found(name, offset, run, batch.producer_id, view, found);
        offset += run.count;
      }
    }
    at = beyond(replica.log(), before, at);
  }
  found.upto = std::max(found.upto, at);
}

/// Every acknowledged record must stand at its offset.
void Ledger::compare_with_log(const TopicPartition& name, const model::Partition& leader) {
  FoundInLog& found = found_[name];
  const PartitionView& view = partitions_.at(name);
  look_at(name, leader, leader.log_end_offset(), found);
  duplicates_in_log_ += view.duplicates;
  reordered_in_log_ += view.reordered;
  note_missing(name, leader.log().log_start_offset(), found);
  const auto blind = blind_.find(name);
  if (blind != blind_.end()) {
    for (const RecordRun& run : blind->second) {
      blindly_lost_ += run.count - found.records[run.producer].count(run.first, run.end());
    }
  }
  forget_found_losses(name, found);
}

void Ledger::find_in(const TopicPartition& name, const log::BatchView& batch, PartitionView& view,
                     FoundInLog& found) {
  log::ByteVector scratch;
  const auto visited = log::for_each_record(batch, scratch, [&](const log::RecordView& record) {
    if (!record.value) return true;
    const auto ref = identify(name, record.offset, *record.value,
                              [&](RecordRef one) { return !found.contains(one); });
    if (ref) {
      note_found(name, record.offset, {ref->producer, ref->number, 1}, batch.producer_id(), view,
                 found);
    }
    return true;
  });
  if (visited) return;
  violate("replicas_agree", phrase("{}: a batch at offset {} cannot be read: {}", name.name(),
                                   batch.base_offset(), visited.error().message));
}

/// Records of a run stand in a row at `offset`.
void Ledger::note_found(const TopicPartition& name, Offset offset, const RecordRun& run,
                        std::int64_t producer_id, PartitionView& view, FoundInLog& found) {
  NumberSet& of_producer = found.records[run.producer];
  of_producer.for_each_gap(run.first, run.end(), [&](std::int64_t first, std::int64_t end) {
    failed_in_log_ += book_.failed_among({run.producer, first, end - first});
  });
  const std::int64_t copies = run.count - of_producer.add(run.first, run.end());
  view.duplicates += copies;
  // How many of them stand behind a later one; it knows the latest.
  const auto behind = [&run](auto& latest, const auto& key) {
    std::int64_t& last = latest.try_emplace(key, run.first).first->second;
    const auto count = std::clamp<std::int64_t>(last - run.first, 0, run.count);
    last = std::max(last, run.end() - 1);
    return count;
  };
  const std::int64_t lane = run.first >> model::lane_shift;
  view.reordered += behind(found.latest, std::pair(run.producer, lane));
  judge_idempotence(name, run, copies,
                    behind(found.latest_of_id, std::tuple(run.producer, lane, producer_id)));
  const Acknowledgments* acknowledged = acknowledgments_of(name);
  if (acknowledged == nullptr) return;
  acknowledged->for_each(offset, offset + run.count,
                         [&](Offset from, Offset to, const Acknowledgment& ack) {
                           const RecordRef there{run.producer, run.first + from - offset};
                           if (ack.record == there) found.offsets.add(from, to);
                         });
}

void Ledger::judge_idempotence(const TopicPartition& name, const RecordRun& run,
                               std::int64_t copies, std::int64_t reordered) {
  const auto producer = producers_.find(run.producer);
  if (producer == producers_.end() || !producer->second.idempotent) return;
  constexpr const char* once = "idempotent_writes_happen_once";
  constexpr const char* order = "idempotent_writes_keep_order";
  invariant(once).checked += run.count;
  invariant(order).checked += run.count;
  const auto forgotten = forgotten_.find({name, run.producer});
  if (forgotten != forgotten_.end()) {
    const std::int64_t among = forgotten->second.count(run.first, run.end());
    const auto forgive = [&](const char* promise, std::int64_t& count) {
      exempt(promise, Exempted::forgotten, std::min(count, among));
      count -= std::min(count, among);
    };
    forgive(once, copies);
    forgive(order, reordered);
  }
  const auto violated = [&](const char* promise, std::int64_t count, Phrase one, Phrase many) {
    if (count > 0) violate(promise, count == 1 ? std::move(one) : std::move(many));
  };
  const std::string label = book_.label_of(run.front());
  violated(once, copies, phrase("record {} stands twice in {}", label, name.name()),
           phrase("{} records from {} on stand twice in {}", copies, label, name.name()));
  violated(
      order, reordered, phrase("record {} stands behind a later one in {}", label, name.name()),
      phrase("{} records from {} on stand behind later ones in {}", reordered, label, name.name()));
}

/// A record that was lost at one offset and written again by a retry is not lost.
void Ledger::forget_found_losses(const TopicPartition& name, const FoundInLog& found) {
  std::vector<LostRecord> left;
  for (LostRecord& lost : lost_) {
    if (lost.partition != name) {
      left.push_back(std::move(lost));
      continue;
    }
    found.for_each_gap(lost.record, [&](std::int64_t first, std::int64_t end) {
      LostRecord& part = left.emplace_back(lost);
      part.offset += first - lost.record.first;
      part.record = {lost.record.producer, first, end - first};
      if (first != lost.record.first) part.label = book_.label_of(part.record.front());
    });
  }
  lost_ = std::move(left);
}

/// What was acknowledged and stands nowhere in the leader's log.
void Ledger::note_missing(const TopicPartition& name, Offset log_start, const FoundInLog& found) {
  const Phrase why = phrase("the leader's log at the end of the run does not hold it");
  Acknowledgments& acknowledged = acknowledgments_[name];
  std::vector<Displaced> missing = displaced_[name];
  acknowledged.for_each([&](Offset from, Offset to, const Acknowledgment& ack) {
    found.offsets.for_each_gap(from, to, [&](Offset first, Offset end) {
      for_each_left(name, first, end, [&](Offset left, Offset behind) {
        missing.push_back({left, behind - left, ack.after(left - from)});
      });
    });
  });
  for (const Displaced& one : missing) {
    // What is below the start was deleted, as retention asks for.
    const std::int64_t gone = std::clamp<std::int64_t>(log_start - one.offset, 0, one.count);
    if (gone == one.count) continue;
    for_each_told(one.offset + gone, one.count - gone, one.ack.after(gone),
                  [&](Offset at, std::int64_t count, const Acknowledgment& ack) {
                    // What stands elsewhere was written again by a retry.
                    found.for_each_gap(ack.run(count), [&](std::int64_t first, std::int64_t end) {
                      const Acknowledgment part = ack.after(first - ack.record.number);
                      const Offset offset = at + first - ack.record.number;
                      const Loss kind = kind_of_loss(name, partitions_.at(name).leader, part.when);
                      lost_.push_back({part.run(end - first), book_.label_of(part.record), name,
                                       offset, part.when, sim::EventId(), why, kind});
                      const auto there = acknowledged.at(offset);
                      if (there && there->record == part.record) {
                        acknowledged.erase(offset, offset + end - first);
                      }
                    });
                  });
  }
  for (const FencedAcknowledgment& fenced : fenced_[name]) {
    for_each_told(
        fenced.offset, fenced.count, fenced.ack,
        [&](Offset at, std::int64_t count, const Acknowledgment& ack) {
          const FencedAcknowledgment lost{at, count, ack, fenced.broker};
          lost_.push_back({ack.run(count), book_.label_of(ack.record), name, at, ack.when,
                           sim::EventId(), explain_fenced(name, lost, false), Loss::fenced});
        });
  }
}

/// Logs of live replicas are equal up to the smallest high watermark among them.
void Ledger::compare_replicas(const TopicPartition& name) {
  const PartitionView& view = partitions_.at(name);
  const model::Partition* first = nullptr;
  BrokerId first_broker;
  for (const BrokerId broker : view.replicas) {
    const model::Partition* replica = find_replica_(broker, name);
    if (replica == nullptr || !replica->has_log()) continue;
    if (first == nullptr) {
      first = replica;
      first_broker = broker;
      continue;
    }
    const Offset upto = std::min(first->high_watermark(), replica->high_watermark());
    Offset at = std::max(
        {first->log().log_start_offset(), replica->log().log_start_offset(), cleaned_up_to(name)});
    ++invariant("replicas_agree").checked;
    while (at < upto) {
      const auto a = first->log().read_records(at, (1_MiB).count(), upto, true);
      const auto b = replica->log().read_records(at, (1_MiB).count(), upto, true);
      if (!a || !b || a->empty() || b->empty()) break;
      const Compared compared = compare(*a, *b);
      const auto committed = committed_[name].at(std::max(at, compared.upto));
      const Time since = committed ? next_power_loss(committed->power_losses) : Time::min();
      if (compared.differ && (lost_power(first_broker, since) || lost_power(broker, since))) {
        exempt("replicas_agree", Exempted::unsynced, 1);
        break;
      }
      if (compared.differ) {
        violate("replicas_agree",
                phrase("brokers {} and {} differ in {} at or after offset {}", first_broker, broker,
                       name.name(), std::max(at, compared.upto)));
        break;
      }
      if (compared.upto <= at) break;
      at = compared.upto;
    }
  }
}

}  // namespace brokerlab::scenarios
