// TopicDeletions: topics that somebody wants to be gone. All their replicas are told to delete what
// they have; when the last has, the topic goes from the store. While a broker with a replica is
// away, or a partition is being reassigned, a topic waits.
//
// Lifetime: owned by the Controller, which gives each call its turn among its events; borrows the
// term. Threads: none. Source: kafka.controller.TopicDeletionManager.
#pragma once

#include "model/controller/term.h"

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace brokerlab::model {

class TopicDeletions {
 public:
  explicit TopicDeletions(ControllerTerm& term) : term_(term) {}

  /// A new term: what an earlier controller left undone is found by look().
  void clear();
  /// Reads which topics shall go; nobody leads them anew.
  sim::Task<> find();
  /// The same, and begins with those that are new.
  sim::Task<> look();
  /// What held these up is over.
  sim::Task<> resume(std::set<std::string> topics);
  /// Not now: something else is done about its partitions.
  void hold(const std::string& topic);
  /// Replicas that were told to delete cannot: their broker, or their directory, is gone.
  sim::Task<> fail(BrokerId broker, std::vector<TopicPartition> replicas);
  /// All that the brokers have.
  sim::Task<> fail_all_on(std::set<BrokerId> brokers);
  /// A broker has answered.
  sim::Task<> deleted(BrokerId broker, std::vector<TopicPartition> replicas);

 private:
  using Replica = std::pair<TopicPartition, BrokerId>;
  enum class State { started, deleted, failed };
  struct Topic {
    std::map<Replica, State> replicas;  ///< Those that something has happened to.
    bool held = false;                  ///< Ineligible for deletion.
    bool told = false;                  ///< Brokers know that it is going.
  };
  std::vector<Replica> replicas_of(const std::string& topic) const;
  bool any(const Topic& topic, State state) const;
  sim::Task<> go_on();
  sim::Task<> begin(std::string name);
  sim::Task<> complete(std::string name);

  ControllerTerm& term_;
  std::map<std::string, Topic> topics_;  ///< Queued for deletion.
};

}  // namespace brokerlab::model
