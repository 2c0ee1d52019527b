#include "log/segment/segment_recovery.h"

#include "log/segment/batch_scanner.h"

#include <fmt/format.h>

namespace brokerlab::log {
namespace {

/// Offsets must grow; when they do not, either of two batches may be the odd one.
class OffsetOrder {
 public:
  explicit OffsetOrder(Offset base) : base_(base), next_(base), before_last_(base) {}

  /// Nothing for a batch that may come next.
  std::optional<std::string> complaint(const BatchView& batch) const {
    const bool in_reach = segment_can_hold(base_, batch.last_offset());
    if (batch.header_offset() >= next_ && in_reach) return {};
    const bool last_stands_out =
        last_ && last_->batch.base_offset > before_last_ && batch.header_offset() >= before_last_;
    if (last_stands_out && batch.header_offset() < next_) {
      return fmt::format(
          "a batch at offset {} behind one at offset {}, which stands out at byte {}",
          batch.header_offset(), last_->batch.base_offset, last_->position);
    }
    if (batch.header_offset() >= next_) {
      return fmt::format("a batch up to offset {}, too far from the segment's first, {}",
                         batch.last_offset(), base_);
    }
    return fmt::format("a batch at offset {} where {} or more should come", batch.header_offset(),
                       next_);
  }

  void accept(const BatchPlace& place) {
    last_ = place;
    before_last_ = next_;
    next_ = place.batch.last_offset + 1;
  }

 private:
  Offset base_;
  Offset next_;
  std::optional<BatchPlace> last_;
  Offset before_last_;  ///< What next_ was there.
};

/// What the indexes would hold, had the batches been appended.
class IndexWriter {
 public:
  explicit IndexWriter(std::int64_t interval) : interval_(interval) {}

  void note(const BatchPlace& place) {
    if (place.batch.max_timestamp > contents_.max_timestamp.timestamp) {
      contents_.max_timestamp = {place.batch.max_timestamp, place.batch.last_offset};
    }
    if (place.position - last_indexed_ <= interval_) return;
    contents_.offsets.push_back({place.batch.last_offset, place.position});
    note_time();
    last_indexed_ = place.position;
  }

  SegmentIndexes::Contents finish(std::int64_t good_size) {
    note_time();
    contents_.bytes_since_entry = good_size - last_indexed_;
    return std::move(contents_);
  }

 private:
  void note_time() {
    const auto& times = contents_.times;
    const Timestamp last = times.empty() ? no_timestamp : times.back().timestamp;
    if (contents_.max_timestamp.timestamp > last)
      contents_.times.push_back(contents_.max_timestamp);
  }

  std::int64_t interval_;
  std::int64_t last_indexed_ = 0;
  SegmentIndexes::Contents contents_;
};

}  // namespace

Result<SegmentScan, IoError> scan_segment(File& log, Offset base_offset,
                                          std::int64_t index_interval_bytes,
                                          const OnGoodBatch& on_batch) {
  SegmentScan scan;
  BatchScanner scanner(log);
  OffsetOrder order(base_offset);
  IndexWriter indexes(index_interval_bytes);
  while (true) {
    const auto scanned = scanner.next();
    if (!scanned.ok()) return fail(scanned.error());
    if (!scanned.value()) break;
    const BatchView& batch = *scanned.value();
    if (const auto complaint = order.complaint(batch)) {
      scan.why = *complaint;
      break;
    }
    const BatchPlace place{scanner.position(), batch.summary()};
    if (place.position == 0) scan.first_timestamp = place.batch.max_timestamp;
    indexes.note(place);
    if (auto taken = on_batch(place, batch); !taken.ok()) return fail(taken.error());
    order.accept(place);
    scanner.accept(batch);
  }
  scan.good_size = scanner.position();
  if (scanner.damage()) scan.why = scanner.damage()->message;
  scan.indexes = indexes.finish(scan.good_size);
  return scan;
}

}  // namespace brokerlab::log
