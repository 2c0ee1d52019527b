#include "log/env/memory_env.h"

#include "log/env/memory_bytes.h"

#include <fmt/format.h>

#include <algorithm>

namespace brokerlab::log {

struct MemoryEnv::FileData : NameJournal::Named {
  FileId id;
  std::string path;  ///< Empty once removed.
  MemoryBytes bytes;
  RangeSet unsynced;
  std::map<std::int64_t, std::byte> flips;  ///< Position -> the bits that rotted there.

  void read(std::int64_t position, MutableByteView out) const {
    bytes.read(position, out);
    const auto end = position + static_cast<std::int64_t>(out.size());
    for (auto flip = flips.lower_bound(position); flip != flips.end() && flip->first < end;
         ++flip) {
      out[to_index(flip->first - position)] ^= flip->second;
    }
  }
};

class MemoryEnv::MemoryFile : public File {
 public:
  MemoryFile(MemoryEnv& env, std::shared_ptr<FileData> data)
      : env_(env), data_(std::move(data)), power_cycle_(env.power_cycle_) {}

  FileId id() const override { return data_->id; }
  std::int64_t size() const override { return data_->bytes.size(); }

  Result<std::size_t, IoError> read_at(std::int64_t position, MutableByteView out) override {
    if (const auto fault = next_call()) return fail(error_of(*fault));
    ENSURE(position >= 0);
    const std::int64_t wanted = std::min(static_cast<std::int64_t>(out.size()),
                                         std::max<std::int64_t>(0, size() - position));
    for (std::int64_t done = 0; done < wanted;) {
      const std::int64_t part = std::min(wanted - done, env_.faults_.read_limit());
      if (part == 0) {
        return fail(IoError{IoErrorKind::io, data_->path,
                            fmt::format("the device gave {} of {} bytes", done, wanted)});
      }
      data_->read(position + done, out.subspan(to_index(done), to_index(part)));
      if (env_.observer_ != nullptr) env_.observer_->on_read(id(), position + done, part);
      done += part;
    }
    return to_index(wanted);
  }

  bool look_at(std::int64_t position, MutableByteView out) const override {
    const std::int64_t there =
        std::clamp<std::int64_t>(size() - position, 0, static_cast<std::int64_t>(out.size()));
    if (there > 0) data_->read(position, out.first(to_index(there)));
    std::fill(out.begin() + there, out.end(), std::byte{0});
    return true;
  }

  Status<IoError> append(ByteView bytes) override {
    if (const auto fault = next_call()) {
      write(bytes.first(std::min(bytes.size(), to_index(fault->bytes_of_write))));
      return fail(error_of(*fault));
    }
    if (auto full = no_room_for(static_cast<std::int64_t>(bytes.size()))) return fail(*full);
    write(bytes);
    return {};
  }

  Status<IoError> append_phantom(const PhantomBatch& batch) override {
    if (const auto fault = next_call()) {
      ByteVector part(to_index(std::min(batch.size(), fault->bytes_of_write)));
      read_phantom(batch, 0, part);
      write(part);
      return fail(error_of(*fault));
    }
    if (auto full = no_room_for(batch.size())) return fail(*full);
    write(batch);
    return {};
  }

  Result<std::int64_t, IoError> read_phantoms(std::int64_t position, std::int64_t size,
                                              std::vector<PhantomBatch>& into) override {
    const std::int64_t got = data_->bytes.read_phantoms(position, size, into);
    if (got == 0) return 0;
    if (const auto fault = next_call()) return fail(error_of(*fault));
    if (env_.observer_ != nullptr) env_.observer_->on_read(id(), position, got);
    return got;
  }
  std::int64_t bytes_before_phantom(std::int64_t position) const override {
    return data_->bytes.bytes_before_phantom(position);
  }

  Status<IoError> truncate(std::int64_t new_size) override {
    if (const auto fault = next_call()) return fail(error_of(*fault));
    ENSURE(new_size >= 0 && new_size <= size(), "{}: cut from {} to {}", data_->path, size(),
           new_size);
    env_.cut(*data_, new_size);
    // One journal, in order: a cut cannot survive when a removal before it does not.
    if (env_.options_.sync_commits_names) env_.commit_names_by_sync();
    if (env_.observer_ != nullptr) env_.observer_->on_truncate(id(), new_size);
    return {};
  }

  Status<IoError> sync() override {
    if (const auto fault = next_call()) return fail(error_of(*fault));
    if (env_.syncs_at_once()) data_->unsynced.clear();
    if (env_.options_.sync_commits_names) env_.commit_names_by_sync();
    if (env_.observer_ != nullptr) env_.observer_->on_sync(id());
    return {};
  }

