#include "log/batch/crc32c.h"

#include "base/check.h"

#include <array>
#include <bit>
#include <cstring>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace brokerlab::log {
namespace detail {
namespace {

static_assert(std::endian::native == std::endian::little, "the word loops below assume it");

/// 0x1EDC6F41 with its bits in reverse order.
constexpr std::uint32_t reversed_polynomial = 0x82F63B78U;

using Tables = std::array<std::array<std::uint32_t, 256>, 8>;

/// tables[k][b]: the CRC of byte b followed by k zero bytes ("slicing by 8", Kounavis and Berry,
/// 2005).
constexpr Tables make_tables() {
  Tables tables{};
  for (std::uint32_t byte = 0; byte < 256; ++byte) {
    std::uint32_t crc = byte;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? reversed_polynomial : 0);
    tables[0][byte] = crc;
  }
  for (std::size_t k = 1; k < 8; ++k) {
    for (std::size_t byte = 0; byte < 256; ++byte) {
      const std::uint32_t before = tables[k - 1][byte];
      tables[k][byte] = (before >> 8) ^ tables[0][before & 0xff];
    }
  }
  return tables;
}

constexpr Tables tables = make_tables();

constexpr std::size_t crc_lane_size = 1024;

/// What a register becomes over a lane of zero bytes, by each of its four bytes: the step is
/// linear.
constexpr std::array<std::array<std::uint32_t, 256>, 4> make_lane_tables() {
  std::array<std::uint32_t, 32> bits{};
  for (std::size_t bit = 0; bit < 32; ++bit) {
    std::uint32_t crc = std::uint32_t{1} << bit;
    for (std::size_t i = 0; i < crc_lane_size; ++i) crc = (crc >> 8) ^ tables[0][crc & 0xff];
    bits[bit] = crc;
  }
  std::array<std::array<std::uint32_t, 256>, 4> lanes{};
  for (std::size_t byte = 0; byte < 4; ++byte) {
    for (std::size_t value = 0; value < 256; ++value) {
      for (std::size_t bit = 0; bit < 8; ++bit) {
        if (((value >> bit) & 1) != 0) lanes[byte][value] ^= bits[8 * byte + bit];
      }
    }
  }
  return lanes;
}

constexpr auto lane_tables = make_lane_tables();

std::uint32_t past_lane(std::uint32_t crc) {
  return lane_tables[0][crc & 0xff] ^ lane_tables[1][(crc >> 8) & 0xff] ^
         lane_tables[2][(crc >> 16) & 0xff] ^ lane_tables[3][crc >> 24];
}

/// The remainder of x^n, as a 64-bit factor of carry-less products (fold() below): the coefficient
/// of x^d is bit 63 - d.
constexpr std::uint64_t power(std::size_t n) {
  std::uint32_t bits = 0x80000000U;
  for (; n > 0; --n) bits = (bits >> 1) ^ ((bits & 1) != 0 ? reversed_polynomial : 0);
  return std::uint64_t{bits} << 32;
}

std::uint64_t load_word(const std::byte* from) {
  std::uint64_t word = 0;
  std::memcpy(&word, from, sizeof word);
  return word;
}

}  // namespace

std::uint32_t crc32c_by_table(ByteView bytes, std::uint32_t seed) {
  std::uint32_t crc = ~seed;
  const std::byte* at = bytes.data();
  std::size_t left = bytes.size();
  for (; left >= 8; left -= 8, at += 8) {
    const std::uint64_t word = load_word(at) ^ crc;
    crc = tables[7][word & 0xff] ^ tables[6][(word >> 8) & 0xff] ^ tables[5][(word >> 16) & 0xff] ^
          tables[4][(word >> 24) & 0xff] ^ tables[3][(word >> 32) & 0xff] ^
          tables[2][(word >> 40) & 0xff] ^ tables[1][(word >> 48) & 0xff] ^ tables[0][word >> 56];
  }
  for (; left > 0; --left, ++at) {
    crc = (crc >> 8) ^ tables[0][(crc ^ std::to_integer<std::uint32_t>(*at)) & 0xff];
  }
  return ~crc;
}

#if defined(__x86_64__)

bool crc32c_has_instruction() { return __builtin_cpu_supports("sse4.2") != 0; }

__attribute__((target("sse4.2"))) std::uint32_t crc32c_by_instruction(ByteView bytes,
                                                                      std::uint32_t seed) {
  std::uint64_t crc = ~seed;
  const std::byte* at = bytes.data();
  std::size_t left = bytes.size();
  // The instruction takes three cycles, but one can begin each cycle: three lanes side by side,
  // which are then put behind each other.
  for (; left >= 3 * crc_lane_size; left -= 3 * crc_lane_size, at += 3 * crc_lane_size) {
    std::uint64_t second = 0;
    std::uint64_t third = 0;
    for (std::size_t i = 0; i < crc_lane_size; i += 8) {
      crc = _mm_crc32_u64(crc, load_word(at + i));
      second = _mm_crc32_u64(second, load_word(at + crc_lane_size + i));
      third = _mm_crc32_u64(third, load_word(at + 2 * crc_lane_size + i));
    }
    crc =
        past_lane(past_lane(static_cast<std::uint32_t>(crc)) ^ static_cast<std::uint32_t>(second)) ^
        static_cast<std::uint32_t>(third);
  }
  for (; left >= 8; left -= 8, at += 8) crc = _mm_crc32_u64(crc, load_word(at));
  auto narrow = static_cast<std::uint32_t>(crc);
  for (; left > 0; --left, ++at) narrow = _mm_crc32_u8(narrow, std::to_integer<std::uint8_t>(*at));
  return ~narrow;
}

