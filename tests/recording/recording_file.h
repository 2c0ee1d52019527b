// What tests of recordings share: a folder of their own, and the file as students' SQL sees it.
#pragma once

#include "recording/reader.h"

#include <catch2/catch.hpp>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <sqlite3.h>
#include <string>
#include <unistd.h>
#include <vector>

namespace brokerlab::test {

/// A folder of its own for each test, gone afterwards.
class Folder {
 public:
  Folder() {
    std::string name =
        (std::filesystem::temp_directory_path() / "brokerlab_recording_XXXXXX").string();
    REQUIRE(mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  std::string file(const std::string& name) const { return (path_ / name).string(); }
  void holds(const std::string& name, const std::string& content) const {
    std::ofstream(path_ / name, std::ios::binary) << content;
  }

 private:
  std::filesystem::path path_;
};

inline recording::Recording start(const std::string& path, recording::Options options = {}) {
  auto recording = recording::Recording::create(path, options);
  REQUIRE(recording.ok());
  return std::move(recording).value();
}

inline recording::Reader open(const std::string& path) {
  auto reader = recording::Reader::open(path);
  if (!reader.ok()) FAIL(reader.error());
  return std::move(reader).value();
}

inline std::string bytes_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// The answer to one query, row by row.
inline std::vector<std::vector<std::int64_t>> numbers(const std::string& path,
                                                      const std::string& sql) {
  std::vector<std::vector<std::int64_t>> rows;
  sqlite3* database = nullptr;
  sqlite3_stmt* statement = nullptr;
  REQUIRE(sqlite3_open_v2(path.c_str(), &database, SQLITE_OPEN_READONLY, nullptr) == SQLITE_OK);
  INFO(sql);
  REQUIRE(sqlite3_prepare_v2(database, sql.c_str(), -1, &statement, nullptr) == SQLITE_OK);
  while (sqlite3_step(statement) == SQLITE_ROW) {
    auto& row = rows.emplace_back();
    for (int i = 0; i < sqlite3_column_count(statement); ++i) {
      row.push_back(sqlite3_column_int64(statement, i));
    }
  }
  sqlite3_finalize(statement);
  sqlite3_close(database);
  return rows;
}

/// Of a query that answers with one number.
inline std::int64_t number(const std::string& path, const std::string& sql) {
  const auto rows = numbers(path, sql);
  REQUIRE(rows.size() == 1);
  return rows[0].at(0);
}

}  // namespace brokerlab::test
