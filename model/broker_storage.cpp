#include "model/broker_storage.h"

namespace brokerlab::model {

BrokerStorage::BrokerStorage(sim::Machine& machine)
    : machine_(machine), random_(machine.world().stream(machine.name() + "/power-loss")) {
  env_.set_observer(this);
  machine_.page_cache().on_durable([this](sim::PageCache::FileKey file, std::int64_t end) {
    env_.mark_durable(log::FileId(static_cast<std::int32_t>(file)), 0, end);
  });
  machine_.on_power_loss([this] {
    // One file in ten had a write half way to the medium when the power went.
    lost_last_ = Bytes(env_.lose_unsynced(random_, {.tear_probability = 0.1}));
    noted_ = {};
  });
}

BrokerStorage::Traffic BrokerStorage::take() { return std::exchange(noted_, {}); }

sim::Task<> BrokerStorage::settle(Traffic traffic) {
  sim::PageCache& cache = machine_.page_cache();
  // Writes first: what was written and read again is in the cache, not on the platter.
  for (const Traffic::Range& write : traffic.writes) {
    co_await cache.write(write.file.value(), write.position, Bytes(write.size));
  }
  for (const Traffic::Range& read : traffic.reads) {
    const auto done = co_await cache.read(read.file.value(), read.position, Bytes(read.size));
    ENSURE(done.ok(), "disk errors are not modelled yet");
  }
  for (const log::FileId file : traffic.syncs) {
    const auto done = co_await cache.sync(file.value());
    ENSURE(done.ok(), "disk errors are not modelled yet");
  }
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
}

void BrokerStorage::on_remove(log::FileId file) { machine_.page_cache().forget(file.value()); }

}  // namespace brokerlab::model
