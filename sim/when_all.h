// when_all: runs tasks side by side and waits for the last of them.
//
//   std::vector<ZkReply> replies = co_await when_all(process, std::move(tasks));
//
// The tasks belong to the process (they die with it) and start in order, before anything else that
// is due now. Results stand in the order of the tasks.
#pragma once

#include "sim/channel.h"
#include "sim/machine.h"

#include <memory>
#include <optional>
#include <vector>

namespace brokerlab::sim {
namespace detail {

template <class T>
struct Gathering {
  Gathering(World& world, std::size_t count) : results(count), left(count), all_done(world) {}
  std::vector<std::optional<T>> results;
  std::size_t left;
  Signal all_done;
};

template <class T>
Task<> gather(Task<T> task, std::shared_ptr<Gathering<T>> into, std::size_t index) {
  into->results[index].emplace(co_await task);
  if (--into->left == 0) into->all_done.notify_all();
}

}  // namespace detail

template <class T>
Task<std::vector<T>> when_all(Process& process, std::vector<Task<T>> tasks) {
  auto gathering = std::make_shared<detail::Gathering<T>>(process.world(), tasks.size());
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    process.spawn(detail::gather(std::move(tasks[i]), gathering, i));
  }
  if (gathering->left > 0) co_await gathering->all_done.wait();
  std::vector<T> results;
  for (std::optional<T>& result : gathering->results) results.push_back(std::move(*result));
  co_return results;
}

}  // namespace brokerlab::sim
