// The rows of a wireless-LAN authentication table (FreeRADIUS's radpostauth), as the JSON records
// that the lecture's producer makes of them: its field order, its separators (Python's json.dumps),
// its six empty fields.
//
// The file is CSV (RFC 4180) with the header id,username,pass,reply,authdate,server. Once all rows
// are used they come again under new ids, so that every record of a run is different.
//
// Lifetime: a value; reads its file once, in open(). Threads: const members may be shared.
// Errors: what is wrong with the file is a sentence, with its line. Memory: about the file's size.
#pragma once

#include "base/result.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace brokerlab::scenarios {

class RecordSource {
 public:
  static Result<RecordSource, std::string> open(const std::string& path);
  static Result<RecordSource, std::string> parse(std::string_view csv);

  std::size_t rows() const { return rows_.size(); }
  /// The id of record `i`, from 0: unique over the run.
  std::int64_t id(std::int64_t i) const;
  /// The value of record `i`: one JSON object on one line, ASCII.
  std::string json(std::int64_t i) const;
  /// A column of record `i` as text, to be a record's key. The column must exist.
  std::string column(std::int64_t i, std::string_view name) const;

  static const std::vector<std::string>& columns();

 private:
  struct Row {
    std::int64_t id;
    std::string username;
    std::string pass;
    std::string reply;
    std::string authdate;
    std::string server;
  };
  const Row& row(std::int64_t i) const;

  std::vector<Row> rows_;
  std::int64_t id_span_ = 0;  ///< Added to the ids for every time round.
};

}  // namespace brokerlab::scenarios
