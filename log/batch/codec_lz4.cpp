// LZ4 frames as Kafka writes and reads them (codecs.h):
//
//   frame  := magic:u32  flags:u8  block_maximum:u8  [content_size:u64]  header_checksum:u8
//             block*  0:u32  [content_checksum:u32]        numbers little-endian
//   block  := size:u32 (top bit: stored as it is)  bytes  [block_checksum:u32]
//
// Written: version 1, independent blocks of 64 KiB, no sizes, no checksums but the header's. Read:
// any block maximum and any of the optional fields; as in Kafka the checksums of header and blocks
// are checked, content size and content checksum are not, and nobody looks behind the end. Blocks
// that build on one another, dictionaries and skippable frames are refused as Kafka does. The
// blocks are liblz4's; the frame is ours, because liblz4's own reader may set 8 MiB aside for a
// frame of 16 bytes. Source: the LZ4 frame format; Kafka's Lz4BlockOutputStream and
// Lz4BlockInputStream.
#include "log/batch/codecs.h"
#include "log/batch/little_endian.h"
#include "log/batch/xxhash32.h"

#include <array>
#include <lz4.h>
#include <lz4hc.h>
#include <memory>

namespace brokerlab::log {
namespace {

constexpr std::uint32_t frame_magic = 0x184D2204;
constexpr std::size_t number_size = 4;
constexpr std::size_t written_block_size = std::size_t{64} << 10;
constexpr std::uint32_t stored_bit = 0x80000000;

/// Version 1, independent blocks; 64 KiB; the header checksum of these two bytes.
constexpr std::array<unsigned char, 7> written_header = {0x04, 0x22, 0x4D, 0x18, 0x60, 0x40, 0x82};

const char* chars(const std::byte* bytes) { return reinterpret_cast<const char*>(bytes); }
char* chars(std::byte* bytes) { return reinterpret_cast<char*>(bytes); }

/// The bytes of a high compression state: 256 KiB, a thread.
void* high_state() {
  thread_local ByteVector state(static_cast<std::size_t>(LZ4_sizeofStateHC()));
  return state.data();
}

/// Kafka takes the fast compressor at its default level, whatever the number says, and the high one
/// at all others.
int compress_block(ByteView in, MutableByteView out, int level) {
  const int in_size = static_cast<int>(in.size());
  const int room = static_cast<int>(out.size());
  if (level == compression_levels(Codec::lz4)->standard) {
    return LZ4_compress_default(chars(in.data()), chars(out.data()), in_size, room);
  }
  return LZ4_compress_HC_extStateHC(high_state(), chars(in.data()), chars(out.data()), in_size,
                                    room, level);
}

class FrameReader {
 public:
  FrameReader(ByteView in, std::size_t max_output, ByteVector& out, Lz4Header header)
      : rest_(in), max_output_(max_output), out_(out), header_(header) {}

  Status<CompressionError> run() {
    out_.clear();
    if (!read_header()) return fail(CompressionError::malformed);
    while (true) {
      const auto size = number();
      if (!size) return fail(CompressionError::malformed);
      if (*size == 0) break;
      if (auto done = read_block(*size); !done.ok()) return done;
    }
    out_.resize(written_);
    if (content_checksum_ && !number()) return fail(CompressionError::malformed);
    return {};
  }

 private:
  std::optional<std::uint32_t> number() {
    if (rest_.size() < number_size) return std::nullopt;
    const std::uint32_t value = load_little_endian_32(rest_.data());
    rest_ = rest_.subspan(number_size);
    return value;
  }

  bool read_header() {
    if (number() != frame_magic || rest_.size() < 2) return false;
    const auto flags = std::to_integer<unsigned>(rest_[0]);
    const auto maximum = std::to_integer<unsigned>(rest_[1]);
    // Version 01, independent blocks, the reserved bit and the dictionary's 0.
    if ((flags & 0xE3) != 0x60) return false;
    block_checksum_ = (flags & 0x10) != 0;
    content_checksum_ = (flags & 0x04) != 0;
    // 4 to 7 for 64 KiB to 4 MiB; the other bits are 0.
    if ((maximum & 0xCF) != 0x40) return false;
    block_maximum_ = std::size_t{1} << (8 + 2 * (maximum >> 4));

    const bool sized = (flags & 0x08) != 0;
    const std::size_t covered = sized ? 10 : 2;
    if (rest_.size() < covered + 1) return false;
    const auto checksum = (xxhash32(rest_.first(covered)) >> 8) & 0xFF;
    if (header_ == Lz4Header::checked &&
        std::to_integer<std::uint32_t>(rest_[covered]) != checksum) {
      return false;
    }
    rest_ = rest_.subspan(covered + 1);
    return true;
  }

