#include "log/directory/batch_survey.h"

#include <algorithm>
#include <limits>

namespace brokerlab::log {
namespace {

/// A batch that is kept until the next one is known.
struct Held {
  ByteVector bytes;
  std::int64_t position = 0;
};

}  // namespace

Result<BatchSurvey::Rest, IoError> BatchSurvey::segment(File& file, Offset base,
                                                        std::optional<Offset> next_base,
                                                        const OnBatch& on_batch) {
  end_ = std::max(end_, base);
  std::optional<Held> held;
  const auto tell_held = [&](std::optional<Offset> following) {
    if (!held) return;
    const auto batch = BatchView::parse(held->bytes);
    ENSURE(batch.ok(), "a batch was one before");
    Surveyed seen{*batch, held->position, {}, Surveyed::Place::fits, end_, following};
    judge(seen, base);
    on_batch(seen);
  };
  BatchScanner scanner(file);
  while (true) {
    const auto batch = scanner.next_unchecked();
    if (!batch.ok()) return fail(batch.error());
    if (!*batch) break;
    tell_held((*batch)->base_offset());
    if (!held) held.emplace();
    held->bytes.assign((*batch)->bytes().begin(), (*batch)->bytes().end());
    held->position = scanner.position();
    scanner.accept(**batch);
  }
  if (!scanner.damage()) {
    tell_held(next_base);
    return Rest{file.size(), 0, {}};
  }
  Rest rest{scanner.position(), 0, scanner.damage()->message};
  // No batch stands where a bad one ends: so its length is wrong, too, and all is one damage.
  if (held && !validate(held->bytes).ok()) {
    rest.position = held->position;
    rest.why = validate(held->bytes).error().message;
  } else {
    // What is behind bytes that cannot be read says nothing of the batch before them.
    tell_held(std::nullopt);
  }
  rest.bytes = file.size() - rest.position;
  return rest;
}

void BatchSurvey::judge(Surveyed& seen, Offset base) {
  const auto valid = validate(seen.batch.bytes());
  if (!valid.ok()) {
    seen.damage = valid.error().message;
  } else {
    const auto read = for_each_record(seen.batch, scratch_, [](const RecordView&) { return true; });
    if (!read.ok()) seen.damage = read.error().message;
  }
  const Offset first = seen.batch.base_offset();
  const Offset next = seen.batch.next_offset();
  // An index holds offsets relative to the segment's, in 32 bits.
  const bool too_far = next - 1 - base > std::numeric_limits<std::int32_t>::max();
  const bool overtakes = seen.following && *seen.following < next && *seen.following >= end_;
  if (first < end_) {
    seen.place = Surveyed::Place::goes_back;
  } else if (too_far || (overtakes && (first > end_ || !valid.ok()))) {
    seen.place = Surveyed::Place::stands_out;
    return;
  }
  end_ = std::max(end_, next);
}

}  // namespace brokerlab::log
