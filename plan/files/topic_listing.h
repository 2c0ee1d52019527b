// What `kafka-topics --describe` prints, of any version from 0.8 to 3.9, as facts:
//
//   Topic:foo	PartitionCount:1	ReplicationFactor:3	Configs:
//   Topic: foo	TopicId: r7mF..	PartitionCount: 1	ReplicationFactor: 3	Configs: a=b,c=d
//   	Topic: foo	Partition: 0	Leader: 1	Replicas: 1,2	Isr: 1	Elr: LastKnownElr:
//
// Fields are told apart by their names, so tabs that a copy made spaces of do no harm.
//
// Source: kafka.admin.TopicCommand, 0.8.2 to 3.9. Threads: none. Errors: lines that are neither are
// kept apart.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace brokerlab::plan {

struct ListedPartition {
  int number = 0;
  int line = 0;
  bool has_leader = true;
  std::vector<int> replicas;
  std::vector<int> in_sync;
  std::vector<int> adding = {};    ///< Of `replicas`, while it is being reassigned.
  std::vector<int> removing = {};  ///< The same.
};

struct ListedTopic {
  std::string name;
  int line = 0;
  int partitions = 0;  ///< As its line says; 0: it had none.
  int replicas = 0;
  std::vector<std::pair<std::string, std::string>> configs;
  std::vector<ListedPartition> listed;
};

struct TopicListing {
  std::vector<ListedTopic> topics;                   ///< In the order of the text.
  std::vector<std::pair<int, std::string>> strange;  ///< Other lines that are not blank.
};

/// Whether a text looks like one.
bool is_topic_listing(std::string_view text);
TopicListing parse_topic_listing(std::string_view text);

}  // namespace brokerlab::plan
