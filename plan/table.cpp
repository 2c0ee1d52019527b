#include "plan/table.h"

#include "base/file_replacement.h"
#include "base/json_text.h"
#include "base/translation.h"
#include "recording/table_file.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>

namespace brokerlab::plan {
namespace {

struct Exact {
  std::string operator()(std::monostate) const { return {}; }
  std::string operator()(std::int64_t number) const { return std::to_string(number); }
  std::string operator()(double number) const {
    return std::isfinite(number) ? fmt::format("{}", number) : std::string();
  }
  std::string operator()(const std::string& text) const { return text; }
};

struct Rounded {
  std::string operator()(std::monostate) const { return "-"; }
  std::string operator()(std::int64_t number) const { return std::to_string(number); }
  std::string operator()(double number) const {
    if (!std::isfinite(number)) return "-";
    if (std::abs(number) >= 1000) return fmt::format("{:.0f}", number);
    return fmt::format("{:.4g}", number);
  }
  std::string operator()(const std::string& text) const { return text; }
};

struct InJson {
  Json operator()(std::monostate) const { return nullptr; }
  Json operator()(std::int64_t number) const { return number; }
  Json operator()(double number) const { return std::isfinite(number) ? Json(number) : Json(); }
  Json operator()(const std::string& text) const { return text; }
};

std::string csv_field(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + "\"";
}

/// Letters of ASCII and of one column each; a setting's text may have others.
std::size_t columns_in(const std::string& text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
  }));
}

}  // namespace

std::string table_csv(const Table& table) {
  std::string text;
  for (const std::string& column : table.columns) {
    text += (&column == &table.columns.front() ? "" : ",") + csv_field(column);
  }
  text += "\n";
  for (const auto& row : table.rows) {
    for (const Cell& cell : row) {
      text += (&cell == &row.front() ? "" : ",") + csv_field(std::visit(Exact(), cell));
    }
    text += "\n";
  }
  return text;
}

std::string table_json(const Table& table) {
  Json list = Json::array();
  for (const auto& row : table.rows) {
    Json one = Json::object();
    for (std::size_t i = 0; i < row.size(); ++i) {
      one[table.columns[i]] = std::visit(InJson(), row[i]);
    }
    list.push_back(std::move(one));
  }
  return brokerlab::json_text(list, 1) + "\n";
}

std::string table_text(const Table& table) {
  std::vector<std::vector<std::string>> lines{table.columns};
  for (const auto& row : table.rows) {
    std::vector<std::string> line;
    for (const Cell& cell : row) line.push_back(std::visit(Rounded(), cell));
    lines.push_back(std::move(line));
  }
  std::vector<std::size_t> widths(table.columns.size());
  for (const auto& line : lines) {
    for (std::size_t i = 0; i < line.size(); ++i) {
      widths[i] = std::max(widths[i], columns_in(line[i]));
    }
  }
  std::string text;
  for (std::size_t row = 0; row < lines.size(); ++row) {
    std::string line;
    for (std::size_t i = 0; i < lines[row].size(); ++i) {
      const std::string& cell = lines[row][i];
      const std::string blanks(widths[i] - columns_in(cell), ' ');
      // A heading stands as what is below it.
      const std::size_t like = row == 0 ? 0 : row - 1;
      const bool left =
          like < table.rows.size() && std::holds_alternative<std::string>(table.rows[like][i]);
      line += (i == 0 ? "" : "  ") + (left ? cell + blanks : blanks + cell);
    }
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + "\n";
  }
  return text;
}

Status<std::string> write_table(const Table& table, const std::string& name,
                                const std::string& path) {
  if (path.ends_with(".csv")) return replace_file(path, table_csv(table));
  if (path.ends_with(".json")) return replace_file(path, table_json(table));
  if (path.ends_with(".sqlite")) {
    return recording::write_table_file(path, name, table.columns, table.rows);
  }
  return fail(tr("{}: a table is written to .csv, .json or .sqlite", path));
}

}  // namespace brokerlab::plan
