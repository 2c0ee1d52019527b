// RangeMap<V>: a value for each number of some ranges, kept by range: cost goes with ranges, not
// with numbers.
//
//   RangeMap<Sent> sent;  sent.assign(0, 1000, first);  sent.erase(10, 20);
//   sent.for_each(5, 15, [](std::int64_t begin, std::int64_t end, const Sent& of_begin) { ... });
//
// What a value says of a range's later numbers: the same, or, when it has `V after(n) const`, what
// that gives for the n-th. Neighbours that go on so are made one when V can be compared.
//
// Threads: none. Errors: an empty or backward range is a bug.
#pragma once

#include "base/check.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <type_traits>
#include <utility>

namespace brokerlab {

template <class V>
class PackedRangeMap;

template <class V>
class RangeMap {
 public:
  using Number = std::int64_t;
  static constexpr Number no_end = std::numeric_limits<Number>::max();

  bool empty() const { return pieces_.empty(); }
  std::size_t ranges() const { return pieces_.size(); }
  /// How many numbers have a value, or of those in [begin, end).
  std::int64_t count() const { return count_; }
  std::int64_t count(Number begin, Number end) const {
    std::int64_t found = 0;
    for_each(begin, end, [&found](Number from, Number to, const V&) { found += to - from; });
    return found;
  }

  std::optional<V> at(Number number) const {
    auto next = pieces_.upper_bound(number);
    if (next == pieces_.begin()) return std::nullopt;
    --next;
    if (number >= next->second.end) return std::nullopt;
    return shifted(next->second.value, number - next->first);
  }
  bool contains(Number number) const { return at(number).has_value(); }
  /// The first that has a value, and behind the last; not of an empty one.
  Number begin() const { return pieces_.begin()->first; }
  Number end() const { return std::prev(pieces_.end())->second.end; }

  /// Calls `f(begin, end, value of begin)` for what lies in [begin, end), in order. When it returns
  /// bool, false ends it.
  template <class F>
  void for_each(Number begin, Number end, F f) const {
    for (auto piece = touching(begin); piece != pieces_.end() && piece->first < end; ++piece) {
      const Number from = std::max(begin, piece->first);
      const Number to = std::min(end, piece->second.end);
      if (from >= to) continue;
      if (!call(f, from, to, shifted(piece->second.value, from - piece->first))) return;
    }
  }
  template <class F>
  void for_each(F f) const {
    for_each(std::numeric_limits<Number>::min(), no_end, std::move(f));
  }
  /// The same of the ranges that begin at `begin` or later, whole.
  template <class F>
  void for_each_from(Number begin, F f) const {
    for (auto piece = pieces_.lower_bound(begin); piece != pieces_.end(); ++piece) {
      if (!call(f, piece->first, piece->second.end, piece->second.value)) return;
    }
  }
  /// The same of all, backwards.
  template <class F>
  void for_each_backwards(F f) const {
    for (auto piece = pieces_.rbegin(); piece != pieces_.rend(); ++piece) {
      if (!call(f, piece->first, piece->second.end, piece->second.value)) return;
    }
  }
  /// Calls `f(begin, end)` for what of [begin, end) has no value.
  template <class F>
  void for_each_gap(Number begin, Number end, F f) const {
    for_each(begin, end, [&begin, &f](Number from, Number to, const V&) {
      if (begin < from) f(begin, from);
      begin = to;
    });
    if (begin < end) f(begin, end);
  }

  /// Takes the first `most` ranges out, and calls `f` for each.
  template <class F>
  void take_front(std::size_t most, F f) {
    for (; most > 0 && !pieces_.empty(); --most) {
      const auto first = pieces_.begin();
      f(first->first, first->second.end, std::as_const(first->second.value));
      count_ -= first->second.end - first->first;
      pieces_.erase(first);
    }
  }
  /// `value` is that of `begin`; whatever was there is gone.
  void assign(Number begin, Number end, V value) {
    ENSURE(begin < end, "[{}, {})", begin, end);
    // Mostly behind all others.
    if (!pieces_.empty() && begin < std::prev(pieces_.end())->second.end) erase(begin, end);
    count_ += end - begin;
    auto next = pieces_.lower_bound(begin);
    if (next != pieces_.begin()) {
      const auto before = std::prev(next);
      if (goes_on(before, begin, value)) {
        before->second.end = end;
        join(before, next);
        return;
      }
    }
    next = pieces_.emplace_hint(next, begin, Piece{end, std::move(value)});
    join(next, std::next(next));
  }

  void erase(Number begin, Number end) {
    if (begin >= end) return;
    auto piece = touching(begin);
    while (piece != pieces_.end() && piece->first < end) {
      const Number from = piece->first;
      const Number to = piece->second.end;
      if (to <= begin) {
        ++piece;
        continue;
      }
      count_ -= std::min(to, end) - std::max(from, begin);
      if (to > end) {
        pieces_.emplace_hint(std::next(piece), end,
                             Piece{to, shifted(piece->second.value, end - from)});
      }
      if (from < begin) {
        piece->second.end = begin;
        ++piece;
      } else {
        piece = pieces_.erase(piece);
      }
      if (to >= end) return;
    }
  }

 private:
  friend PackedRangeMap<V>;
  struct Piece {
    Number end;
    V value;
  };
  using Pieces = std::map<Number, Piece>;

  static V shifted(const V& value, Number by) {
    if constexpr (requires { value.after(by); }) {
      return by == 0 ? value : value.after(by);
    } else {
      return value;
    }
  }
  template <class F>
  static bool call(F& f, Number from, Number to, const V& value) {
    if constexpr (std::is_same_v<std::invoke_result_t<F&, Number, Number, const V&>, bool>) {
      return f(from, to, value);
    } else {
      f(from, to, value);
      return true;
    }
  }
  typename Pieces::const_iterator touching(Number number) const {
    auto next = pieces_.upper_bound(number);
    return next == pieces_.begin() ? next : std::prev(next);
  }
  typename Pieces::iterator touching(Number number) {
    auto next = pieces_.upper_bound(number);
    return next == pieces_.begin() ? next : std::prev(next);
  }
  bool goes_on(typename Pieces::const_iterator before, Number begin, const V& value) const {
    if constexpr (std::equality_comparable<V>) {
      return before->second.end == begin &&
             shifted(before->second.value, begin - before->first) == value;
    } else {
      return false;
    }
  }
  void join(typename Pieces::iterator piece, typename Pieces::iterator next) {
    if (next == pieces_.end() || !goes_on(piece, next->first, next->second.value)) return;
    piece->second.end = next->second.end;
    pieces_.erase(next);
  }

  Pieces pieces_;  ///< By begin.
  std::int64_t count_ = 0;
};

/// Numbers of which is known only that they are in it.
class NumberSet {
 public:
  std::int64_t count() const { return map_.count(); }
  bool contains(std::int64_t number) const { return map_.contains(number); }
  /// How many of them were not in it before.
  std::int64_t add(std::int64_t begin, std::int64_t end) {
    const std::int64_t known = map_.count(begin, end);
    map_.assign(begin, end, Nothing{});
    return end - begin - known;
  }
  std::int64_t count(std::int64_t begin, std::int64_t end) const { return map_.count(begin, end); }
  /// Calls `f(begin, end)` for what of [begin, end) is not in it.
  template <class F>
  void for_each_gap(std::int64_t begin, std::int64_t end, F f) const {
    map_.for_each_gap(begin, end, std::move(f));
  }

 private:
  struct Nothing {
    bool operator==(const Nothing&) const = default;
  };
  RangeMap<Nothing> map_;
};

}  // namespace brokerlab
