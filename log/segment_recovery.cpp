// Recovery of one segment: what of it is good, and its indexes anew (segment.h).
#include "log/segment.h"

#include <algorithm>

namespace brokerlab::log {
namespace {

constexpr std::int64_t read_size = std::int64_t{256} << 10;

/// Gives out the good batches of a file, front to back, reading it in large pieces.
class BatchScanner {
 public:
  explicit BatchScanner(File& file) : file_(file) {}

  /// Where the next batch begins; after next() gave nothing, where the good part ends.
  std::int64_t position() const { return position_; }

  Result<std::optional<BatchView>, IoError> next() {
    auto batch = validate(rest());
    if (!batch.ok() && batch.error().kind == Corruption::Kind::incomplete && more_helps()) {
      if (auto filled = refill(); !filled.ok()) return fail(filled.error());
      batch = validate(rest());
    }
    if (!batch.ok()) return std::optional<BatchView>();
    return std::optional<BatchView>(batch.value());
  }

  void accept(const BatchView& batch) { position_ += static_cast<std::int64_t>(batch.size()); }

 private:
  ByteView rest() const {
    return ByteView(buffer_).subspan(static_cast<std::size_t>(position_ - buffer_begin_));
  }

  std::int64_t left_in_file() const { return file_.size() - position_; }

  /// Whether the file has the whole batch that begins at position_, as far as can be told.
  bool more_helps() const {
    if (static_cast<std::int64_t>(rest().size()) >= left_in_file()) return false;
    return batch_size_at_front(rest()).value_or(0) <= left_in_file();
  }

  Status<IoError> refill() {
    const std::int64_t batch = batch_size_at_front(rest()).value_or(0);
    const std::int64_t size = std::min(left_in_file(), std::max(read_size, batch));
    buffer_.resize(static_cast<std::size_t>(size));
    buffer_begin_ = position_;
    const auto got = file_.read_at(position_, buffer_);
    if (!got.ok()) return fail(got.error());
    buffer_.resize(got.value());
    // The first piece may end inside the batch whose size it was the first to show.
    if (const auto whole = batch_size_at_front(rest());
        whole && *whole > size && *whole <= left_in_file()) {
      return refill();
    }
    return {};
  }

  File& file_;
  ByteVector buffer_;
  std::int64_t buffer_begin_ = 0;
  std::int64_t position_ = 0;
};

}  // namespace

Result<std::int64_t, IoError> LogSegment::recover(const OnBatch& on_batch) {
  if (auto reset = transactions_.reset(*env_); !reset.ok()) return fail(reset.error());
  offset_index_.clear();
  time_index_.clear();
  recent_.clear();
  max_timestamp_ = {};
  first_timestamp_.reset();
  BatchScanner scanner(*log_);
  std::int64_t last_indexed = 0;
  Offset next_offset = base_offset_;
  while (true) {
    const auto scanned = scanner.next();
    if (!scanned.ok()) return fail(scanned.error());
    if (!scanned.value()) break;
    const BatchView& batch = *scanned.value();
    if (batch.base_offset() < next_offset || !can_hold(batch.last_offset())) break;
    const std::int64_t position = scanner.position();
    if (position == 0) first_timestamp_ = batch.max_timestamp();
    if (batch.max_timestamp() > max_timestamp_.timestamp) {
      max_timestamp_ = {batch.max_timestamp(), batch.last_offset()};
    }
    if (position - last_indexed > config_->index_interval_bytes) {
      offset_index_.push_back({batch.last_offset(), position});
      const Timestamp last = time_index_.empty() ? no_timestamp : time_index_.back().timestamp;
      if (max_timestamp_.timestamp > last) time_index_.push_back(max_timestamp_);
      last_indexed = position;
    }
    const auto taken = on_batch(
        {position,
         {static_cast<std::int64_t>(batch.size()), batch.base_offset(), batch.last_offset(),
          batch.record_count(), batch.max_timestamp(), batch.leader_epoch()}},
        batch);
    if (!taken.ok()) return fail(taken.error());
    next_offset = batch.next_offset();
    scanner.accept(batch);
  }
  const std::int64_t bytes_cut = size() - scanner.position();
  if (bytes_cut > 0) {
    if (auto cut = log_->truncate(scanner.position()); !cut.ok()) return fail(cut.error());
  }
  bytes_since_index_entry_ = size() - last_indexed;
  const Timestamp last = time_index_.empty() ? no_timestamp : time_index_.back().timestamp;
  if (max_timestamp_.timestamp > last) time_index_.push_back(max_timestamp_);
  if (auto written = rewrite_indexes(); !written.ok()) return fail(written.error());
  return bytes_cut;
}

}  // namespace brokerlab::log
