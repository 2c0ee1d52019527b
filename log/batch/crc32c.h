// CRC-32C (Castagnoli polynomial, RFC 3720 B.4), the checksum of Kafka's record batches.
//
// Uses the CPU's carry-less products of 512 bits or its CRC instruction where there are any
// (checked once at run time), tables otherwise; all give the same value on every machine.
#pragma once

#include "log/types.h"

#include <array>

namespace brokerlab::log {

/// The CRC of `bytes`. `seed` is the CRC of what came before: crc(ab) == crc(b, crc(a)).
std::uint32_t crc32c(ByteView bytes, std::uint32_t seed = 0);

/// The four bytes that, put behind bytes whose CRC is `before` and in front of `zeros` zero bytes,
/// make the CRC of all of them `wanted`.
std::array<std::byte, 4> crc32c_forcing_bytes(std::uint32_t before, std::uint32_t wanted,
                                              std::size_t zeros);

namespace detail {
std::uint32_t crc32c_by_table(ByteView bytes, std::uint32_t seed);
/// Only where crc32c_has_instruction().
std::uint32_t crc32c_by_instruction(ByteView bytes, std::uint32_t seed);
bool crc32c_has_instruction();
/// Only where crc32c_has_folding().
std::uint32_t crc32c_by_folding(ByteView bytes, std::uint32_t seed);
bool crc32c_has_folding();
}  // namespace detail

}  // namespace brokerlab::log
