// MemoryEnv: a file system in memory that knows which bytes would survive a power loss.
//
// The simulator puts one under each broker. Its IoObserver hears of all traffic and charges page
// cache and disk for it; its write-back calls mark_durable() when dirty pages reach the medium; a
// power loss calls lose_unsynced(), after which the log engine's own recovery must cope.
//
// What survives is modelled on ext4 with ordered data (its default):
//  - bytes: those of a synced file, and those passed to mark_durable();
//  - names (create, rename, remove): those committed by sync_dir(), by a sync(), truncate() or
//    mark_durable() of any file (each commits the one journal), or through names();
//  - where syncs take time (IoObserver::syncs_at_once) a sync does nothing by itself; the observer
//    says when a change of names has entered the journal, when that is committed, and which bytes
//    the medium has;
//  - making and removing directories, and cutting a file, are durable at once. (Real disks may
//    bring the cut bytes back within the commit interval; that is not modelled yet.)
// What goes wrong before that is planned in faults().
//
// One class over 400 lines: bytes, names and what a power loss takes of both are one state.
// Lifetime: files borrow the MemoryEnv; those open at lose_unsynced() or kill_process() answer only
// io errors after.
// Threads: none. Cost: an append copies the bytes and does a few nanoseconds of bookkeeping; a
// phantom batch stays one until it is read.
#pragma once

#include "base/random.h"
#include "log/env/env.h"
#include "log/env/fault_plan.h"
#include "log/env/name_journal.h"

#include <functional>
#include <map>
#include <optional>
#include <set>

namespace brokerlab::log {

/// Hears of every call that moves bytes, after it succeeded, and stands for the medium below. Calls
/// nothing of the Env but names().
class IoObserver {
 public:
  virtual ~IoObserver() = default;
  /// Asked before each append: false makes it no_space.
  virtual bool admits(std::int64_t /*more*/) { return true; }
  /// False: a sync makes nothing durable when it is called, and names enter the journal by
  /// on_names_changed() only.
  virtual bool syncs_at_once() const { return true; }
  virtual void on_names_changed(std::int64_t /*change*/) {}  ///< See NameJournal::enter().
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

  FaultPlan& faults() { return faults_; }
  const FaultPlan& faults() const { return faults_; }
  void fail_call(std::int64_t n, IoErrorKind kind) { faults_.fail_call(n, kind); }

  /// The medium rots: this bit (0 is the lowest) of the byte at `position` reads inverted until it
  /// is cut away or flipped again. The byte must be there.
  void flip_bit(const std::string& path, std::int64_t position, int bit);
  struct FlippedBit {
    std::string path;
    std::int64_t position = 0;
    int bit = 0;
  };
  /// One bit of all those in files whose path ends with `suffix`; nothing when they are empty.
  std::optional<FlippedBit> flip_random_bit(RandomStream& random, std::string_view suffix = "");
  /// The same of what a power loss would leave in files whose path begins with `prefix`.
  std::optional<FlippedBit> flip_durable_bit(RandomStream& random, std::string_view prefix,
                                             std::string_view suffix);

  /// Write-back put bytes [begin, end) of the file on the medium. Fine if the file is gone.
  void mark_durable(FileId file, std::int64_t begin, std::int64_t end);
  /// For those whose syncs take time, and for a journal that commits by itself.
  NameJournal& names() { return names_; }
  void commit_names() { names_.commit(); }
  /// Bytes a power loss would take now.
  std::int64_t unsynced_bytes() const;

  struct PowerLoss {
    /// Chance, for each file cut, that some sectors behind the durable prefix survive, followed by
    /// zeros or garbage up to where a write had ended.
    double tear_probability = 0.0;
    /// Whether one was on its way to the medium, and may be torn; unset: of every file.
    std::function<bool(FileId)> was_writing = {};
    /// Bytes that reach the medium whole or not at all: a sector, or 1 to tear at any byte.
    std::int64_t tear_unit = 512;
    /// Chance that the journal had committed some of the name changes by itself, the oldest first.
    double journal_probability = 0.0;
  };
  /// Power loss. Every file is cut to its durable prefix, names not committed are undone. Returns
  /// the bytes lost (torn ones count as lost).
  std::int64_t lose_unsynced(RandomStream& random, PowerLoss how);
  std::int64_t lose_unsynced(RandomStream& random) { return lose_unsynced(random, PowerLoss{}); }
  /// Only the process died: its files and locks are gone, but the operating system has every byte
  /// and name, and will bring them to the medium unless the power fails too.
  void kill_process();

  /// For the observer's owner: the file's present path, "" when it is gone.
  std::string path_of(FileId file) const;
  std::int64_t total_size() const { return total_size_; }
  /// Bytes of our memory that the contents of all files take, spare room included. Phantom batches
  /// (File::append_phantom) count as what they are: about ten bytes each where many come in a row,
  /// though several files that have the same ones share them.
  std::int64_t footprint() const;
  /// Files that are remembered by their id, among them some that are gone.
  std::size_t known_files() const { return by_id_.size(); }

 private:
  class MemoryFile;
  struct FileData;

  std::optional<IoError> planned_failure(const std::string& path) const;
  Result<std::vector<std::string>, IoError> names_in(const std::string& path) const;
  void name(const std::shared_ptr<FileData>& file, const std::string& path);
  void unname(FileData& file);
  Status<IoError> rename_dir(const std::string& from, const std::string& to);
  void move_dir(const std::string& from, const std::string& to);
  void cut(FileData& file, std::int64_t size);
  std::optional<FlippedBit> flip_one_of(
      RandomStream& random, const std::function<std::int64_t(const FileData&)>& bytes_of);
  bool syncs_at_once() const;
  void commit_names_by_sync();
  void note(std::int64_t change);
  std::shared_ptr<FileData> find(FileId file) const;
  void end_process();
  std::int64_t tear(FileData& file, std::int64_t durable, RandomStream& random, std::int64_t unit);
  std::int64_t lose_names(RandomStream& random, double journal_probability);

  Options options_;
  IoObserver* observer_ = nullptr;
  std::map<std::string, std::shared_ptr<FileData>> files_;
  std::set<std::string> dirs_;
  /// Shared with the locks, which may outlive us. A power loss ends those who hold them.
  std::shared_ptr<std::set<std::string>> locked_ = std::make_shared<std::set<std::string>>();
  /// Files that are gone are swept out when they may be the greater part: a file that is written
  /// anew every few seconds would otherwise leave something behind each time.
  std::map<FileId, std::weak_ptr<FileData>> by_id_;
  std::size_t sweep_at_ = 64;
  std::int32_t next_id_ = 0;
  NameJournal names_;
  std::int64_t total_size_ = 0;
  std::int64_t power_cycle_ = 0;  ///< Files opened in an earlier one are dead.
  mutable FaultPlan faults_;      ///< list() const counts its call too.
};

}  // namespace brokerlab::log
