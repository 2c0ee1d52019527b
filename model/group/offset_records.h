// The records of __consumer_offsets, in Kafka's own bytes.
//
// A key begins with a version as i16: 1 for a committed offset, 2 for a group. Strings are an i16
// length and bytes (-1: null), byte fields an i32 length and bytes, arrays an i32 count.
//
//   OffsetCommitKey v1     1, group, topic, partition i32
//   OffsetCommitValue v3   3, offset i64, leader epoch i32, metadata, commit time i64
//   GroupMetadataKey v2    2, group
//   GroupMetadataValue v3  3, protocol type, generation i32, protocol?, leader?, state time i64,
//                          members: id, instance?, client id, client host, rebalance timeout i32,
//                          session timeout i32, subscription bytes, assignment bytes
//
// Subscription and assignment are those of the consumer protocol, version 3. A record without a
// value is a tombstone.
//
// Errors: bytes that are not such a record decode to nothing. Threads: any.
// Source: Kafka's group-coordinator/.../message/*.json, GroupMetadataManager.
#pragma once

#include "log/batch/record_batch.h"
#include "model/group/group_members.h"

#include <optional>
#include <string>
#include <variant>

namespace brokerlab::model {

struct CommittedOffset {
  Offset offset = 0;
  LeaderEpoch leader_epoch = log::no_epoch;
  std::string metadata;
  log::Timestamp committed = 0;
  bool operator==(const CommittedOffset&) const = default;
};

log::ByteVector offset_commit_key(const std::string& group, const TopicPartition& partition);
log::ByteVector offset_commit_value(const CommittedOffset& offset);
log::ByteVector group_metadata_key(const std::string& group);
/// `state_time`: when the group came into its state.
log::ByteVector group_metadata_value(const GroupSnapshot& group, log::Timestamp state_time);

struct OffsetCommitRecord {
  std::string group;
  TopicPartition partition;
  std::optional<CommittedOffset> offset;  ///< Nothing: a tombstone.
};
struct GroupMetadataRecord {
  std::string group;
  std::optional<GroupSnapshot> snapshot;  ///< Nothing: a tombstone.
  log::Timestamp state_time = -1;         ///< When the group came into its state.
};
using CoordinatorRecord = std::variant<OffsetCommitRecord, GroupMetadataRecord>;

/// Nothing for an unknown version (as Kafka, skip it) and for malformed bytes.
std::optional<CoordinatorRecord> decode_coordinator_record(const log::RecordView& record);

}  // namespace brokerlab::model
