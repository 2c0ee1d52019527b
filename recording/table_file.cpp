#include "recording/table_file.h"

#include "base/file_replacement.h"

#include <algorithm>
#include <sqlite3.h>

namespace brokerlab::recording {
namespace {

std::string quoted_name(const std::string& name) {
  std::string quoted = "\"";
  for (const char c : name) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
  return quoted + "\"";
}

struct Bind {
  sqlite3_stmt* statement;
  int column;

  void operator()(std::monostate) const { sqlite3_bind_null(statement, column); }
  void operator()(std::int64_t number) const { sqlite3_bind_int64(statement, column, number); }
  void operator()(double number) const { sqlite3_bind_double(statement, column, number); }
  void operator()(const std::string& text) const {
    sqlite3_bind_text64(statement, column, text.data(), text.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
  }
};

/// The connection, closed in the end.
struct Database {
  sqlite3* handle = nullptr;
  sqlite3_stmt* insert = nullptr;

  Database() = default;
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;
  ~Database() { close(); }

  bool close() {
    sqlite3_finalize(insert);
    insert = nullptr;
    const int closed = sqlite3_close(handle);
    handle = nullptr;
    return closed == SQLITE_OK;
  }
  bool run(const std::string& sql) const {
    return sqlite3_exec(handle, sql.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK;
  }
};

}  // namespace

Status<std::string> write_table_file(const std::string& path, const std::string& table,
                                     const std::vector<std::string>& columns,
                                     const std::vector<std::vector<TableCell>>& rows) {
  ENSURE(!columns.empty(), "a table without columns");
  auto file = FileReplacement::begin(path);
  if (!file) return fail(file.error());
  Database database;
  const auto failed = [&] { return fail(path + ": " + sqlite3_errmsg(database.handle)); };
  std::string create = "CREATE TABLE " + quoted_name(table) + " (";
  std::string insert = "INSERT INTO " + quoted_name(table) + " VALUES (";
  for (const std::string& column : columns) {
    const bool first = &column == &columns.front();
    create += (first ? "" : ", ") + quoted_name(column);
    insert += first ? "?" : ", ?";
  }
  if (sqlite3_open(file->writing_path().c_str(), &database.handle) != SQLITE_OK) return failed();
  if (!database.run("PRAGMA journal_mode = OFF") || !database.run("BEGIN") ||
      !database.run(create + ")")) {
    return failed();
  }
  if (sqlite3_prepare_v2(database.handle, (insert + ")").c_str(), -1, &database.insert, nullptr) !=
      SQLITE_OK) {
    return failed();
  }
  for (const auto& row : rows) {
    ENSURE(row.size() == columns.size(), "{} cells in {} columns", row.size(), columns.size());
    for (std::size_t i = 0; i < row.size(); ++i) {
      std::visit(Bind{database.insert, static_cast<int>(i) + 1}, row[i]);
    }
    if (sqlite3_step(database.insert) != SQLITE_DONE) return failed();
    sqlite3_reset(database.insert);
  }
  if (!database.run("COMMIT")) return failed();
  if (!database.close()) return failed();
  return file->commit();
}

}  // namespace brokerlab::recording