  Status<CompressionError> read_block(std::uint32_t number_read) {
    const std::size_t size = number_read & ~stored_bit;
    if (size > block_maximum_ || size > rest_.size()) return fail(CompressionError::malformed);
    const ByteView block = rest_.first(size);
    rest_ = rest_.subspan(size);
    if (block_checksum_ && number() != xxhash32(block)) return fail(CompressionError::malformed);
    return (number_read & stored_bit) != 0 ? copy(block) : unpack(block);
  }

  Status<CompressionError> copy(ByteView block) {
    if (block.size() > max_output_ - written_) return fail(CompressionError::too_large);
    grow(out_, written_ + block.size(), max_output_);
    std::copy(block.begin(), block.end(), out_.begin() + static_cast<std::ptrdiff_t>(written_));
    written_ += block.size();
    return {};
  }

  Status<CompressionError> unpack(ByteView block) {
    // A byte of LZ4 stands for 255 at most: short blocks get little memory.
    const std::size_t most = std::min(block_maximum_, block.size() * 255);
    const std::size_t room = std::min(most, max_output_ - written_);
    grow(out_, written_ + room, max_output_);
    char* const to = chars(out_.data() + written_);
    const int in_size = static_cast<int>(block.size());
    const int capacity = static_cast<int>(room);
    const int got = LZ4_decompress_safe(chars(block.data()), to, in_size, capacity);
    if (got >= 0) {
      written_ += static_cast<std::size_t>(got);
      return {};
    }
    // It does not say whether the block is bad or the room too small. If as much as there is room
    // for comes out well, it was the room.
    const bool full = room < most && LZ4_decompress_safe_partial(chars(block.data()), to, in_size,
                                                                 capacity, capacity) == capacity;
    return fail(full ? CompressionError::too_large : CompressionError::malformed);
  }

  ByteView rest_;
  std::size_t max_output_;
  ByteVector& out_;
  std::size_t written_ = 0;  ///< Of out_, which is grown ahead of it.
  std::size_t block_maximum_ = 0;
  bool block_checksum_ = false;
  bool content_checksum_ = false;
  Lz4Header header_;
};

}  // namespace

Status<CompressionError> lz4_compress(ByteView in, ByteVector& out, int level) {
  const auto header = std::as_bytes(std::span(written_header));
  out.insert(out.end(), header.begin(), header.end());
  while (!in.empty()) {
    const ByteView block = in.first(std::min(in.size(), written_block_size));
    const std::size_t before = out.size();
    const int bound = LZ4_compressBound(static_cast<int>(block.size()));
    out.resize(before + number_size + static_cast<std::size_t>(bound));
    const auto room = MutableByteView(out).subspan(before + number_size);
    const int packed = compress_block(block, room, level);
    ENSURE(packed > 0, "lz4 within its bound: {}", packed);
    auto size = static_cast<std::uint32_t>(packed);
    if (size >= block.size()) {  // Not worth it: stored as it is.
      std::copy(block.begin(), block.end(), room.begin());
      size = static_cast<std::uint32_t>(block.size());
      store_little_endian_32(out.data() + before, size | stored_bit);
    } else {
      store_little_endian_32(out.data() + before, size);
    }
    out.resize(before + number_size + size);
    in = in.subspan(block.size());
  }
  out.insert(out.end(), number_size, std::byte{0});
  return {};
}

Status<CompressionError> lz4_decompress(ByteView in, std::size_t max_output, ByteVector& out,
                                        Lz4Header header) {
  return FrameReader(in, max_output, out, header).run();
}

/// Source: Lz4BlockOutputStream.writeHeader, which took the frame's magic in as well.
void break_lz4_header_checksum(MutableByteView frame) {
  constexpr std::size_t covered = 6;
  ENSURE(frame.size() > covered);
  frame[covered] = static_cast<std::byte>((xxhash32(frame.first(covered)) >> 8) & 0xFF);
}

}  // namespace brokerlab::log
