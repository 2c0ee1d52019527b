// Fetch sessions (KIP-227): what a follower or consumer fetches here is kept, so that its requests
// name only what has changed, and so do their answers.
//
// FetchContext is one request's view: the partitions that it is about, named or kept, and what of
// the answers must be sent. A partition is left out that has neither records nor an error, and
// whose high watermark and start the client knows. Those that brought records go to the end, so
// that all get their turn where an answer is full.
//
// A session that nobody has used for two minutes may be thrown out for another one; a younger one
// only for a follower's, or for one with more partitions.
//
// Lifetime: sessions of the cache; a request that waits keeps its own alive. Threads: none.
// Errors:   FETCH_SESSION_ID_NOT_FOUND and INVALID_FETCH_SESSION_EPOCH, for the client to begin
// anew. Source:   kafka.server.{FetchManager, FetchContext, FetchSession, FetchSessionCacheShard}.
#pragma once

#include "base/random.h"
#include "model/broker/partition.h"
#include "model/broker/purgatory.h"

#include <list>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <tuple>
#include <utility>
#include <vector>

namespace brokerlab::model {

class FetchPartitions;

/// A partition as it was asked for, and what its client was told last.
struct CachedPartition final : StandingWatcher {
  CachedPartition(const FetchRequest::Partition& wanted, FetchPartitions& of)
      : asked(wanted), all_(of) {}
  CachedPartition(const CachedPartition&) = delete;
  CachedPartition& operator=(const CachedPartition&) = delete;
  ~CachedPartition() { wake(); }

  void on_standing_changed() override;
  bool rests() const { return resting_at_ != nullptr; }
  /// It is looked at again.
  void wake();

  FetchRequest::Partition asked;
  Offset high_watermark = log::no_offset;
  Offset log_start_offset = log::no_offset;
  /// There was nothing to tell while the partition stood so: nor is there now if it still does.
  std::optional<Partition::Standing> nothing_while;
  bool refused = false;  ///< By the last read: an error, or a log that parts from ours.
  bool unknown = false;  ///< To the broker's metadata, at the last read.
  /// The replica, as of that state of the broker's replicas and metadata.
  Partition* hosted = nullptr;
  std::int64_t hosted_as_of = -1;

 private:
  friend class FetchPartitions;
  FetchPartitions& all_;
  std::uint64_t place_ = 0;          ///< Grows along the order.
  Partition* resting_at_ = nullptr;  ///< Who tells when there may be news.
};

/// What one fetch, or all fetches of a session, are about, in their order. Those of which there is
/// nothing to tell rest: a session costs what happens in it, not what it has. (Kafka looks at all.)
class FetchPartitions {
 public:
  explicit FetchPartitions(Purgatory& purgatory) : waiter_(purgatory) {}
  FetchPartitions(const FetchPartitions&) = delete;
  FetchPartitions& operator=(const FetchPartitions&) = delete;
  ~FetchPartitions() { order_.clear(); }

  std::size_t size() const { return order_.size(); }
  bool empty() const { return order_.empty(); }
  auto begin() { return order_.begin(); }
  auto end() { return order_.end(); }
  CachedPartition* find(const TopicPartition& name);
  /// A new one goes to the end.
  void ask(const FetchRequest::Partition& wanted);
  void forget(const TopicPartition& name);
  void move_to_end(const TopicPartition& name);
  /// Its places in the purgatory, one for each partition.
  PurgatoryWaiter& waiter();

  /// It has nothing to tell while its replica here stands as it does now (`nothing_while`).
  void rest(CachedPartition& partition);
  void wake_all();
  /// Those that do not rest, in their order, until `visit` says false; it may let this one rest.
  template <class Visit>
  void for_each_awake(Visit visit) {
    for (auto next = awake_.begin(); next != awake_.end();) {
      if (!visit(*(next++)->second)) return;
    }
  }
  /// Those that are hosted here, or known, have changed since: then everybody is awake.
  void wake_if_changed(std::int64_t changes) {
    if (std::exchange(hosted_as_of_, changes) != changes) wake_all();
  }

