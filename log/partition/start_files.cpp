#include "log/partition/start_files.h"

#include "log/partition/cut_bytes.h"
#include "log/partition/file_claims.h"
#include "log/partition/producer_snapshot.h"
#include "log/segment/segment.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>

namespace brokerlab::log {
namespace {

constexpr std::array states{cleaned_suffix, swap_suffix, deleted_suffix};
constexpr std::array suffixes{log_suffix, index_suffix, time_index_suffix, transaction_index_suffix,
                              snapshot_suffix};

struct Found {
  std::string name;
  PartitionFileName parts;
};

/// One thing that a start does with a file.
struct Step {
  Found file;
  std::string now;  ///< Its name then; empty: it goes.
  std::string why;
  bool aside = false;  ///< Its bytes are kept.
};

constexpr const char* left_over = "left by an interruption";
constexpr const char* replaced = "a finished copy takes its place";
constexpr const char* unreadable = "cannot be read";

class Replacements {
 public:
  Replacements(Env& env, const std::string& dir, Cutting cutting)
      : env_(env), dir_(dir), cutting_(cutting) {}

  Result<std::vector<FileChange>, IoError> finish(const EndOfCopy& end_of_copy) {
    if (auto found = find(); !found.ok()) return fail(found.error());
    if (left_) {
      remove_unfinished();
      if (auto removed = remove_originals(end_of_copy); !removed.ok()) return fail(removed.error());
      rename_copies();
    }
    if (cutting_ != Cutting::as_kafka) {
      if (auto judged = judge(); !judged.ok()) return fail(judged.error());
    }
    for (Step& step : steps_) {
      if (auto done = carry_out(step); !done.ok()) return fail(done.error());
    }
    if (!changes_.empty()) {
      if (auto synced = env_.sync_dir(dir_); !synced.ok()) return fail(synced.error());
    }
    return std::move(changes_);
  }

 private:
  // --- What Kafka does ---

  Status<IoError> find() {
    const auto names = env_.list(dir_);
    if (!names.ok()) return fail(names.error());
    for (const std::string& name : *names) {
      const auto parts = parse_partition_file(name);
      if (!parts) continue;
      left_ = left_ || !parts->state.empty();
      files_.push_back({name, *parts});
    }
    if (!left_ && cutting_ == Cutting::as_kafka) return {};
    // A directory of such a name is nobody's copy.
    std::erase_if(files_,
                  [this](const Found& file) { return env_.list(join_path(dir_, file.name)).ok(); });
    return {};
  }

  /// What a step is planned for is no more among files_.
  template <class Goes>
  void remove_if(const Goes& goes, const char* why) {
    for (auto file = files_.begin(); file != files_.end();) {
      if (!goes(file->parts)) {
        ++file;
        continue;
      }
      steps_.push_back({*file, {}, why});
      file = files_.erase(file);
    }
  }

  void remove_unfinished() {
    Offset first_cleaned = std::numeric_limits<Offset>::max();
    for (const Found& file : files_) {
      if (file.parts.state == cleaned_suffix) {
        first_cleaned = std::min(first_cleaned, file.parts.offset);
      }
    }
    // The .cleaned last: as long as one is there, its .swap is known to be unfinished.
    remove_if(
        [&](const PartitionFileName& file) {
          return file.state == deleted_suffix ||
                 (file.state == swap_suffix && file.offset >= first_cleaned);
        },
        left_over);
    remove_if([](const PartitionFileName& file) { return file.state == cleaned_suffix; },
              left_over);
  }

  /// One range over all copies, as in Kafka: a split leaves several.
  Status<IoError> remove_originals(const EndOfCopy& end_of_copy) {
    Offset begin = std::numeric_limits<Offset>::max();
    Offset end = std::numeric_limits<Offset>::min();
    for (const Found& file : files_) {
      if (file.parts.state != swap_suffix || file.parts.suffix != log_suffix) continue;
      const auto own_end = end_of_copy(file.parts.offset);
      if (!own_end.ok()) return fail(own_end.error());
      begin = std::min(begin, file.parts.offset);
      end = std::max(end, *own_end);
    }
    remove_if(
        [&](const PartitionFileName& file) {
          return file.state.empty() && file.offset >= begin && file.offset < end;
        },
        replaced);
    return {};
  }

