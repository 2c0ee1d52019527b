#include "log/segment/batch_scanner.h"

#include <algorithm>

namespace brokerlab::log {
namespace {

constexpr std::int64_t read_size = std::int64_t{256} << 10;

}  // namespace

Result<std::optional<BatchView>, IoError> BatchScanner::next(Check check) {
  damage_.reset();
  auto batch = check(rest());
  if (!batch.ok() && batch.error().kind == Corruption::Kind::incomplete && more_helps()) {
    if (auto filled = refill(); !filled.ok()) return fail(filled.error());
    batch = check(rest());
  }
  if (batch.ok()) return std::optional<BatchView>(batch.value());
  if (left_in_file() > 0) damage_ = batch.error();
  return std::optional<BatchView>();
}

/// Whether the file has the whole batch that begins at position_, as far as can be told.
bool BatchScanner::more_helps() const {
  if (static_cast<std::int64_t>(rest().size()) >= left_in_file()) return false;
  return batch_size_at_front(rest()).value_or(0) <= left_in_file();
}

Status<IoError> BatchScanner::refill() {
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

}  // namespace brokerlab::log
