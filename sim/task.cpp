#include "sim/task.h"

#include "sim/world.h"

namespace brokerlab::sim {
namespace detail {

/// The links of the frame that a spawned task runs under: they tie it into its group.
struct RootTask {
  struct Promise;

  void link(TaskGroup& owner) {
    group = &owner;
    older = owner.newest_;
    if (older != nullptr) older->newer = this;
    owner.newest_ = this;
    ++owner.size_;
  }
  void unlink() noexcept {
    (newer != nullptr ? newer->older : group->newest_) = older;
    if (older != nullptr) older->newer = newer;
    --group->size_;
  }

  TaskGroup* group = nullptr;
  RootTask* newer = nullptr;
  RootTask* older = nullptr;
  std::coroutine_handle<> frame;
};

/// Unlinks the frame from its group and frees it when the task has returned.
struct RootFinish {
  bool await_ready() const noexcept { return false; }
  template <class P>
  void await_suspend(std::coroutine_handle<P> finished) const noexcept {
    finished.promise().links.unlink();
    finished.destroy();
  }
  void await_resume() const noexcept {}
};

struct RootTask::Promise {
  RootTask links;

  RootTask* get_return_object() {
    links.frame = std::coroutine_handle<Promise>::from_promise(*this);
    return &links;
  }
  std::suspend_always initial_suspend() const noexcept { return {}; }
  RootFinish final_suspend() const noexcept { return {}; }
  void return_void() const noexcept {}
  [[noreturn]] void unhandled_exception() const noexcept {
    UNREACHABLE("an exception left a simulated process");
  }
};

}  // namespace detail
}  // namespace brokerlab::sim

template <class... Args>
struct std::coroutine_traits<brokerlab::sim::detail::RootTask*, Args...> {
  using promise_type = brokerlab::sim::detail::RootTask::Promise;
};

namespace brokerlab::sim {
namespace {

detail::RootTask* run_root(Task<> task) { co_await task; }

}  // namespace

TaskGroup::TaskGroup(World& world) : world_(world), scope_(world.open_scope()) {}

TaskGroup::~TaskGroup() {
  kill_all();
  world_.close_scope(scope_);
}

void TaskGroup::spawn(Task<> task) {
  detail::RootTask* root = run_root(std::move(task));
  root->link(*this);
  world_.start(scope_, root->frame);
}

void TaskGroup::pause_until(Time end) { world_.pause(scope_, end); }

bool TaskGroup::is_running() const { return world_.is_running(scope_); }

void TaskGroup::kill_all() {
  ENSURE(!is_running(), "a group of coroutines cannot be destroyed by one of them");
  world_.close_scope(scope_);
  scope_ = world_.open_scope();
  while (newest_ != nullptr) {
    detail::RootTask* victim = newest_;
    victim->unlink();
    victim->frame.destroy();
  }
}

}  // namespace brokerlab::sim
