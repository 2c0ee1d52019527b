// PackedRangeMap<V>: a RangeMap (range_map.h) for millions of ranges, of which the latest ones are
// dealt with most: those that lie behind them are packed (packed_rows.h), 128 together.
//
//   struct Sent {
//     static constexpr std::size_t words = 2;
//     void to_words(std::uint64_t* words) const;  static Sent from_words(const std::uint64_t*
//     words);
//   };
//   PackedRangeMap<Sent> sent;  // as RangeMap<Sent>
//
// Ranges that are much like the ones before take few bytes: one that goes on where the last one
// ended, with numbers that differ by up to a thousand, takes two or three.
//
// Threads: none. Errors: as RangeMap. Cost: at the end as RangeMap; whatever reads or changes
// something further back unpacks, and packs again, up to two times 128 ranges.
#pragma once

#include "base/packed_rows.h"
#include "base/range_map.h"

#include <array>
#include <cstddef>
#include <span>
#include <vector>

namespace brokerlab {

template <class V>
class PackedRangeMap {
 public:
  using Number = std::int64_t;
  static constexpr Number no_end = RangeMap<V>::no_end;

  bool empty() const { return latest_.empty(); }
  std::size_t ranges() const { return packed_ranges_ + latest_.ranges(); }
  std::int64_t count() const { return packed_count_ + latest_.count(); }
  std::int64_t count(Number begin, Number end) const {
    std::int64_t found = 0;
    for_each(begin, end, [&found](Number from, Number to, const V&) { found += to - from; });
    return found;
  }

  std::optional<V> at(Number number) const {
    if (blocks_.empty() || number >= blocks_.back().end) return latest_.at(number);
    std::optional<V> found;
    for_each(number, number + 1, [&found](Number, Number, const V& value) { found = value; });
    return found;
  }
  bool contains(Number number) const { return at(number).has_value(); }
  Number end() const { return latest_.end(); }

  template <class F>
  void for_each(Number begin, Number end, F f) const {
    for (auto block = first_behind(begin); block != blocks_.end() && block->begin < end; ++block) {
      const Pieces pieces(*block);
      for (std::size_t i = 0; i < pieces.count; ++i) {
        const Piece piece = pieces[i];
        const Number from = std::max(begin, piece.begin);
        const Number to = std::min(end, piece.end);
        if (from >= to) continue;
        if (!call(f, from, to, RangeMap<V>::shifted(piece.value, from - piece.begin))) return;
      }
    }
    latest_.for_each(begin, end, std::move(f));
  }
  template <class F>
  void for_each(F f) const {
    for_each(std::numeric_limits<Number>::min(), no_end, std::move(f));
  }
  template <class F>
  void for_each_from(Number begin, F f) const {
    for (auto block = first_behind(begin); block != blocks_.end(); ++block) {
      const Pieces pieces(*block);
      for (std::size_t i = 0; i < pieces.count; ++i) {
        const Piece piece = pieces[i];
        if (piece.begin >= begin && !call(f, piece.begin, piece.end, piece.value)) return;
      }
    }
    latest_.for_each_from(begin, std::move(f));
  }
  template <class F>
  void for_each_backwards(F f) const {
    bool goes_on = true;
    latest_.for_each_backwards([&](Number begin, Number end, const V& value) {
      return goes_on = call(f, begin, end, value);
    });
    for (auto block = blocks_.rbegin(); goes_on && block != blocks_.rend(); ++block) {
      const Pieces pieces(*block);
      for (std::size_t i = pieces.count; goes_on && i-- > 0;) {
        const Piece piece = pieces[i];
        goes_on = call(f, piece.begin, piece.end, piece.value);
      }
    }
  }

  void assign(Number begin, Number end, V value) {
    ENSURE(begin < end, "[{}, {})", begin, end);
    change(begin, end, [&](RangeMap<V>& ranges) { ranges.assign(begin, end, std::move(value)); });
    while (latest_.ranges() > most_latest) pack_oldest();
  }
  void erase(Number begin, Number end) {
    if (begin >= end) return;
    change(begin, end, [&](RangeMap<V>& ranges) { ranges.erase(begin, end); });
    if (latest_.empty() && !blocks_.empty()) {
      unpack_into(blocks_.size() - 1, latest_);
      remove_blocks(blocks_.size() - 1, blocks_.size());
    }
  }

 private:
  static constexpr std::size_t block_ranges = 128;
  static constexpr std::size_t most_latest = block_ranges + 64;
  static constexpr std::size_t columns = 2 + V::words;

  struct Piece {
    Number begin;
    Number end;
    V value;
  };
  /// In words: what lies between it and the one before, how many numbers it has, the value.
  struct Block {
    Number begin;
    Number end;
    std::int64_t count;
    PackedRows rows;
  };
  using Blocks = std::vector<Block>;

