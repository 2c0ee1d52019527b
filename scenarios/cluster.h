// Cluster: the machines and processes of a scenario, built and switched on.
//
// Lifetime: made once in a World; owns machines, storage and feeds. Threads: none.
#pragma once

#include "model/broker/broker.h"
#include "model/broker/broker_storage.h"
#include "model/client/consumer.h"
#include "model/zookeeper/server.h"
#include "scenarios/description.h"
#include "scenarios/ledger/ledger.h"
#include "scenarios/links/link_book.h"
#include "scenarios/sources/source_runs.h"

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace brokerlab::scenarios {

/// How an operator asks for the topic.
model::CreateTopicsRequest::Topic creation_of(const Scenario& scenario, const TopicSpec& topic);

class Cluster {
 public:
  /// Data files must have been checked by the loader; one that vanished since is an error.
  /// `links`: the applications are linked to each other; nothing of Kafka is started.
  static Result<std::unique_ptr<Cluster>, std::string> build(sim::World& world,
                                                             const Scenario& scenario,
                                                             Ledger& ledger,
                                                             LinkBook* links = nullptr);
  ~Cluster();

  /// Who hears of replicas; before start().
  void watch_replicas(model::ReplicaWatch& watch);
  /// Starts ZooKeeper, the brokers a second later, the clients two seconds after them, and creates
  /// the scenario's topics as soon as every broker is registered.
  void start();

  struct Member {
    MachineRole role;
    sim::Machine* machine = nullptr;
    sim::Process* process = nullptr;
  };
  const std::vector<Member>& members() const { return members_; }
  Member* find(std::string_view machine);
  /// In the order of their first members.
  const std::vector<sim::Host*>& hosts() const { return hosts_; }
  /// Of that name, or of the machine of that name; nullptr: there is none.
  sim::Host* find_host(std::string_view host_or_machine);
  std::vector<const Member*> members_on(const sim::Host& host) const;
  /// One of the scenario's `hosts`: it is no machine, and has a name of its own.
  bool is_shared(const sim::Host& host) const;
  /// Programs beside those of the cluster (scenarios/background.h).
  const std::vector<sim::Process*>& background() const { return background_; }
  sim::Process& admin() { return *admin_; }

  sim::Network& network() { return *network_; }
  model::ClusterContext& context() { return context_; }
  /// The running broker program; nullptr while it is down.
  const model::Broker* broker(model::BrokerId id) const;
  const model::Partition* replica(model::BrokerId id, const model::TopicPartition& name) const;
  model::BrokerStorage& storage(model::BrokerId id);
  model::BrokerId broker_id(const Member& member) const;
  std::string_view machine_name(model::BrokerId id) const { return cluster_name(id); }
  /// Of a producer's source, what it does not take but is asked.
  std::optional<Time> next_due(std::size_t producer) const;
  PerSecond rate_at(std::size_t producer, Time date) const;
  /// Records that have come into being by then; when the run is over, for it takes them.
  std::int64_t records_due(std::size_t producer, Time date);
  /// Rows that its program has taken, and died before it sent them.
  std::int64_t rows_marked_unsent(std::size_t producer) const;
  model::ZooKeeperEnsemble& zookeeper() { return *zookeeper_; }
  const Scenario& scenario() const { return scenario_; }
  /// As written to ZooKeeper: every replica is in its ISR.
  bool all_in_sync() const;
  /// Who sends records, by RecordRef::producer: the scenario's producers, then stream processors.
  struct Sender {
    std::string machine;
    std::vector<std::string> topics;
  };
  const Sender& sender(int producer) const {
    return senders_.at(static_cast<std::size_t>(producer));
  }

 private:
  Cluster(sim::World& world, const Scenario& scenario, Ledger& ledger, LinkBook* links);

  void add_machines();
  void add_background(sim::Host& host, const std::vector<BackgroundSpec>& programs);
  void add_zookeeper();
  void add_brokers();
  Status<std::string> add_producers();
  void add_consumers();
  void declare_stream(const Member& member, const ConsumerSpec& spec);
  std::unique_ptr<sim::Program> make_stream(sim::Process& process, const ConsumerSpec& spec,
                                            model::ConsumerSetup client, const std::string& name);
  void add_admin();
  sim::ProcessId next_process();
  std::vector<model::Address> bootstrap() const;
  std::string_view cluster_name(model::BrokerId id) const;

  sim::World& world_;
  const Scenario& scenario_;
  Ledger& ledger_;
  LinkBook* const links_;  ///< nullptr: with Kafka.
  model::PartitionDirectory partitions_;
  model::ClusterContext context_;
  std::unique_ptr<sim::Network> network_;
  struct Feed {
    std::unique_ptr<SourceFeed> records;  ///< One of these two.
    std::unique_ptr<SourceRuns> runs;
  };
  std::vector<Feed> feeds_;  ///< By producer.
  std::vector<Sender> senders_;
  struct Stream {
    int producer = 0;
    std::int64_t numbers = 0;  ///< Of its next record; lives longer than its processes.
  };
  std::map<std::string, Stream> streams_;  ///< By machine.
  std::vector<std::unique_ptr<sim::Host>> shared_hosts_;
  std::vector<std::unique_ptr<sim::Machine>> machines_;
  std::vector<sim::Host*> hosts_;
  std::vector<std::unique_ptr<model::BrokerStorage>> storage_;
  std::vector<model::BrokerSetup> broker_setups_;
  std::set<std::string> to_be_made_;  ///< Topics that the operator has not made yet.
  std::unique_ptr<model::ZooKeeperEnsemble> zookeeper_;
  std::vector<Member> members_;
  std::vector<sim::Process*> background_;
  sim::Process* admin_ = nullptr;
  sim::Process* operator_ = nullptr;  ///< nullptr: the scenario has no operations.
  int processes_ = 0;
};

}  // namespace brokerlab::scenarios
