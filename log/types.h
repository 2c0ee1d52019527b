// The integers and byte views of Kafka's log format.
//
// Offset, LeaderEpoch and Timestamp are plain integers here, not the strong ids of base/ids.h: this
// folder reads and writes them as the format's own 64, 32 and 64 bits, and adds to them all the
// time. The model wraps them where they could be mixed up.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace brokerlab::log {

using Offset = std::int64_t;       ///< Position of a record in its partition, from 0.
using LeaderEpoch = std::int32_t;  ///< Number of a leader's reign; -1 is "unknown".
using Timestamp = std::int64_t;    ///< Milliseconds since 1970; -1 is "none".

/// Whose clock dates a record: its producer's, or that of the log's leader.
enum class TimestampType { create_time, log_append_time };

inline constexpr Offset no_offset = -1;
inline constexpr LeaderEpoch no_epoch = -1;
inline constexpr Timestamp no_timestamp = -1;

using ByteVector = std::vector<std::byte>;
using ByteView = std::span<const std::byte>;  ///< Borrowed; valid as long as its owner says.
using MutableByteView = std::span<std::byte>;

/// The bytes of some text, borrowed.
inline ByteView as_bytes(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

/// Some bytes as text, borrowed.
inline std::string_view as_text(ByteView bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace brokerlab::log
