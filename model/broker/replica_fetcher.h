// ReplicaFetchers: the threads with which a broker follows the leaders of its other replicas.
//
// One fetcher a leader broker and fetcher number (num.replica.fetchers); it asks for all its
// partitions in one long-polling request after the other. A fetcher whose partitions have all gone
// elsewhere is shut down, even while it waits for a leader that will never answer.
//
// Lifetime: owned by the ReplicaManager. Threads: none.
// Source:   kafka.server.AbstractFetcherManager, AbstractFetcherThread, ReplicaFetcherThread.
#pragma once

#include "model/cluster_context.h"
#include "model/config.h"
#include "model/wire/protocol.h"
#include "sim/machine.h"

#include <map>
#include <memory>
#include <optional>
#include <set>

namespace brokerlab::model {

class NodeConnection;
class ReplicaManager;
class ReplicationQuota;

class ReplicaFetchers {
 public:
  ReplicaFetchers(sim::Process& process, ClusterContext& cluster, BrokerId id,
                  const BrokerConfig& config, ReplicaManager& replicas, ReplicationQuota& quota);
  ~ReplicaFetchers();

  /// Follows `leader` for the partition from now on, and nobody else.
  void follow(const TopicPartition& partition, const BrokerEndpoint& leader);
  void unfollow(const TopicPartition& partition);
  /// num.replica.fetchers has changed: all partitions are shared out anew. Source:
  /// AbstractFetcherManager.resizeThreadPool.
  void resize();
  /// Fetchers without partitions end.
  void shut_down_idle();
  void stop();  ///< All of them, before the logs are closed.
  int count() const { return static_cast<int>(fetchers_.size()); }

 private:
  struct Fetcher;
  using Key = std::pair<BrokerId, int>;

  sim::Task<> run(std::shared_ptr<Fetcher> fetcher);
  sim::Task<> take(std::shared_ptr<Fetcher> fetcher, const FetchResponse::Partition& data);
  void note_taken(Fetcher& fetcher, const FetchResponse::Partition& data, Bytes size);
  sim::Task<> find_range(std::shared_ptr<Fetcher> fetcher, TopicPartition partition);
  sim::Task<std::optional<Offset>> ask_offset(std::shared_ptr<Fetcher> fetcher,
                                              TopicPartition partition, std::int64_t timestamp);
  std::unique_ptr<FetchRequest> next_request(Fetcher& fetcher) const;

  sim::Process& process_;
  ClusterContext& cluster_;
  const BrokerId id_;
  const BrokerConfig& config_;
  ReplicaManager& replicas_;
  ReplicationQuota& quota_;
  std::map<Key, std::shared_ptr<Fetcher>> fetchers_;
  std::map<TopicPartition, Key> following_;
  int numbers_ = 0;  ///< num.replica.fetchers, as partitions are shared out.
};

}  // namespace brokerlab::model
