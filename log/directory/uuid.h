// Uuid: 128 bits, written as Kafka writes topic ids: base64url without padding, 22 characters.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace brokerlab::log {

struct Uuid {
  std::array<std::uint8_t, 16> bytes{};

  std::string text() const;  ///< "6jEp3JQHTxyXt5tTWOdpZA".
  /// Nothing when `text` is not one.
  static std::optional<Uuid> parse(std::string_view text);

  /// All zeros: Kafka's "no id", which no topic has.
  bool is_zero() const { return *this == Uuid{}; }
  bool operator==(const Uuid&) const = default;
};

}  // namespace brokerlab::log
