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
  if (also_) also_(world_.now());
  world_.after(look_every, [this] { start(); });
}

WorkMeter::MachineTotals WorkMeter::totals_of(sim::Host& host, std::size_t index) const {
  const sim::MachineConfig& config = host.config();
  const sim::Network& network = cluster_.network();
  const double now = to_seconds(world_.now());
  const Look* before = newest_ ? &*newest_ : nullptr;
  MachineTotals totals;
  for (const sim::Direction way : {sim::Direction::out, sim::Direction::in}) {
    Use& use = way == sim::Direction::out ? totals.out : totals.in;
    use.did = static_cast<double>(network.moved(host.id(), way).count());
    // A fault may have slowed the card; a burst makes it no better.
    const BytesPerSecond rate = std::min(network.nic_rate(host.id(), way), config.nic.rate);
    if (before == nullptr) continue;
    const MachineTotals& last = before->machines[index];
    use.could = (way == sim::Direction::out ? last.out : last.in).could +
                static_cast<double>(rate.count()) * (now - to_seconds(before->at));
  }
  double bytes = 0;
  for (int i = 0; i < host.disks(); ++i) {
    const sim::Disk& disk = host.disk(i);
    const double iops = disk.config().iops ? disk.config().iops->count() : 0;
    totals.disks.push_back({to_seconds(disk.busy()), now});
    totals.disks.push_back({static_cast<double>(disk.operations().count()), iops * now});
    bytes += static_cast<double>(disk.bytes_read().count() + disk.bytes_written().count());
  }
  const double link =
      config.volume_link ? static_cast<double>(config.volume_link->rate.count()) : 0;
  totals.disks.push_back({bytes, link * now});
  totals.cpu = {to_seconds(host.cpu().busy()), config.cpu.cores * now};
  return totals;
}

void WorkMeter::look() {
  if (newest_ && newest_->at == world_.now()) return;
  const std::int64_t ended = ledger_.acknowledged() + ledger_.sent_blindly();
  Look look{world_.now(), static_cast<double>(ended), 0, {}};
  for (const auto& [name, group] : ledger_.groups()) {
    look.consumed += static_cast<double>(group.delivered);
  }
  for (std::size_t i = 0; i < cluster_.hosts().size(); ++i) {
    look.machines.push_back(totals_of(*cluster_.hosts()[i], i));
  }
  if (newest_) note_second(*newest_, look);
  if (!first_) first_ = last_ = look;
  newest_ = std::move(look);
}

/// Whole seconds of the run around the work: from the last look that is not behind its begin to the
/// first that is not before its end.
void WorkMeter::note_second(const Look& from, const Look& to) {
  const std::optional<Time> begin = ledger_.first_work();
  if (!working_ && begin && *begin < to.at) {
    working_ = true;
    first_ = last_ = from;
    peaks_ = since_ = {};
  }
  // Work at the very instant of a look may be known only at the next.
  if (working_ && ledger_.last_work() > last_->at) {
    raise(peaks_, since_);
    since_ = {};
    last_ = from;
  }
  const Peaks second = rates_between(from, to);
  if (working_ && ledger_.last_work() <= from.at) {
    raise(since_, second);
    return;
  }
  raise(peaks_, second);
  last_ = to;
}

void WorkMeter::raise(Peaks& peaks, const Peaks& by) {
  peaks.acknowledged = std::max(peaks.acknowledged, by.acknowledged);
  peaks.consumed = std::max(peaks.consumed, by.consumed);
  peaks.machines.resize(std::max(peaks.machines.size(), by.machines.size()));
  for (std::size_t i = 0; i < by.machines.size(); ++i) {
    peaks.machines[i].nic.peak = std::max(peaks.machines[i].nic.peak, by.machines[i].nic.peak);
    peaks.machines[i].disk.peak = std::max(peaks.machines[i].disk.peak, by.machines[i].disk.peak);
    peaks.machines[i].cpu.peak = std::max(peaks.machines[i].cpu.peak, by.machines[i].cpu.peak);
  }
}

WorkMeter::Peaks WorkMeter::rates_between(const Look& from, const Look& to) {
  const double seconds = to_seconds(to.at - from.at);
  Peaks rates{ratio(to.acknowledged - from.acknowledged, seconds),
              ratio(to.consumed - from.consumed, seconds),
              {}};
  const auto share = [](const Use& before, const Use& after) {
    return ratio(after.did - before.did, after.could - before.could);
  };
  for (std::size_t machine = 0; machine < to.machines.size(); ++machine) {
    const MachineTotals& a = from.machines[machine];
    const MachineTotals& b = to.machines[machine];
    MachineLoad& load = rates.machines.emplace_back();
    load.nic.mean = std::max(share(a.out, b.out), share(a.in, b.in));
    for (std::size_t i = 0; i < a.disks.size(); ++i) {
      load.disk.mean = std::max(load.disk.mean, share(a.disks[i], b.disks[i]));
    }
    load.cpu.mean = share(a.cpu, b.cpu);
    for (Load* one : {&load.nic, &load.disk, &load.cpu}) one->peak = one->mean;
  }
  return rates;
}

void WorkMeter::finish(Time end) {
  look();
  const std::optional<Time> begin = ledger_.first_work();
  begin_ = begin.value_or(Time{});
  end_ = begin ? ledger_.last_work() : end;
  if (working_ && end_ > last_->at) {
    raise(peaks_, since_);
    last_ = newest_;
  }
  // Work that began at the instant of the last look: there is no second of it.
  if (begin && !working_) first_ = last_;
  machines_.resize(cluster_.hosts().size());
  if (first_->at == last_->at) return;
  const Peaks whole = rates_between(*first_, *last_);
  const double seconds = to_seconds(std::max(end_ - begin_, look_every));
  const auto load = [seconds](double from, double to, double peak) {
    const double mean = ratio(to - from, seconds);
    return Load{mean, std::max(mean, peak)};
  };
  acknowledged_ = load(first_->acknowledged, last_->acknowledged, peaks_.acknowledged);
  consumed_ = load(first_->consumed, last_->consumed, peaks_.consumed);
  machines_ = whole.machines;
  for (std::size_t i = 0; i < machines_.size(); ++i) {
    machines_[i].nic.peak = peaks_.machines[i].nic.peak;
    machines_[i].disk.peak = peaks_.machines[i].disk.peak;
    machines_[i].cpu.peak = peaks_.machines[i].cpu.peak;
  }
}

}  // namespace brokerlab::scenarios
