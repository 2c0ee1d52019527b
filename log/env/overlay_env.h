// OverlayEnv: another Env as it would be after changes that are never made. What is written stays
// in memory; what was there before is read where it is.
//
//   OverlayEnv trial(real);
//   auto log = Log::open(trial, dir, config, options);   // as it would go, and `real` untouched
//
// Locks are granted to everybody. Directories cannot be renamed.
// Lifetime: borrows the Env below, which must not change meanwhile; files keep it, too.
// Memory: what is written, and one open file of the Env below for each one looked at.
// Threads: none. Errors: those of the Env below, and not_found and exists of its own.
#pragma once

#include "log/env/env.h"

#include <map>
#include <memory>
#include <set>
#include <string>

namespace brokerlab::log {

class OverlayEnv : public Env {
 public:
  explicit OverlayEnv(Env& below) : below_(below) {}

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

  /// A file's bytes: the first ones below, the others here. Shared by all who have it open.
  struct Contents {
    FileId id;
    std::unique_ptr<File> below;  ///< Null for a new file.
    std::int64_t kept_below = 0;  ///< How many of its bytes still count.
    ByteVector tail;              ///< What follows them.

    std::int64_t size() const { return kept_below + static_cast<std::int64_t>(tail.size()); }
  };

 private:
  Result<std::shared_ptr<Contents>, IoError> contents_of(const std::string& path);

  Env& below_;
  /// Files that were looked at or changed; null for one that is gone.
  std::map<std::string, std::shared_ptr<Contents>> files_;
  std::set<std::string> made_dirs_;
  std::int32_t next_id_ = 0;
};

}  // namespace brokerlab::log
