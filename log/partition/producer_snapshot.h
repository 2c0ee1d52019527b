// Producer snapshots: the ProducerStates of a partition as of one offset, so that opening a log
// need not read it all again.
//
//   00000000000000000042.snapshot := version:i16(1)  crc:u32  count:i32  entry*
//   entry := producer_id:i64  epoch:i16  last_sequence:i32  last_offset:i64  offset_delta:i32
//            timestamp:i64  coordinator_epoch:i32  transaction_first_offset:i64 (-1: none open)
//
// The CRC-32C covers what is behind it. Of each producer the last batch only is kept; it suffices
// to go on. One is taken when a segment is rolled and when the log is closed. Source: Kafka's
// ProducerStateManager.writeSnapshot, readSnapshot. Threads: none.
#pragma once

#include "log/env/env.h"
#include "log/partition/producer_state.h"

#include <vector>

namespace brokerlab::log {

inline constexpr std::string_view snapshot_suffix = ".snapshot";

/// Where the entry of a snapshot's producer number `i` begins.
constexpr std::int64_t snapshot_entry_position(std::size_t i) {
  return static_cast<std::int64_t>(10 + i * (8 + 2 + 4 + 8 + 4 + 8 + 4 + 8));
}

struct SnapshotDamage {
  std::int64_t position = 0;  ///< The byte of the field that is wrong.
  std::string reason;
};

ByteVector encode_snapshot(const ProducerStates& states);
/// The producers in it, in its order: each there once, no two with one transaction.
Result<std::vector<ProducerState>, SnapshotDamage> decode_snapshot(ByteView bytes);

/// The snapshot files of a partition directory.
class ProducerSnapshots {
 public:
  /// Which there are. Directories are none, as in Kafka.
  static Result<ProducerSnapshots, IoError> load(Env& env, const std::string& dir);

  /// Writes one as of `offset`, unless there is one already.
  Status<IoError> take(Env& env, const ProducerStates& states, Offset offset);
  /// Syncs what take() wrote. A torn one fails its checksum and is passed over.
  Status<IoError> sync(Env& env);
  /// The latest from `log_start` to `upto`, both included, that can be read, with its offset.
  /// Damaged ones are removed on the way, as in Kafka, which drops the one at the log's start, too
  /// (ProducerStateManager.truncateAndReload): here it saves the producers of what was deleted.
  struct Loaded {
    Offset offset = 0;
    std::vector<ProducerState> producers;
  };
  Result<std::optional<Loaded>, IoError> latest(Env& env, Offset log_start, Offset upto);

  Status<IoError> remove_behind(Env& env, Offset offset);  ///< Those of offsets > `offset`.
  Status<IoError> remove_all(Env& env) { return remove_behind(env, -1); }
  Status<IoError> remove_at(Env& env, Offset offset);
  /// Those at no segment's base, but for the latest of them when no segment begins behind it: that
  /// one was taken at the end of the log. `bases`: sorted, at least one. Source:
  /// ProducerStateManager.removeStraySnapshots.
  Status<IoError> remove_strays(Env& env, const std::vector<Offset>& bases);

  std::optional<Offset> latest_offset() const;
  const std::vector<Offset>& offsets() const { return offsets_; }

 private:
  std::string path(Offset offset) const;
  Status<IoError> remove(Env& env, std::vector<Offset>::iterator first,
                         std::vector<Offset>::iterator last);

  std::string dir_;
  std::vector<Offset> offsets_;  ///< Sorted.
  std::vector<Offset> unsynced_;
};

}  // namespace brokerlab::log
