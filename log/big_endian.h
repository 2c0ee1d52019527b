// Big-endian integers in bytes: every number of Kafka's formats but the varints.
//
// The caller has checked that the bytes are there.
#pragma once

#include "log/types.h"

#include <concepts>
#include <type_traits>

namespace brokerlab::log {

template <std::integral Integer>
Integer load_big_endian(const std::byte* from) {
  std::make_unsigned_t<Integer> bits = 0;
  for (std::size_t i = 0; i < sizeof(Integer); ++i) {
    bits = static_cast<std::make_unsigned_t<Integer>>((static_cast<std::uint64_t>(bits) << 8) |
                                                      std::to_integer<std::uint64_t>(from[i]));
  }
  return static_cast<Integer>(bits);
}

template <std::integral Integer>
void store_big_endian(std::byte* to, Integer value) {
  auto bits = static_cast<std::uint64_t>(value);
  for (std::size_t i = sizeof(Integer); i-- > 0; bits >>= 8) to[i] = static_cast<std::byte>(bits);
}

}  // namespace brokerlab::log
