// Files that may lie in a partition's directory after a crash, and after people: segments of any
// bytes (any_segment.h), and beside them every name that Kafka gives a file there, also of what it
// left half done, with good, empty, foreign and damaged contents. The same seed, the same files.
//
// And what the first passes of Kafka's start make of them, written from LogLoader.load and apart
// from the engine.
#pragma once

#include "log/env/env.h"
#include "log/partition/producer_snapshot.h"
#include "log/segment/segment.h"
#include "tests/log/any_segment.h"

#include <array>
#include <map>
#include <string>

namespace brokerlab::log::test {

using Files = std::map<std::string, ByteVector>;

constexpr std::array<std::string_view, 5> all_suffixes{".log", ".index", ".timeindex", ".txnindex",
                                                       ".snapshot"};
constexpr std::array<std::string_view, 4> all_states{"", ".cleaned", ".swap", ".deleted"};

inline std::string log_name(Offset base) { return segment_file_name(base, ".log"); }

/// A name's parts; no suffix for what Kafka would not take for one of a partition's files.
struct NameParts {
  Offset base = 0;
  std::string suffix;
  std::string state;
};
inline NameParts parts_of(std::string name) {
  NameParts parts;
  for (const std::string_view state : all_states) {
    if (state.empty() || !name.ends_with(state)) continue;
    parts.state = state;
    name.resize(name.size() - state.size());
    break;
  }
  for (const std::string_view suffix : all_suffixes) {
    if (name.size() != 20 + suffix.size() || !name.ends_with(suffix)) continue;
    if (name.find_first_not_of("0123456789") != 20) continue;
    parts.suffix = suffix;
    parts.base = std::stoll(name.substr(0, 20));
  }
  return parts;
}

class AnyPartition {
 public:
  AnyPartition(std::uint64_t seed, bool damaged, bool left_over)
      : random_(seed, "any partition"), any_(seed, random_.chance(0.3) ? 42 : 0) {
    for (std::int64_t i = 1 + random_.below(3); i > 0; --i) {
      const Offset base = any_.end();
      bases_.push_back(base);
      ByteVector bytes = any_.good(6);
      if (damaged && random_.chance(left_over ? 0.1 : 0.6)) bytes = any_.damaged(std::move(bytes));
      if (damaged && random_.chance(0.05)) bytes = any_.noise(500);
      files_[log_name(base)] = std::move(bytes);
    }
    if (!left_over) return;
    for (std::int64_t i = 1 + random_.below(3); i > 0; --i) add_left_over();
  }

  const Files& files() const { return files_; }

 private:
  Offset some_base() {
    if (random_.chance(0.3)) return random_.below(any_.end() + 20);
    return bases_[static_cast<std::size_t>(random_.below(std::ssize(bases_)))];
  }

  void add_left_over() {
    const std::string suffix(all_suffixes[static_cast<std::size_t>(random_.below(5))]);
    const std::string state(all_states[static_cast<std::size_t>(random_.below(4))]);
    const Offset base = some_base();
    const std::string name = segment_file_name(base, suffix) + state;
    if (suffix == ".log" && state.empty()) return;
    ByteVector& bytes = files_[name];
    switch (random_.below(6)) {
      case 0:
        bytes = {};
        return;
      case 1:
        bytes = text();
        return;
      case 2:
        bytes = any_.damaged(good(suffix, base));
        return;
      default:
        bytes = good(suffix, base);
    }
  }

  ByteVector text() {
    const std::string all = "this is not yours: it was a dark and stormy night";
    const auto size = static_cast<std::size_t>(1 + random_.below(std::ssize(all)));
    const ByteView bytes = as_bytes(all);
    return {bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size)};
  }

  ByteVector good(const std::string& suffix, Offset base) {
    if (suffix == ".log") return copy(base);
    ByteVector bytes;
    const auto put = [&bytes](auto number) {
      const std::size_t at = bytes.size();
      bytes.resize(at + sizeof number);
      store_big_endian(bytes.data() + at, number);
    };
    if (suffix == ".snapshot") {
      ProducerStates none;
      bytes = encode_snapshot(none);
      return bytes;
    }
    std::int32_t offset = 0;
    for (std::int64_t i = random_.below(4); i > 0; --i) {
      offset += static_cast<std::int32_t>(1 + random_.below(9));
      if (suffix == ".index") {
        put(offset);
        put(std::int32_t{offset * 100});
      } else if (suffix == ".timeindex") {
        put(std::int64_t{1'700'000'000'000 + offset});
        put(offset);
      } else {
        put(std::int16_t{0});
        put(std::int64_t{7});
        for (int n = 0; n < 3; ++n) put(std::int64_t{base + offset});
      }
    }
    // As Kafka leaves one that it has not closed.
    if (suffix != ".txnindex" && random_.chance(0.3)) bytes.resize(bytes.size() + 240);
    return bytes;
  }

  /// Of a segment: all of it, some of it, as a split or a cleaning makes; or of one long gone.
  ByteVector copy(Offset base) {
    const auto original = files_.find(log_name(base));
    if (original == files_.end() || random_.chance(0.1)) {
      return AnySegment(random_.bits(), base).good(3);
    }
    const ByteVector& bytes = original->second;
    if (random_.chance(0.5)) return bytes;
    std::vector<std::int64_t> starts = kafka_recovers(bytes, base).batches;
    if (starts.empty()) return {};
    const auto at = starts[static_cast<std::size_t>(random_.below(std::ssize(starts)))];
    return {bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(at)};
  }

  RandomStream random_;
  AnySegment any_;
  std::vector<Offset> bases_;
  Files files_;
};

/// One past the last offset of the batches in a copy that begins at `base`.
inline Offset end_of(const ByteVector& bytes, Offset base) {
  const auto batches = kafka_recovers(bytes, base).batches;
  if (batches.empty()) return base;
  const auto at = static_cast<std::size_t>(batches.back());
  const Offset last = judge::number_at(bytes, at, 8);
  return judge::number_at(bytes, at + 16, 1) < 2 ? last + 1
                                                 : last + judge::number_at(bytes, at + 23, 4) + 1;
}

/// LogLoader.load, its first three passes.
inline Files kafka_starts_with(Files files) {
  Offset cleaned = INT64_MAX;
  for (const auto& [name, bytes] : files) {
    const NameParts parts = parts_of(name);
    if (!parts.suffix.empty() && parts.state == ".cleaned") cleaned = std::min(cleaned, parts.base);
  }
  std::erase_if(files, [&](const auto& file) {
    const NameParts parts = parts_of(file.first);
    return !parts.suffix.empty() && (parts.state == ".deleted" || parts.state == ".cleaned" ||
                                     (parts.state == ".swap" && parts.base >= cleaned));
  });
  Offset begin = INT64_MAX;
  Offset end = INT64_MIN;
  for (const auto& [name, bytes] : files) {
    const NameParts parts = parts_of(name);
    if (parts.suffix != ".log" || parts.state != ".swap") continue;
    begin = std::min(begin, parts.base);
    end = std::max(end, end_of(bytes, parts.base));
  }
  std::erase_if(files, [&](const auto& file) {
    const NameParts parts = parts_of(file.first);
    return !parts.suffix.empty() && parts.state.empty() && parts.base >= begin && parts.base < end;
  });
  Files swapped;
  for (auto& [name, bytes] : files) {
    if (parts_of(name).state != ".swap") swapped.try_emplace(name, bytes);
  }
  for (auto& [name, bytes] : files) {
    if (parts_of(name).state == ".swap") swapped[name.substr(0, name.size() - 5)] = bytes;
  }
  return swapped;
}

}  // namespace brokerlab::log::test
