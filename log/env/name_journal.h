// NameJournal: which names of files and directories a power loss leaves, beside those that programs
// see.
//
// A change of a name is noted when a program makes it, enters the journal when the program has
// really got there (where syncs take time that is after the syncs before it), and is durable when
// the journal is committed: ext4's order, with one journal for all. What is not committed when the
// power goes never was.
//
// Part of MemoryEnv. Lifetime: a value. Threads: none. Errors: none.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace brokerlab::log {

/// Gives the directory `from`, and all in it, the names they have under `to`.
void move_dirs(std::set<std::string>& dirs, const std::string& from, const std::string& to);

class NameJournal {
 public:
  /// A file, as far as its durable name goes.
  struct Named {
    std::string durable_path;    ///< Empty: a power loss takes it.
    std::int64_t named_by = -1;  ///< The change that its durable name comes from.
  };
  using FilePtr = std::shared_ptr<Named>;

  // --- What programs do. Answers the number of the change, for enter() ---

  std::int64_t created(std::string path, FilePtr file);
  std::int64_t renamed(std::string from, std::string to, FilePtr file);
  std::int64_t removed(std::string path, FilePtr file);
  std::int64_t dir_renamed(std::string from, std::string to);
  /// These two are durable at once.
  void made_dir(const std::string& path) { dirs_.insert(path); }
  void removed_dir(const std::string& path) { dirs_.erase(path); }

  // --- The journal ---

  void enter(std::int64_t change);
  void enter_all();
  /// How many changes have entered so far: what commit() takes, for a commit that takes time.
  std::int64_t entered() const { return entered_; }
  bool has_entries() const { return waiting_ > 0; }  ///< That are not committed.
  std::int64_t entries() const { return waiting_; }

  void commit(std::int64_t up_to = INT64_MAX);
  void commit_oldest(std::int64_t count);
  /// Only names in this directory (POSIX promises no more of a sync of it).
  void commit_dir(const std::string& path);

  // --- What a power loss leaves ---

  const std::map<std::string, FilePtr>& files() const { return files_; }
  const std::set<std::string>& dirs() const { return dirs_; }
  void forget_uncommitted();

 private:
  enum class Kind { create, rename, remove, rename_dir };
  struct Change {
    std::int64_t number;
    Kind kind;
    std::string path;
    std::string to;           ///< For renames.
    FilePtr file;             ///< Not for directories.
    std::int64_t entry = -1;  ///< When it entered; -1: not yet.
  };

  std::int64_t note(Change change);
  template <class Chosen>
  void commit_those(Chosen chosen);
  void apply(const Change& change);
  void name(const FilePtr& file, std::int64_t change, const std::string& path);
  void move_dir(const std::string& from, const std::string& to);

  std::map<std::string, FilePtr> files_;
  std::set<std::string> dirs_;
  std::vector<Change> changes_;  ///< Not committed, in the order in which they were made.
  std::int64_t next_change_ = 0;
  std::int64_t entered_ = 0;
  std::int64_t waiting_ = 0;  ///< Of changes_, those that have entered.
};

}  // namespace brokerlab::log
