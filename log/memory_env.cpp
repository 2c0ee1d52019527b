#include "log/memory_env.h"

#include <algorithm>
#include <cstring>

namespace brokerlab::log {
namespace {

constexpr std::int64_t sector = 512;  ///< What a disk writes whole or not at all.

std::size_t index(std::int64_t n) { return static_cast<std::size_t>(n); }

/// Bytes that grow at the end without ever moving more than the first chunk.
class ChunkedBytes {
 public:
  std::int64_t size() const { return size_; }

  void append(ByteView bytes) {
    while (!bytes.empty()) {
      const std::size_t chunk = index(size_ / chunk_size);
      const std::size_t used = index(size_ % chunk_size);
      reserve(chunk, used + bytes.size());
      const std::size_t room = (chunk == 0 ? first_capacity_ : index(chunk_size)) - used;
      const std::size_t part = std::min(room, bytes.size());
      std::memcpy(chunks_[chunk].get() + used, bytes.data(), part);
      size_ += static_cast<std::int64_t>(part);
      bytes = bytes.subspan(part);
    }
  }

  /// [position, position + out.size()) must lie inside.
  void read(std::int64_t position, MutableByteView out) const {
    while (!out.empty()) {
      const std::size_t begin = index(position % chunk_size);
      const std::size_t part = std::min(index(chunk_size) - begin, out.size());
      std::memcpy(out.data(), chunks_[index(position / chunk_size)].get() + begin, part);
      position += static_cast<std::int64_t>(part);
      out = out.subspan(part);
    }
  }

  void truncate(std::int64_t size) {
    size_ = size;
    chunks_.resize(index((size + chunk_size - 1) / chunk_size));
    if (chunks_.empty()) first_capacity_ = 0;
  }

 private:
  static constexpr std::int64_t chunk_size = 64 * 1024;

  /// Room for `wanted` bytes in `chunk`, or as many as fit in one. The first chunk grows by
  /// doubling, since most files (indexes, checkpoints) are small.
  void reserve(std::size_t chunk, std::size_t wanted) {
    if (chunk > 0) {
      if (chunk == chunks_.size()) {
        chunks_.push_back(std::make_unique_for_overwrite<std::byte[]>(index(chunk_size)));
      }
      return;
    }
    wanted = std::min(wanted, index(chunk_size));
    if (wanted > first_capacity_) {
      grow_first(
          std::min(index(chunk_size), std::max({std::size_t{256}, wanted, first_capacity_ * 2})));
    }
  }

  void grow_first(std::size_t capacity) {
    auto grown = std::make_unique_for_overwrite<std::byte[]>(capacity);
    if (chunks_.empty()) {
      chunks_.push_back(std::move(grown));
    } else {
      std::memcpy(grown.get(), chunks_[0].get(), std::min(first_capacity_, capacity));
      chunks_[0] = std::move(grown);
    }
    first_capacity_ = capacity;
  }

  std::vector<std::unique_ptr<std::byte[]>> chunks_;
  std::size_t first_capacity_ = 0;
  std::int64_t size_ = 0;
};

/// Half-open ranges of bytes, sorted, apart from each other. Almost always none or one.
class RangeSet {
 public:
  struct Range {
    std::int64_t begin;
    std::int64_t end;
  };

  /// Adds a range behind all others, or adjoining the last.
  void add_at_end(std::int64_t begin, std::int64_t end) {
    if (!ranges_.empty() && ranges_.back().end == begin) {
      ranges_.back().end = end;
    } else {
      ranges_.push_back({begin, end});
    }
  }

  void remove(std::int64_t begin, std::int64_t end) {
    if (begin >= end || ranges_.empty()) return;
    std::vector<Range> left;
    left.reserve(ranges_.size() + 1);
    for (const Range& range : ranges_) {
      if (range.begin < std::min(range.end, begin)) {
        left.push_back({range.begin, std::min(range.end, begin)});
      }
      if (std::max(range.begin, end) < range.end) {
        left.push_back({std::max(range.begin, end), range.end});
      }
    }
    ranges_ = std::move(left);
  }

