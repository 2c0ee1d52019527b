#include "model/controller/controller.h"

#include "model/controller/zookeeper_paths.h"
#include "model/events.h"
#include "sim/when_all.h"

#include <algorithm>

namespace brokerlab::model {
namespace {

using Type = ZkOperation::Type;

ZkOperation read_operation(Type type, std::string path, bool watch) {
  return {.type = type, .path = std::move(path), .watch = watch};
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
      channels_(owner.process, owner.id, owner.config) {
  channels_.on_leader_and_isr_answer(
      [this](BrokerId broker, const LeaderAndIsrResponse& answer) { note_answer(broker, answer); });
}

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
    case ZkEvent::Type::session_expired:
      enqueue({.type = Job::Type::resign});
      break;
    case ZkEvent::Type::node_deleted:
      if (event.path == zk::controller) run_for_election();
      break;
    case ZkEvent::Type::children_changed:
      if (event.path == zk::broker_ids) enqueue({.type = Job::Type::brokers_changed});
      if (event.path == zk::topics) enqueue({.type = Job::Type::topics_changed});
      if (event.path == zk::log_dir_events) enqueue({.type = Job::Type::log_dirs_changed});
      break;
    default:
      break;
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
    case Job::Type::election:
      co_await elect();
      break;
    case Job::Type::resign:
      resign();
      break;
    case Job::Type::brokers_changed:
      if (active_) co_await brokers_changed();
      break;
    case Job::Type::topics_changed:
      if (active_) co_await topics_changed();
      break;
    case Job::Type::alter_partition:
      co_await do_alter_partition(job);
      break;
    case Job::Type::controlled_shutdown:
      co_await do_controlled_shutdown(job);
      break;
    case Job::Type::preferred_election:
      if (active_) co_await elect_preferred_leaders();
      break;
    case Job::Type::log_dirs_changed:
      if (active_) co_await log_dirs_changed();
      break;
    case Job::Type::replicas_answered:
      if (active_) co_await replicas_answered(job);
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
  ZkReply current =
      co_await zookeeper_.call(read_operation(Type::get, zk::controller_epoch, false));
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
                   .data = zk::encode_controller(id_, cluster_.wall_millis(process_.machine())),
                   .mode = ZkCreateMode::ephemeral});
  claim.push_back({.type = Type::set,
                   .path = zk::controller_epoch,
                   .data = fmt::format("{}", next),
                   .version = current.node.stat.version});
  const std::vector<ZkReply> claimed = co_await zookeeper_.multi(std::move(claim));
  // Watched either way: whoever it is, we run again when that one is gone.
  (void)co_await zookeeper_.call(read_operation(Type::exists, zk::controller, true));
  int version = current.node.stat.version + 1;
  const bool refused =
      std::any_of(claimed.begin(), claimed.end(), [](const ZkReply& reply) { return !reply.ok(); });
  if (refused) {
    // Somebody else was faster, unless it was ourselves: a claim whose answer was lost with the
    // connection is sent again (KafkaZkClient.registerControllerAndIncrementControllerEpoch).
    const std::optional<int> ours = co_await version_if_elected(next);
    if (!ours) co_return;
    version = *ours;
  }
  epoch_ = next;
  epoch_version_ = version;
  active_ = true;
  world().trace().record(events::controller_elected, {.machine = process_.machine().id()},
                         {{"epoch", fmt::format("{}", epoch_)}});
  cluster_.observer.on_controller(id_, epoch_);
  co_await take_over();
}

/// The version of /controller_epoch, if /controller is ours and the epoch is `next`.
sim::Task<std::optional<int>> Controller::version_if_elected(ControllerEpoch next) {
  std::vector<ZkOperation> reads;
  reads.push_back(read_operation(Type::get, zk::controller, false));
  reads.push_back(read_operation(Type::get, zk::controller_epoch, false));
  const std::vector<ZkReply> replies = co_await zookeeper_.pipeline(std::move(reads));
  if (!replies[0].ok() || !replies[1].ok()) co_return std::nullopt;
  const bool ours = zk::decode_controller(replies[0].node.data) == id_ &&
                    replies[0].node.stat.ephemeral_owner == zookeeper_.session() &&
                    replies[1].node.data == fmt::format("{}", next);
  if (!ours) co_return std::nullopt;
  co_return replies[1].node.stat.version;
}

