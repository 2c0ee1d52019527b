#include "log/directory/verify.h"

#include "log/directory/batch_survey.h"
#include "log/directory/checkpoint.h"
#include "log/directory/directory_files.h"
#include "log/directory/partition_dir.h"
#include "log/directory/partition_files.h"
#include "log/directory/verify_producers.h"
#include "log/partition/leader_epoch_cache.h"

#include <fmt/format.h>

#include <algorithm>

namespace brokerlab::log {
namespace {

/// What a pass over a segment's batches leaves behind for the checks of its indexes.
struct SeenBatch {
  std::int64_t position = 0;
  Offset base_offset = 0;
  Offset last_offset = 0;
  Timestamp max_so_far = no_timestamp;  ///< The largest timestamp of this batch and all before.
};

class Verifier {
 public:
  Verifier(Env& env, std::string dir) : env_(env), dir_(std::move(dir)) {}

  Result<Verification, IoError> run() {
    const auto segments = list_segments(env_, dir_);
    if (!segments.ok()) return fail(segments.error());
    result_.segments = static_cast<std::int64_t>(segments->size());
    if (auto read = read_epochs(); !read.ok()) return fail(read.error());
    if (auto read = producers_.load(env_, dir_, *segments); !read.ok()) return fail(read.error());
    for (std::size_t i = 0; i < segments->size(); ++i) {
      const SegmentFiles& segment = (*segments)[i];
      std::optional<Offset> next_base;
      if (i + 1 < segments->size()) next_base = (*segments)[i + 1].base_offset;
      if (auto checked = check_log(segment, next_base); !checked.ok()) {
        return fail(checked.error());
      }
      if (auto checked = check_index(segment); !checked.ok()) return fail(checked.error());
      if (auto checked = check_time_index(segment); !checked.ok()) return fail(checked.error());
    }
    result_.index_entries += producers_.transaction_index_entries();
    result_.snapshots = producers_.snapshots();
    producers_.report(result_.end_offset,
                      [this](const std::string& file, std::int64_t position, std::string reason) {
                        found(file, position, std::move(reason));
                      });
    if (result_.segments == 0) found(dir_, 0, "has no segment: no file called N.log");
    const auto topic_id = read_partition_metadata(env_, join_path(dir_, partition_metadata_name));
    if (!topic_id.ok()) found(topic_id.error());
    if (auto checked = check_checkpoints(); !checked.ok()) return fail(checked.error());
    return std::move(result_);
  }

 private:
  void found(const std::string& file, std::int64_t position, std::string reason) {
    ++result_.damage_count;
    if (file != last_file_) in_this_file_ = 0;
    last_file_ = file;
    if (++in_this_file_ > Verification::most_listed) return;
    result_.damage.push_back({file, position, std::move(reason)});
  }

  void found(const Problems& problems) {
    for (Problem problem : problems) {
      const std::string file = std::exchange(problem.file, {});
      found(file, 0, problem.text());
    }
  }

  Status<IoError> read_epochs() {
    epoch_file_ = join_path(dir_, leader_epoch_checkpoint_name);
    has_epochs_ = env_.exists(epoch_file_);
    auto epochs = LeaderEpochCache::load(env_, epoch_file_);
    if (epochs.ok()) {
      epochs_ = std::move(epochs).value();
      return {};
    }
    if (epochs.error().kind != IoErrorKind::malformed) return fail(epochs.error());
    found(Problems{to_problem(epochs.error())});
    epochs_readable_ = false;
    return {};
  }

  Status<IoError> check_log(const SegmentFiles& segment, std::optional<Offset> next_base) {
    seen_.clear();
    auto file = env_.open(segment.log);
    if (!file.ok()) return fail(file.error());
    result_.bytes += (*file)->size();
    if (segment.base_offset < survey_.end()) {
      found(segment.log, 0,
            fmt::format("begins at offset {}, but the segment before it goes on to {}",
                        segment.base_offset, survey_.end()));
    }
    const auto rest = survey_.segment(**file, segment.base_offset, next_base,
                                      [&](const Surveyed& batch) { check_batch(segment, batch); });
    if (!rest.ok()) return fail(rest.error());
    result_.end_offset = survey_.end();
    if (rest->bytes > 0) {
      found(segment.log, rest->position,
            fmt::format("{}; {} bytes from here on cannot be read", rest->why, rest->bytes));
    }
    return {};
  }

