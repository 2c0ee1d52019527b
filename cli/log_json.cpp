#include "cli/log_json.h"

#include "cli/log_command.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace brokerlab::cli {
namespace {

using Json = nlohmann::ordered_json;

std::string hex(log::ByteView bytes) {
  std::string out;
  for (const std::byte byte : bytes) out += fmt::format("{:02x}", std::to_integer<int>(byte));
  return out;
}

void add_bytes(Json& object, const std::string& name, const std::optional<log::ByteView>& bytes) {
  if (!bytes) {
    object[name] = nullptr;
  } else if (is_utf8(log::as_text(*bytes))) {
    object[name] = log::as_text(*bytes);
  } else {
    object[name + "Hex"] = hex(*bytes);
  }
}

class LineReader {
 public:
  explicit LineReader(std::int64_t line) : place_(fmt::format("line {}", line)) {}

  log::Record record;
  Problems problems;

  void read(const std::string& text) {
    Json object;
    try {
      object = Json::parse(text);
    } catch (const Json::parse_error& error) {
      wrong("", fmt::format("is no JSON from byte {} on", error.byte));
      return;
    }
    if (!object.is_object()) {
      wrong(object.dump(), "must be an object such as {\"value\": \"hello\"}");
      return;
    }
    static const std::vector<std::string> known{"key", "value", "headers", "timestamp"};
    for (const auto& [name, value] : object.items()) {
      if (std::find(known.begin(), known.end(), name) != known.end()) continue;
      const std::string near = nearest_name(name, known);
      wrong("\"" + name + "\"", near.empty()
                                    ? "is no field; there are key, value, headers, timestamp"
                                    : "is no field; did you mean \"" + near + "\"?");
    }
    if (object.contains("key")) record.key = bytes_of(object["key"]);
    if (object.contains("value")) {
      record.value = bytes_of(object["value"]);
    } else {
      wrong("", "has no \"value\"; null stands for a tombstone");
    }
    if (object.contains("timestamp")) read_timestamp(object["timestamp"]);
    if (object.contains("headers")) read_headers(object["headers"]);
  }

 private:
  void wrong(std::string value, std::string message) {
    constexpr std::size_t most_shown = 60;
    if (value.size() > most_shown) value = value.substr(0, most_shown) + "...";
    problems.push_back({"standard input", place_, printable(value), std::move(message)});
  }

  static std::optional<log::ByteVector> bytes_of(const Json& value) {
    if (value.is_null()) return std::nullopt;
    const std::string text = value.is_string() ? value.get<std::string>() : value.dump();
    const auto bytes = log::as_bytes(text);
    return log::ByteVector(bytes.begin(), bytes.end());
  }

  void read_timestamp(const Json& value) {
    if (!value.is_number_integer() || value < 0 || value > INT64_MAX) {
      wrong("timestamp " + value.dump(), "must be milliseconds since 1970, a whole number from 0");
      return;
    }
    record.timestamp = value.get<log::Timestamp>();
  }

  void read_headers(const Json& headers) {
    if (headers.is_object()) {
      for (const auto& [name, value] : headers.items()) {
        record.headers.push_back({name, bytes_of(value)});
      }
      return;
    }
    const bool pairs =
        headers.is_array() && std::all_of(headers.begin(), headers.end(), [](const Json& pair) {
          return pair.is_array() && pair.size() == 2 && pair[0].is_string();
        });
    if (!pairs) {
      wrong("headers " + headers.dump(),
            "must be an object, or a list of pairs [[\"name\", \"value\"]]");
      return;
    }
    for (const Json& pair : headers) {
      record.headers.push_back({pair[0].get<std::string>(), bytes_of(pair[1])});
    }
  }

  std::string place_;
};

}  // namespace

void add_contents(Json& object, const log::RecordView& record) {
  add_bytes(object, "key", record.key);
  add_bytes(object, "value", record.value);
  Json headers = Json::array();
  for (const auto& header : record.headers) {
    Json value;
    if (header.value && is_utf8(log::as_text(*header.value))) {
      value = log::as_text(*header.value);
    } else if (header.value) {
      value = Json{{"hex", hex(*header.value)}};
    }
    headers.push_back(Json::array({std::string(header.key), value}));
  }
  object["headers"] = std::move(headers);
}

Result<log::Record, Problems> record_from_json(const std::string& text, std::int64_t line) {
  LineReader reader(line);
  reader.read(text);
  if (!reader.problems.empty()) return fail(std::move(reader.problems));
  return std::move(reader.record);
}

}  // namespace brokerlab::cli
