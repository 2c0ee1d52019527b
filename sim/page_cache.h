// Linux's page cache in front of one disk, by ranges of files.
//
// A write dirties its range and returns at once, unless the dirty bytes are above the dirty limit:
// then the writer waits until write-back has brought them down (throttling). Write-back runs every
// writeback_interval for what is older than dirty_expire, and at once above the background limit.
// A read of cached bytes costs nothing here (the CPU pays for the copy); cold bytes are read from
// the disk in whole pages. A reader that goes on where the last one of the file ended, or begins
// at its begin, gets more than it asked for: a window that grows up to read_ahead, the next of
// which is fetched in the background while this one is read (Linux's ondemand read-ahead). Each
// file has one such state, as each of Kafka's segments has one open file for all its readers.
// Reads anywhere else get the pages they ask for.
//
// When the cache is full clean chunks of 128 KiB go: of those used once the oldest first (Linux's
// inactive list), so that who reads a lot once does not push out what is read again and again.
//
// Written-back bytes are in the drive's own cache: they are durable after the next sync(), by an
// fsync or by the flush that ends each round of write-back (the file system's journal commit).
//
// Whoever keeps the real bytes (model/broker/log_dir.h) learns through `on_durable` what has
// reached the disk's platter, and drops the rest at a power loss.
//
// A drive whose syncs lie (Disk::set_lies) is believed: what it was asked to sync counts as durable
// here, but `on_durable` is told only once a true sync has emptied the drive's cache.
//
// One class in two files (page_cache_read.cpp has read-ahead): reads, writes and write-back share
// the chunks and their order of use. Lifetime: owned by a Machine; write-back runs as long as the
// machine has power. Threads: none. Errors:   what the disk returns; a failed write leaves its
// bytes dirty. Sources:  Linux Documentation/admin-guide/sysctl/vm.rst; mm/page-writeback.c
// (throttling);
//           mm/readahead.c (ondemand_readahead, get_init_ra_size, get_next_ra_size); mm/swap.c
//           (mark_page_accessed) and mm/vmscan.c (inactive_is_low).
#pragma once

#include "sim/disk.h"
#include "sim/page_chunks.h"

#include <functional>
#include <map>
#include <set>
#include <vector>

namespace brokerlab::sim {

class PageCache {
 public:
  using FileKey = std::int64_t;
  static constexpr Bytes chunk_size = 128_KiB;
  static constexpr Bytes page_size = 4_KiB;
  /// Write-back hands this much of one file to the disk at once.
  static constexpr Bytes writeback_unit = 4_MiB;

  PageCache(World& world, Disk& disk, const PageCacheConfig& config);
  PageCache(const PageCache&) = delete;
  PageCache& operator=(const PageCache&) = delete;

  /// Called with (file, end offset): the file is durable up to there (exclusive).
  void on_durable(std::function<void(FileKey, std::int64_t)> callback);

  /// Appends are the only writes a log makes: [offset, offset + size) of the file becomes dirty.
  /// Writing below what was written back dirties everything from there to the end again.
  Task<> write(FileKey file, std::int64_t offset, Bytes size);
  /// The two halves of it, for who writes first and waits later.
  void write_now(FileKey file, std::int64_t offset, Bytes size);
  Task<> wait_below_dirty_limit();
  Task<Status<DiskError>> read(FileKey file, std::int64_t offset, Bytes size);
  /// fsync: writes the file's dirty ranges and syncs the disk. Nothing when it is durable already.
  Task<Status<DiskError>> sync(FileKey file);
  bool is_durable(FileKey file) const;  ///< As the drive says.
  /// Empties the drive's cache: what was written back before is durable then.
  Task<Status<DiskError>> flush();
  void forget(FileKey file);                           ///< The file was removed.
  void truncate(FileKey file, std::int64_t new_size);  ///< Nothing beyond is cached or dirty.
  /// The power fails: remembers whose bytes are on their way to the disk. Before anybody hears.
  void note_writes();
  /// Everything in memory is gone.
  void power_off();
  /// Some of the file's bytes were on their way to the disk when the power failed last.
  bool was_writing(FileKey file) const { return were_writing_.contains(file); }
  void power_on();  ///< Starts write-back; also needed once after construction.

