#include "log/directory/directory_files.h"

#include "base/integer_text.h"
#include "log/partition/checkpoint_text.h"

#include <fmt/format.h>

#include <map>

namespace brokerlab::log {
namespace {

constexpr std::string_view blanks = " \t\f\r";

struct Property {
  std::string value;
  std::size_t line = 0;
};

std::string at_line(std::size_t line) { return fmt::format("line {}", line); }

std::string_view trim_front(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(blanks), text.size()));
  return text;
}

std::string_view take_line(std::string_view& text) {
  const auto end = std::min(text.find('\n'), text.size());
  std::string_view line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

/// Moves the front of `line`, up to a separator when `is_key`, to the result without its escapes.
std::optional<std::string> take_unescaped(std::string_view& line, bool is_key) {
  std::string out;
  std::size_t i = 0;
  for (; i < line.size(); ++i) {
    if (is_key && std::string_view("=: \t\f").find(line[i]) != std::string_view::npos) break;
    if (line[i] != '\\') {
      out += line[i];
      continue;
    }
    if (++i == line.size() || line[i] == 'u') return std::nullopt;
    static constexpr std::string_view names = "tnrf";
    static constexpr std::string_view meanings = "\t\n\r\f";
    const auto named = names.find(line[i]);
    out += named == std::string_view::npos ? line[i] : meanings[named];
  }
  line.remove_prefix(i);
  return out;
}

/// Java's Properties.load; the last of several lines with one key wins.
std::map<std::string, Property> parse_properties(std::string_view text, const std::string& path,
                                                 Problems& problems) {
  std::map<std::string, Property> properties;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::string_view whole = take_line(text);
    std::string_view line = trim_front(whole);
    if (line.empty() || line.front() == '#' || line.front() == '!') continue;
    const auto key = take_unescaped(line, true);
    line = trim_front(line);
    if (line.starts_with('=') || line.starts_with(':')) line = trim_front(line.substr(1));
    const auto value = key ? take_unescaped(line, false) : std::nullopt;
    if (!value || whole.find('\0') != std::string_view::npos) {
      problems.push_back({path, at_line(number), fmt::format("\"{:.60}\"", whole),
                          "is no line of a properties file (key=value)"});
      continue;
    }
    properties[*key] = {*value, number};
  }
  return properties;
}

class MetaReader {
 public:
  MetaReader(const std::map<std::string, Property>& properties, const std::string& path,
             Problems& problems)
      : properties_(properties), path_(path), problems_(problems) {}

  const Property* find(const std::string& key) const {
    const auto found = properties_.find(key);
    return found == properties_.end() ? nullptr : &found->second;
  }

  std::optional<std::int32_t> number(const std::string& key, std::int32_t highest) {
    const Property* property = find(key);
    if (property == nullptr) return std::nullopt;
    const auto number = parse_integer<std::int32_t>(property->value);
    if (number && *number >= 0 && *number <= highest) return number;
    wrong(key, fmt::format("must be a number from 0 to {}", highest));
    return std::nullopt;
  }

  void wrong(const std::string& key, const std::string& message) {
    const Property* property = find(key);
    if (property == nullptr) {
      problems_.push_back({path_, {}, {}, fmt::format("{} is missing", key)});
    } else {
      problems_.push_back(
          {path_, at_line(property->line), fmt::format("{}={}", key, property->value), message});
    }
  }

 private:
  const std::map<std::string, Property>& properties_;
  const std::string& path_;
  Problems& problems_;
};

/// "key: value", nothing when the line is not that.
std::optional<std::string_view> field_of(std::string_view line, std::string_view key) {
  if (!line.starts_with(key) || line.size() <= key.size() || line[key.size()] != ':') {
    return std::nullopt;
  }
  const std::string_view rest = line.substr(key.size() + 1);
  const std::string_view value = trim_front(rest);
  if (value.size() == rest.size()) return std::nullopt;
  return value;
}

/// A line of a properties file, escaped as Java's Properties.store does.
std::string property_line(std::string_view key, std::string_view value) {
  std::string out = fmt::format("{}=", key);
  for (std::size_t i = 0; i < value.size(); ++i) {
    constexpr std::string_view plain = "=:#!\\";
    constexpr std::string_view control = "\t\n\r\f";
    constexpr std::string_view letter = "tnrf";
    const char c = value[i];
    const std::size_t named = control.find(c);
    const bool leading_space = i == 0 && c == ' ';
    if (named != std::string_view::npos) {
      out += {'\\', letter[named]};
      continue;
    }
    if (leading_space || plain.find(c) != std::string_view::npos) out += '\\';
    out += c;
  }
  return out + "\n";
}

}  // namespace

Problem to_problem(const IoError& error) {
  const std::string kind(to_text(error.kind));
  return {error.path, {}, {}, error.message.empty() ? kind : kind + ": " + error.message};
}

