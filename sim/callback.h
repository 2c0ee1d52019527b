// Callback: a move-only `void()` that keeps small captures without allocating.
//
// std::function must copy its captures and g++ 12 has no std::move_only_function.
#pragma once

#include "base/check.h"

#include <cstddef>
#include <cstring>
#include <new>
#include <type_traits>
#include <utility>

namespace brokerlab::sim {

class Callback {
 public:
  Callback() = default;

  template <class F>
  requires(!std::is_same_v<std::decay_t<F>, Callback> && std::is_invocable_v<F&>)
      Callback(F&& function) {  // NOLINT(bugprone-forwarding-reference-overload): not for Callback
    using Held = std::decay_t<F>;
    if constexpr (sizeof(Held) <= sizeof(buffer_) && alignof(Held) <= alignof(std::max_align_t) &&
                  std::is_nothrow_move_constructible_v<Held>) {
      new (buffer_) Held(std::forward<F>(function));
      constexpr auto call = [](void* at) { (*std::launder(static_cast<Held*>(at)))(); };
      if constexpr (std::is_trivially_copyable_v<Held> && std::is_trivially_destructible_v<Held>) {
        static constexpr Operations operations{call, nullptr, nullptr};
        operations_ = &operations;
      } else {
        static constexpr Operations operations{
            call,
            [](void* from, void* to) noexcept {
              Held* held = std::launder(static_cast<Held*>(from));
              new (to) Held(std::move(*held));
              held->~Held();
            },
            [](void* at) noexcept { std::launder(static_cast<Held*>(at))->~Held(); }};
        operations_ = &operations;
      }
    } else {
      auto* held = new Held(std::forward<F>(function));
      new (buffer_) Held*(held);
      static constexpr Operations operations{
          [](void* at) { (**std::launder(static_cast<Held**>(at)))(); },
          [](void* from, void* to) noexcept {
            new (to) Held*(*std::launder(static_cast<Held**>(from)));
          },
          [](void* at) noexcept { delete *std::launder(static_cast<Held**>(at)); }};
      operations_ = &operations;
    }
  }

  Callback(Callback&& other) noexcept { take(other); }
  Callback& operator=(Callback&& other) noexcept {
    if (this != &other) {
      reset();
      take(other);
    }
    return *this;
  }
  // The analyzer loses sight of what lies in the buffer.
  ~Callback() { reset(); }  // NOLINT(clang-analyzer-cplusplus.NewDeleteLeaks)

  explicit operator bool() const { return operations_ != nullptr; }
  void operator()() {
    ENSURE(operations_ != nullptr, "an empty Callback was called");
    operations_->call(buffer_);
  }

 private:
  struct Operations {
    void (*call)(void*);
    void (*move)(void*, void*) noexcept;  ///< nullptr: the bytes are copied.
    void (*destroy)(void*) noexcept;      ///< nullptr: nothing to do.
  };

  void take(Callback& other) noexcept {
    operations_ = std::exchange(other.operations_, nullptr);
    if (operations_ == nullptr) return;
    if (operations_->move == nullptr) {
      std::memcpy(buffer_, other.buffer_, sizeof(buffer_));
    } else {
      operations_->move(other.buffer_, buffer_);
    }
  }
  void reset() noexcept {
    if (operations_ != nullptr && operations_->destroy != nullptr) operations_->destroy(buffer_);
    operations_ = nullptr;
  }

  const Operations* operations_ = nullptr;
  alignas(std::max_align_t) std::byte buffer_[48];
};

}  // namespace brokerlab::sim