  Bytes dirty() const { return dirty_; }
  Bytes not_durable() const;  ///< What a power loss would take, as far as the drive says.
  Bytes cached() const { return cached_; }
  /// Calls of read(), whatever their size, that waited for nothing and for something: the disk, or
  /// the end of a read-ahead. What a file system never asks the cache for is not counted.
  std::int64_t hits() const { return hits_; }
  std::int64_t misses() const { return misses_; }
  Duration throttled() const { return throttled_; }  ///< Time writers spent waiting at the limit.
  Bytes read_ahead() const { return read_ahead_; }  ///< Read from the disk before it was asked for.

 private:
  using Pages = std::uint32_t;  ///< A bit for each page of a chunk.
  /// Linux's file_ra_state, in pages: the window read last, and where in it the next one is begun.
  struct ReadAhead {
    std::int64_t start = 0;
    std::int64_t size = 0;
    std::int64_t async_size = 0;
    std::int64_t previous_end = -1;  ///< Where the last read ended.
  };
  /// durable <= flushed <= end: on the platter, in the drive's cache, in memory only.
  struct File {
    std::int64_t end = 0;
    std::int64_t flushed = 0;
    std::int64_t durable = 0;  ///< As the drive says.
    std::int64_t platter = 0;  ///< Where it really is; less than durable after a lie.
    Time dirty_since{};
    std::uint64_t version = 0;  ///< Changes when bytes below `end` stop being what they were.
    bool writing = false;       ///< Someone hands a piece of it to the disk.
    std::vector<PageChunks::Ref> chunks;    ///< By their place in the file.
    std::map<std::int64_t, Pages> loading;  ///< By chunk: pages on their way from the disk.
    ReadAhead ahead;
  };
  class Writing;
  class Loading;

  File* find(FileKey key, std::uint64_t version);
  File& open(FileKey key, std::int64_t clean_size);
  void new_version(File& file);
  void set_extent(FileKey key, File& file, std::int64_t end, std::int64_t flushed);
  void cache(FileKey key, File& file, std::int64_t begin, std::int64_t end);
  static PageChunks::Ref chunk_of(const File& file, std::int64_t index);
  Pages pages_in_memory(const File& file, std::int64_t chunk) const;
  static Pages pages_on_their_way(const File& file, std::int64_t chunk);
  std::int64_t end_of_warm(const File& file, std::int64_t page, std::int64_t last) const;
  std::int64_t end_of_cold(const File& file, std::int64_t page, std::int64_t last) const;
  void use_again(File& file, std::int64_t first, std::int64_t last);
  void drop_chunks(File& file, std::int64_t from);
  void forget_chunk(PageChunks::Ref chunk);
  void evict();
  std::int64_t window_for(File& file, std::int64_t page, std::int64_t wanted) const;
  void read_next_window(FileKey key, File& file, std::int64_t first, std::int64_t last);
  void mark_durable(FileKey key, File& file, std::int64_t up_to);
  void make_good();
  void tell_durable(FileKey key, File& file);

  Task<> write_back();
  Task<> write_back_round(Time dirty_until);
  Task<Status<DiskError>> write_out(FileKey key, std::uint64_t version, std::int64_t target);
  Task<Status<DiskError>> load(FileKey key, std::uint64_t version, std::int64_t first,
                               std::int64_t last, std::int64_t& loaded_to);
  Task<> load_ahead(FileKey key, std::uint64_t version, std::int64_t first, std::int64_t last);
  Time next_writeback() const;

  World& world_;
  Disk& disk_;
  const PageCacheConfig config_;
  const Bytes background_limit_;
  const Bytes dirty_limit_;
  std::vector<std::function<void(FileKey, std::int64_t)>> on_durable_;
  std::map<FileKey, File> files_;
  std::set<FileKey> dirty_files_;   ///< flushed < end.
  std::set<FileKey> in_drive_;      ///< durable < flushed.
  std::set<FileKey> were_writing_;  ///< When the power failed last.
  std::set<FileKey> lied_about_;    ///< platter < durable.
  PageChunks chunks_;
  Bytes cached_;
  Bytes active_bytes_;
  Bytes dirty_;
  std::uint64_t next_version_ = 1;
  bool powered_ = false;
  Time powered_since_{};
  std::int64_t hits_ = 0;
  std::int64_t misses_ = 0;
  Duration throttled_{0};
  Bytes read_ahead_;
  Signal became_dirty_;  ///< Something for write-back to look at.
  Signal written_;       ///< Some dirty bytes became clean, or a piece's writer is gone.
  Signal loaded_;
  TaskGroup write_back_;
  TaskGroup ahead_;  ///< Reads that nobody waits for.
};

}  // namespace brokerlab::sim
