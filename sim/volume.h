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

#include <optional>

namespace brokerlab::sim {

using OperationBucket = TokenBucket<Operations, PerSecond>;
using ByteBucket = TokenBucket<Bytes, BytesPerSecond>;

/// The link between a machine and all its volumes ("EBS-optimized"), both directions together.
class VolumeLink {
 public:
  explicit VolumeLink(const VolumeLinkConfig& config);

  /// When the link has carried this, behind all it was given before.
  Time serve(Time now, Operations operations, Bytes bytes);
  Bytes credits(Time now) const { return bytes_.credits(now); }

 private:
  ByteBucket bytes_;
  std::optional<OperationBucket> operations_;
};

/// Counts the operations of one volume and lets them pass at its rate.
class OperationMeter {
 public:
  /// `config` has an iops limit.
  explicit OperationMeter(const DiskConfig& config);

  Time serve(Time now, Operations operations) { return bucket_.serve(now, operations); }
  Operations credits(Time now) const { return bucket_.credits(now); }

 private:
  OperationBucket bucket_;
};

/// How many operations a transfer of `size` counts as. `filled`: how full the last one is, which
/// this transfer continues (0: it continues none); afterwards how full the new last one is.
Operations count_operations(Bytes size, Bytes io_size, Bytes& filled);

}  // namespace brokerlab::sim
