#include "model/transaction/transaction_records.h"

#include "model/wire/record_bytes.h"

#include <map>
#include <vector>

namespace brokerlab::model {

namespace {

constexpr std::int16_t key_version = 0;
constexpr std::int16_t transaction_value_version = 0;

}  // namespace

log::ByteVector transaction_key(const std::string& transactional_id) {
  return RecordWriter().number(key_version).text(std::string_view(transactional_id)).take();
}

log::ByteVector transaction_value(const TransactionTransit& state) {
  RecordWriter writer;
  writer.number(transaction_value_version)
      .number(state.producer.id)
      .number(state.producer.epoch)
      .millis(state.timeout)
      .number(static_cast<std::int8_t>(state.phase));
  if (state.phase == TransactionPhase::empty) {
    ENSURE(state.partitions.empty(), "an empty transaction has partitions");
    writer.number(std::int32_t{-1});
  } else {
    std::map<std::string, std::vector<std::int32_t>> topics;
    for (const TopicPartition& one : state.partitions) {
      topics[one.topic.text()].push_back(one.partition);
    }
    writer.count(topics.size());
    for (const auto& [topic, numbers] : topics) {
      writer.text(std::string_view(topic)).count(numbers.size());
      for (const std::int32_t number : numbers) writer.number(number);
    }
  }
  return writer.number(state.updated).number(state.started).take();
}

std::optional<TransactionRecord> decode_transaction_record(const log::RecordView& record) {
  if (!record.key) return std::nullopt;
  RecordReader key(*record.key);
  TransactionRecord found;
  if (key.number<std::int16_t>() != key_version) return std::nullopt;
  found.transactional_id = key.text();
  if (!key.ok()) return std::nullopt;
  if (!record.value) return found;
  RecordReader value(*record.value);
  if (value.number<std::int16_t>() != transaction_value_version) return std::nullopt;
  TransactionTransit& state = found.state.emplace();
  state.producer.id = value.number<std::int64_t>();
  state.producer.epoch = value.number<std::int16_t>();
  state.timeout = value.millis();
  const auto phase = value.number<std::int8_t>();
  if (phase < 0 || phase > static_cast<std::int8_t>(TransactionPhase::prepare_epoch_fence)) {
    return std::nullopt;
  }
  state.phase = static_cast<TransactionPhase>(phase);
  if (state.phase == TransactionPhase::empty) {
    (void)value.number<std::int32_t>();
  } else {
    for (std::size_t topics = value.count(); topics > 0 && value.ok(); --topics) {
      const std::string topic = value.text();
      for (std::size_t left = value.count(); left > 0 && value.ok(); --left) {
        state.partitions.insert({topic, value.number<std::int32_t>()});
      }
    }
  }
  state.updated = value.number<std::int64_t>();
  state.started = value.number<std::int64_t>();
  if (!value.ok()) return std::nullopt;
  return found;
}

}  // namespace brokerlab::model
