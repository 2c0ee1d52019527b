// The messages of model/wire/transactions.h, described as model/wire/messages.h has it.
#pragma once

#include "model/wire/messages.h"
#include "model/wire/transactions.h"

namespace brokerlab::model::wire {

/// v3 of clients; v5, which brokers use among themselves to verify.
template <class F>
void describe(F& f, const AddPartitionsToTxnRequest& m) {
  const auto fields = [](F& in, const AddPartitionsToTxnRequest& one) {
    in.text("TransactionalId", one.transactional_id);
    in.int64("ProducerId", one.producer.id);
    in.int16("ProducerEpoch", one.producer.epoch);
    if (one.verify_only) in.boolean("VerifyOnly", true);
    in.numbers_by_topic("Topics", "Partitions", one.partitions, name_only);
  };
  if (!m.verify_only) {
    fields(f, m);
    return;
  }
  f.array("Transactions", std::vector<const AddPartitionsToTxnRequest*>{&m},
          [&](F& in, const AddPartitionsToTxnRequest* one) { fields(in, *one); });
}

template <class F>
void describe(F& f, const AddPartitionsToTxnResponse& m) {
  const auto results = [](F& in, const AddPartitionsToTxnResponse& one) {
    in.by_topic("Results", "ResultsByPartition", one.partitions, name_only,
                [](F& each, const AddPartitionsToTxnResponse::Partition& partition) {
                  each.int32("PartitionIndex", partition.partition.partition);
                  each.int16("PartitionErrorCode", of(partition.error));
                });
  };
  f.int32("ThrottleTimeMs", 0);
  if (m.transactional_id.empty()) {
    results(f, m);
    return;
  }
  f.int16("ErrorCode", 0);
  f.array("ResultsByTransaction", std::vector<const AddPartitionsToTxnResponse*>{&m},
          [&](F& in, const AddPartitionsToTxnResponse* one) {
            in.text("TransactionalId", one->transactional_id);
            results(in, *one);
          });
}

template <class F>
void describe(F& f, const AddOffsetsToTxnRequest& m) {  // v4
  f.text("TransactionalId", m.transactional_id);
  f.int64("ProducerId", m.producer.id);
  f.int16("ProducerEpoch", m.producer.epoch);
  f.text("GroupId", m.group);
}
template <class F>
void describe(F& f, const AddOffsetsToTxnResponse& m) {
  f.int32("ThrottleTimeMs", 0);
  f.int16("ErrorCode", of(m.error));
}

template <class F>
void describe(F& f, const EndTxnRequest& m) {  // v4
  f.text("TransactionalId", m.transactional_id);
  f.int64("ProducerId", m.producer.id);
  f.int16("ProducerEpoch", m.producer.epoch);
  f.boolean("Committed", m.committed);
}
template <class F>
void describe(F& f, const EndTxnResponse& m) {
  f.int32("ThrottleTimeMs", 0);
  f.int16("ErrorCode", of(m.error));
}

template <class F>
void describe(F& f, const WriteTxnMarkersRequest& m) {  // v1
  f.array("Markers", m.markers, [](F& in, const WriteTxnMarkersRequest::Marker& one) {
    in.int64("ProducerId", one.producer.id);
    in.int16("ProducerEpoch", one.producer.epoch);
    in.boolean("TransactionResult", one.committed);
    in.numbers_by_topic("Topics", "PartitionIndexes", one.partitions, name_only);
    in.int32("CoordinatorEpoch", one.coordinator_epoch);
  });
}
template <class F>
void describe(F& f, const WriteTxnMarkersResponse& m) {  // v1
  f.array("Markers", m.markers, [](F& in, const WriteTxnMarkersResponse::Marker& one) {
    in.int64("ProducerId", one.producer_id);
    in.by_topic("Topics", "Partitions", one.partitions, name_only,
                [](F& each, const WriteTxnMarkersResponse::Partition& partition) {
                  each.int32("PartitionIndex", partition.partition.partition);
                  each.int16("ErrorCode", of(partition.error));
                });
  });
}

template <class F>
void describe(F& f, const TxnOffsetCommitRequest& m) {  // v4
  f.text("TransactionalId", m.transactional_id);
  f.text("GroupId", m.group);
  f.int64("ProducerId", m.producer.id);
  f.int16("ProducerEpoch", m.producer.epoch);
  f.int32("GenerationId", m.generation);
  f.text("MemberId", m.member_id);
  f.null("GroupInstanceId");
  f.by_topic("Topics", "Partitions", m.partitions, name_only,
             [](F& in, const OffsetCommitRequest::Partition& one) {
               in.int32("PartitionIndex", one.partition.partition);
               in.int64("CommittedOffset", one.offset);
               in.int32("CommittedLeaderEpoch", one.leader_epoch);
               in.text("CommittedMetadata", "");
             });
}
template <class F>
void describe(F& f, const TxnOffsetCommitResponse& m) {  // v4
  f.int32("ThrottleTimeMs", 0);
  f.by_topic("Topics", "Partitions", m.partitions, name_only,
             [](F& in, const OffsetCommitResponse::Partition& one) {
               in.int32("PartitionIndex", one.partition.partition);
               in.int16("ErrorCode", of(one.error));
             });
}

}  // namespace brokerlab::model::wire
