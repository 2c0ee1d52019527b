// The messages of admin_protocol.h, described as messages.h describes the others.
//
// Source: clients/src/main/resources/common/message/*.json.
#pragma once

#include "model/wire/admin_protocol.h"
#include "model/wire/messages.h"

#include <string>
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
