// TransactionalOffsets: offsets that were committed as part of transactions and wait for their end,
// for each partition of __consumer_offsets, producer and group.
//
// Pure. Lifetime: part of a GroupMetadataManager. Threads: none.
// Source: kafka.coordinator.group.GroupMetadata (pendingTransactionalOffsetCommits).
#pragma once

#include "model/group/offset_records.h"

#include <cstdint>
#include <map>
#include <string>

namespace brokerlab::model {

struct PendingOffset {
  CommittedOffset commit;
};

class TransactionalOffsets {
 public:
  using OfGroup = std::map<TopicPartition, PendingOffset>;
  using OfProducer = std::map<std::string, OfGroup>;

  void add(int partition, std::int64_t producer, const std::string& group, const TopicPartition& of,
           PendingOffset pending) {
    pending_[partition][producer][group][of] = std::move(pending);
  }
  /// They could not be written.
  void remove(int partition, std::int64_t producer, const std::string& group);
  /// Of a transaction that ended; they wait no more.
  OfProducer take(int partition, std::int64_t producer);
  /// An OffsetFetch that wants stable offsets finds this one unstable.
  bool has(int partition, const std::string& group, const TopicPartition& of) const;
  bool has_any(int partition, const std::string& group) const;
  void forget(int partition) { pending_.erase(partition); }
  /// Of a partition that is no more, in all transactions of that group.
  void forget(int partition, const std::string& group, const TopicPartition& of);

 private:
  std::map<int, std::map<std::int64_t, OfProducer>> pending_;
};

}  // namespace brokerlab::model
