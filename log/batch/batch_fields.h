// What the readers and writers of batches share: the bits of a batch's attributes, its fields, what
// is said of damage. Inside log/batch only.
#pragma once

#include "base/result.h"
#include "log/batch/big_endian.h"
#include "log/batch/record_batch.h"

#include <string>

namespace brokerlab::log {

// Attributes; the first two are of all formats, the rest of format 2.
inline constexpr int codec_mask = 0x07;
inline constexpr int log_append_time_bit = 0x08;
inline constexpr int transactional_bit = 0x10;
inline constexpr int control_bit = 0x20;
inline constexpr int delete_horizon_bit = 0x40;

template <class Integer>
Integer field(ByteView bytes, std::size_t position) {
  return load_big_endian<Integer>(bytes.data() + position);
}

inline Failure<Corruption> corrupt(Corruption::Kind kind, std::string message) {
  return fail(Corruption{kind, std::move(message)});
}

}  // namespace brokerlab::log
