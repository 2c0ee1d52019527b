// Background: a program beside the cluster's on a host, of which only its load is known. It
// computes on a share of the cores, reads and writes files of its own at a rate, all through the
// page cache, and never stops. When cores or disks do not keep up it gets less; it does not catch
// up.
//
// Lifetime: the Program of a process; borrows it. Threads: none.
#pragma once

#include "scenarios/description.h"
#include "sim/machine.h"

namespace brokerlab::scenarios {

class Background final : public sim::Program {
 public:
  Background(sim::Process& process, const BackgroundSpec& spec);

 private:
  sim::Task<> compute(double share_of_core);
  sim::Task<> read_files();
  sim::Task<> write_files();

  sim::Process& process_;
  const BackgroundSpec spec_;
};

}  // namespace brokerlab::scenarios
