// Runs something in a process of its own and brings back its text, and what failed in it.
//
// SimGrid's clock outlives a World, so a second World in one process starts at another reading of
// it, and a double rounds differently there. "The same run" therefore means: in a fresh process.
//
// Assertions may stand in the child: those that fail there fail in the parent, with their text; a
// REQUIRE ends the child's work, and so does an exception. Nothing of the child's goes on into its
// copy of the test program.
#pragma once

#include "tests/failures.h"

#include <catch2/catch.hpp>
#include <fmt/format.h>
#include <sys/wait.h>

#include <fcntl.h>
#include <functional>
#include <iostream>
#include <string>
#include <unistd.h>

namespace brokerlab::tests {

struct ChildReport {
  std::string text;
  std::string failures;  ///< One after the other; "" when nothing failed.
};

namespace child {

inline void write_all(int to, std::string_view text) {
  while (!text.empty()) {
    const ssize_t wrote = write(to, text.data(), text.size());
    if (wrote <= 0) _exit(1);
    text.remove_prefix(static_cast<std::size_t>(wrote));
  }
}

inline std::string read_all(int from) {
  std::string text;
  char buffer[65536];
  for (ssize_t got = 0; (got = read(from, buffer, sizeof buffer)) > 0;) {
    text.append(buffer, static_cast<std::size_t>(got));
  }
  return text;
}

/// In the child; ends it.
[[noreturn]] inline void work_and_tell(const std::function<std::string()>& work, int to) {
  // The parent reports what fails here, once.
  dup2(open("/dev/null", O_WRONLY), STDOUT_FILENO);
  const std::size_t before = failed_assertions().size();
  ChildReport report;
  try {
    report.text = work();
  } catch (const Catch::TestFailureException&) {  // a REQUIRE, which is among the failed ones
  } catch (const std::exception& error) {
    report.failures += fmt::format("an exception left the child: {}\n", error.what());
  } catch (...) {
    report.failures += "an exception left the child\n";
  }
  for (std::size_t i = before; i < failed_assertions().size(); ++i) {
    report.failures += failed_assertions()[i] + "\n";
  }
  write_all(to, fmt::format("{} ", report.text.size()));
  write_all(to, report.text);
  write_all(to, report.failures);
  _exit(0);  // no destructors of the parent's: the engine is shared with nobody
}

}  // namespace child

/// For those who expect failures; all others use in_child().
inline ChildReport run_in_child(const std::function<std::string()>& work) {
  int ends[2];
  REQUIRE(pipe(ends) == 0);
  std::cout.flush();  // or the child would print it again
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    close(ends[0]);
    child::work_and_tell(work, ends[1]);
  }
  close(ends[1]);
  const std::string told = child::read_all(ends[0]);
  close(ends[0]);
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  if (WIFSIGNALED(status)) {
    return {"", fmt::format("signal {} ended the child\n", WTERMSIG(status))};
  }
  if (WEXITSTATUS(status) != 0 || told.empty()) {
    return {"", fmt::format("the child exited with {}\n", WEXITSTATUS(status))};
  }
  const std::size_t space = told.find(' ');
  const std::size_t size = std::stoul(told.substr(0, space));
  REQUIRE(told.size() >= space + 1 + size);
  return {told.substr(space + 1, size), told.substr(space + 1 + size)};
}

inline std::string in_child(const std::function<std::string()>& work) {
  ChildReport report = run_in_child(work);
  INFO("in the child:\n" << report.failures);
  REQUIRE(report.failures.empty());
  return std::move(report.text);
}

}  // namespace brokerlab::tests
