// PosixEnv: the Env on the real file system of this machine.
//
// Errors: errno becomes an IoError: ENOENT not_found, EEXIST exists, ENOSPC, EDQUOT and EFBIG (a
// limit on file sizes) no_space, EROFS, EACCES and EPERM read_only, all else io.
//
// Mapping: look-ups in indexes and batch headers go to mapped files, as Kafka's do in its indexes;
// reads of records are always copies. A mapping costs address space, no memory. What it cannot do
// is to fail: when the device does not give a page, or somebody else cuts the file, the process
// gets SIGBUS. For files that others may be writing, take Mapping::none. Threads: none.
#pragma once

#include "log/env/env.h"

namespace brokerlab::log {

class PosixEnv : public Env {
 public:
  enum class Mapping { none, look_ups };
  explicit PosixEnv(Mapping mapping = Mapping::look_ups) : mapping_(mapping) {}

  Result<std::unique_ptr<File>, IoError> open(const std::string& path) override;
  Result<std::unique_ptr<File>, IoError> create(const std::string& path) override;
  bool exists(const std::string& path) const override;
  Status<IoError> rename(const std::string& from, const std::string& to) override;
  Status<IoError> remove(const std::string& path) override;
  Result<std::vector<std::string>, IoError> list(const std::string& path) const override;
  Status<IoError> make_dir(const std::string& path) override;
  Status<IoError> remove_dir(const std::string& path) override;
  Status<IoError> sync_dir(const std::string& path) override;
  Result<std::unique_ptr<FileLock>, IoError> lock(const std::string& path) override;

 private:
  Mapping mapping_;
  std::int32_t next_id_ = 0;
};

}  // namespace brokerlab::log
