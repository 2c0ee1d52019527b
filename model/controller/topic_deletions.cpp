#include "model/controller/topic_deletions.h"

#include "model/controller/decisions.h"

#include <algorithm>

namespace brokerlab::model {

using ShuttingDown = ControllerContext::ShuttingDown;

void TopicDeletions::clear() { topics_.clear(); }

/// Source: KafkaController.processTopicDeletion, fetchTopicDeletionsInProgress.
sim::Task<> TopicDeletions::find() {
  ControllerContext& context = term_.context();
  const auto wanted = co_await term_.store().deletions();
  if (!wanted || !term_.active()) co_return;
  std::vector<std::string> refused;
  for (const std::string& name : *wanted) {
    if (!context.has_topic(name) || !context.config().delete_topic_enable) {
      refused.push_back(name);
    } else if (!topics_.contains(name)) {
      Topic& topic = topics_[name];
      context.mark_being_deleted(name);
      topic.held = std::any_of(context.partitions().begin(), context.partitions().end(),
                               [&](const auto& entry) {
                                 return entry.first.topic == name && entry.second.moving.any();
                               });
    }
  }
  if (!refused.empty()) co_await term_.forget_deletions(std::move(refused));
}

sim::Task<> TopicDeletions::look() {
  co_await find();
  if (term_.active()) co_await go_on();
}

sim::Task<> TopicDeletions::resume(std::set<std::string> topics) {
  bool any = false;
  for (const std::string& name : topics) {
    const auto found = topics_.find(name);
    if (found == topics_.end()) continue;
    found->second.held = false;
    any = true;
  }
  if (any) co_await go_on();
}

void TopicDeletions::hold(const std::string& topic) {
  const auto found = topics_.find(topic);
  if (found != topics_.end()) found->second.held = true;
}

sim::Task<> TopicDeletions::fail(BrokerId broker, std::vector<TopicPartition> replicas) {
  bool any = false;
  for (const TopicPartition& name : replicas) {
    const auto found = topics_.find(name.topic);
    if (found == topics_.end()) continue;
    found->second.replicas[{name, broker}] = State::failed;
    found->second.held = true;
    any = true;
  }
  if (any) co_await go_on();
}

sim::Task<> TopicDeletions::fail_all_on(std::set<BrokerId> brokers) {
  for (const BrokerId broker : brokers) {
    std::vector<TopicPartition> replicas;
    for (const auto& [name, topic] : topics_) {
      for (const auto& [partition, on] : replicas_of(name)) {
        if (on == broker) replicas.push_back(partition);
      }
    }
    co_await fail(broker, std::move(replicas));
  }
}

sim::Task<> TopicDeletions::deleted(BrokerId broker, std::vector<TopicPartition> replicas) {
  bool any = false;
  for (const TopicPartition& name : replicas) {
    const auto found = topics_.find(name.topic);
    if (found == topics_.end()) continue;
    State& state = found->second.replicas[{name, broker}];
    if (state == State::started) state = State::deleted;
    any = true;
  }
  if (any) co_await go_on();
}

std::vector<TopicDeletions::Replica> TopicDeletions::replicas_of(const std::string& topic) const {
  std::vector<Replica> replicas;
  for (const auto& [name, partition] : term_.context().partitions()) {
    if (name.topic != topic) continue;
    for (const BrokerId broker : partition.assignment) replicas.emplace_back(name, broker);
  }
  return replicas;
}

bool TopicDeletions::any(const Topic& topic, State state) const {
  return std::any_of(topic.replicas.begin(), topic.replicas.end(),
                     [state](const auto& entry) { return entry.second == state; });
}

/// Source: TopicDeletionManager.resumeDeletions.
sim::Task<> TopicDeletions::go_on() {
  std::vector<std::string> names;
  for (const auto& [name, topic] : topics_) names.push_back(name);
  for (const std::string& name : names) {
    if (!term_.active()) co_return;
    Topic& topic = topics_.at(name);
    const std::vector<Replica> all = replicas_of(name);
    const bool done = std::all_of(all.begin(), all.end(), [&](const Replica& one) {
      const auto found = topic.replicas.find(one);
      return found != topic.replicas.end() && found->second == State::deleted;
    });
    if (done) {
      co_await complete(name);
      continue;
    }
    if (any(topic, State::started)) continue;
    std::erase_if(topic.replicas, [](const auto& entry) { return entry.second == State::failed; });
    if (!topic.held) co_await begin(name);
  }
}

/// Source: TopicDeletionManager.onTopicDeletion, onPartitionDeletion.
sim::Task<> TopicDeletions::begin(std::string name) {
  ControllerContext& context = term_.context();
  ControllerPublisher& publisher = term_.publisher();
  Topic& topic = topics_.at(name);
  if (!std::exchange(topic.told, true)) publisher.note_deletion_started(name);
  publisher.tell_deleted(name);
  term_.send();
  std::map<BrokerId, std::vector<TopicPartition>> alive;
  for (const Replica& replica : replicas_of(name)) {
    const auto& [partition, broker] = replica;
    if (!context.is_online(partition, broker, ShuttingDown::left_out)) {
      topic.replicas[replica] = State::failed;
      topic.held = true;
    } else if (!topic.replicas.contains(replica)) {
      alive[broker].push_back(partition);
    }
  }
  if (topic.held) publisher.note_deletion_held(name);
  // They stop, and leave the ISRs, of which nobody hears; then they delete.
  for (const auto& [broker, partitions] : alive) {
    publisher.tell_to_stop(broker, partitions);
    const IsGone is_gone = [&](const TopicPartition& one, BrokerId) { return one.topic == name; };
    ControllerTerm::Decide decide = [&context, id = broker, &is_gone] {
      return shrink_isrs(context, id, is_gone);
    };
    const bool active = co_await term_.carry_out(std::move(decide));
    if (!active) co_return;
  }
  term_.send();
  for (const auto& [broker, partitions] : alive) {
    for (const TopicPartition& partition : partitions) {
      topic.replicas[{partition, broker}] = State::started;
    }
    publisher.tell_to_delete(broker, partitions);
  }
  term_.send();
}

/// Source: TopicDeletionManager.completeDeleteTopic.
sim::Task<> TopicDeletions::complete(std::string name) {
  ControllerContext& context = term_.context();
  const std::size_t partitions = context.stored_topic(name).assignment.size();
  const bool active = co_await term_.delete_topic(name, static_cast<int>(partitions));
  if (!active) co_return;
  topics_.erase(name);
  context.remove_topic(name);
  term_.publisher().note_deleted(name);
}

}  // namespace brokerlab::model
