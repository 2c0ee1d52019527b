#include "base/json_text.h"
#include "base/settings.h"
#include "base/text_encoding.h"
#include "base/translation.h"

#include <nlohmann/json.hpp>

#include <cctype>
#include <set>

namespace brokerlab {
namespace {

constexpr std::size_t deepest = 64;
constexpr std::size_t longest = 8u << 20;

/// "line 7, column 3" of a byte; columns count characters.
std::string place_of(std::string_view text, std::size_t byte) {
  std::size_t line = 1;
  std::size_t column = 1;
  for (const char c : text.substr(0, byte)) {
    if (c == '\n') {
      ++line;
      column = 1;
    } else if ((static_cast<unsigned char>(c) & 0xC0) != 0x80) {
      ++column;
    }
  }
  return tr("line {}, column {}", line, column);
}

/// What is wrong where the library stopped, `wrong` of the text, as somebody who writes JSON by
/// hand thinks of it. The library says in English which token its grammar wants; what is left out
/// or too much shows only in what stands around.
std::string json_mistake(std::string_view library, std::string_view text, std::size_t wrong) {
  const auto says = [library](std::string_view words) {
    return library.find(words) != std::string_view::npos;
  };
  constexpr std::string_view blanks = " \t\r\n";
  std::string_view before = text.substr(0, std::min(wrong, text.size()));
  before = before.substr(0, before.find_last_not_of(blanks) + 1);
  const bool behind_comma = before.ends_with(',');
  const char here = wrong < text.size() ? text[wrong] : '\0';
  if (says("unexpected end of input")) {
    return says("']'")                     ? tr("the text ends although a closing ] is missing")
           : says("'}'") || says("object") ? tr("the text ends although a closing }} is missing")
                                           : tr("the text ends where a value is missing");
  }
  if (says("closing quote") || says("control character U+000A") || says("U+000D")) {
    return tr("the closing quote of a text is missing");
  }
  if (says("control character")) {
    return tr("a text holds a tab or another control character; write it as \\t or \\u0009");
  }
  if (says("invalid string")) {
    return tr("a backslash in a text needs another one before it: \\\\");
  }
  if (says("number overflow")) return tr("the number is too large");
  if (says("invalid number")) return tr("the number is not whole; 0.5 and -3 are numbers");
  if (here == '/' || here == '#') return tr("JSON has no comments");
  if (says("expected end of input")) return tr("something stands behind the end");
  if (behind_comma && (here == '}' || here == ']'))
    return tr("the comma before {} is one too many", here);
  if (here == ',' && (behind_comma || says("object key"))) return tr("this comma is one too many");
  if (says("object separator")) return tr("a colon is missing between a key and its value");
  if (says("object key")) return tr("a key needs double quotes, as in \"name\": 1");
  if (says("parsing object")) return tr("a comma is missing before this, or a closing }}");
  if (says("parsing array")) return tr("a comma is missing before this, or a closing ]");
  if (says("invalid literal")) {
    return tr(
        "this is no value: a text needs double quotes, and 0.5, true, false and null are "
        "written just so");
  }
  return tr("a value is missing here");
}

/// Of the token that ends at `last`, or just before it: the library tells how far it has read.
std::size_t begin_of_token(std::string_view text, std::size_t last, std::string_view library) {
  if (last >= text.size()) return last;
  if (text[last] == '"' && library.find("unexpected string") != std::string_view::npos &&
      last > 0) {
    const std::size_t quote = text.rfind('"', last - 1);
    return quote == std::string_view::npos ? last : quote;
  }
  const auto is_word = [text](std::size_t at) {
    const auto c = static_cast<unsigned char>(text[at]);
    return std::isalnum(c) != 0 || c == '.' || c == '-' || c == '+';
  };
  const bool literal = library.find("invalid literal") != std::string_view::npos;
  if (literal && last > 0 && !is_word(last) && is_word(last - 1)) --last;
  while (last > 0 && is_word(last) && is_word(last - 1)) --last;
  return last;
}

/// Builds the document event by event, so that depth is bounded before anything recurses into it
/// and a repeated key, which JSON libraries drop silently, is an error.
class Builder : public nlohmann::json_sax<Json> {
 public:
  Builder(std::string_view text, Json& root, SettingsReport& report)
      : text_(text), root_(root), report_(report) {}

  bool null() override { return put(nullptr); }
  bool boolean(bool value) override { return put(value); }
  bool number_integer(std::int64_t value) override { return put(value); }
  bool number_unsigned(std::uint64_t value) override { return put(value); }
  bool number_float(double value, const std::string& /*text*/) override { return put(value); }
  bool string(std::string& value) override { return put(std::move(value)); }
  bool binary(Json::binary_t& /*value*/) override { return false; }
  bool start_object(std::size_t /*size*/) override { return open(Json::object()); }
  bool start_array(std::size_t /*size*/) override { return open(Json::array()); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }

