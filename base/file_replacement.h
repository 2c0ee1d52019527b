// FileReplacement: a file that is there whole, under its name, or not at all.
//
// It is written under "<path>.writing" and takes the place of what was at `path` by commit(), in
// one step. Meanwhile it is locked (flock), so a second writer of the same path is told at its
// start, and nobody's finished file is ever another one's unfinished one. What a killed process has
// left under that name is not locked, and is written over.
//
// Lifetime: removes what was not committed. Threads: none.
// Errors:   one sentence that names the file; begin() has those of the place (no such folder, in
//           use), commit() those of the end.
#pragma once

#include "base/result.h"

#include <string>
#include <string_view>

namespace brokerlab {

class FileReplacement {
 public:
  static constexpr const char* suffix = ".writing";

  /// Locks and empties "<path>.writing". Whether `path` may be replaced is the caller's to know.
  static Result<FileReplacement, std::string> begin(const std::string& path);
  FileReplacement(FileReplacement&& other) noexcept;
  FileReplacement& operator=(FileReplacement&& other) noexcept;
  ~FileReplacement();

  const std::string& path() const { return path_; }
  const std::string& writing_path() const { return writing_path_; }
  /// Open for reading and writing, at its beginning. Not to be closed.
  int descriptor() const { return file_; }

  Status<std::string> commit();

 private:
  FileReplacement() = default;
  void drop();

  std::string path_;
  std::string writing_path_;
  int file_ = -1;
  int slot_ = -1;  ///< Among those that a signal removes.
};

/// Puts `text` in the place of the file.
Status<std::string> replace_file(const std::string& path, std::string_view text);

/// Somebody is writing the file now.
bool is_being_written(const std::string& path);

/// For main(): a signal that ends the process (Ctrl-C, SIGTERM, a closed pipe or terminal) removes
/// what it was writing, and the first two say so; a file that grows past the limit of the shell
/// (ulimit -f) is an error of its writer, not the end of the process.
void remove_unfinished_files_on_signals();

}  // namespace brokerlab
