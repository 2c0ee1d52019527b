// Result<T, E> and Status<E>: what the world may do to a call, as a returned value.
//
// A Result holds either a value or an error; reading the wrong one is our bug and stops the
// program. Build errors with fail(error) so that T and E may be the same type.
#pragma once

#include "base/check.h"

#include <concepts>
#include <optional>
#include <type_traits>
#include <utility>
#include <variant>

namespace brokerlab {

/// An error on its way into a Result or a Status.
template <class E>
struct Failure {
  E error;
};

template <class E>
Failure<std::decay_t<E>> fail(E&& error) {
  return {std::forward<E>(error)};
}

template <class T, class E>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  template <class F>
  requires std::convertible_to<F, E> Result(Failure<F> failure)
      : state_(std::in_place_index<1>, std::move(failure.error)) {}

  bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }

  T& value() & {
    ENSURE(ok(), "value() of a failed Result");
    return std::get<0>(state_);
  }
  const T& value() const& {
    ENSURE(ok(), "value() of a failed Result");
    return std::get<0>(state_);
  }
  T&& value() && {
    ENSURE(ok(), "value() of a failed Result");
    return std::get<0>(std::move(state_));
  }
  const E& error() const {
    ENSURE(!ok(), "error() of a successful Result");
    return std::get<1>(state_);
  }

  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

 private:
  std::variant<T, E> state_;
};

template <class E>
class [[nodiscard]] Status {
 public:
  /// Not defaulted: `return {}` would first write zeros over the room of an error.
  Status() noexcept {}  // NOLINT(modernize-use-equals-default)
  template <class F>
  requires std::convertible_to<F, E> Status(Failure<F> failure)
      : error_(std::move(failure.error)) {}

  bool ok() const { return !error_.has_value(); }
  explicit operator bool() const { return ok(); }
  const E& error() const {
    ENSURE(!ok(), "error() of a successful Status");
    return *error_;
  }

 private:
  std::optional<E> error_;
};

}  // namespace brokerlab
