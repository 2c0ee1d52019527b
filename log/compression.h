// The compression codecs of record batches. none and gzip work; the others are known by name and
// answer CompressionError::unsupported.
//
// Cost: the zlib streams are kept a thread and reset between calls, since setting one up costs more
// than a small batch. Threads: any; nothing is shared.
#pragma once

#include "base/result.h"
#include "log/types.h"

#include <optional>
#include <string_view>

namespace brokerlab::log {

/// Numbers as in bits 0-2 of a batch's attributes (KIP-98; zstd KIP-110).
enum class Codec : std::uint8_t { none = 0, gzip = 1, snappy = 2, lz4 = 3, zstd = 4 };

enum class CompressionError {
  unsupported,  ///< This build has no such codec.
  malformed,    ///< The bytes are not what the codec writes, or end too early.
  too_large,    ///< The output would pass the limit.
};

std::string_view to_text(Codec codec);  ///< "gzip", as in Kafka's compression.type.
std::optional<Codec> codec_from(std::string_view name);
std::string_view to_text(CompressionError error);
bool is_supported(Codec codec);

/// Kafka's compression.gzip.level; -1 is zlib's own default, 6.
inline constexpr int default_compression_level = -1;

/// Appends the compressed bytes to `out`; on an error `out` is as before.
Status<CompressionError> compress(Codec codec, ByteView in, ByteVector& out,
                                  int level = default_compression_level);

/// Replaces `out` with the decompressed bytes, at most `max_output` of them: a few bytes from the
/// network cannot make us allocate gigabytes.
Status<CompressionError> decompress(Codec codec, ByteView in, std::size_t max_output,
                                    ByteVector& out);

}  // namespace brokerlab::log
