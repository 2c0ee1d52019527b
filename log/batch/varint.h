// Zigzag variable-length integers, as in Kafka's records (and Protocol Buffers' sint32, sint64).
//
// Zigzag maps 0, -1, 1, -2 ... to 0, 1, 2, 3 ...; the result goes out seven bits a byte, lowest
// first, with the top bit set on all bytes but the last. Source: Kafka's ByteUtils.
#pragma once

#include "log/types.h"

#include <optional>

namespace brokerlab::log {

inline constexpr std::size_t max_varint_size = 5;
inline constexpr std::size_t max_varlong_size = 10;

std::size_t varint_size(std::int32_t value);
std::size_t varlong_size(std::int64_t value);

/// Write at `out`, which has room for varint_size(value) bytes; return the byte after the last.
std::byte* write_varint(std::byte* out, std::int32_t value);
std::byte* write_varlong(std::byte* out, std::int64_t value);
/// In exactly `width` bytes, at least varint_size(value) and at most five: longer than need be, but
/// every reader takes it. For lengths that must fill a given room.
std::byte* write_padded_varint(std::byte* out, std::int32_t value, std::size_t width);

/// Read from the front of `in` and step over what was read. Nothing, with `in` untouched, when the
/// bytes end too early or the number does not fit.
std::optional<std::int32_t> read_varint(ByteView& in);
std::optional<std::int64_t> read_varlong(ByteView& in);

}  // namespace brokerlab::log
