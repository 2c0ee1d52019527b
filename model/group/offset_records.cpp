#include "model/group/offset_records.h"

#include "model/wire/record_bytes.h"

#include <algorithm>

namespace brokerlab::model {

namespace {

constexpr std::int16_t offset_key_version = 1;
constexpr std::int16_t group_key_version = 2;
constexpr std::int16_t value_version = 3;
constexpr std::int16_t consumer_protocol_version = 3;
constexpr const char* consumer_protocol_type = "consumer";

/// An array of topics, each with an array of partitions.
void write_partitions(RecordWriter& writer, const std::vector<TopicPartition>& partitions) {
  std::vector<std::pair<TopicName, std::vector<int>>> topics;
  for (const TopicPartition& partition : partitions) {
    auto found = std::find_if(topics.begin(), topics.end(),
                              [&](const auto& topic) { return topic.first == partition.topic; });
    if (found == topics.end()) found = topics.insert(found, {partition.topic, {}});
    found->second.push_back(partition.partition);
  }
  writer.count(topics.size());
  for (const auto& [topic, numbers] : topics) {
    writer.text(std::string_view(topic)).count(numbers.size());
    for (const int number : numbers) writer.number(std::int32_t{number});
  }
}

std::vector<TopicPartition> read_partitions(RecordReader& reader) {
  std::vector<TopicPartition> partitions;
  const std::size_t topics = reader.count();
  for (std::size_t i = 0; i < topics; ++i) {
    const std::string topic = reader.text();
    const std::size_t numbers = reader.count();
    for (std::size_t j = 0; j < numbers; ++j) {
      partitions.push_back({topic, reader.number<std::int32_t>()});
    }
  }
  return partitions;
}

log::ByteVector subscription(const Subscription& subscription) {
  RecordWriter writer;
  writer.number(consumer_protocol_version).count(subscription.topics.size());
  for (const std::string& topic : subscription.topics) writer.text(std::string_view(topic));
  if (subscription.user_data) {
    RecordWriter user_data;
    if (subscription.user_data->previous) {
      write_partitions(user_data, *subscription.user_data->previous);
    }
    user_data.number(std::int32_t{subscription.user_data->generation});
    writer.blob(user_data.take());
  } else {
    writer.number(std::int32_t{-1});
  }
  write_partitions(writer, subscription.owned);
  writer.number(std::int32_t{subscription.generation});
  if (subscription.rack.empty()) return writer.number(std::int16_t{-1}).take();
  return writer.text(std::string_view(subscription.rack)).take();
}

Subscription read_subscription(log::ByteView bytes) {
  Subscription subscription;
  RecordReader reader(bytes);
  reader.number<std::int16_t>();
  subscription.topics.resize(reader.count());
  for (std::string& topic : subscription.topics) topic = reader.text();
  const log::ByteView user_data = reader.blob();
  if (!user_data.empty()) {
    // The cooperative assignor's is its generation and nothing else.
    RecordReader inner(user_data);
    SubscriptionUserData& told = subscription.user_data.emplace();
    if (user_data.size() > sizeof(std::int32_t)) told.previous = read_partitions(inner);
    told.generation = inner.number<std::int32_t>();
  }
  subscription.owned = read_partitions(reader);
  subscription.generation = reader.number<std::int32_t>();
  subscription.rack = reader.optional_text().value_or("");
  return subscription;
}

log::ByteVector assignment(const std::vector<TopicPartition>& partitions) {
  RecordWriter writer;
  writer.number(consumer_protocol_version);
  write_partitions(writer, partitions);
  return writer.number(std::int32_t{-1}).take();
}

std::vector<TopicPartition> read_assignment(log::ByteView bytes) {
  if (bytes.empty()) return {};
  RecordReader reader(bytes);
  reader.number<std::int16_t>();
  return read_partitions(reader);
}

std::optional<CommittedOffset> read_offset(log::ByteView bytes) {
  RecordReader reader(bytes);
  if (reader.number<std::int16_t>() != value_version) return std::nullopt;
  CommittedOffset offset;
  offset.offset = reader.number<std::int64_t>();
  offset.leader_epoch = reader.number<std::int32_t>();
  offset.metadata = reader.text();
  offset.committed = reader.number<std::int64_t>();
  if (!reader.ok()) return std::nullopt;
  return offset;
}

std::optional<GroupSnapshot> read_group(log::ByteView bytes, log::Timestamp& state_time) {
  RecordReader reader(bytes);
  if (reader.number<std::int16_t>() != value_version) return std::nullopt;
  GroupSnapshot group;
  reader.text();  // protocol type
  group.generation = reader.number<std::int32_t>();
  group.protocol = reader.optional_text();
  group.leader = reader.optional_text();
  state_time = reader.number<std::int64_t>();
  group.members.resize(reader.count());
  for (GroupSnapshot::Member& member : group.members) {
    member.id = reader.text();
    member.instance = reader.optional_text();
    member.client_id = reader.text();
    member.client_host = reader.text();
    member.rebalance_timeout = reader.millis();
    member.session_timeout = reader.millis();
    member.subscription = read_subscription(reader.blob());
    member.partitions = read_assignment(reader.blob());
  }
  if (!reader.ok()) return std::nullopt;
  return group;
}

}  // namespace

log::ByteVector offset_commit_key(const std::string& group, const TopicPartition& partition) {
  return RecordWriter()
      .number(offset_key_version)
      .text(std::string_view(group))
      .text(std::string_view(partition.topic))
      .number(std::int32_t{partition.partition})
      .take();
}

log::ByteVector offset_commit_value(const CommittedOffset& offset) {
  return RecordWriter()
      .number(value_version)
      .number(offset.offset)
      .number(offset.leader_epoch)
      .text(std::string_view(offset.metadata))
      .number(offset.committed)
      .take();
}

log::ByteVector group_metadata_key(const std::string& group) {
  return RecordWriter().number(group_key_version).text(std::string_view(group)).take();
}

log::ByteVector group_metadata_value(const GroupSnapshot& group, log::Timestamp state_time) {
  RecordWriter writer;
  writer.number(value_version)
      .text(std::string_view(consumer_protocol_type))
      .number(std::int32_t{group.generation})
      .text(group.protocol)
      .text(group.leader)
      .number(state_time)
      .count(group.members.size());
  for (const GroupSnapshot::Member& member : group.members) {
    writer.text(std::string_view(member.id))
        .text(member.instance)
        .text(std::string_view(member.client_id))
        .text(std::string_view(member.client_host))
        .millis(member.rebalance_timeout)
        .millis(member.session_timeout)
        .blob(subscription(member.subscription))
        .blob(assignment(member.partitions));
  }
  return writer.take();
}

std::optional<CoordinatorRecord> decode_coordinator_record(const log::RecordView& record) {
  if (!record.key) return std::nullopt;
  RecordReader key(*record.key);
  const auto version = key.number<std::int16_t>();
  if (version == offset_key_version) {
    OffsetCommitRecord commit;
    commit.group = key.text();
    commit.partition.topic = key.text();
    commit.partition.partition = key.number<std::int32_t>();
    if (record.value) commit.offset = read_offset(*record.value);
    if (!key.ok() || (record.value && !commit.offset)) return std::nullopt;
    return commit;
  }
  if (version == group_key_version) {
    GroupMetadataRecord group;
    group.group = key.text();
    if (record.value) group.snapshot = read_group(*record.value, group.state_time);
    if (!key.ok() || (record.value && !group.snapshot)) return std::nullopt;
    return group;
  }
  return std::nullopt;
}

}  // namespace brokerlab::model
