#include "model/controller/controller.h"

#include <algorithm>

namespace brokerlab::model {
namespace {

/// First check of leader imbalance after taking over (KafkaController.onControllerFailover).
constexpr Duration first_rebalance_check = 5s;

}  // namespace

Controller::Controller(Owner owner)
    : process_(owner.process),
      id_(owner.id),
      config_(owner.config),
      store_(owner.store),
      jobs_(owner.process.world()),
      term_(owner),
      context_(term_.context()),
      publisher_(term_.publisher()),
      requests_(owner.process.world(), term_,
                owner.process.world().stream(fmt::format("{}/controller/{}", owner.process.name(),
                                                         owner.process.starts()))) {
  publisher_.channels().on_leader_and_isr_answer(
      [this](BrokerId broker, const LeaderAndIsrResponse& answer) { note_answer(broker, answer); });
  publisher_.channels().on_deleted([this](BrokerId broker, const std::vector<TopicPartition>& gone,
                                          const std::vector<TopicPartition>& failed) {
    if (!failed.empty()) enqueue(Work{[=, this] { return deletions_.fail(broker, failed); }});
    if (!gone.empty()) enqueue(Work{[=, this] { return deletions_.deleted(broker, gone); }});
  });
}

Controller::~Controller() = default;

// --- The event loop ---

void Controller::start() {
  process_.spawn(run());
  run_for_election();
}

void Controller::run_for_election() { enqueue(RunForElection{}); }

void Controller::on_metadata_event(MetadataEvent::Type event) {
  switch (event) {
    case MetadataEvent::Type::controller_gone:
      run_for_election();
      break;
    case MetadataEvent::Type::brokers_changed:
      enqueue(BrokersChanged{});
      break;
    case MetadataEvent::Type::topics_changed:
      enqueue(TopicsChanged{});
      break;
    case MetadataEvent::Type::deletions_changed:
      enqueue(Work{[this] { return deletions_.look(); }});
      break;
    case MetadataEvent::Type::log_dir_failed:
      enqueue(LogDirFailed{});
      break;
    case MetadataEvent::Type::configs_changed:  // the broker's
    case MetadataEvent::Type::session_lost:     // expire()
      UNREACHABLE();
  }
}

/// Source: ControllerEventManager.clearAndPut(Expire), awaitProcessing.
sim::Task<> Controller::expire() {
  std::vector<Job> asked;
  while (std::optional<Job> job = jobs_.try_receive()) {
    if (job->done) asked.push_back(std::move(*job));
  }
  const auto done = std::make_shared<sim::OneShot<bool>>(world());
  jobs_.push({Resign{}, world().cause(), done});
  // Who waits for an answer hears that this is no controller.
  for (Job& job : asked) jobs_.push(std::move(job));
  (void)co_await done->wait();
}

void Controller::use_topic_config(std::string topic, TopicOverrides overrides) {
  enqueue(Work{[=, this] { return adopt_config(topic, overrides); }});
}

void Controller::use_broker_config() {
  enqueue(Work{[this] { return allow_unclean(); }});
}

sim::Task<> Controller::adopt_config(std::string topic, TopicOverrides overrides) {
  if (!term_.active()) co_return;
  context_.set_topic_config(topic, overrides);
  const bool* unclean = overrides.own(&TopicConfig::unclean_leader_election_enable);
  if (unclean != nullptr && *unclean) co_await bring_online();
}

sim::Task<> Controller::allow_unclean() {
  if (term_.active()) co_await bring_online();
}

void Controller::enqueue(What what) { jobs_.push({std::move(what), world().cause()}); }

sim::Task<> Controller::enqueue_and_wait(What what) {
  const auto done = std::make_shared<sim::OneShot<bool>>(world());
  jobs_.push({std::move(what), world().cause(), done});
  // There is no deadline, so it is set when this goes on; a process that dies takes both with it.
  (void)co_await done->wait();
}

sim::Task<> Controller::run() {
  while (true) {
    const std::optional<Job> job = co_await jobs_.receive();
    if (!job) co_return;
    world().set_cause(job->cause);
    sim::Task<> work = std::visit([this](const auto& what) { return on(what); }, job->what);
    co_await work;
    if (job->done) job->done->set(true);
  }
}

// --- Requests ---

sim::Task<std::unique_ptr<AlterPartitionResponse>> Controller::alter_partition(
    const AlterPartitionRequest& request) {
  auto response = std::make_unique<AlterPartitionResponse>();
  What what = AlterPartition{request, *response};
  co_await enqueue_and_wait(std::move(what));
  co_return response;
}

sim::Task<std::unique_ptr<ControlledShutdownResponse>> Controller::controlled_shutdown(
    const ControlledShutdownRequest& request) {
  auto response = std::make_unique<ControlledShutdownResponse>();
  What what = ShutDownBroker{request, *response};
  co_await enqueue_and_wait(std::move(what));
  co_return response;
}

sim::Task<std::unique_ptr<AllocateProducerIdsResponse>> Controller::allocate_producer_ids(
    const AllocateProducerIdsRequest& request) {
  auto response = std::make_unique<AllocateProducerIdsResponse>();
  What what = AllocateProducerIds{request, *response};
  co_await enqueue_and_wait(std::move(what));
  co_return response;
}

sim::Task<> Controller::on(const AllocateProducerIds& asked) {
  return requests_.allocate_producer_ids(asked.request, asked.response);
}

sim::Task<std::unique_ptr<AlterPartitionReassignmentsResponse>> Controller::alter_reassignments(
    const AlterPartitionReassignmentsRequest& request) {
  auto response = std::make_unique<AlterPartitionReassignmentsResponse>();
  AlterPartitionReassignmentsResponse& answer = *response;
  What what = Work{[&] { return reassignments_.alter(request, answer); }};
  co_await enqueue_and_wait(std::move(what));
  co_return response;
}

sim::Task<std::unique_ptr<ElectLeadersResponse>> Controller::elect_leaders(
    const ElectLeadersRequest& request) {
  auto response = std::make_unique<ElectLeadersResponse>();
  ElectLeadersResponse& answer = *response;
  What what = Work{[&] { return requests_.elect_leaders(request, answer); }};
  co_await enqueue_and_wait(std::move(what));
  co_return response;
}

sim::Task<std::unique_ptr<CreatePartitionsResponse>> Controller::create_partitions(
    const CreatePartitionsRequest& request) {
  auto response = co_await requests_.create_partitions(request);
  std::vector<std::string> grown;
  for (const AdminResult& one : response->results) {
    if (one.error == ErrorCode::none) grown.push_back(one.partition.topic);
  }
  // As the watch of the topic's node would tell it.
  if (!grown.empty()) enqueue(Work{[=, this] { return add_partitions(grown); }});
  co_return response;
}

sim::Task<> Controller::on(const AlterPartition& asked) { return alter_and_complete(asked); }

/// Source: KafkaController.processAlterPartition.
sim::Task<> Controller::alter_and_complete(const AlterPartition& asked) {
  co_await requests_.alter_partition(asked.request, asked.response);
  std::vector<TopicPartition> grown;
  for (const AlterPartitionResponse::Partition& one : asked.response.partitions) {
    if (one.error == ErrorCode::none) grown.push_back(one.partition);
  }
  if (term_.active() && !grown.empty()) co_await reassignments_.maybe_complete(std::move(grown));
}

sim::Task<> Controller::on(const Work& work) { return work.begin(); }

sim::Task<> Controller::on(const ShutDownBroker& asked) {
  return requests_.controlled_shutdown(asked.request, asked.response);
}

// --- Being elected ---

sim::Task<> Controller::on(const RunForElection&) {
  if (term_.active()) co_return;
  const std::optional<ControllerClaim> claim = co_await store_.claim_controllership(id_);
  if (!claim) co_return;
  term_.begin(*claim);
  co_await take_over();
}

sim::Task<> Controller::on(const Resign&) {
  term_.end();
  co_return;
}

/// What cannot be read is missed until something changes; the session is lost then, in which case
/// the term ends, too. Source: KafkaController.onControllerFailover.
sim::Task<> Controller::take_over() {
  const ControllerEpoch of = term_.epoch();
  deletions_.clear();
  const auto brokers = co_await store_.brokers();
  if (!brokers) co_return;
  for (const auto& [id, broker] : *brokers) context_.add_broker(broker);
  co_await store_.forget_log_dir_failures();
  const auto topics = co_await store_.topics();
  if (!topics) co_return;
  co_await load_topics(*topics, true);
  co_await deletions_.find();
  if (!term_.active()) co_return;
  for (const auto& [id, broker] : *brokers) {
    publisher_.channels().add(broker.endpoint, broker.epoch);
  }

  // Who follows must know first that its leader is alive.
  publisher_.tell_brokers(context_.live_ids());
  term_.send();
  // ReplicaStateMachine.startup: those that are here are told all, then the others leave the ISRs,
  // and lead no more. Only then leaders are elected (PartitionStateMachine.startup).
  publisher_.tell_all_metadata(context_.live_ids());
  publisher_.tell_replicas_of(context_.live_set());
  term_.send();
  publisher_.note_offline(elect_missing_leaders(context_).hopeless);
  IsGone is_gone = [](const TopicPartition&, BrokerId) { return true; };
  co_await remove_from_isrs(context_.missing(), std::move(is_gone));
  co_await bring_online();
  if (term_.active()) co_await reassignments_.resume_all();
  if (term_.active()) co_await deletions_.look();
  if (config_.auto_leader_rebalance_enable) process_.spawn(look_after_leaders(of));
}

/// Source: KafkaController.initializeControllerContext.
sim::Task<> Controller::load_topics(std::vector<std::string> names, bool have_states) {
  if (names.empty()) co_return;
  const StoredTopics topics = co_await store_.read_topics(std::move(names));
  std::vector<TopicPartition> partitions;
  for (const auto& [name, topic] : topics) {
    context_.add_topic(name, topic);
    for (std::size_t i = 0; i < topic.assignment.size(); ++i) {
      partitions.push_back({name, static_cast<int>(i)});
    }
  }
  sim::Cpu& cpu = process_.machine().cpu();
  co_await cpu.run(cpu.demand(static_cast<int>(partitions.size()), 0, Bytes(0)));
  if (!have_states) co_return;
  const PartitionStates states = co_await store_.states(std::move(partitions));
  context_.load(states);
}

// --- Brokers that come and go ---

sim::Task<> Controller::on(const BrokersChanged&) {
  if (!term_.active()) co_return;
  const auto registered = co_await store_.brokers();
  if (!registered) co_return;
  const ControllerContext::BrokerChanges changes = context_.compare(*registered);
  const sim::EventId cause = world().cause();
  for (const BrokerId id : changes.dead) {
    context_.remove_broker(id);
    publisher_.broker_failed(id, cause);
  }
  if (!changes.dead.empty()) co_await brokers_failed(changes.dead);
  if (!term_.active()) co_return;
  for (const BrokerId id : changes.started) {
    context_.add_broker(registered->at(id));
    publisher_.broker_joined(registered->at(id), cause);
  }
  if (!changes.started.empty()) co_await brokers_started(changes.started);
  ++broker_changes_;
}

/// Source: KafkaController.onReplicasBecomeOffline.
sim::Task<> Controller::brokers_failed(std::set<BrokerId> dead) {
  context_.note_dead(dead);
  co_await bring_online();
  IsGone is_gone = [this](const TopicPartition& name, BrokerId) {
    return !context_.is_being_deleted(name.topic);
  };
  co_await remove_from_isrs(dead, std::move(is_gone));
  if (term_.active()) co_await deletions_.fail_all_on(std::move(dead));
}

/// One broker after the other, each with a leader epoch of its own; all are told at the end.
sim::Task<> Controller::remove_from_isrs(std::set<BrokerId> brokers, IsGone is_gone) {
  for (const BrokerId broker : brokers) {
    if (!term_.active()) co_return;
    ControllerTerm::Decide decide = [&] { return shrink_isrs(context_, broker, is_gone); };
    (void)co_await term_.carry_out(std::move(decide));
  }
  if (!term_.active()) co_return;
  publisher_.tell_brokers(context_.live_ids());
  term_.send();
}

sim::Task<> Controller::brokers_started(std::set<BrokerId> started) {
  std::vector<BrokerId> existing = context_.live_ids();
  std::erase_if(existing, [&](BrokerId id) { return started.contains(id); });
  publisher_.tell_brokers(existing);
  publisher_.tell_all_metadata({started.begin(), started.end()});
  term_.send();
  publisher_.tell_replicas_of(started);
  term_.send();
  co_await bring_online();
  if (term_.active()) co_await reassignments_.resume_on(started);
  std::set<std::string> topics;
  for (const auto& [name, partition] : context_.partitions()) {
    const bool here = std::any_of(partition.assignment.begin(), partition.assignment.end(),
                                  [&](BrokerId one) { return started.contains(one); });
    if (here && context_.is_being_deleted(name.topic)) topics.insert(name.topic);
  }
  if (term_.active()) co_await deletions_.resume(std::move(topics));
}

sim::Task<> Controller::bring_online() {
  if (!term_.active()) co_return;
  Elections elections = elect_missing_leaders(context_);
  publisher_.note_offline(elections.hopeless);
  if (!elections.created.empty()) {
    const bool active = co_await term_.create(std::move(elections.created));
    if (!active) co_return;
  }
  ControllerTerm::Decide decide = [this] { return elect_missing_leaders(context_).changed; };
  (void)co_await term_.carry_out(std::move(decide));
  term_.send();
}

// --- Topics ---

sim::Task<> Controller::on(const TopicsChanged&) {
  if (!term_.active()) co_return;
  const auto topics = co_await store_.topics();
  if (!topics) co_return;
  std::vector<std::string> fresh;
  for (const std::string& topic : *topics) {
    if (!context_.has_topic(topic)) fresh.push_back(topic);
  }
  co_await load_topics(std::move(fresh), false);
  co_await bring_online();
}

/// Source: KafkaController.processPartitionModifications.
sim::Task<> Controller::add_partitions(std::vector<std::string> topics) {
  if (!term_.active()) co_return;
  const StoredTopics found = co_await store_.read_topics(std::move(topics));
  for (const auto& [name, topic] : found) {
    if (context_.has_topic(name) && !context_.is_being_deleted(name)) {
      context_.add_topic(name, topic);
    }
  }
  co_await bring_online();
}

// --- Brokers that lose some of their log directories (KIP-112) ---
//
// A broker lets the store know that it has lost one; not which replicas were in it. The controller
// asks by sending it the LeaderAndIsr of all: those that it answers with KAFKA_STORAGE_ERROR are
// gone, until the broker starts again.

sim::Task<> Controller::on(const LogDirFailed&) {
  if (!term_.active()) co_return;
  const std::set<BrokerId> brokers = co_await store_.take_log_dir_failures();
  publisher_.tell_replicas_of(brokers);
  term_.send();
}

void Controller::note_answer(BrokerId broker, const LeaderAndIsrResponse& answer) {
  ReplicasAnswered answered{broker, {}, {}};
  for (const LeaderAndIsrResponse::Partition& one : answer.partitions) {
    const bool known = context_.is_offline(one.partition, broker);
    if (one.error == ErrorCode::kafka_storage_error && !known) {
      answered.gone.push_back(one.partition);
    }
    if (one.error == ErrorCode::none && known) answered.back.push_back(one.partition);
  }
  if (!answered.gone.empty() || !answered.back.empty()) enqueue(std::move(answered));
}

sim::Task<> Controller::on(const ReplicasAnswered& answered) {
  const BrokerId broker = answered.broker;
  if (!term_.active() || !context_.live().contains(broker)) co_return;
  context_.regain_replicas(broker, answered.back);
  const std::set<TopicPartition> gone = context_.lose_replicas(broker, answered.gone);
  if (gone.empty()) co_return;
  publisher_.note_lost_replicas(broker, gone.size());
  co_await bring_online();
  if (!term_.active()) co_return;
  publisher_.tell_to_stop(broker, gone);
  IsGone is_gone = [&](const TopicPartition& name, BrokerId) { return gone.contains(name); };
  std::set<BrokerId> brokers{broker};
  co_await remove_from_isrs(std::move(brokers), std::move(is_gone));
}

// --- Preferred leaders ---

sim::Task<> Controller::look_after_leaders(ControllerEpoch of) {
  co_await world().sleep(first_rebalance_check);
  while (term_.active() && term_.epoch() == of) {
    enqueue(LeadersDue{});
    co_await world().sleep(config_.leader_imbalance_check_interval);
  }
}

/// One preferred leader after the other. Source:
/// KafkaController.checkAndTriggerAutoLeaderRebalance.
sim::Task<> Controller::on(const LeadersDue&) {
  for (const BrokerId broker : context_.live_ids()) {
    if (!term_.active()) co_return;
    const std::optional<Imbalance> imbalance = find_imbalance(context_, broker);
    if (!imbalance) continue;
    publisher_.note_imbalance(broker, imbalance->percentage);
    ControllerTerm::Decide decide = [this, broker] {
      const std::optional<Imbalance> now = find_imbalance(context_, broker);
      return now ? now->moved : PartitionStates();
    };
    (void)co_await term_.carry_out(std::move(decide));
    term_.send();
  }
}

}  // namespace brokerlab::model
