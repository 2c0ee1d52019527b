// LogSegment: one .log file and its two indexes; the files a Log is made of.
//
//   00000000000000000042.log        batches, first base offset >= 42
//   00000000000000000042.index      (offset - 42: u32, file position: u32), sparse
//   00000000000000000042.timeindex  (timestamp: i64, offset - 42: u32), sparse, both growing
//   00000000000000000042.txnindex   aborted transactions (transaction_index.h), when there are any
//
// An index entry is added for a batch once more than index.interval.bytes went in since the
// last. Indexes are hints: lost or damaged ones are rebuilt from the log, and an entry that leads
// to no batch is passed over. They are mapped (index_file.h), but unlike Kafka's not preallocated:
// the files have exactly the entries they hold; the bytes are the same once Kafka has closed a
// segment. Source: Kafka's LogSegment, OffsetIndex, TimeIndex.
//
// Private to the Log; public for tests and tools. Threads: none.
#pragma once

#include "base/result.h"
#include "log/batch/byte_slice.h"
#include "log/batch/phantom.h"
#include "log/batch/record_batch.h"
#include "log/env/env.h"
#include "log/partition/index_file.h"
#include "log/partition/log_config.h"
#include "log/partition/transaction_index.h"

#include <functional>
#include <optional>
#include <string>

namespace brokerlab::log {

/// Where a batch lies in the file, and what its header says.
struct BatchPlace {
  std::int64_t position = 0;
  BatchSummary batch;

  std::int64_t end() const { return position + batch.size; }
};

/// "00000000000000000042" + suffix.
std::string segment_file_name(Offset base_offset, std::string_view suffix);
/// The base offset in a segment file's name; nothing when it is not one.
std::optional<Offset> base_offset_of(std::string_view file_name, std::string_view suffix);

inline constexpr std::string_view log_suffix = ".log";
inline constexpr std::string_view index_suffix = ".index";
inline constexpr std::string_view time_index_suffix = ".timeindex";
inline constexpr std::string_view cleaned_suffix = ".cleaned";
inline constexpr std::string_view swap_suffix = ".swap";

class LogSegment {
 public:
  /// Creates the three files. Left-over ones of the same name are removed first, as in Kafka.
  /// `file_suffix`: behind every file's name, while the segment does not count yet (cleaner.h).
  static Result<LogSegment, IoError> create(Env& env, const std::string& dir, Offset base_offset,
                                            const LogConfig& config, Timestamp now,
                                            std::string_view file_suffix = {});

  /// Opens the files. `usable` is false when an index was missing or damaged: recover() it.
  struct Opened;
  static Result<Opened, IoError> open(Env& env, const std::string& dir, Offset base_offset,
                                      const LogConfig& config, Timestamp now,
                                      std::string_view file_suffix = {});

  LogSegment(LogSegment&&) = default;
  LogSegment& operator=(LogSegment&&) = default;

  Offset base_offset() const { return base_offset_; }
  std::int64_t size() const { return log_->size(); }
  FileId file() const { return log_->id(); }
  TimestampOffset max_timestamp() const { return max_timestamp_; }
  /// Of its first batch; none when it is empty.
  std::optional<Timestamp> first_timestamp() const { return first_timestamp_; }
  const IndexFile<OffsetPosition>& offset_index() const { return offset_index_; }
  const IndexFile<TimestampOffset>& time_index() const { return time_index_; }

  /// Whether the relative offset fits the index.
  bool can_hold(Offset last_offset) const;
  /// Kafka's LogSegment.shouldRoll.
  bool should_roll(std::int64_t incoming_size, Timestamp incoming_max_timestamp,
                   Offset incoming_last_offset, Timestamp now) const;

  /// Appends checked batches, which lie end to end in `bytes`.
  Status<IoError> append(ByteView bytes, std::span<const BatchSummary> batches);
  /// The same of one phantom batch, whose payload nobody touches.
  Status<IoError> append_phantom(const PhantomBatch& batch);

  /// The first batch whose last offset is >= `offset`; nothing when there is none.
  Result<std::optional<BatchPlace>, IoError> find(Offset offset) const;
  /// Header of the batch at `position`; nothing when no whole batch starts there.
  Result<std::optional<BatchPlace>, IoError> batch_at(std::int64_t position) const;
  Result<ByteSlice, IoError> read(std::int64_t position, std::int64_t size) const;

