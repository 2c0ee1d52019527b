// OffsetStore: what a group coordinator needs of the partitions of __consumer_offsets that its
// broker leads. The broker's replica manager implements it; tests keep one in memory.
//
// Lifetime: outlives the GroupCoordinator. Threads: none.
#pragma once

#include "base/result.h"
#include "log/batch/byte_slice.h"
#include "model/error_code.h"
#include "model/ids.h"
#include "sim/task.h"

namespace brokerlab::model {

class OffsetStore {
 public:
  virtual ~OffsetStore() = default;

  /// Appends one batch as a producer with acks=all and a timeout of offsets.commit.timeout.ms
  /// would: `none` once the whole ISR has it, else the error of the produce response.
  virtual sim::Task<ErrorCode> append(int partition, log::ByteVector batch) = 0;
  /// The same with acks=0: nobody waits, and a small ISR is no hindrance. What does not go is lost.
  virtual void append_unasked(int partition, log::ByteVector batch) = 0;

  /// Whole batches, the first holding the record at `from`; empty at the log's end.
  /// NOT_LEADER_OR_FOLLOWER when this broker does not lead the partition.
  virtual Result<log::ByteSlice, ErrorCode> read(int partition, Offset from) = 0;

  /// Where the partition's log ends; no_offset when this broker does not lead it.
  virtual Offset log_end_offset(int partition) = 0;
};

}  // namespace brokerlab::model