  /// Those of a block, unpacked; to be taken in order, or backwards.
  struct Pieces {
    explicit Pieces(const Block& block) : count(block.rows.rows()) {
      block.rows.unpack(words);
      Number next = block.begin;
      for (std::size_t i = 0; i < count; ++i) {
        begins[i] = next + static_cast<Number>(words[i * columns]);
        next = begins[i] + static_cast<Number>(words[i * columns + 1]);
      }
    }
    Piece operator[](std::size_t i) const {
      const std::uint64_t* row = words.data() + i * columns;
      return {begins[i], begins[i] + static_cast<Number>(row[1]), V::from_words(row + 2)};
    }
    std::size_t count;
    std::array<Number, block_ranges> begins;
    std::array<std::uint64_t, block_ranges * columns> words;
  };

  template <class F>
  static bool call(F& f, Number from, Number to, const V& value) {
    return RangeMap<V>::call(f, from, to, value);
  }
  /// The first block that ends behind `number`.
  typename Blocks::const_iterator first_behind(Number number) const {
    return std::partition_point(blocks_.begin(), blocks_.end(),
                                [number](const Block& block) { return block.end <= number; });
  }

  /// Does what changes [begin, end) and nothing else to the ranges there: those that touch it are
  /// unpacked, those that lie inside are gone anyway.
  template <class Change>
  void change(Number begin, Number end, Change change) {
    if (blocks_.empty() || begin > blocks_.back().end) return change(latest_);
    const auto touched = std::partition_point(blocks_.begin(), blocks_.end(),
                                              [&](const Block& it) { return it.end < begin; });
    const auto behind = std::partition_point(touched, blocks_.end(),
                                             [&](const Block& it) { return it.begin <= end; });
    const auto first = static_cast<std::size_t>(touched - blocks_.begin());
    const auto last = static_cast<std::size_t>(behind - blocks_.begin());
    RangeMap<V> ranges;
    for (std::size_t i = first; i < last; ++i) {
      if (begin > blocks_[i].begin || blocks_[i].end > end) unpack_into(i, ranges);
    }
    remove_blocks(first, last);
    if (first == blocks_.size() && latest_.begin() <= end) {
      ranges.for_each(
          [this](Number from, Number to, const V& value) { latest_.assign(from, to, value); });
      return change(latest_);
    }
    change(ranges);
    Blocks packed;
    while (!ranges.empty()) packed.push_back(pack_front(ranges));
    for (const Block& block : packed) note(block, +1);
    blocks_.insert(blocks_.begin() + static_cast<std::ptrdiff_t>(first),
                   std::make_move_iterator(packed.begin()), std::make_move_iterator(packed.end()));
  }
  void unpack_into(std::size_t block, RangeMap<V>& ranges) const {
    const Pieces pieces(blocks_[block]);
    for (std::size_t i = 0; i < pieces.count; ++i) {
      const Piece piece = pieces[i];
      ranges.assign(piece.begin, piece.end, piece.value);
    }
  }
  void remove_blocks(std::size_t first, std::size_t last) {
    for (std::size_t i = first; i < last; ++i) note(blocks_[i], -1);
    blocks_.erase(blocks_.begin() + static_cast<std::ptrdiff_t>(first),
                  blocks_.begin() + static_cast<std::ptrdiff_t>(last));
  }
  void note(const Block& block, int sign) {
    packed_count_ += sign * block.count;
    packed_ranges_ += static_cast<std::size_t>(sign) * block.rows.rows();
  }
  void pack_oldest() {
    blocks_.push_back(pack_front(latest_));
    note(blocks_.back(), +1);
  }
  /// The first ranges, taken out.
  static Block pack_front(RangeMap<V>& ranges) {
    std::array<std::uint64_t, block_ranges * columns> words;
    std::uint64_t* to = words.data();
    Block block{ranges.begin(), ranges.begin(), 0, {}};
    ranges.take_front(block_ranges, [&](Number begin, Number end, const V& value) {
      to[0] = static_cast<std::uint64_t>(begin - block.end);
      to[1] = static_cast<std::uint64_t>(end - begin);
      value.to_words(to + 2);
      to += columns;
      block.end = end;
      block.count += end - begin;
    });
    block.rows = PackedRows(std::span<const std::uint64_t>(words.data(), to), columns);
    return block;
  }

  Blocks blocks_;  ///< In order, before all of the latest.
  std::size_t packed_ranges_ = 0;
  std::int64_t packed_count_ = 0;
  RangeMap<V> latest_;  ///< Empty only when all is.
};

}  // namespace brokerlab
