// CRC-32C (Castagnoli polynomial, RFC 3720 B.4), the checksum of Kafka's record batches.
//
// Uses the CPU's instruction where there is one (checked once at run time), tables otherwise; both
// give the same value on every machine.
#pragma once

#include "log/types.h"

namespace brokerlab::log {

/// The CRC of `bytes`. `seed` is the CRC of what came before: crc(ab) == crc(b, crc(a)).
std::uint32_t crc32c(ByteView bytes, std::uint32_t seed = 0);

namespace detail {
std::uint32_t crc32c_by_table(ByteView bytes, std::uint32_t seed);
/// Only where crc32c_has_instruction().
std::uint32_t crc32c_by_instruction(ByteView bytes, std::uint32_t seed);
bool crc32c_has_instruction();
}  // namespace detail

}  // namespace brokerlab::log
