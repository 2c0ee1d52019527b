// What is asked of a controller, with a store behind it that the test answers for.
#include "model/cluster_context.h"
#include "model/controller/requests.h"
#include "sim/machine.h"
#include "tests/model/scripted_peer.h"

#include <catch2/catch.hpp>

#include <functional>

using namespace brokerlab;
using namespace brokerlab::model;

namespace {

/// Keeps the states of partitions, and fences claims off when it is told to.
class ScriptedStore final : public MetadataStore {
 public:
  PartitionStates states_now;
  bool another_controller = false;

  sim::Task<Written> write_states(ControllerClaim, PartitionStates states) override {
    Written outcome{.fenced_off = another_controller};
    for (auto& [name, state] : states) {
      if (another_controller) continue;
      if (states_now[name].partition_epoch != state.partition_epoch) {
        outcome.others[name] = states_now[name];
        continue;
      }
      ++state.partition_epoch;
      outcome.written[name] = states_now[name] = state;
    }
    co_return outcome;
  }
  sim::Task<PartitionStates> states(std::vector<TopicPartition> partitions) override {
    PartitionStates found;
    for (const TopicPartition& name : partitions) {
      if (states_now.contains(name)) found[name] = states_now[name];
    }
    co_return found;
  }
  sim::Task<TopicCreation> create_topic(std::string name, StoredTopic topic) override {
    created[name] = std::move(topic);
    co_return TopicCreation::created;
  }
  std::map<std::string, StoredTopic> created;
  sim::Task<std::optional<ProducerIdBlock>> take_producer_ids(BrokerId) override {
    co_return ProducerIdBlock{std::exchange(next_id, next_id + 1000), 1000};
  }
  std::int64_t next_id = 0;

 private:
  sim::Task<Status<Refused>> connect() override { UNREACHABLE(); }
  sim::Task<bool> connect_again() override { UNREACHABLE(); }
  sim::Task<BrokerConfigs> prepare(BrokerId) override { UNREACHABLE(); }
  sim::Task<Result<std::int64_t, Refused>> register_broker(BrokerEndpoint) override {
    UNREACHABLE();
  }
  sim::Task<TopicOverrides> topic_config(std::string) override { UNREACHABLE(); }
  sim::Task<std::optional<std::string>> config(ConfigEntity) override { UNREACHABLE(); }
  sim::Task<bool> write_config(ConfigEntity, std::string) override { UNREACHABLE(); }
  sim::Task<std::vector<ConfigEntity>> take_config_changes() override { UNREACHABLE(); }
  sim::Task<> tell_log_dir_failed(BrokerId) override { UNREACHABLE(); }
  sim::Task<std::optional<MetadataEvent>> next_event() override { UNREACHABLE(); }
  sim::Task<> close() override { UNREACHABLE(); }
  sim::Task<std::optional<ControllerClaim>> claim_controllership(BrokerId) override {
    UNREACHABLE();
  }
  sim::Task<std::optional<std::map<BrokerId, RegisteredBroker>>> brokers() override {
    UNREACHABLE();
  }
  sim::Task<std::optional<std::vector<std::string>>> topics() override { UNREACHABLE(); }
  sim::Task<StoredTopics> read_topics(std::vector<std::string>) override { UNREACHABLE(); }
  sim::Task<bool> create_states(ControllerClaim, PartitionStates) override { UNREACHABLE(); }
  sim::Task<bool> write_topic(std::optional<ControllerClaim>, std::string, StoredTopic) override {
    UNREACHABLE();
  }
  sim::Task<DeletionRequest> request_deletion(std::string) override { UNREACHABLE(); }
  sim::Task<std::optional<std::vector<std::string>>> deletions() override { UNREACHABLE(); }
  sim::Task<bool> forget_deletions(ControllerClaim, std::vector<std::string>) override {
    UNREACHABLE();
  }
  sim::Task<bool> delete_topic(ControllerClaim, std::string, int) override { UNREACHABLE(); }
  sim::Task<std::set<BrokerId>> take_log_dir_failures() override { UNREACHABLE(); }
  sim::Task<> forget_log_dir_failures() override { UNREACHABLE(); }
};

/// Obeys, and says so.
ResponsePtr obey(const Request& request) {
  switch (request.api) {
    case ApiKey::leader_and_isr:
      return std::make_unique<LeaderAndIsrResponse>();
    case ApiKey::update_metadata:
      return std::make_unique<UpdateMetadataResponse>();
    case ApiKey::stop_replica:
      return std::make_unique<StopReplicaResponse>();
    default:
      return nullptr;
  }
}

/// "LeaderAndIsr of t-0: 2 in 5; StopReplica of t-0: in 4; "
std::string told(const PeerScript& broker) {
  std::string text;
  for (const auto& one : broker.asked) {
    text += request_name(dynamic_cast<const Request&>(*one).api);
    if (const auto* lead = dynamic_cast<const LeaderAndIsrRequest*>(one.get())) {
      for (const auto& partition : lead->partitions) {
        text += fmt::format(" of {}: {} in {}", partition.partition.name(), partition.state.leader,
                            partition.state.leader_epoch);
      }
    }
    if (const auto* stop = dynamic_cast<const StopReplicaRequest*>(one.get())) {
      for (const auto& partition : stop->partitions) {
        text += fmt::format(" of {}: in {}", partition.partition.name(), partition.leader_epoch);
      }
    }
    text += "; ";
  }
  return text;
}

/// Broker 1, the controller of brokers 1, 2 and 3; partition t-0 on all of them, led by 2.
struct Office {
  struct Idle : sim::Program {};

