#include "log/directory/partition_files.h"

#include "log/directory/checkpoint.h"
#include "log/directory/partition_dir.h"
#include "log/partition/producer_snapshot.h"

#include <algorithm>

namespace brokerlab::log {
namespace {

enum class Tail { plain, preallocated };

template <class Entry>
Result<IndexEntries<Entry>, IoError> read_index(Env& env, const std::string& path,
                                                Offset base_offset,
                                                Tail tail = Tail::preallocated) {
  constexpr std::size_t entry_size = Entry::entry_size;
  auto file = env.open(path);
  if (!file.ok()) return fail(file.error());
  ByteVector bytes(static_cast<std::size_t>((*file)->size()));
  const auto got = (*file)->read_at(0, bytes);
  if (!got.ok()) return fail(got.error());
  bytes.resize(*got);

  IndexEntries<Entry> index;
  index.odd_bytes = static_cast<std::int64_t>(bytes.size() % entry_size);
  std::size_t end = bytes.size() - bytes.size() % entry_size;
  const auto is_zero = [&](std::size_t entry) {
    return std::all_of(bytes.data() + entry, bytes.data() + entry + entry_size,
                       [](std::byte b) { return b == std::byte{0}; });
  };
  while (tail == Tail::preallocated && end >= entry_size && is_zero(end - entry_size)) {
    end -= entry_size;
    index.preallocated_bytes += static_cast<std::int64_t>(entry_size);
  }
  for (std::size_t at = 0; at < end; at += entry_size) {
    index.entries.push_back(Entry::load(bytes.data() + at, base_offset));
  }
  return index;
}

}  // namespace

Result<std::vector<SegmentFiles>, IoError> list_segments(const Env& env, const std::string& dir) {
  const auto names = env.list(dir);
  if (!names.ok()) return fail(names.error());
  std::vector<SegmentFiles> segments;
  const auto path_if_there = [&](Offset base, std::string_view suffix) {
    const std::string name = segment_file_name(base, suffix);
    const bool there = std::binary_search(names->begin(), names->end(), name);
    return there ? join_path(dir, name) : std::string();
  };
  for (const std::string& name : *names) {
    const auto base = base_offset_of(name, log_suffix);
    // As in Kafka a directory is no segment, whatever its name.
    if (!base || env.list(join_path(dir, name)).ok()) continue;
    segments.push_back({*base, join_path(dir, name), path_if_there(*base, index_suffix),
                        path_if_there(*base, time_index_suffix),
                        path_if_there(*base, transaction_index_suffix)});
  }
  return segments;
}

Result<IndexEntries<OffsetPosition>, IoError> read_offset_index(Env& env, const std::string& path,
                                                                Offset base_offset) {
  return read_index<OffsetPosition>(env, path, base_offset);
}

Result<IndexEntries<TimestampOffset>, IoError> read_time_index(Env& env, const std::string& path,
                                                               Offset base_offset) {
  return read_index<TimestampOffset>(env, path, base_offset);
}

Result<IndexEntries<TransactionIndexEntry>, IoError> read_transaction_index(
    Env& env, const std::string& path) {
  return read_index<TransactionIndexEntry>(env, path, 0, Tail::plain);
}

Result<std::vector<SnapshotFile>, IoError> list_snapshots(const Env& env, const std::string& dir) {
  const auto names = env.list(dir);
  if (!names.ok()) return fail(names.error());
  std::vector<SnapshotFile> snapshots;
  for (const std::string& name : *names) {
    const auto offset = base_offset_of(name, snapshot_suffix);
    if (offset) snapshots.push_back({*offset, join_path(dir, name)});
  }
  return snapshots;
}

Result<Offset, IoError> checkpointed_log_start(Env& env, const std::string& dir) {
  const auto name = parse_partition_dir(dir.substr(dir.rfind('/') + 1));
  if (!name) return Offset{0};
  const auto starts = read_checkpoint(env, join_path(parent_path(dir), log_start_checkpoint_name));
  if (!starts.ok()) return fail(starts.error());
  const auto start = starts->find({name->partition.topic, name->partition.partition});
  return start == starts->end() ? Offset{0} : start->second;
}

}  // namespace brokerlab::log
