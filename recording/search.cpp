#include "recording/search.h"

#include "base/integer_text.h"
#include "base/json_text.h"
#include "base/translation.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <charconv>
#include <map>
#include <set>

namespace brokerlab::recording {
namespace {

bool is_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

bool is_word_character(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

std::string lower(std::string_view text) {
  std::string small(text);
  for (char& c : small) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return small;
}

/// Takes a number of at most `most` digits from the front.
std::optional<int> take_number(std::string_view& text, std::size_t most, int end) {
  std::size_t digits = 0;
  while (digits < text.size() && digits < most && text[digits] >= '0' && text[digits] <= '9') {
    ++digits;
  }
  int number = 0;
  std::from_chars(text.data(), text.data() + digits, number);
  text.remove_prefix(digits);
  if (digits == 0 || number >= end) return std::nullopt;
  return number;
}

bool take(std::string_view& text, char c) {
  if (text.empty() || text.front() != c) return false;
  text.remove_prefix(1);
  return true;
}

std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    if (end > 0) words.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return words;
}

}  // namespace

std::optional<Duration> parse_time_of_day(std::string_view text) {
  constexpr std::size_t two = 2;
  const auto hours = take_number(text, two, 24);
  if (!hours || !take(text, ':')) return std::nullopt;
  const std::size_t before = text.size();
  const auto minutes = take_number(text, two, 60);
  if (!minutes || before - text.size() != two || !take(text, ':')) return std::nullopt;
  const std::size_t rest = text.size();
  const auto seconds = take_number(text, two, 60);
  if (!seconds || rest - text.size() != two) return std::nullopt;
  Duration fraction{0};
  if (take(text, '.')) {
    if (text.empty() || text.size() > 9) return std::nullopt;
    Duration place = 1s;
    while (!text.empty()) {
      const auto digit = take_number(text, 1, 10);
      if (!digit) return std::nullopt;
      place /= 10;
      fraction += *digit * place;
    }
  }
  if (!text.empty()) return std::nullopt;
  return *hours * 1h + *minutes * 1min + *seconds * 1s + fraction;
}

Result<Time, std::string> find_moment(const Reader& reader, std::string_view text) {
  const auto starts_at = parse_time_of_day(reader.meta("starts_at"));
  if (const auto clock = parse_time_of_day(text); clock && starts_at) {
    const Duration since_start = *clock - *starts_at;
    return Time(since_start < Duration{} ? since_start + 24h : since_start);
  }
  const auto since_start = parse_duration(text);
  if (since_start) return Time(*since_start);
  if (text.find(':') == std::string_view::npos) return fail(since_start.error());
  return fail(
      starts_at ? tr("is no time of day such as 09:00:30; this run goes from {}", span_text(reader))
                : tr("is no moment of this run, which goes from {}", span_text(reader)));
}

std::string span_text(const Reader& reader) {
  const auto starts_at = parse_time_of_day(reader.meta("starts_at"));
  const auto moment = [&](Duration since_start) {
    const std::string told = to_text(Time(since_start));
    if (!starts_at) return told;
    const std::int64_t seconds = whole_millis(*starts_at + since_start) / 1000;
    return fmt::format("{:02}:{:02}:{:02} ({})", seconds / 3600 % 24, seconds / 60 % 60,
                       seconds % 60, told);
  };
  return tr("{} to {}", moment(Duration{}), moment(reader.duration()));
}

bool has_word(std::string_view text, std::string_view wanted) {
  const std::string all = lower(text);
  const std::string word = lower(wanted);
  if (!is_ascii(word)) return all.find(word) != std::string::npos;
  for (std::size_t at = all.find(word); at != std::string::npos; at = all.find(word, at + 1)) {
    const std::size_t end = at + word.size();
    const bool begins = at == 0 || !is_word_character(all[at - 1]) || !is_word_character(word[0]);
    const bool ends =
        end == all.size() || !is_word_character(all[end]) || !is_word_character(word.back());
    if (begins && ends) return true;
  }
  return false;
}

std::vector<RecordedEvent> find_events(const Reader& reader, std::string_view words) {
  std::map<int, std::string> machines;
  for (const RecordedMachine& machine : reader.machines()) machines[machine.id] = machine.name;
  std::map<int, std::string> partitions;
  std::set<int> internal;
  for (const RecordedPartition& partition : reader.partitions()) {
    partitions[partition.id] = partition.name();
    if (partition.internal) internal.insert(partition.id);
  }
  const std::vector<std::string> wanted = words_of(words);
  std::vector<RecordedEvent> found;
  for (RecordedEvent& event : reader.events(EventLevel::detail)) {
    std::string text = event.kind + " " + event.en + " " + event.ko;
    if (event.machine) text += " " + machines[*event.machine];
    if (event.partition) text += " " + partitions[*event.partition];
    const bool fits = std::all_of(wanted.begin(), wanted.end(),
                                  [&](const std::string& word) { return has_word(text, word); });
    if (fits) found.push_back(std::move(event));
  }
  // What happened to the user's own partitions is what the user means.
  std::stable_partition(found.begin(), found.end(), [&internal](const RecordedEvent& event) {
    return !event.partition || !internal.contains(*event.partition);
  });
  if (wanted.size() == 1) {
    std::stable_partition(found.begin(), found.end(), [&](const RecordedEvent& event) {
      return lower(event.kind).ends_with("." + lower(wanted.front()));
    });
  }
  return found;
}

std::string waited_for(const RecordedEvent& event, Language language) {
  const auto details = json_from(event.detail);
  if (!details.is_object()) return {};
  const auto text = [&](const std::string& key) {
    const auto in_korean = details.find(key + "_ko");
    const auto found =
        language == Language::korean && in_korean != details.end() ? in_korean : details.find(key);
    return found == details.end() || !found->is_string() ? std::string()
                                                         : found->get<std::string>();
  };
  if (event.kind == "record.lost") return text("why");
  if (const std::string waits = text("waits"); !waits.empty()) return waits;
  const std::string name = text("waited_for");
  if (name.empty()) return {};
  const std::string of = text("waited_of");
  const std::string note = text("waited_note");
  return fmt::format("{} = {}{}{}", name, text("waited_value"),
                     of.empty() ? std::string() : fmt::format(" ({})", of),
                     note.empty() ? note : ", " + note);
}

std::optional<std::int64_t> event_number(std::string_view text) {
  if (text.starts_with('#')) text.remove_prefix(1);
  const auto number = parse_integer<std::int64_t>(text);
  return number && *number >= 0 ? number : std::nullopt;
}

}  // namespace brokerlab::recording
