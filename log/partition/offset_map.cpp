#include "log/partition/offset_map.h"

#include "base/random.h"

#include <algorithm>

namespace brokerlab::log {
namespace {

constexpr std::uint64_t second_seed = 0x9e3779b97f4a7c15;

}  // namespace

OffsetMap::OffsetMap(std::int64_t memory, double load_factor) {
  const std::int64_t slots =
      std::max<std::int64_t>(2, memory / static_cast<std::int64_t>(sizeof(Slot)));
  most_ = std::clamp<std::int64_t>(
      static_cast<std::int64_t>(static_cast<double>(slots) * load_factor), 1, slots * 9 / 10 + 1);
  // Grown as needed: most maps stay small.
  slots_.resize(static_cast<std::size_t>(std::min<std::int64_t>(slots, 1024)));
}

std::size_t OffsetMap::find(std::uint64_t high, std::uint64_t low) const {
  std::size_t at = low % slots_.size();
  while (slots_[at].offset != no_offset && (slots_[at].high != high || slots_[at].low != low)) {
    at = at + 1 == slots_.size() ? 0 : at + 1;
  }
  return at;
}

bool OffsetMap::put(ByteView key, Offset offset) {
  const std::uint64_t high = stable_hash(as_text(key));
  const std::uint64_t low = stable_hash(as_text(key), second_seed);
  std::size_t at = find(high, low);
  if (slots_[at].offset == no_offset) {
    if (size_ >= most_) return false;
    if (10 * (size_ + 1) > 9 * static_cast<std::int64_t>(slots_.size())) {
      std::vector<Slot> old = std::move(slots_);
      const auto most_slots = static_cast<std::size_t>(most_ * 10 / 9 + 2);
      slots_.assign(std::min(old.size() * 2, std::max(most_slots, old.size() + 1)), Slot{});
      for (const Slot& slot : old) {
        if (slot.offset != no_offset) slots_[find(slot.high, slot.low)] = slot;
      }
      at = find(high, low);
    }
    ++size_;
  }
  slots_[at] = {high, low, offset};
  latest_ = std::max(latest_, offset);
  return true;
}

std::optional<Offset> OffsetMap::get(ByteView key) const {
  const std::size_t at = find(stable_hash(as_text(key)), stable_hash(as_text(key), second_seed));
  if (slots_[at].offset == no_offset) return std::nullopt;
  return slots_[at].offset;
}

}  // namespace brokerlab::log
