#include "plan/files/topic_listing.h"

#include "base/integer_text.h"

#include <algorithm>
#include <array>
#include <optional>

namespace brokerlab::plan {
namespace {

constexpr std::array<std::string_view, 17> field_names{"Topic",
                                                       "TopicId",
                                                       "PartitionCount",
                                                       "ReplicationFactor",
                                                       "Configs",
                                                       "Partition",
                                                       "Leader",
                                                       "Replicas",
                                                       "Isr",
                                                       "Elr",
                                                       "LastKnownElr",
                                                       "Adding Replicas",
                                                       "Removing Replicas",
                                                       "MarkedForDeletion",
                                                       "Offline",
                                                       "LiveObservers",
                                                       "Observers"};

/// White space, and the marks by which documents set off a command's output.
bool space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '`'; }

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && space(text.front())) text.remove_prefix(1);
  while (!text.empty() && space(text.back())) text.remove_suffix(1);
  return text;
}

/// Where a field's name stands, followed by a colon, at the start of a word.
struct Mark {
  std::size_t at;
  std::string_view name;
};

std::map<std::string, std::string, std::less<>> fields_of(std::string_view line) {
  std::vector<Mark> marks;
  for (const std::string_view name : field_names) {
    for (std::size_t at = line.find(name); at != std::string_view::npos;
         at = line.find(name, at + 1)) {
      const std::size_t behind = at + name.size();
      if ((at > 0 && !space(line[at - 1])) || behind >= line.size() || line[behind] != ':')
        continue;
      marks.push_back({at, name});
      break;
    }
  }
  // "Adding Replicas" holds "Replicas": the longer name begins earlier and wins.
  std::sort(marks.begin(), marks.end(), [](const Mark& a, const Mark& b) { return a.at < b.at; });
  std::map<std::string, std::string, std::less<>> fields;
  for (std::size_t i = 0; i < marks.size(); ++i) {
    if (i > 0 && marks[i].at < marks[i - 1].at + marks[i - 1].name.size()) continue;
    const std::size_t from = marks[i].at + marks[i].name.size() + 1;
    std::size_t to = line.size();
    for (std::size_t next = i + 1; next < marks.size(); ++next) {
      if (marks[next].at >= from) {
        to = marks[next].at;
        break;
      }
    }
    fields.emplace(marks[i].name, trimmed(line.substr(from, to - from)));
  }
  return fields;
}

std::vector<int> numbers_in(std::string_view text) {
  std::vector<int> numbers;
  while (!text.empty()) {
    const std::size_t comma = text.find(',');
    const auto number = parse_integer<int>(std::string(trimmed(text.substr(0, comma))));
    if (number) numbers.push_back(*number);
    if (comma == std::string_view::npos) break;
    text.remove_prefix(comma + 1);
  }
  return numbers;
}

/// The first comma that is in no braces: a value may be JSON, of a vendor's setting.
std::size_t comma_in(std::string_view text) {
  int depth = 0;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '{' || text[at] == '[') ++depth;
    if (text[at] == '}' || text[at] == ']') depth = std::max(0, depth - 1);
    if (text[at] == ',' && depth == 0) return at;
  }
  return std::string_view::npos;
}

/// "a=b,c=d,e": a part without = belongs to the value before (cleanup.policy=compact,delete).
std::vector<std::pair<std::string, std::string>> configs_in(std::string_view text) {
  std::vector<std::pair<std::string, std::string>> configs;
  while (!text.empty()) {
    const std::size_t comma = comma_in(text);
    const std::string_view part = text.substr(0, comma);
    const std::size_t equals = part.find('=');
    if (equals != std::string_view::npos) {
      configs.emplace_back(trimmed(part.substr(0, equals)), trimmed(part.substr(equals + 1)));
    } else if (!configs.empty() && !trimmed(part).empty()) {
      configs.back().second += "," + std::string(trimmed(part));
    }
    if (comma == std::string_view::npos) break;
    text.remove_prefix(comma + 1);
  }
  return configs;
}

class ListingReader {
 public:
  TopicListing read(std::string_view text) {
    if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
    for (int line = 1; !text.empty(); ++line) {
      const std::size_t end = text.find('\n');
      take(text.substr(0, end), line);
      if (end == std::string_view::npos) break;
      text.remove_prefix(end + 1);
    }
    return std::move(listing_);
  }

