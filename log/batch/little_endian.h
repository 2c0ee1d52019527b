// Little-endian 32-bit integers in bytes: the numbers of LZ4 frames. Private to this folder.
#pragma once

#include "log/types.h"

namespace brokerlab::log {

/// The caller has checked that the bytes are there.
inline std::uint32_t load_little_endian_32(const std::byte* from) {
  std::uint32_t bits = 0;
  for (std::size_t i = 4; i-- > 0;) bits = (bits << 8) | std::to_integer<std::uint32_t>(from[i]);
  return bits;
}

inline void store_little_endian_32(std::byte* to, std::uint32_t bits) {
  for (std::size_t i = 0; i < 4; ++i, bits >>= 8) to[i] = static_cast<std::byte>(bits);
}

}  // namespace brokerlab::log
