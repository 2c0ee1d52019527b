#include "log/partition/producer_snapshot.h"

#include "log/batch/big_endian.h"
#include "log/batch/crc32c.h"
#include "log/segment/segment.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <set>

namespace brokerlab::log {
namespace {

constexpr std::int16_t snapshot_version = 1;
constexpr std::size_t crc_at = 2;
constexpr std::size_t count_at = 6;
constexpr auto entries_at = static_cast<std::size_t>(snapshot_entry_position(0));
constexpr auto snapshot_entry_size =
    static_cast<std::size_t>(snapshot_entry_position(1)) - entries_at;
constexpr std::size_t transaction_at = 38;  // In an entry.

void put(std::byte* to, const ProducerState& producer) {
  const AppendedBatch last = producer.batches.empty() ? AppendedBatch{} : producer.batches.back();
  store_big_endian(to, producer.id);
  store_big_endian(to + 8, producer.epoch);
  store_big_endian(to + 10, last.last_sequence);
  store_big_endian(to + 14, last.last_offset);
  store_big_endian(to + 22, last.offset_delta);
  store_big_endian(to + 26, producer.last_timestamp);
  store_big_endian(to + 34, producer.coordinator_epoch);
  store_big_endian(to + transaction_at, producer.transaction_first_offset.value_or(no_offset));
}

ProducerState get(const std::byte* from) {
  ProducerState producer;
  producer.id = load_big_endian<std::int64_t>(from);
  producer.epoch = load_big_endian<std::int16_t>(from + 8);
  AppendedBatch last;
  last.last_sequence = load_big_endian<std::int32_t>(from + 10);
  last.last_offset = load_big_endian<Offset>(from + 14);
  last.offset_delta = load_big_endian<std::int32_t>(from + 22);
  producer.last_timestamp = load_big_endian<Timestamp>(from + 26);
  last.timestamp = producer.last_timestamp;
  producer.coordinator_epoch = load_big_endian<std::int32_t>(from + 34);
  const auto first = load_big_endian<Offset>(from + transaction_at);
  if (first >= 0) producer.transaction_first_offset = first;
  if (last.last_offset >= 0) producer.batches.push_back(last);
  return producer;
}

}  // namespace

ByteVector encode_snapshot(const ProducerStates& states) {
  ByteVector bytes(entries_at + states.all().size() * snapshot_entry_size);
  store_big_endian(bytes.data(), snapshot_version);
  store_big_endian(bytes.data() + count_at, static_cast<std::int32_t>(states.all().size()));
  std::byte* to = bytes.data() + entries_at;
  for (const auto& [id, producer] : states.all()) {
    put(to, producer);
    to += snapshot_entry_size;
  }
  store_big_endian(bytes.data() + crc_at, crc32c(ByteView(bytes).subspan(count_at)));
  return bytes;
}

Result<std::vector<ProducerState>, SnapshotDamage> decode_snapshot(ByteView bytes) {
  const auto wrong = [](std::size_t position, std::string reason) {
    return fail(SnapshotDamage{static_cast<std::int64_t>(position), std::move(reason)});
  };
  if (bytes.size() < entries_at) {
    return wrong(bytes.size(), fmt::format("only {} bytes, a snapshot has {} at least",
                                           bytes.size(), entries_at));
  }
  const auto version = load_big_endian<std::int16_t>(bytes.data());
  if (version != snapshot_version) {
    return wrong(0, fmt::format("version {}, must be {}", version, snapshot_version));
  }
  const auto expected = load_big_endian<std::uint32_t>(bytes.data() + crc_at);
  const std::uint32_t actual = crc32c(bytes.subspan(count_at));
  if (actual != expected) {
    return wrong(crc_at, fmt::format("checksum {:08x}, computed {:08x}", expected, actual));
  }
  const auto count = load_big_endian<std::int32_t>(bytes.data() + count_at);
  if (count < 0 ||
      bytes.size() != entries_at + static_cast<std::size_t>(count) * snapshot_entry_size) {
    return wrong(count_at, fmt::format("{} producers in {} bytes", count, bytes.size()));
  }
  std::vector<ProducerState> producers;
  std::set<std::int64_t> ids;
  std::set<Offset> transactions;
  for (std::size_t at = entries_at; at < bytes.size(); at += snapshot_entry_size) {
    ProducerState producer = get(bytes.data() + at);
    if (!ids.insert(producer.id).second) {
      return wrong(at, fmt::format("producer {}: is there twice", producer.id));
    }
    const auto first = producer.transaction_first_offset;
    if (first && !transactions.insert(*first).second) {
      return wrong(at + transaction_at, fmt::format("producer {}: a transaction begins at {} twice",
                                                    producer.id, *first));
    }
    producers.push_back(std::move(producer));
  }
  return producers;
}

// --- Files ---

std::string ProducerSnapshots::path(Offset offset) const {
  return join_path(dir_, segment_file_name(offset, snapshot_suffix));
}

Result<ProducerSnapshots, IoError> ProducerSnapshots::load(Env& env, const std::string& dir) {
  ProducerSnapshots snapshots;
  snapshots.dir_ = dir;
  const auto names = env.list(dir);
  if (!names.ok()) return fail(names.error());
  for (const std::string& name : names.value()) {
    const auto offset = base_offset_of(name, snapshot_suffix);
    if (offset && !env.list(join_path(dir, name)).ok()) snapshots.offsets_.push_back(*offset);
  }
  std::sort(snapshots.offsets_.begin(), snapshots.offsets_.end());
  return snapshots;
}

std::optional<Offset> ProducerSnapshots::latest_offset() const {
  if (offsets_.empty()) return std::nullopt;
  return offsets_.back();
}

Status<IoError> ProducerSnapshots::take(Env& env, const ProducerStates& states, Offset offset) {
  if (std::binary_search(offsets_.begin(), offsets_.end(), offset)) return {};
  const std::string name = path(offset);
  if (env.exists(name)) {
    if (auto removed = env.remove(name); !removed.ok()) return removed;
  }
  auto file = env.create(name);
  if (!file.ok()) return fail(file.error());
  if (auto written = file.value()->append(encode_snapshot(states)); !written.ok()) return written;
  offsets_.insert(std::upper_bound(offsets_.begin(), offsets_.end(), offset), offset);
  unsynced_.push_back(offset);
  return {};
}

Status<IoError> ProducerSnapshots::sync(Env& env) {
  while (!unsynced_.empty()) {
    const std::string name = path(unsynced_.back());
    unsynced_.pop_back();
    if (!env.exists(name)) continue;  // removed meanwhile
    auto file = env.open(name);
    if (!file.ok()) return fail(file.error());
    if (auto synced = file.value()->sync(); !synced.ok()) return synced;
  }
  return {};
}

Result<std::optional<ProducerSnapshots::Loaded>, IoError> ProducerSnapshots::latest(
    Env& env, Offset log_start, Offset upto) {
  while (true) {
    const auto behind = std::upper_bound(offsets_.begin(), offsets_.end(), upto);
    if (behind == offsets_.begin()) return std::optional<Loaded>();
    const auto found = std::prev(behind);
    // One from before the start tells of records that are gone.
    if (*found < log_start) return std::optional<Loaded>();
    const auto text = read_text(env, path(*found));
    if (!text.ok()) return fail(text.error());
    auto producers = decode_snapshot(as_bytes(text.value()));
    // A batch behind it may begin a transaction where it says that one began already.
    const auto knows_too_much = [&](const ProducerState& producer) {
      return producer.transaction_first_offset.value_or(no_offset) >= *found;
    };
    if (producers.ok() && !std::any_of(producers->begin(), producers->end(), knows_too_much)) {
      return std::optional<Loaded>(Loaded{*found, std::move(producers).value()});
    }
    if (auto removed = remove(env, found, behind); !removed.ok()) return fail(removed.error());
  }
}

Status<IoError> ProducerSnapshots::remove(Env& env, std::vector<Offset>::iterator first,
                                          std::vector<Offset>::iterator last) {
  for (auto offset = first; offset != last; ++offset) {
    if (auto removed = env.remove(path(*offset)); !removed.ok()) return removed;
  }
  offsets_.erase(first, last);
  return {};
}

Status<IoError> ProducerSnapshots::remove_behind(Env& env, Offset offset) {
  return remove(env, std::upper_bound(offsets_.begin(), offsets_.end(), offset), offsets_.end());
}

Status<IoError> ProducerSnapshots::remove_at(Env& env, Offset offset) {
  const auto found = std::lower_bound(offsets_.begin(), offsets_.end(), offset);
  if (found == offsets_.end() || *found != offset) return {};
  return remove(env, found, std::next(found));
}

Status<IoError> ProducerSnapshots::remove_strays(Env& env, const std::vector<Offset>& bases) {
  std::vector<Offset> strays;
  std::set_difference(offsets_.begin(), offsets_.end(), bases.begin(), bases.end(),
                      std::back_inserter(strays));
  if (!strays.empty() && strays.back() >= bases.back()) strays.pop_back();
  for (const Offset stray : strays) {
    if (auto removed = remove_at(env, stray); !removed.ok()) return removed;
  }
  return {};
}

}  // namespace brokerlab::log
