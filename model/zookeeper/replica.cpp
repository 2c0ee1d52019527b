#include "model/zookeeper/replica.h"

#include "base/random.h"

#include <algorithm>

namespace brokerlab::model {

ZkReplica::ZkReplica(sim::Process& process, ZooKeeperStorage& storage,
                     const ZooKeeperConfig& config, int myid, Observer& observer, Applied applied)
    : process_(process),
      world_(process.world()),
      storage_(storage),
      config_(config),
      myid_(myid),
      observer_(observer),
      applied_(std::move(applied)),
      random_(world_.stream(fmt::format("zookeeper-{}/snapshots/{}", myid, process.starts()))),
      queue_(world_),
      drained_(world_) {
  choose_next_snapshot();
}

void ZkReplica::choose_next_snapshot() {
  // Servers should not all write their snapshots at once: half of snapCount plus a random part.
  const std::int64_t half = std::max(1, config_.snap_count / 2);
  until_snapshot_ = half + random_.below(half);
}

sim::Task<> ZkReplica::give_up(sim::DiskError error) {
  if (const sim::EventId cause = process_.machine().disk().cause()) world_.set_cause(cause);
  process_.exit(error == sim::DiskError::full ? Phrase{"its disk is full", "디스크가 가득 찼다"}
                                              : Phrase{"its disk failed", "디스크 고장"});
  // The process dies after this event; nothing may be taken for durable meanwhile.
  co_await world_.sleep_until(never);
}

sim::Task<> ZkReplica::store(sim::DiskPlace place, Bytes size) {
  sim::Disk& disk = process_.machine().disk();
  if (size > Bytes(0)) {
    const Status<sim::DiskError> written = co_await disk.write(place, size);
    if (!written) co_await give_up(written.error());
  }
  const Status<sim::DiskError> synced = co_await disk.sync();
  if (!synced) co_await give_up(synced.error());
}

sim::Task<> ZkReplica::load() {
  sim::Disk& disk = process_.machine().disk();
  tree_ = storage_.snapshot();
  base_ = tree_.zxid();
  Bytes size = tree_.size();
  for (const ZkTransactionPtr& logged : storage_.log()) size += log_record_size(*logged);
  const sim::DiskPlace place{process_.machine().file(snapshot_file), 0};
  const Status<sim::DiskError> read = co_await disk.read(place, size);
  if (!read) co_await give_up(read.error());
  // A killed process left written but unsynced transactions to the operating system. They must not
  // be voted for, or acknowledged by a synchronisation, before they are safe.
  co_await store(place, Bytes(0));
  storage_.mark_synced();
  history_ = storage_.log();
  process_.spawn(journal());
}

void ZkReplica::append(ZkTransactionPtr transaction, sim::Callback durable) {
  ENSURE(transaction->zxid > last_zxid(), "appending {:#x} after {:#x}", transaction->zxid,
         last_zxid());
  history_.push_back(transaction);
  ++queued_;
  queue_.push(Entry{std::move(transaction), std::move(durable), world_.cause()});
}

void ZkReplica::when_durable(sim::Callback durable) {
  ++queued_;
  queue_.push(Entry{nullptr, std::move(durable), world_.cause()});
}

sim::Task<> ZkReplica::drain() {
  while (queued_ > 0) co_await drained_.wait();
}

sim::Task<> ZkReplica::journal() {
  while (true) {
    std::optional<Entry> first = co_await queue_.receive();
    if (!first) co_return;
    std::vector<Entry> batch;
    batch.push_back(std::move(*first));
    while (batch.size() < max_batch) {
      std::optional<Entry> more = queue_.try_receive();
      if (!more) break;
      batch.push_back(std::move(*more));
    }
    co_await log(batch);
    for (Entry& entry : batch) {
      world_.set_cause(entry.cause);
      if (entry.durable) entry.durable();
    }
    queued_ -= static_cast<int>(batch.size());
    if (queued_ == 0) drained_.notify_all();
  }
}

sim::Task<> ZkReplica::log(std::vector<Entry>& batch) {
  const std::int64_t begin = storage_.file_end();
  for (const Entry& entry : batch) {
    if (!entry.transaction) continue;
    storage_.write(entry.transaction);
    --until_snapshot_;
  }
  const Bytes size(storage_.file_end() - begin);
  if (size == Bytes(0)) co_return;
  // Its files are not counted on the disk, but it notices that there is no room.
  if (process_.machine().disk().free() < size) co_await give_up(sim::DiskError::full);
  if (config_.force_sync) {
    const sim::DiskPlace place{process_.machine().file(log_file), begin};
    co_await store(place, size);
    storage_.mark_synced();
  } else {
    co_await process_.machine().page_cache().write(process_.machine().file(log_file), begin, size);
  }
  if (until_snapshot_ <= 0 && !writing_snapshot_) {
    choose_next_snapshot();
    writing_snapshot_ = true;
    process_.spawn(write_snapshot());
  }
}

sim::Task<> ZkReplica::write_snapshot() {
  const auto tree = std::make_shared<const ZkTree>(tree_);
  const int generation = storage_.generation();
  const sim::DiskPlace place{process_.machine().file(snapshot_file), 0};
  co_await store(place, tree->size());
  writing_snapshot_ = false;
  // A leader has rewritten our history meanwhile: this snapshot is of another past.
  if (generation != storage_.generation()) co_return;
  storage_.save_snapshot(tree);
  while (applied_count_ > kept_in_memory && history_.front()->zxid <= tree->zxid()) {
    base_ = history_.front()->zxid;
    history_.pop_front();
    --applied_count_;
  }
}

void ZkReplica::commit_to(Zxid zxid) {
  while (applied_count_ < history_.size() && history_[applied_count_]->zxid <= zxid) {
    const ZkTransactionPtr next = history_[applied_count_++];
    if (next->zxid > tree_.zxid()) apply(*next);
  }
}

void ZkReplica::apply(const ZkTransaction& transaction) {
  const ZkOutcome outcome = tree_.apply(transaction);
  const bool replayed =
      transaction.zxid <= storage_.observed_zxid &&
      (transaction.zxid != storage_.observed_zxid || tree_.hash() == storage_.observed_hash);
  if (!replayed) {
    storage_.observed_zxid = transaction.zxid;
    storage_.observed_hash = tree_.hash();
    observer_.on_zookeeper_applied(myid_, transaction.zxid, tree_.hash());
  }
  applied_(transaction, outcome);
}

sim::Task<bool> ZkReplica::truncate(Zxid zxid) {
  co_await drain();
  if (!storage_.truncate(zxid)) co_return false;
  while (!history_.empty() && history_.back()->zxid > zxid) history_.pop_back();
  if (tree_.zxid() > zxid || applied_count_ > history_.size()) {
    // Only without forceSync may a majority forget what was committed: begin again from disk.
    tree_ = storage_.snapshot();
    history_ = storage_.log();
    base_ = tree_.zxid();
    applied_count_ = 0;
  }
  process_.machine().page_cache().truncate(process_.machine().file(log_file), storage_.file_end());
  const sim::DiskPlace place{process_.machine().file(log_file), storage_.file_end()};
  co_await store(place, Bytes(0));
  co_return true;
}

sim::Task<> ZkReplica::install(std::shared_ptr<const ZkTree> tree) {
  co_await drain();
  const sim::DiskPlace place{process_.machine().file(snapshot_file), 0};
  co_await store(place, tree->size());
  storage_.replace(tree);
  tree_ = *tree;
  history_.clear();
  base_ = tree_.zxid();
  applied_count_ = 0;
  if (tree_.zxid() > storage_.observed_zxid) {
    storage_.observed_zxid = tree_.zxid();
    storage_.observed_hash = tree_.hash();
  }
}

sim::Task<> ZkReplica::save_epochs(std::int64_t accepted, std::int64_t current) {
  if (accepted == storage_.accepted_epoch && current == storage_.current_epoch) co_return;
  const sim::DiskPlace place{process_.machine().file(epoch_file), 0};
  const Bytes size{16};
  co_await store(place, size);
  storage_.accepted_epoch = accepted;
  storage_.current_epoch = current;
}

}  // namespace brokerlab::model
