#include "log/batch/varint.h"

#include "base/check.h"

#include <bit>

namespace brokerlab::log {
namespace {

constexpr std::uint64_t zigzag(std::int64_t value) {
  return (static_cast<std::uint64_t>(value) << 1) ^ static_cast<std::uint64_t>(value >> 63);
}

constexpr std::int64_t unzigzag(std::uint64_t bits) {
  return static_cast<std::int64_t>((bits >> 1) ^ (~(bits & 1) + 1));
}

std::size_t unsigned_size(std::uint64_t bits) {
  return (static_cast<std::size_t>(std::bit_width(bits | 1)) + 6) / 7;
}

std::byte* write_unsigned(std::byte* out, std::uint64_t bits) {
  while (bits >= 0x80) {
    *out++ = static_cast<std::byte>(bits | 0x80);
    bits >>= 7;
  }
  *out++ = static_cast<std::byte>(bits);
  return out;
}

/// `width` is the number of bits the value may have: 32 or 64.
std::optional<std::uint64_t> read_unsigned(ByteView& in, unsigned width) {
  std::uint64_t bits = 0;
  std::size_t read = 0;
  for (unsigned shift = 0; shift < width; shift += 7) {
    if (read == in.size()) return std::nullopt;
    const auto byte = std::to_integer<std::uint64_t>(in[read++]);
    const std::uint64_t part = byte & 0x7f;
    // The last byte has only so many bits left to give.
    if (width - shift < 7 && (part >> (width - shift)) != 0) return std::nullopt;
    bits |= part << shift;
    if ((byte & 0x80) == 0) {
      in = in.subspan(read);
      return bits;
    }
  }
  return std::nullopt;
}

}  // namespace

// A 32-bit value zigzags to the same bits as the 64-bit one of equal value.
std::size_t varint_size(std::int32_t value) { return unsigned_size(zigzag(value)); }
std::size_t varlong_size(std::int64_t value) { return unsigned_size(zigzag(value)); }

std::byte* write_varint(std::byte* out, std::int32_t value) {
  return write_unsigned(out, zigzag(value));
}
std::byte* write_varlong(std::byte* out, std::int64_t value) {
  return write_unsigned(out, zigzag(value));
}

std::byte* write_padded_varint(std::byte* out, std::int32_t value, std::size_t width) {
  ENSURE(width >= varint_size(value) && width <= max_varint_size, "{} in {} bytes", value, width);
  std::uint64_t bits = zigzag(value);
  for (; width > 1; --width, bits >>= 7) *out++ = static_cast<std::byte>(bits | 0x80);
  *out++ = static_cast<std::byte>(bits);
  return out;
}

std::optional<std::int32_t> read_varint(ByteView& in) {
  const auto bits = read_unsigned(in, 32);
  if (!bits) return std::nullopt;
  return static_cast<std::int32_t>(unzigzag(*bits));
}

std::optional<std::int64_t> read_varlong(ByteView& in) {
  const auto bits = read_unsigned(in, 64);
  if (!bits) return std::nullopt;
  return unzigzag(*bits);
}

}  // namespace brokerlab::log
