#include "log/env/posix_env.h"

#include <fmt/format.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <dirent.h>
#include <fcntl.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace brokerlab::log {
namespace {

IoErrorKind kind_of(int error) {
  switch (error) {
    case ENOENT:
      return IoErrorKind::not_found;
    case EEXIST:
      return IoErrorKind::exists;
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
      return IoErrorKind::no_space;
    case EROFS:
    case EACCES:
    case EPERM:
      return IoErrorKind::read_only;
    default:
      return IoErrorKind::io;
  }
}

/// For the call that just failed; reads errno.
Failure<IoError> failed(std::string path) {
  const int error = errno;
  return fail(IoError{kind_of(error), std::move(path), std::generic_category().message(error)});
}

/// An open file descriptor.
class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&&) = delete;
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  int get() const { return fd_; }

 private:
  int fd_;
};

/// The pages of a file in memory, and room for as many again: pages behind the file's end come into
/// being with the bytes that are written there.
class MappedPages {
 public:
  MappedPages() = default;
  MappedPages(const MappedPages&) = delete;
  MappedPages& operator=(const MappedPages&) = delete;
  ~MappedPages() {
    if (begin_ != nullptr) ::munmap(begin_, room_);
  }

  /// The first `size` bytes of the file; none when the system has no mapping left.
  ByteView view(int fd, std::size_t size) {
    if (size > room_ && !grow(fd, 2 * size)) return {};
    return {static_cast<const std::byte*>(begin_), size};
  }

 private:
  bool grow(int fd, std::size_t room) {
    room = (room + least_room - 1) / least_room * least_room;
    void* begin = begin_ == nullptr ? ::mmap(nullptr, room, PROT_READ, MAP_SHARED, fd, 0)
                                    : ::mremap(begin_, room_, room, MREMAP_MAYMOVE);
    if (begin == MAP_FAILED) return false;
    begin_ = begin;
    room_ = room;
    return true;
  }

  static constexpr std::size_t least_room = std::size_t{64} << 10;
  void* begin_ = nullptr;
  std::size_t room_ = 0;
};

/// Repeats a call that a signal interrupted.
template <class Call>
auto retrying(Call call) {
  auto result = call();
  while (result == -1 && errno == EINTR) result = call();
  return result;
}

class PosixFile : public File {
 public:
  PosixFile(FileId id, std::string path, Descriptor descriptor, std::int64_t size, bool writable,
            PosixEnv::Mapping mapping)
      : id_(id),
        path_(std::move(path)),
        descriptor_(std::move(descriptor)),
        size_(size),
        writable_(writable),
        mapping_(mapping) {}

  FileId id() const override { return id_; }
  std::int64_t size() const override { return size_; }

  Result<std::size_t, IoError> read_at(std::int64_t position, MutableByteView out) override {
    std::size_t done = 0;
    while (done < out.size()) {
      const auto got = retrying([&] {
        return ::pread(descriptor_.get(), out.data() + done, out.size() - done,
                       position + static_cast<std::int64_t>(done));
      });
      if (got < 0) return failed(path_);
      if (got == 0) break;
      done += static_cast<std::size_t>(got);
    }
    // Somebody cut the file. Recovery must not take that for a torn write and cut even more.
    if (done < out.size() && position + static_cast<std::int64_t>(done) < size_) {
      return fail(IoError{
          IoErrorKind::io, path_,
          fmt::format("ends at {}, not at {}", position + static_cast<std::int64_t>(done), size_)});
    }
    return done;
  }

  ByteView mapped() override {
    if (mapping_ == PosixEnv::Mapping::none || size_ == 0) return {};
    return pages_.view(descriptor_.get(), static_cast<std::size_t>(size_));
  }

  Status<IoError> append(ByteView bytes) override {
    if (!writable_) return not_writable();
    while (!bytes.empty()) {
      const auto put =
          retrying([&] { return ::pwrite(descriptor_.get(), bytes.data(), bytes.size(), size_); });
      if (put < 0) return failed(path_);
      size_ += put;
      bytes = bytes.subspan(static_cast<std::size_t>(put));
    }
    return {};
  }

  Status<IoError> truncate(std::int64_t size) override {
    if (!writable_) return not_writable();
    ENSURE(size >= 0 && size <= size_, "{}: cut from {} to {}", path_, size_, size);
    if (retrying([&] { return ::ftruncate(descriptor_.get(), size); }) != 0) return failed(path_);
    size_ = size;
    return {};
  }

  Status<IoError> sync() override {
    if (retrying([&] { return ::fsync(descriptor_.get()); }) != 0) return failed(path_);
    return {};
  }

