#include "model/controller/channels.h"

#include "model/wire/rpc.h"

namespace brokerlab::model {

/// Pause before a control request is sent again (RequestSendThread).
constexpr Duration resend_pause = 100ms;

struct ControllerChannels::Channel {
  Channel(sim::Process& process, const BrokerEndpoint& endpoint, std::int64_t epoch,
          RpcSettings rpc)
      : broker(endpoint),
        broker_epoch(epoch),
        connection(process, endpoint.address, std::move(rpc)),
        queue(process.world()) {}

  /// Requests are made anew for each attempt: a sent one belongs to its receiver.
  struct Order {
    std::function<RequestPtr()> make;
    std::set<TopicPartition> deleting;  ///< What it tells the broker to delete.
  };
  const BrokerEndpoint broker;
  const std::int64_t broker_epoch;
  NodeConnection connection;
  sim::Channel<std::shared_ptr<Order>> queue;
  bool removed = false;
  bool told_everything = false;
};

ControllerChannels::ControllerChannels(sim::Process& process, BrokerId controller,
                                       const BrokerConfig& config)
    : process_(process), controller_(controller), config_(config) {}

ControllerChannels::~ControllerChannels() = default;

void ControllerChannels::add(const BrokerEndpoint& broker, std::int64_t broker_epoch) {
  RpcSettings rpc;
  rpc.client_id = fmt::format("controller-{}-to-{}", controller_, broker.id);
  rpc.request_timeout = config_.controller_socket_timeout;
  rpc.timeout_name = "controller.socket.timeout.ms";
  // ControllerChannelManager.addNewBroker: its NetworkClient has none; the pause below is all.
  rpc.reconnect_backoff = rpc.reconnect_backoff_max = 0ns;
  auto channel = std::make_shared<Channel>(process_, broker, broker_epoch, std::move(rpc));
  channels_[broker.id] = channel;
  process_.spawn(run(channel));
}

void ControllerChannels::remove(BrokerId broker) {
  const auto found = channels_.find(broker);
  if (found == channels_.end()) return;
  found->second->removed = true;
  found->second->queue.close();
  found->second->connection.disconnect();
  channels_.erase(found);
}

void ControllerChannels::clear() {
  while (!channels_.empty()) remove(channels_.begin()->first);
  leader_and_isr_.clear();
  metadata_.clear();
  stop_replica_.clear();
}

void ControllerChannels::collect_leader_and_isr(BrokerId to,
                                                LeaderAndIsrRequest::Partition partition) {
  auto& collected = leader_and_isr_[to];
  const auto before = collected.find(partition.partition);
  if (before != collected.end()) partition.is_new = partition.is_new || before->second.is_new;
  collected[partition.partition] = std::move(partition);
}

void ControllerChannels::collect_metadata(
    const std::vector<BrokerId>& to,
    const std::vector<UpdateMetadataRequest::Partition>& partitions) {
  for (const BrokerId broker : to) {
    auto& collected = metadata_[broker];
    for (const UpdateMetadataRequest::Partition& partition : partitions) {
      collected[partition.partition] = partition;
    }
  }
}

void ControllerChannels::collect_stop_replica(BrokerId to,
                                              StopReplicaRequest::Partition partition) {
  stop_replica_[to].push_back(partition);
}

ControllerChannels::Channel* ControllerChannels::find(BrokerId broker) {
  const auto found = channels_.find(broker);
  return found == channels_.end() ? nullptr : found->second.get();
}

template <class T, class Fill>
void ControllerChannels::enqueue(Channel& channel, ControllerEpoch epoch, Fill fill,
                                 std::set<TopicPartition> deleting) {
  auto make = [fill = std::move(fill), epoch, controller = controller_,
               broker_epoch = channel.broker_epoch]() -> RequestPtr {
    auto request = std::make_unique<T>();
    request->controller = controller;
    request->controller_epoch = epoch;
    request->broker_epoch = broker_epoch;
    fill(*request);
    return request;
  };
  channel.queue.push(
      std::make_shared<Channel::Order>(Channel::Order{std::move(make), std::move(deleting)}));
}

void ControllerChannels::send(ControllerEpoch epoch,
                              const std::vector<BrokerEndpoint>& live_brokers) {
  for (auto& [broker, partitions] : std::exchange(leader_and_isr_, {})) {
    Channel* channel = find(broker);
    if (channel == nullptr) continue;
    const bool full = !std::exchange(channel->told_everything, true);
    std::vector<LeaderAndIsrRequest::Partition> states;
    states.reserve(partitions.size());
    for (auto& [name, partition] : partitions) states.push_back(std::move(partition));
    enqueue<LeaderAndIsrRequest>(
        *channel, epoch,
        [states = std::move(states), full, live_brokers](LeaderAndIsrRequest& request) {
          request.full = full;
          request.partitions = states;
          request.live_leaders = live_brokers;
        });
  }
  for (auto& [broker, partitions] : std::exchange(metadata_, {})) {
    Channel* channel = find(broker);
    if (channel == nullptr) continue;
    std::vector<UpdateMetadataRequest::Partition> states;
    for (auto& [name, partition] : partitions) states.push_back(std::move(partition));
    enqueue<UpdateMetadataRequest>(
        *channel, epoch,
        [states = std::move(states), live_brokers](UpdateMetadataRequest& request) {
          request.partitions = states;
          request.live_brokers = live_brokers;
        });
  }
  for (auto& [broker, partitions] : std::exchange(stop_replica_, {})) {
    Channel* channel = find(broker);
    if (channel == nullptr) continue;
    std::set<TopicPartition> deleting;
    for (const StopReplicaRequest::Partition& one : partitions) {
      if (one.delete_partition) deleting.insert(one.partition);
    }
    enqueue<StopReplicaRequest>(
        *channel, epoch,
        [stopped = std::move(partitions)](StopReplicaRequest& request) {
          request.partitions = stopped;
        },
        std::move(deleting));
  }
}

sim::Task<> ControllerChannels::run(std::shared_ptr<Channel> channel) {
  while (true) {
    std::optional<std::shared_ptr<Channel::Order>> next = co_await channel->queue.receive();
    if (!next) co_return;
    while (!channel->removed) {
      auto answer = co_await channel->connection.call((*next)->make());
      if (answer && !channel->removed) take_answer(*channel, (*next)->deleting, **answer);
      if (answer || channel->removed) break;
      co_await process_.world().sleep(resend_pause);
    }
    if (channel->removed) co_return;
  }
}

void ControllerChannels::take_answer(const Channel& channel,
                                     const std::set<TopicPartition>& deleting,
                                     const Response& answer) {
  if (const auto* told = dynamic_cast<const LeaderAndIsrResponse*>(&answer)) {
    if (answered_) answered_(channel.broker.id, *told);
    return;
  }
  const auto* stopped = dynamic_cast<const StopReplicaResponse*>(&answer);
  if (stopped == nullptr || deleting.empty() || !deleted_) return;
  std::vector<TopicPartition> gone;
  std::vector<TopicPartition> failed;
  if (stopped->error != ErrorCode::none) failed.assign(deleting.begin(), deleting.end());
  for (const StopReplicaResponse::Partition& one : stopped->partitions) {
    if (!deleting.contains(one.partition)) continue;
    (one.error == ErrorCode::none ? gone : failed).push_back(one.partition);
  }
  deleted_(channel.broker.id, gone, failed);
}

}  // namespace brokerlab::model
