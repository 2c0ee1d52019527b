// A run that is simulated live: at a pace, into a recording that grows, and asked to do things
// while it goes on. It is still a pure function of its scenario: each deed is put into the scenario
// at the present moment, the run is repeated with it up to there, as fast as it can, and goes on
// from there. So what was seen stays true, and what is saved in the end is an ordinary scenario.
//
//   FILE.run                 the recording, once the run is over
//   FILE.run.live            the channel (recording/live_channel.h), while it goes on
//   FILE.run.actions.jsonl   the action log: the scenario on the first line, then a deed a line
//   FILE.run.lifeN.writing   the recording of the N-th run, which grows
//
// Commands, each a JSON object:
//   {"do": DEED}       cli/deeds.h; done at the present moment
//   {"pace": 4}        simulated seconds a second, from 0.1 to 1000
//   {"pause": true}    time stands still, or goes on (false)
//   {"save": PATH}     the scenario with all that was done
//   {"finish": true}   the rest without a pace
//
// Lifetime: ends the run that it has begun. Threads: none; each run is a process of its own.
// Errors:   what a command got wrong is its answer; what ends the session is a sentence.
#pragma once

#include "base/json_text.h"
#include "base/result.h"
#include "recording/live_channel.h"
#include "scenarios/description.h"

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

namespace brokerlab::cli {

/// Simulated seconds a second. At the slowest a recording grows by a quarter of a second.
inline constexpr double slowest_pace = 0.1;
inline constexpr double fastest_pace = 1000;

struct Action {
  Time at{};
  std::string deed;  ///< JSON.
};

struct ActionLog {
  std::string scenario;  ///< As JSON, before anything was done.
  std::vector<Action> actions;

  static std::string path_of(const std::string& recording) { return recording + ".actions.jsonl"; }
  static Result<ActionLog, std::string> read(const std::string& path);
};

class LiveSession {
 public:
  /// Begins to simulate into the recording at `path`. `folder`: of the scenario's data files.
  /// `done`: what was done in an earlier session, to be done again.
  static Result<LiveSession, std::string> begin(const scenarios::Scenario& scenario,
                                                const std::string& folder, const std::string& path,
                                                const recording::LiveWish& wish,
                                                const std::vector<Action>& done = {});
  LiveSession(LiveSession&& other) noexcept;
  LiveSession& operator=(LiveSession&&) = delete;
  ~LiveSession();

  /// Answers what was asked meanwhile and looks after the run. False: it is over.
  bool look();
  /// The rest without a pace.
  void finish();

  const recording::LiveState& state() const { return state_; }
  recording::LiveWish wish() const { return wish_; }
  std::size_t actions() const { return actions_.size(); }
  /// Once it is over: how the run exited (its verdict), or more than 2 with state().problem.
  int status() const { return status_; }
  const std::string& report() const { return report_; }  ///< Its text.

 private:
  struct Paths {
    std::string recording;
    std::string folder;
  };
  LiveSession(recording::LiveChannel channel, Paths paths, std::string scenario,
              scenarios::Scenario loaded);
  std::string life_path(int life) const;
  Status<std::string> start_life(Time present);
  void end_life();
  recording::LiveAnswer obey(const std::string& words);
  recording::LiveAnswer act(const std::string& words);
  Status<std::string> write_action(const Action& action) const;
  void bury(int status);

  recording::LiveChannel channel_;
  Paths paths_;
  std::string original_;  ///< The scenario before anything was done, as JSON.
  std::string scenario_;  ///< With all that was done.
  scenarios::Scenario loaded_;
  std::vector<Action> actions_;
  recording::LiveState state_;
  recording::LiveWish wish_;
  pid_t child_ = -1;
  int said_ = -1;  ///< What the child says at its end: a file in memory.
  int life_ = 0;
  int shown_life_ = 0;  ///< Whose recording is seen; older ones have been removed.
  int status_ = 0;
  std::string report_;
};

}  // namespace brokerlab::cli
