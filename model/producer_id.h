// Who a producer is to the brokers, once one of them has told it (InitProducerId).
//
// Source: org.apache.kafka.common.utils.ProducerIdAndEpoch. Threads: values.
#pragma once

#include "log/partition/producer_state.h"

#include <compare>
#include <cstdint>

namespace brokerlab::model {

struct ProducerIdAndEpoch {
  std::int64_t id = log::no_producer_id;
  std::int16_t epoch = log::no_producer_epoch;

  bool valid() const { return id > log::no_producer_id; }
  auto operator<=>(const ProducerIdAndEpoch&) const = default;
};

/// Ids in a row that one broker gives away (ProducerIdsBlock).
struct ProducerIdBlock {
  std::int64_t first = 0;
  std::int32_t count = 0;
  bool operator==(const ProducerIdBlock&) const = default;
};
inline constexpr std::int32_t producer_id_block_size = 1000;

}  // namespace brokerlab::model
