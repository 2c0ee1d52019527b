// Recovery of one segment: what of it is good, and its indexes anew (segment.h).
#include "log/partition/batch_scanner.h"
#include "log/partition/segment.h"

#include <fmt/format.h>

namespace brokerlab::log {

Result<std::int64_t, IoError> LogSegment::recover(const OnBatch& on_batch, const OnCut& on_cut,
                                                  bool believed) {
  if (auto reset = transactions_.reset(*env_); !reset.ok()) return fail(reset.error());
  std::vector<OffsetPosition> offsets;
  std::vector<TimestampOffset> times;
  const auto add_max_timestamp = [&] {
    const Timestamp last = times.empty() ? no_timestamp : times.back().timestamp;
    if (max_timestamp_.timestamp > last) times.push_back(max_timestamp_);
  };
  recent_.clear();
  max_timestamp_ = {};
  first_timestamp_.reset();
  BatchScanner scanner(*log_);
  std::int64_t last_indexed = 0;
  Offset next_offset = base_offset_;
  BatchPlace last;
  Offset before_last = base_offset_;  ///< What next_offset was there.
  std::string why;
  while (true) {
    const auto scanned = scanner.next();
    if (!scanned.ok()) return fail(scanned.error());
    if (!scanned.value()) break;
    const BatchView& batch = *scanned.value();
    if (batch.header_offset() < next_offset || !can_hold(batch.last_offset())) {
      const bool last_stands_out = scanner.position() > 0 && last.batch.base_offset > before_last &&
                                   batch.header_offset() >= before_last;
      why = last_stands_out && batch.header_offset() < next_offset
                ? fmt::format(
                      "a batch at offset {} behind one at offset {}, which stands out at "
                      "byte {}",
                      batch.header_offset(), last.batch.base_offset, last.position)
                : fmt::format("a batch at offset {} where {} or more should come",
                              batch.header_offset(), next_offset);
      break;
    }
    const std::int64_t position = scanner.position();
    if (position == 0) first_timestamp_ = batch.max_timestamp();
    if (batch.max_timestamp() > max_timestamp_.timestamp) {
      max_timestamp_ = {batch.max_timestamp(), batch.last_offset()};
    }
    if (position - last_indexed > config_->index_interval_bytes) {
      offsets.push_back({batch.last_offset(), position});
      add_max_timestamp();
      last_indexed = position;
    }
    const auto taken = on_batch({position, batch.summary()}, batch);
    if (!taken.ok()) return fail(taken.error());
    last = {position, batch.summary()};
    before_last = next_offset;
    next_offset = batch.next_offset();
    scanner.accept(batch);
  }
  const std::int64_t bytes_cut = size() - scanner.position();
  if (bytes_cut > 0) {
    if (scanner.damage()) why = scanner.damage()->message;
    if (auto heard = on_cut(scanner.position(), why); !heard.ok()) return fail(heard.error());
    if (auto cut = log_->truncate(scanner.position()); !cut.ok()) return fail(cut.error());
  }
  bytes_since_index_entry_ = size() - last_indexed;
  add_max_timestamp();
  if (auto written = rewrite_indexes(offsets, times, believed); !written.ok())
    return fail(written.error());
  return bytes_cut;
}

}  // namespace brokerlab::log
