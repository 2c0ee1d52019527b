// Runs something in a process of its own and brings back its text.
//
// SimGrid's clock outlives a World, so a second World in one process starts at another reading of
// it, and a double rounds differently there. "The same run" therefore means: in a fresh process.
#pragma once

#include <catch2/catch.hpp>
#include <sys/wait.h>

#include <functional>
#include <iostream>
#include <string>
#include <unistd.h>

namespace brokerlab::tests {

inline std::string in_child(const std::function<std::string()>& work) {
  int ends[2];
  REQUIRE(pipe(ends) == 0);
  std::cout.flush();  // or the child would print it again
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    close(ends[0]);
    const std::string text = work();
    for (std::size_t done = 0; done < text.size();) {
      const ssize_t wrote = write(ends[1], text.data() + done, text.size() - done);
      if (wrote <= 0) _exit(1);
      done += static_cast<std::size_t>(wrote);
    }
    _exit(0);  // no destructors of the parent's: the engine is shared with nobody
  }
  close(ends[1]);
  std::string text;
  char buffer[65536];
  while (true) {
    const ssize_t got = read(ends[0], buffer, sizeof buffer);
    if (got <= 0) break;
    text.append(buffer, static_cast<std::size_t>(got));
  }
  close(ends[0]);
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  REQUIRE(WIFEXITED(status));
  REQUIRE(WEXITSTATUS(status) == 0);
  return text;
}

}  // namespace brokerlab::tests
