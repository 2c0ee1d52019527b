// The controller's decisions take force: written to ZooKeeper under its epoch, then told.
#include "model/controller/controller.h"
#include "model/controller/zookeeper_paths.h"
#include "model/events.h"
#include "sim/when_all.h"

namespace brokerlab::model {

using Type = ZkOperation::Type;

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
  States refused;
  for (const auto& [name, state] : states) {
    const std::vector<ZkReply>& reply = replies[i++];
    if (!reply[0].ok()) {
      fenced_off = true;
    } else if (reply[1].ok()) {
      written[name] = state;
      written[name].partition_epoch = reply[1].node.stat.version;
    } else if (reply[1].error == ZkError::bad_version) {
      refused[name] = state;
    }
  }
  if (fenced_off) {
    resign();  // another controller's epoch is in force
  } else if (!refused.empty()) {
    written.merge(co_await read_back(refused));
  }
  co_return written;
}

/// A write whose answer was lost with the connection is sent again and then meets its own version
/// (Kafka reads the states again and decides anew: PartitionStateMachine.electLeaderForPartitions).
sim::Task<Controller::States> Controller::read_back(const States& wanted) {
  std::vector<ZkOperation> reads;
  for (const auto& [name, state] : wanted) {
    reads.push_back({.type = Type::get, .path = zk::state_path(name)});
  }
  const std::vector<ZkReply> replies = co_await zookeeper_.pipeline(std::move(reads));
  States ours;
  std::size_t i = 0;
  for (const auto& [name, state] : wanted) {
    const ZkReply& reply = replies[i++];
    if (!reply.ok()) continue;
    const auto found = zk::decode_state(reply.node.data, reply.node.stat.version);
    const auto info = partitions_.find(name);
    if (!found || info == partitions_.end()) continue;
    LeaderAndIsr expected = state;
    expected.partition_epoch = found->state.partition_epoch;
    if (found->controller_epoch == epoch_ && found->state == expected) {
      ours[name] = found->state;
    } else {
      info->second.state = found->state;
    }
  }
  co_return ours;
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
  for (const auto& [name, state] : states) {
    const sim::World::KeepCause keep(world());
    PartitionInfo& info = partitions_[name];
    const LeaderAndIsr before = info.state;
    info.state = state;
    info.is_new = false;
    info.online = is_online(name, state.leader);
    if (is_new) {
      world().trace().record(events::partition_created,
                             {.partition = cluster_.partitions.id_of(name)},
                             {{"leader", cluster_.broker_name(state.leader)}});
      announce_min_isr(name, info, {.isr = info.assignment});
    } else {
      announce(name, info, before);
    }
    cluster_.observer.on_partition_state(name, state.leader, state.leader_epoch, state.isr,
                                         info.assignment);
    for (const BrokerId replica : info.assignment) {
      if (is_online(name, replica)) send_leader_and_isr(name, info, replica, is_new);
    }
    metadata.push_back({name, state, info.assignment});
  }
  if (!metadata.empty()) channels_.collect_metadata(live_ids(), metadata);
}

namespace {

/// No controller could be reached, or the controller could not reach ZooKeeper.
Phrase pending_text(Duration pending) {
  constexpr Duration usual = 1s;
  if (pending < usual) return {};
  const std::string length = to_rounded_text(pending);
  return {fmt::format("then {} for a controller that could write it to ZooKeeper", length),
          fmt::format("그 뒤 {} 동안 주키퍼에 쓸 수 있는 컨트롤러", length)};
}

}  // namespace

void Controller::announce(const TopicPartition& name, const PartitionInfo& info,
                          const LeaderAndIsr& before, BrokerId asked_by, Duration pending) {
  const sim::PartitionId id = cluster_.partitions.id_of(name);
  if (info.state.leader != before.leader && info.state.leader.valid()) {
    world().trace().record(events::partition_leader_elected, {.partition = id},
                           {{"leader", cluster_.broker_name(info.state.leader)},
                            {"epoch", std::to_string(info.state.leader_epoch)},
                            {"isr", cluster_.broker_names(info.state.isr)}});
  } else if (info.state.isr != before.isr) {
    const bool shrunk = info.state.isr.size() < before.isr.size();
    std::vector<sim::Detail> details{{"from", cluster_.broker_names(before.isr)},
                                     {"to", cluster_.broker_names(info.state.isr)}};
    if (shrunk && asked_by.valid()) {
      details = events::with_wait(std::move(details),
                                  {"replica.lag.time.max.ms", config_.replica_lag_time_max,
                                   cluster_.broker_name(asked_by), pending_text(pending)});
    }
    world().trace().record(shrunk ? events::partition_isr_shrunk : events::partition_isr_expanded,
                           {.partition = id}, std::move(details));
  }
  announce_min_isr(name, info, before);
}

void Controller::announce_min_isr(const TopicPartition& name, const PartitionInfo& info,
                                  const LeaderAndIsr& before) {
  const auto topic = topics_.find(name.topic);
  const TopicOverrides overrides = topic == topics_.end() ? TopicOverrides{} : topic->second;
  const int wanted = TopicConfig::in_force(config_, overrides).min_insync_replicas;
  const int min = std::min(wanted, static_cast<int>(info.assignment.size()));
  const bool was = static_cast<int>(before.isr.size()) >= min;
  const bool is = static_cast<int>(info.state.isr.size()) >= min;
  if (was == is) return;
  world().trace().record(
      is ? events::partition_min_isr_back : events::partition_under_min_isr,
      {.partition = cluster_.partitions.id_of(name)},
      {{"min", std::to_string(min)}, {"isr", cluster_.broker_names(info.state.isr)}});
}

void Controller::send_leader_and_isr(const TopicPartition& name, const PartitionInfo& info,
                                     BrokerId to, bool is_new) {
  channels_.collect_leader_and_isr(to, {name, info.state, info.assignment, is_new});
}

void Controller::flush() {
  if (active_) channels_.send(epoch_, live_endpoints());
}

}  // namespace brokerlab::model