Result<std::optional<MetaProperties>, Problems> read_meta_properties(Env& env,
                                                                     const std::string& path) {
  if (!env.exists(path)) return std::optional<MetaProperties>();
  const auto text = read_text(env, path);
  if (!text.ok()) return fail(Problems{to_problem(text.error())});
  Problems problems;
  const auto properties = parse_properties(*text, path, problems);
  MetaReader reader(properties, path, problems);
  MetaProperties meta;
  const bool good_version = reader.find("version") == nullptr || reader.number("version", 1);
  meta.version = reader.find("version") != nullptr && good_version
                     ? parse_integer<std::int32_t>(reader.find("version")->value).value_or(0)
                     : 0;
  meta.broker_id = reader.number(meta.version == 0 ? "broker.id" : "node.id", INT32_MAX);
  if (const Property* cluster = reader.find("cluster.id")) meta.cluster_id = cluster->value;
  if (const Property* directory = reader.find("directory.id")) {
    meta.directory_id = Uuid::parse(directory->value);
    if (!meta.directory_id) reader.wrong("directory.id", "must be 22 characters of base64url");
  }
  if (meta.version == 1 && reader.find("node.id") == nullptr) reader.wrong("node.id", "");
  if (meta.version == 1 && !meta.cluster_id) reader.wrong("cluster.id", "");
  if (!problems.empty()) return fail(std::move(problems));
  return std::optional(meta);
}

Status<IoError> write_meta_properties(Env& env, const std::string& path,
                                      const MetaProperties& properties) {
  // Kafka's file begins with two comments, the second with the date, which nobody reads.
  std::string text = "#\n";
  if (properties.cluster_id) text += property_line("cluster.id", *properties.cluster_id);
  if (properties.directory_id)
    text += property_line("directory.id", properties.directory_id->text());
  text += fmt::format("version={}\n", properties.version);
  if (properties.broker_id) {
    text += fmt::format("{}={}\n", properties.version == 0 ? "broker.id" : "node.id",
                        *properties.broker_id);
  }
  return write_text_atomically(env, path, text);
}

Result<std::optional<Uuid>, Problems> read_partition_metadata(Env& env, const std::string& path) {
  if (!env.exists(path)) return std::optional<Uuid>();
  const auto read = read_text(env, path);
  if (!read.ok()) return fail(Problems{to_problem(read.error())});
  std::string_view text = *read;
  Problems problems;
  const auto wrong = [&](std::size_t line, std::string_view value, const char* message) {
    problems.push_back({path, at_line(line), fmt::format("\"{:.60}\"", value), message});
  };
  const std::string_view first = take_line(text);
  const auto version = field_of(first, "version");
  const auto number = version ? parse_integer<std::int32_t>(*version) : std::nullopt;
  if (!number || *number < 0) wrong(1, first, "must be \"version: \" and a number from 0");
  const std::string_view second = take_line(text);
  const auto id_text = field_of(second, "topic_id");
  const auto id = id_text ? Uuid::parse(*id_text) : std::nullopt;
  if (!id) {
    wrong(2, second, "must be \"topic_id: \" and 22 characters of base64url");
  } else if (id->is_zero()) {
    wrong(2, second, "is no topic's id");
  }
  if (!problems.empty()) return fail(std::move(problems));
  return id;
}

Status<IoError> write_partition_metadata(Env& env, const std::string& path, const Uuid& topic_id) {
  ENSURE(!topic_id.is_zero(), "{}: a topic without an id", path);
  return write_text_atomically(env, path, fmt::format("version: 0\ntopic_id: {}", topic_id.text()));
}

Result<std::optional<CleanShutdown>, IoError> read_clean_shutdown(Env& env,
                                                                  const std::string& path) {
  if (!env.exists(path)) return std::optional<CleanShutdown>();
  const auto text = read_text(env, path);
  if (!text.ok()) return fail(text.error());
  CleanShutdown mark;
  constexpr std::string_view key = "\"brokerEpoch\":";
  if (const auto at = text->find(key); at != std::string::npos) {
    std::string_view number = trim_front(std::string_view(*text).substr(at + key.size()));
    number = number.substr(0, number.find_first_of(",} \t\r\n"));
    mark.broker_epoch = parse_integer<std::int64_t>(number);
  }
  return std::optional(mark);
}

Status<IoError> write_clean_shutdown(Env& env, const std::string& path, std::int64_t broker_epoch) {
  if (env.exists(path)) {
    if (auto removed = env.remove(path); !removed.ok()) return removed;
  }
  auto file = env.create(path);
  if (!file.ok()) return fail(file.error());
  const std::string text = fmt::format(R"({{"version":0,"brokerEpoch":{}}})", broker_epoch);
  if (auto written = (*file)->append(as_bytes(text)); !written.ok()) return written;
  if (auto synced = (*file)->sync(); !synced.ok()) return synced;
  return env.sync_dir(parent_path(path));
}

}  // namespace brokerlab::log
