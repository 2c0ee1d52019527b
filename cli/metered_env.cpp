#include "cli/metered_env.h"

namespace brokerlab::cli {
namespace {

class MeteredFile : public log::File {
 public:
  MeteredFile(std::unique_ptr<log::File> file, ByteProgress& progress)
      : file_(std::move(file)), progress_(progress) {}

  log::FileId id() const override { return file_->id(); }
  std::int64_t size() const override { return file_->size(); }
  Result<std::size_t, log::IoError> read_at(std::int64_t position,
                                            log::MutableByteView out) override {
    auto got = file_->read_at(position, out);
    if (got.ok()) progress_.add(static_cast<std::int64_t>(*got));
    return got;
  }
  Status<log::IoError> append(log::ByteView bytes) override { return file_->append(bytes); }
  Status<log::IoError> truncate(std::int64_t new_size) override {
    return file_->truncate(new_size);
  }
  Status<log::IoError> sync() override { return file_->sync(); }

 private:
  std::unique_ptr<log::File> file_;
  ByteProgress& progress_;
};

}  // namespace

Result<std::unique_ptr<log::File>, log::IoError> MeteredEnv::open(const std::string& path) {
  auto file = PosixEnv::open(path);
  if (!file.ok()) return file;
  return std::unique_ptr<log::File>(
      std::make_unique<MeteredFile>(std::move(file).value(), progress_));
}

}  // namespace brokerlab::cli
