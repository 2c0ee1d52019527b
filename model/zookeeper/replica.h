// One server's copy of the ensemble's history: the transactions it has, on disk and on their way
// there, and the tree of those that are committed.
//
// append() queues a transaction for the log. One coroutine, the journal, takes what is queued (at
// most 1000), writes and syncs it in one go (group commit), then tells those who asked. Commits
// apply transactions to the tree in order. With forceSync=no the log goes to the page cache and is
// called durable at once, which it is not: a power loss shows it.
//
// Lifetime: owned by the server's Program, borrows its storage, which outlives it. Threads: none.
// Errors:   a failed disk ends the process, as in ZooKeeper.
// Source:   SyncRequestProcessor, FileTxnLog, ZKDatabase, CommitProcessor.
#pragma once

#include "model/observer.h"
#include "model/zookeeper/storage.h"
#include "sim/machine.h"

#include <deque>
#include <functional>
#include <memory>
#include <vector>

namespace brokerlab::model {

class ZkReplica {
 public:
  /// Where the log and the snapshots are, for the disk's sense of place.
  static constexpr std::int64_t log_file = 0x7a6b'0001;
  static constexpr std::int64_t snapshot_file = 0x7a6b'0002;
  static constexpr std::int64_t epoch_file = 0x7a6b'0003;

  using Applied = std::function<void(const ZkTransaction&, const ZkOutcome&)>;

  ZkReplica(sim::Process& process, ZooKeeperStorage& storage, const ZooKeeperConfig& config,
            int myid, Observer& observer, Applied applied);

  /// Reads the snapshot and the log, and starts the journal.
  sim::Task<> load();

  /// The next transaction of the history. `durable` is called once it is on disk.
  void append(ZkTransactionPtr transaction, sim::Callback durable = {});
  /// Calls back once everything appended so far is on disk.
  void when_durable(sim::Callback durable);
  /// Waits until nothing is queued for the log.
  sim::Task<> drain();
  /// Applies every transaction up to `zxid` that was not applied yet.
  void commit_to(Zxid zxid);

  // --- Rewriting history, with an empty queue: see drain() ---

  /// Forgets everything after `zxid`; false when it does not know `zxid`.
  sim::Task<bool> truncate(Zxid zxid);
  sim::Task<> install(std::shared_ptr<const ZkTree> tree);
  sim::Task<> save_epochs(std::int64_t accepted, std::int64_t current);

  std::int64_t accepted_epoch() const { return storage_.accepted_epoch; }
  std::int64_t current_epoch() const { return storage_.current_epoch; }
  Zxid last_zxid() const { return history_.empty() ? base_ : history_.back()->zxid; }
  /// Everything in memory after base_zxid(), in order: logged or about to be.
  const std::deque<ZkTransactionPtr>& history() const { return history_; }
  Zxid base_zxid() const { return base_; }
  const ZkTree& tree() const { return tree_; }

 private:
  struct Entry {
    ZkTransactionPtr transaction;  ///< None: only a call back.
    sim::Callback durable;
    sim::EventId cause;
  };
  static constexpr std::size_t max_batch = 1000;      // zookeeper.maxBatchSize
  static constexpr std::size_t kept_in_memory = 500;  // zookeeper.commitLogCount

  sim::Task<> journal();
  sim::Task<> log(std::vector<Entry>& batch);
  sim::Task<> store(sim::DiskPlace place, Bytes size);  ///< Writes and syncs.
  sim::Task<> give_up(sim::DiskError error);
  sim::Task<> write_snapshot();
  void apply(const ZkTransaction& transaction);
  void choose_next_snapshot();

  sim::Process& process_;
  sim::World& world_;
  ZooKeeperStorage& storage_;
  const ZooKeeperConfig& config_;
  const int myid_;
  Observer& observer_;
  const Applied applied_;
  RandomStream random_;
  ZkTree tree_;
  std::deque<ZkTransactionPtr> history_;
  Zxid base_ = 0;                  ///< The transaction before history_.
  std::size_t applied_count_ = 0;  ///< Of history_, from its begin.
  sim::Channel<Entry> queue_;
  int queued_ = 0;  ///< In queue_ or being written.
  sim::Signal drained_;
  std::int64_t until_snapshot_ = 0;
  bool writing_snapshot_ = false;
};

}  // namespace brokerlab::model
