// snappy blocks in the framing of snappy-java's SnappyOutputStream, which Kafka uses (codecs.h):
//
//   stream := header  (size:i32  block)*        numbers big-endian
//   header := 82 "SNAPPY" 00  version:i32(=1)  oldest_compatible_version:i32(=1)
//
// A block holds 32 KiB of input, the last one what is left. Several streams may follow one another,
// and a lone block without header and size is read too, as SnappyInputStream does both; one to
// three bytes behind the last block are no size, and nobody looks at them.
#include "log/batch/big_endian.h"
#include "log/batch/codecs.h"

#include <array>
#include <cstring>
#include <snappy.h>

namespace brokerlab::log {
namespace {

constexpr std::size_t block_size = std::size_t{32} << 10;
constexpr std::size_t length_size = 4;

constexpr std::array<unsigned char, 16> header = {0x82, 'S', 'N', 'A', 'P', 'P', 'Y', 0,
                                                  0,    0,   0,   1,   0,   0,   0,   1};
constexpr std::size_t magic_size = 8;

bool begins_with_magic(ByteView bytes) {
  return bytes.size() >= header.size() && std::memcmp(bytes.data(), header.data(), magic_size) == 0;
}

/// Appends what the block `in` holds.
Status<CompressionError> unpack(ByteView in, std::size_t max_output, ByteVector& out) {
  const std::string_view block = as_text(in);
  std::size_t size = 0;
  if (!snappy::GetUncompressedLength(block.data(), block.size(), &size)) {
    return fail(CompressionError::malformed);
  }
  // Three bytes copy at most 64: a block that claims more lies, and gets no memory.
  if (size / 64 > block.size() / 3) return fail(CompressionError::malformed);
  const std::size_t before = out.size();
  if (size > max_output - before) return fail(CompressionError::too_large);
  grow(out, before + size, max_output);
  // An empty vector has no address to write at, and snappy none to be checked against.
  std::byte nothing{};
  std::byte* const to = out.empty() ? &nothing : out.data() + before;
  if (!snappy::RawUncompress(block.data(), block.size(), reinterpret_cast<char*>(to))) {
    return fail(CompressionError::malformed);
  }
  return {};
}

}  // namespace

Status<CompressionError> snappy_compress(ByteView in, ByteVector& out) {
  const auto header_bytes = std::as_bytes(std::span(header));
  out.insert(out.end(), header_bytes.begin(), header_bytes.end());
  while (!in.empty()) {
    const std::string_view block = as_text(in.first(std::min(in.size(), block_size)));
    const std::size_t before = out.size();
    out.resize(before + length_size + snappy::MaxCompressedLength(block.size()));
    std::size_t size = 0;
    snappy::RawCompress(block.data(), block.size(),
                        reinterpret_cast<char*>(out.data() + before + length_size), &size);
    store_big_endian(out.data() + before, static_cast<std::int32_t>(size));
    out.resize(before + length_size + size);
    in = in.subspan(block.size());
  }
  return {};
}

Status<CompressionError> snappy_decompress(ByteView in, std::size_t max_output, ByteVector& out) {
  out.clear();
  if (!begins_with_magic(in)) return unpack(in, max_output, out);
  in = in.subspan(header.size());  // snappy-java asks only later headers for their version.
  while (!in.empty()) {
    if (begins_with_magic(in)) {
      if (load_big_endian<std::int32_t>(in.data() + magic_size) < 1) {
        return fail(CompressionError::malformed);
      }
      in = in.subspan(header.size());
      continue;
    }
    if (in.size() < length_size) break;
    // A negative size, the start of a cut header perhaps, is one too large as well.
    const std::size_t size = load_big_endian<std::uint32_t>(in.data());
    in = in.subspan(length_size);
    if (size > in.size()) return fail(CompressionError::malformed);
    if (auto done = unpack(in.first(size), max_output, out); !done.ok()) return done;
    in = in.subspan(size);
  }
  return {};
}

}  // namespace brokerlab::log
