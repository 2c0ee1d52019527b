// BatchScanner: the batches of a .log file, front to back, reading it in large pieces.
//
//   BatchScanner scanner(*file);
//   while (true) {
//     const auto batch = scanner.next();          // an io error, or
//     if (!batch.ok() || !batch.value()) break;   // nothing: the end, or scanner.damage()
//     ...;
//     scanner.accept(**batch);                    // steps over it; its bytes stay until next()
//   }
//
// Changes nothing. Cost: a checksum and a memory copy of every byte; a buffer of 256 KiB or of the
// largest batch. Lifetime: borrows the File. Threads: none.
#pragma once

#include "log/batch/record_batch.h"
#include "log/env/env.h"

#include <optional>

namespace brokerlab::log {

class BatchScanner {
 public:
  /// `position`: where a batch begins.
  explicit BatchScanner(File& file, std::int64_t position = 0)
      : file_(file), buffer_begin_(position), position_(position) {}

  /// Where the next batch begins; after next() gave nothing, where the good part ends.
  std::int64_t position() const { return position_; }
  /// Why next() gave nothing; nothing at the end of the file.
  const std::optional<Corruption>& damage() const { return damage_; }

  /// The batch at position(), checked with its checksum. Valid until the next call.
  Result<std::optional<BatchView>, IoError> next() { return next(validate); }
  /// The same without the checksum, so that one can look at a damaged batch and step over it.
  Result<std::optional<BatchView>, IoError> next_unchecked() { return next(BatchView::parse); }

  void accept(const BatchView& batch) { position_ += static_cast<std::int64_t>(batch.size()); }

 private:
  using Check = Result<BatchView, Corruption> (*)(ByteView);

  Result<std::optional<BatchView>, IoError> next(Check check);
  ByteView rest() const {
    return ByteView(buffer_).subspan(static_cast<std::size_t>(position_ - buffer_begin_));
  }
  std::int64_t left_in_file() const { return file_.size() - position_; }
  bool more_helps() const;
  Status<IoError> refill();

  File& file_;
  ByteVector buffer_;
  std::int64_t buffer_begin_ = 0;
  std::int64_t position_ = 0;
  std::optional<Corruption> damage_;
};

}  // namespace brokerlab::log
