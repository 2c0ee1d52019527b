// Checksums and varints.
#include "base/random.h"
#include "log/batch/crc32c.h"
#include "log/batch/varint.h"

#include <catch2/catch.hpp>

#include <array>
#include <limits>

namespace brokerlab::log {
namespace {

ByteVector random_bytes(RandomStream& random, std::size_t size) {
  ByteVector bytes(size);
  for (std::byte& byte : bytes) byte = static_cast<std::byte>(random.bits());
  return bytes;
}

ByteVector bytes_of(std::initializer_list<int> values) {
  ByteVector bytes;
  for (const int value : values) bytes.push_back(static_cast<std::byte>(value));
  return bytes;
}

}  // namespace

TEST_CASE("crc32c gives the values of RFC 3720 B.4", "[unit]") {
  ByteVector ascending;
  for (int i = 0; i < 32; ++i) ascending.push_back(static_cast<std::byte>(i));
  CHECK(crc32c(as_bytes("123456789")) == 0xe3069283U);
  CHECK(crc32c(ByteVector(32)) == 0x8a9136aaU);
  CHECK(crc32c(ByteVector(32, std::byte{0xff})) == 0x62a8ab43U);
  CHECK(crc32c(ascending) == 0x46dd794eU);
  CHECK(crc32c({}) == 0U);
}

TEST_CASE("every way to the crc32c agrees, whole and in parts", "[unit]") {
  RandomStream random(7, "crc32c");
  // All small sizes, and some beyond each way's step (64 to 3072 bytes at once).
  for (std::size_t size = 0; size < 20'000; size += size < 1100 ? 1 : 61) {
    const ByteVector bytes = random_bytes(random, size);
    const auto seed = static_cast<std::uint32_t>(random.bits());
    const std::uint32_t by_table = detail::crc32c_by_table(bytes, seed);
    if (detail::crc32c_has_instruction()) {
      REQUIRE(detail::crc32c_by_instruction(bytes, seed) == by_table);
    }
    if (detail::crc32c_has_folding()) {
      REQUIRE(detail::crc32c_by_folding(bytes, seed) == by_table);
    }
    const auto cut = static_cast<std::size_t>(random.below(static_cast<std::int64_t>(size) + 1));
    const ByteView view(bytes);
    REQUIRE(crc32c(view.subspan(cut), crc32c(view.first(cut), seed)) == by_table);
  }
}

TEST_CASE("varints have the bytes of Protocol Buffers' zigzag numbers", "[unit]") {
  const auto [value, bytes] = GENERATE(table<std::int64_t, ByteVector>({
      {0, bytes_of({0})},
      {-1, bytes_of({1})},
      {1, bytes_of({2})},
      {63, bytes_of({0x7e})},
      {-64, bytes_of({0x7f})},
      {64, bytes_of({0x80, 0x01})},
      {-65, bytes_of({0x81, 0x01})},
      {std::numeric_limits<std::int32_t>::max(), bytes_of({0xfe, 0xff, 0xff, 0xff, 0x0f})},
      {std::numeric_limits<std::int32_t>::min(), bytes_of({0xff, 0xff, 0xff, 0xff, 0x0f})},
      {std::numeric_limits<std::int64_t>::max(),
       bytes_of({0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01})},
      {std::numeric_limits<std::int64_t>::min(),
       bytes_of({0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01})},
  }));
  std::array<std::byte, max_varlong_size> out{};
  std::byte* const end = write_varlong(out.data(), value);
  CHECK(ByteVector(out.data(), end) == bytes);
  CHECK(varlong_size(value) == bytes.size());
  ByteView in(bytes);
  CHECK(read_varlong(in) == value);
  CHECK(in.empty());
  const bool fits = value >= INT32_MIN && value <= INT32_MAX;
  in = bytes;
  CHECK(read_varint(in).has_value() == fits);
  if (fits) CHECK(varint_size(static_cast<std::int32_t>(value)) == bytes.size());
}

TEST_CASE("varints that end early or are too long are nothing, and nothing is consumed", "[unit]") {
  const ByteVector broken = GENERATE(
      bytes_of({}), bytes_of({0x80}), bytes_of({0xff, 0xff, 0xff, 0xff}),
      bytes_of({0xff, 0xff, 0xff, 0xff, 0x1f}), bytes_of({0x80, 0x80, 0x80, 0x80, 0x80, 0x01}));
  ByteView in(broken);
  CHECK_FALSE(read_varint(in).has_value());
  CHECK(in.size() == broken.size());
}

}  // namespace brokerlab::log
