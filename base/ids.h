// Strong ids: an epoch cannot be added to an offset, a machine cannot be passed as a partition.
//
// An Id is an integer with a name in its type. It orders, hashes and prints; it does no arithmetic
// beyond next(). The default value is "none" (-1), as in Kafka's protocol.
#pragma once

#include <fmt/format.h>

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>

namespace brokerlab {

template <class Tag, class Integer = std::int32_t>
class Id {
 public:
  using Value = Integer;

  constexpr Id() = default;
  constexpr explicit Id(Integer value) : value_(value) {}

  constexpr Integer value() const { return value_; }
  constexpr bool valid() const { return value_ >= 0; }
  constexpr explicit operator bool() const { return valid(); }
  constexpr Id next() const { return Id(value_ + 1); }

  constexpr auto operator<=>(const Id&) const = default;

 private:
  Integer value_ = -1;
};

}  // namespace brokerlab

template <class Tag, class Integer>
struct std::hash<brokerlab::Id<Tag, Integer>> {
  std::size_t operator()(brokerlab::Id<Tag, Integer> id) const noexcept {
    return std::hash<Integer>{}(id.value());
  }
};

template <class Tag, class Integer>
struct fmt::formatter<brokerlab::Id<Tag, Integer>> : fmt::formatter<Integer> {
  template <class Context>
  auto format(brokerlab::Id<Tag, Integer> id, Context& context) const {
    return fmt::formatter<Integer>::format(id.value(), context);
  }
};
