// LocalLog: the segments of one partition directory, from the oldest to the one that is appended
// to; where they end, and up to where they are known to be on disk.
//
// It knows nothing of leader epochs and producers, nor of what may be appended or read by whom:
// that is the Log around it. Segments are only ever made at the end, so their base offsets grow.
// What it removes or makes is durable after sync_names() only.
//
// Lifetime: borrows the Env and the LogConfig. Threads: none.
// Errors: those of the storage, after which a change may be half done: no segments may be left
// (empty()), or bytes behind end(), which read() does not show. The Log then goes offline. Source:
// Kafka's LocalLog, LogSegments.
#pragma once

#include "log/batch/byte_slice.h"
#include "log/env/env.h"
#include "log/log_config.h"
#include "log/partition/incoming.h"
#include "log/segment/segment.h"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace brokerlab::log {

struct ReadResult {
  /// Batches, the first holding the offset asked for. The last may be cut off, as in Kafka (use
  /// Batches, which steps over it); the first is whole, or there are no bytes at all.
  ByteSlice bytes;
  Offset first_base_offset = no_offset;  ///< Of the first batch; no_offset when there is none.
  FileId file;                           ///< Where the bytes came from.
  std::int64_t position = 0;
  /// There is a batch, but it is larger than max_bytes and min_one_batch was false.
  bool first_batch_too_large = false;
};

/// What a read could give, were there no limit of bytes.
struct Readable {
  std::int64_t bytes = 0;       ///< Of one segment.
  bool goes_on_behind = false;  ///< There is a later segment before the offset read up to.
};

class LocalLog {
 public:
  using Segments = std::vector<std::unique_ptr<LogSegment>>;

  LocalLog(Env& env, std::string dir, const LogConfig& config)
      : env_(&env), dir_(std::move(dir)), config_(&config) {}

  Env& env() const { return *env_; }
  const std::string& dir() const { return dir_; }
  const LogConfig& config() const { return *config_; }
  const Segments& segments() const { return segments_; }
  bool empty() const { return segments_.empty(); }
  LogSegment& first() const { return *segments_.front(); }
  LogSegment& active() const { return *segments_.back(); }
  /// The last segment that begins at or before `offset`, else the first.
  std::size_t index_for(Offset offset) const;
  std::int64_t size() const;  ///< Bytes of all .log files.
  Offset end() const { return end_; }
  /// Everything below is on disk.
  Offset recovery_point() const { return recovery_point_; }

  /// Whether the active segment cannot take what is to be appended.
  bool should_roll(const AppendInfo& info, Timestamp now) const;
  /// Begins a segment at `base`, which is the end or a gap behind it. In place of the active one
  /// when that is empty and begins there.
  Status<IoError> roll(Offset base, Timestamp now);
  /// Writes into the active segment, and into `info` where. Counts once end_at() was called.
  Status<IoError> append(const Incoming& incoming, AppendInfo& info);
  void end_at(Offset offset);

  /// From the batch that holds `offset` on (Log::read()). Not when empty(). Into `result`, which
  /// says that nothing was found: one read is done for every request, and copies would be felt.
  Status<IoError> read(Offset offset, std::int64_t max_bytes, Offset upto, bool min_one_batch,
                       ReadResult& result) const;
  /// The same, phantom batches left as they are.
  Status<IoError> read_records(Offset offset, std::int64_t max_bytes, Offset upto,
                               bool min_one_batch, Records& result) const;
  /// What that could give. Reads no more than headers.
  Result<Readable, IoError> readable(Offset offset, Offset upto) const;
  /// The first record at or behind `from` whose timestamp is >= `timestamp`.
  Result<std::optional<FoundRecord>, IoError> find_timestamp(Timestamp timestamp,
                                                             Offset from) const;
  /// Transactions with records in [from, upto) that were aborted, in order of their markers.
  std::vector<AbortedTransaction> aborted_transactions(Offset from, Offset upto) const;

  /// Drops what holds `offset` or later, which is in a segment.
  Status<IoError> truncate_to(Offset offset, Timestamp now);
  /// One empty segment in place of all.
  Status<IoError> start_empty_at(Offset offset, Timestamp now);
  /// Its files go at once, or get the name ".deleted" until remove_condemned() (LogConfig,
  /// file_delete_delay_ms).
  Status<IoError> remove_first();
  std::size_t condemned() const { return condemned_.size(); }
  /// The files of those that were condemned first.
  Status<IoError> remove_condemned(std::size_t count);
  Status<IoError> remove_last();
  /// The copy, synced and named ".cleaned", in place of `count` segments from index `first` on; not
  /// of the active one. Safe against a crash at any point.
  Status<IoError> replace(std::unique_ptr<LogSegment> cleaned, std::size_t first,
                          std::size_t count);

  /// Syncs the segments from the recovery point to `upto`. The point moves with
  /// set_recovery_point(), when the caller has synced what belongs to them.
  Status<IoError> sync_segments(Offset upto);
  /// Syncs the directory, if names in it have changed.
  Status<IoError> sync_names();
  void set_recovery_point(Offset offset) { recovery_point_ = offset; }
  void note_changed_names() { names_changed_ = true; }

  /// While a log is loaded: a segment that was found, behind those before.
  void add(LogSegment segment) {
    segments_.push_back(std::make_unique<LogSegment>(std::move(segment)));
  }

 private:
  /// What can be read at once: batches of one segment, or none.
  struct Extent {
    std::size_t segment = 0;
    std::int64_t begin = 0;
    std::int64_t end = 0;
    // Of the first batch:
    std::int64_t first_size = 0;
    Offset first_base_offset = no_offset;

    void begin_with(std::size_t in, const BatchPlace& first, std::int64_t end_position) {
      segment = in;
      begin = first.position;
      end = end_position;
      first_size = first.batch.size;
      first_base_offset = first.batch.base_offset;
    }
    std::int64_t size() const { return end - begin; }
  };
  /// Into `extent`, which has none.
  Status<IoError> find_extent(Offset offset, Offset upto, Extent& extent) const;
  /// How many of its bytes a read may take; 0 of some when the first batch is too large.
  static std::int64_t part_of(const Extent& extent, std::int64_t max_bytes, bool min_one_batch) {
    if (max_bytes < extent.first_size) max_bytes = min_one_batch ? extent.first_size : 0;
    return std::min(max_bytes, extent.size());
  }
  Status<IoError> create_segment(Offset base, Timestamp now);
  /// All that is in the files may be read.
  bool reaches_end(Offset upto) const { return upto >= end_ && !unfinished_; }
  Result<std::int64_t, IoError> end_position(std::size_t index, Offset upto) const;

  Env* env_;
  std::string dir_;
  const LogConfig* config_;
  Segments segments_;   ///< By base offset.
  Segments condemned_;  ///< Not in the log any more, in the order of their removal.
  Offset end_ = 0;
  Offset recovery_point_ = 0;
  bool names_changed_ = false;  ///< Segments were made or removed since the directory was synced.
  bool unfinished_ = false;     ///< There may be bytes behind the end: an append has not ended.
};

}  // namespace brokerlab::log
