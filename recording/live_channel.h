// The channel between a run that is simulated live and who watches it: how far it is, what it is
// asked to do, and what it says to that. A small SQLite file beside the recording, so that it needs
// no port, works whatever the length of the path, and either side may end at any moment.
//
//   state(id=1, json)                   one row, written by who simulates: LiveState
//   wish(id=1, json)                    one row, the pace: LiveWish
//   command(id, words, done, answer)    words: a JSON object, by who watches; done, answer: NULL
//                                       until who simulates has answered
//
// What may be asked for is said by who answers (cli/live_session.h).
//
// Lifetime: owns its connection; who created it has it locked (flock), which tells that somebody
// simulates, and removes it in the end. Not to be kept over a fork().
// Threads:  none. Any number of processes.
// Errors:   create() and join() return a sentence. After that a file that was taken away or is
//           damaged reads as nothing said; what is written then is lost.
#pragma once

#include "base/result.h"
#include "base/units.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace brokerlab::recording {

struct LiveState {
  /// catching_up: something was done, and the run is repeated with it up to the present; what was
  /// recorded before stays to be seen meanwhile. finishing: the rest goes as fast as it can.
  enum class Doing { catching_up, running, finishing, ended };
  Doing doing = Doing::catching_up;
  std::string recording;  ///< To be read with Reader::open_growing(); "": nothing yet.
  int life = 0;           ///< Of how many runs this is one: from 1, one more for each deed.
  Time now{};             ///< Up to here it is recorded.
  Time present{};         ///< While it catches up: where the present is.
  std::string problem;    ///< Why it ended early, one sentence.

  bool operator==(const LiveState&) const = default;
};

/// At which pace time is to pass: simulated seconds a second.
struct LiveWish {
  double pace = 1;
  bool paused = false;
  bool full_speed = false;  ///< To the end, without a pace.

  bool operator==(const LiveWish&) const = default;
};

struct LiveCommand {
  std::int64_t id = 0;
  std::string words;
};
struct LiveAnswer {
  bool done = false;
  std::string words;  ///< One sentence for the user.
};

class LiveChannel {
 public:
  /// Of the recording at that path, by who simulates. An error: somebody does so already, or the
  /// file cannot be written.
  static Result<LiveChannel, std::string> create(const std::string& recording);
  /// Of the session that somebody else has created.
  static Result<LiveChannel, std::string> join(const std::string& recording);
  static std::string path_of(const std::string& recording) { return recording + ".live"; }

  LiveChannel(LiveChannel&&) noexcept;
  LiveChannel& operator=(LiveChannel&&) noexcept;
  ~LiveChannel();

  // --- Who simulates ---
  void tell(const LiveState& state);
  void wish(const LiveWish& wish);
  std::vector<LiveCommand> unanswered() const;
  void answer(std::int64_t command, const LiveAnswer& answer);

  // --- Who watches ---
  /// Nothing: the file is gone or unreadable.
  std::optional<LiveState> state() const;
  LiveWish wish() const;
  /// Whether whoever created it is still there.
  bool simulated() const;
  /// The command's number, for answer_to(); nothing: it could not be asked.
  std::optional<std::int64_t> ask(std::string_view words);
  std::optional<LiveAnswer> answer_to(std::int64_t command) const;

 private:
  struct State;
  explicit LiveChannel(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace brokerlab::recording
