// Records told apart by their bytes.
#pragma once

#include "base/random.h"
#include "log/batch/byte_slice.h"

#include <algorithm>
#include <cstdint>

namespace brokerlab::scenarios {

inline std::uint64_t content_hash(log::ByteView value) { return stable_hash(log::as_text(value)); }

inline bool same_bytes(log::ByteView a, log::ByteView b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end());
}

}  // namespace brokerlab::scenarios
