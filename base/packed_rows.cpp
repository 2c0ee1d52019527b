#include "base/packed_rows.h"

#include "base/check.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cstring>
#include <limits>
#include <memory>
#include <new>

namespace brokerlab {
namespace {

static_assert(std::endian::native == std::endian::little, "words are loaded as they lie");

/// Numbers are read eight bytes at a time, and one more where they do not begin at a byte.
constexpr std::size_t slack = 9;
constexpr std::size_t most_varint = 10;
constexpr int widths = 65;  ///< A number has 0 to 64 bits.

std::uint64_t zigzag(std::int64_t value) {
  return (static_cast<std::uint64_t>(value) << 1) ^ static_cast<std::uint64_t>(value >> 63);
}
std::int64_t unzigzag(std::uint64_t bits) {
  return static_cast<std::int64_t>((bits >> 1) ^ (~(bits & 1) + 1));
}

std::byte* write_number(std::byte* to, std::int64_t value) {
  std::uint64_t bits = zigzag(value);
  for (; bits >= 0x80; bits >>= 7) *to++ = static_cast<std::byte>(bits | 0x80);
  *to++ = static_cast<std::byte>(bits);
  return to;
}
const std::byte* read_number(const std::byte* from, std::int64_t& value) {
  std::uint64_t bits = 0;
  int shift = 0;
  for (;; shift += 7) {
    const auto byte = static_cast<std::uint64_t>(*from++);
    bits |= (byte & 0x7f) << shift;
    if (byte < 0x80) break;
  }
  value = unzigzag(bits);
  return from;
}
std::size_t size_of(std::int64_t value) {
  return (static_cast<std::size_t>(std::bit_width(zigzag(value) | 1)) + 6) / 7;
}

/// The least and the largest of some numbers.
struct Extent {
  std::int64_t least = std::numeric_limits<std::int64_t>::max();
  std::int64_t most = std::numeric_limits<std::int64_t>::min();
  void add(std::uint64_t word) {
    const auto value = static_cast<std::int64_t>(word);
    least = std::min(least, value);
    most = std::max(most, value);
  }
  int width() const {
    const std::uint64_t span = static_cast<std::uint64_t>(most) - static_cast<std::uint64_t>(least);
    return static_cast<int>(std::bit_width(span));
  }
};

/// Numbers of up to 64 bits behind each other.
class BitWriter {
 public:
  explicit BitWriter(std::byte* to) : to_(to) {}
  void put(std::uint64_t value, int width) {
    bits_ |= value << filled_;
    filled_ += width;
    if (filled_ < 64) return;
    std::memcpy(to_, &bits_, 8);
    to_ += 8;
    filled_ -= 64;
    bits_ = filled_ == 0 ? 0 : value >> (width - filled_);
  }
  std::byte* finish() {
    const auto left = static_cast<std::size_t>(filled_ + 7) / 8;
    std::memcpy(to_, &bits_, left);
    return to_ + left;
  }

 private:
  std::byte* to_;
  std::uint64_t bits_ = 0;
  int filled_ = 0;
};

class BitReader {
 public:
  BitReader(const std::byte* from, int width)
      : from_(from), width_(width), mask_(width == 0 ? 0 : ~std::uint64_t{0} >> (64 - width)) {}
  std::uint64_t next() {
    const std::byte* at = from_ + (position_ >> 3);
    const int shift = static_cast<int>(position_ & 7);
    std::uint64_t value = 0;
    std::memcpy(&value, at, 8);
    value >>= shift;
    if (shift + width_ > 64) value |= static_cast<std::uint64_t>(at[8]) << (64 - shift);
    position_ += static_cast<std::size_t>(width_);
    return value & mask_;
  }

