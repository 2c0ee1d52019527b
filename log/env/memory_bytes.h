// What MemoryEnv keeps of one file: its bytes, and which of them a power loss would take.
//
// Private to MemoryEnv. Threads: none.
#pragma once

#include "base/packed_rows.h"
#include "log/batch/phantom.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <vector>

namespace brokerlab::log {

inline std::size_t to_index(std::int64_t n) { return static_cast<std::size_t>(n); }

/// Bytes that grow at the end without ever moving more than the first chunk. A chunk that is full
/// is packed where that makes it much smaller, as the entries of an index are; one that was read
/// last lies ready.
class ChunkedBytes {
 public:
  std::int64_t size() const { return size_; }

  void append(ByteView bytes) {
    while (!bytes.empty()) {
      const std::size_t chunk = to_index(size_ / chunk_size);
      const std::size_t used = to_index(size_ % chunk_size);
      reserve(chunk, used + bytes.size());
      const std::size_t room = (chunk == 0 ? first_capacity_ : to_index(chunk_size)) - used;
      const std::size_t part = std::min(room, bytes.size());
      std::memcpy(chunks_[chunk].bytes.get() + used, bytes.data(), part);
      size_ += static_cast<std::int64_t>(part);
      bytes = bytes.subspan(part);
    }
  }

  /// [position, position + out.size()) must lie inside.
  void read(std::int64_t position, MutableByteView out) const {
    while (!out.empty()) {
      const std::size_t begin = to_index(position % chunk_size);
      const std::size_t part = std::min(to_index(chunk_size) - begin, out.size());
      std::memcpy(out.data(), bytes_of(to_index(position / chunk_size)) + begin, part);
      position += static_cast<std::int64_t>(part);
      out = out.subspan(part);
    }
  }

  void truncate(std::int64_t size);
  std::int64_t footprint() const;  ///< Memory it takes, spare room included.

 private:
  /// A whole number of index entries, those of 8 bytes and those of 12.
  static constexpr std::int64_t chunk_size = std::int64_t{6} << 10;

  struct Chunk {
    std::unique_ptr<std::byte[]> bytes;
    PackedRows rows;  ///< Instead.
  };

  /// Room for `wanted` bytes in `chunk`, or as many as fit in one. The first chunk grows by
  /// doubling, since most files (indexes, checkpoints) are small.
  void reserve(std::size_t chunk, std::size_t wanted) {
    if (chunk > 0) {
      if (chunk == chunks_.size()) begin_chunk();
      return;
    }
    wanted = std::min(wanted, to_index(chunk_size));
    if (wanted > first_capacity_) {
      grow_first(std::min(to_index(chunk_size),
                          std::max({std::size_t{256}, wanted, first_capacity_ * 2})));
    }
  }

  void grow_first(std::size_t capacity) {
    auto grown = std::make_unique_for_overwrite<std::byte[]>(capacity);
    if (chunks_.empty()) {
      chunks_.emplace_back().bytes = std::move(grown);
    } else {
      std::memcpy(grown.get(), chunks_[0].bytes.get(), std::min(first_capacity_, capacity));
      chunks_[0].bytes = std::move(grown);
    }
    first_capacity_ = capacity;
  }

  void begin_chunk();
  static PackedRows pack(const std::byte* bytes);
  static void unpack(const PackedRows& rows, std::byte* bytes);
  const std::byte* bytes_of(std::size_t chunk) const {
    return chunks_[chunk].bytes ? chunks_[chunk].bytes.get() : unpacked(chunk);
  }
  const std::byte* unpacked(std::size_t chunk) const;

