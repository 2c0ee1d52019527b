#include "model/controller/context.h"

namespace brokerlab::model {

const ControllerContext::Partition* ControllerContext::find(const TopicPartition& partition) const {
  const auto found = partitions_.find(partition);
  return found == partitions_.end() ? nullptr : &found->second;
}

void ControllerContext::clear() {
  live_.clear();
  shutting_down_.clear();
  offline_replicas_.clear();
  topics_.clear();
  being_deleted_.clear();
  partitions_.clear();
}

// --- Brokers ---

ControllerContext::BrokerChanges ControllerContext::compare(
    const std::map<BrokerId, RegisteredBroker>& registered) const {
  BrokerChanges changes;
  for (const auto& [id, broker] : registered) {
    const auto before = live_.find(id);
    if (before != live_.end() && before->second.epoch == broker.epoch) continue;
    if (before != live_.end()) changes.dead.insert(id);
    changes.started.insert(id);
  }
  for (const auto& [id, broker] : live_) {
    if (!registered.contains(id)) changes.dead.insert(id);
  }
  return changes;
}

void ControllerContext::remove_broker(BrokerId broker) {
  live_.erase(broker);
  offline_replicas_.erase(broker);
}

void ControllerContext::note_dead(const std::set<BrokerId>& dead) {
  for (const BrokerId broker : dead) shutting_down_.erase(broker);
  for (auto& [name, partition] : partitions_) {
    if (partition.is_new) continue;
    if (!is_online(name, partition.state.leader, ShuttingDown::left_out)) partition.online = false;
  }
}

bool ControllerContext::is_current(BrokerId broker, std::int64_t epoch) const {
  const auto found = live_.find(broker);
  return found != live_.end() && found->second.epoch == epoch;
}

std::vector<BrokerId> ControllerContext::live_ids() const {
  std::vector<BrokerId> ids;
  for (const auto& [id, broker] : live_) ids.push_back(id);
  return ids;
}

std::set<BrokerId> ControllerContext::live_set() const {
  std::set<BrokerId> ids;
  for (const auto& [id, broker] : live_) ids.insert(id);
  return ids;
}

std::vector<BrokerEndpoint> ControllerContext::live_endpoints() const {
  std::vector<BrokerEndpoint> endpoints;
  for (const auto& [id, broker] : live_) endpoints.push_back(broker.endpoint);
  return endpoints;
}

std::vector<RackedBroker> ControllerContext::racked_brokers() const {
  std::vector<RackedBroker> brokers;
  for (const auto& [id, broker] : live_) brokers.push_back({id, broker.endpoint.rack});
  return brokers;
}

std::set<BrokerId> ControllerContext::missing() const {
  std::set<BrokerId> ids;
  for (const auto& [name, partition] : partitions_) {
    for (const BrokerId replica : partition.assignment) {
      if (!live_.contains(replica)) ids.insert(replica);
    }
  }
  return ids;
}

// --- Replicas ---

bool ControllerContext::is_offline(const TopicPartition& partition, BrokerId replica) const {
  const auto found = offline_replicas_.find(replica);
  return found != offline_replicas_.end() && found->second.contains(partition);
}

bool ControllerContext::is_online(const TopicPartition& partition, BrokerId replica,
                                  ShuttingDown leaving) const {
  if (leaving == ShuttingDown::left_out && shutting_down_.contains(replica)) return false;
  return live_.contains(replica) && !is_offline(partition, replica);
}

std::set<BrokerId> ControllerContext::online_for(const TopicPartition& partition,
                                                 ShuttingDown leaving) const {
  std::set<BrokerId> ids;
  for (const auto& [id, broker] : live_) {
    if (is_online(partition, id, leaving)) ids.insert(id);
  }
  return ids;
}

std::set<TopicPartition> ControllerContext::lose_replicas(BrokerId broker,
                                                          const std::vector<TopicPartition>& gone) {
  std::set<TopicPartition>& offline = offline_replicas_[broker];
  std::set<TopicPartition> fresh;
  for (const TopicPartition& name : gone) {
    if (!offline.insert(name).second) continue;
    fresh.insert(name);
    const auto found = partitions_.find(name);
    if (found == partitions_.end() || found->second.is_new) continue;
    if (found->second.state.leader == broker) found->second.online = false;
  }
  return fresh;
}

void ControllerContext::regain_replicas(BrokerId broker, const std::vector<TopicPartition>& back) {
  for (const TopicPartition& name : back) offline_replicas_[broker].erase(name);
}

// --- Topics ---

void ControllerContext::add_topic(const std::string& name, const StoredTopic& topic) {
  topics_[name] = topic.config;
  for (std::size_t i = 0; i < topic.assignment.size(); ++i) {
    const auto number = static_cast<int>(i);
    Partition& partition = partitions_[{name, number}];
    partition.assignment = topic.assignment[i];
    const auto moving = topic.moving.find(number);
    partition.moving = moving == topic.moving.end() ? Moving{} : moving->second;
  }
}

void ControllerContext::remove_topic(const std::string& name) {
  topics_.erase(name);
  being_deleted_.erase(name);
  std::erase_if(partitions_, [&](const auto& entry) { return entry.first.topic == name; });
  for (auto& [broker, offline] : offline_replicas_) {
    std::erase_if(offline, [&](const TopicPartition& one) { return one.topic == name; });
  }
}

StoredTopic ControllerContext::stored_topic(const std::string& name) const {
  StoredTopic topic;
  for (const auto& [partition, known] : partitions_) {
    if (partition.topic != name) continue;
    if (known.moving.any()) topic.moving[partition.partition] = known.moving;
    topic.assignment.push_back(known.assignment);
  }
  const auto config = topics_.find(name);
  if (config != topics_.end()) topic.config = config->second;
  return topic;
}

void ControllerContext::set_assignment(const TopicPartition& name,
                                       const ReplicaAssignment& assignment) {
  Partition& partition = partitions_.at(name);
  partition.assignment = assignment.replicas;
  partition.moving = assignment.moving;
}

void ControllerContext::load(const PartitionStates& states) {
  for (const auto& [name, state] : states) {
    if (partitions_.contains(name)) adopt(name, state);
  }
}

ControllerContext::Partition ControllerContext::adopt(const TopicPartition& name,
                                                      const LeaderAndIsr& state) {
  Partition& partition = partitions_.at(name);
  Partition before = partition;
  partition.state = state;
  partition.is_new = false;
  partition.online = is_online(name, state.leader, ShuttingDown::counted);
  return before;
}

LeaderAndIsr ControllerContext::adopt_isr(const TopicPartition& name, const LeaderAndIsr& state) {
  return std::exchange(partitions_.at(name).state, state);
}

void ControllerContext::correct(const PartitionStates& states) {
  for (const auto& [name, state] : states) {
    const auto found = partitions_.find(name);
    if (found != partitions_.end()) found->second.state = state;
  }
}

void ControllerContext::set_topic_config(const std::string& name, const TopicOverrides& config) {
  const auto found = topics_.find(name);
  if (found != topics_.end()) found->second = config;
}

TopicConfig ControllerContext::topic_config(const std::string& topic) const {
  const auto found = topics_.find(topic);
  return TopicConfig::in_force(config_, found == topics_.end() ? TopicOverrides{} : found->second);
}

std::vector<UpdateMetadataRequest::Partition> ControllerContext::all_metadata() const {
  std::vector<UpdateMetadataRequest::Partition> all;
  for (const auto& [name, partition] : partitions_) {
    if (partition.is_new) continue;
    all.push_back({name, partition.state, partition.assignment, is_being_deleted(name.topic)});
  }
  return all;
}

}  // namespace brokerlab::model