 private:
  const std::byte* from_;
  const int width_;
  const std::uint64_t mask_;
  std::size_t position_ = 0;
};

std::size_t bytes_of(std::size_t numbers, int width) {
  return (numbers * static_cast<std::size_t>(width) + 7) / 8;
}

/// The form: the width of its numbers, and whether they are the words (0) or their differences (1).
constexpr int form_of(bool differences, int width) { return (differences ? widths : 0) + width; }

/// Of words: a byte for the form, the least word, the numbers. Of differences: the form, the first
/// word, the least difference, the numbers.
std::byte* pack_column(const std::uint64_t* words, std::size_t rows, std::size_t columns,
                       std::byte* to) {
  const auto first = static_cast<std::int64_t>(words[0]);
  std::uint64_t changes = 0;
  for (std::size_t row = 1; row < rows; ++row) changes |= words[row * columns] ^ words[0];
  if (changes == 0) {
    *to++ = static_cast<std::byte>(form_of(false, 0));
    return write_number(to, first);
  }
  Extent of_words;
  Extent of_differences;
  of_words.add(words[0]);
  for (std::size_t row = 1; row < rows; ++row) {
    of_words.add(words[row * columns]);
    of_differences.add(words[row * columns] - words[(row - 1) * columns]);
  }
  const std::size_t as_words = bytes_of(rows, of_words.width()) + size_of(of_words.least);
  const std::size_t as_differences =
      bytes_of(rows - 1, of_differences.width()) + size_of(first) + size_of(of_differences.least);
  const bool differences = as_differences < as_words;
  const Extent& extent = differences ? of_differences : of_words;
  const int width = extent.width();
  const auto least = static_cast<std::uint64_t>(extent.least);
  *to++ = static_cast<std::byte>(form_of(differences, width));
  if (differences) to = write_number(to, first);
  to = write_number(to, extent.least);
  if (width == 0) return to;
  BitWriter bits(to);
  if (!differences) bits.put(words[0] - least, width);
  for (std::size_t row = 1; row < rows; ++row) {
    const std::uint64_t before = differences ? words[(row - 1) * columns] : 0;
    bits.put(words[row * columns] - before - least, width);
  }
  return bits.finish();
}

const std::byte* unpack_column(const std::byte* from, std::size_t rows, std::size_t columns,
                               std::uint64_t* words) {
  const int form = static_cast<int>(*from++);
  const bool differences = form >= widths;
  const int width = form % widths;
  std::int64_t first = 0;
  std::int64_t least = 0;
  if (differences) from = read_number(from, first);
  from = read_number(from, least);
  const auto base = static_cast<std::uint64_t>(least);
  BitReader bits(from, width);
  if (differences) {
    auto word = static_cast<std::uint64_t>(first);
    words[0] = word;
    for (std::size_t row = 1; row < rows; ++row) words[row * columns] = word += base + bits.next();
    return from + bytes_of(rows - 1, width);
  }
  if (width == 0) {
    for (std::size_t row = 0; row < rows; ++row) words[row * columns] = base;
    return from;
  }
  for (std::size_t row = 0; row < rows; ++row) words[row * columns] = base + bits.next();
  return from + bytes_of(rows, width);
}

}  // namespace

struct PackedRows::Head {
  std::atomic<std::uint32_t> holders;
  std::uint32_t size;
  std::uint16_t rows;
  std::uint16_t columns;
};

PackedRows::PackedRows(std::span<const std::uint64_t> words, std::size_t columns) {
  ENSURE(columns > 0 && !words.empty() && words.size() % columns == 0, "{} words of {} columns",
         words.size(), columns);
  const std::size_t rows = words.size() / columns;
  ENSURE(rows <= most_rows && columns <= most_rows, "{} rows of {} columns", rows, columns);
  const auto packed = std::make_unique_for_overwrite<std::byte[]>(
      columns * (1 + 2 * most_varint + 8) + words.size() * 8);
  std::byte* to = packed.get();
  for (std::size_t column = 0; column < columns; ++column) {
    to = pack_column(words.data() + column, rows, columns, to);
  }
  const auto used = static_cast<std::size_t>(to - packed.get());
  const std::size_t size = sizeof(Head) + used + slack;
  auto* memory = static_cast<std::byte*>(::operator new(size));
  head_ = new (memory) Head{{1},
                            static_cast<std::uint32_t>(size),
                            static_cast<std::uint16_t>(rows),
                            static_cast<std::uint16_t>(columns)};
  std::memcpy(memory + sizeof(Head), packed.get(), used);
  std::memset(memory + sizeof(Head) + used, 0, slack);
}

PackedRows::PackedRows(const PackedRows& other) : head_(other.head_) {
  if (head_ != nullptr) head_->holders.fetch_add(1, std::memory_order_relaxed);
}

PackedRows::~PackedRows() {
  if (head_ == nullptr || head_->holders.fetch_sub(1, std::memory_order_acq_rel) > 1) return;
  head_->~Head();
  ::operator delete(head_);
}

std::size_t PackedRows::rows() const { return empty() ? 0 : head_->rows; }
std::size_t PackedRows::columns() const { return empty() ? 0 : head_->columns; }
std::size_t PackedRows::footprint() const { return empty() ? 0 : head_->size; }

std::span<const std::byte> PackedRows::packed() const {
  if (empty()) return {};
  return {reinterpret_cast<const std::byte*>(head_ + 1), head_->size - sizeof(Head)};
}

bool PackedRows::operator==(const PackedRows& other) const {
  const auto mine = packed();
  const auto others = other.packed();
  return rows() == other.rows() && columns() == other.columns() && mine.size() == others.size() &&
         (mine.empty() || std::memcmp(mine.data(), others.data(), mine.size()) == 0);
}

std::uint64_t PackedRows::hash() const {
  auto bytes = packed();
  std::uint64_t hash = bytes.size();
  for (; bytes.size() >= 8; bytes = bytes.subspan(8)) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes.data(), 8);
    hash = (hash ^ word) * 0x9E3779B97F4A7C15ULL;
    hash ^= hash >> 29;
  }
  for (const std::byte byte : bytes)
    hash = (hash ^ static_cast<std::uint64_t>(byte)) * 0x100000001B3ULL;
  return hash ^ hash >> 32;
}

void PackedRows::unpack(std::span<std::uint64_t> words) const {
  ENSURE(words.size() >= this->words(), "{} words into {}", this->words(), words.size());
  if (empty()) return;
  const std::byte* from = packed().data();
  for (std::size_t column = 0; column < head_->columns; ++column) {
    from = unpack_column(from, head_->rows, head_->columns, words.data() + column);
  }
}

}  // namespace brokerlab
