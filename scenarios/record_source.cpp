#include "scenarios/record_source.h"

#include "base/integer_text.h"
#include "base/json_text.h"
#include "base/text_encoding.h"
#include "base/translation.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>

namespace brokerlab::scenarios {
namespace {

constexpr std::uintmax_t largest_file = 64u << 20;

/// The next line's fields; advances `rest`. The error is a sentence.
Result<std::vector<std::string>, std::string> next_fields(std::string_view& rest) {
  std::vector<std::string> fields(1);
  bool quoted = false;
  std::size_t at = 0;
  for (; at < rest.size(); ++at) {
    const char c = rest[at];
    if (quoted) {
      if (c != '"') {
        fields.back() += c;
      } else if (at + 1 < rest.size() && rest[at + 1] == '"') {
        fields.back() += '"';
        ++at;
      } else {
        quoted = false;
      }
    } else if (c == '"' && fields.back().empty()) {
      quoted = true;
    } else if (c == ',') {
      fields.emplace_back();
    } else if (c == '\n') {
      break;
    } else if (c != '\r') {
      fields.back() += c;
    }
  }
  if (quoted) return fail(tr("has a quote that is never closed"));
  rest.remove_prefix(std::min(rest.size(), at + 1));
  return fields;
}

/// "2019-05-03 08:55:00", by its shape: as a table column of that type gives it.
bool is_moment(std::string_view text) {
  constexpr std::string_view shape = "dddd-dd-dd dd:dd:dd";
  if (text.size() != shape.size()) return false;
  for (std::size_t i = 0; i < shape.size(); ++i) {
    const bool digit = text[i] >= '0' && text[i] <= '9';
    if (shape[i] == 'd' ? !digit : text[i] != shape[i]) return false;
  }
  return true;
}

/// As Python's json.dumps writes it: ASCII only.
std::string python_text(const std::string& text) { return json_text(Json(text), -1, true); }

}  // namespace

const std::vector<std::string>& RecordSource::columns() {
  static const std::vector<std::string> names{"id",    "username", "pass",
                                              "reply", "authdate", "server"};
  return names;
}

Result<RecordSource, std::string> RecordSource::open(const std::string& path) {
  std::error_code error;
  const auto status = std::filesystem::status(path, error);
  if (error || !std::filesystem::exists(status)) return fail(tr("does not exist"));
  if (!std::filesystem::is_regular_file(status)) return fail(tr("is not a file"));
  if (std::filesystem::file_size(path, error) > largest_file || error) {
    return fail(tr("is larger than 64 MiB"));
  }
  std::ifstream file(path, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  if (!file) return fail(tr("cannot be read"));
  return parse(text);
}

Result<RecordSource, std::string> RecordSource::parse(std::string_view csv) {
  const auto plain = without_byte_order_mark(csv);
  if (!plain) return fail(plain.error());
  csv = *plain;
  if (const std::size_t wrong = find_not_utf8(csv); wrong != std::string_view::npos) {
    const auto before = csv.substr(0, wrong);
    return fail(tr("line {} is not UTF-8 text; save the file as UTF-8",
                   std::count(before.begin(), before.end(), '\n') + 1));
  }
  RecordSource source;
  std::set<std::int64_t> ids;
  for (std::size_t line = 1; !csv.empty(); ++line) {
    auto fields = next_fields(csv);
    if (!fields) return fail(fmt::format("line {} {}", line, fields.error()));
    if (line == 1) {
      if (*fields == columns()) continue;
      return fail(tr("line 1 must be id,username,pass,reply,authdate,server"));
    }
    if (fields->size() != columns().size()) {
      return fail(
          tr("line {} has {} fields; must have {}", line, fields->size(), columns().size()));
    }
    auto& f = *fields;
    const auto id = parse_integer<std::int64_t>(f[0]);
    if (!id || *id < 0 || *id > (1ll << 40) || !ids.insert(*id).second) {
      return fail(tr("line {} needs an id of its own, a whole number", line));
    }
    if (!is_moment(f[4])) {
      return fail(tr("line {} needs an authdate as 2019-05-03 08:55:00", line));
    }
    source.rows_.push_back(
        {*id, std::move(f[1]), std::move(f[2]), std::move(f[3]), std::move(f[4]), std::move(f[5])});
  }
  if (source.rows_.empty()) return fail(tr("has no rows"));
  source.id_span_ = *ids.rbegin() - *ids.begin() + 1;
  return source;
}

const RecordSource::Row& RecordSource::row(std::int64_t i) const {
  ENSURE(i >= 0, "record {}", i);
  return rows_[static_cast<std::size_t>(i) % rows_.size()];
}

std::int64_t RecordSource::id(std::int64_t i) const {
  return row(i).id + i / static_cast<std::int64_t>(rows_.size()) * id_span_;
}

std::string RecordSource::json(std::int64_t i) const {
  const Row& r = row(i);
  std::string iso = r.authdate;
  iso[10] = 'T';
  return fmt::format(
      "{{\"id\": {}, \"username\": {}, \"pass\": {}, \"reply\": {}, \"authdate\": {}, "
      "\"authdate_v20190503\": {}, \"requestipaddress\": \"\", \"calledstationid\": \"\", "
      "\"callingstationid\": \"\", \"framedipaddress\": \"\", \"arubaessidname\": \"\", "
      "\"arubalocationid\": \"\", \"server\": {}}}",
      id(i), python_text(r.username), python_text(r.pass), python_text(r.reply),
      python_text(r.authdate), python_text(iso), python_text(r.server));
}

std::string RecordSource::column(std::int64_t i, std::string_view name) const {
  const Row& r = row(i);
  if (name == "id") return std::to_string(id(i));
  if (name == "username") return r.username;
  if (name == "pass") return r.pass;
  if (name == "reply") return r.reply;
  if (name == "authdate") return r.authdate;
  if (name == "server") return r.server;
  UNREACHABLE("no column {}", name);
}

}  // namespace brokerlab::scenarios