  /// First record at or behind `from` whose timestamp is >= `target`.
  struct FoundRecord {
    Timestamp timestamp = no_timestamp;
    Offset offset = no_offset;
    LeaderEpoch leader_epoch = no_epoch;
  };
  Result<std::optional<FoundRecord>, IoError> find_timestamp(Timestamp target, Offset from) const;

  /// Reads every batch, rebuilds the indexes, cuts the file at the first byte that is not a good
  /// batch in growing offset order. `on_batch` hears of each good one, and adds the aborted
  /// transactions anew. Returns the bytes cut.
  using OnBatch = std::function<Status<IoError>(const BatchPlace&, const BatchView&)>;
  /// `believed`: no later start reads the segment again, so a power loss must not leave an index
  /// that looks whole; costs a sync.
  /// `on_cut` hears of what is about to be cut, from where on and why; an error of its own stops
  /// all with the .log as it was.
  using OnCut = std::function<Status<IoError>(std::int64_t position, const std::string& why)>;
  Result<std::int64_t, IoError> recover(const OnBatch& on_batch, const OnCut& on_cut,
                                        bool believed);
  File& log_file() const { return *log_; }

  TransactionIndex& transactions() { return transactions_; }
  const TransactionIndex& transactions() const { return transactions_; }

  /// Drops batches that hold `offset` or later ones. Returns the bytes cut.
  Result<std::int64_t, IoError> truncate_to(Offset offset, Timestamp now);

  /// One past the last offset in the file; the base offset when it is empty.
  Result<Offset, IoError> read_next_offset() const;
  /// Whether the file ends where its last batch does, as far as the index and the headers behind
  /// its last entry tell. What follows no batch would never be found again.
  Result<bool, IoError> ends_with_a_batch() const;

  /// The last time index entry a segment gets, when it stops being the active one or is closed.
  Status<IoError> finish_time_index();
  Status<IoError> sync();
  /// Closes and removes the three files.
  Status<IoError> remove_files();
  /// Gives the files another suffix, the .log first, as Kafka does: in each state between, a start
  /// knows what to do (start_files.h).
  Status<IoError> rename_files(std::string_view file_suffix);

 private:
  LogSegment(Env& env, std::string dir, Offset base_offset, const LogConfig& config,
             std::string_view file_suffix);

  std::string path(std::string_view suffix) const;
  /// What follows the append of a batch: the clocks, and index entries when it is time for them.
  Status<IoError> index_batch(const BatchPlace& place);
  Status<IoError> maybe_add_time_entry();
  Status<IoError> cut_indexes(Offset offset);
  Status<IoError> rewrite_indexes(const std::vector<OffsetPosition>& offsets,
                                  const std::vector<TimestampOffset>& times, bool believed);
  Result<bool, IoError> load_indexes();
  bool indexes_grow() const;
  void prefetch_headers(const BatchPlace& first, Offset offset) const;
  Result<std::optional<BatchPlace>, IoError> last_batch() const;
  Status<IoError> find_max_timestamp();
  std::size_t guess_entry(Offset offset) const;
  Result<std::optional<BatchPlace>, IoError> indexed_batch_before(Offset offset) const;

  Env* env_;
  std::string dir_;
  Offset base_offset_;
  const LogConfig* config_;
  std::string file_suffix_;
  std::unique_ptr<File> log_;
  IndexFile<OffsetPosition> offset_index_;
  IndexFile<TimestampOffset> time_index_;
  TransactionIndex transactions_;
  std::int64_t bytes_since_index_entry_ = 0;
  /// The last batches of the file, without gaps: at least those since the last index entry, once
  /// something was appended. Readers at the tail, nearly all of them, need no search in the file.
  std::vector<BatchPlace> recent_;
  TimestampOffset max_timestamp_;
  std::optional<Timestamp> first_timestamp_;  ///< Of the first batch; the clock of segment.ms.
  Timestamp created_ = 0;
};

struct LogSegment::Opened {
  LogSegment segment;
  bool usable = false;
};

}  // namespace brokerlab::log
