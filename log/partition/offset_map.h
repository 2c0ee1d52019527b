// OffsetMap: the latest offset of each key, in bounded memory.
//
// A key is kept as 128 bits of hash and 8 bytes of offset, in an open table that is filled to
// `load_factor`; two keys that hash alike would be taken for one, which at 2^30 keys has a chance
// of 2^-69. Source: Kafka's SkimpyOffsetMap (MD5 there). Threads: none.
#pragma once

#include "log/types.h"

#include <optional>
#include <vector>

namespace brokerlab::log {

class OffsetMap {
 public:
  /// For as many keys as `memory` bytes hold; at least one.
  explicit OffsetMap(std::int64_t memory, double load_factor = 0.9);

  /// False: it is full, and the key is not in it.
  bool put(ByteView key, Offset offset);
  std::optional<Offset> get(ByteView key) const;
  std::int64_t size() const { return size_; }
  Offset latest_offset() const { return latest_; }
  void note_latest(Offset offset) { latest_ = offset; }

 private:
  struct Slot {
    std::uint64_t high = 0;
    std::uint64_t low = 0;
    Offset offset = no_offset;  ///< no_offset: empty.
  };
  std::size_t find(std::uint64_t high, std::uint64_t low) const;

  std::vector<Slot> slots_;
  std::int64_t most_ = 0;
  std::int64_t size_ = 0;
  Offset latest_ = no_offset;
};

}  // namespace brokerlab::log
