// A cluster of scripted brokers for the stories of clients: real machines, network and protocol,
// but brokers that keep each partition as one row of batches and do as the test tells them.
#pragma once

#include "log/batch/record_batch.h"
#include "log/partition/producer_state.h"
#include "model/broker/fetch_session.h"
#include "model/client/consumer.h"
#include "model/client/table_poller.h"
#include "model/group/group_coordinator.h"
#include "sim/machine.h"

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace brokerlab::model {

inline constexpr const char* test_topic = "wifi";

/// Everything an Observer hears, in order.
struct Diary : Observer {
  struct Acknowledged {
    RecordRef record;
    TopicPartition partition;
    Offset offset;
    Time at;
  };
  struct Consumed {
    std::string consumer;
    TopicPartition partition;
    Offset offset;
    std::string value;
  };
  void on_sent(const SentRecords& records) override {
    sent[records.run.first] = std::string(log::as_text(records.value));
  }
  void on_acknowledged(const RecordRun& run, const TopicPartition& partition,
                       Offset first) override {
    for (std::int64_t n = 0; n < run.count; ++n) {
      const Offset offset = first == log::no_offset ? first : first + n;
      acknowledged.push_back({{run.producer, run.first + n}, partition, offset, world->now()});
    }
  }
  void on_send_failed(const RecordRun& run, ErrorCode error, std::string_view) override {
    for (std::int64_t n = 0; n < run.count; ++n) {
      failed.emplace_back(RecordRef{run.producer, run.first + n}, error, world->now());
    }
  }
  void on_consumed(const ConsumedRecords& records) override {
    for (std::int64_t n = 0; n < records.count; ++n) {
      consumed.push_back({std::string(records.consumer), records.partition, records.first + n,
                          std::string(log::as_text(records.value))});
    }
    Offset& end = processed[records.partition];
    end = std::max(end, records.end());
  }
  void on_assigned(std::string_view consumer,
                   const std::vector<TopicPartition>& partitions) override {
    assigned[std::string(consumer)] = partitions;
    ++assignments;
  }
  void on_committed(std::string_view, const TopicPartition& partition, Offset offset) override {
    committed[partition] = offset;
    committed_ahead += offset > processed[partition];
  }

  void on_client_error(const ClientError& error) override {
    ++errors[{std::string(error.api), std::string(to_text(error.error)), error.source}];
    if (error.final) {
      final_errors.emplace_back(error.exception.empty() ? to_text(error.error) : error.exception);
    }
  }

  sim::World* world = nullptr;
  std::map<std::tuple<std::string, std::string, ClientError::Source>, int> errors;
  std::vector<std::string> final_errors;  ///< Of the application, by Kafka's names.
  std::map<std::int64_t, std::string> sent;
  std::vector<Acknowledged> acknowledged;
  std::vector<std::tuple<RecordRef, ErrorCode, Time>> failed;
  std::vector<Consumed> consumed;
  std::map<std::string, std::vector<TopicPartition>> assigned;
  std::map<TopicPartition, Offset> processed;  ///< By the applications, up to there.
  std::map<TopicPartition, Offset> committed;
  int committed_ahead = 0;  ///< Commits of what nobody had processed then.
  int assignments = 0;
};

struct TestPartition {
  int leader = 1;
  LeaderEpoch epoch = 0;
  log::ByteVector bytes;
  Offset end = 0;
  std::vector<std::pair<LeaderEpoch, Offset>> epochs = {{0, 0}};  ///< Where each begins.
  log::ProducerStates producers;

  /// What a leader makes of a batch with a producer id: where it is, or an error.
  Result<Offset, ErrorCode> append_of_producer(log::ByteView bytes_of_batch) {
    log::ProducerBatch batch =
        log::ProducerBatch::of(log::BatchView::parse(bytes_of_batch).value());
    if (const log::ProducerState* known = producers.find(batch.producer_id)) {
      if (const auto there = known->find_duplicate(batch)) return there->first_offset();
    }
    batch.base_offset += end;
    batch.last_offset += end;
    log::ProducerAppend append(producers, batch.producer_id, log::AppendOrigin::client);
    const auto added = append.add(batch, std::nullopt);
    if (!added.ok()) {
      return fail(added.error().kind == log::ProducerError::Kind::invalid_epoch
                      ? ErrorCode::invalid_producer_epoch
                      : ErrorCode::out_of_order_sequence_number);
    }
    producers.update(append);
    return this->append(bytes_of_batch);
  }

  Offset append(log::ByteView batch) {
    const Offset base = end;
    const std::size_t at = bytes.size();
    bytes.insert(bytes.end(), batch.begin(), batch.end());
    log::assign_offsets(log::MutableByteView(bytes).subspan(at), base, epoch);
    end = log::BatchView::parse(log::ByteView(bytes).subspan(at)).value().next_offset();
    return base;
  }
  log::ByteVector read(Offset from) const {
    log::ByteVector found;
    for (const log::BatchView& batch : log::Batches(bytes)) {
      if (batch.next_offset() <= from) continue;
      found.insert(found.end(), batch.bytes().begin(), batch.bytes().end());
    }
    return found;
  }
  void new_leader(int broker) {
    leader = broker;
    epochs.emplace_back(++epoch, end);
  }
  void cut(Offset to) {
    log::ByteVector kept;
    for (const log::BatchView& batch : log::Batches(bytes)) {
      if (batch.next_offset() > to) break;
      kept.insert(kept.end(), batch.bytes().begin(), batch.bytes().end());
    }
    bytes = kept;
    end = to;
  }
};

/// __consumer_offsets in memory, shared by all brokers as perfect replicas would be.
struct MemoryOffsets final : OffsetStore {
  explicit MemoryOffsets(sim::World& the_world) : world(the_world) {}
  sim::Task<ErrorCode> append(int partition, log::ByteVector batch) override {
    co_await world.sleep(2ms);
    if (error == ErrorCode::none) logs[partition].append(batch);
    co_return error;
  }
  void append_unasked(int partition, log::ByteVector batch) override {
    ++unasked;
    if (error == ErrorCode::none) logs[partition].append(batch);
  }
  Result<log::ByteSlice, ErrorCode> read(int partition, Offset from) override {
    return log::ByteSlice::copy_of(logs[partition].read(from));
  }
  Offset log_end_offset(int partition) override { return logs[partition].end; }

  sim::World& world;
  std::map<int, TestPartition> logs;
  ErrorCode error = ErrorCode::none;
  int unasked = 0;  ///< Appends with acks=0.
};

/// What the test tells one broker to do.
struct Script {
  Duration delay{};                      ///< Before each produce is handled.
  std::deque<ErrorCode> produce_errors;  ///< For the next partitions produced to.
  std::deque<ErrorCode> id_errors;       ///< For the next InitProducerIds.
  bool silent = false;                   ///< Swallows every request.
  bool swallow_answers = false;          ///< Appends, and says nothing.
  bool swallow_syncs = false;            ///< Of SyncGroups, and of what follows them.
  int requests = 0;
  int produces = 0;
  int produces_answered = 0;
  int metadata = 0;
  bool names_leader = true;  ///< KIP-951: errors tell who leads.
  int sends_to = 0;          ///< KIP-392: as a leader, consumers; 0: it serves them itself.
  bool serves = false;       ///< As a follower, consumers.
  Offset serves_from = 0;    ///< What lies before that is out of range there.
  std::deque<ErrorCode> heartbeat_errors;       ///< For the next heartbeats.
  std::deque<ErrorCode> join_errors;            ///< For the next JoinGroups
  std::deque<ErrorCode> sync_errors;            ///< and SyncGroups.
  std::vector<Time> joins;                      ///< When they came.
  std::vector<Time> heartbeats;                 ///< When they came.
  std::vector<std::size_t> fetched_partitions;  ///< In each fetch, how many it asked for.
  std::vector<std::size_t> batches;             ///< Records in each batch it took.
  std::size_t fetch_sessions = 0;               ///< That it keeps.
};

class TestCluster;

class TestBroker final : public sim::Program {
 public:
  TestBroker(sim::Process& process, TestCluster& cluster, int id);
  GroupCoordinator& groups() { return groups_; }

 private:
  sim::Task<> accept();
  sim::Task<> serve(sim::SocketPtr socket);
  sim::Task<ResponsePtr> handle(Request& request);
  sim::Task<ResponsePtr> produce(ProduceRequest& request);
  sim::Task<ResponsePtr> fetch(FetchRequest& request);
  /// The next of `errors`, if there is one.
  template <class T>
  static ResponsePtr refusal(std::deque<ErrorCode>& errors) {
    if (errors.empty()) return nullptr;
    auto response = std::make_unique<T>();
    response->error = errors.front();
    errors.pop_front();
    return response;
  }
  ResponsePtr metadata();
  template <class Answers, class Answer>
  void name_leader(const TopicPartition& partition, Answers& response, Answer& answer);
  ResponsePtr list_offsets(ListOffsetsRequest& request);
  ResponsePtr epochs(OffsetForLeaderEpochRequest& request);

  sim::Process& process_;
  TestCluster& cluster_;
  const int id_;
  std::unique_ptr<sim::Listener> listener_;
  GroupCoordinator groups_;
  Purgatory purgatory_;  ///< Nobody waits there.
  FetchSessionCache sessions_;
};

class TestCluster {
 public:
  explicit TestCluster(int brokers, int partitions, std::uint64_t seed = 1);

  sim::Machine& add_machine(const std::string& name);
  Script& script(int broker) { return scripts[broker]; }
  TestPartition& partition(int number) { return partitions.at({test_topic, number}); }
  sim::Process& broker(int id) { return *broker_processes.at(id); }
  std::vector<Address> bootstrap() const;
  void run_for(Duration time) { world.run(world.now() + time); }
  int count(std::string_view event) const {
    int n = 0;
    for (const sim::Event& one : const_cast<sim::World&>(world).trace().events()) {
      n += one.kind->name == event;
    }
    return n;
  }
  const sim::Event& last(std::string_view event) {
    const sim::Event* found = nullptr;
    for (const sim::Event& one : world.trace().events()) {
      if (one.kind->name == event) found = &one;
    }
    ENSURE(found != nullptr);
    return *found;
  }
  void put(int number, const std::vector<std::string>& values) {
    log::BatchBuilder builder;
    for (const std::string& value : values) {
      builder.append(1, std::nullopt, log::as_bytes(value));
    }
    partition(number).append(builder.build());
  }

  sim::World world;
  sim::Network network;
  Diary diary;
  PartitionDirectory directory;
  ClusterContext context;
  BrokerConfig config;
  MemoryOffsets offsets;
  int coordinator = 1;
  std::int64_t next_producer_id = 0;
  /// What metadata goes on telling once it is set, as a broker that lags behind would.
  std::optional<std::map<TopicPartition, TestPartition>> old_metadata;
  std::map<int, Script> scripts;
  std::map<TopicPartition, TestPartition> partitions;
  std::map<int, sim::Process*> broker_processes;
  std::vector<std::unique_ptr<sim::Machine>> machines;
  int next_process = 0;
};

inline TestCluster::TestCluster(int brokers, int partition_count, std::uint64_t seed)
    : world(seed),
      network(world, {}),
      directory(world),
      context{world, diary, directory, 1'700'000'000'000, {}},
      offsets(world) {
  diary.world = &world;
  config.group_initial_rebalance_delay = 1s;
  for (int i = 0; i < partition_count; ++i) {
    partitions[{test_topic, i}].leader = 1 + i % brokers;
  }
  for (int id = 1; id <= brokers; ++id) {
    sim::Machine& machine = add_machine("broker-" + std::to_string(id));
    context.broker_machines[BrokerId(id)] = machine.id();
    sim::Process& process = machine.add_process(
        sim::ProcessId(next_process++), machine.name(),
        [this, id](sim::Process& self) { return std::make_unique<TestBroker>(self, *this, id); });
    broker_processes[id] = &process;
    process.start();
  }
}

inline sim::Machine& TestCluster::add_machine(const std::string& name) {
  sim::MachineConfig hardware;
  hardware.cpu.tail_sigma = 0;
  machines.push_back(std::make_unique<sim::Machine>(
      world, network, sim::MachineId(static_cast<int>(machines.size())), name, hardware));
  return *machines.back();
}

inline std::vector<Address> TestCluster::bootstrap() const {
  std::vector<Address> all;
  for (const auto& [id, machine] : context.broker_machines) all.push_back({machine, kafka_port});
  return all;
}

inline TestBroker::TestBroker(sim::Process& process, TestCluster& cluster, int id)
    : process_(process),
      cluster_(cluster),
      id_(id),
      groups_(process, cluster.config, cluster.offsets, cluster.context),
      purgatory_(process.world()),
      sessions_(cluster.config.max_incremental_fetch_session_cache_slots,
                process.world().stream(fmt::format("sessions of {}", id))) {
  if (cluster.coordinator == id) groups_.on_elected(groups_.partition_for("nifi"), 0);
  listener_ = process.network().listen(process, kafka_port);
  process.spawn(accept());
}

inline sim::Task<> TestBroker::accept() {
  while (true) {
    std::optional<sim::SocketPtr> socket = co_await listener_->accept();
    if (!socket) co_return;
    process_.spawn(serve(*socket));
  }
}

inline sim::Task<> TestBroker::serve(sim::SocketPtr socket) {
  bool mute = false;
  while (true) {
    std::optional<sim::Message> message = co_await socket->receive();
    if (!message) co_return;
    Script& script = cluster_.script(id_);
    ++script.requests;
    if (script.silent || mute) continue;
    auto* request = dynamic_cast<Request*>(message->payload.get());
    ENSURE(request != nullptr);
    ResponsePtr response = co_await handle(*request);
    if (!response) {
      // What follows a lost answer cannot be answered either.
      mute = script.swallow_answers || script.swallow_syncs;
      continue;
    }
    response->correlation_id = request->correlation_id;
    const Bytes size = response->size();
    const std::string_view kind = response_name(response->api);
    sim::Message answer{std::move(response), size, kind};
    socket->send(std::move(answer));
  }
}

inline sim::Task<ResponsePtr> TestBroker::handle(Request& request) {
  ResponsePtr response;
  if (auto* one = dynamic_cast<ProduceRequest*>(&request)) {
    response = co_await produce(*one);
  } else if (auto* fetched = dynamic_cast<FetchRequest*>(&request)) {
    response = co_await fetch(*fetched);
  } else if (request.api == ApiKey::metadata) {
    response = metadata();
  } else if (auto* list = dynamic_cast<ListOffsetsRequest*>(&request)) {
    response = list_offsets(*list);
  } else if (auto* epoch = dynamic_cast<OffsetForLeaderEpochRequest*>(&request)) {
    response = epochs(*epoch);
  } else if (request.api == ApiKey::init_producer_id) {
    response = refusal<InitProducerIdResponse>(cluster_.script(id_).id_errors);
    if (!response) {
      auto given = std::make_unique<InitProducerIdResponse>();
      given->producer = {cluster_.next_producer_id++, 0};
      response = std::move(given);
    }
  } else if (request.api == ApiKey::find_coordinator) {
    auto found = std::make_unique<FindCoordinatorResponse>();
    const BrokerId id(cluster_.coordinator);
    found->coordinator = {id, {cluster_.context.broker_machines.at(id), kafka_port}};
    response = std::move(found);
  } else if (auto* join = dynamic_cast<JoinGroupRequest*>(&request)) {
    cluster_.script(id_).joins.push_back(cluster_.world.now());
    response = refusal<JoinGroupResponse>(cluster_.script(id_).join_errors);
    if (!response) response = co_await groups_.handle(*join);
  } else if (auto* sync = dynamic_cast<SyncGroupRequest*>(&request)) {
    if (cluster_.script(id_).swallow_syncs) co_return ResponsePtr();
    response = refusal<SyncGroupResponse>(cluster_.script(id_).sync_errors);
    if (!response) response = co_await groups_.handle(*sync);
  } else if (auto* commit = dynamic_cast<OffsetCommitRequest*>(&request)) {
    response = co_await groups_.handle(*commit);
  } else if (auto* heartbeat = dynamic_cast<HeartbeatRequest*>(&request)) {
    cluster_.script(id_).heartbeats.push_back(cluster_.world.now());
    response = refusal<HeartbeatResponse>(cluster_.script(id_).heartbeat_errors);
    if (!response) response = groups_.handle(*heartbeat);
  } else if (auto* leave = dynamic_cast<LeaveGroupRequest*>(&request)) {
    response = groups_.handle(*leave);
  } else if (auto* offsets = dynamic_cast<OffsetFetchRequest*>(&request)) {
    response = groups_.handle(*offsets);
  }
  ENSURE(response != nullptr || request.api == ApiKey::produce);
  co_return std::move(response);
}

inline sim::Task<ResponsePtr> TestBroker::produce(ProduceRequest& request) {
  Script& script = cluster_.script(id_);
  ++script.produces;
  if (script.delay > Duration{0}) co_await cluster_.world.sleep(script.delay);
  auto response = std::make_unique<ProduceResponse>();
  for (const ProduceRequest::Partition& one : request.partitions) {
    ProduceResponse::Partition answer;
    answer.partition = one.partition;
    TestPartition& partition = cluster_.partitions.at(one.partition);
    if (!script.produce_errors.empty()) {
      answer.error = script.produce_errors.front();
      script.produce_errors.pop_front();
    } else if (partition.leader != id_) {
      answer.error = ErrorCode::not_leader_or_follower;
      name_leader(one.partition, *response, answer);
    } else {
      const auto batch = log::validate(one.records.bytes());
      ENSURE(batch.ok());
      if (batch->producer_id() != log::no_producer_id) {
        const auto appended = partition.append_of_producer(one.records.bytes());
        answer.error = appended ? ErrorCode::none : appended.error();
        answer.base_offset = appended ? *appended : log::no_offset;
      } else {
        answer.base_offset = partition.append(one.records.bytes());
      }
      if (answer.error == ErrorCode::none) {
        script.batches.push_back(static_cast<std::size_t>(batch->record_count()));
      }
    }
    response->partitions.push_back(answer);
  }
  if (request.acks == Acks::none || script.swallow_answers) co_return ResponsePtr();
  ++script.produces_answered;
  co_return ResponsePtr(std::move(response));
}

inline sim::Task<ResponsePtr> TestBroker::fetch(FetchRequest& request) {
  const Time give_up = cluster_.world.now() + request.max_wait;
  FetchContext context = sessions_.context(request, purgatory_, cluster_.world.now());
  auto response = std::make_unique<FetchResponse>();
  if ((response->error = context.error()) != ErrorCode::none) co_return std::move(response);
  cluster_.script(id_).fetched_partitions.push_back(context.partitions().size());
  while (true) {
    response->partitions.clear();
    response->node_endpoints.clear();
    bool anything = false;
    for (CachedPartition& cached : context.partitions()) {
      const FetchRequest::Partition& one = cached.asked;
      const TestPartition& partition = cluster_.partitions.at(one.partition);
      FetchResponse::Partition answer;
      answer.partition = one.partition;
      answer.high_watermark = partition.end;
      const Script& script = cluster_.script(id_);
      if (partition.leader != id_ && !script.serves) {
        answer.error = ErrorCode::not_leader_or_follower;
        name_leader(one.partition, *response, answer);
      } else if (partition.leader == id_ && script.sends_to != 0) {
        answer.preferred_read_replica = BrokerId(script.sends_to);
        anything = true;
      } else if (one.current_leader_epoch < partition.epoch) {
        answer.error = ErrorCode::fenced_leader_epoch;
        name_leader(one.partition, *response, answer);
      } else if (one.fetch_offset > partition.end ||
                 (partition.leader != id_ && one.fetch_offset < script.serves_from)) {
        answer.error = ErrorCode::offset_out_of_range;
      } else {
        answer.records = log::ByteSlice::copy_of(partition.read(one.fetch_offset));
      }
      anything |= answer.error != ErrorCode::none || !answer.records.empty();
      if (context.must_respond(cached, answer, std::nullopt)) {
        response->partitions.push_back(std::move(answer));
      }
    }
    if (anything || cluster_.world.now() >= give_up) break;
    co_await cluster_.world.sleep(5ms);
  }
  sessions_.finish(context, *response, cluster_.world.now());
  cluster_.script(id_).fetch_sessions = sessions_.sessions();
  co_return ResponsePtr(std::move(response));
}

template <class Answers, class Answer>
void TestBroker::name_leader(const TopicPartition& partition, Answers& response, Answer& answer) {
  if (!cluster_.script(id_).names_leader) return;
  const TestPartition& state = cluster_.partitions.at(partition);
  const BrokerId leader(state.leader);
  answer.current_leader = {leader, state.epoch};
  response.node_endpoints.push_back(
      {leader, {cluster_.context.broker_machines.at(leader), kafka_port}});
}

inline ResponsePtr TestBroker::metadata() {
  ++cluster_.script(id_).metadata;
  auto response = std::make_unique<MetadataResponse>();
  for (const auto& [id, machine] : cluster_.context.broker_machines) {
    if (cluster_.broker(id.value()).running()) {
      response->brokers.push_back({id, {machine, kafka_port}});
    }
  }
  TopicMetadata topic;
  topic.name = test_topic;
  const auto& told = cluster_.old_metadata ? *cluster_.old_metadata : cluster_.partitions;
  for (const auto& [name, partition] : told) {
    PartitionMetadata one;
    one.partition = name.partition;
    one.leader = BrokerId(partition.leader);
    one.leader_epoch = partition.epoch;
    topic.partitions.push_back(std::move(one));
  }
  response->topics.push_back(std::move(topic));
  return response;
}

inline ResponsePtr TestBroker::list_offsets(ListOffsetsRequest& request) {
  auto response = std::make_unique<ListOffsetsResponse>();
  for (const ListOffsetsRequest::Partition& one : request.partitions) {
    const TestPartition& partition = cluster_.partitions.at(one.partition);
    ListOffsetsResponse::Partition answer;
    answer.partition = one.partition;
    answer.offset = one.timestamp == earliest_timestamp ? 0 : partition.end;
    answer.leader_epoch = partition.epoch;
    if (partition.leader != id_) answer.error = ErrorCode::not_leader_or_follower;
    response->partitions.push_back(answer);
  }
  return response;
}

inline ResponsePtr TestBroker::epochs(OffsetForLeaderEpochRequest& request) {
  auto response = std::make_unique<OffsetForLeaderEpochResponse>();
  for (const OffsetForLeaderEpochRequest::Partition& one : request.partitions) {
    const TestPartition& partition = cluster_.partitions.at(one.partition);
    OffsetForLeaderEpochResponse::Partition answer;
    answer.partition = one.partition;
    answer.end_offset = partition.end;
    for (const auto& [epoch, start] : partition.epochs) {
      if (epoch <= one.leader_epoch) answer.leader_epoch = epoch;
      if (epoch > one.leader_epoch) {
        answer.end_offset = start;
        break;
      }
    }
    response->partitions.push_back(answer);
  }
  return response;
}

}  // namespace brokerlab::model
