// IndexFile: the entries of one .index or .timeindex, read where they lie and written behind each
// other.
//
// Where the Env maps files (env.h), or lets us look at them, the entries are looked at there, and
// only the last ones are held here; elsewhere all of them are. Entries go to the file in pieces of
// some kilobytes: what is still here when a process dies is no loss, recovery writes indexes anew.
//
// Without a file it has no entries, and takes none. Private to the segment; the entries' formats
// are for tools, too. Threads: none. Source of the formats: Kafka's OffsetIndex, TimeIndex.
#pragma once

#include "log/batch/big_endian.h"
#include "log/env/env.h"
#include "log/types.h"

#include <algorithm>
#include <array>
#include <memory>
#include <vector>

namespace brokerlab::log {

/// Bytes of a damaged index may lead beyond the last of all offsets: to negative ones.
inline Offset offset_behind(Offset base, std::int32_t relative) {
  return static_cast<Offset>(static_cast<std::uint64_t>(base) +
                             static_cast<std::uint64_t>(std::int64_t{relative}));
}

/// A batch that holds `offset`, or one before it, begins at `position` of the .log file.
struct OffsetPosition {
  Offset offset = 0;
  std::int64_t position = 0;
  bool operator==(const OffsetPosition&) const = default;

  /// offset - base: u32, position: u32
  static constexpr std::size_t entry_size = 8;
  static OffsetPosition load(const std::byte* from, Offset base) {
    return {offset_behind(base, load_big_endian<std::int32_t>(from)),
            load_big_endian<std::int32_t>(from + 4)};
  }
  void store(std::byte* to, Offset base) const {
    store_big_endian(to, static_cast<std::int32_t>(offset - base));
    store_big_endian(to + 4, static_cast<std::int32_t>(position));
  }
};

/// No record up to `offset` has a larger timestamp.
struct TimestampOffset {
  Timestamp timestamp = no_timestamp;
  Offset offset = no_offset;
  bool operator==(const TimestampOffset&) const = default;

  /// timestamp: i64, offset - base: u32
  static constexpr std::size_t entry_size = 12;
  static TimestampOffset load(const std::byte* from, Offset base) {
    return {load_big_endian<Timestamp>(from),
            offset_behind(base, load_big_endian<std::int32_t>(from + 8))};
  }
  void store(std::byte* to, Offset base) const {
    store_big_endian(to, timestamp);
    store_big_endian(to + 8, static_cast<std::int32_t>(offset - base));
  }
};

template <class Entry>
class IndexFile {
 public:
  IndexFile() = default;
  IndexFile(std::unique_ptr<File> file, Offset base) : file_(std::move(file)), base_(base) {}

  /// Takes what the file has. False, and nothing taken, when that is no whole number of entries.
  Result<bool, IoError> load() {
    clear();
    const std::int64_t size = file_->size();
    if (size % entry_bytes != 0) return false;
    mapped_ = file_->mapped();
    if (static_cast<std::int64_t>(mapped_.size()) == size) {
      held_from_ = mapped_.size();
    } else {
      mapped_ = {};
      held_.resize(static_cast<std::size_t>(size));
      const auto got = file_->read_at(0, held_);
      if (!got.ok()) return fail(got.error());
      held_.resize(*got);
      leave_in_file();
    }
    count_ = static_cast<std::size_t>(size / entry_bytes);
    return true;
  }

  bool is_open() const { return file_ != nullptr; }
  std::size_t size() const { return count_; }
  bool empty() const { return count_ == 0; }
  Entry operator[](std::size_t i) const {
    const std::size_t at = i * Entry::entry_size;
    if (at >= held_from_) return Entry::load(held_.data() + (at - held_from_), base_);
    if (!mapped_.empty()) return Entry::load(mapped_.data() + at, base_);
    std::array<std::byte, Entry::entry_size> bytes{};
    file_->look_at(static_cast<std::int64_t>(at), bytes);
    return Entry::load(bytes.data(), base_);
  }
  Entry back() const { return (*this)[count_ - 1]; }
  std::vector<Entry> entries() const {
    std::vector<Entry> all;
    for (std::size_t i = 0; i < count_; ++i) all.push_back((*this)[i]);
    return all;
  }

