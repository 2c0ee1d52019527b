// CleanedTransactions: while segments are read in order, which batches belong to aborted
// transactions, and which markers have no records left. Private to the cleaner. Source:
// kafka.log.CleanedTransactionMetadata. Threads: none.
#pragma once

#include "log/batch/control_record.h"
#include "log/segment/transaction_index.h"

#include <map>
#include <set>
#include <vector>

namespace brokerlab::log {

class CleanedTransactions {
 public:
  void add(const std::vector<AbortedTransaction>& aborted);

  /// Whether the batch is of an aborted transaction.
  bool on_batch(const BatchView& batch);
  struct Marker {
    bool without_records = false;  ///< Nothing of its transaction was met: it may go in time.
    std::optional<AbortedTransaction> aborted;  ///< Records of it were met: note it in the copy.
  };
  Marker on_marker(const BatchView& batch, const std::optional<EndTransactionMarker>& marker);

 private:
  struct Ongoing {
    AbortedTransaction transaction;
    bool met = false;
  };
  void begin_up_to(Offset offset);

  std::multimap<Offset, AbortedTransaction> to_come_;  ///< By first offset.
  std::map<std::int64_t, Ongoing> aborted_;            ///< By producer.
  std::set<std::int64_t> committed_;
};

}  // namespace brokerlab::log
