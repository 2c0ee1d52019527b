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

struct DeleteGroupsRequest final : Request {
  DeleteGroupsRequest() : Request(ApiKey::delete_groups) {}
  Bytes size() const override;
  std::vector<std::string> groups;
};
struct DeleteGroupsResponse final : Response {
  DeleteGroupsResponse() : Response(ApiKey::delete_groups) {}
  Bytes size() const override;

  struct Result {
    std::string group;
    ErrorCode error = ErrorCode::none;
  };
  std::vector<Result> results;
};

/// What settings are of; the values are those of the protocol (ConfigResource.Type), but for quota,
/// which has requests of its own.
enum class ConfigResource { topic = 2, broker = 4, quota = 127 };

struct ConfigEntity {
  ConfigResource type = ConfigResource::topic;
  /// Of a topic, or a broker's number; empty: of all brokers. Of a quota: "clients/app",
  /// "users/ANONYMOUS", "users/ANONYMOUS/clients/app".
  std::string name;
  auto operator<=>(const ConfigEntity&) const = default;
};

struct IncrementalAlterConfigsRequest final : Request {
  IncrementalAlterConfigsRequest() : Request(ApiKey::incremental_alter_configs) {}
  Bytes size() const override;

  struct Config {
    std::string name;
    std::optional<std::string> value;  ///< None: what was set is taken back (DELETE).
  };
  struct Resource {
    ConfigEntity entity;
    std::vector<Config> configs;
  };
  std::vector<Resource> resources;
};
struct IncrementalAlterConfigsResponse final : Response {
  IncrementalAlterConfigsResponse() : Response(ApiKey::incremental_alter_configs) {}
  Bytes size() const override;

  struct Result {
    ConfigEntity entity;
    ErrorCode error = ErrorCode::none;
  };
  std::vector<Result> results;
};

struct AlterClientQuotasRequest final : Request {
  AlterClientQuotasRequest() : Request(ApiKey::alter_client_quotas) {}
  Bytes size() const override;

  struct Op {
    std::string key;              ///< "producer_byte_rate"
    std::optional<double> value;  ///< None: it is taken back.
  };
  struct Entry {
    std::optional<std::string> user;
    std::optional<std::string> client_id;
    std::vector<Op> ops;
  };
  std::vector<Entry> entries;
};
struct AlterClientQuotasResponse final : Response {
  AlterClientQuotasResponse() : Response(ApiKey::alter_client_quotas) {}
  Bytes size() const override;

  struct Entry {
    ErrorCode error = ErrorCode::none;
    std::optional<std::string> user;
    std::optional<std::string> client_id;
  };
  std::vector<Entry> entries;
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
