// Another of brokerlab's programs at work while the window goes on: a run that is forked, a film.
//
// Lifetime: owns the process; one that is still at work is ended (SIGTERM), and removes what it
//           has not finished. Threads: none. Errors: returned, or in the outcome.
#pragma once

#include "base/result.h"

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

namespace brokerlab::viz {

class Child {
 public:
  struct Outcome {
    int status = 0;     ///< As it exited; 128 and its number for a signal.
    std::string words;  ///< The last line that it said.
  };

  /// A program that stands beside this one.
  static Result<Child, std::string> start(const std::string& program,
                                          const std::vector<std::string>& arguments);
  Child(Child&& other) noexcept;
  Child& operator=(Child&& other) noexcept;
  ~Child();

  /// How it ended, once; nothing while it is at work.
  std::optional<Outcome> outcome();

 private:
  Child() = default;
  pid_t process_ = -1;
  int said_ = -1;
};

}  // namespace brokerlab::viz
