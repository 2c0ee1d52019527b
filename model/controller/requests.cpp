// What brokers ask of the controller: ISR changes, leaving in good order; and preferred leaders.
#include "model/controller/controller.h"
#include "model/events.h"

#include <algorithm>

namespace brokerlab::model {
namespace {

/// First check of leader imbalance after taking over (KafkaController.onControllerFailover).
constexpr Duration first_rebalance_check = 5s;

}  // namespace

// --- ISR changes ---

sim::Task<std::unique_ptr<AlterPartitionResponse>> Controller::alter_partition(
    AlterPartitionRequest& request) {
  auto response = std::make_unique<AlterPartitionResponse>();
  Job job{.type = Job::Type::alter_partition, .alter = &request, .alter_answer = response.get()};
  (void)co_await enqueue_and_wait(std::move(job));
  co_return response;
}

/// KafkaController.processAlterPartition. A leader that asks again for what it has got is answered
/// before its partition epoch is looked at.
ErrorCode Controller::judge_isr_change(const AlterPartitionRequest::Partition& change,
                                       const LeaderAndIsr& state) const {
  if (change.partition_epoch > state.partition_epoch || change.leader_epoch > state.leader_epoch) {
    return ErrorCode::not_controller;
  }
  if (change.leader_epoch < state.leader_epoch) return ErrorCode::fenced_leader_epoch;
  if (change.new_isr == state.isr) return ErrorCode::none;
  if (change.partition_epoch != state.partition_epoch) return ErrorCode::invalid_update_version;
  const bool all_eligible =
      std::all_of(change.new_isr.begin(), change.new_isr.end(), [&](BrokerId id) {
        return (live_.contains(id) && !shutting_down_.contains(id)) || contains(state.isr, id);
      });
  return all_eligible ? ErrorCode::none : ErrorCode::ineligible_replica;
}

sim::Task<> Controller::do_alter_partition(Job& job) {
  const AlterPartitionRequest& request = *job.alter;
  AlterPartitionResponse& answer = *job.alter_answer;
  if (!active_) {
    answer.error = ErrorCode::not_controller;
    co_return;
  }
  const auto sender = live_.find(request.broker);
  if (sender == live_.end() || sender->second.epoch != request.broker_epoch) {
    answer.error = ErrorCode::stale_broker_epoch;
    co_return;
  }
  States wanted;
  for (const AlterPartitionRequest::Partition& change : request.partitions) {
    AlterPartitionResponse::Partition& reply =
        answer.partitions.emplace_back(AlterPartitionResponse::Partition{change.partition});
    const auto found = partitions_.find(change.partition);
    if (found == partitions_.end()) {
      reply.error = ErrorCode::unknown_topic_or_partition;
      continue;
    }
    const PartitionInfo& info = found->second;
    reply.state = info.state;
    LeaderAndIsr next = info.state;
    next.isr = change.new_isr;
    reply.error = judge_isr_change(change, info.state);
    if (reply.error == ErrorCode::none && next != info.state) {
      wanted[change.partition] = std::move(next);
    }
  }
  const States written = co_await write_states(wanted);
  if (!active_) {
    answer.error = ErrorCode::not_controller;
    co_return;
  }
  std::vector<UpdateMetadataRequest::Partition> metadata;
  for (std::size_t i = 0; i < answer.partitions.size(); ++i) {
    AlterPartitionResponse::Partition& reply = answer.partitions[i];
    if (!wanted.contains(reply.partition)) continue;
    const auto done = written.find(reply.partition);
    if (done == written.end()) {
      reply.error = ErrorCode::invalid_update_version;
      continue;
    }
    PartitionInfo& info = partitions_[reply.partition];
    const LeaderAndIsr before = std::exchange(info.state, done->second);
    reply.state = info.state;
    const sim::World::KeepCause keep(world());
    if (request.partitions[i].because) world().set_cause(request.partitions[i].because);
    announce(reply.partition, info, before, request.broker,
             world().now() - request.partitions[i].since);
    cluster_.observer.on_partition_state(reply.partition, info.state.leader,
                                         info.state.leader_epoch, info.state.isr, info.assignment);
    metadata.push_back({reply.partition, info.state, info.assignment});
  }
  if (!metadata.empty()) channels_.collect_metadata(live_ids(), metadata);
  flush();
}

// --- Controlled shutdown and preferred leaders ---

sim::Task<std::unique_ptr<ControlledShutdownResponse>> Controller::controlled_shutdown(
    ControlledShutdownRequest& request) {
  auto response = std::make_unique<ControlledShutdownResponse>();
  Job job{.type = Job::Type::controlled_shutdown,
          .shutdown = &request,
          .shutdown_answer = response.get()};
  (void)co_await enqueue_and_wait(std::move(job));
  co_return response;
}

sim::Task<> Controller::do_controlled_shutdown(Job& job) {
  ControlledShutdownResponse& answer = *job.shutdown_answer;
  const BrokerId leaving = job.shutdown->broker;
  if (!active_) {
    answer.error = ErrorCode::not_controller;
    co_return;
  }
  const auto sender = live_.find(leaving);
  if (sender == live_.end() || sender->second.epoch != job.shutdown->broker_epoch) {
    answer.error = ErrorCode::stale_broker_epoch;
    co_return;
  }
  shutting_down_.insert(leaving);
  States moved;
  for (const auto& [name, info] : partitions_) {
    if (info.is_new || !contains(info.state.isr, leaving)) continue;
    LeaderAndIsr next = info.state;
    if (info.state.leader == leaving) {
      const std::optional<Elected> elected =
          elect_for_shutdown(info.assignment, info.state.isr, live_for(name), shutting_down_);
      if (!elected) continue;
      next.leader = elected->leader;
      next.isr = elected->isr;
    } else if (next.isr.size() > 1) {
      std::erase(next.isr, leaving);
    }
    ++next.leader_epoch;
    moved[name] = std::move(next);
  }
  const States written = co_await write_states(moved);
  if (!active_) co_return;
  publish(written, false);
  flush();
  for (const auto& [name, info] : partitions_) {
    if (info.state.leader == leaving) answer.remaining.push_back(name);
  }
}

sim::Task<> Controller::rebalance_leaders_regularly(ControllerEpoch of) {
  co_await world().sleep(first_rebalance_check);
  while (active_ && epoch_ == of) {
    enqueue({.type = Job::Type::preferred_election});
    co_await world().sleep(config_.leader_imbalance_check_interval);
  }
}

sim::Task<> Controller::elect_preferred_leaders() {
  States moved;
  for (const auto& [broker, live] : live_) {
    int preferred = 0;
    int elsewhere = 0;
    for (const auto& [name, info] : partitions_) {
      if (info.is_new || info.assignment.front() != broker) continue;
      ++preferred;
      if (info.state.leader != broker) ++elsewhere;
    }
    if (preferred == 0) continue;
    const double imbalance = 100.0 * elsewhere / preferred;
    if (imbalance <= config_.leader_imbalance_per_broker_percentage) continue;
    const sim::World::KeepCause keep(world());
    world().trace().record(
        events::preferred_leader_election, {.machine = process_.machine().id()},
        events::with_wait({{"imbalance", fmt::format("{:.0f}", imbalance)},
                           {"broker", cluster_.broker_name(broker)}},
                          {"leader.imbalance.check.interval.seconds",
                           config_.leader_imbalance_check_interval, cluster_.broker_name(id_)}));
    for (const auto& [name, info] : partitions_) {
      if (info.is_new || info.assignment.front() != broker || info.state.leader == broker) {
        continue;
      }
      const std::optional<Elected> elected =
          elect_preferred(info.assignment, info.state.isr, live_for(name));
      if (!elected) continue;
      LeaderAndIsr next = info.state;
      next.leader = elected->leader;
      ++next.leader_epoch;
      moved[name] = std::move(next);
    }
  }
  if (moved.empty()) co_return;
  const States written = co_await write_states(moved);
  if (!active_) co_return;
  publish(written, false);
  flush();
}

}  // namespace brokerlab::model
