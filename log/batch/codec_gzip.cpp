// gzip members by zlib (codecs.h). Source of the framing: Kafka's GzipCompression and Java's
// GZIPInputStream (JDK 17), which has a way of its own with what follows a member:
//
//   - fewer than 19 bytes behind its trailer, all of them in the reader's buffer of 8 KiB: ignored;
//   - otherwise, when a whole and right header is there, another member; it must be good;
//   - when there is no such header: ignored, all of it.
#include "log/batch/codecs.h"
#include "log/batch/little_endian.h"

#include <array>
#include <limits>
#include <memory>
#include <optional>
#include <zlib.h>

namespace brokerlab::log {
namespace {

/// 15 bits of window, plus 16 for the gzip wrapper.
constexpr int gzip_window_bits = 15 + 16;
/// Without any wrapper.
constexpr int raw_window_bits = -15;

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

/// Where the header of a member that begins at `begin` ends; nothing when there is no whole and
/// right one. Source: GZIPInputStream.readHeader.
std::optional<std::size_t> behind_header(ByteView in, std::size_t begin) {
  constexpr unsigned has_checksum = 2, has_extra = 4, has_name = 8, has_comment = 16;
  constexpr std::size_t fixed = 10;
  if (begin > in.size() || in.size() - begin < fixed) return std::nullopt;
  const auto byte = [&](std::size_t at) { return std::to_integer<unsigned>(in[at]); };
  if (byte(begin) != 0x1f || byte(begin + 1) != 0x8b || byte(begin + 2) != 8) return std::nullopt;
  const unsigned flags = byte(begin + 3);
  std::size_t end = begin + fixed;
  if ((flags & has_extra) != 0) {
    if (in.size() - end < 2) return std::nullopt;
    const std::size_t size = byte(end) | byte(end + 1) << 8;
    end += 2;
    if (in.size() - end < size) return std::nullopt;
    end += size;
  }
  for (const unsigned text : {has_name, has_comment}) {
    if ((flags & text) == 0) continue;
    while (end < in.size() && byte(end) != 0) ++end;
    if (end == in.size()) return std::nullopt;
    ++end;
  }
  if ((flags & has_checksum) != 0) {
    if (in.size() - end < 2) return std::nullopt;
    const auto checksum =
        crc32_z(0, reinterpret_cast<const Bytef*>(in.data() + begin), end - begin);
    if ((byte(end) | byte(end + 1) << 8) != (checksum & 0xffff)) return std::nullopt;
    end += 2;
  }
  return end;
}

/// Checksum and size of what a member holds.
bool trailer_agrees(ByteView in, std::size_t at, ByteView contents) {
  if (in.size() - at < 8) return false;
  const auto checksum =
      crc32_z(0, reinterpret_cast<const Bytef*>(contents.data()), contents.size());
  return load_little_endian_32(in.data() + at) == checksum &&
         load_little_endian_32(in.data() + at + 4) == static_cast<std::uint32_t>(contents.size());
}

class Inflater {
 public:
  Inflater() {
    const int status = inflateInit2(&stream_, raw_window_bits);
    ENSURE(status == Z_OK, "inflateInit2: {}", status);
  }
  ~Inflater() { inflateEnd(&stream_); }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;

  Status<CompressionError> run(ByteView in, std::size_t max_output, ByteVector& out) {
    if (in.size() > zlib_limit || max_output >= zlib_limit) {
      return fail(CompressionError::too_large);
    }
    // One byte more than allowed, to tell "just fits" from "goes on".
    most_ = max_output + 1;
    written_ = 0;
    out.clear();
    grow(out, std::min(most_, std::max<std::size_t>(1024, in.size() * 4)), most_);
    std::optional<std::size_t> begin = behind_header(in, 0);
    if (!begin) return fail(CompressionError::malformed);
    std::size_t buffered = *begin;  // How far Java's reader has read ahead.
    while (begin) {
      const std::size_t before = written_;
      const auto end = inflate_at(in, *begin, out);
      if (!end.ok()) return fail(end.error());
      if (!trailer_agrees(in, *end, ByteView(out).subspan(before, written_ - before))) {
        return fail(CompressionError::malformed);
      }
      buffered = std::max(buffered, *begin);
      while (buffered < *end) buffered = std::min(in.size(), buffered + java_buffer);
      const std::size_t next = *end + trailer_size;
      const bool more = in.size() > std::max(buffered, next) || buffered - *end > least_tried;
      begin = more ? behind_header(in, next) : std::nullopt;
    }
    out.resize(written_);
    return {};
  }

 private:
  static constexpr std::size_t java_buffer = 8192;
  static constexpr std::size_t trailer_size = 8;
  /// A trailer, the smallest header, and one more trailer.
  static constexpr std::size_t least_tried = 26;

  /// Inflates what begins at `begin`, behind a member's header. Where it ends.
  Result<std::size_t, CompressionError> inflate_at(ByteView in, std::size_t begin,
                                                   ByteVector& out) {
    inflateReset(&stream_);
    stream_.next_in = zlib_bytes(in.data() + begin);
    stream_.avail_in = static_cast<uInt>(in.size() - begin);
    while (true) {
      stream_.next_out = zlib_bytes(out.data() + written_);
      stream_.avail_out = static_cast<uInt>(out.size() - written_);
      const int status = inflate(&stream_, Z_NO_FLUSH);
      written_ = out.size() - stream_.avail_out;
      if (written_ >= most_) return fail(CompressionError::too_large);
      if (status == Z_STREAM_END) return in.size() - stream_.avail_in;
      // Z_BUF_ERROR: no progress, because there is no room or because the input ends too early.
      if (status != Z_OK && status != Z_BUF_ERROR) return fail(CompressionError::malformed);
      if (stream_.avail_out > 0) return fail(CompressionError::malformed);
      grow(out, std::min(most_, out.size() * 2), most_);
    }
  }

  z_stream stream_{};
  std::size_t most_ = 0;     ///< Of the output, and one more.
  std::size_t written_ = 0;  ///< Of the output.
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
