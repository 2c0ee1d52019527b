#include "log/compression.h"

#include <algorithm>
#include <array>
#include <limits>
#include <memory>
#include <zlib.h>

namespace brokerlab::log {
namespace {

constexpr std::array<std::string_view, 5> codec_names = {"none", "gzip", "snappy", "lz4", "zstd"};

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
    out.resize(std::min(most, std::max<std::size_t>(1024, in.size() * 4)));
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
      out.resize(std::min(most, out.size() * 2));
    }
    out.resize(written);
    return {};
  }

 private:
  z_stream stream_{};
};

Deflater& deflater(int level) {
  thread_local std::array<std::unique_ptr<Deflater>, 11> by_level;
  const int known = level < 0 || level > 9 ? default_compression_level : level;
  auto& slot = by_level.at(static_cast<std::size_t>(known + 1));
  if (!slot) slot = std::make_unique<Deflater>(known);
  return *slot;
}

Inflater& inflater() {
  thread_local Inflater only;
  return only;
}

}  // namespace

std::string_view to_text(Codec codec) {
  const auto number = static_cast<std::size_t>(codec);
  return number < codec_names.size() ? codec_names.at(number) : "unknown";
}

std::optional<Codec> codec_from(std::string_view name) {
  for (std::size_t i = 0; i < codec_names.size(); ++i) {
    if (codec_names.at(i) == name) return static_cast<Codec>(i);
  }
  return std::nullopt;
}

std::string_view to_text(CompressionError error) {
  switch (error) {
    case CompressionError::unsupported:
      return "this build does not have the codec";
    case CompressionError::malformed:
      return "the compressed bytes are malformed";
    case CompressionError::too_large:
      return "too large";
  }
  UNREACHABLE();
}

bool is_supported(Codec codec) { return codec == Codec::none || codec == Codec::gzip; }

Status<CompressionError> compress(Codec codec, ByteView in, ByteVector& out, int level) {
  switch (codec) {
    case Codec::none:
      out.insert(out.end(), in.begin(), in.end());
      return {};
    case Codec::gzip:
      return deflater(level).run(in, out);
    default:
      return fail(CompressionError::unsupported);
  }
}

Status<CompressionError> decompress(Codec codec, ByteView in, std::size_t max_output,
                                    ByteVector& out) {
  switch (codec) {
    case Codec::none:
      if (in.size() > max_output) return fail(CompressionError::too_large);
      out.assign(in.begin(), in.end());
      return {};
    case Codec::gzip:
      return inflater().run(in, max_output, out);
    default:
      return fail(CompressionError::unsupported);
  }
}

}  // namespace brokerlab::log