  std::vector<Chunk> chunks_;
  std::size_t first_capacity_ = 0;
  std::int64_t size_ = 0;
  mutable std::unique_ptr<std::byte[]> unpacked_;  ///< The chunk that was read last of those
  mutable std::size_t unpacked_chunk_ = 0;         ///< which are packed.
};

/// What a file holds: bytes, and phantom batches among them. Phantoms cost about ten bytes each
/// where many come in a row, or one where a file has the same batches as another, as replicas have;
/// and reading inside them costs what read_phantom() does.
class MemoryBytes {
 public:
  std::int64_t size() const { return raw_.size() + phantom_bytes_; }
  void append(ByteView bytes) { raw_.append(bytes); }
  void append(const PhantomBatch& batch);
  /// [position, position + out.size()) must lie inside.
  void read(std::int64_t position, MutableByteView out) const;
  /// File::read_phantoms().
  std::int64_t read_phantoms(std::int64_t position, std::int64_t size,
                             std::vector<PhantomBatch>& into) const;
  /// File::bytes_before_phantom().
  std::int64_t bytes_before_phantom(std::int64_t position) const;
  /// A phantom that is cut in two leaves its first part as bytes.
  void truncate(std::int64_t size);
  std::int64_t footprint() const;

 private:
  /// The fields of a PhantomBatch without gaps between them.
  struct [[gnu::packed]] Row {
    explicit Row(const PhantomBatch& batch);
    PhantomBatch batch() const;
    std::int64_t size() const { return std::int64_t{batch_header_size} + payload_size; }

    Offset base_offset;
    Timestamp base_timestamp;
    Timestamp max_timestamp;
    std::int64_t producer_id;
    std::uint64_t seed;
    LeaderEpoch leader_epoch;
    std::int32_t base_sequence;
    std::int32_t record_count;
    std::int32_t payload_size;
    std::int16_t producer_epoch;
    std::int16_t attributes;
    Codec codec;
  };
  static_assert(sizeof(Row) <= 64);
  using Rows = std::vector<Row>;

  /// Phantoms without bytes between them. Only the block knows its place: who looks for a batch
  /// adds up the sizes of those before it.
  struct Block {
    std::int64_t begin = 0;
    std::int64_t end = 0;
    std::int64_t raw_before = 0;  ///< Bytes of raw_ in front of it.
    Offset first_offset = 0;
    PackedRows rows;  ///< None of the last block: its rows are open_.
  };
  static constexpr std::size_t most_batches = 96;

  bool block_is_full() const;
  void close_block();
  void reopen_block();
  static PackedRows pack(const Rows& rows);
  static void unpack(const Block& block, Rows& into);
  const Rows& rows_of(std::size_t block) const;
  void read_block(std::size_t block, std::int64_t position, MutableByteView out) const;

  ChunkedBytes raw_;
  std::vector<Block> blocks_;
  Rows open_;              ///< Of the last block.
  mutable Rows unpacked_;  ///< Of the block that was packed or read last of those before.
  mutable std::size_t unpacked_block_ = 0;
  std::int64_t phantom_bytes_ = 0;
};

/// Half-open ranges of bytes, sorted, apart from each other. Almost always none or one.
class RangeSet {
 public:
  struct Range {
    std::int64_t begin;
    std::int64_t end;
  };

  /// Adds a range behind all others, or adjoining the last.
  void add_at_end(std::int64_t begin, std::int64_t end) {
    if (!ranges_.empty() && ranges_.back().end == begin) {
      ranges_.back().end = end;
    } else {
      ranges_.push_back({begin, end});
    }
  }

  void remove(std::int64_t begin, std::int64_t end) {
    if (begin >= end || ranges_.empty()) return;
    std::vector<Range> left;
    left.reserve(ranges_.size() + 1);
    for (const Range& range : ranges_) {
      if (range.begin < std::min(range.end, begin)) {
        left.push_back({range.begin, std::min(range.end, begin)});
      }
      if (std::max(range.begin, end) < range.end) {
        left.push_back({std::max(range.begin, end), range.end});
      }
    }
    ranges_ = std::move(left);
  }

  void clear() { ranges_.clear(); }
  bool empty() const { return ranges_.empty(); }
  std::int64_t front() const { return ranges_.front().begin; }
  std::int64_t total() const {
    std::int64_t bytes = 0;
    for (const Range& range : ranges_) bytes += range.end - range.begin;
    return bytes;
  }

 private:
  std::vector<Range> ranges_;
};

}  // namespace brokerlab::log
