#include "scenarios/work_meter.h"

#include <algorithm>

namespace brokerlab::scenarios {
namespace {

constexpr Duration look_every = 1s;

double ratio(double did, double could) { return could > 0 ? did / could : 0; }

}  // namespace

WorkMeter::WorkMeter(sim::World& world, Cluster& cluster, const Ledger& ledger)
    : world_(world), cluster_(cluster), ledger_(ledger) {}

void WorkMeter::start() {
  look();
  world_.after(look_every, [this] { start(); });
}

WorkMeter::MachineTotals WorkMeter::totals_of(const Cluster::Member& member,
                                              std::size_t index) const {
  sim::Machine& machine = *member.machine;
  const sim::MachineConfig& config = machine.config();
  const sim::Network& network = cluster_.network();
  const double now = to_seconds(world_.now());
  const Look* before = looks_.empty() ? nullptr : &looks_.back();
  MachineTotals totals;
  for (const sim::Direction way : {sim::Direction::out, sim::Direction::in}) {
    Use& use = way == sim::Direction::out ? totals.out : totals.in;
    use.did = static_cast<double>(network.moved(machine.id(), way).count());
    // A fault may have slowed the card; a burst makes it no better.
    const BytesPerSecond rate = std::min(network.nic_rate(machine.id(), way), config.nic.rate);
    if (before == nullptr) continue;
    const MachineTotals& last = before->machines[index];
    use.could = (way == sim::Direction::out ? last.out : last.in).could +
                static_cast<double>(rate.count()) * (now - to_seconds(before->at));
  }
  double bytes = 0;
  for (int i = 0; i < machine.disks(); ++i) {
    const sim::Disk& disk = machine.disk(i);
    const double iops = disk.config().iops ? disk.config().iops->count() : 0;
    totals.disks.push_back({to_seconds(disk.busy()), now});
    totals.disks.push_back({static_cast<double>(disk.operations().count()), iops * now});
    bytes += static_cast<double>(disk.bytes_read().count() + disk.bytes_written().count());
  }
  const double link =
      config.volume_link ? static_cast<double>(config.volume_link->rate.count()) : 0;
  totals.disks.push_back({bytes, link * now});
  totals.cpu = {to_seconds(machine.cpu().busy()), config.cpu.cores * now};
  return totals;
}

void WorkMeter::look() {
  if (!looks_.empty() && looks_.back().at == world_.now()) return;
  Look look{world_.now(), static_cast<double>(ledger_.acknowledged()), 0, {}};
  for (const auto& [name, group] : ledger_.groups()) {
    for (const auto& [consumer, records] : group.consumed_by) {
      look.consumed += static_cast<double>(records);
    }
  }
  for (std::size_t i = 0; i < cluster_.members().size(); ++i) {
    look.machines.push_back(totals_of(cluster_.members()[i], i));
  }
  looks_.push_back(std::move(look));
}

void WorkMeter::finish(Time end) {
  look();
  begin_ = ledger_.first_work().value_or(Time{});
  end_ = ledger_.first_work() ? ledger_.last_work() : end;
  // Whole seconds of the run around the work.
  const auto first = std::find_if(looks_.begin(), looks_.end(),
                                  [&](const Look& look) { return look.at > begin_; });
  if (first != looks_.begin()) looks_.erase(looks_.begin(), first - 1);
  const auto last =
      std::find_if(looks_.begin(), looks_.end(), [&](const Look& look) { return look.at >= end_; });
  if (last != looks_.end()) looks_.erase(last + 1, looks_.end());
  acknowledged_ = rate_of(&Look::acknowledged);
  consumed_ = rate_of(&Look::consumed);
  for (std::size_t i = 0; i < cluster_.members().size(); ++i) machines_.push_back(load_of(i));
}

WorkMeter::Load WorkMeter::rate_of(double Look::*total) const {
  Load load;
  if (looks_.size() < 2) return load;
  load.mean = ratio(looks_.back().*total - looks_.front().*total, to_seconds(end_ - begin_));
  for (std::size_t i = 1; i < looks_.size(); ++i) {
    load.peak = std::max(load.peak, ratio(looks_[i].*total - looks_[i - 1].*total,
                                          to_seconds(looks_[i].at - looks_[i - 1].at)));
  }
  return load;
}

WorkMeter::MachineLoad WorkMeter::load_of(std::size_t machine) const {
  MachineLoad load;
  if (looks_.size() < 2) return load;
  const auto share = [](const Use& from, const Use& to) {
    return ratio(to.did - from.did, to.could - from.could);
  };
  const auto between = [&](const Look& from, const Look& to) {
    const MachineTotals& a = from.machines[machine];
    const MachineTotals& b = to.machines[machine];
    MachineLoad one;
    one.nic.mean = std::max(share(a.out, b.out), share(a.in, b.in));
    for (std::size_t i = 0; i < a.disks.size(); ++i) {
      one.disk.mean = std::max(one.disk.mean, share(a.disks[i], b.disks[i]));
    }
    one.cpu.mean = share(a.cpu, b.cpu);
    return one;
  };
  load = between(looks_.front(), looks_.back());
  for (std::size_t i = 1; i < looks_.size(); ++i) {
    const MachineLoad second = between(looks_[i - 1], looks_[i]);
    load.nic.peak = std::max(load.nic.peak, second.nic.mean);
    load.disk.peak = std::max(load.disk.peak, second.disk.mean);
    load.cpu.peak = std::max(load.cpu.peak, second.cpu.mean);
  }
  return load;
}

}  // namespace brokerlab::scenarios
