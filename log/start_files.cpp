#include "log/start_files.h"

#include "log/producer_snapshot.h"
#include "log/segment.h"

#include <algorithm>
#include <array>
#include <limits>

namespace brokerlab::log {
namespace {

constexpr std::string_view deleted_suffix = ".deleted";
constexpr std::array states{cleaned_suffix, swap_suffix, deleted_suffix};
constexpr std::array suffixes{log_suffix, index_suffix, time_index_suffix, transaction_index_suffix,
                              snapshot_suffix};

struct Found {
  std::string name;
  PartitionFileName parts;
};

class Replacements {
 public:
  Replacements(Env& env, const std::string& dir) : env_(env), dir_(dir) {}

  Result<std::vector<FileChange>, IoError> finish(const EndOfCopy& end_of_copy) {
    if (auto found = find(); !found.ok()) return fail(found.error());
    if (files_.empty()) return std::vector<FileChange>();
    if (auto removed = remove_unfinished(); !removed.ok()) return fail(removed.error());
    if (auto removed = remove_originals(end_of_copy); !removed.ok()) return fail(removed.error());
    if (auto renamed = rename_copies(); !renamed.ok()) return fail(renamed.error());
    if (!changes_.empty()) {
      if (auto synced = env_.sync_dir(dir_); !synced.ok()) return fail(synced.error());
    }
    return std::move(changes_);
  }

 private:
  /// Only when something was left is there anything to do.
  Status<IoError> find() {
    const auto names = env_.list(dir_);
    if (!names.ok()) return fail(names.error());
    bool left = false;
    for (const std::string& name : *names) {
      const auto parts = parse_partition_file(name);
      if (!parts) continue;
      left = left || !parts->state.empty();
      files_.push_back({name, *parts});
    }
    if (!left) files_.clear();
    // A directory of such a name is nobody's copy.
    std::erase_if(files_,
                  [this](const Found& file) { return env_.list(join_path(dir_, file.name)).ok(); });
    return {};
  }

  template <class Goes>
  Status<IoError> remove_if(const Goes& goes) {
    for (auto file = files_.begin(); file != files_.end();) {
      if (!goes(file->parts)) {
        ++file;
        continue;
      }
      if (auto removed = env_.remove(join_path(dir_, file->name)); !removed.ok()) return removed;
      changes_.push_back({file->name, {}});
      file = files_.erase(file);
    }
    return {};
  }

  Status<IoError> remove_unfinished() {
    Offset first_cleaned = std::numeric_limits<Offset>::max();
    for (const Found& file : files_) {
      if (file.parts.state == cleaned_suffix) {
        first_cleaned = std::min(first_cleaned, file.parts.offset);
      }
    }
    // The .cleaned last: as long as one is there, its .swap is known to be unfinished.
    if (auto removed = remove_if([&](const PartitionFileName& file) {
          return file.state == deleted_suffix ||
                 (file.state == swap_suffix && file.offset >= first_cleaned);
        });
        !removed.ok()) {
      return removed;
    }
    return remove_if([](const PartitionFileName& file) { return file.state == cleaned_suffix; });
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
    return remove_if([&](const PartitionFileName& file) {
      return file.state.empty() && file.offset >= begin && file.offset < end;
    });
  }

  Status<IoError> rename_copies() {
    for (const bool logs : {true, false}) {
      for (const Found& file : files_) {
        if (file.parts.state != swap_suffix || (file.parts.suffix == log_suffix) != logs) continue;
        const std::string now = file.name.substr(0, file.name.size() - swap_suffix.size());
        auto renamed = env_.rename(join_path(dir_, file.name), join_path(dir_, now));
        if (!renamed.ok()) return renamed;
        changes_.push_back({file.name, now});
      }
    }
    return {};
  }

  Env& env_;
  const std::string& dir_;
  std::vector<Found> files_;
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
                                                             const EndOfCopy& end_of_copy) {
  return Replacements(env, dir).finish(end_of_copy);
}

}  // namespace brokerlab::log
