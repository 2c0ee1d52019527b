// Records as the JSON that the interoperability tests compare: the form of
// tests/log/kafka_files/*/manifest.json and of tests/kafka_interop.
//
//   {"offset":0,"timestamp":1700000000000,"key":"k","value":null,"headers":[["name","value"]]}
//   {"offset":7,"marker":"abort"}
//
// Keys and values are shown as text, so test data is UTF-8.
#pragma once

#include "log/batch/big_endian.h"
#include "log/batch/record_batch.h"

#include <nlohmann/json.hpp>

namespace brokerlab::log::test {

using Json = nlohmann::ordered_json;

inline Json json_of(const std::optional<ByteVector>& bytes) {
  return bytes ? Json(std::string(as_text(*bytes))) : Json(nullptr);
}

inline Json json_of(const Record& record) {
  Json headers = Json::array();
  for (const RecordHeader& header : record.headers) {
    headers.push_back(Json::array({header.key, json_of(header.value)}));
  }
  return {{"offset", record.offset},
          {"timestamp", record.timestamp},
          {"key", json_of(record.key)},
          {"value", json_of(record.value)},
          {"headers", headers}};
}

/// The key of a control record is its version and its type, both 16 bits (KIP-98).
inline Json marker_json_of(const Record& record) {
  const bool whole = record.key && record.key->size() >= 4;
  const int type = whole ? load_big_endian<std::int16_t>(record.key->data() + 2) : -1;
  return {{"offset", record.offset},
          {"marker", type == 0   ? "abort"
                     : type == 1 ? "commit"
                                 : "unknown"}};
}

/// What a batch's header says.
inline Json json_of(const BatchView& batch) {
  return {{"base_offset", batch.base_offset()},
          {"last_offset", batch.last_offset()},
          {"records", batch.record_count()},
          {"leader_epoch", batch.leader_epoch()},
          {"codec", to_text(batch.codec())},
          {"log_append_time", batch.timestamp_type() == TimestampType::log_append_time},
          {"transactional", batch.is_transactional()},
          {"control", batch.is_control()},
          {"max_timestamp", batch.max_timestamp()},
          {"producer_id", batch.producer_id()},
          {"producer_epoch", batch.producer_epoch()},
          {"base_sequence", batch.base_sequence()},
          {"size", batch.size()},
          {"crc", batch.checksum()},
          {"crc_ok", batch.checksum_ok()}};
}

}  // namespace brokerlab::log::test
