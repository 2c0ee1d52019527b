// Requests and responses of transactions (KIP-98), with their wire sizes: as model/wire/protocol.h.
#pragma once

#include "model/wire/protocol.h"

#include <string>
#include <vector>

namespace brokerlab::model {

/// A client adds partitions to its transaction (v3); or a broker asks whether some are in it,
/// before it appends there (v4 with VerifyOnly, KIP-890).
struct AddPartitionsToTxnRequest final : Request {
  AddPartitionsToTxnRequest() : Request(ApiKey::add_partitions_to_txn) {}
  Bytes size() const override;
  std::string transactional_id;
  ProducerIdAndEpoch producer;
  bool verify_only = false;
  std::vector<TopicPartition> partitions;
};

struct AddPartitionsToTxnResponse final : Response {
  AddPartitionsToTxnResponse() : Response(ApiKey::add_partitions_to_txn) {}
  Bytes size() const override;

  struct Partition {
    TopicPartition partition;
    ErrorCode error = ErrorCode::none;
  };
  std::string transactional_id;  ///< Of a verification; else empty, and not on the wire.
  std::vector<Partition> partitions;
};

struct AddOffsetsToTxnRequest final : Request {
  AddOffsetsToTxnRequest() : Request(ApiKey::add_offsets_to_txn) {}
  Bytes size() const override;
  std::string transactional_id;
  ProducerIdAndEpoch producer;
  std::string group;
};

struct AddOffsetsToTxnResponse final : Response {
  AddOffsetsToTxnResponse() : Response(ApiKey::add_offsets_to_txn) {}
  Bytes size() const override;
  ErrorCode error = ErrorCode::none;
};

struct EndTxnRequest final : Request {
  EndTxnRequest() : Request(ApiKey::end_txn) {}
  Bytes size() const override;
  std::string transactional_id;
  ProducerIdAndEpoch producer;
  bool committed = true;
};

struct EndTxnResponse final : Response {
  EndTxnResponse() : Response(ApiKey::end_txn) {}
  Bytes size() const override;
  ErrorCode error = ErrorCode::none;
};

/// A transaction coordinator ends transactions in the partitions of one leader.
struct WriteTxnMarkersRequest final : Request {
  WriteTxnMarkersRequest() : Request(ApiKey::write_txn_markers) {}
  Bytes size() const override;

  struct Marker {
    ProducerIdAndEpoch producer;
    bool committed = true;
    LeaderEpoch coordinator_epoch = 0;
    std::vector<TopicPartition> partitions;
  };
  std::vector<Marker> markers;
};

struct WriteTxnMarkersResponse final : Response {
  WriteTxnMarkersResponse() : Response(ApiKey::write_txn_markers) {}
  Bytes size() const override;

  struct Partition {
    TopicPartition partition;
    ErrorCode error = ErrorCode::none;
  };
  struct Marker {
    std::int64_t producer_id = log::no_producer_id;
    std::vector<Partition> partitions;
  };
  std::vector<Marker> markers;  ///< As they were asked for.
};

/// Offsets that become the group's when the transaction is committed.
struct TxnOffsetCommitRequest final : Request {
  TxnOffsetCommitRequest() : Request(ApiKey::txn_offset_commit) {}
  Bytes size() const override;
  std::string transactional_id;
  ProducerIdAndEpoch producer;
  std::string group;
  std::string member_id;
  int generation = -1;
  std::vector<OffsetCommitRequest::Partition> partitions;
};

struct TxnOffsetCommitResponse final : Response {
  TxnOffsetCommitResponse() : Response(ApiKey::txn_offset_commit) {}
  Bytes size() const override;
  std::vector<OffsetCommitResponse::Partition> partitions;
};

}  // namespace brokerlab::model
