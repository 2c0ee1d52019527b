// What goes wrong with the disks of a machine while it runs, and how it is put right again.
//
//   slow      every operation takes `factor` times as long: a drive that retries, a noisy neighbour
//   failing   operations fail, each with a probability, by the stream "<machine>/disk-<n>/failures"
//   full      another tenant takes the room; writing more is ENOSPC
//   lying     a sync says it is done and empties nothing: a power loss takes what it promised
//
// Each is recorded, and what it makes fail has that event as its cause. Each can be taken back,
// which is recorded too.
//
// Each returns whether it met anything at that moment: a slow or failing disk an operation in its
// queue; a full one room that was free; a lying one bytes in the drive's cache or on their way
// there; taking back, a trouble that was there. What it meets later is counted in Disk::harm().
//
// Threads: none. Errors: none; a disk that is not there or a factor of 0 is our bug.
#pragma once

#include "sim/machine.h"

namespace brokerlab::sim {

bool slow_disk(Machine& machine, int disk, double factor);
bool restore_disk_speed(Machine& machine, int disk);

bool fail_disk(Machine& machine, int disk, double probability = 1);
bool repair_disk(Machine& machine, int disk);

/// Leaves `left` free.
bool fill_disk(Machine& machine, int disk, Bytes left = Bytes(0));
bool empty_disk(Machine& machine, int disk);  ///< The other tenant gives its room back.

bool make_disk_lie(Machine& machine, int disk);
bool make_disk_honest(Machine& machine, int disk);

namespace events {
extern const EventKind disk_slow, disk_speed_restored, disk_failing, disk_repaired, disk_full,
    disk_room_back, disk_lies, disk_honest;
}

}  // namespace brokerlab::sim
