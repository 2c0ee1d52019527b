#include "base/file_replacement.h"

#include "base/translation.h"

#include <sys/file.h>
#include <sys/stat.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <optional>
#include <unistd.h>

namespace brokerlab {
namespace {

/// What a signal handler may look at: no memory is asked for, nothing is locked.
struct Unfinished {
  std::atomic<bool> used = false;
  std::atomic<bool> ready = false;  ///< Path and words are complete.
  std::array<char, PATH_MAX> path{};
  std::array<char, PATH_MAX + 256> words{};  ///< What to say of it.
  std::size_t words_size = 0;
};
std::array<Unfinished, 16> unfinished;

int remember(const std::string& writing, const std::string& path) {
  const std::string words = tr("brokerlab: interrupted; {} was not written", path) + "\n";
  if (writing.size() >= PATH_MAX || words.size() >= Unfinished().words.size()) return -1;
  for (std::size_t i = 0; i < unfinished.size(); ++i) {
    Unfinished& slot = unfinished[i];
    if (slot.used.exchange(true)) continue;
    std::memcpy(slot.path.data(), writing.c_str(), writing.size() + 1);
    slot.words_size = words.copy(slot.words.data(), words.size());
    slot.ready = true;
    return static_cast<int>(i);
  }
  return -1;
}

void forget(int index) {
  if (index < 0) return;
  Unfinished& slot = unfinished[static_cast<std::size_t>(index)];
  slot.ready = false;
  slot.used = false;
}

void remove_and_die(int signal) {
  for (const Unfinished& slot : unfinished) {
    if (!slot.ready) continue;
    unlink(slot.path.data());
    // Who pressed Ctrl-C looks at a line of progress, or of "^C".
    if (signal == SIGINT) (void)!write(STDERR_FILENO, "\n", 1);
    if (signal == SIGINT || signal == SIGTERM) {
      (void)!write(STDERR_FILENO, slot.words.data(), slot.words_size);
    }
  }
  std::signal(signal, SIG_DFL);
  std::raise(signal);
}

/// Whether the name still stands for the open file.
bool is_file_of(int file, const std::string& path) {
  struct stat opened {};
  struct stat named {};
  return fstat(file, &opened) == 0 && stat(path.c_str(), &named) == 0 &&
         opened.st_dev == named.st_dev && opened.st_ino == named.st_ino;
}

std::string why(const std::string& path, int error) {
  const auto folder = std::filesystem::path(path).parent_path();
  std::error_code ignored;
  if (error == ENOENT && !folder.empty() && !std::filesystem::exists(folder, ignored)) {
    return tr("cannot write {}: there is no folder {}", path, folder.string());
  }
  return tr("cannot write {}: {}", path, std::strerror(error));
}

}  // namespace

Result<FileReplacement, std::string> FileReplacement::begin(const std::string& path) {
  if (path.empty()) return fail(tr("a file needs a name"));
  FileReplacement made;
  made.path_ = path;
  const std::string writing = path + suffix;
  constexpr int everyone_reads = 0666;
  while (true) {
    const int file = open(writing.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, everyone_reads);
    if (file < 0) return fail(why(path, errno));
    if (flock(file, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
      close(file);
      return fail(
          tr("{} is being written by another process right now ({}): choose "
             "another name, or wait for it",
             path, writing));
    }
    // Between open() and flock() its writer may have finished it: then it is another file now.
    if (!is_file_of(file, writing)) {
      close(file);
      continue;
    }
    made.file_ = file;
    made.writing_path_ = writing;
    made.slot_ = remember(writing, path);
    break;
  }
  if (ftruncate(made.file_, 0) != 0) return fail(why(path, errno));
  return made;
}

FileReplacement::FileReplacement(FileReplacement&& other) noexcept
    : path_(std::move(other.path_)),
      writing_path_(std::move(other.writing_path_)),
      file_(std::exchange(other.file_, -1)),
      slot_(std::exchange(other.slot_, -1)) {}

FileReplacement& FileReplacement::operator=(FileReplacement&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(writing_path_, other.writing_path_);
  std::swap(file_, other.file_);
  std::swap(slot_, other.slot_);
  return *this;
}

FileReplacement::~FileReplacement() { drop(); }

void FileReplacement::drop() {
  if (file_ < 0) return;
  if (is_file_of(file_, writing_path_)) unlink(writing_path_.c_str());
  forget(std::exchange(slot_, -1));
  close(std::exchange(file_, -1));  // and with it the lock, last
}

Status<std::string> FileReplacement::commit() {
  ENSURE(file_ >= 0, "a file is finished once");
  std::optional<std::string> problem;
  if (!is_file_of(file_, writing_path_)) {
    problem = tr("cannot write {}: somebody has removed {}", path_, writing_path_);
  } else if (std::rename(writing_path_.c_str(), path_.c_str()) != 0) {
    problem = why(path_, errno);
  }
  if (problem) {
    drop();
    return fail(std::move(*problem));
  }
  forget(std::exchange(slot_, -1));
  close(std::exchange(file_, -1));
  return {};
}

Status<std::string> replace_file(const std::string& path, std::string_view text) {
  auto file = FileReplacement::begin(path);
  if (!file) return fail(file.error());
  while (!text.empty()) {
    const ssize_t wrote = write(file->descriptor(), text.data(), text.size());
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) return fail(why(path, errno));
    text.remove_prefix(static_cast<std::size_t>(wrote));
  }
  return file->commit();
}

bool is_being_written(const std::string& path) {
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return false;
  const bool locked = flock(file, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
  close(file);
  return locked;
}

void remove_unfinished_files_on_signals() {
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE}) {
    // What the parent ignores (nohup) stays ignored.
    if (std::signal(signal, remove_and_die) == SIG_IGN) std::signal(signal, SIG_IGN);
  }
  std::signal(SIGXFSZ, SIG_IGN);
}

}  // namespace brokerlab
