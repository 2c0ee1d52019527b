// One disk: operations in FIFO order, `parallelism` at once, each a fixed cost plus bytes over rate.
//
// On an HDD the fixed cost (positioning) is due when an operation does not continue where the last
// one of the same stream ended; on flash it is due always. A sync empties the drive's cache. What
// is in the queue when the power goes is lost; completed writes are durable only after a sync.
//
// Lifetime: owned by a Machine. Threads: none. Errors: returned DiskError.
#pragma once

#include "base/result.h"
#include "sim/channel.h"
#include "sim/hardware.h"

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

  Task<Status<DiskError>> read(DiskPlace place, Bytes size);
  Task<Status<DiskError>> write(DiskPlace place, Bytes size);
  Task<Status<DiskError>> sync();
  /// Every operation in the queue is gone; their coroutines die with their process.
  void power_off();

  Bytes bytes_read() const;
  Bytes bytes_written() const;
  std::int64_t syncs() const;
  Duration busy() const;  ///< Time with at least one operation in progress.
  int queue_length() const;
};

}  // namespace brokerlab::sim
