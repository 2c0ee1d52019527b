#include "cli/export_target.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <ostream>
#include <unistd.h>

namespace brokerlab::cli {

ExportTarget::ExportTarget(std::string path)
    : path_(std::move(path)), writing_path_(path_ + ".writing") {
  constexpr int everyone_reads = 0666;
  file_ = open(writing_path_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, everyone_reads);
  if (file_ < 0) note_error();
}

ExportTarget::~ExportTarget() {
  if (file_ < 0) return;
  ::close(file_);
  std::error_code ignored;
  std::filesystem::remove(writing_path_, ignored);
}

void ExportTarget::note_error() {
  if (error_) return;
  error_ = fmt::format("cannot write {}: {}", path_, std::strerror(errno));
}

void ExportTarget::flush() {
  if (!error_ && stream_ != nullptr) {
    stream_->write(buffer_.data(), static_cast<std::streamsize>(buffer_.size()));
    if (!*stream_) error_ = "cannot write to standard output";
  }
  std::size_t done = 0;
  while (!error_ && stream_ == nullptr && done < buffer_.size()) {
    const ssize_t wrote = write(file_, buffer_.data() + done, buffer_.size() - done);
    if (wrote > 0) done += static_cast<std::size_t>(wrote);
    if (wrote < 0 && errno != EINTR) note_error();
  }
  buffer_.clear();
}

Status<std::string> ExportTarget::close() {
  flush();
  if (stream_ != nullptr) {
    stream_->flush();
  } else if (file_ >= 0) {
    if (::close(file_) != 0) note_error();
    file_ = -1;
    std::error_code problem;
    if (error_) {
      std::filesystem::remove(writing_path_, problem);
    } else {
      std::filesystem::rename(writing_path_, path_, problem);
      if (problem) error_ = fmt::format("cannot write {}: {}", path_, problem.message());
    }
  }
  if (error_) return fail(*error_);
  return {};
}

}  // namespace brokerlab::cli