  sim::World world{1};
  sim::Network network{world, sim::NetworkConfig{}};
  sim::Machine machine{world, network, sim::MachineId(0), "kafka-1", {}};
  sim::Process& process = machine.add_process(
      sim::ProcessId(0), "broker-1", [](sim::Process&) { return std::make_unique<Idle>(); });
  std::map<int, PeerScript> peers;
  std::vector<std::unique_ptr<sim::Machine>> machines;  ///< The peers'.
  Observer nobody;
  PartitionDirectory partitions{world};
  ClusterContext cluster{world, nobody, partitions};
  BrokerConfig config;
  ScriptedStore store;
  ControllerTerm term{{process, cluster, BrokerId(1), config, store}};
  ControllerRequests requests{world, term, RandomStream(1, "topics")};
  const TopicPartition name{"t", 0};

  Office() {
    process.start();
    const std::vector<BrokerId> replicas{BrokerId(1), BrokerId(2), BrokerId(3)};
    term.begin({.epoch = ControllerEpoch(1), .fence = 0});
    for (const BrokerId id : replicas) term.context().add_broker({{id, {}}, 10});
    store.states_now[name] = {BrokerId(2), 4, replicas, 7};
    term.context().add_topic("t", {{replicas}, {}});
    term.context().load(store.states_now);
  }
  ControlledShutdownResponse shut_down(int broker, std::int64_t epoch = 10) {
    ControlledShutdownRequest request;
    request.broker = BrokerId(broker);
    request.broker_epoch = epoch;
    ControlledShutdownResponse response;
    finish(requests.controlled_shutdown(request, response));
    return response;
  }
  AllocateProducerIdsResponse allocate(int broker, std::int64_t epoch) {
    AllocateProducerIdsRequest request;
    request.broker = BrokerId(broker);
    request.broker_epoch = epoch;
    AllocateProducerIdsResponse response;
    finish(requests.allocate_producer_ids(request, response));
    return response;
  }
  AlterPartitionResponse alter(int broker, std::int64_t epoch, std::vector<BrokerId> isr) {
    AlterPartitionRequest request;
    request.broker = BrokerId(broker);
    request.broker_epoch = epoch;
    request.partitions.push_back({name, 4, std::move(isr), 7});
    AlterPartitionResponse response;
    finish(requests.alter_partition(request, response));
    return response;
  }
  /// Broker 2 or 3, which hears from the controller from now on.
  PeerScript& listens(int broker) {
    const sim::MachineId id(broker);
    machines.push_back(
        std::make_unique<sim::Machine>(world, network, id, "kafka", sim::MachineConfig{}));
    PeerScript& script = peers[broker];
    script.answer = obey;
    machines.back()
        ->add_process(
            sim::ProcessId(broker), "broker",
            [&script](sim::Process& self) { return std::make_unique<ScriptedPeer>(self, script); })
        .start();
    term.publisher().channels().add({BrokerId(broker), {id, kafka_port}}, 10);
    return script;
  }
  void finish(sim::Task<> task) {
    bool done = false;
    process.spawn([](sim::Task<> awaited, bool& ended) -> sim::Task<> {
      co_await std::move(awaited);
      ended = true;
    }(std::move(task), done));
    world.run(world.now() + 1ms);
    REQUIRE(done);
  }
};

}  // namespace