  void check_batch(const SegmentFiles& segment, const Surveyed& seen) {
    const BatchView& batch = seen.batch;
    ++result_.batches;
    result_.records += batch.record_count();
    const Timestamp before = seen_.empty() ? no_timestamp : seen_.back().max_so_far;
    const Timestamp max_so_far = std::max(before, batch.max_timestamp());
    if (const std::string wrong = what_is_wrong(segment, seen); !wrong.empty()) {
      found(segment.log, seen.position, wrong);
    }
    if (seen.place == Surveyed::Place::stands_out) {
      // As if it had the offsets that are left for it: what points at it is not wrong, too.
      const Offset last = seen.following ? *seen.following - 1 : seen.expected;
      seen_.push_back({seen.position, seen.expected, std::max(last, seen.expected), max_so_far});
      return;
    }
    if (result_.first_offset == no_offset) result_.first_offset = batch.base_offset();
    if (seen.damage.empty()) producers_.see(segment, batch);
    check_epoch(segment, batch, seen.position);
    seen_.push_back({seen.position, batch.base_offset(), batch.last_offset(), max_so_far});
  }

  static std::string what_is_wrong(const SegmentFiles& segment, const Surveyed& seen) {
    const Offset offset = seen.batch.base_offset();
    if (!seen.damage.empty()) return fmt::format("batch at offset {}: {}", offset, seen.damage);
    switch (seen.place) {
      case Surveyed::Place::fits:
        return {};
      case Surveyed::Place::goes_back:
        return fmt::format("batch at offset {} stands where {} or more should come", offset,
                           seen.expected);
      case Surveyed::Place::stands_out:
        if (seen.following && *seen.following >= seen.expected) {
          return fmt::format(
              "batch at offset {} stands where {} should come: the next one begins at {}", offset,
              seen.expected, *seen.following);
        }
        return fmt::format("batch at offset {} cannot be in a segment that begins at {}", offset,
                           segment.base_offset);
    }
    UNREACHABLE();
  }

  /// Batches below the first epoch known lie before the log's start.
  void check_epoch(const SegmentFiles& segment, const BatchView& batch, std::int64_t position) {
    const LeaderEpoch epoch = batch.leader_epoch();
    if (epoch < 0 || !epochs_readable_ || epoch == last_epoch_) return;
    last_epoch_ = epoch;
    if (!has_epochs_) {
      found(epoch_file_, 0,
            fmt::format("is missing, though the batch at offset {} has leader epoch {}",
                        batch.base_offset(), epoch));
      epochs_readable_ = false;
      return;
    }
    const auto known = epochs_.epoch_for(batch.base_offset());
    if (!known || *known == epoch) return;
    found(segment.log, position,
          fmt::format("batch at offset {} has leader epoch {}, leader-epoch-checkpoint says {}",
                      batch.base_offset(), epoch, *known));
  }

  template <class Entry>
  void check_shape(const std::string& path, const IndexEntries<Entry>& index) {
    result_.index_entries += static_cast<std::int64_t>(index.entries.size());
    if (index.odd_bytes == 0) return;
    const auto whole = static_cast<std::int64_t>(index.entries.size() * Entry::entry_size);
    found(path, whole + index.preallocated_bytes,
          fmt::format("{} bytes behind the last whole entry", index.odd_bytes));
  }

