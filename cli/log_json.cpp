#include "cli/log_json.h"

#include "base/json_text.h"
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
  LineReader(const Context& context, std::int64_t line)
      : context_(context),
        place_(context.say(fmt::format("line {}", line), fmt::format("{}번째 줄", line))) {}

  log::Record record;
  Problems problems;

  void read(const std::string& text) {
    Json object;
    try {
      object = Json::parse(text);
    } catch (const Json::parse_error& error) {
      wrong("", context_.say(fmt::format("is no JSON from byte {} on", error.byte),
                             fmt::format("{}번째 바이트부터 JSON이 아닙니다", error.byte)));
      return;
    }
    if (!object.is_object()) {
      wrong(json_text(object), context_.say("must be an object such as {\"value\": \"hello\"}",
                                            "{\"value\": \"hello\"} 같은 객체여야 합니다"));
      return;
    }
    static const std::vector<std::string> known{"key", "value", "headers", "timestamp"};
    for (const auto& [name, value] : object.items()) {
      if (std::find(known.begin(), known.end(), name) != known.end()) continue;
      const std::string near = nearest_name(name, known);
      wrong("\"" + name + "\"",
            near.empty()
                ? context_.say(
                      "is no field; there are key, value, headers, timestamp",
                      "없는 필드입니다. 쓸 수 있는 필드는 key, value, headers, timestamp입니다")
                : context_.say("is no field; did you mean \"" + near + "\"?",
                               "없는 필드입니다. \"" + near + "\"를 쓰려고 했나요?"));
    }
    if (object.contains("key")) record.key = bytes_of(object["key"]);
    if (object.contains("value")) {
      record.value = bytes_of(object["value"]);
    } else {
      wrong("", context_.say("has no \"value\"; null stands for a tombstone",
                             "\"value\"가 없습니다. 툼스톤은 null로 적습니다"));
    }
    if (object.contains("timestamp")) read_timestamp(object["timestamp"]);
    if (object.contains("headers")) read_headers(object["headers"]);
  }

 private:
  void wrong(std::string value, std::string message) {
    constexpr std::size_t most_shown = 60;
    if (value.size() > most_shown) value = value.substr(0, most_shown) + "...";
    problems.push_back({context_.say("standard input", "표준 입력"), place_, printable(value),
                        std::move(message)});
  }

  static std::optional<log::ByteVector> bytes_of(const Json& value) {
    if (value.is_null()) return std::nullopt;
    const std::string text = value.is_string() ? value.get<std::string>() : json_text(value);
    const auto bytes = log::as_bytes(text);
    return log::ByteVector(bytes.begin(), bytes.end());
  }

  void read_timestamp(const Json& value) {
    if (!value.is_number_integer() || value < 0 || value > INT64_MAX) {
      wrong("timestamp " + json_text(value),
            context_.say("must be milliseconds since 1970, a whole number from 0",
                         "1970년부터 센 밀리초여야 하며 0 이상의 정수만 됩니다"));
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
      wrong("headers " + json_text(headers),
            context_.say("must be an object, or a list of pairs [[\"name\", \"value\"]]",
                         "객체이거나 [[\"이름\", \"값\"]] 같은 쌍의 목록이어야 합니다"));
      return;
    }
    for (const Json& pair : headers) {
      record.headers.push_back({pair[0].get<std::string>(), bytes_of(pair[1])});
    }
  }

  const Context& context_;
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

Result<log::Record, Problems> record_from_json(const Context& context, const std::string& text,
                                               std::int64_t line) {
  LineReader reader(context, line);
  reader.read(text);
  if (!reader.problems.empty()) return fail(std::move(reader.problems));
  return std::move(reader.record);
}

}  // namespace brokerlab::cli