TEST_CASE("a broker that leaves is told what it still leads", "[unit]") {
  Office office;
  CHECK(office.shut_down(2).error == ErrorCode::none);
  CHECK(office.store.states_now[office.name].leader == BrokerId(1));
  CHECK(office.shut_down(2).remaining.empty());
  office.shut_down(3);
  const ControlledShutdownResponse last = office.shut_down(1);  // nobody is left to lead
  CHECK(last.error == ErrorCode::none);
  CHECK(last.remaining == std::vector<TopicPartition>{office.name});
}

// PartitionStateMachine.doElectLeaderForPartitions reads the states before it decides.
TEST_CASE("leaders are decided on by what is written now, not by what was known", "[unit]") {
  Office office;
  office.store.states_now[office.name] = {BrokerId(2), 4, {BrokerId(2), BrokerId(3)}, 8};
  CHECK(office.shut_down(2).error == ErrorCode::none);
  CHECK(office.store.states_now[office.name].leader == BrokerId(3));
  CHECK(office.store.states_now[office.name].isr == std::vector<BrokerId>{BrokerId(3)});
}

// ControllerContext.partitionLeadersOnBroker: trying again would change nothing.
TEST_CASE("what has one replica is not told to who leaves", "[unit]") {
  Office office;
  const TopicPartition alone{"alone", 0};
  office.term.context().add_topic("alone", {{{BrokerId(2)}}, {}});
  office.term.context().load({{alone, {BrokerId(2), 0, {BrokerId(2)}, 0}}});
  const ControlledShutdownResponse answer = office.shut_down(2);
  CHECK(answer.error == ErrorCode::none);
  CHECK(answer.remaining.empty());
  CHECK(office.term.context().find(alone)->state.leader == BrokerId(2));
}

// KafkaController.doControlledShutdown, ReplicaStateMachine's OfflineReplica: who leaves hears of
// what it led, is told twice to stop what it follows, and not that it is out of the ISR.
TEST_CASE("who leaves is told to stop following, the others that it is gone", "[unit]") {
  Office office;
  const TopicPartition led{"u", 0};
  office.store.states_now[led] = {BrokerId(3), 0, {BrokerId(3), BrokerId(2)}, 0};
  office.term.context().add_topic("u", {{{BrokerId(3), BrokerId(2)}}, {}});
  office.term.context().load({{led, office.store.states_now[led]}});
  const PeerScript& stays = office.listens(2);
  const PeerScript& leaves = office.listens(3);
  CHECK(office.shut_down(3).error == ErrorCode::none);
  office.world.run(office.world.now() + 1s);
  CHECK(told(leaves) ==
        "LeaderAndIsr of u-0: 2 in 1; UpdateMetadata; StopReplica of t-0: in 4; UpdateMetadata; "
        "StopReplica of t-0: in 4; ");
  CHECK(told(stays) ==
        "LeaderAndIsr of u-0: 2 in 1; UpdateMetadata; LeaderAndIsr of t-0: 2 in 5; "
        "UpdateMetadata; ");
  CHECK(office.store.states_now[office.name].isr ==
        std::vector<BrokerId>{BrokerId(1), BrokerId(2)});
}