  /// How many entries at the front have `property`; those that have it come first. `guess` may be
  /// any number; near the answer it saves most of the search.
  template <class Property>
  std::size_t count_while(Property property, std::size_t guess) const {
    const auto has = [&](std::size_t i) { return property((*this)[i]); };
    std::size_t low = 0;
    std::size_t high = std::min(guess, count_);
    std::size_t step = 1;  // Doubles until the answer lies in [low, high].
    if (high < count_ && has(high)) {
      for (low = high + 1; low + step <= count_ && has(low + step - 1); step *= 2) low += step;
      high = std::min(low + step - 1, count_);
    } else {
      for (; high >= step && !has(high - step); step *= 2) high -= step;
      if (high >= step) low = high - step + 1;
    }
    while (low < high) {
      const std::size_t middle = low + (high - low) / 2;
      if (has(middle)) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }
  template <class Property>
  std::size_t count_while(Property property) const {
    return count_while(property, count_ / 2);
  }

  Status<IoError> append(const Entry& entry) {
    std::array<std::byte, Entry::entry_size> bytes;
    entry.store(bytes.data(), base_);
    held_.insert(held_.end(), bytes.begin(), bytes.end());
    ++count_;
    return unwritten() < write_at ? Status<IoError>() : flush();
  }

  /// Keeps the first `count` entries.
  Status<IoError> cut(std::size_t count) {
    if (count >= count_) return {};
    if (auto flushed = flush(); !flushed.ok()) return flushed;
    const std::size_t size = count * Entry::entry_size;
    count_ = count;
    if (size <= held_from_) {
      held_from_ = size;
      held_.clear();
      if (!mapped_.empty()) mapped_ = mapped_.first(size);
    } else {
      held_.resize(size - held_from_);
    }
    return file_->truncate(static_cast<std::int64_t>(size));
  }

  /// All entries anew, in a file that may hold anything.
  Status<IoError> replace(const std::vector<Entry>& entries) {
    clear();
    if (auto emptied = file_->truncate(0); !emptied.ok()) return emptied;
    for (const Entry& entry : entries) {
      if (auto added = append(entry); !added.ok()) return added;
    }
    return flush();
  }

  /// Writes what is not in the file yet; a process may die then.
  Status<IoError> flush() {
    const std::size_t left = unwritten();
    if (left == 0) return {};
    if (auto written = file_->append(ByteView(held_).last(left)); !written.ok()) return written;
    const ByteView mapped = file_->mapped();
    if (static_cast<std::int64_t>(mapped.size()) == file_->size()) {
      mapped_ = mapped;
      held_from_ = mapped.size();
      held_.clear();
    } else {
      leave_in_file();
    }
    return {};
  }
  Status<IoError> sync() {
    if (auto flushed = flush(); !flushed.ok()) return flushed;
    return file_ == nullptr ? Status<IoError>() : file_->sync();
  }
  /// The file may be removed then. No entries are left.
  void close() {
    clear();
    file_.reset();
  }
  /// Forgets the entries, before replace().
  void clear() {
    mapped_ = {};
    held_from_ = 0;
    held_.clear();
    count_ = 0;
  }

 private:
  static constexpr auto entry_bytes = static_cast<std::int64_t>(Entry::entry_size);
  static constexpr std::size_t write_at = 4096;
  /// Of those that are in the file, too: the last ones are looked at most.
  static constexpr std::size_t most_held = 100 * Entry::entry_size;

  /// Of what is held, all of which is in the file, keeps the last entries only.
  void leave_in_file() {
    std::byte nothing{};
    if (held_.size() <= most_held || !file_->look_at(0, {&nothing, 1})) return;
    const std::size_t left = held_.size() - most_held;
    ByteVector(held_.begin() + static_cast<std::ptrdiff_t>(left), held_.end()).swap(held_);
    held_from_ += left;
  }

  std::size_t unwritten() const {
    const std::size_t held = count_ * Entry::entry_size;
    const std::size_t written = file_ == nullptr ? held : static_cast<std::size_t>(file_->size());
    return held > written ? held - written : 0;
  }

  std::unique_ptr<File> file_;
  Offset base_ = 0;
  std::size_t count_ = 0;
  ByteView mapped_;  ///< Entries of the file, from the first on; empty when it is not mapped.
  std::size_t held_from_ = 0;  ///< Where in the file, in bytes, those begin that are
  ByteVector held_;            ///< held.
};

}  // namespace brokerlab::log
