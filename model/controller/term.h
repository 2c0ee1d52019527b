// ControllerTerm: a broker's time as the controller: its claim, what it knows, and how its
// decisions take force. A decision is written to the store under the claim before anybody hears of
// it; when another controller's claim turns out to be in force, the term is over.
//
// Lifetime: owned by the Controller; used for one term after the other. Threads: none.
// Source:   kafka.controller.{KafkaController, ZkPartitionStateMachine, ZkReplicaStateMachine}.
#pragma once

#include "model/controller/context.h"
#include "model/controller/metadata_store.h"
#include "model/controller/publisher.h"

#include <functional>
#include <optional>

namespace brokerlab::model {

class ControllerTerm {
 public:
  struct Owner {
    sim::Process& process;
    ClusterContext& cluster;
    BrokerId id;
    const BrokerConfig& config;
    MetadataStore& store;
  };
  explicit ControllerTerm(Owner owner);

  bool active() const { return claim_.has_value(); }
  /// Of this term, or of the last one.
  ControllerEpoch epoch() const { return epoch_; }
  void begin(ControllerClaim claim);
  /// Forgets everything; does nothing when it is over already.
  void end();

  ControllerContext& context() { return context_; }
  ControllerPublisher& publisher() { return publisher_; }
  MetadataStore& store() { return store_; }

  /// Writes states; those that were written, with their new partition epochs. Whatever somebody
  /// else has written instead is taken over. May end the term.
  sim::Task<PartitionStates> write(PartitionStates states);
  /// What is decided on the states that the store holds at that moment is written, taken over, and
  /// told to everybody by the next send(); to `but` only by UpdateMetadata. What somebody else has
  /// changed meanwhile is decided anew. `decide` is asked several times: what it decides of one
  /// partition depends on no other's state. False: the term is over.
  using Decide = std::function<PartitionStates()>;
  sim::Task<bool> carry_out(Decide decide, BrokerId but = {});
  /// First states are written, taken over, told. False: the term is over.
  sim::Task<bool> create(PartitionStates states);
  // The same of topics.
  sim::Task<bool> write_topic(std::string name, StoredTopic topic);
  sim::Task<bool> delete_topic(std::string name, int partitions);
  sim::Task<bool> forget_deletions(std::vector<std::string> names);
  /// Sends what is to be told, unless the term is over.
  void send();

 private:
  void adopt(const PartitionStates& states, BrokerId but = {});

  MetadataStore& store_;
  std::optional<ControllerClaim> claim_;  ///< None: another broker is the controller, or nobody.
  ControllerEpoch epoch_;
  ControllerContext context_;
  ControllerPublisher publisher_;
};

}  // namespace brokerlab::model
