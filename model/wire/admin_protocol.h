// What an operator asks a cluster for, and the answers: Kafka's admin requests, beside those of
// protocol.h.
//
// Source: clients/src/main/resources/common/message/*.json.
#pragma once

#include "model/wire/protocol.h"

#include <optional>
#include <string>
#include <vector>

namespace brokerlab::model {

/// What became of each topic or partition that a request named; partition -1: of a topic.
struct AdminResult {
  TopicPartition partition;
  ErrorCode error = ErrorCode::none;
};

struct DeleteTopicsRequest final : Request {
  DeleteTopicsRequest() : Request(ApiKey::delete_topics) {}
  Bytes size() const override;
  std::vector<std::string> topics;
};
struct DeleteTopicsResponse final : Response {
  DeleteTopicsResponse() : Response(ApiKey::delete_topics) {}
  Bytes size() const override;
  std::vector<AdminResult> results;
};

struct CreatePartitionsRequest final : Request {
  CreatePartitionsRequest() : Request(ApiKey::create_partitions) {}
  Bytes size() const override;

  struct Topic {
    std::string name;
    int count = 1;                                       ///< How many it has then.
    std::vector<std::vector<BrokerId>> assignment = {};  ///< Of the new ones; empty: placed.
  };
  std::vector<Topic> topics;
};
struct CreatePartitionsResponse final : Response {
  CreatePartitionsResponse() : Response(ApiKey::create_partitions) {}
  Bytes size() const override;
  std::vector<AdminResult> results;
};

struct AlterPartitionReassignmentsRequest final : Request {
  AlterPartitionReassignmentsRequest() : Request(ApiKey::alter_partition_reassignments) {}
  Bytes size() const override;

  struct Partition {
    TopicPartition partition;
    std::optional<std::vector<BrokerId>> replicas;  ///< None: what is under way is taken back.
  };
  std::vector<Partition> partitions;
};
struct AlterPartitionReassignmentsResponse final : Response {
  AlterPartitionReassignmentsResponse() : Response(ApiKey::alter_partition_reassignments) {}
  Bytes size() const override;
  ErrorCode error = ErrorCode::none;
  std::vector<AdminResult> results;
};

enum class ElectionType { preferred = 0, unclean = 1 };

struct ElectLeadersRequest final : Request {
  ElectLeadersRequest() : Request(ApiKey::elect_leaders) {}
  Bytes size() const override;
  ElectionType type = ElectionType::preferred;
  std::vector<TopicPartition> partitions;
};
struct ElectLeadersResponse final : Response {
  ElectLeadersResponse() : Response(ApiKey::elect_leaders) {}
  Bytes size() const override;
  ErrorCode error = ErrorCode::none;
  std::vector<AdminResult> results;
};

}  // namespace brokerlab::model
