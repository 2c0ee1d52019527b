#include "model/client/metadata.h"

#include <algorithm>
#include <cmath>

namespace brokerlab::model {

// --- ClusterView ---

bool ClusterView::update(const MetadataResponse& response) {
  led_by_.clear();
  available_.clear();
  bool news = false;
  brokers_.clear();
  for (const BrokerEndpoint& broker : response.brokers) {
    brokers_[broker.id] = broker.address;
    if (!broker.rack.empty()) racks_[broker.id] = broker.rack;
  }
  for (const TopicMetadata& topic : response.topics) {
    Topic& known = topics_[topic.name];
    // Also by a broker that has not heard of it yet (Metadata.handleMetadataResponse).
    if (topic.error != ErrorCode::none) {
      news |= known.exists;
      known.exists = false;
      known.partitions.assign(known.partitions.size(), {});
      continue;
    }
    known.exists = true;
    known.partitions.resize(topic.partitions.size());
    if (!racks_.empty()) known.replicas.resize(topic.partitions.size());
    for (const PartitionMetadata& partition : topic.partitions) {
      if (!racks_.empty()) {
        known.replicas[static_cast<std::size_t>(partition.partition)] = partition.replicas;
      }
      ENSURE(partition.partition >= 0 &&
                 static_cast<std::size_t>(partition.partition) < known.partitions.size(),
             "partitions of a topic must be dense");
      LeaderInfo& leader = known.partitions[static_cast<std::size_t>(partition.partition)];
      if (partition.leader_epoch != log::no_epoch && partition.leader_epoch < leader.epoch) {
        continue;  // an answer from the past
      }
      news |= partition.leader_epoch == log::no_epoch || partition.leader_epoch > leader.epoch;
      leader = {partition.leader, partition.leader_epoch};
    }
  }
  return news;
}

bool ClusterView::update_leader(const TopicPartition& partition, const CurrentLeader& leader,
                                const std::vector<BrokerEndpoint>& nodes) {
  const auto found = topics_.find(partition.topic);
  if (found == topics_.end() || !found->second.exists) return false;
  const auto index = static_cast<std::size_t>(partition.partition);
  if (index >= found->second.partitions.size()) return false;
  LeaderInfo& known = found->second.partitions[index];
  if (known.epoch != log::no_epoch && leader.epoch <= known.epoch) return false;
  const auto node = std::find_if(nodes.begin(), nodes.end(), [&](const BrokerEndpoint& one) {
    return one.id == leader.leader;
  });
  if (node == nodes.end() && !brokers_.contains(leader.leader)) return false;
  if (node != nodes.end()) brokers_[node->id] = node->address;
  known = {leader.leader, leader.epoch};
  led_by_.clear();
  available_.clear();
  return true;
}

bool ClusterView::knows_topic(const std::string& topic) const { return partition_count(topic) > 0; }

int ClusterView::partition_count(const std::string& topic) const {
  const auto found = topics_.find(topic);
  return found != topics_.end() && found->second.exists ? last_partition_count(topic) : 0;
}

int ClusterView::last_partition_count(const std::string& topic) const {
  const auto found = topics_.find(topic);
  return found == topics_.end() ? 0 : static_cast<int>(found->second.partitions.size());
}

LeaderInfo ClusterView::leader(const TopicPartition& partition) const {
  const auto found = topics_.find(partition.topic);
  if (found == topics_.end()) return {};
  const std::vector<LeaderInfo>& partitions = found->second.partitions;
  const auto index = static_cast<std::size_t>(partition.partition);
  if (index >= partitions.size()) return {};
  LeaderInfo info = partitions[index];
  if (!brokers_.contains(info.leader)) info.leader = BrokerId();
  return info;
}

std::set<std::string> ClusterView::racks(const TopicPartition& partition) const {
  std::set<std::string> racks;
  const auto topic = topics_.find(partition.topic);
  const auto index = static_cast<std::size_t>(partition.partition);
  if (topic == topics_.end() || index >= topic->second.replicas.size()) return racks;
  for (const BrokerId replica : topic->second.replicas[index]) {
    const auto rack = racks_.find(replica);
    if (rack != racks_.end()) racks.insert(rack->second);
  }
  return racks;
}

const std::vector<TopicPartition>& ClusterView::led_by(BrokerId broker) const {
  const auto [entry, fresh] = led_by_.try_emplace(broker);
  std::vector<TopicPartition>& led = entry->second;
  if (!fresh) return led;
  for (const auto& [name, topic] : topics_) {
    for (std::size_t i = 0; i < topic.partitions.size(); ++i) {
      if (topic.partitions[i].leader == broker) led.push_back({name, static_cast<int>(i)});
    }
  }
  return led;
}

const std::vector<int>& ClusterView::available_partitions(const std::string& topic) const {
  const auto [entry, fresh] = available_.try_emplace(topic);
  std::vector<int>& available = entry->second;
  if (!fresh) return available;
  const auto found = topics_.find(topic);
  if (found == topics_.end()) return available;
  const std::vector<LeaderInfo>& partitions = found->second.partitions;
  for (std::size_t i = 0; i < partitions.size(); ++i) {
    if (brokers_.contains(partitions[i].leader)) available.push_back(static_cast<int>(i));
  }
  return available;
}

Duration exponential_backoff(Duration base, Duration most, int attempts, RandomStream& random) {
  if (most <= base) return std::min(base, most);
  // The exponent stops where the term reaches the maximum; the jitter comes after that.
  const double doubled = to_seconds(base) * std::pow(2.0, std::clamp(attempts, 0, 30));
  const double term = std::min(doubled, to_seconds(most));
  return std::min(from_seconds(term * random.uniform(0.8, 1.2)), most);
}

// --- ClientNetwork ---

ClientNetworkSettings::ClientNetworkSettings(std::string client_id, std::vector<Address> servers,
                                             const ClientConfig& config)
    : rpc{.client_id = std::move(client_id),
          .request_timeout = config.request_timeout,
          .is_client = true,
          .connection_setup_timeout = config.socket_connection_setup_timeout,
          .connection_setup_timeout_max = config.socket_connection_setup_timeout_max,
          .reconnect_backoff = config.reconnect_backoff,
          .reconnect_backoff_max = config.reconnect_backoff_max,
          .connections_max_idle = config.connections_max_idle},
      bootstrap(std::move(servers)),
      metadata_max_age(config.metadata_max_age),
      retry_backoff(config.retry_backoff),
      retry_backoff_max(config.retry_backoff_max) {}

ClientNetwork::ClientNetwork(sim::Process& process, ClientNetworkSettings settings,
                             Observer& observer)
    : process_(process),
      settings_(std::move(settings)),
      errors_(process.world(), observer, settings_.rpc.client_id),
      random_(process.world().stream(fmt::format("{}/{}/metadata/{}", process.name(),
                                                 settings_.rpc.client_id, process.starts()))),
      wake_(process.world()),
      changed_(process.world()) {
  ENSURE(!settings_.bootstrap.empty(), "a client needs a broker to begin with");
}

void ClientNetwork::start() { process_.spawn(refresh_loop()); }

void ClientNetwork::add_topic(const std::string& topic) {
  if (!topics_.insert(topic).second) return;
  allowed_at_ = {};  // news of a new topic does not wait (requestUpdateForNewTopics)
  equivalent_updates_ = 0;
  request_update();
}

void ClientNetwork::request_update() {
  wanted_ = true;
  wake_.notify_all();
}

sim::Task<bool> ClientNetwork::wait_update(std::int64_t version, Time deadline) {
  while (version_ <= version && process_.world().now() < deadline) {
    co_await changed_.wait(deadline);
  }
  co_return version_ > version;
}

bool ClientNetwork::update_leader(const TopicPartition& partition, const CurrentLeader& leader,
                                  const std::vector<BrokerEndpoint>& nodes) {
  if (!view_.update_leader(partition, leader, nodes)) return false;
  changed_.notify_all();
  return true;
}

NodeConnection& ClientNetwork::connection(Address address) {
  std::unique_ptr<NodeConnection>& connection = connections_[address];
  if (!connection) connection = dedicated(address);
  return *connection;
}

std::unique_ptr<NodeConnection> ClientNetwork::dedicated(Address address, Duration patience) {
  RpcSettings settings = settings_.rpc;
  settings.request_timeout = std::max(settings.request_timeout, patience);
  auto node = std::make_unique<NodeConnection>(process_, address, settings);
  node->on_disconnected([this, alive = std::weak_ptr<char>(alive_)] {
    if (!alive.expired()) note_disconnected();
  });
  return node;
}

NodeConnection* ClientNetwork::node(BrokerId broker) {
  const auto found = view_.brokers().find(broker);
  return found == view_.brokers().end() ? nullptr : &connection(found->second);
}

// --- Sending ---

bool ClientNetwork::can_send(const NodeConnection& node) const {
  return node.connected() && node.in_flight() < settings_.max_in_flight &&
         node.throttled_until() <= process_.world().now();
}

bool ClientNetwork::ready(NodeConnection& node) {
  if (!update_due() && can_send(node)) return true;
  if (!node.connected() && !node.connecting() && !node.unavailable()) {
    process_.spawn(connect(*this, node));
  }
  return false;
}

sim::Task<> ClientNetwork::connect(ClientNetwork& self, NodeConnection& node) {
  const bool connected = co_await node.connect(never);
  if (!connected && self.on_unreachable) {
    self.on_unreachable(node.address(), node.last_trouble());
  }
  self.changed_.notify_all();
}

std::vector<Address> ClientNetwork::nodes() const {
  std::vector<Address> all;
  for (const auto& [id, address] : view_.brokers()) all.push_back(address);
  return all.empty() ? settings_.bootstrap : all;
}

NodeConnection* ClientNetwork::least_loaded() {
  const std::vector<Address> all = nodes();
  const auto start = static_cast<std::size_t>(random_.below(static_cast<std::int64_t>(all.size())));
  NodeConnection* ready = nullptr;
  NodeConnection* connecting = nullptr;
  NodeConnection* can_connect = nullptr;
  for (std::size_t i = 0; i < all.size(); ++i) {
    NodeConnection& node = connection(all[(start + i) % all.size()]);
    if (can_send(node)) {
      if (node.in_flight() == 0) return &node;
      if (ready == nullptr || node.in_flight() < ready->in_flight()) ready = &node;
    } else if (node.connecting()) {
      connecting = &node;
    } else if (!node.connected() && !node.unavailable()) {
      // The one that was not tried for longest.
      if (can_connect == nullptr || node.last_attempt() < can_connect->last_attempt()) {
        can_connect = &node;
      }
    }
  }
  if (ready != nullptr) return ready;
  return connecting != nullptr ? connecting : can_connect;
}

bool ClientNetwork::any_connecting() const {
  for (const Address& address : nodes()) {
    const auto found = connections_.find(address);
    if (found != connections_.end() && found->second->connecting()) return true;
  }
  return false;
}

// --- Refreshing ---

/// Metadata.timeToNextUpdate.
Time ClientNetwork::next_update() const {
  const Time expires = version_ == 0 ? Time{} : last_update_ + settings_.metadata_max_age;
  return wanted_ ? allowed_at_ : std::max(expires, allowed_at_);
}

bool ClientNetwork::update_due() const {
  return !in_progress_ && next_update() <= process_.world().now();
}

/// Metadata.timeToAllowUpdate: apart in any case, and further apart while requests fail, or answers
/// tell nothing new.
void ClientNetwork::update_ended(bool failed) {
  in_progress_ = false;
  if (failed) {
    ++failed_updates_;
    equivalent_updates_ = 0;
  } else {
    failed_updates_ = 0;
  }
  const int attempts = std::max({failed_updates_, equivalent_updates_, 1}) - 1;
  allowed_at_ =
      process_.world().now() +
      exponential_backoff(settings_.retry_backoff, settings_.retry_backoff_max, attempts, random_);
}

/// NetworkClient's handleServerDisconnect: stale metadata may be why, so it is asked for anew.
void ClientNetwork::note_disconnected() {
  for (const auto& [address, node] : connections_) {
    if (node) backs_off_until_ = std::max(backs_off_until_, node->backoff_until());
  }
  if (shut_) return;
  if (update_due()) update_ended(true);
  request_update();
  changed_.notify_all();
}

/// NetworkClient.close.
void ClientNetwork::shut() {
  shut_ = true;
  for (const auto& [address, connection] : connections_) connection->disconnect();
  wake_.notify_all();
  changed_.notify_all();
}

sim::Task<> ClientNetwork::refresh_loop() {
  sim::World& world = process_.world();
  while (!shut_) {
    const Time due = next_update();
    if (due > world.now()) {
      co_await wake_.wait(due);
      continue;
    }
    NodeConnection* node = node_for_update();
    if (node != nullptr) {
      co_await refresh(*node);
    } else {
      const Duration pause = std::max<Duration>(settings_.rpc.reconnect_backoff, 1ms);
      co_await changed_.wait(world.now() + pause);
    }
  }
}

/// NetworkClient.DefaultMetadataUpdater.maybeUpdate: nullptr when nobody can be asked yet. Not more
/// than one connection is begun for it at a time.
NodeConnection* ClientNetwork::node_for_update() {
  NodeConnection* node = least_loaded();
  if (node == nullptr || can_send(*node)) return node;
  if (!any_connecting() && !node->connected() && !node->unavailable()) {
    process_.spawn(connect(*this, *node));
  }
  return nullptr;
}

sim::Task<> ClientNetwork::refresh(NodeConnection& node) {
  auto request = std::make_unique<MetadataRequest>();
  request->topics.assign(topics_.begin(), topics_.end());
  request->allow_auto_topic_creation = settings_.auto_create_topics;
  RequestPtr sent = std::move(request);
  in_progress_ = true;
  changed_.notify_all();  // others may send again
  Result<std::unique_ptr<MetadataResponse>, RpcFailure> result =
      co_await call_as<MetadataResponse>(node, std::move(sent));
  if (!result) {
    errors_.unanswered(ApiKey::metadata, result.error());
    update_ended(true);
  } else if ((*result)->brokers.empty()) {
    // It comes from a broker that is just starting (Kafka drops it as well).
    update_ended(true);
  } else {
    take(**result);
  }
  changed_.notify_all();
}

void ClientNetwork::take(const MetadataResponse& response) {
  note_errors(response);
  ++version_;
  last_update_ = process_.world().now();
  ++equivalent_updates_;
  if (view_.update(response)) equivalent_updates_ = 0;
  update_ended(false);
  wanted_ = false;  // also what was asked for while the answer was on its way
  for (const TopicMetadata& topic : response.topics) {
    const bool leaderless =
        std::any_of(topic.partitions.begin(), topic.partitions.end(),
                    [](const PartitionMetadata& partition) { return !partition.leader.valid(); });
    if (topic.error != ErrorCode::none || leaderless) wanted_ = true;
  }
}

void ClientNetwork::note_errors(const MetadataResponse& response) {
  for (const TopicMetadata& topic : response.topics) {
    if (topic.error != ErrorCode::none) {
      const TopicPartition whole{topic.name, -1};
      errors_.answered(ApiKey::metadata, topic.error, &whole);
    }
    for (const PartitionMetadata& partition : topic.partitions) {
      const TopicPartition name{topic.name, partition.partition};
      errors_.answered(ApiKey::metadata, partition.error, &name);
    }
  }
}

std::string machine_name(sim::Process& process, Address address) {
  return std::string(process.world().trace().machine_name(address.machine));
}

}  // namespace brokerlab::model
