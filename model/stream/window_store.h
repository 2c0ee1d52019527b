// WindowStore: the state of a stream processor that counts records by key and window: for each
// partition of the input, how many records of a key have a time stamp within a window of fixed
// length (a tumbling window). What has changed since the last commit is known, so that it can be
// written to the changelog and told downstream; what the changelog has can be put in again.
//
// Pure: no clock, no I/O. Lifetime: part of a StreamProcessor. Threads: none.
// Source: org.apache.kafka.streams.state.internals.{RocksDBWindowStore, CachingWindowStore} and
//         KStreamWindowAggregate, as far as they decide what is counted and what is told.
#pragma once

#include "base/units.h"
#include "log/batch/byte_slice.h"

#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace brokerlab::model {

/// Whose records are counted together.
struct WindowKey {
  std::int64_t start = 0;  ///< Of the window, in milliseconds since 1970.
  std::string key;         ///< Of the records; empty of those without one.
  auto operator<=>(const WindowKey&) const = default;

  /// "1556668800000/key-7", and back.
  std::string text() const;
  static std::optional<WindowKey> parse(std::string_view text);
};

class WindowStore {
 public:
  explicit WindowStore(Duration window) : window_(window) {}

  /// So many records of the partition, of that time stamp (milliseconds since 1970).
  void add(int partition, std::int64_t timestamp, const std::string& key, std::int64_t records);

  struct Change {
    WindowKey of;
    std::int64_t count = 0;
  };
  /// Since they were taken last, in the order of windows and keys.
  std::vector<Change> take_changes(int partition);

  /// As the changelog has it.
  void restore(int partition, WindowKey of, std::int64_t count);
  /// Another processor has the partition, or what was counted is not to count.
  void forget(int partition);

  std::int64_t count(int partition, const WindowKey& of) const;
  std::size_t size(int partition) const;

 private:
  struct OfPartition {
    std::map<WindowKey, std::int64_t> counts;
    std::set<WindowKey> changed;
  };
  const Duration window_;
  std::map<int, OfPartition> partitions_;
};

}  // namespace brokerlab::model
