// BrokerStorage: a broker's log directory in memory, behind the simulated page cache and disk.
//
// The log engine reads and writes through env() at once; what it touched is noted, and the broker
// then waits for the hardware: `co_await storage.settle(storage.take())`. Write-back of the page
// cache makes bytes durable; a power loss drops the rest, and the engine's recovery runs at the
// next start.
//
// Errors: a full disk gives the engine no_space at once; a disk that fails is noticed where the
// hardware is waited for. Either way settle() reports it once and never returns: the log directory
// is lost, and a broker without a log directory halts (KIP-112).
//
// Lifetime: outlives the broker's processes; borrows the Machine. Threads: none.
#pragma once

#include "log/memory_env.h"
#include "sim/machine.h"

#include <functional>
#include <optional>
#include <string_view>
#include <vector>

namespace brokerlab::model {

/// log.dirs: where a broker keeps its partitions, in its storage.
inline constexpr const char* log_root = "/kafka-logs";

class BrokerStorage final : public log::IoObserver {
 public:
  explicit BrokerStorage(sim::Machine& machine);
  BrokerStorage(const BrokerStorage&) = delete;
  BrokerStorage& operator=(const BrokerStorage&) = delete;

  log::MemoryEnv& env() { return env_; }
  Bytes lost_last() const { return lost_last_; }  ///< By the last power loss.

  /// Called when the storage has failed; must end the process that uses it. An empty one: nobody
  /// uses it.
  void on_failure(std::function<void(sim::DiskError)> callback) {
    failed_ = std::move(callback);
    noted_.refused = false;
  }

  /// The medium rots: one bit of what is durable in the log segments of a partition's directory,
  /// or of any for "". Seen by whoever reads it next, as if nothing of it were cached. Nothing when
  /// there is nothing to hit.
  std::optional<log::MemoryEnv::FlippedBit> corrupt(std::string_view directory = "");

  /// What the log engine has done since the last take().
  struct Traffic {
    struct Range {
      log::FileId file;
      std::int64_t position;
      std::int64_t size;
    };
    std::vector<Range> writes;
    std::vector<Range> reads;
    std::vector<log::FileId> syncs;
    bool refused = false;  ///< There was no room for a write.
  };
  Traffic take();

  /// While one lives, reads are not noted: of bytes just written, which the page cache has. Writes
  /// noted before, or meanwhile, stay.
  class ReadsFromCache {
   public:
    explicit ReadsFromCache(BrokerStorage& storage) : storage_(storage) {
      ENSURE(!storage_.reads_from_cache_, "one at a time");
      storage_.reads_from_cache_ = true;
    }
    ~ReadsFromCache() { storage_.reads_from_cache_ = false; }
    ReadsFromCache(const ReadsFromCache&) = delete;
    ReadsFromCache& operator=(const ReadsFromCache&) = delete;

   private:
    BrokerStorage& storage_;
  };

  /// Waits for page cache and disk: throttled writes, cold reads, syncs. Never returns when one
  /// failed.
  sim::Task<> settle(Traffic traffic);
  /// take() and settle() for the reads and syncs whose time is nobody's business (background).
  sim::Task<> settle() { return settle(take()); }

 private:
  bool admits(std::int64_t more) override;
  bool syncs_are_true() const override { return !machine_.disk().lies(); }
  void on_write(log::FileId file, std::int64_t position, std::int64_t size) override;
  void on_read(log::FileId file, std::int64_t position, std::int64_t size) override;
  void on_sync(log::FileId file) override;
  void on_truncate(log::FileId file, std::int64_t size) override;
  void on_remove(log::FileId file) override;
  void account_for_room();
  sim::Task<> give_up(sim::DiskError error);

  sim::Machine& machine_;
  log::MemoryEnv env_;
  RandomStream random_;
  RandomStream rot_;
  std::function<void(sim::DiskError)> failed_;
  Bytes room_taken_{0};  ///< On the disk.
  Traffic noted_;
  bool reads_from_cache_ = false;
  Bytes lost_last_;
};

}  // namespace brokerlab::model
