#include "tests/fuzz/targets.h"

#include "log/batch/big_endian.h"
#include "log/batch/crc32c.h"
#include "log/directory/checkpoint.h"
#include "log/directory/directory_files.h"
#include "log/directory/verify.h"
#include "log/env/memory_env.h"
#include "log/partition/log.h"
#include "log/partition/producer_snapshot.h"
#include "tests/fuzz/partition.h"

#include <array>

namespace brokerlab::log::fuzz {
namespace {

/// Formats 0 and 1: nothing is asked of what a wrapper holds but that it can be looked at.
void look_into_legacy(const BatchView& batch) {
  (void)batch.record_count();
  (void)batch.payload();
  ENSURE(batch.base_offset() >= 0 && batch.producer_id() == -1 && !batch.is_control());
  const auto records = decode_records(batch, small_limits);
  if (records.ok()) ENSURE(!records->empty());
}

/// All there is to see of one batch. What decodes must survive being built anew.
void look_into(const BatchView& batch) {
  const auto header = read_batch_header(batch.bytes());
  ENSURE(header.ok() && header->size == static_cast<std::int64_t>(batch.size()));
  ENSURE(header->base_offset == batch.header_offset());
  ENSURE(header->last_offset == batch.last_offset());
  if (batch.is_legacy()) return look_into_legacy(batch);
  ENSURE(batch.base_offset() >= 0 && batch.next_offset() > batch.base_offset());

  const auto records = decode_records(batch, small_limits);
  if (!records.ok()) return;
  ENSURE(records->size() == static_cast<std::size_t>(batch.record_count()));
  BatchBuilder builder;
  for (const Record& record : *records) {
    ENSURE(record.offset >= batch.base_offset() && record.offset <= batch.last_offset());
    builder.append(record);
  }
  if (builder.empty()) return;
  const ByteVector built = builder.build();
  const auto again = decode_all(built);
  ENSURE(again.ok() && again->size() == records->size());
  for (std::size_t i = 0; i < records->size(); ++i) {
    Record expected = (*records)[i];
    expected.offset = static_cast<Offset>(i);
    ENSURE((*again)[i] == expected, "record {}", i);
  }
}

void look_into_all(ByteView bytes) {
  for (const BatchView& batch : Batches(bytes)) look_into(batch);
  ENSURE(Batches(bytes).valid_size() <= bytes.size());
  const auto all = decode_all(bytes, small_limits);
  if (!all.ok()) ENSURE(!all.error().message.empty());
}

}  // namespace

void batch(ByteView input) {
  look_into_all(input);
  ByteVector mended(input.begin(), input.end());
  mend(mended);
  look_into_all(mended);
}

void decompress(ByteView input) {
  Input in(input);
  const auto codec = static_cast<Codec>(1 + in.byte() % 4);
  const std::size_t limit = std::size_t{1} << (in.byte() % 20);
  ByteVector large;
  const auto done = log::decompress(codec, in.rest(), limit, large);
  ENSURE(large.capacity() <= limit + 1, "{} bytes set aside, {} allowed", large.capacity(), limit);
  if (!done.ok()) return;
  ENSURE(large.size() <= limit);
  ByteVector small;
  ByteVector again;
  ENSURE(compress(codec, large, small).ok());
  ENSURE(log::decompress(codec, small, limit, again).ok());
  ENSURE(again == large);
}

void checkpoint(ByteView input) {
  MemoryEnv env;
  put_file(env, "/d/any", input);
  const auto offsets = read_checkpoint(env, "/d/any");
  if (offsets.ok()) {
    ENSURE(write_checkpoint(env, "/d/again", *offsets).ok());
    const auto again = read_checkpoint(env, "/d/again");
    ENSURE(again.ok() && again.value() == offsets.value());
  }
  auto epochs = LeaderEpochCache::load(env, "/d/any");
  if (epochs.ok()) {
    const auto& entries = epochs->entries();
    for (std::size_t i = 1; i < entries.size(); ++i) {
      ENSURE(entries[i - 1].epoch < entries[i].epoch);
      ENSURE(entries[i - 1].start_offset < entries[i].start_offset);
    }
    ENSURE(epochs->flush(env, "/d/again").ok());
    const auto again = LeaderEpochCache::load(env, "/d/again");
    ENSURE(again.ok() && again.value().entries() == entries);
    for (const Offset offset : {Offset{0}, Offset{7}, Offset{INT64_MAX}}) {
      epochs->truncate_from_start(offset);
      epochs->truncate_from_end(offset);
    }
  }
}

namespace {

/// What decodes must come to the same when written and read again.
void read_snapshot(ByteView input) {
  const auto producers = decode_snapshot(input);
  if (!producers.ok()) {
    ENSURE(!producers.error().reason.empty());
    return;
  }
  ProducerStates states;
  for (const ProducerState& producer : *producers) states.restore(producer);
  const auto again = decode_snapshot(encode_snapshot(states));
  ENSURE(again.ok(), "{}", again.error().reason);
  ENSURE(again->size() == states.all().size());
  for (const ProducerState& producer : *again) ENSURE(states.all().at(producer.id) == producer);
}

}  // namespace

void files(ByteView input) {
  MemoryEnv env;
  put_file(env, "/d/any", input);
  const auto properties = read_meta_properties(env, "/d/any");
  if (properties.ok() && *properties) {
    ENSURE(write_meta_properties(env, "/d/again", **properties).ok());
    const auto again = read_meta_properties(env, "/d/again");
    ENSURE(again.ok() && *again == *properties);
  }
  const auto topic = read_partition_metadata(env, "/d/any");
  if (topic.ok() && *topic) {
    ENSURE(write_partition_metadata(env, "/d/again", **topic).ok());
    const auto again = read_partition_metadata(env, "/d/again");
    ENSURE(again.ok() && *again == *topic);
  }
  ENSURE(read_clean_shutdown(env, "/d/any").ok());
  TransactionIndex aborted("/d/any");
  ENSURE(aborted.load(env).ok());
  read_snapshot(input);
  ByteVector mended(input.begin(), input.end());
  mend_snapshot(mended);
  read_snapshot(mended);
}

void segment(ByteView input) {
  Input in(input);
  const Opening how(in.byte());
  MemoryEnv env;
  const ByteView index = in.bytes(in.number());
  const ByteView time_index = in.bytes(in.number());
  put_file(env, how.path(index_suffix), index);
  put_file(env, how.path(time_index_suffix), time_index);
  put_file(env, how.path(log_suffix), how.contents(in.rest()));
  auto log = Log::open(env, partition_dir, how.config, how.options);
  ENSURE(log.ok(), "{}", log.error().message);
  use(**log, how.trusts_nothing());
}

void recovery(ByteView input) {
  Input in(input);
  Opening how(in.byte());
  how.options.recovery_point = in.number();
  MemoryEnv env;
  while (!in.rest().empty()) {
    const std::string name = file_name(in.byte(), in.byte());
    const ByteView contents = in.bytes(in.number());
    put_file(env, join_path(partition_dir, name), how.contents_of(name, contents));
  }
  ENSURE(!env.exists(partition_dir) || verify_partition(env, partition_dir).ok());
  auto first = Log::open(env, partition_dir, how.config, how.options);
  if (!first.ok()) return;  // A leader epoch file that is none.
  const Offset start = (*first)->log_start_offset();
  const Offset end = (*first)->log_end_offset();
  first->reset();
  ENSURE(verify_partition(env, partition_dir).ok());
  // What recovery left needs no recovery.
  auto second = Log::open(env, partition_dir, how.config, how.options);
  ENSURE(second.ok(), "{}", second.error().message);
  if (how.trusts_nothing()) {
    ENSURE((*second)->recovery().bytes_cut == 0);
    ENSURE((*second)->log_start_offset() == start && (*second)->log_end_offset() == end);
  }
  use(**second, how.trusts_nothing());
}

void append(ByteView input) {
  Input in(input);
  const Opening how(in.byte());
  ByteVector batches = how.contents(in.rest());
  MemoryEnv env;
  auto options = how.options;
  options.log_start_offset = how.base_offset;
  auto log = Log::open(env, partition_dir, how.config, options);
  ENSURE(log.ok(), "{}", log.error().message);
  (void)(*log)->append_as_follower(batches, 1000);
  (void)(*log)->append_as_leader(batches, 3, 1000);
  ENSURE(!(*log)->offline());
  use(**log, true);
  const Offset end = (*log)->log_end_offset();
  log->reset();
  auto again = Log::open(env, partition_dir, how.config, options);
  ENSURE(again.ok(), "{}", again.error().message);
  ENSURE((*again)->recovery().bytes_cut == 0);
  ENSURE((*again)->log_end_offset() == end, "{} was {}", (*again)->log_end_offset(), end);
}

std::span<const Target> targets() {
  static constexpr std::array<Target, 7> all{{{"append", append},
                                              {"batch", batch},
                                              {"checkpoint", checkpoint},
                                              {"decompress", decompress},
                                              {"files", files},
                                              {"recovery", recovery},
                                              {"segment", segment}}};
  return all;
}

}  // namespace brokerlab::log::fuzz
