#include "log/partition/cut_bytes.h"

#include "log/batch/big_endian.h"
#include "log/batch/crc32c.h"
#include "log/batch/legacy_batch.h"
#include "log/batch/record_batch.h"
#include "log/segment/segment.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

namespace brokerlab::log {
namespace {

/// FileLogInputStream looks at no fewer.
constexpr std::int64_t least_for_kafka = 18;
constexpr std::size_t magic_at = 16;
constexpr std::size_t newest_magic = 2;
constexpr std::int32_t smallest_length = 14;
constexpr std::size_t piece_size = std::size_t{1} << 20;

Result<ByteVector, IoError> read_piece(File& log, std::int64_t position, std::size_t most) {
  const auto left = static_cast<std::size_t>(std::max<std::int64_t>(0, log.size() - position));
  ByteVector bytes(std::min(left, most));
  const auto got = log.read_at(position, bytes);
  if (!got.ok()) return fail(got.error());
  bytes.resize(*got);
  return bytes;
}

bool is_zero(ByteView bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](std::byte b) { return b == std::byte{0}; });
}

/// Whether a batch of the segment may begin with these bytes, as far as its offset tells.
bool may_be_offset(ByteView bytes, Offset base) {
  if (bytes.size() < sizeof(Offset)) return is_zero(bytes);
  const auto offset = load_big_endian<Offset>(bytes.data());
  return offset >= base && offset - base <= std::numeric_limits<std::int32_t>::max();
}

/// RecordBatch.isValid.
bool is_valid_to_kafka(ByteView batch) {
  if (std::to_integer<unsigned>(batch[magic_at]) < 2) {
    return legacy::checksum(batch) == legacy::computed_checksum(batch);
  }
  return batch.size() >= batch_header_size &&
         load_big_endian<std::uint32_t>(batch.data() + 17) == crc32c(batch.subspan(21));
}

JudgedCut not_kafkas(std::string why) { return {CutClaim::not_kafkas, std::move(why)}; }

}  // namespace

Result<bool, IoError> is_zero_from(File& log, std::int64_t position) {
  while (position < log.size()) {
    const auto piece = read_piece(log, position, piece_size);
    if (!piece.ok()) return fail(piece.error());
    if (!is_zero(*piece)) return false;
    position += static_cast<std::int64_t>(piece->size());
  }
  return true;
}

Result<JudgedCut, IoError> judge_cut(File& log, std::int64_t position, Offset segment_base) {
  const std::int64_t left = log.size() - position;
  const auto front = read_piece(log, position, static_cast<std::size_t>(least_for_kafka));
  if (!front.ok()) return fail(front.error());
  const auto zero = is_zero_from(log, position);
  if (!zero.ok()) return fail(zero.error());
  if (*zero) return JudgedCut{CutClaim::cut_by_kafka, "zeros"};
  const bool placed = may_be_offset(*front, segment_base);
  if (left < least_for_kafka) {
    // Behind good batches it is a torn one; alone it may be anything.
    if (position > 0 || placed) return JudgedCut{CutClaim::cut_by_kafka, "too short for a batch"};
    return not_kafkas("is no record batch");
  }
  const auto magic = std::to_integer<unsigned>((*front)[magic_at]);
  if (magic > newest_magic) return not_kafkas(fmt::format("has message format {}", magic));
  const auto length = load_big_endian<std::int32_t>(front->data() + 8);
  const std::int64_t size = std::int64_t{length} + static_cast<std::int64_t>(batch_overhead);
  if (length >= smallest_length && size <= left) {
    const auto batch = read_piece(log, position, static_cast<std::size_t>(size));
    if (!batch.ok()) return fail(batch.error());
    if (is_valid_to_kafka(*batch)) {
      return JudgedCut{CutClaim::kept_by_kafka, "passes Kafka's checksum"};
    }
  }
  if (!placed) {
    return not_kafkas(fmt::format("has offset {}, which cannot be in a segment that begins at {}",
                                  load_big_endian<Offset>(front->data()), segment_base));
  }
  return JudgedCut{CutClaim::cut_by_kafka, "is no good batch"};
}

Result<JudgedCut, IoError> judge_removal(File& log, Offset segment_base) {
  std::int64_t position = 0;
  while (log.size() - position >= least_for_kafka) {
    const auto front = read_piece(log, position, static_cast<std::size_t>(least_for_kafka));
    if (!front.ok()) return fail(front.error());
    const auto magic = std::to_integer<unsigned>((*front)[magic_at]);
    if (magic > newest_magic) {
      return not_kafkas(fmt::format("has message format {} at byte {}", magic, position));
    }
    const auto length = load_big_endian<std::int32_t>(front->data() + 8);
    if (length < smallest_length) break;
    position += std::int64_t{length} + static_cast<std::int64_t>(batch_overhead);
  }
  // Not one batch: it may be anything.
  if (position == 0 && log.size() > 0) {
    auto judged = judge_cut(log, 0, segment_base);
    if (!judged.ok() || judged->claim == CutClaim::not_kafkas) return judged;
  }
  return JudgedCut{CutClaim::cut_by_kafka, "stands behind a cut"};
}

std::string name_for_kept(Env& env, const std::string& dir, const std::string& file,
                          std::int64_t position) {
  const std::string wanted = fmt::format("cut-from-{}-at-{}", file, position);
  std::string name = wanted;
  for (int n = 2; env.exists(join_path(dir, name)); ++n) name = fmt::format("{}-{}", wanted, n);
  return name;
}

Result<std::string, IoError> keep_bytes(Env& env, const std::string& dir, Offset segment_base,
                                        File& log, std::int64_t position) {
  std::string name = name_for_kept(env, dir, segment_file_name(segment_base, log_suffix), position);
  auto kept = env.create(join_path(dir, name));
  if (!kept.ok()) return fail(kept.error());
  while (position < log.size()) {
    const auto piece = read_piece(log, position, piece_size);
    if (!piece.ok()) return fail(piece.error());
    if (auto written = (*kept)->append(*piece); !written.ok()) return fail(written.error());
    position += static_cast<std::int64_t>(piece->size());
  }
  if (auto synced = (*kept)->sync(); !synced.ok()) return fail(synced.error());
  if (auto synced = env.sync_dir(dir); !synced.ok()) return fail(synced.error());
  return name;
}

}  // namespace brokerlab::log
