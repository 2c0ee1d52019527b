// gzip members by zlib (codecs.h). Source of the framing: Kafka's GzipCompression, java.util.zip.
#include "log/codecs.h"

#include <array>
#include <limits>
#include <memory>
#include <zlib.h>

namespace brokerlab::log {
namespace {

/// 15 bits of window, plus 16 for the gzip wrapper.
constexpr int gzip_window_bits = 15 + 16;

Bytef* zlib_bytes(const std::byte* bytes) {
  // zlib only reads through next_in, but its type says otherwise.
  return const_cast<Bytef*>(reinterpret_cast<const Bytef*>(bytes));
}

/// zlib counts in 32 bits.
constexpr std::size_t zlib_limit = std::numeric_limits<uInt>::max();

class Deflater {
 public:
  explicit Deflater(int level) {
    const int status =
        deflateInit2(&stream_, level, Z_DEFLATED, gzip_window_bits, 8, Z_DEFAULT_STRATEGY);
    ENSURE(status == Z_OK, "deflateInit2 of level {}: {}", level, status);
  }
  ~Deflater() { deflateEnd(&stream_); }
  Deflater(const Deflater&) = delete;
  Deflater& operator=(const Deflater&) = delete;

  Status<CompressionError> run(ByteView in, ByteVector& out) {
    if (in.size() > zlib_limit / 2) return fail(CompressionError::too_large);
    deflateReset(&stream_);
    const std::size_t before = out.size();
    out.resize(before + deflateBound(&stream_, static_cast<uLong>(in.size())));
    stream_.next_in = zlib_bytes(in.data());
    stream_.avail_in = static_cast<uInt>(in.size());
    stream_.next_out = zlib_bytes(out.data() + before);
    stream_.avail_out = static_cast<uInt>(out.size() - before);
    const int status = deflate(&stream_, Z_FINISH);
    ENSURE(status == Z_STREAM_END, "deflate within deflateBound: {}", status);
    out.resize(out.size() - stream_.avail_out);
    return {};
  }

 private:
  z_stream stream_{};
};

class Inflater {
 public:
  Inflater() {
    const int status = inflateInit2(&stream_, gzip_window_bits);
    ENSURE(status == Z_OK, "inflateInit2: {}", status);
  }
  ~Inflater() { inflateEnd(&stream_); }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;

  Status<CompressionError> run(ByteView in, std::size_t max_output, ByteVector& out) {
    if (in.size() > zlib_limit || max_output >= zlib_limit)
      return fail(CompressionError::too_large);
    inflateReset(&stream_);
    stream_.next_in = zlib_bytes(in.data());
    stream_.avail_in = static_cast<uInt>(in.size());
    // One byte more than allowed, to tell "just fits" from "goes on".
    const std::size_t most = max_output + 1;
    out.clear();
    grow(out, std::min(most, std::max<std::size_t>(1024, in.size() * 4)), most);
    std::size_t written = 0;
    while (true) {
      stream_.next_out = zlib_bytes(out.data() + written);
      stream_.avail_out = static_cast<uInt>(out.size() - written);
      const int status = inflate(&stream_, Z_NO_FLUSH);
      written = out.size() - stream_.avail_out;
      if (written > max_output) return fail(CompressionError::too_large);
      if (status == Z_STREAM_END) {
        if (stream_.avail_in == 0) break;
        inflateReset(&stream_);  // Gzip allows several members in a row.
        continue;
      }
      // Z_BUF_ERROR: no progress, because there is no room or because the input ends too early.
      if (status != Z_OK && status != Z_BUF_ERROR) return fail(CompressionError::malformed);
      if (stream_.avail_out > 0) return fail(CompressionError::malformed);
      grow(out, std::min(most, out.size() * 2), most);
    }
    out.resize(written);
    return {};
  }

 private:
  z_stream stream_{};
};

Deflater& deflater(int level) {
  thread_local std::array<std::unique_ptr<Deflater>, 11> by_level;  // -1 to 9.
  auto& slot = by_level.at(static_cast<std::size_t>(level) + 1);
  if (!slot) slot = std::make_unique<Deflater>(level);
  return *slot;
}

Inflater& inflater() {
  thread_local Inflater only;
  return only;
}

}  // namespace

Status<CompressionError> gzip_compress(ByteView in, ByteVector& out, int level) {
  return deflater(level).run(in, out);
}

Status<CompressionError> gzip_decompress(ByteView in, std::size_t max_output, ByteVector& out) {
  return inflater().run(in, max_output, out);
}

}  // namespace brokerlab::log
