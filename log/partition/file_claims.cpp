#include "log/partition/file_claims.h"

#include "log/batch/big_endian.h"
#include "log/partition/producer_snapshot.h"
#include "log/segment/batch_place.h"
#include "log/segment/batch_scanner.h"
#include "log/segment/segment.h"
#include "log/segment/transaction_index.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

namespace brokerlab::log {
namespace {

constexpr const char* no_entry = "is no entry of an index";

Result<ByteVector, IoError> bytes_of(File& file) {
  ByteVector bytes(static_cast<std::size_t>(file.size()));
  const auto got = file.read_at(0, bytes);
  if (!got.ok()) return fail(got.error());
  bytes.resize(*got);
  return bytes;
}

/// No entry of an index is without a byte below a blank: not even a timestamp of this millennium.
bool is_text(ByteView bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](std::byte b) {
    const auto c = std::to_integer<unsigned>(b);
    return (c >= 0x20 && c != 0x7f) || c == '\t' || c == '\n' || c == '\r';
  });
}

bool follows(const OffsetPosition& entry, const OffsetPosition& before) {
  return entry.offset > before.offset && entry.position > before.position;
}
bool follows(const TimestampOffset& entry, const TimestampOffset& before) {
  return entry.timestamp > before.timestamp && entry.offset >= before.offset;
}
bool follows(const AbortedTransaction& entry, const AbortedTransaction& before) {
  return entry.producer_id >= 0 && entry.first_offset >= 0 &&
         entry.first_offset <= entry.last_offset && entry.last_offset > before.last_offset;
}

/// Entries that each follow the one before, then maybe a torn one. `load`: nothing for what is no
/// entry.
template <class Entry, class Load>
std::optional<Misfit> judge_entries(ByteView bytes, std::size_t entry_size, Entry before,
                                    const Load& load) {
  std::size_t end = bytes.size();
  while (end > 0 && bytes[end - 1] == std::byte{0}) --end;
  if (end == 0) return std::nullopt;
  if (is_text(bytes.first(end))) return Misfit{0, no_entry};
  std::size_t at = 0;
  for (; at < end && bytes.size() - at >= entry_size; at += entry_size) {
    const std::optional<Entry> entry = load(bytes.data() + at);
    if (!entry || !follows(*entry, before)) break;
    before = *entry;
  }
  // Of a torn one only that much is known that it begins as entries do, with a small number.
  if (at >= end || (end - at < entry_size && bytes[at] == std::byte{0})) return std::nullopt;
  return Misfit{static_cast<std::int64_t>(at), no_entry};
}

std::uint64_t mixed(std::uint64_t hash, std::uint64_t value) {
  hash = (hash ^ value) * 0x9e3779b97f4a7c15U;
  return hash ^ (hash >> 29);
}

std::uint64_t mixed(std::uint64_t hash, ByteView bytes) {
  hash = mixed(hash, bytes.size());
  for (const std::byte byte : bytes) {
    hash = (hash ^ std::to_integer<std::uint64_t>(byte)) * 0x100000001b3U;
  }
  return mixed(hash, 1);
}

std::uint64_t mixed(std::uint64_t hash, const std::optional<ByteVector>& bytes) {
  return bytes ? mixed(hash, ByteView(*bytes)) : mixed(hash, 2);
}

std::uint64_t hash_of(const Record& record, const BatchView& batch) {
  std::uint64_t hash = mixed(14695981039346656037U, static_cast<std::uint64_t>(record.timestamp));
  hash = mixed(hash, static_cast<std::uint64_t>(batch.producer_id()));
  hash = mixed(hash, batch.is_control() ? 1 : 0);
  hash = mixed(mixed(hash, record.key), record.value);
  for (const RecordHeader& header : record.headers) {
    hash = mixed(mixed(hash, as_bytes(header.key)), header.value);
  }
  return hash;
}

