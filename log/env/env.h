// Env and File: all the log engine knows of storage. PosixEnv is a real file system, MemoryEnv a
// simulated one that can lose power.
//
// Files only grow at their end, or are cut: a log needs no more, and it keeps "what survives a
// power loss" simple. A path is text with '/' between names.
//
// Durability: what append(), truncate(), create(), rename() and remove() did may be undone by a
// power loss until File::sync() (contents and size of that file) and Env::sync_dir() (names in that
// directory).
// Errors: what the storage did is a returned IoError. Threads: one Env and its files, one thread.
#pragma once

#include "base/ids.h"
#include "base/result.h"
#include "log/types.h"

#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace brokerlab::log {

struct PhantomBatch;

/// A file of one Env; never used again for another file, and kept over renames.
using FileId = Id<struct FileTag, std::int32_t>;

enum class IoErrorKind { not_found, exists, no_space, read_only, locked, malformed, io };
std::string_view to_text(IoErrorKind kind);

struct IoError {
  IoErrorKind kind = IoErrorKind::io;
  std::string path;
  std::string message;

  std::string text() const;  ///< "/data/t-0/0.log: no space left".
};

/// An open file. Closing is destroying it; that syncs nothing.
class File {
 public:
  virtual ~File() = default;

  virtual FileId id() const = 0;
  virtual std::int64_t size() const = 0;
  /// Reads into `out` from `position`. Fewer bytes than asked for are only returned at the end: a
  /// device that gives them piecemeal is asked again, one that gives no more before size() is an io
  /// error. (A caller would take it for the end, and cut off what it thinks torn.)
  virtual Result<std::size_t, IoError> read_at(std::int64_t position, MutableByteView out) = 0;
  /// All size() bytes where they lie, for looking at few of them again and again; none where an Env
  /// does not map this file. Until the file is changed or closed. What read_at() would answer with
  /// an error, a broken device or a file that somebody else cut, ends the program here (SIGBUS).
  virtual ByteView mapped() { return {}; }
  /// For the same where an Env keeps a file in memory, but not as it is read: copies what a mapping
  /// would show at `position`, zeros beyond the end. False where an Env cannot.
  virtual bool look_at(std::int64_t /*position*/, MutableByteView /*out*/) const { return false; }
  /// All or, with an error, an unknown part of `bytes`.
  virtual Status<IoError> append(ByteView bytes) = 0;
  /// append(materialise(batch)), which is also what it does where an Env knows no better. The batch
  /// must be one that check_phantom() accepts.
  virtual Status<IoError> append_phantom(const PhantomBatch& batch);
  /// The phantom batches that begin at `position`, as far as they lie in the next `size` bytes, at
  /// the end of `into`. Returns how many of those bytes they are, the first part of one that does
  /// not fit in whole among them; 0 where bytes are kept, which read_at() gives.
  virtual Result<std::int64_t, IoError> read_phantoms(std::int64_t /*position*/,
                                                      std::int64_t /*size*/,
                                                      std::vector<PhantomBatch>& /*into*/) {
    return 0;
  }
  /// How many bytes lie at `position` before the next phantom batch begins; the largest number
  /// where none does.
  virtual std::int64_t bytes_before_phantom(std::int64_t /*position*/) const {
    return std::numeric_limits<std::int64_t>::max();
  }
  /// Cuts the file to `size`, which is at most size().
  virtual Status<IoError> truncate(std::int64_t size) = 0;
  virtual Status<IoError> sync() = 0;
};

/// Held as long as it lives: nobody else, in this process or another, gets the same lock.
class FileLock {
 public:
  virtual ~FileLock() = default;
};

class Env {
 public:
  virtual ~Env() = default;

  /// To read and write; a file that may only be read is opened for that, and writing is read_only.
  virtual Result<std::unique_ptr<File>, IoError> open(const std::string& path) = 0;
  /// A new empty file; `exists` when the name is taken.
  virtual Result<std::unique_ptr<File>, IoError> create(const std::string& path) = 0;
  virtual bool exists(const std::string& path) const = 0;
  /// A file replaces one of the name `to`. A directory is moved with all in it, and needs a free
  /// name.
  virtual Status<IoError> rename(const std::string& from, const std::string& to) = 0;
  virtual Status<IoError> remove(const std::string& path) = 0;
  /// Names (not paths) of the files and directories in `path`, sorted.
  virtual Result<std::vector<std::string>, IoError> list(const std::string& path) const = 0;
  virtual Status<IoError> make_dir(const std::string& path) = 0;    ///< Parents too; fine if there.
  virtual Status<IoError> remove_dir(const std::string& path) = 0;  ///< Must be empty.
  virtual Status<IoError> sync_dir(const std::string& path) = 0;
  /// Locks the file `path`, which is made when missing and stays behind; `locked` when somebody
  /// else has it. A process that dies gives its locks back.
  virtual Result<std::unique_ptr<FileLock>, IoError> lock(const std::string& path) = 0;
};

std::string join_path(std::string_view dir, std::string_view name);
std::string parent_path(std::string_view path);

/// The whole file as text; at most 64 MiB, for checkpoint files.
Result<std::string, IoError> read_text(Env& env, const std::string& path);
/// Writes `path`.tmp, syncs it, renames it to `path`, syncs the directory: after a power loss the
/// file holds the old text or the new, never a mixture. Source: Kafka's CheckpointFile.
Status<IoError> write_text_atomically(Env& env, const std::string& path, std::string_view text);

}  // namespace brokerlab::log
