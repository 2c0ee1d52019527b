#include "model/broker/auto_topic_creation.h"

namespace brokerlab::model {

CreateTopicsRequest::Topic automatic_topic(const std::string& name, const BrokerConfig& config) {
  CreateTopicsRequest::Topic topic;
  topic.name = name;
  if (name == offsets_topic) {
    topic.partitions = config.offsets_topic_num_partitions;
    topic.replication_factor = config.offsets_topic_replication_factor;
    topic.config.set(&TopicConfig::cleanup_policy, CleanupPolicy::compact);
    topic.config.set(&TopicConfig::segment_bytes, config.offsets_topic_segment_bytes);
    topic.config.set(&TopicConfig::compression_type, BrokerCompressionType::producer);
  } else if (name == transactions_topic) {
    topic.partitions = config.transaction_state_log_num_partitions;
    topic.replication_factor = config.transaction_state_log_replication_factor;
    topic.config.set(&TopicConfig::cleanup_policy, CleanupPolicy::compact);
    topic.config.set(&TopicConfig::min_insync_replicas, config.transaction_state_log_min_isr);
    topic.config.set(&TopicConfig::segment_bytes, config.transaction_state_log_segment_bytes);
    topic.config.set(&TopicConfig::unclean_leader_election_enable, false);
    topic.config.set(&TopicConfig::compression_type, BrokerCompressionType::uncompressed);
  } else {
    topic.partitions = config.num_partitions;
    topic.replication_factor = config.default_replication_factor;
  }
  return topic;
}

void AutoTopicCreation::create(CreateTopicsRequest::Topic topic) {
  if (not_yet_.contains(topic.name) || !in_flight_.insert(topic.name).second) return;
  process_.spawn(ask(std::move(topic)));
}

sim::Task<> AutoTopicCreation::ask(CreateTopicsRequest::Topic topic) {
  const std::string name = topic.name;
  const std::optional<Address> controller = metadata_.address(metadata_.controller());
  if (controller) {
    NodeConnection connection(process_, *controller, rpc_);
    auto request = std::make_unique<CreateTopicsRequest>();
    request->topics.push_back(std::move(topic));
    // Whatever the answer: the topic is there soon, or the next who asks for it has it tried again.
    (void)co_await connection.call(std::move(request));
  }
  co_await process_.world().sleep(100ms);
  in_flight_.erase(name);
}

}  // namespace brokerlab::model