  void rename_copies() {
    for (const bool logs : {true, false}) {
      for (auto file = files_.begin(); file != files_.end();) {
        const PartitionFileName& parts = file->parts;
        if (parts.state != swap_suffix || (parts.suffix == log_suffix) != logs) {
          ++file;
          continue;
        }
        steps_.push_back({*file, segment_file_name(parts.offset, parts.suffix), {}});
        file = files_.erase(file);
      }
    }
  }

  Status<IoError> carry_out(Step& step) {
    const std::string path = join_path(dir_, step.file.name);
    std::string kept_as;
    if (!step.now.empty()) {
      if (auto renamed = env_.rename(path, join_path(dir_, step.now)); !renamed.ok()) {
        return renamed;
      }
    } else if (step.aside) {
      kept_as = name_for_kept(env_, dir_, step.file.name, 0);
      if (auto kept = env_.rename(path, join_path(dir_, kept_as)); !kept.ok()) return kept;
    } else if (auto removed = env_.remove(path); !removed.ok()) {
      return removed;
    }
    changes_.push_back({step.file.name, std::move(step.now), std::move(step.why), kept_as});
    return {};
  }

  // --- What a tool asks first ---

  Status<IoError> judge() {
    if (auto judged = judge_derived_files(); !judged.ok()) return judged;
    if (auto judged = judge_overwritten(); !judged.ok()) return judged;
    return judge_logs();
  }

  Result<std::unique_ptr<File>, IoError> open(const std::string& name) const {
    return env_.open(join_path(dir_, name));
  }

  Failure<IoError> refuse(const std::string& name, std::string why) const {
    return fail(IoError{IoErrorKind::malformed, join_path(dir_, name), std::move(why)});
  }

  Status<IoError> judge_derived_files() {
    for (Step& step : steps_) {
      const auto misfit = misfit_of(step.file);
      if (!misfit.ok()) return fail(misfit.error());
      if (*misfit) step = {step.file, {}, unreadable, true};
    }
    std::vector<Step> aside;
    for (const Found& file : files_) {
      const auto misfit = misfit_of(file);
      if (!misfit.ok()) return fail(misfit.error());
      if (*misfit) aside.push_back({file, {}, unreadable, true});
    }
    std::erase_if(files_, [&](const Found& file) {
      return std::any_of(aside.begin(), aside.end(),
                         [&](const Step& step) { return step.file.name == file.name; });
    });
    // First: a copy may be about to get the name of one of them.
    steps_.insert(steps_.begin(), aside.begin(), aside.end());
    return {};
  }

  /// Of an index or snapshot; where nothing may go it is an error.
  Result<bool, IoError> misfit_of(const Found& file) const {
    if (file.parts.suffix == log_suffix) return false;
    const auto opened = open(file.name);
    if (!opened.ok()) return fail(opened.error());
    const auto misfit = judge_derived(**opened, file.parts);
    if (!misfit.ok()) return fail(misfit.error());
    if (!*misfit) return false;
    if (cutting_ == Cutting::kept) return true;
    return refuse(file.name, fmt::format("at byte {}: {}; only a recovery may put it aside",
                                         (*misfit)->position, (*misfit)->why));
  }

  /// What has the last name of a copy and begins in no copy's range: Kafka writes over it.
  Status<IoError> judge_overwritten() {
    for (std::size_t i = 0; i < steps_.size(); ++i) {
      const std::string name = steps_[i].now;
      if (name.empty()) continue;
      const auto below = std::find_if(files_.begin(), files_.end(),
                                      [&](const Found& file) { return file.name == name; });
      if (below == files_.end()) continue;
      const bool is_snapshot = below->parts.suffix == snapshot_suffix;
      if (is_snapshot) {
        const auto same = same_bytes(name, steps_[i].file.name);
        if (!same.ok()) return fail(same.error());
        if (*same) continue;
        if (cutting_ == Cutting::never) {
          return refuse(name, fmt::format("would give way to {}, which says something else; only a "
                                          "recovery may put it aside",
                                          steps_[i].file.name));
        }
      }
      steps_.insert(steps_.begin() + static_cast<std::ptrdiff_t>(i),
                    Step{*below, {}, replaced, is_snapshot});
      files_.erase(below);
      ++i;
    }
    return {};
  }

