// Every kind of fault, each declared by its file: its name in a scenario, what belongs to it, its
// meaning. A new kind is a file beside this one, a line here and its line in kinds.cpp.
#pragma once

#include "base/settings.h"
#include "scenarios/fault.h"

namespace brokerlab::scenarios {

// Machines and processes.
void add_power_off(Settings<Fault>& kinds);
void add_power_on(Settings<Fault>& kinds);
void add_kill_process(Settings<Fault>& kinds);
void add_stop_process(Settings<Fault>& kinds);
void add_start_process(Settings<Fault>& kinds);
void add_clock(Settings<Fault>& kinds);
void add_pause(Settings<Fault>& kinds);
// Paths.
void add_cut(Settings<Fault>& kinds);
void add_loss(Settings<Fault>& kinds);
void add_delay(Settings<Fault>& kinds);
void add_slow_nic(Settings<Fault>& kinds);
// The topology.
void add_switch_off(Settings<Fault>& kinds);
void add_cut_off(Settings<Fault>& kinds);
void add_rack_off(Settings<Fault>& kinds);
// Disks.
void add_slow_disk(Settings<Fault>& kinds);
void add_fail_disk(Settings<Fault>& kinds);
void add_fill_disk(Settings<Fault>& kinds);
void add_lying_disk(Settings<Fault>& kinds);
void add_corrupt(Settings<Fault>& kinds);

void add_heal(Settings<Fault>& kinds);

}  // namespace brokerlab::scenarios
