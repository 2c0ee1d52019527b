// call_within: a call with a time of its own, on a connection whose request timeout is longer, as
// the one to a group's coordinator, for the sake of JoinGroup. When it is over the connection is
// closed, and with it every call that is still under way there.
#pragma once

#include "model/wire/rpc.h"
#include "sim/channel.h"
#include "sim/machine.h"
#include "sim/network.h"

#include <memory>
#include <optional>
#include <utility>

namespace brokerlab::model {

namespace detail {

template <class T>
struct CallAnswer {
  explicit CallAnswer(sim::World& world) : done(world) {}
  std::optional<Result<std::unique_ptr<T>, RpcFailure>> result;
  sim::OneShot<bool> done;
};

template <class T>
sim::Task<> run_call(std::shared_ptr<CallAnswer<T>> answer, std::shared_ptr<NodeConnection> node,
                     RequestPtr request) {
  Result<std::unique_ptr<T>, RpcFailure> result = co_await call_as<T>(*node, std::move(request));
  answer->result.emplace(std::move(result));
  answer->done.set(true);
}

}  // namespace detail

template <class T>
sim::Task<Result<std::unique_ptr<T>, RpcFailure>> call_within(sim::Process& process,
                                                              std::shared_ptr<NodeConnection> node,
                                                              RequestPtr request,
                                                              Duration timeout) {
  const auto answer = std::make_shared<detail::CallAnswer<T>>(process.world());
  process.spawn(detail::run_call<T>(answer, node, std::move(request)));
  const Time deadline = process.world().now() + timeout;
  const std::optional<bool> done = co_await answer->done.wait(deadline);
  if (done) co_return std::move(*answer->result);
  node->disconnect();
  const sim::EventId cause = process.network().trouble(
      process.machine().id(), node->address().machine, process.world().now() - timeout);
  co_return fail(RpcFailure{RpcFailure::Kind::timed_out, cause});
}

}  // namespace brokerlab::model
