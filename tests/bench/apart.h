// Measures something in a process of its own: SimGrid's engine is one a process, and its platform
// that of the first network. A child has what its parent had, so whatever has a network runs here,
// and benchmarks may come in any order.
#pragma once

#include <sys/wait.h>

#include <ctime>
#include <optional>
#include <type_traits>
#include <unistd.h>

namespace brokerlab::bench {

inline double cpu_seconds() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

/// The figures, an array, that `measure` returns in the child; nothing when it died.
template <class Measure>
std::optional<std::invoke_result_t<Measure>> apart(const Measure& measure) {
  using Figures = std::invoke_result_t<Measure>;
  static_assert(std::is_trivially_copyable_v<Figures>);
  int ends[2];
  if (pipe(ends) != 0) return {};
  const pid_t child = fork();
  if (child == 0) {
    const Figures figures = measure();
    _exit(write(ends[1], figures.data(), sizeof figures) == sizeof figures ? 0 : 1);
  }
  close(ends[1]);
  Figures figures{};
  const bool read_all = read(ends[0], figures.data(), sizeof figures) == sizeof figures;
  close(ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  if (!read_all) return {};
  return figures;
}

}  // namespace brokerlab::bench
