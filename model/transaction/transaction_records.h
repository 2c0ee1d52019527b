// The records of __transaction_state, in Kafka's own bytes.
//
//   TransactionLogKey v0    0 i16, transactional id
//   TransactionLogValue v0  0 i16, producer id i64, epoch i16, timeout i32, phase i8,
//                           partitions (-1: none): topic, numbers; last update i64, start i64
//
// A record without a value is a tombstone.
//
// Errors: bytes that are not such a record decode to nothing. Threads: any.
// Source: Kafka's transaction-coordinator/.../message/*.json, TransactionLog.
#pragma once

#include "log/batch/record_batch.h"
#include "model/transaction/transaction_state.h"

#include <optional>
#include <string>

namespace brokerlab::model {

log::ByteVector transaction_key(const std::string& transactional_id);
log::ByteVector transaction_value(const TransactionTransit& state);

struct TransactionRecord {
  std::string transactional_id;
  std::optional<TransactionTransit> state;  ///< Nothing: a tombstone.
};
std::optional<TransactionRecord> decode_transaction_record(const log::RecordView& record);

}  // namespace brokerlab::model
