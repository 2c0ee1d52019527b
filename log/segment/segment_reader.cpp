#include "log/segment/segment_reader.h"

#include <algorithm>
#include <array>
#include <limits>

namespace brokerlab::log {

SegmentReader::Place SegmentReader::batch_at(std::int64_t position) const {
  if (position >= log_.size()) return std::optional<BatchPlace>();
  std::array<std::byte, batch_header_size> bytes;
  ByteView piece = log_.mapped();
  if (!piece.empty()) {
    piece = piece.subspan(static_cast<std::size_t>(position));
    piece = piece.first(std::min(piece.size(), batch_header_size));
  } else {
    const auto got = log_.read_at(position, bytes);
    if (!got.ok()) return fail(got.error());
    piece = ByteView(bytes).first(got.value());
  }
  const auto header = read_batch_header(piece);
  if (!header.ok() || header->size > log_.size() - position) return std::optional<BatchPlace>();
  return std::optional<BatchPlace>({position, *header});
}

/// Batches of a kind make the offsets of index entries grow evenly.
std::size_t SegmentReader::guess_entry(Offset offset) const {
  if (indexes_.offsets().empty() || offset <= base_offset_) return 0;
  const Offset last = indexes_.offsets().back().offset;
  if (offset >= last) return indexes_.offsets().size();
  const double part =
      static_cast<double>(offset - base_offset_) / static_cast<double>(last - base_offset_);
  return static_cast<std::size_t>(static_cast<double>(indexes_.offsets().size()) * part);
}

/// The last batch that the index knows of up to `offset`, or the first of all. Entries are hints:
/// those that lead to no batch of theirs are passed over.
SegmentReader::Place SegmentReader::indexed_batch_before(Offset offset) const {
  std::size_t known = indexes_.offsets().count_while(
      [offset](const OffsetPosition& entry) { return entry.offset <= offset; },
      guess_entry(offset));
  for (; known > 0; --known) {
    const OffsetPosition entry = indexes_.offsets()[known - 1];
    auto place = batch_at(entry.position);
    if (!place.ok()) return place;
    if (!place.value()) continue;
    const Offset found = place.value()->batch.base_offset;
    if (found >= base_offset_ && found <= entry.offset) return place;
  }
  return batch_at(0);
}

SegmentReader::Place SegmentReader::find(Offset offset) const {
  if (!recent_.empty() && offset >= recent_.front().batch.base_offset) {
    const auto found = std::partition_point(
        recent_.begin(), recent_.end(),
        [offset](const BatchPlace& place) { return place.batch.last_offset < offset; });
    return found == recent_.end() ? std::optional<BatchPlace>() : *found;
  }
  auto place = indexed_batch_before(offset);
  if (place.ok() && place.value()) prefetch_headers(*place.value(), offset);
  while (place.ok() && place.value() && place.value()->batch.last_offset < offset) {
    place = batch_at(place.value()->end());
  }
  return place;
}

/// Each header tells where the next one is: memory is waited for as often as there are batches on
/// the way to `offset`. Neighbours are often alike, so all are asked for where they should be.
void SegmentReader::prefetch_headers(const BatchPlace& first, Offset offset) const {
  constexpr Offset most = 32;
  const ByteView mapped = log_.mapped();
  const BatchSummary& batch = first.batch;
  const Offset steps = (offset - batch.base_offset) / (batch.last_offset - batch.base_offset + 1);
  for (Offset step = 1; step <= std::min(steps, most); ++step) {
    const auto at = static_cast<std::size_t>(first.position + step * batch.size);
    if (at >= mapped.size()) break;
    __builtin_prefetch(mapped.data() + at);
    __builtin_prefetch(mapped.data() + at + batch_header_size - 1);
  }
}

Result<ByteSlice, IoError> SegmentReader::read(std::int64_t position, std::int64_t size) const {
  ENSURE(position >= 0 && size > 0);
  const auto wanted = static_cast<std::size_t>(size);
  auto bytes = bytes_to_fill(wanted);
  const auto got = log_.read_at(position, {bytes.get(), wanted});
  if (!got.ok()) return fail(got.error());
  return ByteSlice(std::move(bytes), got.value());
}

Result<Records, IoError> SegmentReader::read_records(std::int64_t position,
                                                     std::int64_t size) const {
  ENSURE(position >= 0 && size > 0);
  std::vector<PhantomBatch> batches;
  const auto got = log_.read_phantoms(position, size, batches);
  if (!got.ok()) return fail(got.error());
  if (!batches.empty()) return Records(std::move(batches), *got);
  // Bytes, up to where the others begin: what is read is of one kind (batch/records.h). Or the
  // first part of a phantom, of which no whole one was asked for.
  const std::int64_t until = *got > 0 ? size : log_.bytes_before_phantom(position);
  auto bytes = read(position, std::min(size, until));
  if (!bytes.ok()) return fail(bytes.error());
  return Records(std::move(bytes).value());
}

Result<std::optional<FoundRecord>, IoError> SegmentReader::find_timestamp(Timestamp target,
                                                                          Offset from) const {
  const std::size_t before = indexes_.times().count_while(
      [target](const TimestampOffset& entry) { return entry.timestamp <= target; });
  const Offset hint = before == 0 ? base_offset_ : indexes_.times()[before - 1].offset;
  auto place = indexed_batch_before(std::max(hint, from));
  ByteVector scratch;
  for (; place.ok() && place.value(); place = batch_at(place.value()->end())) {
    const BatchSummary& summary = place.value()->batch;
    if (summary.max_timestamp < target || summary.last_offset < from) continue;
    const auto bytes = read(place.value()->position, summary.size);
    if (!bytes.ok()) return fail(bytes.error());
    const auto batch = BatchView::parse(bytes.value());
    if (!batch.ok()) break;
    std::optional<FoundRecord> found;
    const auto scanned = for_each_record(*batch, scratch, [&](const RecordView& record) {
      if (record.timestamp < target || record.offset < from) return true;
      found = FoundRecord{record.timestamp, record.offset, summary.leader_epoch};
      return false;
    });
    if (found) return found;
    if (!scanned.ok()) break;  // Damaged on disk since it was checked; recovery's business.
  }
  if (!place.ok()) return fail(place.error());
  return std::optional<FoundRecord>();
}

SegmentReader::Place SegmentReader::last_batch() const {
  if (!recent_.empty()) return std::optional<BatchPlace>(recent_.back());
  std::optional<BatchPlace> last;
  auto place = indexed_batch_before(std::numeric_limits<Offset>::max());
  for (; place.ok() && place.value(); place = batch_at(place.value()->end())) {
    const BatchSummary& batch = place.value()->batch;
    if (batch.base_offset < base_offset_ || !segment_can_hold(base_offset_, batch.last_offset))
      break;
    last = place.value();
  }
  if (!place.ok()) return fail(place.error());
  return last;
}

}  // namespace brokerlab::log
