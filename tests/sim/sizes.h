// Sizes that stories of disks count in.
#pragma once

#include <cstdint>

namespace brokerlab::sim::test {

inline constexpr std::int64_t mebi = 1 << 20;

}  // namespace brokerlab::sim::test
