#include "model/client/coordinator_finder.h"

#include "model/explain.h"

#include <utility>

namespace brokerlab::model {

namespace {

/// Kafka's JOIN_GROUP_TIMEOUT_LAPSE: the coordinator's answer may come a little late.
constexpr Duration join_lapse = 5s;

}  // namespace

Duration join_patience(const ConsumerConfig& config) {
  return config.max_poll_interval + join_lapse;
}

CoordinatorFinder::CoordinatorFinder(sim::Process& process, const ConsumerSetup& setup,
                                     ClientNetwork& network, ConsumerOutages& outages)
    : process_(process),
      world_(process.world()),
      setup_(setup),
      config_(setup.config),
      network_(network),
      outages_(outages),
      backoff_(setup.config, world_.stream(fmt::format("{}/{}/group/{}", process.name(),
                                                       setup.client_id, process.starts()))),
      changed_(world_) {}

// --- Finding it ---

void CoordinatorFinder::check() {
  if (!node_ || !node_->unavailable()) return;
  lose(RpcFailure{RpcFailure::Kind::disconnected, node_->last_trouble()});
}

/// A look-up goes on when a caller's time is over.
sim::Task<bool> CoordinatorFinder::find(Time deadline) {
  check();
  while (!node_ && world_.now() < deadline) {
    if (!std::exchange(finding_, true)) process_.spawn(look_up(deadline));
    if (!node_) co_await changed_.wait(deadline);
  }
  co_return node_ != nullptr;
}

/// AbstractCoordinator.lookupCoordinator, and what ensureCoordinatorReady does when it fails.
sim::Task<> CoordinatorFinder::look_up(Time deadline) {
  if (NodeConnection* node = network_.least_loaded()) {
    auto request = std::make_unique<FindCoordinatorRequest>();
    request->group = setup_.group;
    RequestPtr message = std::move(request);
    Result<std::unique_ptr<FindCoordinatorResponse>, RpcFailure> result =
        co_await call_as<FindCoordinatorResponse>(*node, std::move(message));
    network_.errors().outcome(ApiKey::find_coordinator, result);
    if (!result && result.error().kind == RpcFailure::Kind::timed_out) {
      const std::string of = machine_name(process_, node->address());
      waited_ = events::Wait{"request.timeout.ms",
                             config_.request_timeout,
                             process_.name(),
                             {fmt::format("for a FindCoordinator to {}", of),
                              fmt::format("{}에 보낸 FindCoordinator", of)}};
    }
    if (result && (*result)->error == ErrorCode::none) {
      node_ = network_.dedicated((*result)->coordinator.address, join_patience(config_));
      backoff_.reset();
      found_at_ = world_.now();
      finding_ = false;
      changed_.notify_all();
      co_return;
    }
  }
  const Duration pause = backoff_.next();
  co_await world_.sleep(pause);
  network_.request_update();
  co_await network_.wait_update(network_.version(), deadline);
  finding_ = false;
  changed_.notify_all();
}

// --- Losing it ---

/// Told once, until it answers again or another one does.
void CoordinatorFinder::tell_lost(const RpcFailure* failure, ErrorCode error) {
  if (lost_.valid()) return;
  waited_.reset();
  lost_by_error_ = failure == nullptr && error != ErrorCode::none;
  const sim::World::KeepCause keep(world_);
  Phrase why{"no heartbeat was answered", "하트비트 응답이 없다"};
  sim::Trace::About about{.machine = process_.machine().id(), .cause = sim::EventId()};
  if (failure != nullptr) {
    why = to_phrase(failure->kind);
    about.cause = failure->cause;
  } else if (error != ErrorCode::none) {
    why = {std::string(to_text(error)), {}};
    about.cause = last_error(world_.trace(), about.machine, error);
  }
  lost_ = world_.trace().record(events::coordinator_lost, about,
                                {{"group", setup_.group},
                                 {"to", machine_name(process_, node_->address())},
                                 sim::Detail::of("why", why)});
}

void CoordinatorFinder::note_served(const NodeConnection& by, bool by_heartbeat) {
  note_reached(by);
  // It answers heartbeats while it cannot store offsets.
  if (by_heartbeat && lost_by_error_) return;
  const sim::EventId lost = std::exchange(lost_, sim::EventId());
  if (!lost.valid()) return;
  const sim::World::KeepCause keep(world_);
  std::vector<sim::Detail> details{{"group", setup_.group},
                                   {"to", machine_name(process_, by.address())}};
  if (waited_) details = events::with_wait(std::move(details), *waited_);
  waited_.reset();
  world_.trace().record(events::coordinator_found,
                        {.machine = process_.machine().id(), .cause = lost}, std::move(details));
}

void CoordinatorFinder::lose(ErrorCode error) {
  if (!node_) return;
  tell_lost(nullptr, error);
  const NodePtr lost = std::exchange(node_, nullptr);
  lost->disconnect();  // whatever is still under way there fails
}

void CoordinatorFinder::lose(const RpcFailure& failure) {
  tell_lost(&failure, ErrorCode::none);
  const NodePtr lost = std::exchange(node_, nullptr);
  outages_.note_unreachable(lost->address(), failure.kind, failure.cause);
  network_.request_update();
}

void CoordinatorFinder::note_unanswered(const NodePtr& from, const RpcFailure& failure) {
  if (node_ && node_ == from) lose(failure);
}

}  // namespace brokerlab::model
