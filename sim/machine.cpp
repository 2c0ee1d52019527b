#include "sim/machine.h"

#include <algorithm>

namespace brokerlab::sim {

Machine::Machine(World& world, Network& network, MachineId id, std::string name,
                 const MachineConfig& config)
    : own_host_(std::make_unique<Host>(world, network, id, name, config)),
      host_(*own_host_),
      id_(id),
      name_(std::move(name)) {
  move_in();
}

Machine::Machine(Host& host, MachineId id, std::string name)
    : host_(host), id_(id), name_(std::move(name)) {
  host.world().trace().name_machine(id, name_);
  move_in();
}

void Machine::move_in() {
  // Files of one machine are none of another's, though both call their first file 0.
  first_file_ = std::int64_t{host_.machines_ever_} << 32;
  network().add_machine(id_, host_.id());
  host_.add(*this);
}

Machine::~Machine() {
  // Silently: nothing of this machine answers, and nothing is recorded.
  network().machine_gone(id_);
  for (auto process = processes_.rbegin(); process != processes_.rend(); ++process) {
    (*process)->destroy(EventId{}, true);
  }
  host_.remove(*this);
}

Process& Machine::add_process(ProcessId id, std::string name, Process::Factory factory) {
  processes_.push_back(std::make_unique<Process>(*this, id, std::move(name), std::move(factory)));
  return *processes_.back();
}

bool Machine::runs_something() const {
  return std::any_of(processes_.begin(), processes_.end(),
                     [](const auto& process) { return process->tasks_.is_running(); });
}

void Machine::lose_power(bool was_up) {
  for (auto it = processes_.rbegin(); it != processes_.rend(); ++it) {
    Process& process = **it;
    // While booting, what is to start at boot is known already.
    if (was_up) process.starts_at_boot_ |= process.running_ && !process.ending_;
    process.destroy(host_.down_cause(), true);
  }
}

void Machine::boot() {
  for (const auto& process : processes_) {
    if (std::exchange(process->starts_at_boot_, false)) process->begin();
  }
}

}  // namespace brokerlab::sim
