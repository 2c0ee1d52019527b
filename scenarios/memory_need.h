// How much memory a run will keep, reckoned before it runs: so that nobody waits an hour for the
// machine to give up.
//
// A record with bytes is kept once by each replica and once by the ledger, with what is known of
// it; a batch without bytes by some numbers. What is under way, and the cluster itself, are small
// beside that. (Figures: docs/performance.md, "Loads of real size".)
//
// Threads: any. Cost: that of reading the sources' files.
#pragma once

#include "base/units.h"
#include "scenarios/description.h"

namespace brokerlab::scenarios {

struct MemoryNeed {
  double records = 0;  ///< Bytes, for records with bytes,
  double batches = 0;  ///< and for batches without.
  double all() const { return records + batches; }
};

/// Of a scenario that was loaded; within a factor of two where producers' batches are as full as
/// batch.size, linger.ms and poll_interval let them.
MemoryNeed memory_need(const Scenario& scenario);

/// What this machine, or the control group that the process is in, can still give.
Bytes free_memory();

}  // namespace brokerlab::scenarios
