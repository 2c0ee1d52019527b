#include "model/controller/controller.h"

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
    case MetadataEvent::Type::log_dir_failed:
      enqueue(LogDirFailed{});
      break;
    case MetadataEvent::Type::session_lost:
      enqueue(Resign{});
      break;
  }
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

sim::Task<> Controller::on(const AlterPartition& asked) {
  return requests_.alter_partition(asked.request, asked.response);
}

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
/// the term ends, too.
sim::Task<> Controller::take_over() {
  const ControllerEpoch of = term_.epoch();
  const auto brokers = co_await store_.brokers();
  if (!brokers) co_return;
  for (const auto& [id, broker] : *brokers) context_.add_broker(broker);
  co_await store_.forget_log_dir_failures();
  for (const auto& [id, broker] : *brokers) {
    publisher_.channels().add(broker.endpoint, broker.epoch);
  }
  const auto topics = co_await store_.topics();
  if (!topics) co_return;
  for (const std::string& topic : *topics) co_await load_topic(topic, true);

  // Who follows must know first that its leader is alive (onControllerFailover).
  publisher_.tell_brokers(context_.live_ids());
  term_.send();
  publisher_.tell_all_metadata(context_.live_ids());
  publisher_.tell_replicas_of(context_.live_set());
  term_.send();
  std::set<BrokerId> dead = context_.missing();
  if (dead.empty()) {
    co_await bring_online();
  } else {
    co_await brokers_failed(std::move(dead));
  }
  if (config_.auto_leader_rebalance_enable) process_.spawn(look_after_leaders(of));
}

sim::Task<> Controller::load_topic(std::string topic, bool has_states) {
  const std::optional<StoredTopic> found = co_await store_.topic(topic);
  if (!found) co_return;
  context_.add_topic(topic, *found);
  if (!has_states) co_return;
  const PartitionStates states =
      co_await store_.states(topic, static_cast<int>(found->assignment.size()));
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
}

sim::Task<> Controller::brokers_failed(std::set<BrokerId> dead) {
  context_.note_dead(dead);
  co_await bring_online();
  IsGone is_gone = [&](const TopicPartition&, BrokerId replica) { return dead.contains(replica); };
  co_await remove_from_isrs(std::move(is_gone));
}

sim::Task<> Controller::remove_from_isrs(IsGone is_gone) {
  if (!term_.active()) co_return;
  const bool active = co_await term_.put_in_force(shrink_isrs(context_, is_gone));
  if (!active) co_return;
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
}

sim::Task<> Controller::bring_online() {
  if (!term_.active()) co_return;
  Elections elections = elect_missing_leaders(context_);
  publisher_.note_offline(elections.hopeless);
  if (!elections.created.empty()) {
    const bool active = co_await term_.create(std::move(elections.created));
    if (!active) co_return;
  }
  if (!elections.changed.empty()) {
    const bool active = co_await term_.put_in_force(std::move(elections.changed));
    if (!active) co_return;
  }
  term_.send();
}

// --- Topics ---

sim::Task<> Controller::on(const TopicsChanged&) {
  if (!term_.active()) co_return;
  const auto topics = co_await store_.topics();
  if (!topics) co_return;
  for (const std::string& topic : *topics) {
    if (!context_.has_topic(topic)) co_await load_topic(topic, false);
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
  IsGone is_gone = [&](const TopicPartition& name, BrokerId replica) {
    return replica == broker && gone.contains(name);
  };
  co_await remove_from_isrs(std::move(is_gone));
}

// --- Preferred leaders ---

sim::Task<> Controller::look_after_leaders(ControllerEpoch of) {
  co_await world().sleep(first_rebalance_check);
  while (term_.active() && term_.epoch() == of) {
    enqueue(LeadersDue{});
    co_await world().sleep(config_.leader_imbalance_check_interval);
  }
}

sim::Task<> Controller::on(const LeadersDue&) {
  if (!term_.active()) co_return;
  PartitionStates moved;
  for (Imbalance& imbalance : find_imbalances(context_)) {
    publisher_.note_imbalance(imbalance.broker, imbalance.percentage);
    moved.merge(imbalance.moved);
  }
  if (moved.empty()) co_return;
  const bool active = co_await term_.put_in_force(std::move(moved));
  if (active) term_.send();
}

}  // namespace brokerlab::model
