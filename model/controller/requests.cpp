#include "model/controller/requests.h"

#include "model/controller/decisions.h"
#include "model/controller/rules.h"

#include <algorithm>

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

// --- Topics that go, or grow ---

sim::Task<std::unique_ptr<DeleteTopicsResponse>> ControllerRequests::delete_topics(
    const DeleteTopicsRequest& request) {
  auto response = std::make_unique<DeleteTopicsResponse>();
  for (const std::string& name : request.topics) {
    const ErrorCode error = co_await delete_topic(name);
    response->results.push_back({{name, -1}, error});
  }
  co_return response;
}

/// Source: KafkaApis.handleDeleteTopicsRequest.
sim::Task<ErrorCode> ControllerRequests::delete_topic(std::string name) {
  if (!term_.active()) co_return ErrorCode::not_controller;
  if (!term_.context().config().delete_topic_enable) co_return ErrorCode::topic_deletion_disabled;
  if (!term_.context().has_topic(name)) co_return ErrorCode::unknown_topic_or_partition;
  using Noted = MetadataStore::DeletionRequest;
  const Noted outcome = co_await term_.store().request_deletion(std::move(name));
  if (outcome == Noted::failed) co_return ErrorCode::unknown_server_error;
  co_return outcome == Noted::noted ? ErrorCode::none : ErrorCode::unknown_topic_or_partition;
}

sim::Task<std::unique_ptr<CreatePartitionsResponse>> ControllerRequests::create_partitions(
    const CreatePartitionsRequest& request) {
  auto response = std::make_unique<CreatePartitionsResponse>();
  for (const CreatePartitionsRequest::Topic& topic : request.topics) {
    const ErrorCode error = co_await grow(topic);
    response->results.push_back({{topic.name, -1}, error});
  }
  co_return response;
}

/// Source: KafkaApis.handleCreatePartitionsRequest, ZkAdminManager.createPartitions,
/// AdminZkClient.createNewPartitionsAssignment.
sim::Task<ErrorCode> ControllerRequests::grow(CreatePartitionsRequest::Topic topic) {
  if (!term_.active()) co_return ErrorCode::not_controller;
  const ControllerContext& context = term_.context();
  if (context.is_being_deleted(topic.name)) co_return ErrorCode::invalid_topic;
  std::vector<std::string> names(1, topic.name);
  StoredTopics found = co_await term_.store().read_topics(std::move(names));
  if (!found.contains(topic.name)) co_return ErrorCode::unknown_topic_or_partition;
  StoredTopic& stored = found.at(topic.name);
  if (!stored.moving.empty()) co_return ErrorCode::reassignment_in_progress;
  const auto before = static_cast<int>(stored.assignment.size());
  if (topic.count <= before) co_return ErrorCode::invalid_partitions;
  if (topic.assignment.empty()) {
    const std::vector<RackedBroker> brokers = context.racked_brokers();
    const std::vector<BrokerId>& first = stored.assignment.front();
    const auto start = std::find_if(brokers.begin(), brokers.end(), [&](const RackedBroker& one) {
      return one.id.value() >= first.front().value();
    });
    if (first.size() > brokers.size()) co_return ErrorCode::invalid_replication_factor;
    const Placement wanted{
        .partitions = topic.count - before,
        .replication_factor = static_cast<int>(first.size()),
        .first_partition = before,
        .start = start == brokers.end() ? 0 : static_cast<int>(start - brokers.begin())};
    auto placed = assign_replicas(brokers, wanted, random_);
    if (!placed) co_return ErrorCode::unknown_server_error;
    topic.assignment = std::move(*placed);
  }
  if (static_cast<int>(topic.assignment.size()) != topic.count - before) {
    co_return ErrorCode::invalid_replica_assignment;
  }
  for (const std::vector<BrokerId>& replicas : topic.assignment) {
    for (const BrokerId one : replicas) {
      if (!context.live().contains(one)) co_return ErrorCode::invalid_replica_assignment;
    }
    stored.assignment.push_back(replicas);
  }
  const ErrorCode wrong = judge_assignment(stored.assignment);
  if (wrong != ErrorCode::none) co_return wrong;
  const bool done = co_await term_.store().write_topic(std::nullopt, topic.name, std::move(stored));
  co_return done ? ErrorCode::none : ErrorCode::unknown_server_error;
}

// --- Elections by hand ---

/// Source: KafkaController.processReplicaLeaderElection.
ErrorCode ControllerRequests::judge_election(ElectionType type, const TopicPartition& name) const {
  const ControllerContext& context = term_.context();
  const ControllerContext::Partition* partition = context.find(name);
  if (partition == nullptr) return ErrorCode::unknown_topic_or_partition;
  if (context.is_being_deleted(name.topic)) return ErrorCode::invalid_topic;
  const BrokerId leader = partition->state.leader;
  const bool needless = type == ElectionType::preferred ? leader == partition->assignment.front()
                                                        : context.live().contains(leader);
  return needless ? ErrorCode::election_not_needed : ErrorCode::none;
}

sim::Task<> ControllerRequests::elect_leaders(const ElectLeadersRequest& request,
                                              ElectLeadersResponse& response) {
  if (!term_.active()) {
    response.error = ErrorCode::not_controller;
    co_return;
  }
  const ControllerContext& context = term_.context();
  std::vector<TopicPartition> electable;
  for (const TopicPartition& name : request.partitions) {
    const ErrorCode error = judge_election(request.type, name);
    response.results.push_back({name, error});
    if (error == ErrorCode::none) electable.push_back(name);
  }
  const bool preferred = request.type == ElectionType::preferred;
  ControllerTerm::Decide decide = [&] {
    return preferred ? elect_preferred_of(context, electable)
                     : elect_unclean_of(context, electable);
  };
  (void)co_await term_.carry_out(std::move(decide));
  term_.send();
  if (!term_.active()) {
    response.error = ErrorCode::not_controller;
    co_return;
  }
  for (AdminResult& one : response.results) {
    if (one.error != ErrorCode::none) continue;
    const ErrorCode still = judge_election(request.type, one.partition);
    if (still == ErrorCode::election_not_needed) continue;
    one.error = preferred ? ErrorCode::preferred_leader_not_available
                          : ErrorCode::eligible_leaders_not_available;
  }
}

}  // namespace brokerlab::model
