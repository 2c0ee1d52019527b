#include "model/client/buffer_pool.h"

#include <optional>

namespace brokerlab::model {

sim::Task<bool> BufferPool::take(Bytes size, Time deadline) {
  if (waiters_.empty() && free_ >= size) {
    free_ -= size;
    co_return true;
  }
  const auto waiter = std::make_shared<Waiter>(world_, size);
  waiters_.push_back(waiter);
  waited_for_.notify_all();
  const std::optional<bool> granted = co_await waiter->granted.wait(deadline);
  if (granted) co_return true;
  std::erase(waiters_, waiter);
  grant();
  co_return false;
}

void BufferPool::give_back(Bytes size) {
  free_ += size;
  grant();
}

void BufferPool::grant() {
  while (!waiters_.empty() && free_ >= waiters_.front()->size) {
    const std::shared_ptr<Waiter> waiter = waiters_.front();
    waiters_.pop_front();
    free_ -= waiter->size;
    waiter->granted.set(true);
  }
}

}  // namespace brokerlab::model