bool crc32c_has_folding() {
  return crc32c_has_instruction() && __builtin_cpu_supports("avx512f") != 0 &&
         __builtin_cpu_supports("vpclmulqdq") != 0;
}

namespace {

#define FOLDING __attribute__((target("sse4.2,pclmul,avx512f,vpclmulqdq")))

/// 16 bytes, times four, as if they stood `distance` bytes further on, added to what stands there.
/// A product of two reflected 64-bit words has one x too many, hence the powers one lower.
template <std::size_t distance>
FOLDING __m512i fold(__m512i bytes, __m512i onto) {
  constexpr std::size_t bits = 8 * distance;
  const __m512i factors = _mm512_broadcast_i32x4(_mm_set_epi64x(
      static_cast<std::int64_t>(power(bits - 1)), static_cast<std::int64_t>(power(bits + 63))));
  return _mm512_xor_si512(_mm512_xor_si512(_mm512_clmulepi64_epi128(bytes, factors, 0x00),
                                           _mm512_clmulepi64_epi128(bytes, factors, 0x11)),
                          onto);
}

FOLDING __m512i load_line(const std::byte* from) {
  return _mm512_loadu_si512(static_cast<const void*>(from));
}

}  // namespace

// "Fast CRC Computation for Generic Polynomials Using PCLMULQDQ Instruction" (Gopal and others,
// Intel 2009), four cache lines at a time.
FOLDING std::uint32_t crc32c_by_folding(ByteView bytes, std::uint32_t seed) {
  constexpr std::size_t line = 64;
  if (bytes.size() < 4 * line) return crc32c_by_instruction(bytes, seed);
  const std::byte* at = bytes.data();
  std::size_t left = bytes.size() - 4 * line;
  const __m512i begin = _mm512_zextsi128_si512(_mm_cvtsi32_si128(static_cast<int>(~seed)));
  __m512i first = _mm512_xor_si512(load_line(at), begin);
  __m512i second = load_line(at + line);
  __m512i third = load_line(at + 2 * line);
  __m512i fourth = load_line(at + 3 * line);
  for (at += 4 * line; left >= 4 * line; left -= 4 * line, at += 4 * line) {
    first = fold<4 * line>(first, load_line(at));
    second = fold<4 * line>(second, load_line(at + line));
    third = fold<4 * line>(third, load_line(at + 2 * line));
    fourth = fold<4 * line>(fourth, load_line(at + 3 * line));
  }
  const __m512i last = fold<line>(fold<line>(fold<line>(first, second), third), fourth);
  std::array<std::byte, line> rest;
  _mm512_storeu_si512(static_cast<void*>(rest.data()), last);
  // What is left stands for all that came before it, whose register then began at zero.
  const std::uint32_t folded = crc32c_by_instruction(rest, ~std::uint32_t{0});
  return crc32c_by_instruction({at, left}, folded);
}

#undef FOLDING

#else

bool crc32c_has_instruction() { return false; }
std::uint32_t crc32c_by_instruction(ByteView, std::uint32_t) {
  UNREACHABLE("no CRC-32C instruction on this architecture");
}
bool crc32c_has_folding() { return false; }
std::uint32_t crc32c_by_folding(ByteView, std::uint32_t) {
  UNREACHABLE("no carry-less products of 512 bits on this architecture");
}

#endif

}  // namespace detail

std::uint32_t crc32c(ByteView bytes, std::uint32_t seed) {
  static const auto fastest = detail::crc32c_has_folding()       ? detail::crc32c_by_folding
                              : detail::crc32c_has_instruction() ? detail::crc32c_by_instruction
                                                                 : detail::crc32c_by_table;
  return fastest(bytes, seed);
}

std::array<std::byte, 4> crc32c_forcing_bytes(std::uint32_t before, std::uint32_t wanted,
                                              std::size_t zeros) {
  // A step over a zero byte loses no information: the top byte of the result tells the table entry.
  std::array<std::uint32_t, 256> low_byte_by_top{};
  for (std::uint32_t byte = 0; byte < 256; ++byte) {
    low_byte_by_top[detail::tables[0][byte] >> 24] = byte;
  }
  std::uint32_t crc = ~wanted;
  for (std::size_t step = 0; step < zeros + 4; ++step) {
    const std::uint32_t byte = low_byte_by_top[crc >> 24];
    crc = ((crc ^ detail::tables[0][byte]) << 8) | byte;
  }
  // Four bytes act like four zeros on a register they were added to.
  crc ^= ~before;
  std::array<std::byte, 4> bytes{};
  std::memcpy(bytes.data(), &crc, bytes.size());
  return bytes;
}

}  // namespace brokerlab::log