  Result<bool, IoError> same_bytes(const std::string& a, const std::string& b) const {
    const auto one = read_text(env_, join_path(dir_, a));
    if (!one.ok()) return fail(one.error());
    const auto other = read_text(env_, join_path(dir_, b));
    if (!other.ok()) return fail(other.error());
    return *one == *other;
  }

  Status<IoError> judge_logs() {
    GoingRecords records;
    for (std::size_t i = 0; i < steps_.size(); ++i) {
      Step& step = steps_[i];
      if (!step.now.empty() || step.file.parts.suffix != log_suffix) continue;
      if (auto judged = judge_going_log(step, records, i); !judged.ok()) return judged;
    }
    if (cutting_ != Cutting::never) return {};
    for (const Step& step : steps_) {
      if (step.now.empty() || step.file.parts.suffix != log_suffix) continue;
      if (auto found = look_in(step.file, records); !found.ok()) return found;
    }
    for (const Found& file : files_) {
      if (file.parts.suffix != log_suffix) continue;
      if (auto found = look_in(file, records); !found.ok()) return found;
    }
    const auto lost = records.first_lost();
    if (!lost) return {};
    return refuse(steps_[lost->number].file.name,
                  fmt::format("{}, but no other file has its record at offset {}; only a recovery "
                              "may put it aside",
                              would_go(steps_[lost->number]), lost->offset));
  }

  static const char* would_go(const Step& step) {
    return step.why == replaced ? "would give way to a finished copy"
                                : "would go, left by an interruption";
  }

  Status<IoError> judge_going_log(Step& step, GoingRecords& records, std::size_t number) const {
    const auto log = open(step.file.name);
    if (!log.ok()) return fail(log.error());
    const auto judged = judge_removal(**log, step.file.parts.offset);
    if (!judged.ok()) return fail(judged.error());
    if (judged->claim == CutClaim::not_kafkas) {
      return refuse(step.file.name, fmt::format("{}, but {}: it is not ours to remove",
                                                would_go(step), judged->why));
    }
    step.aside = cutting_ == Cutting::kept && (*log)->size() > 0;
    if (cutting_ == Cutting::kept) return {};
    const auto misfit = records.add(**log, step.file.parts.offset, number);
    if (!misfit.ok()) return fail(misfit.error());
    if (!*misfit) return {};
    const auto zero = is_zero_from(**log, (*misfit)->position);
    if (!zero.ok()) return fail(zero.error());
    if (*zero) return {};
    return refuse(step.file.name,
                  fmt::format("{}, but is damaged at byte {}: {}; only a recovery may put it aside",
                              would_go(step), (*misfit)->position, (*misfit)->why));
  }

  Status<IoError> look_in(const Found& file, GoingRecords& records) const {
    const auto log = open(file.name);
    if (!log.ok()) return fail(log.error());
    return records.found_in(**log, file.parts.offset);
  }

  Env& env_;
  const std::string& dir_;
  Cutting cutting_;
  bool left_ = false;  ///< Something is half done.
  std::vector<Found> files_;
  std::vector<Step> steps_;
  std::vector<FileChange> changes_;
};

}  // namespace

std::optional<PartitionFileName> parse_partition_file(std::string_view name) {
  PartitionFileName parts;
  for (const std::string_view state : states) {
    if (!name.ends_with(state)) continue;
    parts.state = state;
    name.remove_suffix(state.size());
    break;
  }
  for (const std::string_view suffix : suffixes) {
    const auto offset = base_offset_of(name, suffix);
    if (!offset) continue;
    parts.offset = *offset;
    parts.suffix = suffix;
    return parts;
  }
  return std::nullopt;
}

Result<std::vector<FileChange>, IoError> finish_replacements(Env& env, const std::string& dir,
                                                             Cutting cutting,
                                                             const EndOfCopy& end_of_copy) {
  return Replacements(env, dir, cutting).finish(end_of_copy);
}

}  // namespace brokerlab::log
