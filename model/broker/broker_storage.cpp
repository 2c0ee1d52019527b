#include "model/broker/broker_storage.h"

#include <algorithm>

namespace brokerlab::model {

BrokerStorage::BrokerStorage(sim::Machine& machine) : machine_(machine) {
  for (int disk = 0; disk < machine.disks(); ++disk) {
    dirs_.push_back(std::make_unique<LogDir>(machine, disk));
  }
}

int BrokerStorage::online() const {
  return static_cast<int>(
      std::count_if(dirs_.begin(), dirs_.end(), [](const auto& dir) { return dir->online(); }));
}

Bytes BrokerStorage::lost_last() const {
  Bytes lost{0};
  for (const auto& dir : dirs_) lost += dir->lost_last();
  return lost;
}

void BrokerStorage::start(FailureCallback callback) {
  failed_ = std::move(callback);
  for (const auto& dir : dirs_) dir->set_online(true);
}

std::optional<log::MemoryEnv::FlippedBit> BrokerStorage::corrupt(std::string_view directory) {
  for (const auto& dir : dirs_) {
    if (const auto flipped = dir->corrupt(directory)) return flipped;
  }
  return {};
}

void BrokerStorage::set_reads_from_cache(bool cached) {
  reads_from_cache_ = cached;
  for (const auto& dir : dirs_) dir->set_reads_from_cache(cached);
}

BrokerStorage::Traffic BrokerStorage::take() {
  Traffic traffic;
  traffic.reserve(dirs_.size());
  for (const auto& dir : dirs_) traffic.push_back(dir->take());
  return traffic;
}

sim::Task<> BrokerStorage::settle(Traffic traffic) {
  for (int i = 0; i < dirs(); ++i) {
    if (!dir(i).online()) continue;
    const auto done = co_await dir(i).settle(std::move(traffic[static_cast<std::size_t>(i)]));
    if (!done) go_offline(i, done.error());
  }
  co_await never_without_dirs();
}

sim::Task<bool> BrokerStorage::settle(int number) {
  LogDir& it = dir(number);
  if (!it.online()) co_return false;
  const auto done = co_await it.settle(it.take());
  if (!done) go_offline(number, done.error());
  co_await never_without_dirs();
  co_return it.online();
}

void BrokerStorage::go_offline(int number, sim::DiskError error) {
  if (!dir(number).online()) return;  // somebody else noticed first
  dir(number).set_online(false);
  const sim::World::KeepCause keep(machine_.world());
  if (const sim::EventId cause = dir(number).disk().cause()) machine_.world().set_cause(cause);
  if (failed_) failed_(number, error);
}

/// The process dies after this event; nobody may take the bytes for stored meanwhile.
sim::Task<> BrokerStorage::never_without_dirs() {
  if (online() == 0) co_await machine_.world().sleep_until(never);
}

}  // namespace brokerlab::model