 private:
  void take(std::string_view text, int line) {
    if (trimmed(text).empty()) return;
    if (goes_on(text)) return;
    auto fields = fields_of(text);
    // "Partition: 0 Leader: 1" without its topic, as some tools and people have it.
    if (!fields.contains("Topic") && fields.contains("Partition") && fields.contains("Replicas") &&
        !last_.empty()) {
      fields.emplace("Topic", last_);
    }
    const auto name = fields.find("Topic");
    const auto number = [&](const char* field) -> std::optional<int> {
      const auto at = fields.find(field);
      if (at == fields.end()) return std::nullopt;
      return parse_integer<int>(at->second);
    };
    const auto partition = number("Partition");
    const auto partitions = number("PartitionCount");
    const bool named = name != fields.end() && !name->second.empty();
    const bool of_topic = partitions || fields.contains("ReplicationFactor");
    if (!named || (!partition && !of_topic) || partition.value_or(0) < 0) {
      listing_.strange.emplace_back(line, trimmed(text));
      return;
    }
    ListedTopic& topic = topic_of(name->second, line);
    if (partition) {
      ListedPartition one{*partition, line, true, {}, {}};
      one.has_leader = number("Leader").value_or(-1) >= 0;
      if (const auto at = fields.find("Replicas"); at != fields.end()) {
        one.replicas = numbers_in(at->second);
      }
      if (const auto at = fields.find("Isr"); at != fields.end())
        one.in_sync = numbers_in(at->second);
      if (const auto at = fields.find("Adding Replicas"); at != fields.end())
        one.adding = numbers_in(at->second);
      if (const auto at = fields.find("Removing Replicas"); at != fields.end())
        one.removing = numbers_in(at->second);
      topic.listed.push_back(std::move(one));
      return;
    }
    topic.line = line;
    topic.partitions = std::max(0, partitions.value_or(0));
    topic.replicas = std::max(0, number("ReplicationFactor").value_or(0));
    if (const auto at = fields.find("Configs"); at != fields.end()) {
      topic.configs = configs_in(at->second);
      wrapped_ = at->second.ends_with(",");
    } else {
      wrapped_ = true;  // A terminal, or a document, broke the line.
    }
  }

  /// The rest of a topic's line that was broken: "Configs: a=b," or "c=d,e=f".
  bool goes_on(std::string_view text) {
    if (!wrapped_ || last_.empty()) return false;
    text = trimmed(text);
    const bool begins = text.starts_with("Configs:");
    if (begins) text = trimmed(text.substr(8));
    const std::size_t equals = text.find('=');
    const bool settings = equals != std::string_view::npos && equals > 0 &&
                          text.substr(0, equals).find_first_of(" \t:") == std::string_view::npos;
    ListedTopic& topic = listing_.topics[index_[last_]];
    if (!settings || (!begins && topic.configs.empty())) {
      wrapped_ = begins && text.empty();
      return begins && text.empty();
    }
    for (auto& one : configs_in(text)) topic.configs.push_back(std::move(one));
    wrapped_ = text.ends_with(",");
    return true;
  }

  ListedTopic& topic_of(const std::string& name, int line) {
    const auto [at, fresh] = index_.try_emplace(name, listing_.topics.size());
    if (fresh) {
      listing_.topics.emplace_back();
      listing_.topics.back().name = name;
      listing_.topics.back().line = line;
    }
    last_ = name;
    return listing_.topics[at->second];
  }

  TopicListing listing_;
  std::map<std::string, std::size_t> index_;
  std::string last_;      ///< The topic that was told of last.
  bool wrapped_ = false;  ///< Its line may go on.
};

}  // namespace

bool is_topic_listing(std::string_view text) {
  for (std::size_t at = text.find("Topic:"); at != std::string_view::npos;
       at = text.find("Topic:", at + 1)) {
    const std::string_view line = text.substr(at, text.find('\n', at) - at);
    if (line.find("Partition") != std::string_view::npos ||
        line.find("ReplicationFactor:") != std::string_view::npos) {
      return true;
    }
  }
  return false;
}

TopicListing parse_topic_listing(std::string_view text) { return ListingReader().read(text); }

}  // namespace brokerlab::plan
