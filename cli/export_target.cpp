#include "cli/export_target.h"

#include "base/translation.h"

#include <cerrno>
#include <cstring>
#include <ostream>
#include <unistd.h>

namespace brokerlab::cli {

ExportTarget::ExportTarget(std::string path) : path_(std::move(path)) {
  auto file = FileReplacement::begin(path_);
  if (file) {
    file_.emplace(std::move(*file));
  } else {
    error_ = file.error();
  }
}

void ExportTarget::flush() {
  if (!error_ && stream_ != nullptr) {
    stream_->write(buffer_.data(), static_cast<std::streamsize>(buffer_.size()));
    if (!*stream_) error_ = tr("cannot write to standard output");
  }
  std::size_t done = 0;
  while (!error_ && file_ && done < buffer_.size()) {
    const ssize_t wrote = write(file_->descriptor(), buffer_.data() + done, buffer_.size() - done);
    if (wrote > 0) done += static_cast<std::size_t>(wrote);
    if (wrote < 0 && errno != EINTR) {
      error_ = tr("cannot write {}: {}", path_, std::strerror(errno));
    }
  }
  buffer_.clear();
}

Status<std::string> ExportTarget::close() {
  flush();
  if (stream_ != nullptr) stream_->flush();
  if (error_) {
    file_.reset();
    return fail(*error_);
  }
  if (!file_) return {};
  Status<std::string> done = file_->commit();
  file_.reset();
  return done;
}

}  // namespace brokerlab::cli
