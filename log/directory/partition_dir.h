// Names of partition directories: "orders-0", and what Kafka hangs on them for a while.
//
//   orders-0                       a partition
//   orders-0.<unique id>-delete    was deleted, its files are yet to be removed
//   orders-0.<unique id>-future    a copy that is to replace the one in another log directory
//   orders-0.<unique id>-stray     the controller does not know it here; kept for the operator
//
// Source of the rules: Kafka's UnifiedLog.parseTopicPartitionName, LocalLog.logDeleteDirName and
// its like, Topic.validate.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace brokerlab::log {

struct TopicPartition {
  std::string topic;
  std::int32_t partition = 0;

  std::string text() const;  ///< "orders-0", also the name of its directory.
  auto operator<=>(const TopicPartition&) const = default;
};

enum class PartitionDirKind { current, deleted, future, stray };

struct PartitionDirName {
  TopicPartition partition;  ///< For deleted and stray ones the topic may be a prefix.
  PartitionDirKind kind = PartitionDirKind::current;
};

/// Nothing when no partition has such a directory. The partition is what stands behind the last
/// '-'. (Kafka also takes "orders-00" and "orders-+1", which no broker ever made.)
std::optional<PartitionDirName> parse_partition_dir(std::string_view name);

/// The name with a suffix. `unique_id`: without '-', '.' and white space. Deleted and stray names
/// have their topic cut to fit in the 255 bytes of a file name. Not for current ones.
std::string marked_dir_name(const TopicPartition& partition, PartitionDirKind kind,
                            std::string_view unique_id);

/// What is wrong with a topic's name, in plain words; nothing when Kafka would take it.
std::optional<std::string> topic_name_problem(std::string_view topic);

}  // namespace brokerlab::log
