#include "sim/cpu.h"

namespace brokerlab::sim {

struct Cpu::Item {
  enum class State { new_, queued, running, over };

  Item(Cpu& owner, Duration time) : cpu(owner), cost(time) {}
  Item(const Item&) = delete;
  Item& operator=(const Item&) = delete;
  ~Item() {
    if (state == State::queued || state == State::running) cpu.abandon(*this);
  }

  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> handle) {
    waiter = cpu.world_.wait(handle);
    cpu.submit(*this);
  }
  void await_resume() const noexcept {}

  Cpu& cpu;
  const Duration cost;
  WaitId waiter;
  State state = State::new_;
  std::size_t core = 0;
};

Cpu::Cpu(World& world, const CpuConfig& config, std::string_view machine_name)
    : world_(world),
      config_(config),
      stream_(world.stream(fmt::format("{}/cpu", machine_name))),
      cores_(static_cast<std::size_t>(config.cores)) {
  ENSURE(config.cores > 0, "a machine without a core");
  for (std::size_t core = cores_.size(); core > 0; --core) idle_.push_back(core - 1);
}

Task<> Cpu::run(Duration demand) {
  const double factor = config_.tail_sigma > 0 ? stream_.lognormal(1.0, config_.tail_sigma) : 1.0;
  const auto cost = static_cast<Duration::rep>(static_cast<double>(demand.count()) * factor + 0.5);
  Item item(*this, Duration(cost));
  co_await item;
}

Duration Cpu::demand(int partitions, std::int64_t records, Bytes bytes) const {
  return config_.request_cost + config_.partition_cost * partitions +
         config_.record_cost * records + time_for(bytes, config_.byte_rate);
}

Duration Cpu::tls_demand(Bytes bytes) const {
  return config_.tls ? time_for(bytes, config_.tls->rate) : Duration{0};
}

Duration Cpu::handshake_demand() const {
  return config_.tls ? config_.tls->handshake : Duration{0};
}

Duration Cpu::busy() const {
  Duration total = spent_;
  for (const Core& core : cores_) {
    if (core.item != nullptr) total += world_.now() - core.since;
  }
  return total;
}

void Cpu::submit(Item& item) {
  if (idle_.empty()) {
    item.state = Item::State::queued;
    queue_.push_back(&item);
    return;
  }
  const std::size_t core = idle_.back();
  idle_.pop_back();
  start(core, item);
}

void Cpu::start(std::size_t core, Item& item) {
  item.state = Item::State::running;
  item.core = core;
  cores_[core].item = &item;
  cores_[core].since = world_.now();
  const std::uint32_t serial = ++cores_[core].serial;
  // The core is freed by the kernel, not by the coroutine: that one may be paused or dead.
  world_.after(item.cost, [this, core, serial] { complete(core, serial); });
}

void Cpu::complete(std::size_t core, std::uint32_t serial) {
  if (cores_[core].item == nullptr || cores_[core].serial != serial) return;
  Item& item = *cores_[core].item;
  item.state = Item::State::over;
  world_.wake(item.waiter);
  free_core(core);
}

void Cpu::free_core(std::size_t core) {
  spent_ += world_.now() - cores_[core].since;
  cores_[core].item = nullptr;
  if (queue_.empty()) {
    idle_.push_back(core);
    return;
  }
  Item& next = *queue_.front();
  queue_.pop_front();
  start(core, next);
}

void Cpu::abandon(Item& item) {
  if (item.state == Item::State::queued) {
    std::erase(queue_, &item);
  } else {
    free_core(item.core);
  }
  item.state = Item::State::over;
}

void Cpu::power_off() {
  for (Item* item : std::exchange(queue_, {})) item->state = Item::State::over;
  idle_.clear();
  for (std::size_t core = cores_.size(); core > 0; --core) {
    Core& it = cores_[core - 1];
    if (it.item != nullptr) {
      it.item->state = Item::State::over;
      it.item = nullptr;
      spent_ += world_.now() - it.since;
    }
    idle_.push_back(core - 1);
  }
}

}  // namespace brokerlab::sim
