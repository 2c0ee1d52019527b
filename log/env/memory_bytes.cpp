#include "log/env/memory_bytes.h"

#include "log/batch/big_endian.h"

#include <array>
#include <limits>
#include <span>

namespace brokerlab::log {
namespace {

/// What an allocation takes besides what was asked for; typical of a C library.
constexpr std::int64_t allocation_overhead = 16;

template <class T>
std::int64_t footprint_of(const std::vector<T>& items) {
  if (items.capacity() == 0) return 0;
  return static_cast<std::int64_t>(items.capacity() * sizeof(T)) + allocation_overhead;
}

/// Entries of one kind behind each other: how many 32-bit words each has.
constexpr std::size_t index_words[] = {2, 3};
/// What is tried before a whole chunk is packed.
constexpr std::size_t tried_rows = 32;

std::vector<std::uint64_t> words_of(const std::byte* bytes, std::size_t count) {
  std::vector<std::uint64_t> words(count);
  for (std::size_t i = 0; i < count; ++i) words[i] = load_big_endian<std::uint32_t>(bytes + 4 * i);
  return words;
}

}  // namespace

// --- Bytes ---

/// Nothing, where that saves less than half.
PackedRows ChunkedBytes::pack(const std::byte* bytes) {
  PackedRows best;
  for (const std::size_t columns : index_words) {
    const std::size_t tried = tried_rows * columns;
    if (PackedRows(words_of(bytes, tried), columns).footprint() > 2 * tried) continue;
    PackedRows rows(words_of(bytes, to_index(chunk_size) / 4), columns);
    if (best.empty() || rows.footprint() < best.footprint()) best = std::move(rows);
  }
  return best.footprint() <= to_index(chunk_size) / 2 ? std::move(best) : PackedRows();
}

void ChunkedBytes::unpack(const PackedRows& rows, std::byte* bytes) {
  std::vector<std::uint64_t> words(rows.words());
  rows.unpack(words);
  for (std::size_t i = 0; i < words.size(); ++i) {
    store_big_endian(bytes + 4 * i, static_cast<std::uint32_t>(words[i]));
  }
}

void ChunkedBytes::begin_chunk() {
  Chunk& last = chunks_.back();
  last.rows = pack(last.bytes.get());
  if (!last.rows.empty()) last.bytes.reset();
  chunks_.emplace_back().bytes = std::make_unique_for_overwrite<std::byte[]>(to_index(chunk_size));
}

const std::byte* ChunkedBytes::unpacked(std::size_t chunk) const {
  if (unpacked_ == nullptr || unpacked_chunk_ != chunk) {
    if (unpacked_ == nullptr) {
      unpacked_ = std::make_unique_for_overwrite<std::byte[]>(to_index(chunk_size));
    }
    unpack(chunks_[chunk].rows, unpacked_.get());
    unpacked_chunk_ = chunk;
  }
  return unpacked_.get();
}

void ChunkedBytes::truncate(std::int64_t size) {
  if (size == size_) return;
  size_ = size;
  unpacked_.reset();
  chunks_.resize(to_index((size + chunk_size - 1) / chunk_size));
  if (chunks_.empty()) {
    first_capacity_ = 0;
  } else if (Chunk& last = chunks_.back(); !last.bytes) {
    last.bytes = std::make_unique_for_overwrite<std::byte[]>(to_index(chunk_size));
    unpack(last.rows, last.bytes.get());
    last.rows = PackedRows();
  }
}

std::int64_t ChunkedBytes::footprint() const {
  std::int64_t bytes = footprint_of(chunks_);
  if (unpacked_ != nullptr) bytes += chunk_size + allocation_overhead;
  for (std::size_t i = 0; i < chunks_.size(); ++i) {
    bytes += allocation_overhead;
    if (!chunks_[i].bytes) {
      bytes += static_cast<std::int64_t>(chunks_[i].rows.footprint());
    } else {
      bytes += i == 0 ? static_cast<std::int64_t>(first_capacity_) : chunk_size;
    }
  }
  return bytes;
}

// --- Phantom batches ---

MemoryBytes::Row::Row(const PhantomBatch& batch)
    : base_offset(batch.base_offset),
      base_timestamp(batch.base_timestamp),
      max_timestamp(batch.max_timestamp),
      producer_id(batch.producer_id),
      seed(batch.seed),
      leader_epoch(batch.leader_epoch),
      base_sequence(batch.base_sequence),
      record_count(batch.record_count),
      payload_size(batch.payload_size),
      producer_epoch(batch.producer_epoch),
      attributes(batch.attributes),
      codec(batch.codec) {}

PhantomBatch MemoryBytes::Row::batch() const {
  return {.base_offset = base_offset,
          .leader_epoch = leader_epoch,
          .attributes = attributes,
          .base_timestamp = base_timestamp,
          .max_timestamp = max_timestamp,
          .producer_id = producer_id,
          .producer_epoch = producer_epoch,
          .base_sequence = base_sequence,
          .record_count = record_count,
          .payload_size = payload_size,
          .seed = seed,
          .codec = codec};
}

namespace {

/// A batch in words that go on from the one before: what its fields say twice is left out. Of
/// records that are all alike the payload follows from their number.
struct Words {
  std::uint64_t gap;  ///< Between its offsets and those of the batch before.
  std::uint64_t record_count;
  std::uint64_t base_timestamp;
  std::uint64_t lasts;  ///< From the base to the max timestamp.
  std::uint64_t producer_id;
  std::uint64_t seed_high;
  std::uint64_t seed_low;
  std::uint64_t leader_epoch;
  std::uint64_t base_sequence;
  std::uint64_t record_size;  ///< Of the block's first batch.
  std::uint64_t beside;       ///< What the payload has more than its records by that.
  std::uint64_t rest;         ///< Producer epoch, attributes and codec.
};
constexpr std::size_t columns = sizeof(Words) / sizeof(std::uint64_t);

/// Replicas pack the same batches within seconds: one of those who do has them for all.
PackedRows shared(PackedRows rows) {
  struct Place {
    std::uint64_t hash = 0;
    PackedRows rows;
  };
  constexpr std::size_t remembered = 4096;
  thread_local std::vector<Place> recent(remembered);
  const std::uint64_t hash = rows.hash();
  Place& place = recent[hash % remembered];
  if (place.hash != hash || !(place.rows == rows)) place = {hash, std::move(rows)};
  return place.rows;
}

std::uint64_t bits(std::int64_t value) { return static_cast<std::uint64_t>(value); }
std::int64_t number(std::uint64_t bits) { return static_cast<std::int64_t>(bits); }

}  // namespace

PackedRows MemoryBytes::pack(const Rows& rows) {
  std::array<std::uint64_t, most_batches * columns> words;
  std::uint64_t* to = words.data();
  const std::uint64_t record_size =
      bits(rows.front().payload_size / std::max<std::int32_t>(1, rows.front().record_count));
  std::uint64_t next_offset = bits(rows.front().base_offset);
  for (const Row& row : rows) {
    const std::uint64_t count = bits(row.record_count);
    const Words is{.gap = bits(row.base_offset) - next_offset,
                   .record_count = count,
                   .base_timestamp = bits(row.base_timestamp),
                   .lasts = bits(row.max_timestamp) - bits(row.base_timestamp),
                   .producer_id = bits(row.producer_id),
                   .seed_high = row.seed >> 32,
                   .seed_low = row.seed & 0xFFFFFFFF,
                   .leader_epoch = bits(row.leader_epoch),
                   .base_sequence = bits(row.base_sequence),
                   .record_size = record_size,
                   .beside = bits(row.payload_size) - count * record_size,
                   .rest = std::uint64_t{static_cast<std::uint16_t>(row.producer_epoch)} |
                           std::uint64_t{static_cast<std::uint16_t>(row.attributes)} << 16 |
                           static_cast<std::uint64_t>(row.codec) << 32};
    std::memcpy(to, &is, sizeof is);
    to += columns;
    next_offset = bits(row.base_offset) + count;
  }
  return {std::span<const std::uint64_t>(words.data(), to), columns};
}

void MemoryBytes::unpack(const Block& block, Rows& into) {
  std::array<std::uint64_t, most_batches * columns> words;
  block.rows.unpack(words);
  into.clear();
  PhantomBatch batch;
  std::uint64_t next_offset = bits(block.first_offset);
  for (std::size_t i = 0; i < block.rows.rows(); ++i) {
    Words is;
    std::memcpy(&is, words.data() + i * columns, sizeof is);
    batch.base_offset = number(next_offset + is.gap);
    batch.leader_epoch = static_cast<LeaderEpoch>(is.leader_epoch);
    batch.attributes = static_cast<std::int16_t>(is.rest >> 16);
    batch.base_timestamp = number(is.base_timestamp);
    batch.max_timestamp = number(is.base_timestamp + is.lasts);
    batch.producer_id = number(is.producer_id);
    batch.producer_epoch = static_cast<std::int16_t>(is.rest);
    batch.base_sequence = static_cast<std::int32_t>(is.base_sequence);
    batch.record_count = static_cast<std::int32_t>(is.record_count);
    batch.payload_size = static_cast<std::int32_t>(is.record_count * is.record_size + is.beside);
    batch.seed = is.seed_high << 32 | is.seed_low;
    batch.codec = static_cast<Codec>(is.rest >> 32);
    into.emplace_back(batch);
    next_offset = bits(batch.base_offset) + is.record_count;
  }
}

void MemoryBytes::append(const PhantomBatch& batch) {
  const bool adjoins = !blocks_.empty() && blocks_.back().end == size();
  if (!adjoins || block_is_full()) {
    close_block();
    blocks_.push_back({size(), size(), raw_.size(), batch.base_offset, {}});
  }
  // By doubling, and never beyond a block.
  if (open_.size() == open_.capacity()) {
    open_.reserve(std::clamp<std::size_t>(open_.size() * 2, 4, most_batches));
  }
  open_.emplace_back(batch);
  blocks_.back().end += batch.size();
  phantom_bytes_ += batch.size();
}

/// Where a block ends is up to the batches in it and not to how many came before, so that replicas
/// come to the same blocks wherever their files begin.
bool MemoryBytes::block_is_full() const {
  constexpr std::size_t least_batches = 48;
  if (open_.size() < least_batches) return false;
  return open_.size() == most_batches || open_.back().seed * 0x9E3779B97F4A7C15ULL >> 60 == 0;
}

/// What was written last is read soon: its rows lie ready, too.
void MemoryBytes::close_block() {
  if (blocks_.empty()) return;
  blocks_.back().rows = shared(pack(open_));
  unpacked_block_ = blocks_.size() - 1;
  std::swap(unpacked_, open_);
  open_.clear();
}

/// After the last one is gone.
void MemoryBytes::reopen_block() {
  Block& last = blocks_.back();
  if (unpacked_.empty() || unpacked_block_ + 1 != blocks_.size()) unpack(last, unpacked_);
  std::swap(open_, unpacked_);
  unpacked_.clear();
  last.rows = PackedRows();
}

const MemoryBytes::Rows& MemoryBytes::rows_of(std::size_t block) const {
  if (block + 1 == blocks_.size()) return open_;
  if (unpacked_.empty() || unpacked_block_ != block) {
    unpack(blocks_[block], unpacked_);
    unpacked_block_ = block;
  }
  return unpacked_;
}

void MemoryBytes::read_block(std::size_t block, std::int64_t position, MutableByteView out) const {
  std::int64_t begin = blocks_[block].begin;
  for (const Row& row : rows_of(block)) {
    if (out.empty()) return;
    const std::int64_t end = begin + row.size();
    if (position < end) {
      const std::size_t part = std::min(out.size(), to_index(end - position));
      read_phantom(row.batch(), position - begin, out.first(part));
      out = out.subspan(part);
      position += static_cast<std::int64_t>(part);
    }
    begin = end;
  }
}

void MemoryBytes::read(std::int64_t position, MutableByteView out) const {
  auto next = std::partition_point(blocks_.begin(), blocks_.end(), [position](const Block& block) {
    return block.begin <= position;
  });
  while (!out.empty()) {
    const Block* before = next == blocks_.begin() ? nullptr : &*std::prev(next);
    const bool inside = before != nullptr && position < before->end;
    const std::int64_t end = inside ? before->end : next == blocks_.end() ? size() : next->begin;
    const std::size_t part = std::min(out.size(), to_index(end - position));
    if (inside) {
      read_block(to_index(next - blocks_.begin() - 1), position, out.first(part));
    } else if (before == nullptr) {
      raw_.read(position, out.first(part));
    } else {
      raw_.read(before->raw_before + position - before->end, out.first(part));
    }
    out = out.subspan(part);
    position += static_cast<std::int64_t>(part);
    if (next != blocks_.end() && next->begin == position) ++next;
  }
}

std::int64_t MemoryBytes::read_phantoms(std::int64_t position, std::int64_t size,
                                        std::vector<PhantomBatch>& into) const {
  auto block = std::partition_point(blocks_.begin(), blocks_.end(),
                                    [position](const Block& one) { return one.end <= position; });
  const std::int64_t end = position + size;
  std::int64_t at = position;
  for (; block != blocks_.end() && block->begin <= at && at < end; ++block) {
    std::int64_t begin = block->begin;
    for (const Row& row : rows_of(to_index(block - blocks_.begin()))) {
      const std::int64_t behind = begin + row.size();
      if (begin < position && position < behind) return 0;  // in the middle of one
      if (begin >= end) break;
      if (begin >= position) {
        if (behind <= end) into.push_back(row.batch());
        at = std::min(behind, end);
      }
      begin = behind;
    }
  }
  return at - position;
}

std::int64_t MemoryBytes::bytes_before_phantom(std::int64_t position) const {
  const auto block =
      std::partition_point(blocks_.begin(), blocks_.end(),
                           [position](const Block& one) { return one.begin < position; });
  return block == blocks_.end() ? std::numeric_limits<std::int64_t>::max()
                                : block->begin - position;
}

void MemoryBytes::truncate(std::int64_t size) {
  ByteVector first_part;
  while (!blocks_.empty() && blocks_.back().end > size) {
    Block& block = blocks_.back();
    const PhantomBatch last = open_.back().batch();
    open_.pop_back();
    block.end -= last.size();
    phantom_bytes_ -= last.size();
    if (block.end < size) {
      first_part.resize(to_index(size - block.end));
      read_phantom(last, 0, first_part);
    }
    if (open_.empty()) {
      blocks_.pop_back();
      if (!blocks_.empty()) reopen_block();
    }
  }
  raw_.truncate(size - static_cast<std::int64_t>(first_part.size()) - phantom_bytes_);
  raw_.append(first_part);
}

std::int64_t MemoryBytes::footprint() const {
  std::int64_t bytes =
      raw_.footprint() + footprint_of(blocks_) + footprint_of(open_) + footprint_of(unpacked_);
  for (const Block& block : blocks_) {
    if (block.rows.empty()) continue;
    bytes += static_cast<std::int64_t>(block.rows.footprint()) + allocation_overhead;
  }
  return bytes;
}

}  // namespace brokerlab::log
