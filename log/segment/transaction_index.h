// TransactionIndex: the aborted transactions that end in one segment, so that a read_committed
// consumer can be told which batches to skip.
//
//   00000000000000000042.txnindex := entry*
//   entry := version:i16(0)  producer_id:i64  first_offset:i64  last_offset:i64
//   last_stable_offset:i64
//
// Entries grow in last_offset (the marker's). last_stable_offset is what it was once this
// transaction was over: who has read so far need not look at later segments. The file is there only
// when there is an entry. Source: Kafka's TransactionIndex, AbortedTxn. Threads: none.
#pragma once

#include "log/env/env.h"
#include "log/types.h"

#include <vector>

namespace brokerlab::log {

inline constexpr std::string_view transaction_index_suffix = ".txnindex";

struct AbortedTransaction {
  std::int64_t producer_id = -1;
  Offset first_offset = no_offset;
  Offset last_offset = no_offset;
  Offset last_stable_offset = no_offset;
  bool operator==(const AbortedTransaction&) const = default;
};

class TransactionIndex {
 public:
  explicit TransactionIndex(std::string path) : path_(std::move(path)) {}

  /// Reads the file, if there is one. False: its bytes are no such index; rebuild it.
  Result<bool, IoError> load(Env& env);
  Status<IoError> append(Env& env, const AbortedTransaction& aborted);
  /// Drops entries whose marker is at or behind `offset`.
  Status<IoError> truncate_to(Env& env, Offset offset);
  /// Drops all; the file goes, too.
  Status<IoError> reset(Env& env);
  Status<IoError> sync(Env& env);
  Status<IoError> rename(Env& env, const std::string& path);

  /// Adds those that touch [fetch_offset, upto). True when later segments cannot have more.
  bool collect(Offset fetch_offset, Offset upto, std::vector<AbortedTransaction>& found) const;

  bool empty() const { return entries_.empty(); }
  const std::vector<AbortedTransaction>& entries() const { return entries_; }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
  std::vector<AbortedTransaction> entries_;
  bool unsynced_ = false;
};

inline constexpr std::size_t transaction_entry_size = 2 + 4 * 8;
ByteVector encode(const std::vector<AbortedTransaction>& entries);
/// What stands behind the version of an entry that begins at `from`.
AbortedTransaction decode_aborted_transaction(const std::byte* from);

}  // namespace brokerlab::log
