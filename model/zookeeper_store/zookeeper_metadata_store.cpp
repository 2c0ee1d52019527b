#include "model/zookeeper_store/zookeeper_metadata_store.h"

#include "model/zookeeper_store/zookeeper_paths.h"
#include "sim/when_all.h"

#include <algorithm>

namespace brokerlab::model {
namespace {

using Type = ZkOperation::Type;

ZkOperation watched(Type type, std::string path) {
  return {.type = type, .path = std::move(path), .watch = true};
}

/// A state's write stands or falls with the controller's epoch.
std::vector<ZkOperation> fenced(ControllerClaim claim, ZkOperation write) {
  std::vector<ZkOperation> operations;
  operations.push_back({.type = Type::check, .path = zk::controller_epoch, .version = claim.fence});
  operations.push_back(std::move(write));
  return operations;
}

/// Nothing for what neither Broker nor Controller acts upon.
std::optional<MetadataEvent::Type> meaning(const ZkEvent& event) {
  using Meaning = MetadataEvent::Type;
  switch (event.type) {
    case ZkEvent::Type::session_expired:
      return Meaning::session_lost;
    case ZkEvent::Type::node_deleted:
      if (event.path == zk::controller) return Meaning::controller_gone;
      return std::nullopt;
    case ZkEvent::Type::children_changed:
      if (event.path == zk::broker_ids) return Meaning::brokers_changed;
      if (event.path == zk::topics) return Meaning::topics_changed;
      if (event.path == zk::delete_topics) return Meaning::deletions_changed;
      if (event.path == zk::log_dir_events) return Meaning::log_dir_failed;
      if (event.path == zk::config_changes) return Meaning::configs_changed;
      return std::nullopt;
    default:
      return std::nullopt;
  }
}

}  // namespace

ZooKeeperMetadataStore::ZooKeeperMetadataStore(sim::Process& process, const ClusterContext& cluster,
                                               const BrokerConfig& config,
                                               std::vector<Address> servers, bool settings_change)
    : process_(process),
      cluster_(cluster),
      config_(config),
      settings_change_(settings_change),
      zookeeper_(process, std::move(servers), config.zookeeper_session_timeout, process.name()) {}

// --- The session ---

sim::Task<Status<MetadataStore::Refused>> ZooKeeperMetadataStore::connect() {
  zookeeper_.start();
  const Duration patience =
      config_.zookeeper_connection_timeout.value_or(config_.zookeeper_session_timeout);
  const bool connected = co_await zookeeper_.wait_connected(process_.world().now() + patience);
  if (connected) co_return Status<Refused>();
  const Phrase none{"no connection to ZooKeeper", "주키퍼에 연결할 수 없음"};
  co_return fail(Refused{none, none});
}

sim::Task<bool> ZooKeeperMetadataStore::connect_again() {
  zookeeper_.start();
  return zookeeper_.wait_connected(never);
}

sim::Task<> ZooKeeperMetadataStore::close() { return zookeeper_.close(); }

sim::Task<std::optional<MetadataEvent>> ZooKeeperMetadataStore::next_event() {
  while (true) {
    const std::optional<ZkEvent> event = co_await zookeeper_.events().receive();
    if (!event) co_return std::nullopt;
    const std::optional<MetadataEvent::Type> type = meaning(*event);
    if (type) co_return MetadataEvent{*type, event->cause};
  }
}

// --- The broker ---

sim::Task<MetadataStore::BrokerConfigs> ZooKeeperMetadataStore::prepare(BrokerId broker) {
  std::vector<ZkOperation> operations;
  for (const std::string& path : zk::persistent_paths()) {
    operations.push_back({.type = Type::create, .path = path});
  }
  if (!settings_change_) {
    // All but the first broker find them there.
    (void)co_await zookeeper_.pipeline(std::move(operations));
    co_return BrokerConfigs();
  }
  for (const std::string& path : zk::config_paths()) {
    operations.push_back({.type = Type::create, .path = path});
  }
  const std::size_t paths = operations.size();
  operations.push_back(watched(Type::children, zk::config_changes));
  for (const std::string& name : {std::string(), std::to_string(broker.value())}) {
    operations.push_back(
        {.type = Type::get, .path = zk::config_path({ConfigResource::broker, name})});
  }
  for (const char* path : {zk::client_quotas, zk::user_quotas}) {
    operations.push_back({.type = Type::children, .path = path});
  }
  std::vector<ZkReply> replies = co_await zookeeper_.pipeline(std::move(operations));
  BrokerConfigs configs;
  if (replies[paths].ok()) note_changes(replies[paths].children);
  if (replies[paths + 1].ok()) configs.of_all = replies[paths + 1].node.data;
  if (replies[paths + 2].ok()) configs.own = replies[paths + 2].node.data;
  std::vector<std::string> clients = std::move(replies[paths + 3].children);
  std::vector<std::string> users = std::move(replies[paths + 4].children);
  if (!clients.empty() || !users.empty()) {
    configs.quotas = co_await quotas(std::move(clients), std::move(users));
  }
  co_return configs;
}

/// ZkConfigManager.startup: of clients, of users, and of clients of users.
sim::Task<std::vector<std::string>> ZooKeeperMetadataStore::quotas(std::vector<std::string> clients,
                                                                   std::vector<std::string> users) {
  std::vector<std::string> paths;
  std::vector<ZkOperation> looks;
  for (const std::string& one : clients) {
    paths.push_back(fmt::format("{}/{}", zk::client_quotas, one));
  }
  for (const std::string& one : users) {
    paths.push_back(fmt::format("{}/{}", zk::user_quotas, one));
    looks.push_back({.type = Type::children, .path = paths.back() + "/clients"});
  }
  const std::vector<ZkReply> found = co_await zookeeper_.pipeline(std::move(looks));
  for (std::size_t i = 0; i < users.size(); ++i) {
    for (const std::string& one : found[i].children) {
      paths.push_back(fmt::format("{}/{}/clients/{}", zk::user_quotas, users[i], one));
    }
  }
  std::vector<ZkOperation> reads;
  for (std::string& path : paths) {
    reads.push_back({.type = Type::get, .path = std::move(path)});
  }
  std::vector<ZkReply> replies = co_await zookeeper_.pipeline(std::move(reads));
  std::vector<std::string> texts;
  for (ZkReply& reply : replies) {
    if (reply.ok()) texts.push_back(std::move(reply.node.data));
  }
  co_return texts;
}

/// Those behind the last one that was looked at, in the order of their numbers.
std::vector<std::string> ZooKeeperMetadataStore::note_changes(std::vector<std::string> children) {
  std::sort(children.begin(), children.end());
  std::erase_if(children, [&](const std::string& name) { return name <= last_change_; });
  if (!children.empty()) last_change_ = children.back();
  return children;
}

sim::Task<std::optional<std::string>> ZooKeeperMetadataStore::config(ConfigEntity entity) {
  ZkOperation get{.type = Type::get, .path = zk::config_path(entity)};
  ZkReply reply = co_await zookeeper_.call(std::move(get));
  if (reply.error == ZkError::no_node) co_return "{}";
  if (!reply.ok()) co_return std::nullopt;
  co_return std::move(reply.node.data);
}

/// AdminZkClient.changeEntityConfig, KafkaZkClient.setOrCreateEntityConfigs. The notification is
/// written when the settings are.
sim::Task<bool> ZooKeeperMetadataStore::write_config(ConfigEntity entity, std::string json) {
  ZkOperation set{.type = Type::set, .path = zk::config_path(entity), .data = json};
  ZkReply written = co_await zookeeper_.call(std::move(set));
  if (written.error == ZkError::no_node) {
    const std::string path = zk::config_path(entity);
    const std::size_t of_client = path.rfind("/clients/");
    if (path.starts_with(zk::user_quotas) && of_client != std::string::npos) {
      std::vector<ZkOperation> parents;
      parents.push_back({.type = Type::create, .path = path.substr(0, of_client), .data = "{}"});
      parents.push_back({.type = Type::create, .path = path.substr(0, of_client) + "/clients"});
      // Those of another client of the user are there already.
      (void)co_await zookeeper_.pipeline(std::move(parents));
    }
    ZkOperation create{
        .type = Type::create, .path = zk::config_path(entity), .data = std::move(json)};
    written = co_await zookeeper_.call(std::move(create));
  }
  if (!written.ok()) co_return false;
  ZkOperation tell{.type = Type::create,
                   .path = fmt::format("{}/config_change_", zk::config_changes),
                   .data = zk::encode_config_change(entity),
                   .mode = ZkCreateMode::persistent_sequential};
  const ZkReply told = co_await zookeeper_.call(std::move(tell));
  co_return told.ok();
}

/// ZkNodeChangeNotificationListener. Kafka removes those that are older than 15 minutes.
sim::Task<std::vector<ConfigEntity>> ZooKeeperMetadataStore::take_config_changes() {
  std::vector<ConfigEntity> changed;
  ZkReply children = co_await zookeeper_.call(watched(Type::children, zk::config_changes));
  if (!children.ok()) co_return changed;
  std::vector<ZkOperation> reads;
  for (const std::string& name : note_changes(std::move(children.children))) {
    reads.push_back({.type = Type::get, .path = fmt::format("{}/{}", zk::config_changes, name)});
  }
  if (reads.empty()) co_return changed;
  const std::vector<ZkReply> replies = co_await zookeeper_.pipeline(std::move(reads));
  for (const ZkReply& reply : replies) {
    if (!reply.ok()) continue;
    const auto entity = zk::decode_config_change(reply.node.data);
    const bool known = std::find(changed.begin(), changed.end(), entity) != changed.end();
    if (entity && !known) changed.push_back(*entity);
  }
  co_return changed;
}

/// KafkaZkClient.CheckedEphemeral: the node may be ours after all (the answer to the first try was
/// lost), of an earlier session of this very process, or gone by the time it is looked at.
sim::Task<Result<std::int64_t, MetadataStore::Refused>> ZooKeeperMetadataStore::register_broker(
    BrokerEndpoint broker) {
  const std::string path = zk::broker_path(broker.id);
  while (true) {
    ZkOperation create{.type = Type::create,
                       .path = path,
                       .data = zk::encode_broker(broker, stamp_millis()),
                       .mode = ZkCreateMode::ephemeral};
    ZkReply reply = co_await zookeeper_.call(std::move(create));
    if (reply.error == ZkError::node_exists) {
      ZkOperation get{.type = Type::get, .path = path};
      reply = co_await zookeeper_.call(std::move(get));
      if (reply.error == ZkError::no_node) continue;
      const SessionId owner = reply.node.stat.ephemeral_owner;
      if (reply.ok() && registered_session_ && owner == registered_session_) {
        ZkOperation remove{.type = Type::remove, .path = path};
        // Whether it was there still, or the session is gone: the next create tells.
        (void)co_await zookeeper_.call(std::move(remove));
        continue;
      }
      if (reply.ok() && owner != zookeeper_.session()) {
        // As Kafka does (KAFKA-6584): the node of the former life is still there, owned by a
        // session that has not expired. The process gives up; whoever supervises it tries again.
        const Phrase why{"its registration still exists, held by the session of its former life",
                         "이전 세션이 쥔 등록이 아직 남아 있다"};
        const Phrase node_exists{"NODE_EXISTS at registration", "등록할 때 NODE_EXISTS"};
        co_return fail(Refused{why, node_exists});
      }
    }
    if (!reply.ok()) {
      const Phrase expired{"its ZooKeeper session expired before it was registered",
                           "등록하기 전에 주키퍼 세션이 만료됐다"};
      co_return fail(Refused{expired, expired});
    }
    registered_session_ = zookeeper_.session();
    co_return reply.node.stat.czxid;
  }
}

sim::Task<TopicOverrides> ZooKeeperMetadataStore::topic_config(std::string topic) {
  ZkOperation get{.type = Type::get, .path = zk::topic_config_path(topic)};
  const ZkReply reply = co_await zookeeper_.call(std::move(get));
  co_return reply.ok() ? zk::decode_topic_config(reply.node.data) : TopicOverrides{};
}

/// KafkaZkClient.propagateLogDirEvent.
sim::Task<> ZooKeeperMetadataStore::tell_log_dir_failed(BrokerId broker) {
  ZkOperation create{.type = Type::create,
                     .path = fmt::format("{}/log_dir_event_", zk::log_dir_events),
                     .data = zk::encode_log_dir_event(broker),
                     .mode = ZkCreateMode::persistent_sequential};
  // Fails with the session only; the broker then registers anew, and the controller asks it for
  // all its replicas.
  (void)co_await zookeeper_.call(std::move(create));
}

// --- The controllership ---

sim::Task<std::optional<ControllerClaim>> ZooKeeperMetadataStore::claim_controllership(
    BrokerId broker) {
  const ZkReply existing = co_await zookeeper_.call(watched(Type::exists, zk::controller));
  if (existing.ok()) co_return std::nullopt;
  if (existing.error == ZkError::session_expired) co_return std::nullopt;
  ZkOperation get{.type = Type::get, .path = zk::controller_epoch};
  ZkReply current = co_await zookeeper_.call(get);
  if (current.error == ZkError::no_node) {
    ZkOperation create{.type = Type::create, .path = zk::controller_epoch, .data = "0"};
    // Another broker may be faster; whoever made it, it is read next.
    (void)co_await zookeeper_.call(std::move(create));
    current = co_await zookeeper_.call(get);
  }
  if (!current.ok()) co_return std::nullopt;
  const ControllerEpoch next(std::stoi(current.node.data) + 1);
  std::vector<ZkOperation> claim;
  claim.push_back({.type = Type::create,
                   .path = zk::controller,
                   .data = zk::encode_controller(broker, stamp_millis()),
                   .mode = ZkCreateMode::ephemeral});
  claim.push_back({.type = Type::set,
                   .path = zk::controller_epoch,
                   .data = fmt::format("{}", next),
                   .version = current.node.stat.version});
  const std::vector<ZkReply> claimed = co_await zookeeper_.multi(std::move(claim));
  // For its watch alone: whoever it is, we run again when that one is gone.
  (void)co_await zookeeper_.call(watched(Type::exists, zk::controller));
  const bool refused =
      std::any_of(claimed.begin(), claimed.end(), [](const ZkReply& reply) { return !reply.ok(); });
  if (!refused) co_return ControllerClaim{next, current.node.stat.version + 1};
  // Somebody else was faster, unless it was ourselves: a claim whose answer was lost with the
  // connection is sent again (KafkaZkClient.registerControllerAndIncrementControllerEpoch).
  const std::optional<int> ours = co_await version_if_elected(broker, next);
  if (!ours) co_return std::nullopt;
  co_return ControllerClaim{next, *ours};
}

/// The version of /controller_epoch, if /controller is ours and the epoch is `next`.
sim::Task<std::optional<int>> ZooKeeperMetadataStore::version_if_elected(BrokerId broker,
                                                                         ControllerEpoch next) {
  std::vector<ZkOperation> reads;
  reads.push_back({.type = Type::get, .path = zk::controller});
  reads.push_back({.type = Type::get, .path = zk::controller_epoch});
  const std::vector<ZkReply> replies = co_await zookeeper_.pipeline(std::move(reads));
  if (!replies[0].ok() || !replies[1].ok()) co_return std::nullopt;
  const bool ours = zk::decode_controller(replies[0].node.data) == broker &&
                    replies[0].node.stat.ephemeral_owner == zookeeper_.session() &&
                    replies[1].node.data == fmt::format("{}", next);
  if (!ours) co_return std::nullopt;
  co_return replies[1].node.stat.version;
}

// --- Brokers and topics ---

sim::Task<std::optional<std::map<BrokerId, RegisteredBroker>>> ZooKeeperMetadataStore::brokers() {
  const ZkReply ids = co_await zookeeper_.call(watched(Type::children, zk::broker_ids));
  if (!ids.ok()) co_return std::nullopt;
  std::vector<ZkOperation> reads;
  for (const std::string& id : ids.children) {
    reads.push_back({.type = Type::get, .path = zk::broker_path(BrokerId(std::stoi(id)))});
  }
  const std::vector<ZkReply> replies = co_await zookeeper_.pipeline(std::move(reads));
  std::map<BrokerId, RegisteredBroker> found;
  for (std::size_t i = 0; i < replies.size(); ++i) {
    if (!replies[i].ok()) continue;  // gone meanwhile; the watch will tell
    const BrokerId id(std::stoi(ids.children[i]));
    const std::optional<BrokerEndpoint> broker = zk::decode_broker(id, replies[i].node.data);
    if (broker) found[id] = {*broker, replies[i].node.stat.czxid};
  }
  co_return found;
}

sim::Task<std::optional<std::vector<std::string>>> ZooKeeperMetadataStore::topics() {
  ZkReply found = co_await zookeeper_.call(watched(Type::children, zk::topics));
  if (!found.ok()) co_return std::nullopt;
  co_return std::move(found.children);
}

sim::Task<StoredTopics> ZooKeeperMetadataStore::read_topics(std::vector<std::string> names) {
  std::vector<ZkOperation> reads;
  reads.reserve(names.size() * 2);
  for (const std::string& name : names) {
    reads.push_back({.type = Type::get, .path = zk::topic_path(name)});
    reads.push_back({.type = Type::get, .path = zk::topic_config_path(name)});
  }
  const std::vector<ZkReply> replies = co_await zookeeper_.pipeline(std::move(reads));
  StoredTopics found;
  for (std::size_t i = 0; i < names.size(); ++i) {
    const ZkReply& topic = replies[2 * i];
    const ZkReply& config = replies[2 * i + 1];
    std::optional<StoredTopic> decoded;
    if (topic.ok()) decoded = zk::decode_assignment(topic.node.data);
    if (!decoded) continue;
    StoredTopic& stored = found[names[i]] = std::move(*decoded);
    if (config.ok()) stored.config = zk::decode_topic_config(config.node.data);
  }
  co_return found;
}

sim::Task<PartitionStates> ZooKeeperMetadataStore::states(std::vector<TopicPartition> partitions) {
  std::vector<ZkOperation> reads;
  reads.reserve(partitions.size());
  for (const TopicPartition& name : partitions) {
    reads.push_back({.type = Type::get, .path = zk::state_path(name)});
  }
  const std::vector<ZkReply> replies = co_await zookeeper_.pipeline(std::move(reads));
  PartitionStates found;
  for (std::size_t i = 0; i < partitions.size(); ++i) {
    const ZkReply& reply = replies[i];
    if (!reply.ok()) continue;
    const auto state = zk::decode_state(reply.node.data, reply.node.stat.version);
    if (state) found[partitions[i]] = state->state;
  }
  co_return found;
}

sim::Task<MetadataStore::TopicCreation> ZooKeeperMetadataStore::create_topic(std::string name,
                                                                             StoredTopic topic) {
  std::vector<ZkOperation> creates;
  creates.push_back({.type = Type::create,
                     .path = zk::topic_config_path(name),
                     .data = zk::encode_topic_config(topic.config)});
  creates.push_back(
      {.type = Type::create, .path = zk::topic_path(name), .data = zk::encode_assignment(topic)});
  const std::vector<ZkReply> replies = co_await zookeeper_.pipeline(std::move(creates));
  if (replies[1].ok()) co_return TopicCreation::created;
  co_return replies[1].error == ZkError::node_exists ? TopicCreation::exists
                                                     : TopicCreation::failed;
}

sim::Task<bool> ZooKeeperMetadataStore::write_topic(std::optional<ControllerClaim> claim,
                                                    std::string name, StoredTopic topic) {
  ZkOperation set{
      .type = Type::set, .path = zk::topic_path(name), .data = zk::encode_assignment(topic)};
  if (!claim) {
    const ZkReply reply = co_await zookeeper_.call(std::move(set));
    co_return reply.ok();
  }
  const std::vector<ZkReply> replies = co_await zookeeper_.multi(fenced(*claim, std::move(set)));
  co_return replies[0].ok();
}

// --- Topics that go ---

/// Source: AdminZkClient.deleteTopic.
sim::Task<MetadataStore::DeletionRequest> ZooKeeperMetadataStore::request_deletion(
    std::string name) {
  ZkOperation look{.type = Type::exists, .path = zk::topic_path(name)};
  const ZkReply topic = co_await zookeeper_.call(std::move(look));
  if (topic.error == ZkError::no_node) co_return DeletionRequest::unknown_topic;
  ZkOperation create{.type = Type::create, .path = zk::delete_topic_path(name)};
  const ZkReply noted = co_await zookeeper_.call(std::move(create));
  const bool is_there = noted.ok() || noted.error == ZkError::node_exists;
  co_return is_there ? DeletionRequest::noted : DeletionRequest::failed;
}

sim::Task<std::optional<std::vector<std::string>>> ZooKeeperMetadataStore::deletions() {
  ZkReply found = co_await zookeeper_.call(watched(Type::children, zk::delete_topics));
  if (!found.ok()) co_return std::nullopt;
  co_return std::move(found.children);
}

/// One after the other, as KafkaZkClient.deleteRecursive. What is not there is gone.
sim::Task<bool> ZooKeeperMetadataStore::remove_all(ControllerClaim claim,
                                                   std::vector<std::string> paths) {
  for (std::string& path : paths) {
    ZkOperation remove{.type = Type::remove, .path = std::move(path)};
    const std::vector<ZkReply> replies =
        co_await zookeeper_.multi(fenced(claim, std::move(remove)));
    if (!replies[0].ok()) co_return false;
  }
  co_return true;
}

sim::Task<bool> ZooKeeperMetadataStore::forget_deletions(ControllerClaim claim,
                                                         std::vector<std::string> names) {
  std::vector<std::string> paths;
  for (const std::string& name : names) paths.push_back(zk::delete_topic_path(name));
  return remove_all(claim, std::move(paths));
}

sim::Task<bool> ZooKeeperMetadataStore::delete_topic(ControllerClaim claim, std::string name,
                                                     int partitions) {
  std::vector<std::string> paths;
  for (int i = 0; i < partitions; ++i) {
    paths.push_back(zk::state_path({name, i}));
    paths.push_back(zk::partition_path({name, i}));
  }
  paths.push_back(zk::topic_partitions_path(name));
  paths.push_back(zk::topic_path(name));
  paths.push_back(zk::topic_config_path(name));
  paths.push_back(zk::delete_topic_path(name));
  return remove_all(claim, std::move(paths));
}

// --- States ---

sim::Task<MetadataStore::Written> ZooKeeperMetadataStore::write_states(ControllerClaim claim,
                                                                       PartitionStates states) {
  std::vector<sim::Task<std::vector<ZkReply>>> writes;
  for (const auto& [name, state] : states) {
    writes.push_back(zookeeper_.multi(fenced(claim, {.type = Type::set,
                                                     .path = zk::state_path(name),
                                                     .data = zk::encode_state(state, claim.epoch),
                                                     .version = state.partition_epoch})));
  }
  const std::vector<std::vector<ZkReply>> replies =
      co_await sim::when_all(process_, std::move(writes));
  Written outcome;
  PartitionStates refused;
  std::size_t i = 0;
  for (const auto& [name, state] : states) {
    const std::vector<ZkReply>& reply = replies[i++];
    if (!reply[0].ok()) {
      outcome.fenced_off = true;
    } else if (reply[1].ok()) {
      outcome.written[name] = state;
      outcome.written[name].partition_epoch = reply[1].node.stat.version;
    } else if (reply[1].error == ZkError::bad_version) {
      refused[name] = state;
    }
  }
  if (!outcome.fenced_off && !refused.empty()) {
    co_await read_back(claim.epoch, std::move(refused), outcome);
  }
  co_return outcome;
}

/// A write whose answer was lost with the connection is sent again and then meets its own version
/// (Kafka reads the states again and decides anew: PartitionStateMachine.electLeaderForPartitions).
sim::Task<> ZooKeeperMetadataStore::read_back(ControllerEpoch epoch, PartitionStates wanted,
                                              Written& outcome) {
  std::vector<ZkOperation> reads;
  for (const auto& [name, state] : wanted) {
    reads.push_back({.type = Type::get, .path = zk::state_path(name)});
  }
  const std::vector<ZkReply> replies = co_await zookeeper_.pipeline(std::move(reads));
  std::size_t i = 0;
  for (const auto& [name, state] : wanted) {
    const ZkReply& reply = replies[i++];
    if (!reply.ok()) continue;
    const auto found = zk::decode_state(reply.node.data, reply.node.stat.version);
    if (!found) continue;
    LeaderAndIsr expected = state;
    expected.partition_epoch = found->state.partition_epoch;
    const bool ours = found->controller_epoch == epoch && found->state == expected;
    (ours ? outcome.written : outcome.others)[name] = found->state;
  }
}

sim::Task<bool> ZooKeeperMetadataStore::create_states(ControllerClaim claim,
                                                      PartitionStates states) {
  std::vector<ZkOperation> parents;
  std::string topic;
  for (const auto& [name, state] : states) {
    if (name.topic != topic) {
      topic = name.topic;
      parents.push_back({.type = Type::create, .path = zk::topic_partitions_path(topic)});
    }
    parents.push_back({.type = Type::create, .path = zk::partition_path(name)});
  }
  // Those of a former try are there already. Without a parent its state is not made either.
  (void)co_await zookeeper_.pipeline(std::move(parents));
  std::vector<sim::Task<std::vector<ZkReply>>> creates;
  for (const auto& [name, state] : states) {
    creates.push_back(
        zookeeper_.multi(fenced(claim, {.type = Type::create,
                                        .path = zk::state_path(name),
                                        .data = zk::encode_state(state, claim.epoch)})));
  }
  const std::vector<std::vector<ZkReply>> replies =
      co_await sim::when_all(process_, std::move(creates));
  co_return std::all_of(replies.begin(), replies.end(),
                        [](const std::vector<ZkReply>& reply) { return reply[0].ok(); });
}

// --- Producer ids ---

/// ZkProducerIdManager.getNewProducerIdBlock. Kafka makes the node at the start of the first
/// broker, here whoever needs it first does.
sim::Task<std::optional<ProducerIdBlock>> ZooKeeperMetadataStore::take_producer_ids(
    BrokerId broker) {
  while (true) {
    ZkOperation get{.type = Type::get, .path = zk::producer_ids};
    const ZkReply known = co_await zookeeper_.call(std::move(get));
    ProducerIdBlock next{0, producer_id_block_size};
    ZkOperation write{.type = Type::create, .path = zk::producer_ids};
    if (known.ok()) {
      const auto last = zk::decode_producer_ids(known.node.data);
      if (last) next.first = last->first + last->count;
      write.type = Type::set;
      write.version = known.node.stat.version;
    } else if (known.error != ZkError::no_node) {
      co_return std::nullopt;
    }
    write.data = zk::encode_producer_ids(broker, next);
    const ZkReply written = co_await zookeeper_.call(std::move(write));
    if (written.ok()) co_return next;
    // Another one was faster, or the answer to an earlier try was lost: then that block is, too.
    const bool raced = written.error == ZkError::bad_version ||
                       written.error == ZkError::node_exists || written.error == ZkError::no_node;
    if (!raced) co_return std::nullopt;
  }
}

// --- Log directories ---

sim::Task<> ZooKeeperMetadataStore::forget_log_dir_failures() {
  const ZkReply events = co_await zookeeper_.call(watched(Type::children, zk::log_dir_events));
  if (!events.ok() || events.children.empty()) co_return;
  std::vector<ZkOperation> removals;
  for (const std::string& event : events.children) {
    removals.push_back(
        {.type = Type::remove, .path = fmt::format("{}/{}", zk::log_dir_events, event)});
  }
  // One that stays is read again at the next event: its broker is asked once more, no harm done.
  (void)co_await zookeeper_.pipeline(std::move(removals));
}

sim::Task<std::set<BrokerId>> ZooKeeperMetadataStore::take_log_dir_failures() {
  std::set<BrokerId> brokers;
  const ZkReply events = co_await zookeeper_.call(watched(Type::children, zk::log_dir_events));
  if (!events.ok() || events.children.empty()) co_return brokers;
  std::vector<ZkOperation> reads;
  std::vector<ZkOperation> removals;
  for (const std::string& event : events.children) {
    const std::string path = fmt::format("{}/{}", zk::log_dir_events, event);
    reads.push_back({.type = Type::get, .path = path});
    removals.push_back({.type = Type::remove, .path = path});
  }
  const std::vector<ZkReply> replies = co_await zookeeper_.pipeline(std::move(reads));
  // As above: one that stays is asked about once more.
  (void)co_await zookeeper_.pipeline(std::move(removals));
  for (const ZkReply& reply : replies) {
    if (!reply.ok()) continue;
    if (const auto broker = zk::decode_log_dir_event(reply.node.data)) brokers.insert(*broker);
  }
  co_return brokers;
}

}  // namespace brokerlab::model
