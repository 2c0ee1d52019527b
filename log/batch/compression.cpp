#include "log/batch/compression.h"

#include "log/batch/codecs.h"

#include <array>

namespace brokerlab::log {
namespace {

constexpr std::array<std::string_view, 5> codec_names = {"none", "gzip", "snappy", "lz4", "zstd"};

int level_of(Codec codec, std::optional<int> asked) {
  const auto levels = compression_levels(codec);
  if (!levels) return 0;
  const int level = asked.value_or(levels->standard);
  ENSURE(levels->allow(level), "{} has no level {}", to_text(codec), level);
  return level;
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
      return "there is no such codec";
    case CompressionError::malformed:
      return "the compressed bytes are malformed";
    case CompressionError::too_large:
      return "too large";
  }
  UNREACHABLE();
}

bool is_supported(Codec codec) { return static_cast<std::size_t>(codec) < codec_names.size(); }

std::optional<CompressionLevels> compression_levels(Codec codec) {
  switch (codec) {
    case Codec::gzip:
      return CompressionLevels{.lowest = 1, .highest = 9, .standard = -1};
    case Codec::lz4:
      return CompressionLevels{.lowest = 1, .highest = 17, .standard = 9};
    case Codec::zstd:
      return CompressionLevels{.lowest = -131072, .highest = 22, .standard = 3};
    default:
      return std::nullopt;
  }
}

Status<CompressionError> compress(Codec codec, ByteView in, ByteVector& out,
                                  std::optional<int> level) {
  switch (codec) {
    case Codec::none:
      out.insert(out.end(), in.begin(), in.end());
      return {};
    case Codec::gzip:
      return gzip_compress(in, out, level_of(codec, level));
    case Codec::snappy:
      return snappy_compress(in, out);
    case Codec::lz4:
      return lz4_compress(in, out, level_of(codec, level));
    case Codec::zstd:
      return zstd_compress(in, out, level_of(codec, level));
  }
  return fail(CompressionError::unsupported);
}

Status<CompressionError> decompress(Codec codec, ByteView in, std::size_t max_output,
                                    ByteVector& out) {
  switch (codec) {
    case Codec::none:
      if (in.size() > max_output) return fail(CompressionError::too_large);
      out.assign(in.begin(), in.end());
      return {};
    case Codec::gzip:
      return gzip_decompress(in, max_output, out);
    case Codec::snappy:
      return snappy_decompress(in, max_output, out);
    case Codec::lz4:
      return lz4_decompress(in, max_output, out);
    case Codec::zstd:
      return zstd_decompress(in, max_output, out);
  }
  return fail(CompressionError::unsupported);
}

}  // namespace brokerlab::log
