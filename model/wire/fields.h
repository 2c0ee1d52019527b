// What a message is made of on the wire, in the words of Kafka's message definitions: fields with a
// name and a type, arrays of structs, tagged fields (KIP-482). model/wire/messages.h describes
// every message once, to a visitor; this is the visitor that adds sizes up. (A visitor that writes
// bytes would need the values that stand here as lengths, and topics' ids. An array's elements are
// described before its head where the model keeps them in another order.)
//
// All versions in use are "flexible": lengths are unsigned varints of length + 1, and every struct
// ends with a count of tagged fields, one byte when there are none.
//
// Lifetime: values. Threads: none.
#pragma once

#include "model/ids.h"
#include "model/wire/protocol.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace brokerlab::model {

class SizeOf {
 public:
  std::int64_t size() const { return size_; }

  void boolean(const char*, bool) { size_ += 1; }
  void int8(const char*, std::int64_t) { size_ += 1; }
  void int16(const char*, std::int64_t) { size_ += 2; }
  void int32(const char*, std::int64_t) { size_ += 4; }
  void int64(const char*, std::int64_t) { size_ += 8; }
  /// Of a topic, where its name stands for it in the model.
  void uuid(const char*, std::string_view /*topic*/) { size_ += 16; }
  void text(const char*, std::string_view value) { size_ += sized(value.size()); }
  void optional_text(const char* name, const std::optional<std::string>& value) {
    value ? text(name, *value) : null(name);
  }
  /// A text that the model does not keep, of a typical length.
  void text_of(const char*, std::size_t length) { size_ += sized(length); }
  void bytes(const char*, const log::ByteSlice& value) { size_ += sized(value.size()); }
  void bytes(const char*, const log::Records& value) {
    size_ += sized(static_cast<std::size_t>(value.size()));
  }
  void null(const char*) { size_ += 1; }   ///< No text, bytes or array.
  void empty(const char*) { size_ += 1; }  ///< An array of none.
  void host(const char* name, const Address&) { text_of(name, 10); }

  /// An array of numbers.
  void ids(const char*, const std::vector<BrokerId>& values) {
    size_ += varint(values.size() + 1) + 4 * static_cast<std::int64_t>(values.size());
  }
  void texts(const char* name, const std::vector<std::string>& values) {
    size_ += varint(values.size() + 1);
    for (const std::string& value : values) text(name, value);
  }
  /// An array of structs; `each` describes one to this visitor.
  template <class Items, class Each>
  void array(const char*, const Items& items, Each each) {
    size_ += varint(items.size() + 1);
    for (const auto& item : items) {
      each(*this, item);
      end();
    }
  }
  /// An array of topics with arrays of partitions, which the model keeps as one list of partitions
  /// in any order: `topic` describes what comes before the inner array, `each` one partition.
  template <class Items, class Topic, class Each>
  void by_topic(const char*, const char*, const Items& items, Topic topic, Each each) {
    gather(items, topic, [&](const auto& item) {
      each(*this, item);
      end();
    });
  }
  /// The same, where a partition is its number and nothing else.
  template <class Items, class Topic>
  void numbers_by_topic(const char*, const char*, const Items& items, Topic topic) {
    gather(items, topic, [&](const auto&) { size_ += 4; });
  }
  /// A tagged field that is there: a struct, or what `describe` makes of it.
  template <class Describe>
  void tagged_struct(int tag, const char* name, Describe describe) {
    tagged(tag, name, [&](SizeOf& f) {
      describe(f);
      f.end();
    });
  }
  template <class Describe>
  void tagged(int, const char*, Describe describe) {
    SizeOf field;
    describe(field);
    size_ += 1 + varint(static_cast<std::size_t>(field.size())) + field.size();
  }
  /// Every struct, and every message, ends with its count of tagged fields.
  void end() { size_ += 1; }

  // --- The consumer protocol's bytes inside JoinGroup and SyncGroup, version 3; not flexible ---

  void subscription(const char*, const Subscription& subscription);
  void assignment(const char*, const std::vector<TopicPartition>& partitions);

 private:
  static std::size_t partitions_by_topic(const std::vector<TopicPartition>& partitions);
  static constexpr std::int64_t varint(std::size_t value) {
    std::int64_t size = 1;
    for (; value >= 0x80; value >>= 7) ++size;
    return size;
  }
  static constexpr std::int64_t sized(std::size_t length) {
    return varint(length + 1) + static_cast<std::int64_t>(length);
  }
  static const TopicPartition& name_of(const TopicPartition& partition) { return partition; }
  template <class Item>
  static const TopicPartition& name_of(const Item& item) {
    return item.partition;
  }

  struct Topic {
    std::string_view name;
    std::size_t partitions = 0;
  };
  /// One partition more of that topic.
  static void count(std::vector<Topic>& topics, std::string_view name);

  template <class Items, class Head, class Each>
  void gather(const Items& items, Head head, Each each) {
    std::vector<Topic> topics;
    for (const auto& item : items) {
      count(topics, name_of(item).topic);
      each(item);
    }
    size_ += varint(topics.size() + 1);
    for (const Topic& topic : topics) {
      head(*this, topic.name);
      size_ += varint(topic.partitions + 1);
      end();
    }
  }

  std::int64_t size_ = 0;
};

}  // namespace brokerlab::model
