// A session that simulates while one watches (recording/live_channel.h): how far it is, and what
// the viewer asks of it. Asking never waits: the answer is taken at a later look.
//
// Lifetime: owns its connection. Threads: none. Errors: join() returns a sentence.
#pragma once

#include "recording/live_channel.h"
#include "recording/reader.h"

#include <optional>
#include <string>
#include <vector>

namespace brokerlab::viz {

class Live {
 public:
  /// Of the recording at that path. Waits until something of it can be seen.
  static Result<Live, std::string> join(const std::string& path);

  /// Lets so many seconds of the watcher pass. True: it has looked anew.
  bool look(double elapsed);
  const recording::LiveState& state() const { return state_; }
  /// Of the recording that is seen; it may be another one after a look.
  const std::string& recording() const { return state_.recording; }
  bool ended() const { return state_.doing == recording::LiveState::Doing::ended; }
  recording::LiveWish wish() const { return channel_.wish(); }

  /// A command, in JSON. False: nobody is there.
  bool ask(const std::string& words);
  /// What was said to what was asked; once.
  std::optional<recording::LiveAnswer> answer();

 private:
  explicit Live(recording::LiveChannel channel);

  recording::LiveChannel channel_;
  recording::LiveState state_;
  std::vector<std::int64_t> asked_;  ///< Not answered yet, the oldest first.
  double since_look_ = 0;
};

}  // namespace brokerlab::viz
