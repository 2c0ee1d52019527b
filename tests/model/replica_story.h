// Broker 1's replicas for stories: machines, network, storage and AlterPartitionManager are real;
// the controller's requests are the test's, and broker 2, which leads and is the controller, is
// scripted.
#pragma once

#include "log/batch/record_batch.h"
#include "model/broker/replica_manager.h"
#include "model/cluster_context.h"
#include "tests/model/scripted_peer.h"

#include <catch2/catch.hpp>

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace brokerlab::model {

/// Broker 1's process: the part of a Broker that these stories are about.
struct ReplicaServer final : sim::Program {
  static constexpr Duration asked_again = 5s;  ///< A controller that does not answer.
  ReplicaServer(sim::Process& process, ClusterContext& cluster, const BrokerConfig& config,
                BrokerStorage& storage)
      : alter_partitions(process, BrokerId(1), metadata, {.request_timeout = asked_again}),
        replicas({process, cluster, BrokerId(1), config, storage, metadata, alter_partitions}) {
    replicas.set_config_reader(
        [](std::string) -> sim::Task<TopicOverrides> { co_return TopicOverrides{}; });
    process.spawn(start());
  }
  sim::Task<> start() {
    co_await replicas.load_logs();
    replicas.start();
    alter_partitions.start();
  }

  MetadataCache metadata;
  AlterPartitionManager alter_partitions;
  ReplicaManager replicas;
};

class ReplicaStory {
 public:
  explicit ReplicaStory(const BrokerConfig& wanted = {}) : config(wanted) {
    context.broker_machines = {{BrokerId(1), machine.id()}, {BrokerId(2), other_machine.id()}};
    process.start();
    other_process.start();
    run_for(1s);
    hear_of({1, 2});
  }

  // --- What the controller says ---

  /// UpdateMetadata: who is alive, and whatever there is to say of partitions.
  void hear_of(const std::vector<int>& live,
               std::vector<UpdateMetadataRequest::Partition> partitions = {}) {
    UpdateMetadataRequest request;
    request.controller = BrokerId(2);
    for (const int id : live) request.live_brokers.push_back({BrokerId(id), address(id)});
    request.partitions = std::move(partitions);
    server().metadata.apply(request);
    live_ = live;
  }
  struct Word {
    int leader = 1;
    int epoch = 0;
    std::vector<int> isr = {1, 2};
    int partition_epoch = 0;
  };
  /// LeaderAndIsr of t-0, whose replicas are 1, 2 and 3, and UpdateMetadata; what the first is
  /// answered with.
  ErrorCode told(const Word& word) {
    auto request = std::make_unique<LeaderAndIsrRequest>();
    const std::vector<BrokerId> all{BrokerId(1), BrokerId(2), BrokerId(3)};
    const LeaderAndIsr state{BrokerId(word.leader),
                             word.epoch,
                             {word.isr.begin(), word.isr.end()},
                             word.partition_epoch};
    request->partitions.push_back({name, state, all, true});
    const auto answer = ask<LeaderAndIsrResponse>(std::move(request), [&](CallPtr call) {
      return replicas().leader_and_isr(std::move(call));
    });
    REQUIRE(answer->partitions.size() == 1);
    hear_of(live_, {{name, state, all}});
    return answer->partitions[0].error;
  }

  /// StopReplica of t-0; what it is answered with.
  ErrorCode told_to_stop(int epoch, bool and_delete = false) {
    StopReplicaRequest request;
    request.partitions.push_back({name, epoch, and_delete});
    StopReplicaResponse response;
    replicas().stop_replicas(request, response);
    REQUIRE(response.partitions.size() == 1);
    return response.partitions[0].error;
  }

  // --- What clients and followers ask ---

  /// Gives the answer to `request`, when it comes within a second.
  template <class Answer, class Handler>
  std::unique_ptr<Answer> ask(RequestPtr request, Handler handle) {
    const auto call = std::make_shared<Call>(world, std::move(request));
    process.spawn(handle(call));
    run_for(1s);
    std::optional<ResponsePtr> response = call->responses().try_receive();
    REQUIRE(response);
    REQUIRE(dynamic_cast<Answer*>(response->get()) != nullptr);
    return std::unique_ptr<Answer>(static_cast<Answer*>(response->release()));
  }
  /// A producer's record; the call is answered now or later.
  CallPtr produce(Acks acks) { return produce(acks, one_record()); }
  CallPtr produce(Acks acks, const log::ByteVector& batch) {
    auto request = std::make_unique<ProduceRequest>();
    request->acks = acks;
    request->partitions.push_back({name, log::ByteSlice::copy_of(batch)});
    return send(std::move(request),
                [&](CallPtr call) { return replicas().produce(std::move(call)); });
  }
  /// Broker 2 fetches from `offset` on, in `epoch`; its log begins at `start`.
  CallPtr fetched_by_2(Offset offset, LeaderEpoch epoch, Offset start = log::no_offset) {
    auto request = std::make_unique<FetchRequest>();
    request->replica = BrokerId(2);
    request->partitions.push_back({name, epoch, offset, log::no_epoch, start});
    return send(std::move(request),
                [&](CallPtr call) { return replicas().fetch(std::move(call)); });
  }
  ListOffsetsResponse::Partition list_offsets(ListOffsetsRequest::Partition wanted,
                                              bool from_follower = false) {
    auto request = std::make_unique<ListOffsetsRequest>();
    request->from_follower = from_follower;
    request->partitions.push_back(wanted);
    const auto answer = ask<ListOffsetsResponse>(
        std::move(request), [&](CallPtr call) { return replicas().list_offsets(std::move(call)); });
    REQUIRE(answer->partitions.size() == 1);
    return answer->partitions[0];
  }
  OffsetForLeaderEpochResponse::Partition end_of_epoch(
      OffsetForLeaderEpochRequest::Partition wanted) {
    auto request = std::make_unique<OffsetForLeaderEpochRequest>();
    request->partitions.push_back(wanted);
    const auto answer =
        ask<OffsetForLeaderEpochResponse>(std::move(request), [&](CallPtr call) -> sim::Task<> {
          replicas().offset_for_leader_epoch(call);
          co_return;
        });
    REQUIRE(answer->partitions.size() == 1);
    return answer->partitions[0];
  }
  /// An operator's DeleteRecords request of a partition; answered now or later.
  CallPtr delete_records(const TopicPartition& partition, Offset offset, Duration timeout = 30s) {
    auto request = std::make_unique<DeleteRecordsRequest>();
    request->timeout = timeout;
    request->partitions.push_back({partition, offset});
    return send(std::move(request),
                [&](CallPtr call) { return replicas().delete_records(std::move(call)); });
  }
  /// What it is answered with: "NONE 3", the error and the low watermark; "waits".
  static std::string answer_to(const CallPtr& call) {
    const std::optional<ResponsePtr> response = call->responses().try_receive();
    if (!response) return "waits";
    const auto& answer = dynamic_cast<const DeleteRecordsResponse&>(**response).partitions.at(0);
    return fmt::format("{} {}", to_text(answer.error), answer.low_watermark);
  }
  /// A consumer's.
  FetchResponse::Partition answer_to_fetch_of(const TopicPartition& partition) {
    auto request = std::make_unique<FetchRequest>();
    request->partitions.push_back({partition});
    const auto answer = ask<FetchResponse>(
        std::move(request), [&](CallPtr call) { return replicas().fetch(std::move(call)); });
    REQUIRE(answer->partitions.size() == 1);
    return answer->partitions[0];
  }
  void run_for(Duration time) { world.run(world.now() + time); }

  /// Broker 1's logs are closed, then its process ends.
  void stop_cleanly() {
    process.spawn(replicas().shutdown_cleanly());
    run_for(1s);
    process.kill();
    run_for(1s);
  }

  // --- What may be seen ---

  static bool answered(const CallPtr& call) { return !call->responses().empty(); }
  /// Of t-0, as its checkpoint file has it; no_offset: it has none.
  Offset recovery_point() {
    const auto points = log::read_checkpoint(
        storage.dir(0).env(), log::join_path(log_root, log::recovery_point_checkpoint_name));
    REQUIRE(points.ok());
    const auto point = points->find({name.topic, name.partition});
    return point == points->end() ? log::no_offset : point->second;
  }

  /// Whether broker 2 is asked for records, within a time after which a silent one is asked anew.
  bool fetches() {
    const std::size_t before = peer.all<FetchRequest>().size();
    run_for(2 * config.replica_socket_timeout);
    return peer.all<FetchRequest>().size() > before;
  }
  ReplicaManager& replicas() { return server().replicas; }
  ReplicaServer& server() { return dynamic_cast<ReplicaServer&>(*process.program()); }
  Partition& partition() { return *replicas().find(name); }
  /// Nobody listens where broker 3 should be.
  Address address(int id) const {
    const int port = id == 3 ? kafka_port + 1 : kafka_port;
    return {id == 1 ? machine.id() : other_machine.id(), port};
  }

  sim::World world{1};
  sim::Network network{world, {}};
  Observer nobody;
  PartitionDirectory directory{world};
  ClusterContext context{world, nobody, directory, 1'700'000'000'000, {}};
  BrokerConfig config;
  const TopicPartition name{"t", 0};
  PeerScript peer;  ///< Broker 2.
  sim::Machine machine{world, network, sim::MachineId(0), "broker-1", {}};
  sim::Machine other_machine{world, network, sim::MachineId(1), "broker-2", {}};
  BrokerStorage storage{machine};
  sim::Process& process =
      machine.add_process(sim::ProcessId(0), "broker-1", [this](sim::Process& self) {
        return std::make_unique<ReplicaServer>(self, context, config, storage);
      });
  sim::Process& other_process = other_machine.add_process(
      sim::ProcessId(1), "broker-2",
      [this](sim::Process& self) { return std::make_unique<ScriptedPeer>(self, peer); });

  template <class Handler>
  CallPtr send(RequestPtr request, Handler handle) {
    auto call = std::make_shared<Call>(world, std::move(request));
    process.spawn(handle(call));
    run_for(100ms);
    return call;
  }

 private:
  static log::ByteVector one_record() {
    log::BatchBuilder builder;
    builder.append(0, std::nullopt, log::as_bytes("a record"));
    return builder.build();
  }
  std::vector<int> live_;
};

}  // namespace brokerlab::model
