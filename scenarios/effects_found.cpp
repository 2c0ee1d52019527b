// What the effects of a fault come to: long waits, outages, and the words for all of it.
#include "base/translation.h"
#include "model/events.h"
#include "scenarios/effects.h"
#include "scenarios/harm.h"
#include "scenarios/spans.h"

#include <fmt/ranges.h>

#include <algorithm>

namespace brokerlab::scenarios {
// --- Waits and errors ---

/// A long wait belongs to the fault that did something to its partition, or to its producer,
/// meanwhile, or before if the partition has not come back since; of several to the one that did so
/// last. Of a record whose partition nobody told of all that it might be for are asked.
std::optional<Effects::FaultIndex> Effects::behind_wait(
    int producer, const std::vector<model::TopicPartition>& partitions, Time sent) const {
  const Cluster::Member* member = cluster_.find(cluster_.sender(producer).machine);
  std::optional<FaultIndex> last;
  Time when;
  for (const auto& [fault, tally] : tallies_) {
    const auto note = [&, fault = fault](Time touched, bool counts) {
      // A pause lets go of what waits for it when it ends: before that it has held up nobody who
      // has an answer by now.
      if (!counts || (last && touched < when) || touched > world_.now()) return;
      last = behind(fault);
      when = touched;
    };
    for (const model::TopicPartition& name : partitions) {
      const auto known = cluster_.context().partitions.all().find(name);
      if (known == cluster_.context().partitions.all().end()) continue;
      const auto touched = tally.touched_partition.find(known->second);
      if (touched == tally.touched_partition.end()) continue;
      note(touched->second, touched->second >= sent || availability_.failed_since(name, sent));
    }
    if (member == nullptr) continue;
    const auto machine = tally.touched.find(member->machine->id());
    if (machine != tally.touched.end()) note(machine->second, machine->second >= sent);
  }
  return last;
}

void Effects::note_wait(const model::RecordRun& run,
                        const std::vector<model::TopicPartition>& partitions) {
  RangeMap<Time>& waiting = sent_[run.producer];
  std::vector<Time> waited;
  waiting.for_each(run.first, run.end(), [&](std::int64_t, std::int64_t, Time since) {
    if (world_.now() - since >= worth_telling) waited.push_back(since);
  });
  waiting.erase(run.first, run.end());
  for (const Time since : waited) {
    const std::optional<FaultIndex> fault = behind_wait(run.producer, partitions, since);
    if (!fault) continue;
    Tally& of = tally(*fault);
    of.producer_waited = std::max(of.producer_waited, world_.now() - since);
  }
}

void Effects::on_acknowledged(const model::RecordRun& run, const model::TopicPartition& name,
                              model::Offset offset) {
  if (offset == log::no_offset) {  // acks=0: nobody waited
    sent_[run.producer].erase(run.first, run.end());
    return;
  }
  note_wait(run, {name});
}

void Effects::on_send_failed(const model::RecordRun& run, model::ErrorCode, std::string_view) {
  const std::optional<model::TopicPartition> of = ledger_.giving_up();
  note_wait(run, of ? std::vector{*of} : partitions_of(run.producer));
}

std::vector<model::TopicPartition> Effects::partitions_of(int producer) const {
  const std::vector<std::string>& topics = cluster_.sender(producer).topics;
  std::vector<model::TopicPartition> all;
  for (const model::TopicPartition& name : availability_.partitions()) {
    const bool its = std::find(topics.begin(), topics.end(), name.topic) != topics.end();
    if (its) all.push_back(name);
  }
  return all;
}

/// Records that wait for their acknowledgment still.
void Effects::add_pending(FaultIndex fault, Tally& tally) const {
  for (const auto& [producer, all] : sent_) {
    Time oldest = never;
    all.for_each(
        [&oldest](std::int64_t, std::int64_t, Time since) { oldest = std::min(oldest, since); });
    if (oldest == never) continue;
    const Duration wait = world_.now() - oldest;
    if (wait < worth_telling || behind_wait(producer, partitions_of(producer), oldest) != fault) {
      continue;
    }
    tally.producer_waited = std::max(tally.producer_waited, wait);
  }
}

/// Errors that brokers answer, and those of clients' own rules, are events (error_spells.h). What a
/// broken connection leaves unanswered, and how a group rebalances, is told by what caused it.
void Effects::on_client_error(const model::ClientError& error) {
  using Source = model::ClientError::Source;
  const bool is_told = error.source == Source::response || error.source == Source::client;
  if (is_told && error.error != model::ErrorCode::rebalance_in_progress) return;
  const std::optional<FaultIndex> fault = fault_of(world_.cause());
  if (!fault) return;
  const std::string_view name =
      error.exception.empty() ? model::to_text(error.error) : error.exception;
  tally(*fault).errors.insert(fmt::format("{} {}", error.api, name));
}

// --- Outages ---

/// That began when the fault struck, and what is gone because of it.
void Effects::add_outages(FaultIndex fault, Tally& tally) const {
  const auto struck = struck_.find(fault);
  if (struck == struck_.end()) return;
  for (const model::TopicPartition& name : availability_.partitions()) {
    Duration longest{0};
    for (const Side side : {Side::produce, Side::fetch}) {
      for (const Availability::Outage& outage : availability_.outages(name, side)) {
        if (outage.begin != struck->second || !outage.of_brokers) continue;
        longest = std::max(longest, outage.end - outage.begin);
      }
    }
    if (longest >= harmful_outage) add(tally, Effect::unavailable, 1, longest);
  }
  for (const Quorum::Outage& outage : quorum_.outages()) {
    const Duration length = outage.end - outage.begin;
    if (outage.begin == struck->second && length >= harmful_outage) {
      add(tally, Effect::no_quorum, 1, length);
    }
  }
  for (const Silent& silent : silent_) {
    if (silent.fault != fault || silent.stands_still || silent.role != Role::broker) continue;
    if (!holds_anything(silent.name)) continue;
    insert(tally.brokers_gone, silent.name);
    add(tally, Effect::broker_gone);
  }
}

// --- What it found ---

Effects::Found Effects::of(FaultIndex fault) const {
  std::map<FaultIndex, Tally> tallies = tallies_;
  for (const sim::Transfer& transfer : cluster_.network().undelivered()) {
    on_undelivered(transfer, tallies);
  }
  Tally& tally = tallies[fault];
  for (const Silent& silent : silent_) {
    if (silent.fault == fault) end_silence(silent, tally, world_.now());
  }
  add_outages(fault, tally);
  add_pending(fault, tally);
  if (!tally.errors.empty()) {
    add(tally, Effect::error_answered, static_cast<std::int64_t>(tally.errors.size()));
  }
  for (const Watched& watched : watched_) {
    if (watched.fault != fault) continue;
    const std::vector<std::int64_t> grown = watched.now();
    const bool all = std::all_of(grown.begin(), grown.end(), [](std::int64_t n) { return n > 0; });
    if (all) add(tally, watched.effect, grown.front());
  }
  Found found;
  for (std::size_t i = 0; i < tally.counts.size(); ++i) {
    const auto effect = static_cast<Effect>(i);
    if (tally.counts[i] == 0) continue;
    found.bit = found.bit || effect != Effect::session_expired || tally.a_session_counts;
    const auto names = [](const std::vector<std::string>& all) {
      return fmt::format("{}", fmt::join(all, ", "));
    };
    if (effect == Effect::session_expired) {
      found.told.push_back(phrase("ZooKeeper expired the session of {}", names(tally.sessions)));
    } else if (effect == Effect::broker_down) {
      found.told.push_back(phrase("{} went down", names(tally.brokers_down)));
    } else if (effect == Effect::broker_gone) {
      found.told.push_back(phrase("{} is down at the end", names(tally.brokers_gone)));
    } else if (effect == Effect::zookeeper_lost) {
      found.told.push_back(phrase("{} lost ZooKeeper", names(tally.lost_zookeeper)));
    } else if (effect == Effect::left_group) {
      found.told.push_back(phrase("{} dropped out of the group", names(tally.left)));
    } else if (effect == Effect::damage_met) {
      found.told.push_back(phrase("the damage in {} was met", tally.damage));
    } else if (const auto told = told_as(effect, tally.counts[i], tally.longest[i])) {
      found.told.push_back(*told);
    }
  }
  if (tally.producer_waited >= worth_telling) {
    found.told.push_back(phrase("acknowledgments waited up to {}", rounded(tally.producer_waited)));
  }
  if (tally.consumer_waited >= worth_telling) {
    found.told.push_back(phrase("consumers waited up to {}", rounded(tally.consumer_waited)));
  }
  return found;
}

}  // namespace brokerlab::scenarios
