// MeteredEnv: this machine's files, with a progress line for what is read of them. Nothing is
// mapped: a Kafka may be writing to them, and a broken disk shall be a message.
#pragma once

#include "cli/progress.h"
#include "log/env/posix_env.h"

namespace brokerlab::cli {

class MeteredEnv : public log::PosixEnv {
 public:
  explicit MeteredEnv(std::ostream& err)
      : PosixEnv(Mapping::none), progress_(err, progress_columns()) {}

  /// From here on: `whole` bytes are expected to be read.
  void expect(std::int64_t whole) { progress_.expect(whole); }

  Result<std::unique_ptr<log::File>, log::IoError> open(const std::string& path) override;

 private:
  ByteProgress progress_;
};

}  // namespace brokerlab::cli
