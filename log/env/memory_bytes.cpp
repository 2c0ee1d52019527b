#include "log/env/memory_bytes.h"

namespace brokerlab::log {
namespace {

/// What an allocation takes besides what was asked for; typical of a C library.
constexpr std::int64_t allocation_overhead = 16;

template <class T>
std::int64_t footprint_of(const std::vector<T>& items) {
  if (items.capacity() == 0) return 0;
  return static_cast<std::int64_t>(items.capacity() * sizeof(T)) + allocation_overhead;
}

}  // namespace

std::int64_t ChunkedBytes::footprint() const {
  std::int64_t bytes = footprint_of(chunks_);
  for (std::size_t i = 0; i < chunks_.size(); ++i) {
    bytes += allocation_overhead;
    bytes += i == 0 ? static_cast<std::int64_t>(first_capacity_) : chunk_size;
  }
  return bytes;
}

MemoryBytes::Packed::Packed(const PhantomBatch& batch)
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

PhantomBatch MemoryBytes::Packed::unpacked() const {
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

void MemoryBytes::append(const PhantomBatch& batch) {
  const bool adjoins = !blocks_.empty() && blocks_.back().end == size();
  if (!adjoins || blocks_.back().batches.size() == block_batches) {
    blocks_.push_back({size(), size(), raw_.size(), {}});
  }
  Block& block = blocks_.back();
  // By doubling, and never beyond a block.
  if (block.batches.size() == block.batches.capacity()) {
    block.batches.reserve(std::clamp<std::size_t>(block.batches.size() * 2, 4, block_batches));
  }
  block.batches.emplace_back(batch);
  block.end += batch.size();
  phantom_bytes_ += batch.size();
}

void MemoryBytes::read_block(const Block& block, std::int64_t position, MutableByteView out) {
  std::int64_t begin = block.begin;
  for (const Packed& batch : block.batches) {
    if (out.empty()) return;
    const std::int64_t end = begin + batch.size();
    if (position < end) {
      const std::size_t part = std::min(out.size(), to_index(end - position));
      read_phantom(batch.unpacked(), position - begin, out.first(part));
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
      read_block(*before, position, out.first(part));
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
    for (const Packed& batch : block->batches) {
      const std::int64_t behind = begin + batch.size();
      if (begin < position && position < behind) return 0;  // in the middle of one
      if (begin >= end) break;
      if (begin >= position) {
        if (behind <= end) into.push_back(batch.unpacked());
        at = std::min(behind, end);
      }
      begin = behind;
    }
  }
  return at - position;
}

void MemoryBytes::truncate(std::int64_t size) {
  ByteVector first_part;
  while (!blocks_.empty() && blocks_.back().end > size) {
    Block& block = blocks_.back();
    const PhantomBatch last = block.batches.back().unpacked();
    block.batches.pop_back();
    block.end -= last.size();
    phantom_bytes_ -= last.size();
    if (block.end < size) {
      first_part.resize(to_index(size - block.end));
      read_phantom(last, 0, first_part);
    }
    if (block.batches.empty()) blocks_.pop_back();
  }
  raw_.truncate(size - static_cast<std::int64_t>(first_part.size()) - phantom_bytes_);
  raw_.append(first_part);
}

std::int64_t MemoryBytes::footprint() const {
  std::int64_t bytes = raw_.footprint() + footprint_of(blocks_);
  for (const Block& block : blocks_) bytes += footprint_of(block.batches);
  return bytes;
}

}  // namespace brokerlab::log
