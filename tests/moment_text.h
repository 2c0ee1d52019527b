// A moment of the viewer in words, to compare two; and what the recording's facts say of a time
// when all of them are read from the first on, as one does who plays.
#pragma once

#include "base/check.h"
#include "base/random.h"
#include "recording/rows.h"
#include "viz/viewer.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

namespace brokerlab::tests {

inline std::string text_of(const recording::ClusterState& state) {
  std::string all;
  for (const auto& [id, on] : state.machine_on) all += fmt::format("m{}={} ", id, on);
  for (const auto& [id, paths] : state.paths) {
    all += fmt::format("w{}={}{}{}{} ", id, static_cast<int>(paths.peers),
                       static_cast<int>(paths.clients), paths.lossy, paths.late);
  }
  for (const auto& [id, runs] : state.process_running) all += fmt::format("p{}={} ", id, runs);
  for (const auto& [id, broker] : state.brokers) {
    all += fmt::format("b{}={}{} ", id, broker.controller, broker.registered);
  }
  for (const auto& [id, role] : state.zookeeper_role) all += fmt::format("z{}={} ", id, role);
  for (const auto& [id, one] : state.partitions) {
    all += fmt::format("t{}={} {} {} {} {} ", id, one.leader, one.epoch, one.isr, one.replicas,
                       one.high_watermark.value_or(-1));
  }
  for (const auto& [key, end] : state.log_end_offset) {
    all += fmt::format("l{}/{}={} ", key.first, key.second, end);
  }
  for (const auto& [name, group] : state.groups) {
    all += fmt::format("g{}={} {} {} {} ", name, group.state, group.generation, group.members,
                       group.lag.value_or(-1));
  }
  for (const auto& [name, ids] : state.assignment) all += fmt::format("a{}={} ", name, ids);
  return all;
}

inline std::string text_of(const viz::Moment& moment) {
  std::string all = text_of(moment.state);
  for (const auto& flight : moment.flights) all += fmt::format("f{} ", flight.id);
  return all;
}

/// Plays the facts of a recording from its start.
class FactPlayer {
 public:
  explicit FactPlayer(const recording::Rows& rows)
      : cursor_(rows.select("SELECT t, subject, attribute, value FROM fact ORDER BY id")),
        more_(cursor_.next()) {}

  /// `t` never falls from call to call.
  recording::ClusterState at(Time t) {
    for (; more_ && Time(Duration(cursor_.integer(0))) <= t; more_ = cursor_.next()) {
      facts_[std::string(cursor_.text(1))][std::string(cursor_.text(2))] = cursor_.text(3);
    }
    return recording::to_cluster_state(facts_);
  }

 private:
  recording::Rows::Cursor cursor_;
  bool more_;
  recording::Facts facts_;
};

/// The moments at which jumping to and fro does not show what playing does; 200 are tried.
inline std::vector<Time> unlike_when_played(const std::string& path, RandomStream random) {
  const auto open = [&] {
    auto viewer = viz::Viewer::open(path);
    ENSURE(viewer.ok(), "{}", viewer.error());
    return std::move(viewer).value();
  };
  viz::Viewer played = open();
  viz::Viewer scrubbed = open();
  const Duration run = played.run().duration;
  std::vector<Time> moments;
  for (int i = 0; i < 200; ++i) {
    moments.emplace_back(
        Duration(static_cast<std::int64_t>(random.uniform(0, static_cast<double>(run.count())))));
  }
  std::map<Time, std::string> jumped;
  for (const Time t : moments) {
    seek(scrubbed.view(), t, run);
    jumped[t] = text_of(scrubbed.moment());
  }
  const auto rows = recording::Rows::open(path);
  ENSURE(rows.ok(), "{}", rows.error());
  FactPlayer facts(*rows);
  std::vector<Time> unlike;
  played.view().slow_motion = false;
  played.view().playing = true;
  for (const auto& [t, text] : jumped) {
    // Frames of all lengths lie between.
    while (played.view().time < t) {
      const Duration left = t - played.view().time;
      const Duration frame = std::min(left, from_seconds(random.uniform(0.01, 9)));
      advance(played.view(), to_seconds(frame), run);
      if (to_seconds(frame) < 1e-6) seek(played.view(), t, run);
      played.moment();
    }
    seek(played.view(), t, run);  // A frame's length in seconds is rounded.
    if (text_of(played.moment()) != text ||
        text_of(facts.at(t)) != text_of(played.moment().state)) {
      unlike.push_back(t);
    }
  }
  return unlike;
}

}  // namespace brokerlab::tests
