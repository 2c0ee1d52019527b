// What a ZooKeeper server has on its disk: the last snapshot, the transaction log after it, and the
// two epochs. It outlives the process, and a power loss keeps only what was synced.
//
// Contents only; the time it takes is charged by the server (model/zookeeper/replica.h).
//
// Lifetime: owned by the ensemble. Threads: none.
// Source:   FileTxnSnapLog, FileTxnLog; QuorumPeer's acceptedEpoch and currentEpoch files.
#pragma once

#include "model/zookeeper/tree.h"

#include <cstdint>
#include <deque>
#include <memory>

namespace brokerlab::model {

class ZooKeeperStorage {
 public:
  // --- The transaction log ---

  /// Hands one transaction to the operating system: it survives the process, not the power.
  void write(ZkTransactionPtr transaction);
  /// Everything written so far is on the platter.
  void mark_synced();
  /// The log file is on the platter up to this byte (write-back of the page cache).
  void mark_synced_to(std::int64_t end);
  /// Cuts everything after `zxid`. False, and nothing done, when the snapshot is later than that.
  bool truncate(Zxid zxid);

  const std::deque<ZkTransactionPtr>& log() const { return log_; }
  Zxid last_zxid() const { return log_.empty() ? snapshot_->zxid() : log_.back()->zxid; }
  std::int64_t file_end() const { return file_end_; }

  // --- The snapshot ---

  /// A durable snapshot; the log up to it is not needed any more.
  void save_snapshot(std::shared_ptr<const ZkTree> tree);
  /// As above, and whatever was in the log is void (SNAP from a leader).
  void replace(std::shared_ptr<const ZkTree> tree);
  const ZkTree& snapshot() const { return *snapshot_; }

  // --- Epochs, each written and synced as one small file ---

  std::int64_t accepted_epoch = 0;  ///< Last epoch a leader proposed to us.
  std::int64_t current_epoch = 0;   ///< Last epoch whose leader we were synchronised with.

  /// Drops what was not synced.
  void lose_power();
  /// Changes whenever history is rewritten (truncate, replace).
  int generation() const { return generation_; }

  /// What the observer was told last: a replay after a restart is not told again.
  Zxid observed_zxid = 0;
  std::uint64_t observed_hash = 0;

 private:
  void drop_log_until(Zxid zxid);

  std::shared_ptr<const ZkTree> snapshot_ = std::make_shared<const ZkTree>();
  std::deque<ZkTransactionPtr> log_;
  std::deque<std::int64_t> ends_;  ///< Where each transaction of log_ ends in the file.
  std::size_t synced_ = 0;         ///< Of log_, from its begin.
  std::int64_t file_end_ = 0;
  int generation_ = 0;
};

/// Bytes of a transaction in the log file: checksum, length, body, end mark.
Bytes log_record_size(const ZkTransaction& transaction);

}  // namespace brokerlab::model
