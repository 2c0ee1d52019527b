// Operator: the program that carries out a scenario's operations, each at its time, with Kafka's
// own requests, as kafka-topics.sh, kafka-reassign-partitions.sh and kafka-leader-election.sh do.
// It finds the controller and asks again when that has moved or does not answer.
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
  /// Asks the controller, until it has answered or default.api.timeout.ms is over.
  sim::Task<Refusal> ask(Make make, Judge judge);

 private:
  sim::Task<> run(const Operation& operation);
  sim::Task<std::unique_ptr<model::NodeConnection>> controller();

  sim::Process& process_;
  Cluster& cluster_;
  const std::vector<model::Address> bootstrap_;
  std::set<std::string>& to_be_made_;
};

/// Kafka's names of the first few errors, or nothing: none was wrong.
Phrase errors_of(const std::vector<model::AdminResult>& results);

}  // namespace brokerlab::scenarios
