#include "log/directory/partition_dir.h"

#include "base/check.h"
#include "base/integer_text.h"
#include "log/partition/checkpoint_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace brokerlab::log {
namespace {

constexpr std::size_t longest_file_name = 255;
constexpr std::size_t longest_topic = 249;

struct Marker {
  PartitionDirKind kind;
  std::string_view suffix;
};
constexpr std::array markers{Marker{PartitionDirKind::deleted, "-delete"},
                             Marker{PartitionDirKind::future, "-future"},
                             Marker{PartitionDirKind::stray, "-stray"}};

bool has_white_space(std::string_view text) {
  return text.find_first_of(" \t\n\v\f\r") != std::string_view::npos;
}

std::optional<TopicPartition> parse_plain(std::string_view name) {
  const auto dash = name.rfind('-');
  if (dash == std::string_view::npos || dash == 0) return std::nullopt;
  const auto number = parse_integer<std::int32_t>(name.substr(dash + 1));
  if (!number || *number < 0) return std::nullopt;
  TopicPartition partition{std::string(name.substr(0, dash)), *number};
  if (partition.text() != name) return std::nullopt;
  return partition;
}

}  // namespace

std::string TopicPartition::text() const { return fmt::format("{}-{}", topic, partition); }

std::optional<PartitionDirName> parse_partition_dir(std::string_view name) {
  // A checkpoint, whose fields are apart by spaces, could not name it.
  if (has_white_space(name)) return std::nullopt;
  PartitionDirKind kind = PartitionDirKind::current;
  for (const Marker& marker : markers) {
    if (!name.ends_with(marker.suffix)) continue;
    const auto dot = name.rfind('.');
    const std::size_t end = name.size() - marker.suffix.size();
    if (dot == std::string_view::npos || dot + 1 >= end) return std::nullopt;
    kind = marker.kind;
    name = name.substr(0, dot);
    break;
  }
  auto partition = parse_plain(name);
  if (!partition) return std::nullopt;
  return PartitionDirName{std::move(*partition), kind};
}

std::string marked_dir_name(const TopicPartition& partition, PartitionDirKind kind,
                            std::string_view unique_id) {
  const auto marker = std::find_if(markers.begin(), markers.end(),
                                   [kind](const Marker& m) { return m.kind == kind; });
  ENSURE(marker != markers.end(), "{} needs no mark", partition.text());
  const std::string rest = fmt::format("-{}.{}{}", partition.partition, unique_id, marker->suffix);
  ENSURE(rest.size() < longest_file_name, "\"{}\" leaves no room for a topic", rest);
  std::string topic = partition.topic;
  if (kind != PartitionDirKind::future) {
    topic.resize(std::min(topic.size(), longest_file_name - rest.size()));
  }
  return topic + rest;
}

std::optional<std::string> topic_name_problem(std::string_view topic) {
  if (topic.empty()) return "a topic's name must not be empty";
  if (topic == "." || topic == "..") return "a topic's name must not be \".\" or \"..\"";
  if (topic.size() > longest_topic) {
    return fmt::format("a topic's name has at most {} characters, this has {}", longest_topic,
                       topic.size());
  }
  const bool legal = std::all_of(topic.begin(), topic.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
  });
  if (!legal) return "a topic's name is made of letters, digits, '.', '_' and '-'";
  return std::nullopt;
}

}  // namespace brokerlab::log