 private:
  std::optional<FaultPlan::Fault> next_call() {
    if (power_cycle_ == env_.power_cycle_) return env_.faults_.next_call();
    return FaultPlan::Fault{IoErrorKind::io, "opened before the power was lost", 0};
  }

  IoError error_of(const FaultPlan::Fault& fault) const {
    return {fault.kind, data_->path, std::string(fault.message)};
  }

  std::optional<IoError> no_room_for(std::int64_t count) const {
    const bool fits = count <= env_.options_.capacity - env_.total_size_;
    if (fits && (env_.observer_ == nullptr || env_.observer_->admits(count))) return std::nullopt;
    return IoError{IoErrorKind::no_space, data_->path, ""};
  }

  /// Bytes, or a phantom batch.
  template <class Content>
  void write(const Content& content) {
    const std::int64_t position = size();
    data_->bytes.append(content);
    const std::int64_t count = size() - position;
    if (count == 0) return;
    data_->unsynced.add_at_end(position, position + count);
    if (!data_->path.empty()) env_.total_size_ += count;
    if (env_.observer_ != nullptr) env_.observer_->on_write(id(), position, count);
  }

  MemoryEnv& env_;
  std::shared_ptr<FileData> data_;
  std::int64_t power_cycle_;
};

MemoryEnv::MemoryEnv(Options options) : options_(options), dirs_{"/", "."} {
  for (const std::string& dir : dirs_) names_.made_dir(dir);
}
MemoryEnv::MemoryEnv() : MemoryEnv(Options{}) {}
MemoryEnv::~MemoryEnv() = default;

std::optional<IoError> MemoryEnv::planned_failure(const std::string& path) const {
  const auto fault = faults_.next_call();
  if (!fault) return std::nullopt;
  return IoError{fault->kind, path, std::string(fault->message)};
}

Result<std::unique_ptr<File>, IoError> MemoryEnv::open(const std::string& path) {
  if (auto failure = planned_failure(path)) return fail(std::move(*failure));
  const auto found = files_.find(path);
  if (found == files_.end()) return fail(IoError{IoErrorKind::not_found, path, ""});
  return std::unique_ptr<File>(std::make_unique<MemoryFile>(*this, found->second));
}

Result<std::unique_ptr<File>, IoError> MemoryEnv::create(const std::string& path) {
  if (auto failure = planned_failure(path)) return fail(std::move(*failure));
  if (exists(path)) return fail(IoError{IoErrorKind::exists, path, ""});
  if (!dirs_.contains(parent_path(path))) {
    return fail(IoError{IoErrorKind::not_found, path, "no such directory"});
  }
  auto data = std::make_shared<FileData>();
  data->id = FileId(next_id_++);
  data->path = path;
  if (by_id_.size() >= sweep_at_) {
    std::erase_if(by_id_, [](const auto& one) { return one.second.expired(); });
    sweep_at_ = std::max<std::size_t>(64, 2 * by_id_.size());
  }
  by_id_.emplace_hint(by_id_.end(), data->id, data);
  files_.emplace(path, data);
  note(names_.created(path, data));
  return std::unique_ptr<File>(std::make_unique<MemoryFile>(*this, std::move(data)));
}

bool MemoryEnv::exists(const std::string& path) const {
  return files_.contains(path) || dirs_.contains(path);
}

void MemoryEnv::unname(FileData& file) {
  ENSURE(!file.path.empty(), "a file without a name");
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
  file.flips.erase(file.flips.lower_bound(size), file.flips.end());
  file.bytes.truncate(size);
}

Status<IoError> MemoryEnv::rename(const std::string& from, const std::string& to) {
  if (auto failure = planned_failure(from)) return fail(std::move(*failure));
  if (dirs_.contains(from)) return rename_dir(from, to);
  const auto found = files_.find(from);
  if (found == files_.end()) return fail(IoError{IoErrorKind::not_found, from, ""});
  if (dirs_.contains(to)) return fail(IoError{IoErrorKind::exists, to, "a directory"});
  if (!dirs_.contains(parent_path(to))) {
    return fail(IoError{IoErrorKind::not_found, to, "no such directory"});
  }
  if (from == to) return {};
  const std::shared_ptr<FileData> file = found->second;
  if (const auto target = files_.find(to); target != files_.end()) {
    const std::shared_ptr<FileData> replaced = target->second;
    unname(*replaced);
    if (observer_ != nullptr) observer_->on_remove(replaced->id);
  }
  unname(*file);
  name(file, to);
  note(names_.renamed(from, to, file));
  return {};
}

Status<IoError> MemoryEnv::rename_dir(const std::string& from, const std::string& to) {
  if (exists(to)) return fail(IoError{IoErrorKind::exists, to, ""});
  if (!dirs_.contains(parent_path(to)) || to.starts_with(from + "/")) {
    return fail(IoError{IoErrorKind::not_found, to, "no such directory"});
  }
  move_dir(from, to);
  note(names_.dir_renamed(from, to));
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
  move_dirs(dirs_, from, to);
}

Status<IoError> MemoryEnv::remove(const std::string& path) {
  if (auto failure = planned_failure(path)) return fail(std::move(*failure));
  const auto found = files_.find(path);
  if (found == files_.end()) return fail(IoError{IoErrorKind::not_found, path, ""});
  const std::shared_ptr<FileData> file = found->second;
  unname(*file);
  note(names_.removed(path, file));
  if (observer_ != nullptr) observer_->on_remove(file->id);
  return {};
}

Result<std::vector<std::string>, IoError> MemoryEnv::list(const std::string& path) const {
  if (auto failure = planned_failure(path)) return fail(std::move(*failure));
  return names_in(path);
}

Result<std::vector<std::string>, IoError> MemoryEnv::names_in(const std::string& path) const {
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
  if (auto failure = planned_failure(path)) return fail(std::move(*failure));
  for (std::string dir = path; dirs_.insert(dir).second; dir = parent_path(dir)) {
    if (files_.contains(dir)) {
      dirs_.erase(dir);
      return fail(IoError{IoErrorKind::exists, dir, "a file"});
    }
    names_.made_dir(dir);
  }
  return {};
}

Status<IoError> MemoryEnv::remove_dir(const std::string& path) {
  if (auto failure = planned_failure(path)) return fail(std::move(*failure));
  const auto names = names_in(path);
  if (!names.ok()) return fail(names.error());
  if (!names.value().empty()) return fail(IoError{IoErrorKind::io, path, "not empty"});
  dirs_.erase(path);
  names_.removed_dir(path);
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
  if (!exists(path)) {
    if (auto made = create(path); !made.ok()) return fail(made.error());
  } else if (auto failure = planned_failure(path)) {
    return fail(std::move(*failure));
  }
  if (!locked_->insert(path).second) {
    return fail(IoError{IoErrorKind::locked, path, "is in use by another process"});
  }
  return std::unique_ptr<FileLock>(std::make_unique<Lock>(locked_, path));
}

Status<IoError> MemoryEnv::sync_dir(const std::string& path) {
  if (auto failure = planned_failure(path)) return fail(std::move(*failure));
  if (!dirs_.contains(path)) return fail(IoError{IoErrorKind::not_found, path, ""});
  if (options_.sync_commits_names) {
    commit_names_by_sync();
  } else if (syncs_at_once()) {
    names_.commit_dir(path);
  }
  if (observer_ != nullptr) observer_->on_sync(FileId());
  return {};
}

/// nullptr: it is gone.
std::shared_ptr<MemoryEnv::FileData> MemoryEnv::find(FileId file) const {
  ENSURE(file.valid() && file.value() < next_id_, "file {}", file);
  const auto found = by_id_.find(file);
  return found == by_id_.end() ? nullptr : found->second.lock();
}

void MemoryEnv::mark_durable(FileId file, std::int64_t begin, std::int64_t end) {
  if (const auto data = find(file)) data->unsynced.remove(begin, end);
  if (options_.sync_commits_names) names_.commit();
}

/// A change of names, just made.
void MemoryEnv::note(std::int64_t change) {
  if (syncs_at_once()) {
    names_.enter(change);
  } else {
    observer_->on_names_changed(change);
  }
}

bool MemoryEnv::syncs_at_once() const { return observer_ == nullptr || observer_->syncs_at_once(); }

void MemoryEnv::commit_names_by_sync() {
  if (syncs_at_once()) names_.commit();
}

std::int64_t MemoryEnv::unsynced_bytes() const {
  std::int64_t bytes = 0;
  for (const auto& [path, file] : files_) bytes += file->unsynced.total();
  return bytes;
}

std::int64_t MemoryEnv::tear(FileData& file, std::int64_t durable, RandomStream& random,
                             std::int64_t unit) {
  const std::int64_t written = file.bytes.size();
  const auto boundary_after = [&](std::int64_t from) {
    const std::int64_t units = (written - from + unit - 1) / unit;
    return std::min(written, (from / unit + random.below(units + 1)) * unit);
  };
  const std::int64_t kept = std::max(durable, boundary_after(durable));
  const std::int64_t end = std::max(kept, boundary_after(kept));
  const bool garbage = random.chance(0.5);
  cut(file, kept);
  ByteVector rest(to_index(end - kept));
  if (garbage) {
    for (std::byte& byte : rest) byte = static_cast<std::byte>(random.bits());
  }
  file.bytes.append(rest);
  total_size_ += end - kept;
  return written - kept;
}

/// Back to the names that are durable. Returns the bytes of files that have none.
std::int64_t MemoryEnv::lose_names(RandomStream& random, double journal_probability) {
  // No draw without need: runs that never ask for this stay the same.
  if (journal_probability > 0 && random.chance(journal_probability)) {
    names_.commit_oldest(random.below(names_.entries() + 1));
  }
  names_.forget_uncommitted();
  std::int64_t lost = 0;
  for (const auto& [path, file] : std::exchange(files_, {})) {
    if (file->durable_path.empty()) lost += file->bytes.size();
    file->path.clear();
  }
  dirs_ = names_.dirs();
  total_size_ = 0;
  for (const auto& [path, named] : names_.files()) {
    name(std::static_pointer_cast<FileData>(named), path);
    // The directory may have been removed since, which is durable at once.
    for (std::string dir = parent_path(path); dirs_.insert(dir).second; dir = parent_path(dir)) {
      names_.made_dir(dir);
    }
  }
  return lost;
}

std::int64_t MemoryEnv::lose_unsynced(RandomStream& random, PowerLoss how) {
  ENSURE(how.tear_unit > 0);
  end_process();
  std::int64_t lost = lose_names(random, how.journal_probability);
  for (const auto& [path, file] : files_) {
    if (file->unsynced.empty()) continue;
    const std::int64_t durable = file->unsynced.front();
    const bool may_tear = !how.was_writing || how.was_writing(file->id);
    if (may_tear && random.chance(how.tear_probability)) {
      lost += tear(*file, durable, random, how.tear_unit);
    } else {
      lost += file->bytes.size() - durable;
      cut(*file, durable);
    }
    file->unsynced.clear();
  }
  return lost;
}

/// What the process had open is dead.
void MemoryEnv::end_process() {
  ++power_cycle_;
  locked_ = std::make_shared<std::set<std::string>>();
  faults_.power_on();
}

void MemoryEnv::kill_process() {
  end_process();
  names_.enter_all();  // names that everybody sees
}

void MemoryEnv::flip_bit(const std::string& path, std::int64_t position, int bit) {
  const auto found = files_.find(path);
  ENSURE(found != files_.end() && bit >= 0 && bit < 8, "{}: bit {}", path, bit);
  FileData& file = *found->second;
  ENSURE(position >= 0 && position < file.bytes.size(), "{}: byte {}", path, position);
  file.flips[position] ^= std::byte{1} << bit;
}

std::optional<MemoryEnv::FlippedBit> MemoryEnv::flip_random_bit(RandomStream& random,
                                                                std::string_view suffix) {
  return flip_one_of(random, [suffix](const FileData& file) {
    return file.path.ends_with(suffix) ? file.bytes.size() : 0;
  });
}

std::optional<MemoryEnv::FlippedBit> MemoryEnv::flip_durable_bit(RandomStream& random,
                                                                 std::string_view prefix,
                                                                 std::string_view suffix) {
  return flip_one_of(random, [prefix, suffix](const FileData& file) -> std::int64_t {
    if (!file.path.starts_with(prefix) || !file.path.ends_with(suffix)) return 0;
    return file.unsynced.empty() ? file.bytes.size() : file.unsynced.front();
  });
}

/// `bytes_of`: how many bytes of the file, from its begin, may be hit.
std::optional<MemoryEnv::FlippedBit> MemoryEnv::flip_one_of(
    RandomStream& random, const std::function<std::int64_t(const FileData&)>& bytes_of) {
  std::int64_t bytes = 0;
  for (const auto& [path, file] : files_) bytes += bytes_of(*file);
  if (bytes == 0) return std::nullopt;
  std::int64_t position = random.below(bytes);
  for (const auto& [path, file] : files_) {
    const std::int64_t here = bytes_of(*file);
    if (position < here) {
      const FlippedBit flipped{path, position, static_cast<int>(random.below(8))};
      flip_bit(flipped.path, flipped.position, flipped.bit);
      return flipped;
    }
    position -= here;
  }
  UNREACHABLE();
}

std::int64_t MemoryEnv::footprint() const {
  std::int64_t bytes = 0;
  for (const auto& [path, file] : files_) bytes += file->bytes.footprint();
  return bytes;
}

std::string MemoryEnv::path_of(FileId file) const {
  const auto data = find(file);
  return data ? data->path : "";
}

}  // namespace brokerlab::log
