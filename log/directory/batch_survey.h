// BatchSurvey: the batches of a log for whoever looks at damage: also those that are no good, and
// each once the one behind it is known. That tells whose offset is wrong.
//
//   BatchSurvey survey;
//   for (const SegmentFiles& segment : segments) {
//     survey.segment(*file, segment.base_offset, base_of_next_segment, [&](const Surveyed& seen) {
//       ...;                                      // seen.batch, seen.damage, seen.place
//     });
//   }
//
// A checksum covers no offset. Where offsets go back, either batch may be the wrong one: one that
// left a gap which the batch behind it would fill stands out, and is not believed. Nor are offsets
// of a batch whose checksum fails. So one wrong byte is one finding, where it is.
//
// Cost: a checksum and a copy of every byte. Threads: none. Errors: those of the storage.
#pragma once

#include "log/segment/batch_scanner.h"

#include <functional>
#include <optional>
#include <string>

namespace brokerlab::log {

struct Surveyed {
  enum class Place {
    fits,        ///< At the log's end so far, or behind a gap.
    goes_back,   ///< Begins below it.
    stands_out,  ///< Ends above what follows, which fits without it; or nowhere in its segment.
  };
  BatchView batch;
  std::int64_t position = 0;
  std::string damage;  ///< Why its checksum or its records are no good; empty: they are good.
  Place place = Place::fits;
  Offset expected = 0;              ///< The end of what is believed before it.
  std::optional<Offset> following;  ///< Where the next batch or segment begins.

  bool good() const { return damage.empty() && place == Place::fits; }
};

class BatchSurvey {
 public:
  using OnBatch = std::function<void(const Surveyed&)>;

  /// What stands at the end of a segment and is no batch, with a bad batch right before it.
  struct Rest {
    std::int64_t position = 0;
    std::int64_t bytes = 0;
    std::string why;  ///< Empty when there are no bytes.
  };
  Result<Rest, IoError> segment(File& file, Offset base, std::optional<Offset> next_base,
                                const OnBatch& on_batch);

  Offset end() const { return end_; }  ///< Of what is believed.

 private:
  void judge(Surveyed& seen, Offset base);

  Offset end_ = 0;
  ByteVector scratch_;
};

}  // namespace brokerlab::log
