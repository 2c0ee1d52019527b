// Trials: runs of many scenarios, on all cores, each remembered by the hash of what it depends on:
// the scenario with every setting in force, its seed, what its data files hold, and the program.
//
//   FOLDER/HASH.json    one that is finished: its key figures and what it cost
//
// A file is written whole or not at all, so who is killed at any moment goes on where it was. A run
// that did not come to its end is not remembered: it is tried again.
//
// Lifetime: a TrialBook owns its folder while it lives; a second one of the same folder is refused.
// Threads: none. Errors: sentences.
#pragma once

#include "base/result.h"
#include "plan/key_figures.h"
#include "scenarios/description.h"

#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>

namespace brokerlab::plan {

struct Outcome {
  KeyFigures figures;
  double cpu_seconds = 0;  ///< Of this machine, when it ran.
  Bytes memory{0};
  bool from_before = false;  ///< Found, not run.
};

/// A folder that nobody else works in while it lives.
class FolderLock {
 public:
  static Result<FolderLock, std::string> take(const std::string& folder);
  FolderLock(FolderLock&& other) noexcept : file_(std::exchange(other.file_, -1)) {}
  FolderLock& operator=(FolderLock&& other) noexcept {
    std::swap(file_, other.file_);
    return *this;
  }
  ~FolderLock();

 private:
  explicit FolderLock(int file) : file_(file) {}
  int file_;
};

class TrialBook {
 public:
  /// `program` tells one build from another (program_mark()). An empty folder's name: memory alone.
  static Result<TrialBook, std::string> open(const std::string& folder, std::string program);

  std::string hash_of(const scenarios::Scenario& scenario) const;
  std::optional<Outcome> find(const std::string& hash);
  Status<std::string> keep(const std::string& hash, const Outcome& outcome);

  /// What another book's folder has of it, without its lock: files are whole or not there.
  static std::optional<Outcome> read(const std::string& folder, const std::string& hash);

 private:
  std::string path_of(const std::string& hash) const { return folder_ + "/" + hash + ".json"; }

  std::string folder_;
  std::string program_;
  std::optional<FolderLock> lock_;
  std::map<std::string, Outcome> known_;
};

/// The version, and a hash of the program that runs: what one build has found says nothing of
/// another.
std::string program_mark();

struct TrialLimits {
  int most_cpu_seconds = 3600;  ///< Of a run; then it is ended. 0: none.
  std::size_t at_once = 0;      ///< Runs; 0: as many as there are cores.
};

/// Asked one by one, whenever a core is free, until there is none.
using NextTrial = std::function<std::optional<scenarios::Scenario>(std::size_t trial)>;
/// Hears of each as it ends, in any order. An error says why it did not come to its end.
using TrialDone = std::function<void(std::size_t trial, Result<Outcome, std::string> outcome)>;

/// The error is the book's: a folder that cannot be written. Equal trials are run once.
Status<std::string> run_trials(TrialBook& book, const TrialLimits& limits, const NextTrial& next,
                               const TrialDone& done);

}  // namespace brokerlab::plan
