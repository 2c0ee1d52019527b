// The part of verifying that concerns producers: transaction indexes and producer snapshots, held
// against the batches. Private to this folder; verify.h has the whole.
//
//   load()     reads the files
//   see()      every good batch, in the order of the log
//   report()   what was found, file by file
//
// No damage: a snapshot from before the log's start. A clean stop takes one in the middle of a
// segment, and only the next start but one removes it.
// Threads: none. Errors: those of the storage.
#pragma once

#include "log/directory/partition_files.h"
#include "log/partition/producer_snapshot.h"

#include <functional>
#include <map>
#include <string>
#include <vector>

namespace brokerlab::log {

class ProducerFilesVerifier {
 public:
  using Found = std::function<void(const std::string& file, std::int64_t position, std::string)>;

  Status<IoError> load(Env& env, const std::string& dir, const std::vector<SegmentFiles>& segments);
  void see(const SegmentFiles& segment, const BatchView& batch);
  void report(Offset log_end, const Found& found) const;

  std::int64_t transaction_index_entries() const;
  std::int64_t snapshots() const { return static_cast<std::int64_t>(snapshots_.size()); }

 private:
  struct Entry {
    std::int64_t position = 0;
    std::int64_t producer_id = no_producer_id;
    std::string contradiction;  ///< By the batch that holds what the entry is about.
  };
  struct IndexFile {
    std::string path;
    bool exists = false;
    Offset first_offset = 0;
    Offset end_offset = 0;  ///< Of the batches seen of the segment.
    std::int64_t odd_bytes = 0;
    std::vector<TransactionIndexEntry> entries;
    std::vector<Entry> seen;                    ///< One for each of `entries`.
    std::multimap<Offset, std::size_t> by_end;  ///< Last offset -> entry.
    std::vector<std::string> unlisted;          ///< Aborted transactions without an entry.
  };
  struct Snapshot {
    SnapshotFile file;
    std::optional<SnapshotDamage> damage;
    std::vector<ProducerState> producers;
    std::vector<Entry> seen;  ///< One for each of `producers`.
  };

  Status<IoError> load_index(Env& env, const SegmentFiles& segment);
  Status<IoError> load_snapshot(Env& env, const SnapshotFile& file);
  void see_transaction(IndexFile& index, const BatchView& batch);
  void report(const IndexFile& index, const Found& found) const;
  void report(const Snapshot& snapshot, Offset log_end, const Found& found) const;

  std::map<Offset, IndexFile> indexes_;  ///< By the segment's base offset.
  std::vector<Snapshot> snapshots_;
  /// What snapshots say of a producer's last batch: its last offset -> (snapshot, producer).
  std::multimap<Offset, std::pair<std::size_t, std::size_t>> claims_;
  std::map<std::int64_t, Offset> open_;  ///< Producer -> where its open transaction has records.
};

}  // namespace brokerlab::log
