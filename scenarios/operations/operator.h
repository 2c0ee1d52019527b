// Operator: the program that carries out a scenario's operations, each at its time, with Kafka's
// own requests, as kafka-topics.sh, kafka-reassign-partitions.sh and their like do. It finds whom
// to ask: the controller, a group's coordinator, the leader of a partition; and asks again when
// that has moved or does not answer.
//
// Lifetime: the Program of a process of its own, on the machine from which topics are made; dies
// with it. Threads: none.
#pragma once

#include "model/wire/admin_protocol.h"
#include "model/wire/rpc.h"
#include "scenarios/cluster.h"
#include "scenarios/operations/operation.h"

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace brokerlab::scenarios {

class Operator final : public sim::Program {
 public:
  /// `to_be_made`: topics that are not there yet; it takes out those that it makes.
  Operator(sim::Process& process, Cluster& cluster, std::vector<model::Address> bootstrap,
           std::set<std::string>& to_be_made);

  sim::World& world() { return process_.world(); }
  Cluster& cluster() { return cluster_; }
  void has_made(const std::string& topic) { to_be_made_.erase(topic); }

  /// What was wrong with it; empty: nothing.
  using Judge = std::function<Phrase(const model::Response&)>;
  using Make = std::function<std::unique_ptr<model::Request>()>;
  /// As some broker knows it; nullptr: nobody answers. `topic` empty: of all.
  sim::Task<std::unique_ptr<model::MetadataResponse>> metadata(std::string topic);
  /// Asks the controller, until it has answered or default.api.timeout.ms is over.
  sim::Task<Refusal> ask(Make make, Judge judge);
  /// The same of any broker, of that one, of the coordinator of a group.
  sim::Task<Refusal> ask_any(Make make, Judge judge);
  sim::Task<Refusal> ask_at(model::Address broker, Make make, Judge judge);
  sim::Task<Refusal> ask_coordinator(std::string group, Make make, Judge judge);
  /// Of each partition its leader: `make` a request about those of one leader. `judge` tells what
  /// became of each. What a new leader may answer is asked again.
  using MakeFor = std::function<std::unique_ptr<model::Request>(
      const std::vector<model::TopicPartition>& partitions)>;
  using Results = std::function<std::vector<model::AdminResult>(const model::Response&)>;
  sim::Task<Refusal> ask_leaders(std::vector<model::TopicPartition> partitions, MakeFor make,
                                 Results results);

 private:
  sim::Task<> run(const Operation& operation);
  using Connection = std::unique_ptr<model::NodeConnection>;
  using Find = std::function<sim::Task<Connection>()>;
  sim::Task<Refusal> ask(Find find, Make make, Judge judge);
  sim::Task<Connection> controller();
  sim::Task<Connection> any_broker();
  sim::Task<Connection> broker_at(model::Address address);
  sim::Task<Connection> coordinator(std::string group);
  Connection connect(const model::Address& address) const;

  sim::Process& process_;
  Cluster& cluster_;
  const std::vector<model::Address> bootstrap_;
  std::set<std::string>& to_be_made_;
};

/// What asks for changed settings, and what is wrong with the answer.
Operator::Make alteration_of(model::IncrementalAlterConfigsRequest::Resource resource);
Operator::Judge judge_alteration();
/// Kafka's names of the first few errors, or nothing: none was wrong.
Phrase errors_of(const std::vector<model::AdminResult>& results);

}  // namespace brokerlab::scenarios
