// Pages of 4 KiB in chunks of 128 KiB, as bits of a word: the page cache's own arithmetic.
#pragma once

#include "sim/page_cache.h"

#include <algorithm>
#include <bit>
#include <cstdint>

namespace brokerlab::sim {

constexpr std::int64_t chunk_bytes = PageCache::chunk_size.count();
constexpr std::int64_t page_bytes = PageCache::page_size.count();
constexpr std::int64_t chunk_pages = chunk_bytes / page_bytes;
static_assert(chunk_pages == 32, "a bit of Pages for each");

inline std::int64_t page_of(std::int64_t offset) { return offset / page_bytes; }
inline std::int64_t pages_up_to(std::int64_t offset) {
  return (offset + page_bytes - 1) / page_bytes;
}

/// Bits of the pages [first, last) that lie in this chunk.
inline std::uint32_t mask_in_chunk(std::int64_t chunk, std::int64_t first, std::int64_t last) {
  const std::int64_t from = std::clamp<std::int64_t>(first - chunk * chunk_pages, 0, chunk_pages);
  const std::int64_t to = std::clamp<std::int64_t>(last - chunk * chunk_pages, 0, chunk_pages);
  const auto below = [](std::int64_t bits) {
    return static_cast<std::uint32_t>((std::uint64_t{1} << bits) - 1);
  };
  return to <= from ? 0 : below(to) & ~below(from);
}

inline Bytes size_of(std::uint32_t pages) { return std::popcount(pages) * PageCache::page_size; }

}  // namespace brokerlab::sim