void Controller::resign() {
  if (!active_) return;
  active_ = false;
  channels_.clear();
  live_.clear();
  shutting_down_.clear();
  offline_replicas_.clear();
  topics_.clear();
  partitions_.clear();
  world().trace().record(events::controller_resigned, {.machine = process_.machine().id()});
}

sim::Task<> Controller::take_over() {
  const ControllerEpoch of = epoch_;
  const bool read = co_await read_brokers(live_);
  if (!read || !active_) co_return;
  co_await forget_log_dir_events();
  if (!active_) co_return;
  for (const auto& [id, broker] : live_) channels_.add(broker.endpoint, broker.epoch);
  const ZkReply topics = co_await zookeeper_.call(read_operation(Type::children, zk::topics, true));
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
    entry->second.online = is_online(entry->first, state->state.leader);
  }
}

// --- Brokers that come and go ---

sim::Task<bool> Controller::read_brokers(std::map<BrokerId, LiveBroker>& found) {
  const ZkReply ids =
      co_await zookeeper_.call(read_operation(Type::children, zk::broker_ids, true));
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
  const sim::EventId cause = world().cause();
  for (const BrokerId id : dead) {
    live_.erase(id);
    offline_replicas_.erase(id);
    channels_.remove(id);
    world().trace().record(events::controller_broker_failed,
                           {.machine = process_.machine().id(), .cause = cause},
                           {{"broker", cluster_.broker_name(id)}});
  }
  if (!dead.empty()) co_await brokers_failed(dead);
  for (const BrokerId id : started) {
    live_[id] = now[id];
    channels_.add(now[id].endpoint, now[id].epoch);
    world().trace().record(events::controller_broker_joined,
                           {.machine = process_.machine().id(), .cause = cause},
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
  IsGone is_gone = [&](const TopicPartition&, BrokerId replica) { return dead.contains(replica); };
  co_await shrink_isrs(std::move(is_gone));
}

/// A new leader epoch fences what those who are gone may still have under way.
sim::Task<> Controller::shrink_isrs(IsGone is_gone) {
  States shrunk;
  for (const auto& [name, info] : partitions_) {
    if (info.is_new) continue;
    LeaderAndIsr next = info.state;
    for (const BrokerId id : info.assignment) {
      if (!is_gone(name, id)) continue;
      if (next.isr.size() > 1) std::erase(next.isr, id);
      if (next.leader == id) next.leader = BrokerId();
    }
    if (next == info.state) continue;
    ++next.leader_epoch;
    shrunk[name] = std::move(next);
  }
  const States written = co_await write_states(shrunk);
  if (!active_) co_return;
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
        elect_offline(info.assignment, isr, live_for(name), unclean_allowed(name.topic));
    if (!outcome) {
      if (!info.is_new && info.state.leader.valid()) {
        const sim::World::KeepCause keep(world());
        world().trace().record(events::partition_offline,
                               {.partition = cluster_.partitions.id_of(name)},
                               {{"isr", cluster_.broker_names(info.state.isr)}});
      }
      continue;
    }
    LeaderAndIsr next{outcome->leader, info.is_new ? 0 : info.state.leader_epoch + 1, outcome->isr,
                      info.state.partition_epoch};
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
  const ZkReply topics = co_await zookeeper_.call(read_operation(Type::children, zk::topics, true));
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

// --- Views of the context ---

std::vector<BrokerId> Controller::live_ids() const {
  std::vector<BrokerId> ids;
  for (const auto& [id, broker] : live_) ids.push_back(id);
  return ids;
}

bool Controller::is_online(const TopicPartition& partition, BrokerId replica) const {
  if (!live_.contains(replica)) return false;
  const auto found = offline_replicas_.find(replica);
  return found == offline_replicas_.end() || !found->second.contains(partition);
}

std::set<BrokerId> Controller::live_for(const TopicPartition& partition) const {
  std::set<BrokerId> ids;
  for (const auto& [id, broker] : live_) {
    if (is_online(partition, id)) ids.insert(id);
  }
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
