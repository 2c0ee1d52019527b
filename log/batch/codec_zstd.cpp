// zstd frames (codecs.h). Written as Kafka's stream writes them: without the content size, which a
// stream cannot know, and without a checksum. Several frames in a row, skippable ones too, are
// read. Source: Kafka's ZstdCompression; zstd-jni's ZstdOutputStreamNoFinalizer.
#include "log/batch/codecs.h"

#include <memory>
#include <zstd.h>
#include <zstd_errors.h>

namespace brokerlab::log {
namespace {

/// A block of 4 bytes, three of them its header, stands for 128 KiB at most.
constexpr std::size_t most_per_byte = std::size_t{32} << 10;
constexpr std::size_t first_guess = std::size_t{16} << 10;
/// A compressor above this size is not kept: level 3 takes 4 MB, level 22 some 800.
constexpr std::size_t most_kept = std::size_t{32} << 20;

struct FreeContext {
  void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
  void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
};

using Compressor = std::unique_ptr<ZSTD_CCtx, FreeContext>;

Compressor& compressor() {
  thread_local Compressor only;
  if (!only) only.reset(ZSTD_createCCtx());
  ENSURE(only != nullptr, "no memory for zstd");
  return only;
}

ZSTD_DCtx& decompressor() {
  thread_local const std::unique_ptr<ZSTD_DCtx, FreeContext> only(ZSTD_createDCtx());
  ENSURE(only != nullptr, "no memory for zstd");
  return *only;
}

void ensure_done(std::size_t status) {
  ENSURE(ZSTD_isError(status) == 0, "zstd: {}", ZSTD_getErrorName(status));
}

/// How much to make room for at first; more than max_output when the frame says so itself.
std::size_t expected_size(ByteView in, std::size_t max_output) {
  const unsigned long long said = ZSTD_getFrameContentSize(in.data(), in.size());
  if (said == ZSTD_CONTENTSIZE_UNKNOWN || said == ZSTD_CONTENTSIZE_ERROR) {
    return std::min(max_output, std::max(first_guess, in.size() * 4));
  }
  if (said > max_output) return max_output + 1;
  return static_cast<std::size_t>(std::min<unsigned long long>(said, in.size() * most_per_byte));
}

}  // namespace

Status<CompressionError> zstd_compress(ByteView in, ByteVector& out, int level) {
  Compressor& context = compressor();
  ensure_done(ZSTD_CCtx_reset(context.get(), ZSTD_reset_session_only));
  ensure_done(ZSTD_CCtx_setParameter(context.get(), ZSTD_c_compressionLevel, level));
  const std::size_t before = out.size();
  out.resize(before + ZSTD_compressBound(in.size()));
  ZSTD_inBuffer from{in.data(), in.size(), 0};
  ZSTD_outBuffer to{out.data() + before, out.size() - before, 0};
  // Ending in the first call would tell zstd the size.
  while (from.pos < from.size) {
    ensure_done(ZSTD_compressStream2(context.get(), &to, &from, ZSTD_e_continue));
  }
  const std::size_t left = ZSTD_compressStream2(context.get(), &to, &from, ZSTD_e_end);
  ensure_done(left);
  ENSURE(left == 0, "zstd within its bound: {} bytes left", left);
  out.resize(before + to.pos);
  if (ZSTD_sizeof_CCtx(context.get()) > most_kept) context.reset();
  return {};
}

Status<CompressionError> zstd_decompress(ByteView in, std::size_t max_output, ByteVector& out) {
  out.clear();
  if (in.empty()) return fail(CompressionError::malformed);
  std::size_t size = expected_size(in, max_output);
  if (size > max_output) return fail(CompressionError::too_large);
  // All at once into `out` rather than as a stream: a stream would set aside the window that the
  // frame asks for, up to 128 MiB. When the room was too small, again from the start.
  while (true) {
    grow(out, size, max_output);
    const std::size_t got =
        ZSTD_decompressDCtx(&decompressor(), out.data(), size, in.data(), in.size());
    if (ZSTD_isError(got) == 0) {
      out.resize(got);
      return {};
    }
    if (ZSTD_getErrorCode(got) != ZSTD_error_dstSize_tooSmall) {
      return fail(CompressionError::malformed);
    }
    if (size == max_output) return fail(CompressionError::too_large);
    size = std::min(max_output, std::max(first_guess, size * 4));
  }
}

}  // namespace brokerlab::log
