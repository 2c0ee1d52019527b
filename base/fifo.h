// Fifo<T>: first come, first out, in one piece of memory, none while nothing has come. (A
// std::deque takes 600 bytes before its first item, which is much where a queue is made for each
// request.)
//
// Threads: none. Cost: constant on the average. Errors: the front of an empty one is a bug.
#pragma once

#include "base/check.h"

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <utility>
#include <vector>

namespace brokerlab {

template <class T>
class Fifo {
 public:
  Fifo() = default;
  Fifo(Fifo&& other) noexcept
      : items_(std::move(other.items_)), begin_(std::exchange(other.begin_, 0)) {}
  Fifo& operator=(Fifo&& other) noexcept {
    items_ = std::move(other.items_);
    begin_ = std::exchange(other.begin_, 0);
    other.items_.clear();
    return *this;
  }

  bool empty() const { return begin_ == items_.size(); }
  std::size_t size() const { return items_.size() - begin_; }
  auto begin() { return items_.begin() + offset(); }
  auto end() { return items_.end(); }
  auto begin() const { return items_.begin() + offset(); }
  auto end() const { return items_.end(); }
  T& front() {
    ENSURE(!empty());
    return items_[begin_];
  }
  const T& front() const { return const_cast<Fifo*>(this)->front(); }
  T& back() {
    ENSURE(!empty());
    return items_.back();
  }

  void push_back(T item) { items_.push_back(std::move(item)); }
  void pop_front() {
    ENSURE(!empty());
    if (++begin_ == items_.size()) {
      clear();
    } else if (begin_ >= few && begin_ >= items_.size() / 2) {
      std::vector<T> left(std::make_move_iterator(begin()), std::make_move_iterator(end()));
      items_.swap(left);
      begin_ = 0;
    } else {
      [[maybe_unused]] const T gone = std::move(items_[begin_ - 1]);
    }
  }
  void clear() {
    items_.clear();
    begin_ = 0;
  }
  template <class Predicate>
  void erase_if(Predicate predicate) {
    items_.erase(std::remove_if(begin(), end(), predicate), end());
    if (empty()) clear();
  }

 private:
  static constexpr std::size_t few = 16;
  auto offset() const { return static_cast<std::ptrdiff_t>(begin_); }

  std::vector<T> items_;
  std::size_t begin_ = 0;  ///< Those before it have been taken.
};

}  // namespace brokerlab
