// ProducerOutages: since when a producer's records are not written, what for, and when they are
// again: for the trace, never read by the model.
//
// Lifetime: part of a producer; borrows process, view and context. Threads: none.
#pragma once

#include "model/client/metadata.h"
#include "model/cluster_context.h"
#include "sim/machine.h"

#include <map>
#include <set>

namespace brokerlab::model {

class ProducerOutages {
 public:
  ProducerOutages(sim::Process& process, const ClusterView& view, ClusterContext& context)
      : process_(process), world_(process.world()), view_(view), context_(context) {}

  /// A batch for it has been drained.
  void note_drained(const TopicPartition& partition) { produced_to_.insert(partition); }
  /// First trouble with a broker after it worked: told once.
  void note_unreachable(Address address, RpcFailure::Kind error, sim::EventId cause);
  void note_reached(Address address) { unreachable_[address] = false; }
  /// From now on, unless it is already. `cause`: none when the trace does not know.
  void note_interrupted(const TopicPartition& partition, sim::EventId cause);
  /// That broker has acknowledged a batch for it: told after an interruption.
  void note_acknowledged(const TopicPartition& partition, BrokerId by);

 private:
  struct Interruption {
    sim::EventId after;  ///< The last event before it.
    sim::EventId cause;
  };
  sim::EventId last_event() const {
    return sim::EventId(static_cast<std::int64_t>(world_.trace().events().size()) - 1);
  }
  Address address_of(BrokerId node) const;

  sim::Process& process_;
  sim::World& world_;
  const ClusterView& view_;
  ClusterContext& context_;
  std::map<Address, bool> unreachable_;  ///< Told already.
  std::map<TopicPartition, Interruption> interrupted_;
  std::set<TopicPartition> produced_to_;
};

}  // namespace brokerlab::model
