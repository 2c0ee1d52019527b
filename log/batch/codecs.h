// The codecs behind compression.h, one a .cpp. Private to this folder.
//
// Each pair keeps the promises of compress() and decompress(); `level` is one the codec allows.
#pragma once

#include "log/batch/compression.h"

#include <algorithm>

namespace brokerlab::log {

Status<CompressionError> gzip_compress(ByteView in, ByteVector& out, int level);
Status<CompressionError> gzip_decompress(ByteView in, std::size_t max_output, ByteVector& out);

Status<CompressionError> snappy_compress(ByteView in, ByteVector& out);
Status<CompressionError> snappy_decompress(ByteView in, std::size_t max_output, ByteVector& out);

Status<CompressionError> lz4_compress(ByteView in, ByteVector& out, int level);
/// Kafka's clients before message format 1 wrote a wrong checksum of the frame's header.
enum class Lz4Header { checked, unchecked };
Status<CompressionError> lz4_decompress(ByteView in, std::size_t max_output, ByteVector& out,
                                        Lz4Header header = Lz4Header::checked);
/// Puts their checksum into a frame of lz4_compress().
void break_lz4_header_checksum(MutableByteView frame);

Status<CompressionError> zstd_compress(ByteView in, ByteVector& out, int level);
Status<CompressionError> zstd_decompress(ByteView in, std::size_t max_output, ByteVector& out);

/// Makes `out` at least `size` bytes long. Doubles its capacity when it must grow, as a vector
/// does, but never beyond `most`.
inline void grow(ByteVector& out, std::size_t size, std::size_t most) {
  if (size > out.capacity()) out.reserve(std::min(most, std::max(size, out.capacity() * 2)));
  if (size > out.size()) out.resize(size);
}

}  // namespace brokerlab::log
