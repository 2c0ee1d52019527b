#include "scenarios/sources/csv.h"

#include "base/json_text.h"
#include "base/text_encoding.h"
#include "base/translation.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <filesystem>
#include <fstream>

namespace brokerlab::scenarios {
namespace {

constexpr std::size_t largest_csv = 64u << 20;
constexpr std::size_t longest_line = 1u << 20;
constexpr std::size_t most_rows = 1'000'000;

std::string trimmed(const std::string& text) {
  const std::size_t begin = text.find_first_not_of(" \t");
  if (begin == std::string::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

std::string header_of(const std::vector<std::string>& columns, std::size_t count) {
  std::string header;
  for (std::size_t i = 0; i < count; ++i) header += (i == 0 ? "" : ",") + columns[i];
  return header;
}

}  // namespace

Result<std::string, std::string> read_csv(const std::string& path) {
  std::error_code error;
  const auto status = std::filesystem::status(path, error);
  if (error || !std::filesystem::exists(status)) return fail(tr("does not exist"));
  if (!std::filesystem::is_regular_file(status)) return fail(tr("is not a file"));
  std::ifstream file(path, std::ios::binary);
  std::string text;
  std::size_t line = 1;
  std::size_t line_begin = 0;
  while (file) {
    const std::size_t before = text.size();
    text.resize(before + (64u << 10));
    file.read(text.data() + before, static_cast<std::streamsize>(text.size() - before));
    text.resize(before + static_cast<std::size_t>(file.gcount()));
    for (std::size_t at = before; (at = text.find('\n', at)) != std::string::npos; ++line) {
      line_begin = ++at;
    }
    if (text.size() - line_begin > longest_line) {
      return fail(tr("line {} is longer than 1 MiB", line));
    }
    if (text.size() > largest_csv) return fail(tr("is larger than 64 MiB"));
  }
  if (!file.eof()) return fail(tr("cannot be read"));
  return text;
}

Result<std::string_view, std::string> csv_text(std::string_view file) {
  const auto plain = without_byte_order_mark(file);
  if (!plain) return fail(plain.error());
  const std::size_t wrong = find_not_utf8(*plain);
  if (wrong == std::string_view::npos) return *plain;
  const auto before = plain->substr(0, wrong);
  return fail(tr("line {} is not UTF-8 text; save the file as UTF-8",
                 std::count(before.begin(), before.end(), '\n') + 1));
}

Result<std::optional<std::vector<std::string>>, std::string> CsvRows::next() {
  if (rest_.empty()) return std::optional<std::vector<std::string>>();
  line_ = next_line_;
  std::vector<std::string> fields(1);
  bool quoted = false;
  std::size_t at = 0;
  for (; at < rest_.size(); ++at) {
    const char c = rest_[at];
    if (c == '\n') ++next_line_;
    if (quoted) {
      if (c != '"') {
        fields.back() += c;
      } else if (at + 1 < rest_.size() && rest_[at + 1] == '"') {
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
  if (quoted) return fail(tr("line {} has a quote that is never closed", line_));
  rest_.remove_prefix(std::min(rest_.size(), at + 1));
  return std::optional(std::move(fields));
}

Result<std::vector<CsvRow>, std::string> read_table(const std::string& path,
                                                    const std::vector<std::string>& columns,
                                                    std::size_t optional) {
  const auto file = read_csv(path);
  if (!file) return fail(file.error());
  const auto text = csv_text(*file);
  if (!text) return fail(text.error());
  CsvRows rows(*text);
  std::vector<CsvRow> table;
  std::size_t given = 0;  // Columns; 0: the header comes first.
  while (true) {
    auto row = rows.next();
    if (!row) return fail(row.error());
    if (!*row) break;
    auto& fields = **row;
    for (std::string& field : fields) field = trimmed(field);
    if (fields.size() == 1 && fields.front().empty()) continue;
    if (given == 0) {
      const bool fits = fields.size() >= columns.size() - optional &&
                        fields.size() <= columns.size() &&
                        std::equal(fields.begin(), fields.end(), columns.begin());
      if (!fits) {
        std::string wanted = header_of(columns, columns.size() - optional);
        if (optional > 0) wanted = tr("{} or {}", wanted, header_of(columns, columns.size()));
        return fail(tr("line {} is {}; must be {}", rows.line(),
                       json_text(Json(header_of(fields, fields.size()).substr(0, 40))), wanted));
      }
      given = fields.size();
      continue;
    }
    if (fields.size() != given) {
      return fail(tr("line {} has {} fields; must have {}", rows.line(), fields.size(), given));
    }
    if (table.size() == most_rows) return fail(tr("has more than {} rows", most_rows));
    fields.resize(columns.size());
    table.push_back({rows.line(), std::move(fields)});
  }
  if (table.empty()) return fail(tr("has no rows"));
  return table;
}

}  // namespace brokerlab::scenarios
