// Big-endian integers in bytes: every number of Kafka's formats but the varints.
//
// The caller has checked that the bytes are there.
#pragma once

#include "log/types.h"

#include <bit>
#include <concepts>
#include <cstring>
#include <type_traits>

namespace brokerlab::log {

/// Compilers make one load and one swap of it, where a loop over bytes stays a loop.
template <std::unsigned_integral Bits>
constexpr Bits swapped_if_little(Bits bits) {
  if constexpr (std::endian::native == std::endian::big || sizeof(Bits) == 1) {
    return bits;
  } else if constexpr (sizeof(Bits) == 2) {
    return __builtin_bswap16(bits);
  } else if constexpr (sizeof(Bits) == 4) {
    return __builtin_bswap32(bits);
  } else {
    return __builtin_bswap64(bits);
  }
}

template <std::integral Integer>
Integer load_big_endian(const std::byte* from) {
  std::make_unsigned_t<Integer> bits = 0;
  std::memcpy(&bits, from, sizeof bits);
  return static_cast<Integer>(swapped_if_little(bits));
}

template <std::integral Integer>
void store_big_endian(std::byte* to, Integer value) {
  const auto bits = swapped_if_little(static_cast<std::make_unsigned_t<Integer>>(value));
  std::memcpy(to, &bits, sizeof bits);
}

}  // namespace brokerlab::log
