#include "model/stream/window_store.h"

#include "base/check.h"
#include "base/integer_text.h"

namespace brokerlab::model {

std::string WindowKey::text() const { return std::to_string(start) + "/" + key; }

std::optional<WindowKey> WindowKey::parse(std::string_view text) {
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  const auto start = parse_integer<std::int64_t>(text.substr(0, slash));
  if (!start) return std::nullopt;
  return WindowKey{*start, std::string(text.substr(slash + 1))};
}

/// TimeWindows.windowsFor: windows begin at multiples of their length since 1970.
void WindowStore::add(int partition, std::int64_t timestamp, const std::string& key,
                      std::int64_t records) {
  const std::int64_t length = whole_millis(window_);
  ENSURE(length > 0, "a window without a length");
  const std::int64_t start = timestamp - ((timestamp % length) + length) % length;
  OfPartition& of = partitions_[partition];
  const WindowKey window{start, key};
  of.counts[window] += records;
  of.changed.insert(window);
}

std::vector<WindowStore::Change> WindowStore::take_changes(int partition) {
  std::vector<Change> changes;
  const auto found = partitions_.find(partition);
  if (found == partitions_.end()) return changes;
  for (const WindowKey& key : found->second.changed) {
    changes.push_back({key, found->second.counts.at(key)});
  }
  found->second.changed.clear();
  return changes;
}

void WindowStore::restore(int partition, WindowKey of, std::int64_t count) {
  partitions_[partition].counts[std::move(of)] = count;
}

void WindowStore::forget(int partition) { partitions_.erase(partition); }

std::int64_t WindowStore::count(int partition, const WindowKey& of) const {
  const auto found = partitions_.find(partition);
  if (found == partitions_.end()) return 0;
  const auto one = found->second.counts.find(of);
  return one == found->second.counts.end() ? 0 : one->second;
}

std::size_t WindowStore::size(int partition) const {
  const auto found = partitions_.find(partition);
  return found == partitions_.end() ? 0 : found->second.counts.size();
}

}  // namespace brokerlab::model
