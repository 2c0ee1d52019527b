#include "scenarios/cluster.h"

#include "model/client/table_poller.h"
#include "model/stream/stream_processor.h"
#include "model/zookeeper_store/zookeeper_metadata_store.h"
#include "scenarios/background.h"
#include "scenarios/links/link_receiver.h"
#include "scenarios/links/link_sender.h"
#include "scenarios/operations/operator.h"
#include "scenarios/topic_creator.h"
#include "scenarios/topology_file.h"

#include <algorithm>

namespace brokerlab::scenarios {
namespace {

/// When the processes are started: ZooKeeper first, then the brokers one after the other, then the
/// clients, as an operator would.
constexpr Duration brokers_start = 1s;
constexpr Duration between_brokers = 100ms;
constexpr Duration clients_start = 3s;

/// Midnight of 2019-05-03, the day of the lecture's records, in milliseconds since 1970.
constexpr log::Timestamp lecture_day = 1'556'841'600'000;

/// "{member}" in a setting of all of a group's members is the number of each.
std::string for_member(std::string text, int number) {
  constexpr std::string_view mark = "{member}";
  for (std::size_t at = text.find(mark); at != std::string::npos; at = text.find(mark)) {
    text.replace(at, mark.size(), std::to_string(number));
  }
  return text;
}

/// Commits are records of __consumer_offsets, to which the brokers' own settings apply; that a
/// group is sent back behind one may also come from its topic's log.
Ledger::CommitsEnd commits_end(const Scenario& scenario) {
  if (std::any_of(scenario.faults.begin(), scenario.faults.end(),
                  [](const Fault& fault) { return fault.action->undoes_syncs(); })) {
    return Ledger::CommitsEnd::by_damage;
  }
  for (std::size_t group = 0; group < scenario.brokers.size(); ++group) {
    bool synced = scenario.brokers[group].config.topics.flush_messages == 1;
    for (const TopicSpec& topic : scenario.topics) {
      synced = synced && scenario.topic_config(topic, group).flush_messages == 1;
    }
    if (!synced) return Ledger::CommitsEnd::by_power_loss;
  }
  return Ledger::CommitsEnd::never;
}

model::TableUse table_use(const TableSpec& spec, Duration starts_at) {
  model::TableUse use{spec.marks_before_sending,
                      spec.mark_time,
                      spec.new_producer_each,
                      spec.waits_for_each,
                      spec.send_timeout,
                      {},
                      {}};
  if (spec.rests_from) {
    use.rests_from = Time(*spec.rests_from - starts_at);
    use.rests_until = Time(*spec.rests_until - starts_at);
  }
  return use;
}

}  // namespace

model::CreateTopicsRequest::Topic creation_of(const Scenario& scenario, const TopicSpec& topic) {
  model::CreateTopicsRequest::Topic creation{topic.name, topic.partitions,
                                             scenario.replication_factor(topic), topic.config};
  for (const std::vector<int>& replicas : topic.replicas) {
    creation.assignment.emplace_back(replicas.begin(), replicas.end());
  }
  return creation;
}

Cluster::Cluster(sim::World& world, const Scenario& scenario, Ledger& ledger, LinkBook* links)
    : world_(world),
      scenario_(scenario),
      ledger_(ledger),
      links_(links),
      partitions_(world),
      context_{world, ledger, partitions_, lecture_day + whole_millis(scenario.starts_at)} {
  ledger_.set_context(&context_);
  Duration retention = max_duration;
  for (const BrokersSpec& group : scenario.brokers) {
    retention = std::min(retention, group.config.offsets_retention);
  }
  ledger_.set_commits_end(commits_end(scenario), retention);
  ledger_.set_replica_finder(
      [this](model::BrokerId id, const model::TopicPartition& name) { return replica(id, name); });
  ledger_.set_quiet_reading([this](model::BrokerId id, const std::function<void()>& read) {
    const model::BrokerStorage::ReadsFromCache quiet(storage(id));
    read();
  });
}

/// Processes end before anything that their programs were lent.
Cluster::~Cluster() { machines_.clear(); }

Result<std::unique_ptr<Cluster>, std::string> Cluster::build(sim::World& world,
                                                             const Scenario& scenario,
                                                             Ledger& ledger, LinkBook* links) {
  std::unique_ptr<Cluster> cluster(new Cluster(world, scenario, ledger, links));
  cluster->add_machines();
  cluster->add_zookeeper();
  cluster->add_brokers();
  const Status<std::string> producers = cluster->add_producers();
  if (!producers) return fail(producers.error());
  cluster->add_consumers();
  cluster->add_admin();
  return cluster;
}

sim::ProcessId Cluster::next_process() { return sim::ProcessId(processes_++); }

void Cluster::add_machines() {
  std::shared_ptr<const sim::Topology> topology;
  if (scenario_.topology) {
    topology = std::make_shared<const sim::Topology>(topology_of(scenario_));
  }
  network_ = std::make_unique<sim::Network>(world_, scenario_.network, std::move(topology));
  const std::vector<MachineRole> roles = machines_of(scenario_);
  const std::vector<HostRole> hosts = hosts_of(scenario_, roles);
  auto next_id = static_cast<std::int32_t>(roles.size());
  std::map<std::string, sim::Host*> shared;
  for (const HostRole& host : hosts) {
    if (host.spec == nullptr) continue;
    shared_hosts_.push_back(std::make_unique<sim::Host>(
        world_, *network_, sim::MachineId(next_id++), host.name, scenario_.machine(host.kind)));
    shared[host.name] = shared_hosts_.back().get();
  }
  for (const MachineRole& role : roles) {
    const sim::MachineId id(static_cast<std::int32_t>(machines_.size()));
    const auto host = shared.find(role.host);
    machines_.push_back(host == shared.end()
                            ? std::make_unique<sim::Machine>(world_, *network_, id, role.name,
                                                             scenario_.machine(role.kind))
                            : std::make_unique<sim::Machine>(*host->second, id, role.name));
    members_.push_back({role, machines_.back().get(), nullptr});
    sim::Host* const its = &machines_.back()->host();
    if (std::find(hosts_.begin(), hosts_.end(), its) == hosts_.end()) hosts_.push_back(its);
  }
  for (const HostRole& host : hosts) {
    if (host.spec != nullptr) add_background(*shared[host.name], host.spec->background);
  }
}

void Cluster::add_background(sim::Host& host, const std::vector<BackgroundSpec>& programs) {
  for (const BackgroundSpec& program : programs) {
    // Behind the hosts, which come behind the members.
    const sim::MachineId id(static_cast<std::int32_t>(machines_.size() + shared_hosts_.size()));
    machines_.push_back(std::make_unique<sim::Machine>(host, id, program.name));
    background_.push_back(&machines_.back()->add_process(
        next_process(), program.name, [program](sim::Process& process) {
          return std::make_unique<Background>(process, program);
        }));
  }
}

void Cluster::add_zookeeper() {
  std::vector<sim::Machine*> nodes;
  for (Member& member : members_) {
    if (member.role.role == Role::zookeeper) nodes.push_back(member.machine);
  }
  zookeeper_ = std::make_unique<model::ZooKeeperEnsemble>(nodes, scenario_.zookeeper.config,
                                                          ledger_, sim::ProcessId(processes_));
  processes_ += static_cast<int>(nodes.size());
  for (Member& member : members_) {
    if (member.role.role == Role::zookeeper) {
      member.process = &zookeeper_->process(member.role.index + 1);
      member.process->set_start_up(member.machine->config().startup.zookeeper);
    }
  }
}

model::BrokerId Cluster::broker_id(const Member& member) const {
  return model::BrokerId(member.role.index + 1);
}

void Cluster::add_brokers() {
  for (const Member& member : members_) {
    if (member.role.role != Role::broker) continue;
    context_.broker_machines[broker_id(member)] = member.machine->id();
    context_.broker_hosts[broker_id(member)] = member.machine->host().id();
    storage_.push_back(std::make_unique<model::BrokerStorage>(*member.machine));
    model::BrokerSetup setup{broker_id(member), scenario_.brokers[member.role.spec].config};
    // A topic of the scenario is older than the run: brokers find its partitions when they start
    // (GroupCoordinator.startup, KafkaZkClient.getTopicPartitionCount).
    if (const TopicSpec* declared = scenario_.topic(model::offsets_topic)) {
      setup.config.offsets_topic_num_partitions = declared->partitions;
    }
    setup.quotas = scenario_.quotas;
    setup.settings_change =
        std::any_of(scenario_.operations.begin(), scenario_.operations.end(),
                    [](const Operation& one) { return one.changes_settings(); });
    setup.not_yet = &to_be_made_;
    setup.truncates_to_high_watermark = scenario_.brokers[member.role.spec].old_truncation;
    broker_setups_.push_back(setup);
  }
  for (Member& member : members_) {
    if (member.role.role != Role::broker) continue;
    const auto index = static_cast<std::size_t>(member.role.index);
    member.process = &member.machine->add_process(
        next_process(), member.role.name, [this, index](sim::Process& process) {
          const model::BrokerSetup& setup = broker_setups_[index];
          return std::make_unique<model::Broker>(
              process, setup, context_, *storage_[index],
              std::make_unique<model::ZooKeeperMetadataStore>(
                  process, context_, setup.config, zookeeper_->addresses(), setup.settings_change));
        });
  }
}

std::vector<model::Address> Cluster::bootstrap() const {
  std::vector<model::Address> addresses;
  for (const auto& [id, machine] : context_.broker_machines) {
    addresses.push_back({machine, model::kafka_port});
  }
  return addresses;
}

Status<std::string> Cluster::add_producers() {
  for (std::size_t i = 0; i < scenario_.producers.size(); ++i) {
    const ProducerSpec& spec = scenario_.producers[i];
    const SourceStreams streams(static_cast<std::uint64_t>(scenario_.seed), spec.name);
    Feed feed;
    if (scenario_.source(spec.source)->phantom) {
      auto runs = SourceRuns::open(scenario_, spec, streams);
      if (!runs) return fail(runs.error());
      feed.runs = std::move(*runs);
    } else {
      auto records = SourceFeed::open(scenario_, spec, streams);
      if (!records) return fail(records.error());
      feed.records = std::move(*records);
    }
    feeds_.push_back(std::move(feed));
    // Who is forgotten between two attempts may be written twice, in Kafka, too.
    const bool remembered = std::all_of(
        scenario_.brokers.begin(), scenario_.brokers.end(), [&](const BrokersSpec& group) {
          return group.config.producer_id_expiration > spec.config.delivery_timeout;
        });
    const Ledger::Producer wants{spec.config.acks == model::Acks::all,
                                 spec.config.enable_idempotence && remembered};
    ledger_.declare_producer(static_cast<int>(i), wants, spec.topic);
    senders_.push_back({spec.name, {spec.topic}});
  }
  for (Member& member : members_) {
    if (member.role.role != Role::producer) continue;
    const std::size_t i = member.role.spec;
    member.process = &member.machine->add_process(
        next_process(), member.role.name,
        [this, i](sim::Process& process) -> std::unique_ptr<sim::Program> {
          const Feed& feed = feeds_[i];
          if (links_ != nullptr) {
            return std::make_unique<LinkSender>(process, scenario_, i, feed.records.get(),
                                                feed.runs.get(), *links_);
          }
          const ProducerSpec& spec = scenario_.producers[i];
          model::TablePollerSetup setup;
          setup.producer = static_cast<int>(i);
          setup.topic = spec.topic;
          setup.poll_interval = spec.poll_interval;
          setup.query_time = spec.query_time;
          setup.service_time = spec.service_time;
          setup.client = {spec.name, bootstrap(), spec.config};
          setup.transaction = spec.transaction;
          if (spec.table) setup.use = table_use(*spec.table, scenario_.starts_at);
          setup.partitions = scenario_.topic(spec.topic)->partitions;
          return feed.runs
                     ? std::make_unique<model::TablePoller>(process, setup, *feed.runs, context_)
                     : std::make_unique<model::TablePoller>(process, setup, *feed.records,
                                                            context_);
        });
  }
  return {};
}

std::int64_t Cluster::rows_marked_unsent(std::size_t producer) const {
  const Feed& feed = feeds_[producer];
  const std::optional<TableSpec>& table = scenario_.producers[producer].table;
  if (!feed.records || !table || !table->marks_before_sending) return 0;
  return feed.records->taken() - ledger_.sent_by(static_cast<int>(producer));
}

std::optional<Time> Cluster::next_due(std::size_t producer) const {
  const Feed& feed = feeds_[producer];
  return feed.runs ? feed.runs->oldest_due() : feed.records->next_due();
}

PerSecond Cluster::rate_at(std::size_t producer, Time date) const {
  const Feed& feed = feeds_[producer];
  return feed.runs ? feed.runs->rate_at(date) : feed.records->rate_at(date);
}

std::int64_t Cluster::records_due(std::size_t producer, Time date) {
  const Feed& feed = feeds_[producer];
  if (feed.runs) {
    std::vector<model::FeedRun> rest;
    const int partitions = scenario_.topic(scenario_.producers[producer].topic)->partitions;
    feed.runs->take(date, partitions, rest);
    return feed.runs->taken();
  }
  while (feed.records->next_due().value_or(never) <= date) (void)feed.records->take();
  return feed.records->taken();
}

void Cluster::add_consumers() {
  for (Member& member : members_) {
    if (member.role.role != Role::consumer) continue;
    const std::size_t i = member.role.spec;
    const ConsumerSpec& declared = scenario_.consumers[i];
    ledger_.declare_consumer(
        member.role.name, declared.group,
        declared.config.auto_offset_reset == model::AutoOffsetReset::latest, declared.topics,
        declared.config.isolation_level == model::IsolationLevel::read_committed);
    if (declared.stream) declare_stream(member, declared);
    member.process = &member.machine->add_process(
        next_process(), member.role.name,
        [this, i, number = member.role.index + 1,
         name = member.role.name](sim::Process& process) -> std::unique_ptr<sim::Program> {
          const ConsumerSpec& spec = scenario_.consumers[i];
          if (links_ != nullptr) {
            return std::make_unique<LinkReceiver>(process, spec.service_time, *links_);
          }
          model::ConsumerAppSetup setup;
          setup.client = {name, spec.group, spec.topics, bootstrap(), spec.config};
          if (auto& instance = setup.client.config.group_instance_id) {
            *instance = for_member(*instance, number);
          }
          if (spec.stream) return make_stream(process, spec, std::move(setup.client), name);
          setup.service_time = spec.service_time;
          setup.commit = spec.commit.value_or(CommitPoint::never);
          if (spec.batches) setup.batches = {spec.batches->every, spec.batches->write_time};
          for (const ConsumerActionSpec& one : spec.actions) {
            if (one.member == 0 || one.member == number) setup.actions.push_back(one.action);
          }
          std::stable_sort(setup.actions.begin(), setup.actions.end(),
                           [](const auto& a, const auto& b) { return a.at < b.at; });
          return std::make_unique<model::ConsumerApp>(process, setup, context_);
        });
  }
}

/// Behind the producers of the scenario.
void Cluster::declare_stream(const Member& member, const ConsumerSpec& spec) {
  const int producer = static_cast<int>(senders_.size());
  senders_.push_back({member.role.name, {spec.stream->output, spec.stream->changelog}});
  if (spec.stream->group_by) senders_.back().topics.push_back(spec.stream->group_by->topic);
  streams_[member.role.name] = {producer, 0};
  ledger_.declare_producer(producer, {true, true}, spec.stream->output);
  ledger_.declare_stream(producer, spec.group, spec.stream->exactly_once());
}

std::unique_ptr<sim::Program> Cluster::make_stream(sim::Process& process, const ConsumerSpec& spec,
                                                   model::ConsumerSetup client,
                                                   const std::string& name) {
  Stream& stream = streams_.at(name);
  model::StreamSetup setup;
  setup.consumer = std::move(client);
  setup.producer = {name + "-producer", bootstrap(), spec.stream->producer_config(name)};
  setup.producer_number = stream.producer;
  setup.changelog = spec.stream->changelog;
  setup.output = spec.stream->output;
  if (const auto& group_by = spec.stream->group_by) {
    setup.repartition = group_by->topic;
    setup.repartition_keys = group_by->keys;
  }
  setup.window = spec.stream->window;
  setup.commit_interval = spec.stream->commits_every();
  setup.service_time = spec.service_time;
  setup.on_derived = [this](const model::DerivedRecords& derived) {
    ledger_.note_derived(derived);
  };
  return std::make_unique<model::StreamProcessor>(process, std::move(setup), stream.numbers,
                                                  context_);
}

void Cluster::add_admin() {
  // The operator works from a client machine, or from the first broker when there is none.
  Member* home = nullptr;
  for (Member& member : members_) {
    if (member.role.role == Role::zookeeper) continue;
    if (home == nullptr || (home->role.role == Role::broker && member.role.role != Role::broker)) {
      home = &member;
    }
  }
  std::vector<model::CreateTopicsRequest::Topic> topics;
  for (const TopicSpec& topic : scenario_.topics) {
    if (topic.auto_created) continue;
    to_be_made_.insert(topic.name);
    if (!scenario_.is_made_later(topic.name)) topics.push_back(creation_of(scenario_, topic));
  }
  admin_ =
      &home->machine->add_process(next_process(), "admin", [this, topics](sim::Process& process) {
        return std::make_unique<TopicCreator>(process, bootstrap(), scenario_.brokers_at_start(),
                                              topics, to_be_made_);
      });
  if (scenario_.operations.empty()) return;
  operator_ =
      &home->machine->add_process(next_process(), "operator", [this](sim::Process& process) {
        return std::make_unique<Operator>(process, *this, bootstrap(), to_be_made_);
      });
}

void Cluster::watch_replicas(model::ReplicaWatch& watch) {
  for (model::BrokerSetup& setup : broker_setups_) setup.watch = &watch;
}

void Cluster::start() {
  for (Member& member : members_) {
    const bool is_client = member.role.role == Role::producer || member.role.role == Role::consumer;
    if (is_client) member.process->set_start_up(member.machine->config().startup.client);
  }
  for (sim::Process* process : background_) process->start();
  if (links_ != nullptr) {
    for (const Member& member : members_) {
      const bool is_client =
          member.role.role == Role::producer || member.role.role == Role::consumer;
      if (is_client) world_.after(clients_start, [process = member.process] { process->start(); });
    }
    return;
  }
  zookeeper_->start();
  for (Member& member : members_) {
    if (member.process == nullptr || member.role.role == Role::zookeeper) continue;
    if (scenario_.is_added_later(member.role.name)) continue;
    const Duration delay = member.role.role == Role::broker
                               ? brokers_start + between_brokers * member.role.index
                               : clients_start;
    world_.after(delay, [process = member.process] { process->start(); });
  }
  world_.after(clients_start, [this] { admin_->start(); });
  if (operator_ != nullptr) world_.after(0ns, [this] { operator_->start(); });
}

bool Cluster::all_in_sync() const {
  const auto& views = ledger_.partitions();
  return std::all_of(views.begin(), views.end(), [](const auto& entry) {
    return entry.second.isr.size() == entry.second.replicas.size();
  });
}

Cluster::Member* Cluster::find(std::string_view machine) {
  const auto found = std::find_if(members_.begin(), members_.end(), [&](const Member& member) {
    return member.role.name == machine;
  });
  return found == members_.end() ? nullptr : &*found;
}

sim::Host* Cluster::find_host(std::string_view host_or_machine) {
  const auto host = std::find_if(hosts_.begin(), hosts_.end(), [&](const sim::Host* one) {
    return one->name() == host_or_machine;
  });
  if (host != hosts_.end()) return *host;
  const Member* member = find(host_or_machine);
  return member == nullptr ? nullptr : &member->machine->host();
}

std::vector<const Cluster::Member*> Cluster::members_on(const sim::Host& host) const {
  std::vector<const Member*> all;
  for (const Member& member : members_) {
    if (&member.machine->host() == &host) all.push_back(&member);
  }
  return all;
}

bool Cluster::is_shared(const sim::Host& host) const {
  return std::any_of(shared_hosts_.begin(), shared_hosts_.end(),
                     [&host](const auto& one) { return one.get() == &host; });
}

model::BrokerStorage& Cluster::storage(model::BrokerId id) {
  const auto index = static_cast<std::size_t>(id.value() - 1);
  ENSURE(index < storage_.size(), "no broker {}", id);
  return *storage_[index];
}

const model::Broker* Cluster::broker(model::BrokerId id) const {
  for (const Member& member : members_) {
    if (member.role.role == Role::broker && broker_id(member) == id) {
      return dynamic_cast<const model::Broker*>(member.process->program());
    }
  }
  return nullptr;
}

const model::Partition* Cluster::replica(model::BrokerId id,
                                         const model::TopicPartition& name) const {
  const model::Broker* running = broker(id);
  if (running == nullptr) return nullptr;
  const auto found = running->replicas().partitions().find(name);
  return found == running->replicas().partitions().end() ? nullptr : found->second.get();
}

std::string_view Cluster::cluster_name(model::BrokerId id) const {
  const auto found = context_.broker_machines.find(id);
  return found == context_.broker_machines.end() ? std::string_view("none")
                                                 : world_.trace().machine_name(found->second);
}

}  // namespace brokerlab::scenarios