  Status<IoError> check_index(const SegmentFiles& segment) {
    if (segment.index.empty()) return {};
    const auto index = read_offset_index(env_, segment.index, segment.base_offset);
    if (!index.ok()) return fail(index.error());
    check_shape(segment.index, *index);
    OffsetPosition before{segment.base_offset - 1, -1};
    for (std::size_t i = 0; i < index->entries.size(); ++i) {
      const OffsetPosition& entry = index->entries[i];
      const auto at = static_cast<std::int64_t>(i * entry.entry_size);
      const std::string what =
          fmt::format("entry (offset {}, position {})", entry.offset, entry.position);
      if (entry.offset <= before.offset || entry.position <= before.position) {
        found(segment.index, at, what + " does not grow");
      }
      before = entry;
      const auto batch = std::partition_point(
          seen_.begin(), seen_.end(),
          [&](const SeenBatch& seen) { return seen.position < entry.position; });
      if (batch == seen_.end() || batch->position != entry.position) {
        found(segment.index, at, what + ": no batch begins there");
      } else if (batch->base_offset > entry.offset) {
        found(segment.index, at,
              fmt::format("{}: the batch there begins at offset {}", what, batch->base_offset));
      } else if (entry.offset > seen_.back().last_offset) {
        found(segment.index, at,
              fmt::format("{}: the segment ends at offset {}", what, seen_.back().last_offset));
      }
    }
    return {};
  }

  Status<IoError> check_time_index(const SegmentFiles& segment) {
    if (segment.time_index.empty()) return {};
    const auto index = read_time_index(env_, segment.time_index, segment.base_offset);
    if (!index.ok()) return fail(index.error());
    check_shape(segment.time_index, *index);
    TimestampOffset before{no_timestamp, segment.base_offset};
    for (std::size_t i = 0; i < index->entries.size(); ++i) {
      const TimestampOffset& entry = index->entries[i];
      const auto at = static_cast<std::int64_t>(i * entry.entry_size);
      const std::string what =
          fmt::format("entry (timestamp {}, offset {})", entry.timestamp, entry.offset);
      if (entry.timestamp <= before.timestamp || entry.offset < before.offset) {
        found(segment.time_index, at, what + " does not grow");
      }
      before = entry;
      const auto batch = std::partition_point(
          seen_.begin(), seen_.end(),
          [&](const SeenBatch& seen) { return seen.last_offset < entry.offset; });
      if (batch == seen_.end()) {
        found(segment.time_index, at, what + ": the segment has no such offset");
      } else if (batch->max_so_far != entry.timestamp) {
        found(segment.time_index, at,
              fmt::format("{}: the largest timestamp up to there is {}", what, batch->max_so_far));
      }
    }
    return {};
  }

  /// The log directory around the partition, if this is in one.
  Status<IoError> check_checkpoints() {
    const auto slash = dir_.find_last_not_of('/');
    const std::string dir = dir_.substr(0, slash + 1);
    const auto name = parse_partition_dir(dir.substr(dir.rfind('/') + 1));
    if (!name) return {};
    struct File {
      const char* name;
      const char* meaning;
    };
    for (const File& file : {File{recovery_point_checkpoint_name,
                                  "everything below offset {} is "
                                  "on the disk"},
                             File{log_start_checkpoint_name, "the log starts at offset {}"}}) {
      const std::string path = join_path(parent_path(dir), file.name);
      const auto offsets = read_checkpoint(env_, path);
      if (!offsets.ok() && offsets.error().kind != IoErrorKind::malformed) {
        return fail(offsets.error());
      }
      if (!offsets.ok()) {
        found(Problems{to_problem(offsets.error())});
        continue;
      }
      const auto line = offsets->find({name->partition.topic, name->partition.partition});
      if (line == offsets->end() || line->second <= result_.end_offset) continue;
      found(path, 0,
            fmt::format("says that {}, but {} ends at {}",
                        fmt::format(fmt::runtime(file.meaning), line->second),
                        name->partition.text(), result_.end_offset));
    }
    return {};
  }

  Env& env_;
  std::string dir_;
  Verification result_;
  std::string last_file_;
  std::size_t in_this_file_ = 0;
  std::vector<SeenBatch> seen_;
  BatchSurvey survey_;
  std::string epoch_file_;
  LeaderEpochCache epochs_;
  bool has_epochs_ = false;
  bool epochs_readable_ = true;
  LeaderEpoch last_epoch_ = no_epoch;
  ProducerFilesVerifier producers_;
};

}  // namespace

Result<Verification, IoError> verify_partition(Env& env, const std::string& dir) {
  return Verifier(env, dir).run();
}

}  // namespace brokerlab::log
