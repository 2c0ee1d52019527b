// Java's String.hashCode, on which Kafka bases choices that must agree between processes: the
// fetcher of a partition, the coordinator of a group.
#pragma once

#include <cstdint>
#include <string_view>

namespace brokerlab::model {

constexpr std::int32_t java_hash(std::string_view ascii) {
  std::uint32_t hash = 0;
  for (const char c : ascii) hash = 31 * hash + static_cast<unsigned char>(c);
  return static_cast<std::int32_t>(hash);
}

/// 31 * hash + value, with Java's overflow.
constexpr std::int32_t java_combine(std::int32_t hash, std::int32_t value) {
  return static_cast<std::int32_t>(31U * static_cast<std::uint32_t>(hash) +
                                   static_cast<std::uint32_t>(value));
}

/// org.apache.kafka.common.utils.Utils.abs: the absolute value, 0 for the smallest integer.
constexpr std::int32_t java_positive(std::int32_t value) {
  return value == INT32_MIN ? 0 : value < 0 ? -value : value;
}

}  // namespace brokerlab::model