// KIP-380.
TEST_CASE("who leaves with the epoch of another life is refused", "[unit]") {
  Office office;
  CHECK(office.shut_down(2, 9).error == ErrorCode::stale_broker_epoch);
  CHECK(office.alter(2, 9, {BrokerId(2)}).error == ErrorCode::stale_broker_epoch);
  CHECK(office.term.context().shutting_down().empty());
}

// A ControllerMovedException: the broker must not believe that it leads nothing any more.
TEST_CASE("a controller that is fenced off promises nothing to who leaves", "[unit]") {
  Office office;
  office.store.another_controller = true;
  CHECK(office.shut_down(2).error == ErrorCode::stale_controller_epoch);
  CHECK_FALSE(office.term.active());
  CHECK(office.shut_down(2).error == ErrorCode::stale_controller_epoch);
}

TEST_CASE("an ISR change takes force when it is written, and not when the term is over", "[unit]") {
  Office office;
  const AlterPartitionResponse taken = office.alter(2, 10, {BrokerId(2), BrokerId(3)});
  REQUIRE(taken.partitions.size() == 1);
  CHECK(taken.partitions[0].error == ErrorCode::none);
  CHECK(taken.partitions[0].state.partition_epoch == 8);
  CHECK(office.term.context().find(office.name)->state.isr ==
        std::vector<BrokerId>{BrokerId(2), BrokerId(3)});

  Office fenced;
  fenced.store.another_controller = true;
  CHECK(fenced.alter(2, 10, {BrokerId(2)}).error == ErrorCode::not_controller);
  CHECK(fenced.alter(2, 10, {BrokerId(2)}).error == ErrorCode::not_controller);
}

TEST_CASE("an ISR change that somebody was quicker than is answered with what is there", "[unit]") {
  Office office;
  office.store.states_now[office.name] = {BrokerId(3), 5, {BrokerId(3)}, 8};
  const AlterPartitionResponse late = office.alter(2, 10, {BrokerId(2)});
  REQUIRE(late.partitions.size() == 1);
  CHECK(late.partitions[0].error == ErrorCode::invalid_update_version);
  CHECK(office.term.context().find(office.name)->state.leader == BrokerId(3));
}

TEST_CASE("a topic is made with as many replicas as it asks for, or not", "[unit]") {
  Office office;
  const auto create = [&](std::string name, int factor) {
    CreateTopicsRequest request;
    request.topics.push_back({std::move(name), 2, factor, {}});
    ErrorCode error = ErrorCode::unknown_server_error;
    office.finish([](ControllerRequests& requests, const CreateTopicsRequest& asked,
                     ErrorCode& answer) -> sim::Task<> {
      answer = (co_await requests.create_topics(asked))->topics.at(0).error;
    }(office.requests, request, error));
    return error;
  };
  CHECK(create("new", 3) == ErrorCode::none);
  REQUIRE(office.store.created.contains("new"));
  CHECK(office.store.created["new"].assignment.size() == 2);
  CHECK(create("wide", 4) == ErrorCode::invalid_replication_factor);
  CHECK(create("t", 3) == ErrorCode::topic_already_exists);
}

// KafkaController.processAllocateProducerIds, with its order of checks.
TEST_CASE("each broker gets producer ids of its own, if the controller knows it", "[unit]") {
  Office office;
  CHECK(office.allocate(2, 10).block == ProducerIdBlock{0, 1000});
  CHECK(office.allocate(3, 10).block == ProducerIdBlock{1000, 1000});
  CHECK(office.allocate(3, 9).error == ErrorCode::stale_broker_epoch);
  CHECK(office.allocate(4, 10).error == ErrorCode::broker_id_not_registered);
  office.term.end();
  CHECK(office.allocate(2, 10).error == ErrorCode::not_controller);
}
