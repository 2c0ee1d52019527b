// BufferedFile: appends that go to the file in pieces of some kilobytes. For indexes, whose entries
// are a few bytes each and which recovery writes anew: what is still here when a process dies is no
// loss.
//
// sync(), truncate() and flush() write first; reads of the file see only what was flushed. Private
// to the segment. Threads: none.
#pragma once

#include "log/env.h"

namespace brokerlab::log {

class BufferedFile {
 public:
  BufferedFile() = default;
  explicit BufferedFile(std::unique_ptr<File> file) : file_(std::move(file)) {}

  Status<IoError> append(ByteView bytes) {
    buffer_.insert(buffer_.end(), bytes.begin(), bytes.end());
    return buffer_.size() < flushed_at ? Status<IoError>() : flush();
  }
  Status<IoError> flush() {
    if (buffer_.empty()) return {};
    auto written = file_->append(buffer_);
    buffer_.clear();
    return written;
  }
  Status<IoError> truncate(std::int64_t size) {
    if (auto flushed = flush(); !flushed.ok()) return flushed;
    return file_->truncate(size);
  }
  Status<IoError> sync() {
    if (auto flushed = flush(); !flushed.ok()) return flushed;
    return file_->sync();
  }
  File& file() { return *file_; }
  void close() { file_.reset(); }

 private:
  static constexpr std::size_t flushed_at = 4096;
  std::unique_ptr<File> file_;
  ByteVector buffer_;
};

}  // namespace brokerlab::log
