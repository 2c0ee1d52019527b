// LogDir: one of a broker's log directories, in memory, behind the page cache and the disk that it
// stands on.
//
// The log engine reads and writes through env() at once; what it touched is noted, and the broker
// then waits for the hardware (settle). What the page cache has written back, by itself or for a
// sync, is durable; a power loss drops the rest, and the engine's recovery runs at the next start.
//
// Syncs of one partition are done one after the other, as Kafka does them under the lock of its log
// (UnifiedLog.append, flush): were a later segment on the disk before an earlier one, a power loss
// would leave a log with a hole. The directory's own files come behind all that are under way: a
// recovery point says what is on the disk.
//
// Errors: a full disk gives the engine no_space at once; a disk that fails is noticed where the
// hardware is waited for. Either way settle() returns it.
//
// Lifetime: outlives the broker's processes; borrows the Machine. Threads: none.
#pragma once

#include "log/env/memory_env.h"
#include "sim/channel.h"
#include "sim/machine.h"

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace brokerlab::model {

/// Where it is, in its Env.
inline constexpr const char* log_root = "/kafka-logs";

class LogDir final : public log::IoObserver {
 public:
  LogDir(sim::Machine& machine, int disk);
  LogDir(const LogDir&) = delete;
  LogDir& operator=(const LogDir&) = delete;

  log::MemoryEnv& env() { return env_; }
  sim::Disk& disk() const { return machine_.disk(disk_); }
  int number() const { return disk_; }            ///< That of its disk.
  Bytes lost_last() const { return lost_last_; }  ///< By the last power loss.

  /// Whether it is in use: from the start of a broker until its storage fails.
  bool online() const { return online_; }
  void set_online(bool online);

  /// The medium rots: one bit of what is durable in the log segments of a partition's directory,
  /// or of any for "". Seen by whoever reads it next, as if nothing of it were cached. Nothing when
  /// there is nothing to hit.
  std::optional<log::MemoryEnv::FlippedBit> corrupt(std::string_view directory);

  /// Whether somebody's syncs of a partition are over; who comes next waits for that.
  struct Syncing {
    explicit Syncing(sim::World& world) : changed(world) {}
    bool over = false;
    sim::Signal changed;
  };
  /// The syncs of a directory's files in some traffic: behind `before`, and over when this goes,
  /// with its process, too.
  struct Turn {
    Turn(std::shared_ptr<Syncing> mine, std::vector<std::shared_ptr<Syncing>> before)
        : mine_(std::move(mine)), before_(std::move(before)) {}
    Turn(Turn&&) = default;
    Turn& operator=(Turn&&) = delete;
    ~Turn();
    sim::Task<> come() const;

   private:
    std::shared_ptr<Syncing> mine_;
    std::vector<std::shared_ptr<Syncing>> before_;
  };

  /// What the log engine has done since the last take().
  struct Traffic {
    struct Range {
      log::FileId file;
      std::int64_t position;
      std::int64_t size;
    };
    bool wrote = false;
    std::vector<Range> reads;
    /// Syncs, and changes of names that come behind one, in their order.
    struct Step {
      log::FileId file;          ///< Of a sync; invalid: of a directory.
      std::int64_t change = -1;  ///< Of names; -1: it is a sync.
    };
    std::vector<Step> steps;
    std::map<std::string, Turn> turns;  ///< By partition's directory.
    bool refused = false;               ///< There was no room for a write.
  };
  Traffic take();
  /// Waits for page cache and disk: throttled writes, cold reads, syncs.
  sim::Task<Status<sim::DiskError>> settle(Traffic traffic);

  /// Reads are not noted while it is set: of bytes just written, which the page cache has.
  void set_reads_from_cache(bool cached) { reads_from_cache_ = cached; }

 private:
  bool admits(std::int64_t more) override;
  bool syncs_at_once() const override { return false; }
  void on_names_changed(std::int64_t change) override;
  void on_write(log::FileId file, std::int64_t position, std::int64_t size) override;
  void on_read(log::FileId file, std::int64_t position, std::int64_t size) override;
  void on_sync(log::FileId file) override;
  void on_truncate(log::FileId file, std::int64_t size) override;
  void on_remove(log::FileId file) override;
  sim::Task<Status<sim::DiskError>> commit(log::FileId file);
  void account_for_room();
  sim::PageCache& cache() const { return machine_.page_cache(disk_); }
  /// As the page cache knows it.
  sim::PageCache::FileKey key(log::FileId file) const { return machine_.file(file.value()); }

  sim::Machine& machine_;
  const int disk_;
  log::MemoryEnv env_;
  RandomStream random_;
  RandomStream rot_;
  bool online_ = false;
  Bytes room_taken_{0};  ///< On the disk.
  std::vector<std::shared_ptr<Syncing>> under_way_before(const std::string& directory) const;

  Traffic noted_;
  std::map<std::string, std::weak_ptr<Syncing>> syncing_;  ///< Who comes last, by directory.
  bool reads_from_cache_ = false;
  Bytes lost_last_;
};

}  // namespace brokerlab::model
