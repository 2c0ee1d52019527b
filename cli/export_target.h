// Where an export goes: a file or a stream, written in large pieces, whole or not at all.
//
// Lifetime: borrows the stream. Threads: none.
// Errors:   the first one is kept, what follows is dropped, and close() returns it: one sentence
//           that names the file. A file is written beside its place (base/file_replacement.h) and
//           put there by close().
#pragma once

#include "base/file_replacement.h"
#include "base/result.h"

#include <fmt/format.h>

#include <cstdint>
#include <iosfwd>
#include <optional>
#include <string>
#include <string_view>

namespace brokerlab::cli {

/// How often an export tells of its progress.
inline constexpr std::int64_t rows_between_reports = 10'000;

class ExportTarget {
 public:
  explicit ExportTarget(std::ostream& stream) : stream_(&stream) {}
  /// Truncates what is there; whether it may be replaced is the caller's to know.
  explicit ExportTarget(std::string path);
  ExportTarget(const ExportTarget&) = delete;
  ExportTarget& operator=(const ExportTarget&) = delete;

  /// Append here, then call written(): pieces go out when enough has gathered.
  fmt::memory_buffer& buffer() { return buffer_; }
  void written() {
    if (buffer_.size() >= piece) flush();
  }
  bool failed() const { return error_.has_value(); }
  Status<std::string> close();

 private:
  static constexpr std::size_t piece = 1 << 20;
  void flush();

  std::ostream* stream_ = nullptr;
  std::string path_;                     ///< "" for a stream.
  std::optional<FileReplacement> file_;  ///< Nothing for a stream, or when it cannot be written.
  fmt::memory_buffer buffer_;
  std::optional<std::string> error_;
};

}  // namespace brokerlab::cli
