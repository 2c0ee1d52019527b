// How wide text stands on a terminal.
#pragma once

#include <string_view>

namespace brokerlab::cli {

/// Of a letter that begins with this byte; 0 for one that goes on. Hangul takes two.
constexpr int columns_of(char byte) {
  const auto value = static_cast<unsigned char>(byte);
  if ((value & 0xc0) == 0x80) return 0;
  return value >= 0xe3 ? 2 : 1;
}

constexpr int columns_of(std::string_view text) {
  int columns = 0;
  for (const char byte : text) columns += columns_of(byte);
  return columns;
}

}  // namespace brokerlab::cli
