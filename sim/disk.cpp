#include "sim/disk.h"

namespace brokerlab::sim {

Disk::Disk(World& world, const DiskConfig& config) : world_(world), config_(config) {
  ENSURE(config.parallelism > 0, "a disk that can do nothing");
}

Task<Status<DiskError>> Disk::read(DiskPlace place, Bytes size) {
  return perform(Kind::read, place, size);
}

Task<Status<DiskError>> Disk::write(DiskPlace place, Bytes size) {
  return perform(Kind::write, place, size);
}

Task<Status<DiskError>> Disk::sync() { return perform(Kind::sync, DiskPlace{}, Bytes(0)); }

Task<Status<DiskError>> Disk::perform(Kind kind, DiskPlace place, Bytes size) {
  ENSURE(size >= Bytes(0), "a disk operation of {} bytes", size.count());
  const OperationPtr operation(
      new Operation{kind, place, size, OneShot<Status<DiskError>>(world_)});
  queue_.push_back(operation);
  start_what_fits();
  const std::optional<Status<DiskError>> status = co_await operation->done.wait();
  ENSURE(status.has_value(), "a disk operation ended without a status");
  co_return *status;
}

void Disk::start_what_fits() {
  while (!queue_.empty() && running_ < config_.parallelism) {
    const OperationPtr operation = queue_.front();
    if (operation->kind == Kind::sync && writes_running_ > 0) return;
    queue_.pop_front();
    if (running_++ == 0) busy_since_ = world_.now();
    if (operation->kind == Kind::write) ++writes_running_;
    world_.at(finish_time(*operation), [this, operation, cycle = power_cycle_] {
      if (cycle == power_cycle_) complete(*operation);
    });
  }
}

Time Disk::finish_time(const Operation& operation) {
  if (operation.kind == Kind::sync) return world_.now() + config_.sync_latency;
  const bool continues =
      operation.place.file == head_.file && operation.place.offset == head_.offset;
  const bool free_of_seek = config_.kind == DiskKind::hdd && continues;
  const Time placed = world_.now() + (free_of_seek ? Duration{0} : config_.positioning);
  head_ = {operation.place.file, operation.place.offset + operation.size.count()};
  const BytesPerSecond rate = operation.kind == Kind::read ? config_.read_rate : config_.write_rate;
  transfer_free_ = std::max(placed, transfer_free_) + time_for(operation.size, rate);
  return transfer_free_;
}

void Disk::complete(Operation& operation) {
  switch (operation.kind) {
    case Kind::read:
      bytes_read_ += operation.size;
      break;
    case Kind::write:
      bytes_written_ += operation.size;
      --writes_running_;
      break;
    case Kind::sync:
      ++syncs_;
      break;
  }
  if (--running_ == 0) busy_ += world_.now() - busy_since_;
  operation.done.set(failed_ ? Status<DiskError>(fail(DiskError::failed)) : Status<DiskError>());
  start_what_fits();
}

void Disk::power_off() {
  ++power_cycle_;
  if (running_ > 0) busy_ += world_.now() - busy_since_;
  queue_.clear();
  running_ = 0;
  writes_running_ = 0;
  transfer_free_ = world_.now();
  head_ = {-1, 0};
}

Duration Disk::busy() const { return running_ > 0 ? busy_ + (world_.now() - busy_since_) : busy_; }

}  // namespace brokerlab::sim
