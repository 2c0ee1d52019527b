// MemoryEnv: a file system in memory that knows which bytes would survive a power loss.
//
// The simulator puts one under each broker. Its IoObserver hears of all traffic and charges page
// cache and disk for it; its write-back calls mark_durable() when dirty pages reach the medium; a
// power loss calls lose_unsynced(), after which the log engine's own recovery must cope.
//
// What survives is modelled on ext4 with ordered data (its default):
//  - bytes: those of a synced file, and those passed to mark_durable();
//  - names (create, rename, remove): undone, newest first, unless committed by sync_dir(), by a
//    sync(), truncate() or mark_durable() of any file (each commits the one journal), or by
//    commit_names(), which the simulator calls for the journal's own five-second commit;
//  - making and removing directories, and cutting a file, are durable at once. (Real disks may
//  bring the cut bytes back within the commit
//    interval; that is not modelled yet.)
//
// Lifetime: files borrow the MemoryEnv; those open at lose_unsynced() answer only io errors after.
// Threads: none. Cost: an append copies the bytes and does a few nanoseconds of bookkeeping.
#pragma once

#include "base/random.h"
#include "log/env.h"

#include <map>
#include <optional>
#include <set>

namespace brokerlab::log {

/// Hears of every call that moves bytes, after it succeeded. Calls nothing of the Env.
class IoObserver {
 public:
  virtual ~IoObserver() = default;
  virtual void on_write(FileId file, std::int64_t position, std::int64_t size) = 0;
  virtual void on_read(FileId file, std::int64_t position, std::int64_t size) = 0;
  virtual void on_sync(FileId file) = 0;  ///< An invalid id: the names of a directory.
  virtual void on_truncate(FileId file, std::int64_t size) = 0;
  virtual void on_remove(FileId file) = 0;
};

class MemoryEnv : public Env {
 public:
  struct Options {
    /// Bytes of all files together; an append beyond it is no_space.
    std::int64_t capacity = INT64_MAX;
    /// A sync of any file makes all names durable (ext4). Without it only sync_dir() does (POSIX).
    bool sync_commits_names = true;
  };

  explicit MemoryEnv(Options options);
  MemoryEnv();
  ~MemoryEnv() override;
  MemoryEnv(const MemoryEnv&) = delete;
  MemoryEnv& operator=(const MemoryEnv&) = delete;

  Result<std::unique_ptr<File>, IoError> open(const std::string& path) override;
  Result<std::unique_ptr<File>, IoError> create(const std::string& path) override;
  bool exists(const std::string& path) const override;
  Status<IoError> rename(const std::string& from, const std::string& to) override;
  Status<IoError> remove(const std::string& path) override;
  Result<std::vector<std::string>, IoError> list(const std::string& path) const override;
  Status<IoError> make_dir(const std::string& path) override;
  Status<IoError> remove_dir(const std::string& path) override;
  Status<IoError> sync_dir(const std::string& path) override;
  Result<std::unique_ptr<FileLock>, IoError> lock(const std::string& path) override;

  void set_observer(IoObserver* observer) { observer_ = observer; }  ///< Borrowed; may be null.

  /// The n-th call from now (1 is the next) that could fail does, with `kind`; then all is well.
  void fail_call(std::int64_t n, IoErrorKind kind);

  /// Write-back put bytes [begin, end) of the file on the medium. Fine if the file is gone.
  void mark_durable(FileId file, std::int64_t begin, std::int64_t end);
  /// The journal committed: names as they are now will survive.
  void commit_names();
  /// Bytes a power loss would take now.
  std::int64_t unsynced_bytes() const;

  struct PowerLoss {
    /// Chance, for each file cut, that some 512-byte sectors behind the durable prefix survive,
    /// followed by zeros or garbage up to where a write had ended.
    double tear_probability = 0.0;
  };
  /// Power loss. Every file is cut to its durable prefix, names not committed are undone. Returns
  /// the bytes lost (torn ones count as lost).
  std::int64_t lose_unsynced(RandomStream& random, PowerLoss how);
  std::int64_t lose_unsynced(RandomStream& random) { return lose_unsynced(random, PowerLoss{}); }

  /// For the observer's owner: the file's present path, "" when it is gone.
  std::string path_of(FileId file) const;
  std::int64_t total_size() const { return total_size_; }

 private:
  class MemoryFile;
  struct FileData;
  struct NameChange;

  std::optional<IoError> injected_failure(const std::string& path);
  void name(const std::shared_ptr<FileData>& file, const std::string& path);
  void unname(FileData& file);
  Status<IoError> rename_dir(const std::string& from, const std::string& to);
  void move_dir(const std::string& from, const std::string& to);
  void cut(FileData& file, std::int64_t size);
  void undo(const NameChange& change);
  std::int64_t tear(FileData& file, std::int64_t durable, RandomStream& random);

  Options options_;
  IoObserver* observer_ = nullptr;
  std::map<std::string, std::shared_ptr<FileData>> files_;
  std::set<std::string> dirs_;
  /// Shared with the locks, which may outlive us. A power loss ends those who hold them.
  std::shared_ptr<std::set<std::string>> locked_ = std::make_shared<std::set<std::string>>();
  std::vector<std::weak_ptr<FileData>> by_id_;
  std::vector<NameChange> uncommitted_;
  std::int64_t total_size_ = 0;
  std::int64_t power_cycle_ = 0;  ///< Files opened in an earlier one are dead.
  std::int64_t fail_in_ = 0;      ///< 0: no failure is planned.
  IoErrorKind fail_kind_ = IoErrorKind::io;
};

}  // namespace brokerlab::log
