#include "log/env/overlay_env.h"

#include "base/check.h"

#include <algorithm>

namespace brokerlab::log {
namespace {

using Contents = OverlayEnv::Contents;

class OverlayFile : public File {
 public:
  explicit OverlayFile(std::shared_ptr<Contents> contents) : contents_(std::move(contents)) {}

  FileId id() const override { return contents_->id; }
  std::int64_t size() const override { return contents_->size(); }

  Result<std::size_t, IoError> read_at(std::int64_t position, MutableByteView out) override {
    const std::int64_t left = std::max<std::int64_t>(0, size() - position);
    out = out.first(std::min(out.size(), static_cast<std::size_t>(left)));
    const std::int64_t kept = contents_->kept_below;
    std::size_t from_below = 0;
    if (position < kept) {
      from_below = std::min(out.size(), static_cast<std::size_t>(kept - position));
      const auto got = contents_->below->read_at(position, out.first(from_below));
      if (!got.ok() || *got < from_below) return got;
    }
    const auto in_tail = static_cast<std::size_t>(std::max<std::int64_t>(0, position - kept));
    const auto tail = ByteView(contents_->tail).subspan(std::min(in_tail, contents_->tail.size()));
    std::copy_n(tail.begin(), out.size() - from_below,
                out.begin() + static_cast<std::ptrdiff_t>(from_below));
    return out.size();
  }

  Status<IoError> append(ByteView bytes) override {
    contents_->tail.insert(contents_->tail.end(), bytes.begin(), bytes.end());
    return {};
  }

  Status<IoError> truncate(std::int64_t size) override {
    ENSURE(size >= 0 && size <= this->size(), "cut to {} of {}", size, this->size());
    const std::int64_t kept = std::min(size, contents_->kept_below);
    contents_->tail.resize(static_cast<std::size_t>(size - kept));
    contents_->kept_below = kept;
    return {};
  }

  Status<IoError> sync() override { return {}; }

 private:
  std::shared_ptr<Contents> contents_;
};

Failure<IoError> not_found(const std::string& path) {
  return fail(IoError{IoErrorKind::not_found, path, "not found"});
}

}  // namespace

Result<std::shared_ptr<Contents>, IoError> OverlayEnv::contents_of(const std::string& path) {
  const auto known = files_.find(path);
  if (known != files_.end()) {
    if (!known->second) return not_found(path);
    return known->second;
  }
  auto below = below_.open(path);
  if (!below.ok()) return fail(below.error());
  auto contents = std::make_shared<Contents>();
  contents->id = FileId(next_id_++);
  contents->kept_below = (*below)->size();
  contents->below = std::move(below).value();
  files_[path] = contents;
  return contents;
}

Result<std::unique_ptr<File>, IoError> OverlayEnv::open(const std::string& path) {
  auto contents = contents_of(path);
  if (!contents.ok()) return fail(contents.error());
  return std::unique_ptr<File>(std::make_unique<OverlayFile>(std::move(contents).value()));
}

Result<std::unique_ptr<File>, IoError> OverlayEnv::create(const std::string& path) {
  if (exists(path)) return fail(IoError{IoErrorKind::exists, path, "is there already"});
  auto contents = std::make_shared<Contents>();
  contents->id = FileId(next_id_++);
  files_[path] = contents;
  return std::unique_ptr<File>(std::make_unique<OverlayFile>(std::move(contents)));
}

bool OverlayEnv::exists(const std::string& path) const {
  const auto known = files_.find(path);
  if (known != files_.end()) return known->second != nullptr;
  return made_dirs_.contains(path) || below_.exists(path);
}

Status<IoError> OverlayEnv::rename(const std::string& from, const std::string& to) {
  auto contents = contents_of(from);
  if (!contents.ok()) return fail(contents.error());
  files_[to] = std::move(contents).value();
  files_[from] = nullptr;
  return {};
}

Status<IoError> OverlayEnv::remove(const std::string& path) {
  if (!exists(path)) return not_found(path);
  files_[path] = nullptr;
  return {};
}

Result<std::vector<std::string>, IoError> OverlayEnv::list(const std::string& path) const {
  std::set<std::string> names;
  if (auto below = below_.list(path); below.ok()) {
    names.insert(below->begin(), below->end());
  } else if (!made_dirs_.contains(path)) {
    return below;
  }
  for (const auto& [file, contents] : files_) {
    if (parent_path(file) != parent_path(join_path(path, "x"))) continue;
    const std::string name = file.substr(file.rfind('/') + 1);
    if (contents) {
      names.insert(name);
    } else {
      names.erase(name);
    }
  }
  return std::vector<std::string>(names.begin(), names.end());
}

Status<IoError> OverlayEnv::make_dir(const std::string& path) {
  if (!below_.exists(path)) made_dirs_.insert(path);
  return {};
}

Status<IoError> OverlayEnv::remove_dir(const std::string& path) {
  made_dirs_.erase(path);
  return {};
}

Status<IoError> OverlayEnv::sync_dir(const std::string& /*path*/) { return {}; }

Result<std::unique_ptr<FileLock>, IoError> OverlayEnv::lock(const std::string& /*path*/) {
  return std::make_unique<FileLock>();
}

}  // namespace brokerlab::log