  bool key(std::string& name) override {
    Level& level = open_.back();
    if (!level.keys.insert(name).second) {
      report_.error(json_pointer(level.path, name), {}, tr("stands here twice; remove one"));
    }
    level.key = std::move(name);
    return true;
  }

  /// `position`: the number of bytes read.
  bool parse_error(std::size_t position, const std::string& /*token*/,
                   const Json::exception& error) override {
    const std::string_view why = error.what();
    const std::size_t wrong = begin_of_token(text_, position == 0 ? 0 : position - 1, why);
    report_.error(place_of(text_, wrong), {},
                  tr("broken JSON: {}", json_mistake(why, text_, wrong)));
    return false;
  }

 private:
  struct Level {
    Json* value;
    std::string path;
    std::string key = {};
    std::set<std::string> keys = {};
  };

  Json* attach(Json&& value) {
    if (open_.empty()) {
      root_ = std::move(value);
      return &root_;
    }
    Level& level = open_.back();
    if (level.value->is_array()) {
      auto& elements = *level.value->get_ptr<Json::array_t*>();
      return &elements.emplace_back(std::move(value));
    }
    auto& members = *level.value->get_ptr<Json::object_t*>();
    members.emplace_back(level.key, std::move(value));
    return &members.back().second;
  }

  bool put(Json&& value) {
    attach(std::move(value));
    return true;
  }

  bool open(Json&& value) {
    if (open_.size() == deepest) {
      report_.error(open_.back().path.substr(0, 60), {},
                    tr("is nested deeper than {} levels", deepest));
      return false;
    }
    std::string path;
    if (!open_.empty()) {
      const Level& level = open_.back();
      path = level.value->is_array() ? json_pointer(level.path, level.value->size())
                                     : json_pointer(level.path, level.key);
    }
    Json* const added = attach(std::move(value));
    open_.push_back({added, std::move(path)});
    return true;
  }

  bool close() {
    open_.pop_back();
    return true;
  }

  std::string_view text_;
  Json& root_;
  SettingsReport& report_;
  std::vector<Level> open_;
};

}  // namespace

bool SettingsReport::clean(std::string_view path) const {
  const auto inside = [](std::string_view inner, std::string_view outer) {
    return inner.starts_with(outer) && (inner.size() == outer.size() || inner[outer.size()] == '/');
  };
  for (const Problem& problem : errors) {
    if (problem.file != file) continue;  // About something else, such as an override.
    if (inside(problem.path, path) || inside(path, problem.path)) return false;
  }
  return true;
}

void SettingsReport::error(std::string path, std::string value, std::string message) {
  if (full()) return;
  errors.push_back({file, std::move(path), std::move(value), std::move(message)});
  if (full()) errors.push_back({file, {}, {}, tr("there are more mistakes; these come first")});
}

void SettingsReport::warning(std::string path, std::string value, std::string message) {
  if (warnings.size() >= 200) return;
  warnings.push_back({file, std::move(path), std::move(value), std::move(message)});
}

bool parse_json(std::string_view text, Json& document, SettingsReport& report) {
  const std::size_t before = report.errors.size();
  if (text.size() > longest) {
    report.error({}, {},
                 tr("has {}; at most {} are read",
                    to_rounded_text(Bytes(static_cast<std::int64_t>(text.size()))),
                    to_text(Bytes(static_cast<std::int64_t>(longest)))));
    return false;
  }
  const auto plain = without_byte_order_mark(text);
  if (!plain) {
    report.error({}, {}, plain.error());
    return false;
  }
  text = *plain;
  if (text.find_first_not_of(" \t\r\n") == std::string_view::npos) {
    report.error({}, {}, tr("is empty; a JSON object is needed"));
    return false;
  }
  if (const std::size_t wrong = find_not_utf8(text); wrong != std::string_view::npos) {
    report.error(place_of(text, wrong), {}, tr("is not UTF-8 text; save the file as UTF-8"));
    return false;
  }
  Builder builder(text, document, report);
  const bool complete = Json::sax_parse(text.begin(), text.end(), &builder);
  return complete && report.errors.size() == before;
}

std::string brief_text(const Json& value) {
  constexpr std::size_t most = 60;
  if (value.is_structured() && value.size() > 8) {
    return value.is_array() ? tr("an array of {} elements", value.size())
                            : tr("an object of {} keys", value.size());
  }
  std::string text = json_text(value);
  if (text.size() <= most) return text;
  std::size_t end = most;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return text.substr(0, end) + "...";
}

std::string json_pointer(std::string_view path, std::string_view key) {
  std::string result(path);
  result += '/';
  for (const char c : key) {
    if (c == '~') {
      result += "~0";
    } else if (c == '/') {
      result += "~1";
    } else {
      result += c;
    }
  }
  return result;
}

std::string json_pointer(std::string_view path, std::size_t index) {
  return fmt::format("{}/{}", path, index);
}

}  // namespace brokerlab
