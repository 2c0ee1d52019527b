#include "model/broker/broker.h"

#include "base/korean.h"
#include "model/broker/recompression.h"
#include "model/codec_cost.h"
#include "model/events.h"

#include <algorithm>

namespace brokerlab::model {
namespace {

/// systemd's RestartSec as distributions set it for Kafka.
constexpr Duration supervisor_pause = 10s;

RpcSettings broker_rpc(const BrokerSetup& setup, const char* purpose) {
  RpcSettings rpc;
  rpc.client_id = fmt::format("broker-{}-{}", setup.id, purpose);
  rpc.request_timeout = setup.config.request_timeout;
  return rpc;
}

template <class T>
std::int64_t partition_count(const T& request) {
  return static_cast<std::int64_t>(request.partitions.size());
}

}  // namespace

Broker::Broker(sim::Process& process, const BrokerSetup& setup, ClusterContext& cluster,
               BrokerStorage& storage, std::unique_ptr<MetadataStore> store)
    : process_(process),
      setup_(setup),
      topic_creation_(process, metadata_, broker_rpc(setup, "auto-topic-creation"), *setup.not_yet),
      store_(std::move(store)),
      configs_(process, setup.id, setup.config, *store_, metadata_,
               {[this](const BrokerConfig& config) { use_config(config); },
                [this](const std::string& topic, const TopicOverrides& overrides) {
                  replicas_.use_topic_config(topic, overrides);
                  controller_.use_topic_config(topic, overrides);
                },
                [this](const ClientQuota& quota) { quotas_.set(quota); },
                [this](const AlterClientQuotasRequest::Entry& entry) {
                  return quotas_.of(entry.user, entry.client_id);
                }}),
      alter_partitions_(process, setup.id, metadata_, broker_rpc(setup, "alter-partition")),
      producer_ids_(process, setup.id, metadata_, broker_rpc(setup, "forwarding")),
      replicas_({process, cluster, setup.id, setup_.config, storage, metadata_, alter_partitions_,
                 *setup_.watch, setup_.truncates_to_high_watermark}),
      groups_(process, setup_.config, replicas_, cluster),
      quotas_(setup_.quotas,
              {setup_.config.quota_window_num, whole_millis(setup_.config.quota_window_size)}),
      transactions_(process, setup_.config,
                    {replicas_, cluster, [this] { return producer_ids_.next(); },
                     [this](const TopicPartition& name) { return marker_target(name); },
                     broker_rpc(setup, "txn-marker-sender")}),
      verifier_(
          process, metadata_,
          [this](const std::string& id) { return transactions_.partition_for(id); },
          broker_rpc(setup, "add-partitions-to-txn-manager")),
      controller_({process, cluster, setup.id, setup_.config, *store_}),
      server_(process, setup_.config, [this](CallPtr call) { return handle(std::move(call)); }) {
  replicas_.set_config_reader(
      [this](std::string topic) { return store_->topic_config(std::move(topic)); });
  if (setup_.config.transaction_partition_verification_enable) {
    replicas_.set_verifier([this](std::string id, ProducerIdAndEpoch producer,
                                  std::vector<TopicPartition> partitions) {
      return verifier_.verify(std::move(id), producer, std::move(partitions));
    });
  }
  replicas_.on_coordinator_leadership(
      [this](const TopicPartition& name, bool elected, LeaderEpoch epoch) {
        const bool groups = name.topic == offsets_topic;
        if (elected) {
          groups ? groups_.on_elected(name.partition, epoch)
                 : transactions_.on_elected(name.partition, epoch);
        } else {
          groups ? groups_.on_resigned(name.partition) : transactions_.on_resigned(name.partition);
        }
      });
  replicas_.on_log_dir_failure([this] { process_.spawn(store_->tell_log_dir_failed(setup_.id)); });
  process_.spawn(run());
}

Broker::~Broker() = default;

// --- Life ---

sim::Task<> Broker::run() {
  const sim::StartupConfig& startup = process_.machine().config().startup;
  co_await process_.world().sleep(startup.broker);
  const Status<MetadataStore::Refused> connected = co_await store_->connect();
  if (!connected) {
    co_await give_up_start(connected.error());
    co_return;
  }
  const MetadataStore::BrokerConfigs configs = co_await store_->prepare(setup_.id);
  configs_.begin_with(configs);
  state_ = State::recovering;
  co_await replicas_.load_logs();
  const Status<MetadataStore::Refused> registered = co_await register_broker();
  if (!registered) {
    co_await give_up_start(registered.error());
    co_return;
  }
  state_ = State::running;
  replicas_.start();
  alter_partitions_.start();
  controller_.start();
  // Its port opens last (SocketServer.enableRequestProcessing): who comes earlier is refused.
  if (startup.listen_after > 0ns) {
    process_.spawn(listen_later(startup.listen_after));
  } else {
    listen();
  }
  process_.spawn(watch_metadata());
}

void Broker::listen() {
  server_.start();
  setup_.watch->on_broker_changed(setup_.id);
}

sim::Task<> Broker::listen_later(Duration after) {
  co_await process_.world().sleep(after);
  if (state_ == State::running) listen();
}

/// KafkaServer.startup's last act is shutdown(): logs that are recovered by now are closed and need
/// no recovery at the next start, and so is the session, of which that finds none.
sim::Task<> Broker::give_up_start(MetadataStore::Refused refused) {
  process_.world().trace().record(events::broker_start_failed, {.machine = process_.machine().id()},
                                  {sim::Detail::of("why", std::move(refused.why))});
  const sim::EventId failed = process_.world().cause();
  if (state_ == State::recovering) co_await replicas_.shutdown_cleanly();
  co_await store_->close();
  process_.world().set_cause(failed);
  process_.exit(std::move(refused.last_words), supervisor_pause);
}

sim::Task<Status<MetadataStore::Refused>> Broker::register_broker() {
  const BrokerEndpoint endpoint{
      setup_.id, {process_.machine().id(), kafka_port}, setup_.config.broker_rack};
  const auto registered = co_await store_->register_broker(endpoint);
  if (!registered) co_return fail(registered.error());
  broker_epoch_ = *registered;
  alter_partitions_.set_broker_epoch(broker_epoch_);
  producer_ids_.set_broker_epoch(broker_epoch_);
  process_.world().trace().record(events::broker_registered, {.machine = process_.machine().id()});
  co_return Status<MetadataStore::Refused>();
}

sim::Task<> Broker::watch_metadata() {
  while (true) {
    const std::optional<MetadataEvent> event = co_await store_->next_event();
    if (!event) co_return;
    process_.world().set_cause(event->cause);
    if (event->type == MetadataEvent::Type::configs_changed) {
      process_.spawn(configs_.take_changes());
      continue;
    }
    if (event->type != MetadataEvent::Type::session_lost) {
      controller_.on_metadata_event(event->type);
      continue;
    }
    // KafkaController.Expire: a new session, a new registration, and back into the election. One
    // that fails is logged, no more; when the new session has expired too, that is told next.
    co_await controller_.expire();
    const bool connected = co_await store_->connect_again();
    if (!connected) co_return;
    const Status<MetadataStore::Refused> registered = co_await register_broker();
    if (registered) controller_.run_for_election();
    // Of what was changed meanwhile nobody told (ZkStateChangeHandler.afterInitializingSession).
    if (setup_.settings_change) process_.spawn(configs_.take_changes());
  }
}

/// DynamicBrokerConfig.updateCurrentConfig.
void Broker::use_config(const BrokerConfig& config) {
  const bool unclean = setup_.config.topics.unclean_leader_election_enable;
  setup_.config = config;
  replicas_.use_broker_config();
  server_.resize();
  if (!unclean && config.topics.unclean_leader_election_enable) controller_.use_broker_config();
}

void Broker::terminate(sim::Process&) {
  if (state_ == State::stopping) return;
  // Before it is registered there is nothing to give away, and logs that are not recovered must
  // not be taken for clean at the next start.
  const bool ready = state_ == State::running;
  state_ = State::stopping;
  if (ready) {
    process_.spawn(shut_down());
  } else {
    process_.exit({"stopped", "정지 요청"});
  }
}

sim::Task<> Broker::shut_down() {
  replicas_.begin_shutdown();
  const int tries = setup_.config.controlled_shutdown_enable && broker_epoch_ >= 0
                        ? setup_.config.controlled_shutdown_max_retries
                        : 0;
  // Whatever is wrong, the controller is asked again (KafkaServer.controlledShutdown).
  for (int i = 0; i < tries; ++i) {
    if (i > 0) co_await process_.world().sleep(setup_.config.controlled_shutdown_retry_backoff);
    const std::optional<Address> controller = metadata_.address(metadata_.controller());
    if (controller) {
      NodeConnection connection(process_, *controller, broker_rpc(setup_, "shutdown"));
      auto request = std::make_unique<ControlledShutdownRequest>();
      request->broker = setup_.id;
      request->broker_epoch = broker_epoch_;
      const auto answer =
          co_await call_as<ControlledShutdownResponse>(connection, std::move(request));
      const bool done =
          answer.ok() && (*answer)->error == ErrorCode::none && (*answer)->remaining.empty();
      if (done) break;
    }
  }
  server_.stop();
  setup_.watch->on_broker_changed(setup_.id);
  co_await replicas_.shutdown_cleanly();
  co_await store_->close();
  process_.exit({"stopped", "정지 요청"});
}

// --- Requests ---

Duration Broker::demand(Request& request) const {
  std::int64_t partitions = 0;
  Duration validation{0};
  if (const auto* produce = dynamic_cast<const ProduceRequest*>(&request)) {
    partitions = partition_count(*produce);
    // A leader looks at each record (LogValidator), so it has to decompress them.
    for (const ProduceRequest::Partition& one : produce->partitions) {
      const sim::CodecsConfig& codecs = process_.machine().cpu().config().codecs;
      validation += decompress_time(codecs, one.records);
      const Partition* partition = replicas_.find(one.partition);
      if (partition == nullptr) continue;
      const auto target = codec_of(partition->config().compression_type);
      if (target) validation += recompress_time(one.records, *target, codecs);
    }
  } else if (const auto* fetch = dynamic_cast<const FetchRequest*>(&request)) {
    // Those that the session keeps are read, too.
    partitions = static_cast<std::int64_t>(replicas_.fetch_sessions().partitions_of(*fetch));
  } else if (const auto* commit = dynamic_cast<const OffsetCommitRequest*>(&request)) {
    partitions = partition_count(*commit);
  } else if (const auto* metadata = dynamic_cast<const UpdateMetadataRequest*>(&request)) {
    partitions = partition_count(*metadata);
  }
  return validation +
         process_.machine().cpu().demand(static_cast<int>(partitions), 0, request.size());
}

sim::Task<> Broker::handle(CallPtr call) {
  Request& request = call->request();
  if (quotas_.enabled()) apply_quotas(*call);
  co_await process_.machine().cpu().run(demand(request));
  switch (request.api) {
    case ApiKey::produce:
      if (call->as<ProduceRequest>().transactional_id) {
        process_.spawn(replicas_.produce(call));  // it may have to ask a coordinator first
      } else {
        co_await replicas_.produce(call);
      }
      break;
    case ApiKey::fetch:
      co_await replicas_.fetch(call);
      break;
    case ApiKey::list_offsets:
      co_await replicas_.list_offsets(call);
      break;
    case ApiKey::offset_for_leader_epoch:
      replicas_.offset_for_leader_epoch(call);
      break;
    case ApiKey::delete_records:
      co_await replicas_.delete_records(call);
      break;
    case ApiKey::metadata:
      answer_metadata(call);
      break;
    case ApiKey::leader_and_isr:
    case ApiKey::stop_replica:
    case ApiKey::update_metadata:
    case ApiKey::alter_partition:
    case ApiKey::controlled_shutdown:
    case ApiKey::allocate_producer_ids:
    case ApiKey::create_topics:
      co_await handle_controller_request(call);
      break;
    case ApiKey::init_producer_id:
    case ApiKey::add_partitions_to_txn:
    case ApiKey::add_offsets_to_txn:
    case ApiKey::end_txn:
    case ApiKey::write_txn_markers:
      // They wait until what they decide is written.
      process_.spawn(handle_transaction_request(call));
      break;
    case ApiKey::delete_topics:
    case ApiKey::create_partitions:
    case ApiKey::elect_leaders:
    case ApiKey::alter_partition_reassignments:
    case ApiKey::incremental_alter_configs:
    case ApiKey::alter_client_quotas:
      co_await handle_admin_request(call);
      break;
    case ApiKey::find_coordinator:
      co_await find_coordinator(call);
      break;
    default:
      // Joins and commits wait for others; they must not hold an I/O thread meanwhile.
      process_.spawn(handle_group_request(call));
  }
}

void Broker::apply_quotas(Call& call) {
  if (call.request().api == ApiKey::fetch) {
    auto& fetch = call.as<FetchRequest>();
    if (!fetch.from_follower()) {
      fetch.max_bytes = std::min(fetch.max_bytes, quotas_.most_of_fetch(fetch.client_id));
      fetch.min_bytes = std::min(fetch.min_bytes, fetch.max_bytes);
    }
  }
  call.set_last_look([this](Call& done, Response& response) {
    const std::int64_t now = whole_millis(process_.machine().clock().time_since_epoch());
    const ClientQuotas::Verdict verdict =
        quotas_.judge(done.request(), response, now, done.thread_time());
    if (verdict.throttle > 0ns) tell_throttled(done.request(), verdict);
  });
}

/// At most every 10 s a client.
void Broker::tell_throttled(const Request& request, const ClientQuotas::Verdict& verdict) {
  constexpr Duration apart = 10s;
  const Time now = process_.world().now();
  const auto [last, fresh] = throttled_.try_emplace(request.client_id, now);
  if (!fresh && now - last->second < apart) return;
  last->second = now;
  const sim::World::KeepCause keep(process_.world());
  process_.world().trace().record(events::client_throttled, {.machine = process_.machine().id()},
                                  {{"client", request.client_id},
                                   {"time", to_rounded_text(verdict.throttle),
                                    with_korean_unit(to_rounded_text(verdict.throttle))},
                                   {"quota", std::string(to_text(verdict.kind))},
                                   {"bound", fmt::format("{:.0f}", verdict.bound)},
                                   {"rate", fmt::format("{:.0f}", verdict.rate)}});
}

/// Requests for our former life (KIP-380), or of a deposed controller, are refused. Source:
/// KafkaApis, isBrokerEpochStale, which comes first; ReplicaManager.
ErrorCode Broker::judge_controller(ControllerEpoch epoch, std::int64_t broker_epoch) {
  if (broker_epoch < broker_epoch_) return ErrorCode::stale_broker_epoch;
  if (epoch < controller_epoch_) return ErrorCode::stale_controller_epoch;
  controller_epoch_ = epoch;
  return ErrorCode::none;
}

sim::Task<> Broker::handle_controller_request(CallPtr call) {
  switch (call->request().api) {
    case ApiKey::leader_and_isr: {
      const auto& request = call->as<LeaderAndIsrRequest>();
      const ErrorCode error = judge_controller(request.controller_epoch, request.broker_epoch);
      if (error != ErrorCode::none) {
        auto response = std::make_unique<LeaderAndIsrResponse>();
        response->error = error;
        call->respond(std::move(response));
        co_return;
      }
      co_await replicas_.leader_and_isr(call);
      co_return;
    }
    case ApiKey::update_metadata: {
      const auto& request = call->as<UpdateMetadataRequest>();
      auto response = std::make_unique<UpdateMetadataResponse>();
      response->error = judge_controller(request.controller_epoch, request.broker_epoch);
      if (response->error == ErrorCode::none) {
        const std::vector<TopicPartition> deleted = metadata_.apply(request);
        if (!deleted.empty()) groups_.on_partitions_deleted(deleted);
        setup_.watch->on_broker_changed(setup_.id);
      }
      call->respond(std::move(response));
      co_return;
    }
    case ApiKey::stop_replica: {
      const auto& request = call->as<StopReplicaRequest>();
      auto response = std::make_unique<StopReplicaResponse>();
      response->error = judge_controller(request.controller_epoch, request.broker_epoch);
      if (response->error == ErrorCode::none) {
        replicas_.stop_replicas(request, *response);
      }
      call->respond(std::move(response));
      co_return;
    }
    case ApiKey::alter_partition: {
      auto response = co_await controller_.alter_partition(call->as<AlterPartitionRequest>());
      call->respond(std::move(response));
      co_return;
    }
    case ApiKey::controlled_shutdown: {
      auto response =
          co_await controller_.controlled_shutdown(call->as<ControlledShutdownRequest>());
      call->respond(std::move(response));
      co_return;
    }
    case ApiKey::allocate_producer_ids: {
      auto response =
          co_await controller_.allocate_producer_ids(call->as<AllocateProducerIdsRequest>());
      call->respond(std::move(response));
      co_return;
    }
    case ApiKey::create_topics: {
      auto response = co_await controller_.create_topics(call->as<CreateTopicsRequest>());
      call->respond(std::move(response));
      co_return;
    }
    default:
      UNREACHABLE("not a controller request");
  }
}

sim::Task<> Broker::handle_admin_request(CallPtr call) {
  switch (call->request().api) {
    case ApiKey::delete_topics: {
      auto response = co_await controller_.delete_topics(call->as<DeleteTopicsRequest>());
      call->respond(std::move(response));
      co_return;
    }
    case ApiKey::create_partitions: {
      auto response = co_await controller_.create_partitions(call->as<CreatePartitionsRequest>());
      call->respond(std::move(response));
      co_return;
    }
    case ApiKey::elect_leaders: {
      auto response = co_await controller_.elect_leaders(call->as<ElectLeadersRequest>());
      call->respond(std::move(response));
      co_return;
    }
    case ApiKey::alter_partition_reassignments: {
      auto response =
          co_await controller_.alter_reassignments(call->as<AlterPartitionReassignmentsRequest>());
      call->respond(std::move(response));
      co_return;
    }
    case ApiKey::incremental_alter_configs: {
      auto response = co_await configs_.alter(call->as<IncrementalAlterConfigsRequest>());
      call->respond(std::move(response));
      co_return;
    }
    case ApiKey::alter_client_quotas: {
      auto response = co_await configs_.alter(call->as<AlterClientQuotasRequest>());
      call->respond(std::move(response));
      co_return;
    }
    default:
      UNREACHABLE("not an admin request");
  }
}

sim::Task<> Broker::handle_group_request(CallPtr call) {
  switch (call->request().api) {
    case ApiKey::join_group: {
      auto response = co_await groups_.handle(call->as<JoinGroupRequest>());
      call->respond(std::move(response));
      break;
    }
    case ApiKey::sync_group: {
      auto response = co_await groups_.handle(call->as<SyncGroupRequest>());
      call->respond(std::move(response));
      break;
    }
    case ApiKey::offset_commit:
      co_await commit_offsets(call);
      break;
    case ApiKey::txn_offset_commit:
      co_await commit_transactional_offsets(call);
      break;
    case ApiKey::heartbeat:
      call->respond(groups_.handle(call->as<HeartbeatRequest>()));
      break;
    case ApiKey::leave_group:
      call->respond(groups_.handle(call->as<LeaveGroupRequest>()));
      break;
    case ApiKey::offset_fetch:
      call->respond(groups_.handle(call->as<OffsetFetchRequest>()));
      break;
    case ApiKey::delete_groups: {
      auto response = std::make_unique<DeleteGroupsResponse>();
      for (const std::string& group : call->as<DeleteGroupsRequest>().groups) {
        response->results.push_back({group, groups_.delete_group(group)});
      }
      call->respond(std::move(response));
      break;
    }
    default:
      UNREACHABLE("not a group request");
  }
}

sim::Task<> Broker::handle_transaction_request(CallPtr call) {
  switch (call->request().api) {
    case ApiKey::init_producer_id: {
      auto response = co_await transactions_.handle(call->as<InitProducerIdRequest>());
      call->respond(std::move(response));
      break;
    }
    case ApiKey::add_partitions_to_txn:
      co_await add_partitions_to_txn(call);
      break;
    case ApiKey::add_offsets_to_txn: {
      const auto& request = call->as<AddOffsetsToTxnRequest>();
      const TopicPartition offsets{offsets_topic, groups_.partition_for(request.group)};
      auto response = co_await transactions_.handle(request, offsets);
      call->respond(std::move(response));
      break;
    }
    case ApiKey::end_txn: {
      auto response = co_await transactions_.handle(call->as<EndTxnRequest>());
      call->respond(std::move(response));
      break;
    }
    case ApiKey::write_txn_markers:
      co_await replicas_.write_markers(
          call, [this](int partition, std::int64_t producer, bool committed) {
            groups_.on_transaction_ended(partition, producer, committed);
          });
      break;
    default:
      UNREACHABLE("not a transaction's request");
  }
}

/// One partition that is not known, and none is added (KafkaApis).
sim::Task<> Broker::add_partitions_to_txn(CallPtr call) {
  const auto& request = call->as<AddPartitionsToTxnRequest>();
  const bool all_known =
      std::all_of(request.partitions.begin(), request.partitions.end(),
                  [this](const TopicPartition& name) { return metadata_.has(name); });
  if (all_known) {
    auto response = co_await transactions_.handle(request);
    call->respond(std::move(response));
    co_return;
  }
  auto response = std::make_unique<AddPartitionsToTxnResponse>();
  if (request.verify_only) response->transactional_id = request.transactional_id;
  for (const TopicPartition& name : request.partitions) {
    response->partitions.push_back({name, metadata_.has(name)
                                              ? ErrorCode::operation_not_attempted
                                              : ErrorCode::unknown_topic_or_partition});
  }
  call->respond(std::move(response));
}

/// Takes those out of a commit that are not known here: they are refused before anything else is
/// looked at. Source: KafkaApis.handleOffsetCommitRequest, handleTxnOffsetCommitRequest.
Broker::Refused Broker::refuse_unknown(std::vector<OffsetCommitRequest::Partition>& offsets) const {
  Refused refused;
  std::erase_if(offsets, [&](const OffsetCommitRequest::Partition& one) {
    if (metadata_.has(one.partition)) return false;
    refused.push_back({one.partition, ErrorCode::unknown_topic_or_partition});
    return true;
  });
  return refused;
}

sim::Task<> Broker::commit_offsets(CallPtr call) {
  auto& request = call->as<OffsetCommitRequest>();
  const Refused refused = refuse_unknown(request.partitions);
  auto response = std::make_unique<OffsetCommitResponse>();
  if (!request.partitions.empty()) response = co_await groups_.handle(request);
  response->partitions.insert(response->partitions.begin(), refused.begin(), refused.end());
  call->respond(std::move(response));
}

/// GroupCoordinator.handleTxnCommitOffsets.
sim::Task<> Broker::commit_transactional_offsets(CallPtr call) {
  auto& request = call->as<TxnOffsetCommitRequest>();
  const Refused unknown = refuse_unknown(request.partitions);
  auto response = std::make_unique<TxnOffsetCommitResponse>();
  if (!request.partitions.empty()) response = co_await commit_known(request);
  response->partitions.insert(response->partitions.begin(), unknown.begin(), unknown.end());
  call->respond(std::move(response));
}

sim::Task<std::unique_ptr<TxnOffsetCommitResponse>> Broker::commit_known(
    const TxnOffsetCommitRequest& request) {
  const TopicPartition offsets{offsets_topic, groups_.partition_for(request.group)};
  ErrorCode refused = ErrorCode::none;
  if (groups_.status(request.group) == ErrorCode::none) {
    std::string id = request.transactional_id;
    refused = co_await replicas_.verify_offsets(std::move(id), request.producer, offsets);
  }
  if (refused == ErrorCode::none) co_return co_await groups_.handle(request);
  auto response = std::make_unique<TxnOffsetCommitResponse>();
  // GroupMetadataManager.maybeConvertOffsetCommitError.
  const ErrorCode error =
      refused == ErrorCode::not_enough_replicas ? ErrorCode::coordinator_not_available : refused;
  for (const OffsetCommitRequest::Partition& one : request.partitions) {
    response->partitions.push_back({one.partition, error});
  }
  co_return response;
}

MarkerTarget Broker::marker_target(const TopicPartition& name) const {
  MarkerTarget target{metadata_.has(name), {}};
  const std::optional<BrokerId> leader = metadata_.leader(name);
  const std::optional<Address> address = leader ? metadata_.address(*leader) : std::nullopt;
  if (address) target.leader = BrokerEndpoint{*leader, *address};
  return target;
}

sim::Task<> Broker::find_coordinator(CallPtr call) {
  const auto& request = call->as<FindCoordinatorRequest>();
  auto response = std::make_unique<FindCoordinatorResponse>();
  const std::string topic = request.transaction ? transactions_topic : offsets_topic;
  if (!metadata_.has_topic(topic)) {
    response->error = ErrorCode::coordinator_not_available;
    topic_creation_.create(automatic_topic(topic, setup_.config));
    call->respond(std::move(response));
    co_return;
  }
  const int number = request.transaction ? transactions_.partition_for(request.group)
                                         : groups_.partition_for(request.group);
  const TopicPartition partition{topic, number};
  const std::optional<BrokerId> leader = metadata_.leader(partition);
  const std::optional<Address> address = leader ? metadata_.address(*leader) : std::nullopt;
  if (address) {
    response->coordinator = {*leader, *address};
  } else {
    response->error = ErrorCode::coordinator_not_available;
  }
  call->respond(std::move(response));
}

/// Source: KafkaApis.getTopicMetadata.
void Broker::answer_metadata(const CallPtr& call) {
  const auto& request = call->as<MetadataRequest>();
  auto response = metadata_.answer(request);
  const bool may_create =
      request.allow_auto_topic_creation && setup_.config.auto_create_topics_enable;
  for (const TopicMetadata& topic : response->topics) {
    if (topic.error != ErrorCode::unknown_topic_or_partition || !may_create) continue;
    topic_creation_.create(automatic_topic(topic.name, setup_.config));
  }
  call->respond(std::move(response));
}

}  // namespace brokerlab::model
