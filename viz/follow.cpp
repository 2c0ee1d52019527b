#include "viz/follow.h"

#include <algorithm>
#include <set>

namespace brokerlab::viz {
namespace {

using recording::RecordedMessage;

constexpr int all_of_them = 1'000'000'000;
constexpr std::size_t enough = 400'000;
constexpr Duration longest_wait = 150s;  // Beyond delivery.timeout.ms nobody waits any more.

// The messages from t on, read in longer and longer pieces until somebody has what he looks for.
class Ahead {
 public:
  Ahead(const recording::Reader& reader, Time from, Time end)
      : reader_(reader), read_to_(from), end_(std::min(end, from + longest_wait)) {}

  template <class Fits>
  std::optional<RecordedMessage> first(Time from, const Fits& fits) {
    std::size_t i = 0;
    while (true) {
      for (; i < messages_.size(); ++i) {
        if (messages_[i].sent >= from && fits(messages_[i])) return messages_[i];
      }
      if (read_to_ > end_ || messages_.size() > enough) return {};
      const auto more = reader_.messages(read_to_, read_to_ + piece_ - 1ns, all_of_them);
      messages_.insert(messages_.end(), more.begin(), more.end());
      read_to_ += piece_;
      piece_ = std::min<Duration>(piece_ * 3, 5s);
    }
  }

 private:
  const recording::Reader& reader_;
  Time read_to_;
  Time end_;
  Duration piece_ = 20ms;
  std::vector<RecordedMessage> messages_;
};

void add(Journey& journey, const RecordedMessage& message) {
  journey.messages.push_back(message);
  for (const int machine : {message.source, message.destination}) {
    if (std::find(journey.machines.begin(), journey.machines.end(), machine) ==
        journey.machines.end()) {
      journey.machines.push_back(machine);
    }
  }
}

void spend(Journey& journey, Text what, Spent on, int machine, Time from, Time to) {
  if (to > from) journey.stages.push_back({what, on, machine, from, to});
}

// To a follower and back. When the leader knows that it has the record; nothing: it never did.
std::optional<Time> replicate(Ahead& ahead, Journey& journey, int leader, int follower,
                              Time written) {
  const auto data = ahead.first(written, [&](const RecordedMessage& one) {
    return one.source == leader && one.destination == follower && one.kind == "Fetch response";
  });
  if (!data) return {};
  add(journey, *data);
  if (!data->arrived) return {};
  spend(journey, Text::stage_to_replica, Spent::way, follower, data->sent, *data->arrived);
  const auto next = ahead.first(*data->arrived, [&](const RecordedMessage& one) {
    return one.source == follower && one.destination == leader && one.kind == "Fetch";
  });
  if (!next) return {};
  add(journey, *next);
  spend(journey, Text::stage_replica_writes, Spent::work, follower, *data->arrived, next->sent);
  if (!next->arrived) return {};
  spend(journey, Text::stage_replica_tells, Spent::way, leader, next->sent, *next->arrived);
  return next->arrived;
}

}  // namespace

std::optional<Journey> follow(const recording::Reader& reader, const Run& run, Time t) {
  Ahead ahead(reader, t, Time(run.duration));
  const auto sent =
      ahead.first(t, [](const RecordedMessage& one) { return one.kind == "Produce"; });
  if (!sent) return {};
  Journey journey;
  journey.from = journey.to = sent->sent;
  const int leader = sent->destination;
  add(journey, *sent);
  const auto finish = [&] {
    for (const auto& message : journey.messages) {
      journey.to = std::max(journey.to, message.arrived.value_or(message.sent));
    }
    const auto by_time = [](const auto& a, const auto& b) { return a.sent < b.sent; };
    std::stable_sort(journey.messages.begin(), journey.messages.end(), by_time);
    std::stable_sort(journey.stages.begin(), journey.stages.end(),
                     [](const Stage& a, const Stage& b) { return a.from < b.from; });
    return journey;
  };
  if (!sent->arrived) return finish();
  spend(journey, Text::stage_to_leader, Spent::way, leader, sent->sent, *sent->arrived);
  const auto answer = ahead.first(*sent->arrived, [&](const RecordedMessage& one) {
    return one.exchange == sent->exchange && one.id != sent->id;
  });
  std::optional<Time> last_told;
  std::set<int> silent;
  for (const auto& broker : run.brokers) {
    if (broker.machine == leader) continue;
    const auto told = replicate(ahead, journey, leader, broker.machine, *sent->arrived);
    if (told) last_told = std::max(last_told.value_or(*told), *told);
    if (!told) silent.insert(broker.machine);
  }
  if (last_told && silent.size() + 2 <= run.brokers.size()) journey.committed = last_told;
  if (answer) {
    add(journey, *answer);
    const bool behind = journey.committed && answer->sent >= *journey.committed;
    journey.waited_for_replicas = behind;
    if (behind) {
      spend(journey, Text::stage_leader_waits, Spent::wait, leader, *sent->arrived,
            *journey.committed);
      spend(journey, Text::stage_leader_answers, Spent::work, leader, *journey.committed,
            answer->sent);
    } else {
      spend(journey, Text::stage_leader_writes, Spent::work, leader, *sent->arrived, answer->sent);
    }
    if (answer->arrived) {
      spend(journey, Text::stage_acknowledged, Spent::way, sent->source, answer->sent,
            *answer->arrived);
      journey.acknowledged = answer->arrived;
    }
  }
  std::set<int> readers;
  for (const Client& consumer : run.consumers) readers.insert(consumer.process.machine);
  if (!journey.committed) return finish();
  const auto read = ahead.first(*journey.committed, [&](const RecordedMessage& one) {
    return one.source == leader && readers.contains(one.destination) &&
           one.kind == "Fetch response";
  });
  if (read && read->arrived) {
    add(journey, *read);
    spend(journey, Text::stage_reader_waits, Spent::wait, leader, *journey.committed, read->sent);
    spend(journey, Text::stage_to_reader, Spent::way, read->destination, read->sent,
          *read->arrived);
  }
  return finish();
}

}  // namespace brokerlab::viz
