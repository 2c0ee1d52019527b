#include "model/broker_storage.h"

namespace brokerlab::model {

BrokerStorage::BrokerStorage(sim::Machine& machine)
    : machine_(machine),
      random_(machine.world().stream(machine.name() + "/power-loss")),
      rot_(machine.world().stream(machine.name() + "/corruption")) {
  env_.set_observer(this);
  machine_.page_cache().on_durable([this](sim::PageCache::FileKey file, std::int64_t end) {
    env_.mark_durable(log::FileId(static_cast<std::int32_t>(file)), 0, end);
  });
  machine_.on_power_loss([this] {
    // One file in ten had a write half way to the medium when the power went.
    lost_last_ = Bytes(env_.lose_unsynced(random_, {.tear_probability = 0.1}));
    noted_ = {};
    account_for_room();
  });
}

BrokerStorage::Traffic BrokerStorage::take() { return std::exchange(noted_, {}); }

std::optional<log::MemoryEnv::FlippedBit> BrokerStorage::corrupt(std::string_view directory) {
  return env_.flip_durable_bit(rot_, directory, ".log");
}

sim::Task<> BrokerStorage::settle(Traffic traffic) {
  if (traffic.refused) co_await give_up(sim::DiskError::full);
  sim::PageCache& cache = machine_.page_cache();
  // Writes first: what was written and read again is in the cache, not on the platter.
  for (const Traffic::Range& write : traffic.writes) {
    co_await cache.write(write.file.value(), write.position, Bytes(write.size));
  }
  for (const Traffic::Range& read : traffic.reads) {
    const auto done = co_await cache.read(read.file.value(), read.position, Bytes(read.size));
    if (!done) co_await give_up(done.error());
  }
  for (const log::FileId file : traffic.syncs) {
    const auto done = co_await cache.sync(file.value());
    if (!done) co_await give_up(done.error());
  }
}

sim::Task<> BrokerStorage::give_up(sim::DiskError error) {
  if (const sim::EventId cause = machine_.disk().cause()) machine_.world().set_cause(cause);
  if (failed_) failed_(error);
  // The process dies after this event; nobody may take the bytes for stored meanwhile.
  co_await machine_.world().sleep_until(never);
}

bool BrokerStorage::admits(std::int64_t more) {
  if (machine_.disk().allocate(Bytes(more)).ok()) {
    room_taken_ += Bytes(more);
    return true;
  }
  noted_.refused = true;
  return false;
}

/// Files were cut, removed or brought back.
void BrokerStorage::account_for_room() {
  const Bytes now(env_.total_size());
  if (now < room_taken_) machine_.disk().release(room_taken_ - now);
  if (now > room_taken_) machine_.disk().occupy(now - room_taken_);
  room_taken_ = now;
}

void BrokerStorage::on_write(log::FileId file, std::int64_t position, std::int64_t size) {
  if (!noted_.writes.empty()) {
    Traffic::Range& last = noted_.writes.back();
    if (last.file == file && last.position + last.size == position) {
      last.size += size;
      return;
    }
  }
  noted_.writes.push_back({file, position, size});
}

void BrokerStorage::on_read(log::FileId file, std::int64_t position, std::int64_t size) {
  if (!reads_from_cache_) noted_.reads.push_back({file, position, size});
}

void BrokerStorage::on_sync(log::FileId file) {
  if (file.valid()) noted_.syncs.push_back(file);
}

void BrokerStorage::on_truncate(log::FileId file, std::int64_t size) {
  machine_.page_cache().truncate(file.value(), size);
  account_for_room();
}

void BrokerStorage::on_remove(log::FileId file) {
  machine_.page_cache().forget(file.value());
  account_for_room();
}

}  // namespace brokerlab::model
