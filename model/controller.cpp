#include "model/controller.h"

#include "model/events.h"
#include "model/partition.h"
#include "model/zookeeper_paths.h"
#include "sim/when_all.h"

#include <algorithm>

namespace brokerlab::model {
namespace {

using Type = ZkOperation::Type;

/// First check of leader imbalance after taking over (KafkaController.onControllerFailover).
constexpr Duration first_rebalance_check = 5s;

ZkOperation read_operation(Type type, std::string path, bool watch) {
  return {.type = type, .path = std::move(path), .watch = watch};
}

bool contains(const std::vector<BrokerId>& brokers, BrokerId broker) {
  return std::find(brokers.begin(), brokers.end(), broker) != brokers.end();
}

}  // namespace

Controller::Controller(Owner owner)
    : process_(owner.process),
      cluster_(owner.cluster),
      id_(owner.id),
      config_(owner.config),
      zookeeper_(owner.zookeeper),
      random_(owner.process.world().stream(
          fmt::format("{}/controller/{}", owner.process.name(), owner.process.starts()))),
      jobs_(owner.process.world()),
      channels_(owner.process, owner.id, owner.config) {}

Controller::~Controller() = default;

void Controller::start() {
  process_.spawn(run());
  run_for_election();
}

void Controller::run_for_election() { enqueue({.type = Job::Type::election}); }

void Controller::enqueue(Job job) {
  job.cause = world().cause();
  jobs_.push(std::make_shared<Job>(std::move(job)));
}

sim::Task<bool> Controller::enqueue_and_wait(Job job) {
  job.done = std::make_shared<sim::OneShot<bool>>(world());
  const std::shared_ptr<sim::OneShot<bool>> done = job.done;
  enqueue(std::move(job));
  const std::optional<bool> result = co_await done->wait();
  co_return result.value_or(false);
}

void Controller::on_zookeeper_event(const ZkEvent& event) {
  switch (event.type) {
    case ZkEvent::Type::session_expired: enqueue({.type = Job::Type::resign}); break;
    case ZkEvent::Type::node_deleted:
      if (event.path == zk::controller) run_for_election();
      break;
    case ZkEvent::Type::children_changed:
      if (event.path == zk::broker_ids) enqueue({.type = Job::Type::brokers_changed});
      if (event.path == zk::topics) enqueue({.type = Job::Type::topics_changed});
      break;
    default: break;
  }
}

sim::Task<> Controller::run() {
  while (true) {
    std::optional<std::shared_ptr<Job>> job = co_await jobs_.receive();
    if (!job) co_return;
    world().set_cause((*job)->cause);
    co_await handle(**job);
    if ((*job)->done) (*job)->done->set(true);
  }
}

sim::Task<> Controller::handle(Job& job) {
  switch (job.type) {
    case Job::Type::election: co_await elect(); break;
    case Job::Type::resign: resign(); break;
    case Job::Type::brokers_changed:
      if (active_) co_await brokers_changed();
      break;
    case Job::Type::topics_changed:
      if (active_) co_await topics_changed();
      break;
    case Job::Type::alter_partition: co_await do_alter_partition(job); break;
    case Job::Type::controlled_shutdown: co_await do_controlled_shutdown(job); break;
    case Job::Type::preferred_election:
      if (active_) co_await elect_preferred_leaders();
      break;
  }
}

// --- Being elected ---

sim::Task<> Controller::elect() {
  if (active_) co_return;
  const ZkReply existing =
      co_await zookeeper_.call(read_operation(Type::exists, zk::controller, true));
  if (existing.ok()) co_return;
  if (existing.error == ZkError::session_expired) co_return;
  ZkReply current = co_await zookeeper_.call(read_operation(Type::get, zk::controller_epoch, false));
  if (current.error == ZkError::no_node) {
    ZkOperation create{.type = Type::create, .path = zk::controller_epoch, .data = "0"};
    (void)co_await zookeeper_.call(std::move(create));
    current = co_await zookeeper_.call(read_operation(Type::get, zk::controller_epoch, false));
  }
  if (!current.ok()) co_return;
  const ControllerEpoch next(std::stoi(current.node.data) + 1);
  std::vector<ZkOperation> claim;
  claim.push_back({.type = Type::create,
                   .path = zk::controller,
                   .data = zk::encode_controller(id_, cluster_.wall_millis()),
                   .mode = ZkCreateMode::ephemeral});
  claim.push_back({.type = Type::set,
                   .path = zk::controller_epoch,
                   .data = fmt::format("{}", next),
                   .version = current.node.stat.version});
  const std::vector<ZkReply> claimed = co_await zookeeper_.multi(std::move(claim));
  for (const ZkReply& reply : claimed) {
    if (!reply.ok()) {
      // Somebody else was faster; the watch tells when that one is gone.
      (void)co_await zookeeper_.call(read_operation(Type::exists, zk::controller, true));
      co_return;
    }
  }
  (void)co_await zookeeper_.call(read_operation(Type::exists, zk::controller, true));
  epoch_ = next;
  epoch_version_ = current.node.stat.version + 1;
  active_ = true;
  world().trace().record(events::controller_elected, {.machine = process_.machine().id()},
                         {{"epoch", fmt::format("{}", epoch_)}});
  cluster_.observer.on_controller(id_, epoch_);
  co_await take_over();
}

void Controller::resign() {
  if (!active_) return;
  active_ = false;
  channels_.clear();
  live_.clear();
  shutting_down_.clear();
  topics_.clear();
  partitions_.clear();
  world().trace().record(events::controller_resigned, {.machine = process_.machine().id()});
}

sim::Task<> Controller::take_over() {
  const ControllerEpoch of = epoch_;
  const bool read = co_await read_brokers(live_);
  if (!read || !active_) co_return;
  for (const auto& [id, broker] : live_) channels_.add(broker.endpoint, broker.epoch);
  const ZkReply topics =
      co_await zookeeper_.call(read_operation(Type::children, zk::topics, true));
  if (!topics.ok()) co_return;
  for (const std::string& topic : topics.children) co_await load_topic(topic, true);
  if (!active_) co_return;

  channels_.collect_metadata(live_ids(), all_metadata());
  for (const auto& [name, info] : partitions_) {
    if (info.is_new) continue;
    for (const BrokerId replica : info.assignment) {
      if (live_.contains(replica)) send_leader_and_isr(name, info, replica, false);
    }
  }
  flush();
  std::set<BrokerId> dead;
  for (const auto& [name, info] : partitions_) {
    for (const BrokerId replica : info.assignment) {
      if (!live_.contains(replica)) dead.insert(replica);
    }
  }
  if (dead.empty()) {
    co_await bring_online();
  } else {
    co_await brokers_failed(dead);
  }
  if (config_.auto_leader_rebalance_enable) process_.spawn(rebalance_leaders_regularly(of));
}

sim::Task<> Controller::load_topic(const std::string& topic, bool read_states) {
  std::vector<ZkOperation> reads;
  reads.push_back(read_operation(Type::get, zk::topic_path(topic), false));
  reads.push_back(read_operation(Type::get, zk::topic_config_path(topic), false));
  const std::vector<ZkReply> replies = co_await zookeeper_.pipeline(std::move(reads));
  if (!replies[0].ok()) co_return;
  const std::optional<zk::Assignment> assignment = zk::decode_assignment(replies[0].node.data);
  if (!assignment) co_return;
  topics_[topic] =
      replies[1].ok() ? zk::decode_topic_config(replies[1].node.data) : TopicOverrides{};
  std::vector<ZkOperation> states;
  for (std::size_t i = 0; i < assignment->size(); ++i) {
    const TopicPartition name{topic, static_cast<int>(i)};
    PartitionInfo& info = partitions_[name];
    info.assignment = (*assignment)[i];
    if (read_states) states.push_back(read_operation(Type::get, zk::state_path(name), false));
  }
  if (!read_states) co_return;
  const std::vector<ZkReply> found = co_await zookeeper_.pipeline(std::move(states));
  for (std::size_t i = 0; i < found.size(); ++i) {
    if (!found[i].ok()) continue;
    const auto state = zk::decode_state(found[i].node.data, found[i].node.stat.version);
    const auto entry = partitions_.find({topic, static_cast<int>(i)});
    if (!state || entry == partitions_.end()) continue;
    entry->second.state = state->state;
    entry->second.is_new = false;
    entry->second.online = live_.contains(state->state.leader);
  }
}

// --- Brokers that come and go ---

sim::Task<bool> Controller::read_brokers(std::map<BrokerId, LiveBroker>& found) {
  const ZkReply ids = co_await zookeeper_.call(read_operation(Type::children, zk::broker_ids, true));
  if (!ids.ok()) co_return false;
  std::vector<ZkOperation> reads;
  for (const std::string& id : ids.children) {
    reads.push_back(read_operation(Type::get, zk::broker_path(BrokerId(std::stoi(id))), false));
  }
  const std::vector<ZkReply> replies = co_await zookeeper_.pipeline(std::move(reads));
  for (std::size_t i = 0; i < replies.size(); ++i) {
    if (!replies[i].ok()) continue;  // gone meanwhile; the watch will tell
    const BrokerId id(std::stoi(ids.children[i]));
    const std::optional<Address> address = zk::decode_broker(replies[i].node.data);
    if (address) found[id] = {{id, *address}, replies[i].node.stat.czxid};
  }
  co_return true;
}

sim::Task<> Controller::brokers_changed() {
  std::map<BrokerId, LiveBroker> now;
  const bool read = co_await read_brokers(now);
  if (!read || !active_) co_return;
  std::set<BrokerId> started;
  std::set<BrokerId> dead;
  for (const auto& [id, broker] : now) {
    const auto before = live_.find(id);
    if (before == live_.end()) {
      started.insert(id);
    } else if (before->second.epoch != broker.epoch) {
      dead.insert(id);  // bounced between two looks: it died and came back
      started.insert(id);
    }
  }
  for (const auto& [id, broker] : live_) {
    if (!now.contains(id)) dead.insert(id);
  }
  for (const BrokerId id : dead) {
    live_.erase(id);
    channels_.remove(id);
    world().trace().record(events::controller_broker_failed, {.machine = process_.machine().id()},
                           {{"broker", cluster_.broker_name(id)}});
  }
  if (!dead.empty()) co_await brokers_failed(dead);
  for (const BrokerId id : started) {
    live_[id] = now[id];
    channels_.add(now[id].endpoint, now[id].epoch);
    world().trace().record(events::controller_broker_joined, {.machine = process_.machine().id()},
                           {{"broker", cluster_.broker_name(id)}});
  }
  if (!started.empty()) co_await brokers_started(started);
}

sim::Task<> Controller::brokers_failed(const std::set<BrokerId>& dead) {
  for (const BrokerId id : dead) shutting_down_.erase(id);
  for (auto& [name, info] : partitions_) {
    if (!info.is_new && !live_.contains(info.state.leader)) info.online = false;
  }
  co_await bring_online();
  if (!active_) co_return;
  // The dead leave the ISR of the partitions that others lead; a new leader epoch fences what
  // they may still have under way.
  States shrunk;
  for (const auto& [name, info] : partitions_) {
    if (info.is_new) continue;
    LeaderAndIsr next = info.state;
    for (const BrokerId id : dead) {
      if (next.isr.size() > 1) std::erase(next.isr, id);
      if (next.leader == id) next.leader = BrokerId();
    }
    if (next == info.state) continue;
    ++next.leader_epoch;
    shrunk[name] = std::move(next);
  }
  const States written = co_await write_states(shrunk);
  publish(written, false);
  channels_.collect_metadata(live_ids(), {});
  flush();
}

sim::Task<> Controller::brokers_started(const std::set<BrokerId>& started) {
  std::vector<BrokerId> existing;
  for (const BrokerId id : live_ids()) {
    if (!started.contains(id)) existing.push_back(id);
  }
  channels_.collect_metadata(existing, {});
  channels_.collect_metadata({started.begin(), started.end()}, all_metadata());
  for (const auto& [name, info] : partitions_) {
    if (info.is_new) continue;
    for (const BrokerId replica : info.assignment) {
      if (started.contains(replica)) send_leader_and_isr(name, info, replica, false);
    }
  }
  flush();
  co_await bring_online();
}

/// Elects leaders for all partitions that have none, and creates those that are new.
sim::Task<> Controller::bring_online() {
  States elected;
  States created;
  for (auto& [name, info] : partitions_) {
    if (info.online) continue;
    const std::vector<BrokerId>& isr = info.is_new ? info.assignment : info.state.isr;
    const std::optional<Elected> outcome =
        elect_offline(info.assignment, isr, live_set(), unclean_allowed(name.topic));
    if (!outcome) {
      if (!info.is_new && info.state.leader.valid()) {
        world().trace().record(events::partition_offline,
                               {.partition = cluster_.partitions.id_of(name)},
                               {{"isr", cluster_.broker_names(info.state.isr)}});
      }
      continue;
    }
    LeaderAndIsr next{outcome->leader, info.is_new ? 0 : info.state.leader_epoch + 1,
                      outcome->isr, info.state.partition_epoch};
    (info.is_new ? created : elected)[name] = std::move(next);
  }
  if (!created.empty()) {
    const bool made = co_await create_states(created);
    if (made && active_) publish(created, true);
  }
  if (!elected.empty()) {
    const States written = co_await write_states(elected);
    if (active_) publish(written, false);
  }
  flush();
}

// --- Topics ---

sim::Task<> Controller::topics_changed() {
  const ZkReply topics =
      co_await zookeeper_.call(read_operation(Type::children, zk::topics, true));
  if (!topics.ok()) co_return;
  for (const std::string& topic : topics.children) {
    if (!topics_.contains(topic)) co_await load_topic(topic, false);
  }
  if (active_) co_await bring_online();
}

sim::Task<std::unique_ptr<CreateTopicsResponse>> Controller::create_topics(
    CreateTopicsRequest& request) {
  auto response = std::make_unique<CreateTopicsResponse>();
  for (const CreateTopicsRequest::Topic& topic : request.topics) {
    CreateTopicsResponse::Topic& answer =
        response->topics.emplace_back(CreateTopicsResponse::Topic{topic.name});
    if (!active_) {
      answer.error = ErrorCode::not_controller;
      continue;
    }
    if (topics_.contains(topic.name)) {
      answer.error = ErrorCode::topic_already_exists;
      continue;
    }
    const std::vector<BrokerId> brokers = live_ids();
    if (topic.replication_factor > static_cast<int>(brokers.size())) {
      answer.error = ErrorCode::invalid_replication_factor;
      continue;
    }
    const zk::Assignment assignment =
        assign_replicas(brokers, topic.partitions, topic.replication_factor, random_);
    std::vector<ZkOperation> creates;
    creates.push_back({.type = Type::create,
                       .path = zk::topic_config_path(topic.name),
                       .data = zk::encode_topic_config(topic.config)});
    creates.push_back({.type = Type::create,
                       .path = zk::topic_path(topic.name),
                       .data = zk::encode_assignment(assignment)});
    const std::vector<ZkReply> replies = co_await zookeeper_.pipeline(std::move(creates));
    if (replies[1].error == ZkError::node_exists) {
      answer.error = ErrorCode::topic_already_exists;
    } else if (!replies[1].ok()) {
      answer.error = ErrorCode::unknown_server_error;
    }
  }
  co_return response;
}

// --- What is written and told ---

sim::Task<Controller::States> Controller::write_states(const States& states) {
  States written;
  std::vector<sim::Task<std::vector<ZkReply>>> writes;
  for (const auto& [name, state] : states) {
    std::vector<ZkOperation> fenced;
    fenced.push_back(
        {.type = Type::check, .path = zk::controller_epoch, .version = epoch_version_});
    fenced.push_back({.type = Type::set,
                      .path = zk::state_path(name),
                      .data = zk::encode_state(state, epoch_),
                      .version = state.partition_epoch});
    writes.push_back(zookeeper_.multi(std::move(fenced)));
  }
  const std::vector<std::vector<ZkReply>> replies =
      co_await sim::when_all(process_, std::move(writes));
  std::size_t i = 0;
  bool fenced_off = false;
  for (const auto& [name, state] : states) {
    const std::vector<ZkReply>& reply = replies[i++];
    if (!reply[0].ok()) {
      fenced_off = true;
    } else if (reply[1].ok()) {
      written[name] = state;
      written[name].partition_epoch = reply[1].node.stat.version;
    }
  }
  if (fenced_off) resign();  // another controller's epoch is in force
  co_return written;
}

sim::Task<bool> Controller::create_states(const States& states) {
  std::vector<ZkOperation> parents;
  std::vector<sim::Task<std::vector<ZkReply>>> creates;
  std::string topic;
  for (const auto& [name, state] : states) {
    if (name.topic != topic) {
      topic = name.topic;
      parents.push_back({.type = Type::create, .path = zk::topic_partitions_path(topic)});
    }
    parents.push_back({.type = Type::create, .path = zk::partition_path(name)});
  }
  (void)co_await zookeeper_.pipeline(std::move(parents));
  for (const auto& [name, state] : states) {
    std::vector<ZkOperation> fenced;
    fenced.push_back(
        {.type = Type::check, .path = zk::controller_epoch, .version = epoch_version_});
    fenced.push_back({.type = Type::create,
                      .path = zk::state_path(name),
                      .data = zk::encode_state(state, epoch_)});
    creates.push_back(zookeeper_.multi(std::move(fenced)));
  }
  const std::vector<std::vector<ZkReply>> replies =
      co_await sim::when_all(process_, std::move(creates));
  for (const std::vector<ZkReply>& reply : replies) {
    if (!reply[0].ok()) {
      resign();
      co_return false;
    }
  }
  co_return true;
}

/// Takes new states into force: remembered, traced, told to the replicas and to everybody.
void Controller::publish(const States& states, bool is_new) {
  std::vector<UpdateMetadataRequest::Partition> metadata;
  const sim::EventId cause = world().cause();
  for (const auto& [name, state] : states) {
    PartitionInfo& info = partitions_[name];
    const LeaderAndIsr before = info.state;
    info.state = state;
    info.is_new = false;
    info.online = live_.contains(state.leader);
    world().set_cause(cause);
    if (is_new) {
      world().trace().record(events::partition_created,
                             {.partition = cluster_.partitions.id_of(name)},
                             {{"leader", cluster_.broker_name(state.leader)}});
    } else {
      announce(name, info, before);
    }
    cluster_.observer.on_partition_state(name, state.leader, state.leader_epoch, state.isr,
                                         info.assignment);
    for (const BrokerId replica : info.assignment) {
      if (live_.contains(replica)) send_leader_and_isr(name, info, replica, is_new);
    }
    metadata.push_back({name, state, info.assignment});
  }
  world().set_cause(cause);
  if (!metadata.empty()) channels_.collect_metadata(live_ids(), metadata);
}

void Controller::announce(const TopicPartition& name, const PartitionInfo& info,
                          const LeaderAndIsr& before) {
  const sim::PartitionId id = cluster_.partitions.id_of(name);
  if (info.state.leader != before.leader && info.state.leader.valid()) {
    world().trace().record(events::partition_leader_elected, {.partition = id},
                           {{"leader", cluster_.broker_name(info.state.leader)},
                            {"epoch", std::to_string(info.state.leader_epoch)},
                            {"isr", cluster_.broker_names(info.state.isr)}});
  } else if (info.state.isr != before.isr) {
    const bool shrunk = info.state.isr.size() < before.isr.size();
    world().trace().record(
        shrunk ? events::partition_isr_shrunk : events::partition_isr_expanded,
        {.partition = id},
        {{"from", cluster_.broker_names(before.isr)},
         {"to", cluster_.broker_names(info.state.isr)}});
  }
}

void Controller::send_leader_and_isr(const TopicPartition& name, const PartitionInfo& info,
                                     BrokerId to, bool is_new) {
  channels_.collect_leader_and_isr(to, {name, info.state, info.assignment, is_new});
}

void Controller::flush() {
  if (active_) channels_.send(epoch_, live_endpoints());
}

// --- ISR changes ---

sim::Task<std::unique_ptr<AlterPartitionResponse>> Controller::alter_partition(
    AlterPartitionRequest& request) {
  auto response = std::make_unique<AlterPartitionResponse>();
  Job job{.type = Job::Type::alter_partition,
          .alter = &request,
          .alter_answer = response.get()};
  (void)co_await enqueue_and_wait(std::move(job));
  co_return response;
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
    const bool all_eligible =
        std::all_of(change.new_isr.begin(), change.new_isr.end(), [&](BrokerId id) {
          return (live_.contains(id) && !shutting_down_.contains(id)) ||
                 contains(info.state.isr, id);
        });
    if (change.leader_epoch != info.state.leader_epoch) {
      reply.error = ErrorCode::fenced_leader_epoch;
    } else if (change.partition_epoch != info.state.partition_epoch) {
      reply.error = ErrorCode::invalid_update_version;
    } else if (!all_eligible) {
      reply.error = ErrorCode::ineligible_replica;
    } else if (info.state.isr != change.new_isr) {
      LeaderAndIsr next = info.state;
      next.isr = change.new_isr;
      wanted[change.partition] = std::move(next);
    }
  }
  const States written = co_await write_states(wanted);
  if (!active_) {
    answer.error = ErrorCode::not_controller;
    co_return;
  }
  std::vector<UpdateMetadataRequest::Partition> metadata;
  const sim::EventId cause = world().cause();
  for (AlterPartitionResponse::Partition& reply : answer.partitions) {
    if (!wanted.contains(reply.partition)) continue;
    const auto done = written.find(reply.partition);
    if (done == written.end()) {
      reply.error = ErrorCode::invalid_update_version;
      continue;
    }
    PartitionInfo& info = partitions_[reply.partition];
    const LeaderAndIsr before = std::exchange(info.state, done->second);
    reply.state = info.state;
    world().set_cause(cause);
    announce(reply.partition, info, before);
    cluster_.observer.on_partition_state(reply.partition, info.state.leader,
                                         info.state.leader_epoch, info.state.isr,
                                         info.assignment);
    metadata.push_back({reply.partition, info.state, info.assignment});
  }
  world().set_cause(cause);
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
          elect_for_shutdown(info.assignment, info.state.isr, live_set(), shutting_down_);
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
  const sim::EventId cause = world().cause();
  for (const auto& [broker, live] : live_) {
    int preferred = 0;
    int elsewhere = 0;
    for (const auto& [name, info] : partitions_) {
      if (info.is_new || info.assignment.front() != broker) continue;
      ++preferred;
      if (info.state.leader != broker) ++elsewhere;
    }
    if (preferred == 0) continue;
    const int imbalance = 100 * elsewhere / preferred;
    if (imbalance <= config_.leader_imbalance_per_broker_percentage) continue;
    world().set_cause(cause);
    world().trace().record(events::preferred_leader_election,
                           {.machine = process_.machine().id()},
                           {{"imbalance", std::to_string(imbalance)},
                            {"broker", cluster_.broker_name(broker)}});
    for (const auto& [name, info] : partitions_) {
      if (info.is_new || info.assignment.front() != broker || info.state.leader == broker) {
        continue;
      }
      const std::optional<Elected> elected =
          elect_preferred(info.assignment, info.state.isr, live_set());
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

// --- Views of the context ---

std::vector<BrokerId> Controller::live_ids() const {
  std::vector<BrokerId> ids;
  for (const auto& [id, broker] : live_) ids.push_back(id);
  return ids;
}

std::set<BrokerId> Controller::live_set() const {
  std::set<BrokerId> ids;
  for (const auto& [id, broker] : live_) ids.insert(id);
  return ids;
}

std::vector<BrokerEndpoint> Controller::live_endpoints() const {
  std::vector<BrokerEndpoint> endpoints;
  for (const auto& [id, broker] : live_) endpoints.push_back(broker.endpoint);
  return endpoints;
}

std::vector<UpdateMetadataRequest::Partition> Controller::all_metadata() const {
  std::vector<UpdateMetadataRequest::Partition> all;
  for (const auto& [name, info] : partitions_) {
    if (!info.is_new) all.push_back({name, info.state, info.assignment});
  }
  return all;
}

bool Controller::unclean_allowed(const std::string& topic) const {
  const auto found = topics_.find(topic);
  const TopicOverrides overrides = found == topics_.end() ? TopicOverrides{} : found->second;
  return TopicConfig::in_force(config_, overrides).unclean_leader_election_enable;
}

}  // namespace brokerlab::model
