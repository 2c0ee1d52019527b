#include "log/segment/transaction_index.h"

#include "log/batch/big_endian.h"

#include <fmt/format.h>

#include <algorithm>

namespace brokerlab::log {
namespace {

void put(std::byte* to, const AbortedTransaction& entry) {
  store_big_endian<std::int16_t>(to, 0);
  store_big_endian(to + 2, entry.producer_id);
  store_big_endian(to + 10, entry.first_offset);
  store_big_endian(to + 18, entry.last_offset);
  store_big_endian(to + 26, entry.last_stable_offset);
}

}  // namespace

ByteVector encode(const std::vector<AbortedTransaction>& entries) {
  ByteVector bytes(entries.size() * transaction_entry_size);
  for (std::size_t i = 0; i < entries.size(); ++i)
    put(bytes.data() + i * transaction_entry_size, entries[i]);
  return bytes;
}

AbortedTransaction decode_aborted_transaction(const std::byte* from) {
  return {load_big_endian<std::int64_t>(from + 2), load_big_endian<Offset>(from + 10),
          load_big_endian<Offset>(from + 18), load_big_endian<Offset>(from + 26)};
}

Result<bool, IoError> TransactionIndex::load(Env& env) {
  entries_.clear();
  if (!env.exists(path_)) return true;
  const auto text = read_text(env, path_);
  if (!text.ok()) return fail(text.error());
  const ByteView bytes = as_bytes(text.value());
  if (bytes.size() % transaction_entry_size != 0) return false;
  std::vector<AbortedTransaction> entries;
  for (std::size_t at = 0; at < bytes.size(); at += transaction_entry_size) {
    const std::byte* from = bytes.data() + at;
    if (load_big_endian<std::int16_t>(from) != 0) return false;
    const AbortedTransaction entry = decode_aborted_transaction(from);
    const Offset before = entries.empty() ? -1 : entries.back().last_offset;
    if (entry.first_offset < 0 || entry.last_offset <= before ||
        entry.first_offset > entry.last_offset) {
      return false;
    }
    entries.push_back(entry);
  }
  entries_ = std::move(entries);
  return true;
}

Status<IoError> TransactionIndex::append(Env& env, const AbortedTransaction& aborted) {
  ENSURE(entries_.empty() || aborted.last_offset > entries_.back().last_offset,
         "{}: the marker at {} comes before one at {}", path_, aborted.last_offset,
         entries_.empty() ? 0 : entries_.back().last_offset);
  auto file = env.exists(path_) ? env.open(path_) : env.create(path_);
  if (!file.ok()) return fail(file.error());
  if (auto written = file.value()->append(encode({aborted})); !written.ok()) return written;
  entries_.push_back(aborted);
  unsynced_ = true;
  return {};
}

Status<IoError> TransactionIndex::truncate_to(Env& env, Offset offset) {
  const auto first_gone =
      std::partition_point(entries_.begin(), entries_.end(),
                           [offset](const auto& entry) { return entry.last_offset < offset; });
  if (first_gone == entries_.end()) return {};
  if (first_gone == entries_.begin()) return reset(env);
  entries_.erase(first_gone, entries_.end());
  auto file = env.open(path_);
  if (!file.ok()) return fail(file.error());
  unsynced_ = true;
  return file.value()->truncate(
      static_cast<std::int64_t>(entries_.size() * transaction_entry_size));
}

Status<IoError> TransactionIndex::reset(Env& env) {
  entries_.clear();
  unsynced_ = false;
  if (!env.exists(path_)) return {};
  return env.remove(path_);
}

Status<IoError> TransactionIndex::sync(Env& env) {
  if (!unsynced_) return {};
  auto file = env.open(path_);
  if (!file.ok()) return fail(file.error());
  unsynced_ = false;
  return file.value()->sync();
}

Status<IoError> TransactionIndex::rename(Env& env, const std::string& path) {
  if (env.exists(path_)) {
    if (auto moved = env.rename(path_, path); !moved.ok()) return moved;
  }
  path_ = path;
  return {};
}

bool TransactionIndex::collect(Offset fetch_offset, Offset upto,
                               std::vector<AbortedTransaction>& found) const {
  for (const AbortedTransaction& entry : entries_) {
    if (entry.last_offset >= fetch_offset && entry.first_offset < upto) found.push_back(entry);
    if (entry.last_stable_offset >= upto) return true;
  }
  return false;
}

}  // namespace brokerlab::log