  void clear() { ranges_.clear(); }
  bool empty() const { return ranges_.empty(); }
  std::int64_t front() const { return ranges_.front().begin; }
  std::int64_t total() const {
    std::int64_t bytes = 0;
    for (const Range& range : ranges_) bytes += range.end - range.begin;
    return bytes;
  }

 private:
  std::vector<Range> ranges_;
};

}  // namespace

struct MemoryEnv::FileData {
  FileId id;
  std::string path;  ///< Empty once removed.
  ChunkedBytes bytes;
  RangeSet unsynced;
};

struct MemoryEnv::NameChange {
  enum class Kind { create, remove, rename, rename_dir };
  Kind kind;
  std::string path;
  std::string to;                      ///< For rename.
  std::shared_ptr<FileData> file;      ///< Created, removed or renamed.
  std::shared_ptr<FileData> replaced;  ///< What the rename's target was before.
};

class MemoryEnv::MemoryFile : public File {
 public:
  MemoryFile(MemoryEnv& env, std::shared_ptr<FileData> data)
      : env_(env), data_(std::move(data)), power_cycle_(env.power_cycle_) {}

  FileId id() const override { return data_->id; }
  std::int64_t size() const override { return data_->bytes.size(); }

  Result<std::size_t, IoError> read_at(std::int64_t position, MutableByteView out) override {
    if (auto failure = failed()) return fail(std::move(*failure));
    ENSURE(position >= 0);
    const std::int64_t left = std::max<std::int64_t>(0, size() - position);
    const std::size_t part = std::min(out.size(), index(left));
    data_->bytes.read(position, out.first(part));
    if (env_.observer_ != nullptr && part > 0) {
      env_.observer_->on_read(id(), position, static_cast<std::int64_t>(part));
    }
    return part;
  }

  Status<IoError> append(ByteView bytes) override {
    if (auto failure = failed()) return fail(std::move(*failure));
    if (bytes.empty()) return {};
    const auto count = static_cast<std::int64_t>(bytes.size());
    const bool named = !data_->path.empty();
    if (count > env_.options_.capacity - env_.total_size_) {
      return fail(IoError{IoErrorKind::no_space, data_->path, ""});
    }
    const std::int64_t position = size();
    data_->bytes.append(bytes);
    data_->unsynced.add_at_end(position, position + count);
    if (named) env_.total_size_ += count;
    if (env_.observer_ != nullptr) env_.observer_->on_write(id(), position, count);
    return {};
  }

  Status<IoError> truncate(std::int64_t new_size) override {
    if (auto failure = failed()) return fail(std::move(*failure));
    ENSURE(new_size >= 0 && new_size <= size(), "{}: cut from {} to {}", data_->path, size(),
           new_size);
    env_.cut(*data_, new_size);
    // One journal, in order: a cut cannot survive when a removal before it does not.
    if (env_.options_.sync_commits_names) env_.commit_names();
    if (env_.observer_ != nullptr) env_.observer_->on_truncate(id(), new_size);
    return {};
  }

  Status<IoError> sync() override {
    if (auto failure = failed()) return fail(std::move(*failure));
    data_->unsynced.clear();
    if (env_.options_.sync_commits_names) env_.commit_names();
    if (env_.observer_ != nullptr) env_.observer_->on_sync(id());
    return {};
  }

 private:
  std::optional<IoError> failed() {
    if (power_cycle_ != env_.power_cycle_) {
      return IoError{IoErrorKind::io, data_->path, "opened before the power was lost"};
    }
    return env_.injected_failure(data_->path);
  }

