// ENSURE: what must hold unless brokerlab itself is wrong. Checked in every build.
//
// Three kinds of wrong have three answers in this project: what the simulated or the real world
// does is a returned value (base/result.h), what a user got wrong is a list of messages
// (base/problem.h), and what we got wrong stops the program here with the place and the values.
//
// (Not named CHECK: that name belongs to Catch2 in every test.)
#pragma once

#include <fmt/format.h>

#include <string_view>

namespace brokerlab::detail {

/// Prints the failed condition, its place and the message to standard error, then aborts.
[[noreturn]] void ensure_failed(const char* file, int line, const char* condition,
                                std::string_view message);

template <class... Args>
[[noreturn]] void ensure_failed_with(const char* file, int line, const char* condition,
                                     fmt::format_string<Args...> format, Args&&... args) {
  ensure_failed(file, line, condition, fmt::format(format, std::forward<Args>(args)...));
}

}  // namespace brokerlab::detail

/// ENSURE(condition) or ENSURE(condition, "format {}", values...): stops the program when false.
#define ENSURE(condition, ...)                                                                 \
  do {                                                                                         \
    if (!(condition)) [[unlikely]] {                                                           \
      ::brokerlab::detail::ensure_failed_with(__FILE__, __LINE__, #condition, "" __VA_ARGS__); \
    }                                                                                          \
  } while (false)

/// The line that can never be reached.
#define UNREACHABLE(...) \
  ::brokerlab::detail::ensure_failed_with(__FILE__, __LINE__, "unreachable", "" __VA_ARGS__)