/// Calls `take` for every record of the batches that `wanted` names, up to the first damage, which
/// it returns, or the first batch that no segment of that base can have (a recovery cuts there).
template <class Wanted, class Take>
Result<std::optional<Misfit>, IoError> for_records(File& log, Offset base, const Wanted& wanted,
                                                   const Take& take) {
  BatchScanner scanner(log);
  while (true) {
    const auto batch = scanner.next();
    if (!batch.ok()) return fail(batch.error());
    if (!*batch) break;
    if (!segment_can_hold(base, (*batch)->last_offset())) {
      return std::optional(
          Misfit{scanner.position(), fmt::format("offset {} fits no segment that begins at {}",
                                                 (*batch)->last_offset(), base)});
    }
    if (wanted(**batch)) {
      const auto records = decode_records(**batch);
      if (!records.ok()) {
        return std::optional(Misfit{scanner.position(), records.error().message});
      }
      for (const Record& record : *records) take(record, **batch);
    }
    scanner.accept(**batch);
  }
  if (!scanner.damage()) return std::optional<Misfit>();
  return std::optional(Misfit{scanner.position(), scanner.damage()->message});
}

}  // namespace

Result<std::optional<Misfit>, IoError> judge_derived(File& file, const PartitionFileName& name) {
  auto read = bytes_of(file);
  if (!read.ok()) return fail(read.error());
  const ByteView bytes(*read);
  if (name.suffix == index_suffix) {
    return judge_entries(
        bytes, OffsetPosition::entry_size, OffsetPosition{-1, -1},
        [](const std::byte* from) { return std::optional(OffsetPosition::load(from, 0)); });
  }
  if (name.suffix == time_index_suffix) {
    return judge_entries(bytes, TimestampOffset::entry_size, TimestampOffset{no_timestamp, 0},
                         [](const std::byte* from) -> std::optional<TimestampOffset> {
                           // Else it is two million years ahead.
                           if (*from != std::byte{0}) return std::nullopt;
                           return TimestampOffset::load(from, 0);
                         });
  }
  if (name.suffix == transaction_index_suffix) {
    return judge_entries(bytes, transaction_entry_size, AbortedTransaction{},
                         [](const std::byte* from) -> std::optional<AbortedTransaction> {
                           if (load_big_endian<std::int16_t>(from) != 0) return std::nullopt;
                           return decode_aborted_transaction(from);
                         });
  }
  const bool nothing =
      std::all_of(bytes.begin(), bytes.end(), [](std::byte b) { return b == std::byte{0}; });
  if (nothing) return std::optional<Misfit>();
  const auto producers = decode_snapshot(bytes);
  if (producers.ok()) return std::optional<Misfit>();
  return std::optional(Misfit{producers.error().position, producers.error().reason});
}

Result<std::optional<Misfit>, IoError> GoingRecords::add(File& log, Offset base,
                                                         std::size_t number) {
  return for_records(
      log, base, [](const BatchView&) { return true; },
      [&](const Record& record, const BatchView& batch) {
        entries_.push_back(
            {record.offset, hash_of(record, batch), static_cast<std::uint32_t>(number), false});
      });
}

void GoingRecords::sort() {
  if (sorted_) return;
  std::sort(entries_.begin(), entries_.end(), [](const Entry& a, const Entry& b) {
    return std::tie(a.offset, a.hash, a.number) < std::tie(b.offset, b.hash, b.number);
  });
  sorted_ = true;
}

Status<IoError> GoingRecords::found_in(File& log, Offset base) {
  if (entries_.empty()) return {};
  sort();
  const auto read = for_records(
      log, base,
      [&](const BatchView& batch) {
        return batch.last_offset() >= entries_.front().offset &&
               batch.base_offset() <= entries_.back().offset;
      },
      [&](const Record& record, const BatchView& batch) {
        const std::uint64_t hash = hash_of(record, batch);
        const auto key = std::tie(record.offset, hash);
        const auto is_before = [](const Entry& entry, const auto& of) {
          return std::tie(entry.offset, entry.hash) < of;
        };
        auto same = std::lower_bound(entries_.begin(), entries_.end(), key, is_before);
        for (; same != entries_.end() && std::tie(same->offset, same->hash) == key; ++same) {
          same->stays = true;
        }
      });
  if (!read.ok()) return fail(read.error());
  return {};
}

std::optional<GoingRecords::Lost> GoingRecords::first_lost() const {
  const auto lost = std::find_if(entries_.begin(), entries_.end(),
                                 [](const Entry& entry) { return !entry.stays; });
  if (lost == entries_.end()) return std::nullopt;
  return Lost{lost->number, lost->offset};
}

}  // namespace brokerlab::log
