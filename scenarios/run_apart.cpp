#include "scenarios/runner.h"

#include <sys/wait.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <iostream>
#include <unistd.h>

namespace brokerlab::scenarios {
namespace {

/// Ends the child without the parent's destructors: the engine and the files are the parent's.
[[noreturn]] void answer(int pipe_end, char kind, const std::string& text) {
  const std::string all = kind + text;
  for (std::size_t done = 0; done < all.size();) {
    const ssize_t wrote = write(pipe_end, all.data() + done, all.size() - done);
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote <= 0) _exit(1);
    done += static_cast<std::size_t>(wrote);
  }
  _exit(0);
}

std::string read_all(int pipe_end) {
  std::string text;
  char buffer[65536];
  while (true) {
    const ssize_t got = read(pipe_end, buffer, sizeof buffer);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return text;
    text.append(buffer, static_cast<std::size_t>(got));
  }
}

}  // namespace

Result<std::string, std::string> run_apart(const Scenario& scenario, const std::string& record) {
  int ends[2];
  if (pipe(ends) != 0) return fail(std::string("no pipe: ") + std::strerror(errno));
  std::cout.flush();  // or the child would print it again
  std::fflush(nullptr);
  const pid_t child = fork();
  if (child < 0) return fail(std::string("no process: ") + std::strerror(errno));
  if (child == 0) {
    close(ends[0]);
    const auto report = run(scenario, {.record = record, .progress = {}});
    if (!report) answer(ends[1], 'e', report.error());
    answer(ends[1], 'r', report->json());
  }
  close(ends[1]);
  const std::string text = read_all(ends[0]);
  close(ends[0]);
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0 || text.empty()) {
    return fail(fmt::format("the run of {} ended abnormally", scenario.name));
  }
  if (text.front() == 'e') return fail(text.substr(1));
  return text.substr(1);
}

}  // namespace brokerlab::scenarios