 private:
  friend struct CachedPartition;
  using Order = std::list<CachedPartition>;
  struct Place {
    Order::iterator in_order;
    std::list<PurgatoryWaiter::Place>::iterator waiting;
  };
  Order order_;
  std::map<std::uint64_t, CachedPartition*> awake_;  ///< By place.
  std::uint64_t next_place_ = 0;
  std::int64_t hosted_as_of_ = -1;
  std::map<TopicPartition, Place> by_name_;
  PurgatoryWaiter waiter_;
  bool waits_ = false;  ///< Once has: the places are kept.
};

struct FetchSession {
  std::int32_t id = no_fetch_session;
  bool privileged = false;  ///< A follower's.
  std::shared_ptr<FetchPartitions> partitions;
  Time created{};
  Time last_used{};
  std::int32_t epoch = first_session_epoch;  ///< Of the next request.
  std::size_t cached_size = 0;               ///< When it was used last.
};

/// One shard of the cache, which Kafka has for its locks: sessions are dealt to them in turn.
class FetchSessionShard {
 public:
  FetchSessionShard(int slots, std::int32_t first_id, std::int32_t ids)
      : slots_(slots), first_id_(first_id), ids_(ids) {}

  std::shared_ptr<FetchSession> get(std::int32_t id) const;
  void remove(std::int32_t id);
  void touch(FetchSession& session, Time now);
  /// Its id; no_fetch_session: there is no room.
  std::int32_t maybe_create(std::shared_ptr<FetchPartitions> partitions, bool privileged, Time now,
                            RandomStream& random);
  std::size_t size() const { return sessions_.size(); }
  std::size_t partitions() const { return partitions_; }
  std::int64_t evictions() const { return evictions_; }

 private:
  using EvictableKey = std::tuple<bool, std::size_t, std::int32_t>;  ///< privileged, size, id
  static EvictableKey key_of(const FetchSession& session) {
    return {session.privileged, session.cached_size, session.id};
  }
  bool try_evict(const EvictableKey& key, Time now);
  void take_out(const FetchSession& session);

  const int slots_;
  const std::int32_t first_id_;
  const std::int32_t ids_;
  std::map<std::int32_t, std::shared_ptr<FetchSession>> sessions_;
  std::set<std::pair<Time, std::int32_t>> last_used_;
  std::set<EvictableKey> evictable_by_all_;
  std::set<EvictableKey> evictable_by_privileged_;
  std::size_t partitions_ = 0;
  std::int64_t evictions_ = 0;
};

/// One fetch request on its way.
class FetchContext {
 public:
  /// Not of a good request: the session's answer.
  ErrorCode error() const { return error_; }
  FetchPartitions& partitions() { return *partitions_; }
  bool incremental() const { return session_ != nullptr; }
  /// Whether the client must hear `answer`; notes when there is nothing to tell.
  bool must_respond(CachedPartition& partition, const FetchResponse::Partition& answer,
                    const std::optional<Partition::Standing>& standing) const;

 private:
  friend class FetchSessionCache;
  std::shared_ptr<FetchPartitions> partitions_;
  std::shared_ptr<FetchSession> session_;
  std::int32_t expected_epoch_ = first_session_epoch;
  ErrorCode error_ = ErrorCode::none;
  bool wants_session_ = false;
  bool from_follower_ = false;
};

class FetchSessionCache {
 public:
  /// `random`: of the session ids, which tell sessions of a process from those of its last life.
  FetchSessionCache(int slots, RandomStream random);

  FetchContext context(const FetchRequest& request, Purgatory& purgatory, Time now);
  /// Makes an answer of what was read: gives a session to who wants one, and notes what is told.
  void finish(FetchContext& context, FetchResponse& response, Time now);
  /// How many partitions a request is about.
  std::size_t partitions_of(const FetchRequest& request) const;

  // NumIncrementalFetchSessions, NumIncrementalFetchPartitionsCached,
  // IncrementalFetchSessionEvictions
  std::size_t sessions() const;
  std::size_t partitions() const;
  std::int64_t evictions() const;

 private:
  FetchSessionShard& shard_of(std::int32_t id);
  const FetchSessionShard& shard_of(std::int32_t id) const {
    return const_cast<FetchSessionCache*>(this)->shard_of(id);
  }
  std::vector<FetchSessionShard> shards_;
  std::size_t next_shard_ = 0;
  RandomStream random_;
};

}  // namespace brokerlab::model
