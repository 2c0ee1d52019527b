// One disk: operations in FIFO order, `parallelism` at once, each a fixed cost plus bytes over
// rate.
//
// On an HDD the fixed cost (positioning) is due when an operation does not continue where the last
// one of the same stream ended; on flash it is due always. The fixed costs of operations in
// progress overlap, their transfers do not: the device's rate is one, shared in order of start. A
// sync empties the drive's cache, once the writes before it are in it. What is in the queue when
// the power goes is lost; completed writes are durable only after a sync.
//
// An operation that was asked for is done even when the process that asked dies meanwhile.
//
// Lifetime: owned by a Machine. Threads: none. Errors: returned DiskError.
#pragma once

#include "base/result.h"
#include "sim/channel.h"
#include "sim/hardware.h"

#include <deque>
#include <memory>

namespace brokerlab::sim {

enum class DiskError { failed };

/// Where an operation takes place: a file and an offset, so that the disk can tell sequential from
/// not. Streams of different files interfere on an HDD.
struct DiskPlace {
  std::int64_t file = 0;
  std::int64_t offset = 0;
};

class Disk {
 public:
  Disk(World& world, const DiskConfig& config);
  Disk(const Disk&) = delete;
  Disk& operator=(const Disk&) = delete;

  Task<Status<DiskError>> read(DiskPlace place, Bytes size);
  Task<Status<DiskError>> write(DiskPlace place, Bytes size);
  Task<Status<DiskError>> sync();
  /// Every operation in the queue is gone; their coroutines die with their process.
  void power_off();
  /// From now on every operation ends with DiskError::failed (or, repaired, works again).
  void set_failed(bool failed) { failed_ = failed; }

  const DiskConfig& config() const { return config_; }
  Bytes bytes_read() const { return bytes_read_; }
  Bytes bytes_written() const { return bytes_written_; }
  std::int64_t syncs() const { return syncs_; }
  Duration busy() const;  ///< Time with at least one operation in progress.
  int queue_length() const { return static_cast<int>(queue_.size()); }

 private:
  enum class Kind { read, write, sync };
  struct Operation {
    Kind kind;
    DiskPlace place;
    Bytes size;
    OneShot<Status<DiskError>> done;
  };
  using OperationPtr = std::shared_ptr<Operation>;

  Task<Status<DiskError>> perform(Kind kind, DiskPlace place, Bytes size);
  void start_what_fits();
  Time finish_time(const Operation& operation);
  void complete(Operation& operation);

  World& world_;
  const DiskConfig config_;
  std::deque<OperationPtr> queue_;
  int running_ = 0;
  int writes_running_ = 0;
  DiskPlace head_{-1, 0};  ///< Where the last operation that was started ends.
  Time transfer_free_{};   ///< When the transfers of all started operations are over.
  Time busy_since_{};
  Duration busy_{0};
  std::uint32_t power_cycle_ = 0;
  bool failed_ = false;
  Bytes bytes_read_;
  Bytes bytes_written_;
  std::int64_t syncs_ = 0;
};

}  // namespace brokerlab::sim
