// The messages of admin_protocol.h, described as messages.h describes the others.
//
// Source: clients/src/main/resources/common/message/*.json.
#pragma once

#include "model/wire/admin_protocol.h"
#include "model/wire/messages.h"

#include <string>
#include <utility>
#include <vector>

namespace brokerlab::model::wire {

template <class F>
void admin_results(F& f, const char* name, const std::vector<AdminResult>& results) {
  f.array(name, results, [](F& in, const AdminResult& one) {
    in.text("Name", one.partition.topic);
    in.int16("ErrorCode", of(one.error));
    in.null("ErrorMessage");
  });
}

template <class F>
void partition_results(F& f, const char* name, const std::vector<AdminResult>& results) {
  f.by_topic(name, "Partitions", results, name_only, [](F& in, const AdminResult& one) {
    in.int32("PartitionIndex", one.partition.partition);
    in.int16("ErrorCode", of(one.error));
    in.null("ErrorMessage");
  });
}

template <class F>
void describe(F& f, const DeleteTopicsRequest& m) {  // v6
  f.array("Topics", m.topics, [](F& in, const std::string& name) {
    in.text("Name", name);
    in.uuid("TopicId", name);
  });
  f.int32("TimeoutMs", 0);
}

template <class F>
void describe(F& f, const DeleteTopicsResponse& m) {  // v6
  f.int32("ThrottleTimeMs", 0);
  f.array("Responses", m.results, [](F& in, const AdminResult& one) {
    in.text("Name", one.partition.topic);
    in.uuid("TopicId", one.partition.topic);
    in.int16("ErrorCode", of(one.error));
    in.null("ErrorMessage");
  });
}

template <class F>
void describe(F& f, const CreatePartitionsRequest& m) {  // v3
  f.array("Topics", m.topics, [](F& in, const CreatePartitionsRequest::Topic& topic) {
    in.text("Name", topic.name);
    in.int32("Count", topic.count);
    in.array("Assignments", topic.assignment, [](F& inner, const std::vector<BrokerId>& replicas) {
      inner.ids("BrokerIds", replicas);
    });
  });
  f.int32("TimeoutMs", 0);
  f.boolean("ValidateOnly", false);
}

template <class F>
void describe(F& f, const CreatePartitionsResponse& m) {  // v3
  f.int32("ThrottleTimeMs", 0);
  admin_results(f, "Results", m.results);
}

template <class F>
void describe(F& f, const AlterPartitionReassignmentsRequest& m) {  // v0
  f.int32("TimeoutMs", 0);
  f.by_topic("Topics", "Partitions", m.partitions, name_only,
             [](F& in, const AlterPartitionReassignmentsRequest::Partition& one) {
               in.int32("PartitionIndex", one.partition.partition);
               if (one.replicas) {
                 in.ids("Replicas", *one.replicas);
               } else {
                 in.null("Replicas");
               }
             });
}

template <class F>
void describe(F& f, const AlterPartitionReassignmentsResponse& m) {  // v0
  f.int32("ThrottleTimeMs", 0);
  f.int16("ErrorCode", of(m.error));
  f.null("ErrorMessage");
  partition_results(f, "Responses", m.results);
}

template <class F>
void describe(F& f, const DeleteGroupsRequest& m) {  // v2
  f.texts("GroupsNames", m.groups);
}

template <class F>
void describe(F& f, const DeleteGroupsResponse& m) {  // v2
  f.int32("ThrottleTimeMs", 0);
  f.array("Results", m.results, [](F& in, const DeleteGroupsResponse::Result& one) {
    in.text("GroupId", one.group);
    in.int16("ErrorCode", of(one.error));
  });
}

template <class F>
void describe(F& f, const IncrementalAlterConfigsRequest& m) {  // v1
  f.array("Resources", m.resources,
          [](F& in, const IncrementalAlterConfigsRequest::Resource& resource) {
            in.int8("ResourceType", static_cast<int>(resource.entity.type));
            in.text("ResourceName", resource.entity.name);
            in.array("Configs", resource.configs,
                     [](F& inner, const IncrementalAlterConfigsRequest::Config& one) {
                       inner.text("Name", one.name);
                       inner.int8("ConfigOperation", one.value ? 0 : 1);
                       inner.optional_text("Value", one.value);
                     });
          });
  f.boolean("ValidateOnly", false);
}

template <class F>
void describe(F& f, const IncrementalAlterConfigsResponse& m) {  // v1
  f.int32("ThrottleTimeMs", 0);
  f.array("Responses", m.results, [](F& in, const IncrementalAlterConfigsResponse::Result& one) {
    in.int16("ErrorCode", of(one.error));
    in.null("ErrorMessage");
    in.int8("ResourceType", static_cast<int>(one.entity.type));
    in.text("ResourceName", one.entity.name);
  });
}

/// The entity that "<default>" is has no name on the wire.
template <class F, class Entry>
void quota_entity(F& f, const Entry& entry) {
  std::vector<std::pair<std::string, std::string>> parts;
  if (entry.user) parts.emplace_back("user", *entry.user);
  if (entry.client_id) parts.emplace_back("client-id", *entry.client_id);
  f.array("Entity", parts, [](F& in, const std::pair<std::string, std::string>& part) {
    in.text("EntityType", part.first);
    if (part.second == "<default>") {
      in.null("EntityName");
    } else {
      in.text("EntityName", part.second);
    }
  });
}

template <class F>
void describe(F& f, const AlterClientQuotasRequest& m) {  // v1
  f.array("Entries", m.entries, [](F& in, const AlterClientQuotasRequest::Entry& entry) {
    quota_entity(in, entry);
    in.array("Ops", entry.ops, [](F& inner, const AlterClientQuotasRequest::Op& op) {
      inner.text("Key", op.key);
      inner.int64("Value", 0);  // A float64 is as long.
      inner.boolean("Remove", !op.value);
    });
  });
  f.boolean("ValidateOnly", false);
}

template <class F>
void describe(F& f, const AlterClientQuotasResponse& m) {  // v1
  f.int32("ThrottleTimeMs", 0);
  f.array("Entries", m.entries, [](F& in, const AlterClientQuotasResponse::Entry& entry) {
    in.int16("ErrorCode", of(entry.error));
    in.null("ErrorMessage");
    quota_entity(in, entry);
  });
}

template <class F>
void describe(F& f, const ElectLeadersRequest& m) {  // v2
  f.int8("ElectionType", static_cast<int>(m.type));
  f.numbers_by_topic("TopicPartitions", "Partitions", m.partitions, name_only);
  f.int32("TimeoutMs", 0);
}

template <class F>
void describe(F& f, const ElectLeadersResponse& m) {  // v2
  f.int32("ThrottleTimeMs", 0);
  f.int16("ErrorCode", of(m.error));
  partition_results(f, "ReplicaElectionResults", m.results);
}

}  // namespace brokerlab::model::wire
