// What goes over a link. Sizes are those of a plain protocol: a head, and the records.
#pragma once

#include "scenarios/links/link_book.h"
#include "sim/network.h"

#include <vector>

namespace brokerlab::scenarios {

inline constexpr int link_port = 7000;
inline constexpr std::int64_t link_head = 32;  ///< Of a message, in bytes.

/// Records on their way.
struct LinkBatch final : sim::Payload {
  std::size_t link = 0;
  std::vector<LinkRun> runs;
};

/// So many runs have been processed.
struct LinkAnswer final : sim::Payload {
  std::size_t runs = 0;
};

}  // namespace brokerlab::scenarios
