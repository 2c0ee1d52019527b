#include "cli/csv_export.h"

#include "base/translation.h"
#include "cli/export_target.h"

#include <algorithm>
#include <filesystem>
#include <fstream>

namespace brokerlab::cli {
namespace {

namespace fs = std::filesystem;

void append_text(fmt::memory_buffer& out, std::string_view text) {
  if (!text.empty() && text.find_first_of(",\"\r\n") == std::string_view::npos) {
    out.append(text);
    return;
  }
  out.push_back('"');
  for (const char c : text) {
    if (c == '"') out.push_back('"');
    out.push_back(c);
  }
  out.push_back('"');
}

void append_cell(fmt::memory_buffer& out, const recording::Cell& cell) {
  if (const auto* integer = std::get_if<std::int64_t>(&cell)) {
    fmt::format_to(std::back_inserter(out), "{}", *integer);
  } else if (const auto* real = std::get_if<double>(&cell)) {
    fmt::format_to(std::back_inserter(out), "{}", *real);
  } else if (const auto* text = std::get_if<std::string_view>(&cell)) {
    append_text(out, *text);
  }
}

std::string header_of(const recording::Rows& recording, const std::string& table) {
  fmt::memory_buffer out;
  const auto rows = recording.select("SELECT * FROM \"" + table + "\"");
  for (int i = 0; i < rows.width(); ++i) {
    if (i > 0) out.push_back(',');
    append_text(out, rows.column(i));
  }
  return fmt::to_string(out);
}

Status<std::string> export_table(const recording::Rows& recording, const std::string& table,
                                 const fs::path& folder,
                                 const std::function<void(std::int64_t)>& rows_done) {
  ExportTarget target((folder / (table + ".csv")).string());
  auto& out = target.buffer();
  auto rows = recording.select("SELECT * FROM \"" + table + "\"");
  const std::string header = header_of(recording, table);
  out.append(header);
  out.push_back('\n');
  std::int64_t fresh = 0;
  while (!target.failed() && rows.next()) {
    for (int i = 0; i < rows.width(); ++i) {
      if (i > 0) out.push_back(',');
      append_cell(out, rows.cell(i));
    }
    out.push_back('\n');
    target.written();
    if (++fresh == rows_between_reports) rows_done(std::exchange(fresh, 0));
  }
  rows_done(fresh);
  if (rows.error()) return fail(fmt::format("table {}: {}", table, *rows.error()));
  return target.close();
}

/// Whether the file begins as an export of its table does.
bool has_header(const recording::Rows& recording, const fs::path& path) {
  std::ifstream in(path);
  std::string line;
  std::getline(in, line);
  return line == header_of(recording, path.stem().string());
}

}  // namespace

Status<std::string> prepare_csv_folder(const recording::Rows& recording, const std::string& path) {
  const fs::path folder(path);
  const auto tables = recording.tables();
  std::error_code problem;
  const auto kind = fs::status(folder, problem).type();
  if (kind == fs::file_type::not_found) {
    fs::create_directories(folder, problem);
    if (!problem) return {};
    return fail(tr("cannot make the folder {}: {}", path, problem.message()));
  }
  if (kind != fs::file_type::directory) {
    return fail(tr("{} is a file; CSV needs a folder, one file a table", path));
  }
  for (const auto& entry : fs::directory_iterator(folder, problem)) {
    const std::string name = entry.path().filename().string();
    const bool ours = std::any_of(tables.begin(), tables.end(), [&](const std::string& table) {
      return name == table + ".csv" || name == table + ".csv.writing";
    });
    const bool begun = name.ends_with(".writing");
    if (!ours || !entry.is_regular_file() || (!begun && !has_header(recording, entry.path()))) {
      return fail(tr("{} has something else in it, {}: choose another folder", path, name));
    }
  }
  if (problem) {
    return fail(tr("cannot read the folder {}: {}", path, problem.message()));
  }
  return {};
}

Status<std::string> export_csv(const recording::Rows& recording, const std::string& folder,
                               const std::function<void(std::int64_t)>& rows_done) {
  for (const std::string& table : recording.tables()) {
    if (auto done = export_table(recording, table, folder, rows_done); !done) return done;
  }
  return {};
}

}  // namespace brokerlab::cli
