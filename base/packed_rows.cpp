#include "base/packed_rows.h"

#include "base/check.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <limits>

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
    return std::bit_width(static_cast<std::uint64_t>(most) - static_cast<std::uint64_t>(least));
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

/// order: 0 words, 1 differences, 2 differences of them. A byte says that and the width, then come
/// the first word (of 1 and 2), the first difference (of 2), the least number, the numbers.
std::byte* pack_column(const std::uint64_t* words, std::size_t rows, std::size_t columns,
                       std::byte* to) {
  std::array<Extent, 3> extents;
  std::uint64_t before = 0;
  std::uint64_t difference_before = 0;
  for (std::size_t row = 0; row < rows; ++row) {
    const std::uint64_t word = words[row * columns];
    const std::uint64_t difference = word - before;
    extents[0].add(word);
    if (row >= 1) extents[1].add(difference);
    if (row >= 2) extents[2].add(difference - difference_before);
    before = word;
    difference_before = difference;
  }
  const auto first = static_cast<std::int64_t>(words[0]);
  const auto step = static_cast<std::int64_t>(rows < 2 ? 0 : words[columns] - words[0]);
  std::size_t order = 0;
  std::size_t best = std::numeric_limits<std::size_t>::max();
  for (std::size_t i = 0; i < std::min<std::size_t>(3, rows); ++i) {
    const std::size_t size = bytes_of(rows - i, extents[i].width()) + size_of(extents[i].least) +
                             (i >= 1 ? size_of(first) : 0) + (i == 2 ? size_of(step) : 0);
    if (size >= best) continue;
    best = size;
    order = i;
  }
  const int width = extents[order].width();
  const auto least = static_cast<std::uint64_t>(extents[order].least);
  *to++ = static_cast<std::byte>(static_cast<int>(order) * widths + width);
  if (order >= 1) to = write_number(to, first);
  if (order == 2) to = write_number(to, step);
  to = write_number(to, extents[order].least);
  if (width == 0) return to;
  BitWriter bits(to);
  before = order == 0 ? 0 : words[(order - 1) * columns];
  difference_before = static_cast<std::uint64_t>(step);
  for (std::size_t row = order; row < rows; ++row) {
    const std::uint64_t word = words[row * columns];
    const std::uint64_t difference = word - before;
    bits.put((order == 0   ? word
              : order == 1 ? difference
                           : difference - difference_before) -
                 least,
             width);
    before = word;
    difference_before = difference;
  }
  return bits.finish();
}

const std::byte* unpack_column(const std::byte* from, std::size_t rows, std::size_t columns,
                               std::uint64_t* words) {
  const int form = static_cast<int>(*from++);
  const int order = form / widths;
  const int width = form % widths;
  std::int64_t first = 0;
  std::int64_t step = 0;
  std::int64_t least = 0;
  if (order >= 1) from = read_number(from, first);
  if (order == 2) from = read_number(from, step);
  from = read_number(from, least);
  const auto base = static_cast<std::uint64_t>(least);
  BitReader bits(from, width);
  auto word = static_cast<std::uint64_t>(first);
  if (order == 0) {
    for (std::size_t row = 0; row < rows; ++row) words[row * columns] = base + bits.next();
    return from + bytes_of(rows, width);
  }
  words[0] = word;
  if (order == 1) {
    for (std::size_t row = 1; row < rows; ++row) words[row * columns] = word += base + bits.next();
    return from + bytes_of(rows - 1, width);
  }
  auto difference = static_cast<std::uint64_t>(step);
  words[columns] = word += difference;
  for (std::size_t row = 2; row < rows; ++row) {
    difference += base + bits.next();
    words[row * columns] = word += difference;
  }
  return from + bytes_of(rows - 2, width);
}

}  // namespace

PackedRows::PackedRows(std::span<const std::uint64_t> words, std::size_t columns) {
  ENSURE(columns > 0 && !words.empty() && words.size() % columns == 0, "{} words of {} columns",
         words.size(), columns);
  const std::size_t rows = words.size() / columns;
  ENSURE(rows <= most_rows && columns <= most_rows, "{} rows of {} columns", rows, columns);
  const auto packed = std::make_unique_for_overwrite<std::byte[]>(
      sizeof(Head) + columns * (1 + 3 * most_varint + 8) + words.size() * 8);
  std::byte* to = packed.get() + sizeof(Head);
  for (std::size_t column = 0; column < columns; ++column) {
    to = pack_column(words.data() + column, rows, columns, to);
  }
  const auto used = static_cast<std::size_t>(to - packed.get());
  const Head head{static_cast<std::uint32_t>(used + slack), static_cast<std::uint16_t>(rows),
                  static_cast<std::uint16_t>(columns)};
  std::memcpy(packed.get(), &head, sizeof head);
  data_ = std::make_unique<std::byte[]>(used + slack);
  std::memcpy(data_.get(), packed.get(), used);
}

PackedRows::Head PackedRows::head() const {
  Head head;
  std::memcpy(&head, data_.get(), sizeof head);
  return head;
}

void PackedRows::unpack(std::span<std::uint64_t> words) const {
  ENSURE(words.size() >= this->words(), "{} words into {}", this->words(), words.size());
  if (empty()) return;
  const Head is = head();
  const std::byte* from = data_.get() + sizeof(Head);
  for (std::size_t column = 0; column < is.columns; ++column) {
    from = unpack_column(from, is.rows, is.columns, words.data() + column);
  }
}

}  // namespace brokerlab
