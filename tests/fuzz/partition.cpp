#include "tests/fuzz/partition.h"

#include "log/batch/big_endian.h"
#include "log/batch/crc32c.h"
#include "log/batch/legacy_batch.h"
#include "log/partition/cleaner.h"
#include "tests/fuzz/targets.h"

#include <array>

namespace brokerlab::log::fuzz {
namespace {

/// Beginnings and ends of what offsets can be.
constexpr std::array<Offset, 4> base_offsets = {0, 42, Offset{1} << 31, INT64_MAX - 5};

/// The offset behind the batches read; `offset` when there were none.
Offset read_once(const Log& log, Offset offset, bool sound) {
  const auto got = log.read(offset, 4096, log.log_end_offset(), true);
  ENSURE(got.ok(), "{}", got.error().message);
  Offset next = offset;
  for (const BatchView& batch : Batches(got->bytes)) {
    if (sound) {
      ENSURE(batch.checksum_ok() && batch.last_offset() >= next);
      ENSURE(batch.next_offset() <= log.log_end_offset());
    }
    (void)decode_records(batch, small_limits);
    next = std::max(next, batch.next_offset());
  }
  return next;
}

void read_all(const Log& log, bool sound) {
  Offset offset = log.log_start_offset();
  while (offset < log.log_end_offset()) {
    const Offset next = read_once(log, offset, sound);
    if (next == offset) break;
    offset = next;
  }
  // Only an empty segment at the end may begin behind a gap.
  if (sound && log.active_segment().size() > 0) {
    ENSURE(offset == log.log_end_offset(), "{} of {}", offset, log.log_end_offset());
  }
}

void look_up(const Log& log) {
  for (const Timestamp timestamp : {Timestamp{INT64_MIN}, Timestamp{-1}, Timestamp{1000},
                                    Timestamp{1'700'000'000'000}, Timestamp{INT64_MAX}}) {
    const auto found = log.offset_for_timestamp(timestamp);
    ENSURE(found.ok(), "{}", found.error().message);
    if (*found) ENSURE((*found)->timestamp >= timestamp);
  }
  const Offset stable = log.last_stable_offset(log.log_end_offset());
  ENSURE(stable <= log.log_end_offset());
  for (const AbortedTransaction& aborted :
       log.aborted_transactions(log.log_start_offset(), log.log_end_offset())) {
    ENSURE(aborted.first_offset >= 0 && aborted.first_offset <= aborted.last_offset);
  }
  for (const LeaderEpoch epoch : {-1, 0, 5, INT32_MAX}) (void)log.end_offset_for_epoch(epoch);
}

/// A record at the end, wherever that is, comes back; only the last offsets of all have no room.
void append_one(Log& log, bool sound) {
  const Offset end = log.log_end_offset();
  BatchBuilder builder;
  builder.append(2000, as_bytes("key"), as_bytes("value"));
  ByteVector bytes = builder.build();
  const auto appended = log.append_as_leader(bytes, 7, 2000);
  if (!appended.ok()) {
    ENSURE(end > INT64_MAX - 2, "{}", appended.error().message);
    return;
  }
  ENSURE(log.log_end_offset() == end + 1);
  if (sound) ENSURE(read_once(log, end, sound) == end + 1);
}

/// `done` must have gone well.
template <class Outcome>
void must(const Outcome& done) {
  if (!done.ok()) ENSURE(done.ok(), "{}: {}", to_text(done.error().kind), done.error().message);
}

}  // namespace

unsigned Input::number_of(std::size_t size) {
  unsigned number = 0;
  for (const std::byte byte : bytes(size)) number = number << 8 | std::to_integer<unsigned>(byte);
  return number;
}

ByteView Input::bytes(std::size_t size) {
  const ByteView taken = rest_.first(std::min(size, rest_.size()));
  rest_ = rest_.subspan(taken.size());
  return taken;
}

void mend(MutableByteView batches) {
  constexpr std::size_t crc_at = 17;
  constexpr std::size_t covered_at = 21;
  while (true) {
    const auto batch = BatchView::parse(batches);
    if (!batch.ok()) return;
    if (batch->is_legacy()) {
      store_big_endian(batches.data() + 12, legacy::computed_checksum(batch->bytes()));
    } else {
      store_big_endian(batches.data() + crc_at, crc32c(batch->bytes().subspan(covered_at)));
    }
    batches = batches.subspan(batch->size());
  }
}

void mend_snapshot(MutableByteView snapshot) {
  constexpr std::size_t crc_at = 2;
  constexpr std::size_t covered_at = 6;
  if (snapshot.size() < covered_at) return;
  store_big_endian(snapshot.data() + crc_at, crc32c(ByteView(snapshot).subspan(covered_at)));
}

void put_file(MemoryEnv& env, const std::string& path, ByteView contents) {
  ENSURE(env.make_dir(parent_path(path)).ok());
  if (env.exists(path)) ENSURE(env.remove(path).ok());
  auto file = env.create(path);
  ENSURE(file.ok(), "{}", file.error().text());
  ENSURE((*file)->append(contents).ok());
}

Opening::Opening(unsigned flags) {
  options.clean = (flags & clean_start) != 0;
  mends = (flags & mend_checksums) != 0;
  config.index_interval_bytes = (flags & index_everything) != 0 ? 0 : 100;
  config.segment_bytes = 1000;
  base_offset = base_offsets.at((flags >> base_shift) % base_offsets.size());
}

std::string Opening::path(std::string_view suffix) const {
  return join_path(partition_dir, segment_file_name(base_offset, suffix));
}

ByteVector Opening::contents(ByteView bytes) const {
  ByteVector contents(bytes.begin(), bytes.end());
  if (mends) mend(contents);
  return contents;
}

ByteVector Opening::contents_of(std::string_view name, ByteView bytes) const {
  if (name.find(log_suffix) != std::string_view::npos) return contents(bytes);
  ByteVector contents(bytes.begin(), bytes.end());
  if (mends && name.ends_with(snapshot_suffix)) mend_snapshot(contents);
  return contents;
}

std::string file_name(unsigned kind, unsigned number) {
  // Small numbers, and the largest.
  const Offset base = number < 250 ? Offset{number} : INT64_MAX - (255 - number);
  switch (kind % 11) {
    case 0:
    case 1:
      return segment_file_name(base, log_suffix);
    case 2:
      return segment_file_name(base, index_suffix);
    case 3:
      return segment_file_name(base, time_index_suffix);
    case 4:
      return "leader-epoch-checkpoint";
    case 5:
      return segment_file_name(base, ".log.deleted");
    case 6:
      return segment_file_name(base, ".index.cleaned");
    case 8:
      return segment_file_name(base, transaction_index_suffix);
    case 9:
      return segment_file_name(base, snapshot_suffix);
    case 10:
      return segment_file_name(base, ".log.swap");
    default:
      return std::to_string(number) + ".log";
  }
}

void use(Log& log, bool sound) {
  read_all(log, sound);
  look_up(log);
  append_one(log, sound);
  must(log.roll(2500));
  const auto cleaned = LogCleaner(log, {}).clean(3000, log.log_end_offset());
  if (sound || cleaned.ok() || cleaned.error().kind != LogError::Kind::corrupt) must(cleaned);
  read_all(log, sound);
  const Offset middle =
      log.log_start_offset() + (log.log_end_offset() - log.log_start_offset()) / 2;
  must(log.truncate_to(middle));
  ENSURE(log.log_end_offset() <= std::max(middle, log.log_start_offset()));
  append_one(log, sound);
  must(log.roll(3000));
  append_one(log, sound);
  must(log.advance_log_start_offset(middle));
  must(log.delete_old_segments());
  look_up(log);
  must(log.close());
}

}  // namespace brokerlab::log::fuzz
