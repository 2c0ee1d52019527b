#include "model/controller/requests.h"

#include "model/controller/decisions.h"
#include "model/controller/rules.h"

namespace brokerlab::model {

ErrorCode ControllerRequests::judge_sender(BrokerId broker, std::int64_t broker_epoch) const {
  if (!term_.active()) return ErrorCode::not_controller;
  return term_.context().is_current(broker, broker_epoch) ? ErrorCode::none
                                                          : ErrorCode::stale_broker_epoch;
}

sim::Task<> ControllerRequests::alter_partition(const AlterPartitionRequest& request,
                                                AlterPartitionResponse& response) {
  response.error = judge_sender(request.broker, request.broker_epoch);
  if (response.error != ErrorCode::none) co_return;
  ControllerContext& context = term_.context();
  PartitionStates wanted;
  for (const AlterPartitionRequest::Partition& change : request.partitions) {
    AlterPartitionResponse::Partition& answer =
        response.partitions.emplace_back(AlterPartitionResponse::Partition{change.partition});
    const ControllerContext::Partition* partition = context.find(change.partition);
    if (partition == nullptr) {
      answer.error = ErrorCode::unknown_topic_or_partition;
      continue;
    }
    answer.state = partition->state;
    answer.error = judge_isr_change(context, change, partition->state);
    if (answer.error != ErrorCode::none || change.new_isr == partition->state.isr) continue;
    LeaderAndIsr& next = wanted[change.partition] = partition->state;
    next.isr = change.new_isr;
  }
  const PartitionStates written = co_await term_.write(wanted);
  if (!term_.active()) {
    response.error = ErrorCode::not_controller;
    co_return;
  }
  std::vector<ControllerPublisher::IsrChanged> changes;
  for (std::size_t i = 0; i < response.partitions.size(); ++i) {
    AlterPartitionResponse::Partition& answer = response.partitions[i];
    if (!wanted.contains(answer.partition)) continue;
    const auto done = written.find(answer.partition);
    if (done == written.end()) {
      answer.error = ErrorCode::invalid_update_version;
      continue;
    }
    answer.state = done->second;
    changes.push_back({answer.partition, context.adopt_isr(answer.partition, done->second),
                       request.broker, world_.now() - request.partitions[i].since,
                       request.partitions[i].because});
  }
  term_.publisher().tell_isr_changes(changes);
  term_.send();
}

sim::Task<> ControllerRequests::controlled_shutdown(const ControlledShutdownRequest& request,
                                                    ControlledShutdownResponse& response) {
  response.error = judge_sender(request.broker, request.broker_epoch);
  // As doControlledShutdown, which throws a ControllerMovedException.
  if (response.error == ErrorCode::not_controller)
    response.error = ErrorCode::stale_controller_epoch;
  if (response.error != ErrorCode::none) co_return;
  ControllerContext& context = term_.context();
  context.mark_shutting_down(request.broker);
  const bool active = co_await relieve(request.broker);
  if (!active) {
    response.error = ErrorCode::stale_controller_epoch;
    co_return;
  }
  // Those that another could lead; who waits for others waits in vain.
  for (const auto& [name, partition] : context.partitions()) {
    if (partition.state.leader == request.broker && partition.assignment.size() > 1) {
      response.remaining.push_back(name);
    }
  }
}

/// Source: KafkaController.doControlledShutdown. What it follows it is told to stop twice: there,
/// and with the transition to OfflineReplica, of which it hears no LeaderAndIsr.
sim::Task<bool> ControllerRequests::relieve(BrokerId leaving) {
  const ControllerContext& context = term_.context();
  const std::set<TopicPartition> followed = followed_by(context, leaving);
  ControllerTerm::Decide leaders = [&] { return hand_over(context, leaving); };
  const bool handed_over = co_await term_.carry_out(std::move(leaders));
  if (!handed_over) co_return false;
  term_.send();
  term_.publisher().tell_to_stop(leaving, followed);
  term_.send();
  term_.publisher().tell_to_stop(leaving, followed);
  const IsGone is_gone = [&](const TopicPartition& name, BrokerId) {
    return followed.contains(name);
  };
  ControllerTerm::Decide isrs = [&] { return shrink_isrs(context, leaving, is_gone); };
  const bool left = co_await term_.carry_out(std::move(isrs), leaving);
  if (left) term_.send();
  co_return left;
}

/// Source: KafkaController.processAllocateProducerIds.
sim::Task<> ControllerRequests::allocate_producer_ids(const AllocateProducerIdsRequest& request,
                                                      AllocateProducerIdsResponse& response) {
  response.error = judge_sender(request.broker, request.broker_epoch);
  if (response.error == ErrorCode::stale_broker_epoch &&
      !contains(term_.context().live_ids(), request.broker)) {
    response.error = ErrorCode::broker_id_not_registered;
  }
  if (response.error != ErrorCode::none) co_return;
  const auto block = co_await term_.store().take_producer_ids(request.broker);
  if (block) {
    response.block = *block;
  } else {
    response.error = ErrorCode::unknown_server_error;
  }
}

sim::Task<std::unique_ptr<CreateTopicsResponse>> ControllerRequests::create_topics(
    const CreateTopicsRequest& request) {
  auto response = std::make_unique<CreateTopicsResponse>();
  for (const CreateTopicsRequest::Topic& topic : request.topics) {
    const ErrorCode error = co_await create_topic(topic);
    response->topics.push_back({topic.name, error});
  }
  co_return response;
}

namespace {

/// Source: AdminZkClient.validateTopicCreate, of what the scenario has not looked at.
ErrorCode judge_assignment(const Assignment& assignment) {
  for (const std::vector<BrokerId>& replicas : assignment) {
    const std::set<BrokerId> brokers(replicas.begin(), replicas.end());
    if (replicas.empty() || brokers.size() != replicas.size() ||
        replicas.size() != assignment.front().size()) {
      return ErrorCode::invalid_replica_assignment;
    }
  }
  return ErrorCode::none;
}

}  // namespace

/// Source: ZkAdminManager.createTopics.
sim::Task<ErrorCode> ControllerRequests::create_topic(CreateTopicsRequest::Topic topic) {
  if (!term_.active()) co_return ErrorCode::not_controller;
  const ControllerContext& context = term_.context();
  if (context.has_topic(topic.name)) co_return ErrorCode::topic_already_exists;
  constexpr int unset = CreateTopicsRequest::no_number;
  if (topic.partitions == unset) topic.partitions = context.config().num_partitions;
  if (topic.replication_factor == unset) {
    topic.replication_factor = context.config().default_replication_factor;
  }
  if (topic.assignment.empty()) {
    const std::vector<RackedBroker> brokers = context.racked_brokers();
    if (topic.partitions < 1) co_return ErrorCode::invalid_partitions;
    if (topic.replication_factor < 1 ||
        topic.replication_factor > static_cast<int>(brokers.size())) {
      co_return ErrorCode::invalid_replication_factor;
    }
    auto placed = assign_replicas(
        brokers, {.partitions = topic.partitions, .replication_factor = topic.replication_factor},
        random_);
    // An AdminOperationException: some brokers have racks, others none.
    if (!placed) co_return ErrorCode::unknown_server_error;
    topic.assignment = std::move(*placed);
  }
  const ErrorCode wrong = judge_assignment(topic.assignment);
  if (wrong != ErrorCode::none) co_return wrong;
  StoredTopic stored{std::move(topic.assignment), topic.config};
  using Creation = MetadataStore::TopicCreation;
  const Creation outcome = co_await term_.store().create_topic(topic.name, std::move(stored));
  switch (outcome) {
    case Creation::created:
      co_return ErrorCode::none;
    case Creation::exists:
      co_return ErrorCode::topic_already_exists;
    case Creation::failed:
      break;
  }
  co_return ErrorCode::unknown_server_error;
}

}  // namespace brokerlab::model
