#include "model/zookeeper/storage.h"

#include <algorithm>

namespace brokerlab::model {

Bytes log_record_size(const ZkTransaction& transaction) {
  return transaction.size() + Bytes(8 + 4 + 1);
}

void ZooKeeperStorage::write(ZkTransactionPtr transaction) {
  ENSURE(transaction->zxid > last_zxid(), "the log is at {:#x}, not before {:#x}", last_zxid(),
         transaction->zxid);
  file_end_ += log_record_size(*transaction).count();
  log_.push_back(std::move(transaction));
  ends_.push_back(file_end_);
}

void ZooKeeperStorage::mark_synced() { synced_ = log_.size(); }

void ZooKeeperStorage::mark_synced_to(std::int64_t end) {
  while (synced_ < log_.size() && ends_[synced_] <= end) ++synced_;
}

bool ZooKeeperStorage::truncate(Zxid zxid) {
  if (zxid < snapshot_->zxid()) return false;
  const bool known = zxid == snapshot_->zxid() ||
                     std::any_of(log_.begin(), log_.end(),
                                 [zxid](const auto& logged) { return logged->zxid == zxid; });
  if (!known) return false;
  while (!log_.empty() && log_.back()->zxid > zxid) {
    file_end_ -= log_record_size(*log_.back()).count();
    log_.pop_back();
    ends_.pop_back();
  }
  synced_ = std::min(synced_, log_.size());
  ++generation_;
  return true;
}

void ZooKeeperStorage::drop_log_until(Zxid zxid) {
  while (!log_.empty() && log_.front()->zxid <= zxid) {
    log_.pop_front();
    ends_.pop_front();
    if (synced_ > 0) --synced_;
  }
}

void ZooKeeperStorage::save_snapshot(std::shared_ptr<const ZkTree> tree) {
  ENSURE(tree->zxid() >= snapshot_->zxid());
  drop_log_until(tree->zxid());
  snapshot_ = std::move(tree);
}

void ZooKeeperStorage::replace(std::shared_ptr<const ZkTree> tree) {
  log_.clear();
  ends_.clear();
  synced_ = 0;
  snapshot_ = std::move(tree);
  ++generation_;
}

void ZooKeeperStorage::lose_power() {
  while (log_.size() > synced_) {
    file_end_ -= log_record_size(*log_.back()).count();
    log_.pop_back();
    ends_.pop_back();
  }
}

}  // namespace brokerlab::model
