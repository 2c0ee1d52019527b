// Records: whole batches on their way into or out of a log: their bytes, or phantom batches that
// stand for them (phantom.h). One or the other, never both.
//
// Lifetime: a value; bytes and batches are shared, never copied. Threads: as ByteSlice.
#pragma once

#include "log/batch/byte_slice.h"
#include "log/batch/phantom.h"

#include <memory>
#include <span>
#include <utility>
#include <vector>

namespace brokerlab::log {

class Records {
 public:
  Records() = default;
  Records(ByteSlice bytes) : bytes_(std::move(bytes)) {}
  Records(const PhantomBatch& batch)
      : phantoms_(std::make_shared<const std::vector<PhantomBatch>>(1, batch)),
        phantom_size_(batch.size()) {}
  /// `size`: of their bytes, and of the part of a next one that a read has cut off behind them.
  Records(std::vector<PhantomBatch> batches, std::int64_t size)
      : phantoms_(std::make_shared<const std::vector<PhantomBatch>>(std::move(batches))),
        phantom_size_(size) {}

  /// Bytes, as a network carries them and a disk has them.
  std::int64_t size() const {
    return is_phantom() ? phantom_size_ : static_cast<std::int64_t>(bytes_.size());
  }
  bool empty() const { return size() == 0; }
  bool is_phantom() const { return phantoms_ != nullptr; }
  /// None of phantoms.
  const ByteSlice& bytes() const { return bytes_; }
  /// The whole ones; none of bytes.
  std::span<const PhantomBatch> phantoms() const {
    return is_phantom() ? std::span<const PhantomBatch>(*phantoms_)
                        : std::span<const PhantomBatch>();
  }

 private:
  ByteSlice bytes_;
  std::shared_ptr<const std::vector<PhantomBatch>> phantoms_;
  std::int64_t phantom_size_ = 0;
};

/// What marks a batch: whoever has the same at the same offset has the same batch.
struct BatchMark {
  Offset base_offset = 0;
  Offset last_offset = 0;
  std::uint32_t checksum = 0;
  LeaderEpoch epoch = no_epoch;
  bool operator==(const BatchMark&) const = default;

  static BatchMark of(const BatchView& batch) {
    return {batch.base_offset(), batch.last_offset(), batch.checksum(), batch.leader_epoch()};
  }
  static BatchMark of(const PhantomBatch& batch) {
    return {batch.base_offset, batch.last_offset(), phantom_checksum(batch), batch.leader_epoch};
  }
};

/// Calls `visit` with the mark of each whole batch, in order.
template <class Visit>
void for_each_mark(const Records& records, Visit visit) {
  for (const PhantomBatch& batch : records.phantoms()) visit(BatchMark::of(batch));
  for (const BatchView& batch : Batches(records.bytes())) visit(BatchMark::of(batch));
}

}  // namespace brokerlab::log