 private:
  Status<IoError> not_writable() const {
    return fail(IoError{IoErrorKind::read_only, path_, "may only be read"});
  }

  FileId id_;
  std::string path_;
  Descriptor descriptor_;
  std::int64_t size_;
  bool writable_;
  PosixEnv::Mapping mapping_;
  MappedPages pages_;
};

Result<std::unique_ptr<File>, IoError> open_with(const std::string& path, int flags, FileId id,
                                                 PosixEnv::Mapping mapping) {
  Descriptor descriptor(retrying([&] { return ::open(path.c_str(), flags | O_CLOEXEC, 0644); }));
  if (descriptor.get() < 0) return failed(path);
  struct stat status {};
  if (::fstat(descriptor.get(), &status) != 0) return failed(path);
  return std::unique_ptr<File>(std::make_unique<PosixFile>(
      id, path, std::move(descriptor), status.st_size, (flags & O_ACCMODE) != O_RDONLY, mapping));
}

}  // namespace

Result<std::unique_ptr<File>, IoError> PosixEnv::open(const std::string& path) {
  auto file = open_with(path, O_RDWR, FileId(next_id_++), mapping_);
  if (file.ok() || file.error().kind != IoErrorKind::read_only) return file;
  return open_with(path, O_RDONLY, FileId(next_id_++), mapping_);
}

Result<std::unique_ptr<File>, IoError> PosixEnv::create(const std::string& path) {
  return open_with(path, O_RDWR | O_CREAT | O_EXCL, FileId(next_id_++), mapping_);
}

bool PosixEnv::exists(const std::string& path) const { return ::access(path.c_str(), F_OK) == 0; }

Status<IoError> PosixEnv::rename(const std::string& from, const std::string& to) {
  if (std::rename(from.c_str(), to.c_str()) != 0) return failed(from);
  return {};
}

Status<IoError> PosixEnv::remove(const std::string& path) {
  if (::unlink(path.c_str()) != 0) return failed(path);
  return {};
}

Result<std::vector<std::string>, IoError> PosixEnv::list(const std::string& path) const {
  DIR* dir = ::opendir(path.c_str());
  if (dir == nullptr) return failed(path);
  std::vector<std::string> names;
  errno = 0;
  while (const dirent* entry = ::readdir(dir)) {
    const std::string name = &entry->d_name[0];
    if (name != "." && name != "..") names.push_back(name);
  }
  const int error = errno;
  ::closedir(dir);
  if (error != 0) {
    errno = error;
    return failed(path);
  }
  std::sort(names.begin(), names.end());
  return names;
}

Status<IoError> PosixEnv::make_dir(const std::string& path) {
  const auto made = [&path] {
    if (::mkdir(path.c_str(), 0755) == 0) return true;
    struct stat status {};
    const int error = errno;
    const bool there = error == EEXIST && ::stat(path.c_str(), &status) == 0;
    errno = error;  // Also of a file that has the name.
    return there && S_ISDIR(status.st_mode);
  };
  if (made()) return {};
  if (errno != ENOENT || parent_path(path) == path) return failed(path);
  if (auto parent = make_dir(parent_path(path)); !parent.ok()) return parent;
  if (made()) return {};
  return failed(path);
}

Status<IoError> PosixEnv::remove_dir(const std::string& path) {
  if (::rmdir(path.c_str()) != 0) return failed(path);
  return {};
}

Status<IoError> PosixEnv::sync_dir(const std::string& path) {
  const Descriptor descriptor(
      retrying([&] { return ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); }));
  if (descriptor.get() < 0) return failed(path);
  if (retrying([&] { return ::fsync(descriptor.get()); }) != 0) return failed(path);
  return {};
}

Result<std::unique_ptr<FileLock>, IoError> PosixEnv::lock(const std::string& path) {
  struct Lock final : FileLock {
    explicit Lock(Descriptor held) : descriptor(std::move(held)) {}
    Descriptor descriptor;
  };
  Descriptor descriptor(
      retrying([&] { return ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644); }));
  if (descriptor.get() < 0) return failed(path);
  if (retrying([&] { return ::flock(descriptor.get(), LOCK_EX | LOCK_NB); }) != 0) {
    if (errno != EWOULDBLOCK) return failed(path);
    return fail(IoError{IoErrorKind::locked, path, "is in use by another process"});
  }
  return std::unique_ptr<FileLock>(std::make_unique<Lock>(std::move(descriptor)));
}

}  // namespace brokerlab::log
