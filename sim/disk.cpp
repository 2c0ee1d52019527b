#include "sim/disk.h"

#include <algorithm>
#include <cmath>

namespace brokerlab::sim {

Disk::Disk(World& world, const DiskConfig& config, std::string_view name, VolumeLink* link)
    : world_(world),
      config_(config),
      link_(config.kind == DiskKind::volume ? link : nullptr),
      failures_(world.stream(fmt::format("{}/failures", name))) {
  ENSURE(config.parallelism > 0, "a disk that can do nothing");
  if (config.iops) meter_.emplace(config);
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
      new Operation{kind, place, size, world_.now(), OneShot<Status<DiskError>>(world_)});
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

Duration Disk::slowed(Duration time) const {
  if (slowness_ == 1) return time;
  return Duration(std::llround(static_cast<double>(time.count()) * slowness_));
}

Time Disk::finish_time(const Operation& operation) {
  const Time finish = finish_when(operation);
  if (slowness_ != 1) {
    ++harm_.slowed;
    const double share = 1 - 1 / slowness_;
    harm_.slowed_for += from_seconds(to_seconds(finish - world_.now()) * share);
  }
  return finish;
}

Time Disk::finish_when(const Operation& operation) {
  if (operation.kind == Kind::sync) return world_.now() + slowed(config_.sync_latency);
  const bool continues =
      operation.place.file == head_.file && operation.place.offset == head_.offset;
  const bool free_of_seek = config_.kind == DiskKind::hdd && continues;
  const Time placed = world_.now() + (free_of_seek ? Duration{0} : slowed(config_.positioning));
  head_ = {operation.place.file, operation.place.offset + operation.size.count()};
  const BytesPerSecond rate = operation.kind == Kind::read ? config_.read_rate : config_.write_rate;
  transfer_free_ = std::max(placed, transfer_free_) + slowed(time_for(operation.size, rate));
  const Time passed = pass_limits(operation, continues);
  last_kind_ = operation.kind;
  last_started_ = world_.now();
  return std::max(transfer_free_, passed);
}

/// What the provider meters. Two operations are merged when the second waited already, or came at
/// the same moment, as the first was started.
Time Disk::pass_limits(const Operation& operation, bool continues) {
  if (!meter_ && link_ == nullptr) return world_.now();
  const bool merges = continues && operation.kind == last_kind_ && operation.asked <= last_started_;
  if (!merges) filled_ = Bytes(0);
  const Operations counted = count_operations(operation.size, config_.io_size, filled_);
  operations_ = Operations(operations_.count() + counted.count());
  Time passed = world_.now();
  std::vector<Metered> gone;
  if (meter_) passed = std::max(passed, meter_->serve(world_.now(), counted, gone));
  if (link_ != nullptr) {
    passed = std::max(passed, link_->serve(world_.now(), counted, operation.size, gone));
  }
  for (const Metered what : gone) {
    if (credits_gone_) credits_gone_(what);
  }
  return passed;
}

void Disk::complete(Operation& operation) {
  if (operation.kind == Kind::write) --writes_running_;
  if (--running_ == 0) busy_ += world_.now() - busy_since_;
  // No draw without need: a good disk's stream stays where it is.
  const bool fails = failure_probability_ > 0 && failures_.chance(failure_probability_);
  if (!fails) {
    if (operation.kind == Kind::read) bytes_read_ += operation.size;
    if (operation.kind == Kind::write) bytes_written_ += operation.size;
    if (operation.kind == Kind::sync) ++syncs_;
  }
  if (fails) {
    const World::KeepCause keep(world_);
    ++harm_.failed;
    if (cause_) world_.set_cause(cause_);
    operation.done.set(Status<DiskError>(fail(DiskError::failed)));
  } else {
    operation.done.set(Status<DiskError>());
  }
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

Operations Disk::burst_credits() const {
  return meter_ ? meter_->credits(world_.now()) : Operations(0);
}

// --- Room ---

Status<DiskError> Disk::allocate(Bytes more) {
  if (more > free()) {
    ++harm_.refused;
    return fail(DiskError::full);
  }
  used_ += more;
  return {};
}

void Disk::release(Bytes less) {
  ENSURE(less <= used_, "{} released of {}", to_text(less), to_text(used_));
  used_ -= less;
}

Bytes Disk::free() const {
  Bytes free = config_.size - used_;
  // What our own files give up is ours again, but no more than the disk has.
  if (room_left_) free = std::min(free, *room_left_ - (used_ - used_at_fill_));
  return std::max(free, Bytes(0));
}

// --- Trouble ---

void Disk::set_slowness(double factor) {
  ENSURE(factor > 0, "a disk {} times as slow", factor);
  slowness_ = factor;
}

void Disk::set_failure_probability(double probability) {
  ENSURE(probability >= 0 && probability <= 1, "a probability of {}", probability);
  failure_probability_ = probability;
}

void Disk::set_room_left(std::optional<Bytes> left) {
  room_left_ = left;
  used_at_fill_ = used_;
}

bool Disk::in_trouble() const {
  return slowness_ != 1 || failure_probability_ > 0 || room_left_ || lies_;
}

}  // namespace brokerlab::sim
