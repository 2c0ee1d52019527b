// PosixEnv: the Env on the real file system of this machine.
//
// Errors: errno becomes an IoError: ENOENT not_found, EEXIST exists, ENOSPC, EDQUOT and EFBIG (a
// limit on file sizes) no_space, EROFS, EACCES and EPERM read_only, all else io. Threads: none.
#pragma once

#include "log/env.h"

namespace brokerlab::log {

class PosixEnv : public Env {
 public:
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
  std::int32_t next_id_ = 0;
};

}  // namespace brokerlab::log
