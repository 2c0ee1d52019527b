// What a cloud provider meters: the I/O operations of a volume, and all volumes of a machine
// together on the link to their storage.
//
// An operation counts as one for each `io_size` of it, or part of one. Operations that continue
// each other and wait together are merged up to that size, as the kernel and EBS do with
// sequential I/O.
//
// Lifetime: a meter is a value inside its Disk; a link is owned by the Machine, and the Disks
// borrow it. Threads: none. Errors: none.
// Sources:  Amazon EBS User Guide, "Amazon EBS I/O characteristics and monitoring" (merging, 256
//           KiB); Amazon EC2 User Guide, "Amazon EBS-optimized instance types" (the link: a
//           baseline, and a maximum for 30 minutes at least once every 24 hours).
#pragma once

#include "sim/hardware.h"
#include "sim/token_bucket.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

namespace brokerlab::sim {

using OperationBucket = TokenBucket<Operations, PerSecond>;
using ByteBucket = TokenBucket<Bytes, BytesPerSecond>;

/// What a provider limits, and lends above the limit while there are credits.
enum class Metered { volume_operations, link_bytes, link_operations };

/// Notices the end of a burst: the credits are gone, after there was a second's worth of them.
class BurstWatch {
 public:
  /// `second`: what a second of the burst takes from the credits; 0 without a burst.
  BurstWatch(std::int64_t second, std::int64_t capacity) : enough_(std::min(second, capacity)) {}

  void before(std::int64_t credits) { burst_ = burst_ || (enough_ > 0 && credits >= enough_); }
  /// Whether it is over now.
  bool after(std::int64_t credits) {
    return burst_ && credits == 0 && std::exchange(burst_, false);
  }

 private:
  std::int64_t enough_;
  bool burst_ = false;
};

/// The link between a machine and all its volumes ("EBS-optimized"), both directions together.
class VolumeLink {
 public:
  explicit VolumeLink(const VolumeLinkConfig& config);

  /// When the link has carried this, behind all it was given before. Whose credits that took the
  /// last of is added to `gone`.
  Time serve(Time now, Operations operations, Bytes bytes, std::vector<Metered>& gone);
  Bytes credits(Time now) const { return bytes_.credits(now); }

 private:
  ByteBucket bytes_;
  BurstWatch bytes_watch_;
  std::optional<OperationBucket> operations_;
  BurstWatch operations_watch_;
};

/// Counts the operations of one volume and lets them pass at its rate.
class OperationMeter {
 public:
  /// `config` has an iops limit.
  explicit OperationMeter(const DiskConfig& config);

  Time serve(Time now, Operations operations, std::vector<Metered>& gone);
  Operations credits(Time now) const { return bucket_.credits(now); }

 private:
  OperationBucket bucket_;
  BurstWatch watch_;
};

/// How many operations a transfer of `size` counts as. `filled`: how full the last one is, which
/// this transfer continues (0: it continues none); afterwards how full the new last one is.
Operations count_operations(Bytes size, Bytes io_size, Bytes& filled);

}  // namespace brokerlab::sim
