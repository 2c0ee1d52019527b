#include "scenarios/sources/record_source.h"

#include "base/integer_text.h"
#include "base/json_text.h"
#include "base/translation.h"
#include "scenarios/sources/csv.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <set>

namespace brokerlab::scenarios {
namespace {

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
  const auto text = read_csv(path);
  if (!text) return fail(text.error());
  return parse(*text);
}

Result<RecordSource, std::string> RecordSource::parse(std::string_view csv) {
  const auto text = csv_text(csv);
  if (!text) return fail(text.error());
  RecordSource source;
  std::set<std::int64_t> ids;
  CsvRows rows(*text);
  for (bool header = true;; header = false) {
    auto fields = rows.next();
    if (!fields) return fail(fields.error());
    if (!*fields) break;
    auto& f = **fields;
    const std::size_t line = rows.line();
    if (header) {
      if (f == columns()) continue;
      return fail(tr("line 1 must be id,username,pass,reply,authdate,server"));
    }
    if (f.size() != columns().size()) {
      return fail(tr("line {} has {} fields; must have {}", line, f.size(), columns().size()));
    }
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
