// The compression codecs of record batches, in the framing Kafka 3.9 gives each
// (docs/log_format.md, "Codecs"), by zlib, snappy, lz4 and zstd.
//
// Reading takes what Kafka's readers take, with their ways at the end: what follows the compressed
// data is not looked at in gzip (java.util.zip.GZIPInputStream, which tries whether another member
// begins there) and lz4; in zstd it must be another frame.
//
// Cost: the libraries' contexts are kept a thread and reset between calls, since setting one up
// costs more than a small batch; those of the high zstd levels are too large for that.
// Threads: any; nothing is shared.
#pragma once

#include "base/result.h"
#include "log/types.h"

#include <optional>
#include <string_view>

namespace brokerlab::log {

/// Numbers as in bits 0-2 of a batch's attributes (KIP-98; zstd KIP-110).
enum class Codec : std::uint8_t { none = 0, gzip = 1, snappy = 2, lz4 = 3, zstd = 4 };

enum class CompressionError {
  unsupported,  ///< No such codec: 5 to 7 in the attributes.
  malformed,    ///< The bytes are not what the codec writes, end too early or go on behind its end.
  too_large,    ///< The output would pass the limit.
};

std::string_view to_text(Codec codec);  ///< "gzip", as in Kafka's compression.type.
std::optional<Codec> codec_from(std::string_view name);
std::string_view to_text(CompressionError error);
bool is_supported(Codec codec);

/// What compression.gzip.level, compression.lz4.level and compression.zstd.level may be (KIP-390).
struct CompressionLevels {
  int lowest = 0;
  int highest = 0;
  int standard = 0;  ///< The default. gzip's, -1 for zlib's own choice, lies outside the range.

  bool allow(int level) const { return (lowest <= level && level <= highest) || level == standard; }
};
/// Nothing for none and snappy, which have no levels.
std::optional<CompressionLevels> compression_levels(Codec codec);

/// Appends the compressed bytes to `out`; on an error `out` is as before. `level`: nothing for the
/// codec's default; one that compression_levels() does not allow is our bug. Ignored by none and
/// snappy.
Status<CompressionError> compress(Codec codec, ByteView in, ByteVector& out,
                                  std::optional<int> level = std::nullopt);

/// Replaces `out` with the decompressed bytes, at most `max_output` of them: a few bytes from the
/// network cannot make us allocate gigabytes. `out` never has to hold more than a byte above
/// `max_output`. On an error its contents are unspecified.
Status<CompressionError> decompress(Codec codec, ByteView in, std::size_t max_output,
                                    ByteVector& out);

}  // namespace brokerlab::log
