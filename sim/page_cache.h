// Linux's page cache in front of one disk, by ranges of files.
//
// A write dirties its range and returns at once, unless the dirty bytes are above the dirty limit:
// then the writer waits until write-back has brought them down (throttling). Write-back runs every
// writeback_interval for what is older than dirty_expire, and at once above the background limit.
// A read of cached bytes costs nothing here (the CPU pays for the copy); cold bytes are read from
// the disk with read-ahead. When the cache is full the least recently used clean ranges go.
//
// Whoever keeps the real bytes (model/simulated_env.h) learns through `on_durable` what has
// reached the disk's platter, and drops the rest at a power loss.
//
// Lifetime: owned by a Machine; write-back runs as long as the machine has power. Threads: none.
#pragma once

#include "sim/disk.h"

#include <functional>

namespace brokerlab::sim {

class PageCache {
 public:
  using FileKey = std::int64_t;

  PageCache(World& world, Disk& disk, const PageCacheConfig& config);

  /// Called with (file, end offset): the file is durable up to there (exclusive).
  void on_durable(std::function<void(FileKey, std::int64_t)> callback);

  /// Appends are the only writes a log makes: [offset, offset + size) of the file becomes dirty.
  Task<> write(FileKey file, std::int64_t offset, Bytes size);
  Task<Status<DiskError>> read(FileKey file, std::int64_t offset, Bytes size);
  /// fsync: writes the file's dirty ranges and syncs the disk.
  Task<Status<DiskError>> sync(FileKey file);
  void forget(FileKey file);                          ///< The file was removed.
  void truncate(FileKey file, std::int64_t new_size);  ///< Nothing beyond is cached or dirty.
  /// Everything in memory is gone.
  void power_off();
  void power_on();  ///< Starts write-back.

  Bytes dirty() const;
  Bytes cached() const;
  std::int64_t hits() const;
  std::int64_t misses() const;
  Duration throttled() const;  ///< Time writers spent waiting at the dirty limit.
};

}  // namespace brokerlab::sim
