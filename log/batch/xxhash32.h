// XXH32, the checksum of LZ4 frames, with seed 0. Private to this folder.
// Source: the xxHash specification ("xxHash fast digest algorithm", XXH32).
#pragma once

#include "log/types.h"

namespace brokerlab::log {

std::uint32_t xxhash32(ByteView bytes);

}  // namespace brokerlab::log
