// One record followed by its messages: from the producer to the leader, to the replicas, back as an
// acknowledgment, and to a consumer; where it travels, where it is worked on, where it waits.
//
// A recording has messages, not what is in them. So the replicas' way is told by the first fetch
// behind the record's arrival at the leader: on a busy partition that is the one that has it.
//
// Lifetime: values. Threads: none. Errors: none; nothing, when there is no such message.
#pragma once

#include "viz/run_data.h"

#include <optional>
#include <vector>

namespace brokerlab::viz {

/// What a stretch of time is spent on.
enum class Spent { way, work, wait };

struct Stage {
  Text what = Text::stage_to_leader;
  Spent on = Spent::way;
  int machine = 0;  ///< Where, or where to.
  Time from{};
  Time to{};
};

struct Journey {
  std::vector<recording::RecordedMessage> messages;  ///< In order of sending.
  std::vector<int> machines;                         ///< Producer, leader, replicas, consumer.
  std::vector<Stage> stages;                         ///< In order of time.
  Time from{};
  Time to{};
  std::optional<Time> committed;     ///< Every follower has asked for what is behind it.
  std::optional<Time> acknowledged;  ///< The producer knows.
  bool waited_for_replicas = false;  ///< The acknowledgment did: acks=all.
};

/// The record of the first produce request sent at t or later.
std::optional<Journey> follow(const recording::Reader& reader, const Run& run, Time t);

}  // namespace brokerlab::viz
