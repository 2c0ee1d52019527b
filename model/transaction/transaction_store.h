// TransactionStore: what a transaction coordinator needs of the partitions of __transaction_state
// that its broker leads. The broker's replica manager stands behind it; tests keep one in memory.
//
// Lifetime: outlives the TransactionCoordinator. Threads: none.
#pragma once

#include "base/result.h"
#include "base/units.h"
#include "log/batch/byte_slice.h"
#include "model/error_code.h"
#include "model/ids.h"
#include "sim/task.h"

namespace brokerlab::model {

class TransactionStore {
 public:
  virtual ~TransactionStore() = default;

  /// Appends one batch with acks=all: `none` once the whole ISR has it, else the error of the
  /// produce response.
  virtual sim::Task<ErrorCode> append_state(int partition, log::ByteVector batch,
                                            Duration timeout) = 0;
  /// Whole batches, the first holding the record at `from`; empty at the log's end.
  /// NOT_LEADER_OR_FOLLOWER when this broker does not lead the partition.
  virtual Result<log::ByteSlice, ErrorCode> read_state(int partition, Offset from) = 0;
  /// Where the partition's log ends; no_offset when this broker does not lead it.
  virtual Offset state_end(int partition) = 0;
};

}  // namespace brokerlab::model
