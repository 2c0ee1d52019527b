#include "log/env/name_journal.h"

#include "base/check.h"
#include "log/env/env.h"

#include <algorithm>

namespace brokerlab::log {

void move_dirs(std::set<std::string>& dirs, const std::string& from, const std::string& to) {
  const std::string prefix = from + "/";
  std::set<std::string> moved{to};
  for (auto at = dirs.lower_bound(prefix); at != dirs.end() && at->starts_with(prefix);) {
    moved.insert(to + at->substr(from.size()));
    at = dirs.erase(at);
  }
  dirs.erase(from);
  dirs.merge(moved);
}

// --- What programs do ---

std::int64_t NameJournal::note(Change change) {
  change.number = next_change_++;
  changes_.push_back(std::move(change));
  return changes_.back().number;
}

std::int64_t NameJournal::created(std::string path, FilePtr file) {
  return note({0, Kind::create, std::move(path), "", std::move(file)});
}

std::int64_t NameJournal::renamed(std::string from, std::string to, FilePtr file) {
  return note({0, Kind::rename, std::move(from), std::move(to), std::move(file)});
}

std::int64_t NameJournal::removed(std::string path, FilePtr file) {
  return note({0, Kind::remove, std::move(path), "", std::move(file)});
}

std::int64_t NameJournal::dir_renamed(std::string from, std::string to) {
  return note({0, Kind::rename_dir, std::move(from), std::move(to), nullptr});
}

// --- The journal ---

void NameJournal::enter(std::int64_t number) {
  const auto change =
      std::lower_bound(changes_.begin(), changes_.end(), number,
                       [](const Change& one, std::int64_t wanted) { return one.number < wanted; });
  // Everything may have entered at once, or been forgotten, in between.
  if (change == changes_.end() || change->number != number || change->entry >= 0) return;
  change->entry = entered_++;
  ++waiting_;
}

void NameJournal::enter_all() {
  for (Change& change : changes_) {
    if (change.entry >= 0) continue;
    change.entry = entered_++;
    ++waiting_;
  }
}

template <class Chosen>
void NameJournal::commit_those(Chosen chosen) {
  if (waiting_ == 0) return;
  std::vector<Change> left;
  for (Change& change : changes_) {
    bool commits = change.entry >= 0 && chosen(change);
    if (commits && change.kind == Kind::rename_dir) {
      // A file that got its name in there before has to have it first.
      commits = std::none_of(left.begin(), left.end(), [&](const Change& earlier) {
        return earlier.path.starts_with(change.path + "/") ||
               earlier.to.starts_with(change.path + "/");
      });
    }
    if (commits) {
      apply(change);
      --waiting_;
    } else {
      left.push_back(std::move(change));
    }
  }
  changes_ = std::move(left);
}

void NameJournal::commit(std::int64_t up_to) {
  commit_those([up_to](const Change& change) { return change.entry < up_to; });
}

void NameJournal::commit_oldest(std::int64_t count) {
  commit_those([&count](const Change&) { return count-- > 0; });
}

void NameJournal::commit_dir(const std::string& path) {
  commit_those([&path](const Change& change) {
    return parent_path(change.to.empty() ? change.path : change.to) == path;
  });
}

void NameJournal::apply(const Change& change) {
  switch (change.kind) {
    case Kind::create:
      name(change.file, change.number, change.path);
      break;
    case Kind::rename:
      name(change.file, change.number, change.to);
      break;
    case Kind::remove:
      name(change.file, change.number, "");
      break;
    case Kind::rename_dir:
      move_dir(change.path, change.to);
      break;
  }
}

/// Of two changes of a file's name, or of two files that took a name, the later one counts, in
/// whatever order they are committed.
void NameJournal::name(const FilePtr& file, std::int64_t change, const std::string& path) {
  if (file->named_by > change) return;
  file->named_by = change;
  if (!file->durable_path.empty()) files_.erase(file->durable_path);
  file->durable_path.clear();
  if (path.empty()) return;
  FilePtr& holder = files_[path];
  if (holder && holder->named_by > change) return;
  if (holder) holder->durable_path.clear();
  holder = file;
  file->durable_path = path;
}

void NameJournal::move_dir(const std::string& from, const std::string& to) {
  const std::string prefix = from + "/";
  std::vector<FilePtr> moved;
  for (auto at = files_.lower_bound(prefix); at != files_.end() && at->first.starts_with(prefix);) {
    moved.push_back(at->second);
    at = files_.erase(at);
  }
  for (const FilePtr& file : moved) {
    file->durable_path = to + file->durable_path.substr(from.size());
    files_[file->durable_path] = file;
  }
  move_dirs(dirs_, from, to);
}

// --- A power loss ---

void NameJournal::forget_uncommitted() {
  changes_.clear();
  waiting_ = 0;
}

}  // namespace brokerlab::log
