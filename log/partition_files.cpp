#include "log/partition_files.h"

#include "log/big_endian.h"

#include <algorithm>

namespace brokerlab::log {
namespace {

constexpr std::size_t offset_entry_size = 8;
constexpr std::size_t time_entry_size = 12;

template <class Entry, class Decode>
Result<IndexEntries<Entry>, IoError> read_index(Env& env, const std::string& path,
                                                std::size_t entry_size, Decode decode) {
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
  while (end >= entry_size && is_zero(end - entry_size)) {
    end -= entry_size;
    index.preallocated_bytes += static_cast<std::int64_t>(entry_size);
  }
  for (std::size_t at = 0; at < end; at += entry_size) {
    index.entries.push_back(decode(bytes.data() + at));
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
    if (!base) continue;
    segments.push_back({*base, join_path(dir, name), path_if_there(*base, index_suffix),
                        path_if_there(*base, time_index_suffix)});
  }
  return segments;
}

Result<IndexEntries<OffsetPosition>, IoError> read_offset_index(Env& env, const std::string& path,
                                                                Offset base_offset) {
  return read_index<OffsetPosition>(env, path, offset_entry_size, [=](const std::byte* from) {
    return OffsetPosition{base_offset + load_big_endian<std::int32_t>(from),
                          load_big_endian<std::int32_t>(from + 4)};
  });
}

Result<IndexEntries<TimestampOffset>, IoError> read_time_index(Env& env, const std::string& path,
                                                               Offset base_offset) {
  return read_index<TimestampOffset>(env, path, time_entry_size, [=](const std::byte* from) {
    return TimestampOffset{load_big_endian<Timestamp>(from),
                           base_offset + load_big_endian<std::int32_t>(from + 8)};
  });
}

}  // namespace brokerlab::log