  MemoryEnv& env_;
  std::shared_ptr<FileData> data_;
  std::int64_t power_cycle_;
};

MemoryEnv::MemoryEnv(Options options) : options_(options), dirs_{"/", "."} {}
MemoryEnv::MemoryEnv() : MemoryEnv(Options{}) {}
MemoryEnv::~MemoryEnv() = default;

std::optional<IoError> MemoryEnv::injected_failure(const std::string& path) {
  if (fail_in_ == 0 || --fail_in_ > 0) return std::nullopt;
  return IoError{fail_kind_, path, "injected"};
}

void MemoryEnv::fail_call(std::int64_t n, IoErrorKind kind) {
  ENSURE(n > 0);
  fail_in_ = n;
  fail_kind_ = kind;
}

Result<std::unique_ptr<File>, IoError> MemoryEnv::open(const std::string& path) {
  if (auto failure = injected_failure(path)) return fail(std::move(*failure));
  const auto found = files_.find(path);
  if (found == files_.end()) return fail(IoError{IoErrorKind::not_found, path, ""});
  return std::unique_ptr<File>(std::make_unique<MemoryFile>(*this, found->second));
}

Result<std::unique_ptr<File>, IoError> MemoryEnv::create(const std::string& path) {
  if (auto failure = injected_failure(path)) return fail(std::move(*failure));
  if (exists(path)) return fail(IoError{IoErrorKind::exists, path, ""});
  if (!dirs_.contains(parent_path(path))) {
    return fail(IoError{IoErrorKind::not_found, path, "no such directory"});
  }
  auto data = std::make_shared<FileData>();
  data->id = FileId(static_cast<std::int32_t>(by_id_.size()));
  data->path = path;
  by_id_.push_back(data);
  files_.emplace(path, data);
  uncommitted_.push_back({NameChange::Kind::create, path, "", data, nullptr});
  return std::unique_ptr<File>(std::make_unique<MemoryFile>(*this, std::move(data)));
}

bool MemoryEnv::exists(const std::string& path) const {
  return files_.contains(path) || dirs_.contains(path);
}

void MemoryEnv::unname(FileData& file) {
  total_size_ -= file.bytes.size();
  files_.erase(file.path);
  file.path.clear();
}

void MemoryEnv::name(const std::shared_ptr<FileData>& file, const std::string& path) {
  total_size_ += file->bytes.size();
  file->path = path;
  files_[path] = file;
}

void MemoryEnv::cut(FileData& file, std::int64_t size) {
  const std::int64_t before = file.bytes.size();
  if (!file.path.empty()) total_size_ -= before - size;
  file.unsynced.remove(size, before);
  file.bytes.truncate(size);
}

Status<IoError> MemoryEnv::rename(const std::string& from, const std::string& to) {
  if (auto failure = injected_failure(from)) return fail(std::move(*failure));
  if (dirs_.contains(from)) return rename_dir(from, to);
  const auto found = files_.find(from);
  if (found == files_.end()) return fail(IoError{IoErrorKind::not_found, from, ""});
  if (dirs_.contains(to)) return fail(IoError{IoErrorKind::exists, to, "a directory"});
  if (!dirs_.contains(parent_path(to))) {
    return fail(IoError{IoErrorKind::not_found, to, "no such directory"});
  }
  if (from == to) return {};
  const std::shared_ptr<FileData> file = found->second;
  std::shared_ptr<FileData> replaced;
  if (const auto target = files_.find(to); target != files_.end()) {
    replaced = target->second;
    unname(*replaced);
    if (observer_ != nullptr) observer_->on_remove(replaced->id);
  }
  unname(*file);
  name(file, to);
  uncommitted_.push_back({NameChange::Kind::rename, from, to, file, std::move(replaced)});
  return {};
}

Status<IoError> MemoryEnv::rename_dir(const std::string& from, const std::string& to) {
  if (exists(to)) return fail(IoError{IoErrorKind::exists, to, ""});
  if (!dirs_.contains(parent_path(to)) || to.starts_with(from + "/")) {
    return fail(IoError{IoErrorKind::not_found, to, "no such directory"});
  }
  move_dir(from, to);
  uncommitted_.push_back({NameChange::Kind::rename_dir, from, to, nullptr, nullptr});
  return {};
}

/// Gives everything in `from`, and `from` itself, the names they have under `to`.
void MemoryEnv::move_dir(const std::string& from, const std::string& to) {
  const std::string prefix = from + "/";
  std::vector<std::shared_ptr<FileData>> files;
  for (auto at = files_.lower_bound(prefix); at != files_.end() && at->first.starts_with(prefix);
       ++at) {
    files.push_back(at->second);
  }
  for (const auto& file : files) {
    const std::string path = file->path;
    unname(*file);
    name(file, to + path.substr(from.size()));
  }
  std::set<std::string> moved{to};
  for (auto at = dirs_.lower_bound(prefix); at != dirs_.end() && at->starts_with(prefix);) {
    moved.insert(to + at->substr(from.size()));
    at = dirs_.erase(at);
  }
  dirs_.erase(from);
  dirs_.merge(moved);
}

Status<IoError> MemoryEnv::remove(const std::string& path) {
  if (auto failure = injected_failure(path)) return fail(std::move(*failure));
  const auto found = files_.find(path);
  if (found == files_.end()) return fail(IoError{IoErrorKind::not_found, path, ""});
  const std::shared_ptr<FileData> file = found->second;
  unname(*file);
  uncommitted_.push_back({NameChange::Kind::remove, path, "", file, nullptr});
  if (observer_ != nullptr) observer_->on_remove(file->id);
  return {};
}

Result<std::vector<std::string>, IoError> MemoryEnv::list(const std::string& path) const {
  if (!dirs_.contains(path)) return fail(IoError{IoErrorKind::not_found, path, ""});
  const std::string prefix = path.ends_with('/') ? path : path + "/";
  std::vector<std::string> names;
  const auto collect = [&](const std::string& full) {
    if (!full.starts_with(prefix)) return false;
    const std::string name = full.substr(prefix.size());
    if (!name.empty() && name.find('/') == std::string::npos) names.push_back(name);
    return true;
  };
  for (auto at = files_.lower_bound(prefix); at != files_.end() && collect(at->first);) ++at;
  for (auto at = dirs_.lower_bound(prefix); at != dirs_.end() && collect(*at);) ++at;
  std::sort(names.begin(), names.end());
  return names;
}

Status<IoError> MemoryEnv::make_dir(const std::string& path) {
  if (auto failure = injected_failure(path)) return fail(std::move(*failure));
  for (std::string dir = path; dirs_.insert(dir).second; dir = parent_path(dir)) {
    if (files_.contains(dir)) {
      dirs_.erase(dir);
      return fail(IoError{IoErrorKind::exists, dir, "a file"});
    }
  }
  return {};
}

Status<IoError> MemoryEnv::remove_dir(const std::string& path) {
  if (auto failure = injected_failure(path)) return fail(std::move(*failure));
  const auto names = list(path);
  if (!names.ok()) return fail(names.error());
  if (!names.value().empty()) return fail(IoError{IoErrorKind::io, path, "not empty"});
  dirs_.erase(path);
  return {};
}

Result<std::unique_ptr<FileLock>, IoError> MemoryEnv::lock(const std::string& path) {
  struct Lock final : FileLock {
    Lock(std::shared_ptr<std::set<std::string>> all, std::string name)
        : locked(std::move(all)), path(std::move(name)) {}
    ~Lock() override { locked->erase(path); }
    std::shared_ptr<std::set<std::string>> locked;
    std::string path;
  };
  if (auto failure = injected_failure(path)) return fail(*failure);
  if (!exists(path)) {
    if (auto made = create(path); !made.ok()) return fail(made.error());
  }
  if (!locked_->insert(path).second) {
    return fail(IoError{IoErrorKind::locked, path, "is in use by another process"});
  }
  return std::unique_ptr<FileLock>(std::make_unique<Lock>(locked_, path));
}

Status<IoError> MemoryEnv::sync_dir(const std::string& path) {
  if (auto failure = injected_failure(path)) return fail(std::move(*failure));
  if (!dirs_.contains(path)) return fail(IoError{IoErrorKind::not_found, path, ""});
  if (options_.sync_commits_names) {
    commit_names();
  } else {
    std::erase_if(uncommitted_, [&](const NameChange& change) {
      return parent_path(change.to.empty() ? change.path : change.to) == path;
    });
  }
  if (observer_ != nullptr) observer_->on_sync(FileId());
  return {};
}

void MemoryEnv::mark_durable(FileId file, std::int64_t begin, std::int64_t end) {
  ENSURE(file.valid() && index(file.value()) < by_id_.size(), "file {}", file);
  if (const auto data = by_id_[index(file.value())].lock()) data->unsynced.remove(begin, end);
  if (options_.sync_commits_names) commit_names();
}

void MemoryEnv::commit_names() { uncommitted_.clear(); }

std::int64_t MemoryEnv::unsynced_bytes() const {
  std::int64_t bytes = 0;
  for (const auto& [path, file] : files_) bytes += file->unsynced.total();
  return bytes;
}

void MemoryEnv::undo(const NameChange& change) {
  switch (change.kind) {
    case NameChange::Kind::create:
      unname(*change.file);
      break;
    case NameChange::Kind::remove:
      // Its directory may have been removed since, which is durable at once.
      for (std::string dir = parent_path(change.path); dirs_.insert(dir).second;) {
        dir = parent_path(dir);
      }
      name(change.file, change.path);
      break;
    case NameChange::Kind::rename_dir:
      move_dir(change.to, change.path);
      break;
    case NameChange::Kind::rename:
      unname(*change.file);
      name(change.file, change.path);
      if (change.replaced) name(change.replaced, change.to);
      break;
  }
}

std::int64_t MemoryEnv::tear(FileData& file, std::int64_t durable, RandomStream& random) {
  const std::int64_t written = file.bytes.size();
  const auto boundary_after = [&](std::int64_t from) {
    const std::int64_t sectors = (written - from + sector - 1) / sector;
    return std::min(written, (from / sector + random.below(sectors + 1)) * sector);
  };
  const std::int64_t kept = std::max(durable, boundary_after(durable));
  const std::int64_t end = std::max(kept, boundary_after(kept));
  const bool garbage = random.chance(0.5);
  cut(file, kept);
  ByteVector rest(index(end - kept));
  if (garbage) {
    for (std::byte& byte : rest) byte = static_cast<std::byte>(random.bits());
  }
  file.bytes.append(rest);
  total_size_ += end - kept;
  return written - kept;
}

std::int64_t MemoryEnv::lose_unsynced(RandomStream& random, PowerLoss how) {
  ++power_cycle_;
  locked_ = std::make_shared<std::set<std::string>>();
  for (auto change = uncommitted_.rbegin(); change != uncommitted_.rend(); ++change) undo(*change);
  std::int64_t lost = 0;
  for (const NameChange& change : uncommitted_) {
    if (change.kind == NameChange::Kind::create) lost += change.file->bytes.size();
  }
  uncommitted_.clear();
  for (const auto& [path, file] : files_) {
    if (file->unsynced.empty()) continue;
    const std::int64_t durable = file->unsynced.front();
    if (random.chance(how.tear_probability)) {
      lost += tear(*file, durable, random);
    } else {
      lost += file->bytes.size() - durable;
      cut(*file, durable);
    }
    file->unsynced.clear();
  }
  return lost;
}

std::string MemoryEnv::path_of(FileId file) const {
  ENSURE(file.valid() && index(file.value()) < by_id_.size(), "file {}", file);
  const auto data = by_id_[index(file.value())].lock();
  return data ? data->path : "";
}

}  // namespace brokerlab::log
