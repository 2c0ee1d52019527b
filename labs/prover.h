// Prover: runs scenarios for checks, several at once, and remembers what they came to.
//
// A run is a pure function of the scenario (its seed included), its data files and the program. A
// hash of these names what is remembered: whoever changes one of them has it proved anew. What is
// kept is in the folder .proofs of the student's folder, one JSON file a run; a file that is gone
// or damaged is proved again.
//
// Lifetime: a value; the folder outlives it. Threads: none. Errors: what kept a run from happening
// is a sentence; a folder that cannot be written is no error, it only remembers nothing.
#pragma once

#include "base/result.h"
#include "base/settings.h"
#include "labs/lab.h"
#include "scenarios/ledger/exposure.h"

#include <nlohmann/json_fwd.hpp>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace brokerlab::labs {

struct Proof {
  std::shared_ptr<const Json> report;          ///< Never null.
  std::vector<scenarios::Exposed> exposed;     ///< If they were asked for.
  std::map<std::string, std::int64_t> events;  ///< How many of each kind; if they were asked for.
};

struct Wanted {
  scenarios::Scenario scenario;
  bool exposed = false;
  bool events = false;
  Time from{}, to = never;  ///< Of `exposed`: acknowledgments in between.
};

class Prover {
 public:
  using Progress = std::function<void(int runs_done, int runs, double share)>;

  explicit Prover(std::string folder) : folder_(std::move(folder)) {}

  /// `proved` hears of every run that is wanted, remembered or new, in any order; false: those
  /// behind it are not wanted. Runs nothing that is remembered.
  Status<std::string> prove(const std::vector<Wanted>& wanted,
                            const std::function<bool(std::size_t index, const Proof&)>& proved,
                            const Progress& progress = {});

  /// How many runs were made, for tests and for the curious.
  int runs_made() const { return runs_made_; }

 private:
  std::string key_of(const Wanted& wanted);
  const std::string& hash_of_file(const std::string& path);
  const Proof* recall(const std::string& key);
  void keep(const std::string& key, Proof proof);
  void forget_the_oldest() const;
  std::string file_of(const std::string& key) const { return folder_ + "/" + key + ".json"; }

  const std::string folder_;
  std::map<std::string, Proof> known_;
  std::map<std::string, std::string> file_hashes_;
  int runs_made_ = 0;
};

}  // namespace brokerlab::labs
