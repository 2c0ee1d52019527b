// BrokerStorage: a broker's log directories (log.dirs), one on each disk of its machine.
//
//   co_await storage.settle(storage.take());
//
// waits for the hardware for all that the log engine has done since the last time.
//
// Errors: a directory whose storage fails goes offline, and on_failure()'s callback hears of it
// once; what waited for it goes on, and must look whether its partition is still there. When none
// is left settle() never returns: a broker without a log directory halts (KIP-112).
//
// Lifetime: outlives the broker's processes; borrows the Machine. Threads: none.
#pragma once

#include "model/broker/log_dir.h"

#include <functional>
#include <memory>

namespace brokerlab::model {

class BrokerStorage {
 public:
  explicit BrokerStorage(sim::Machine& machine);

  int dirs() const { return static_cast<int>(dirs_.size()); }
  LogDir& dir(int number) { return *dirs_[static_cast<std::size_t>(number)]; }
  int online() const;
  Bytes lost_last() const;  ///< By the last power loss.

  /// A broker starts: every directory is tried again. The callback is called when one fails; when
  /// it was the last it must end the process.
  using FailureCallback = std::function<void(int dir, sim::DiskError)>;
  void start(FailureCallback callback);
  void stop() { failed_ = {}; }

  /// As LogDir::corrupt(), in the directory that has the partition; of any, one that has something.
  std::optional<log::MemoryEnv::FlippedBit> corrupt(std::string_view directory = "");

  using Traffic = std::vector<LogDir::Traffic>;  ///< By directory.
  Traffic take();
  sim::Task<> settle(Traffic traffic);
  sim::Task<> settle() { return settle(take()); }
  /// What is in a file of the directory makes no sense: it is offline from now on.
  void fail(int dir) { go_offline(dir, sim::DiskError::failed); }
  /// Of one directory alone. False: it is offline.
  sim::Task<bool> settle(int dir);

  /// While one lives, reads are not noted. Writes noted before, or meanwhile, stay.
  class ReadsFromCache {
   public:
    explicit ReadsFromCache(BrokerStorage& storage) : storage_(storage) {
      ENSURE(!storage_.reads_from_cache_, "one at a time");
      storage_.set_reads_from_cache(true);
    }
    ~ReadsFromCache() { storage_.set_reads_from_cache(false); }
    ReadsFromCache(const ReadsFromCache&) = delete;
    ReadsFromCache& operator=(const ReadsFromCache&) = delete;

   private:
    BrokerStorage& storage_;
  };

 private:
  void set_reads_from_cache(bool cached);
  void go_offline(int dir, sim::DiskError error);
  sim::Task<> never_without_dirs();

  sim::Machine& machine_;
  std::vector<std::unique_ptr<LogDir>> dirs_;
  FailureCallback failed_;
  bool reads_from_cache_ = false;
};

}  // namespace brokerlab::model
