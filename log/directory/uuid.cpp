#include "log/directory/uuid.h"

namespace brokerlab::log {
namespace {

constexpr std::string_view alphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr std::size_t text_size = 22;
constexpr unsigned digit_bits = 6;

}  // namespace

std::string Uuid::text() const {
  std::string out;
  unsigned pending = 0;
  unsigned bits = 0;
  for (const std::uint8_t byte : bytes) {
    pending = (pending << 8) | byte;
    bits += 8;
    while (bits >= digit_bits) {
      bits -= digit_bits;
      out += alphabet[(pending >> bits) & 0x3f];
    }
  }
  out += alphabet[(pending << (digit_bits - bits)) & 0x3f];
  return out;
}

std::optional<Uuid> Uuid::parse(std::string_view text) {
  if (text.size() != text_size) return std::nullopt;
  Uuid uuid;
  std::size_t filled = 0;
  unsigned pending = 0;
  unsigned bits = 0;
  for (const char c : text) {
    const auto digit = alphabet.find(c);
    if (digit == std::string_view::npos) return std::nullopt;
    pending = (pending << digit_bits) | static_cast<unsigned>(digit);
    bits += digit_bits;
    if (bits < 8) continue;
    bits -= 8;
    uuid.bytes[filled++] = static_cast<std::uint8_t>(pending >> bits);
  }
  return uuid;
}

}  // namespace brokerlab::log
