// Seed after seed: draws each one's scenario, runs it on whatever core is free, and keeps what was
// seen in a folder, so that who is killed goes on where it was.
//
//   seeds.jsonl              a line a seed that is done, behind a first one that says for what
//   fuzz-FAMILY-SEED.json    a scenario that shows a finding, made as small as it gets
//   fuzz-FAMILY-SEED.drawn.json    as it was drawn
//
// Lifetime: values; the folder stays. Threads: none. Errors: a folder that is another program's or
// cannot be written is a sentence; nothing in it is removed.
#pragma once

#include "scenarios/fuzz/finding.h"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace brokerlab::scenarios {

struct Campaign {
  std::uint64_t first = 1;
  std::uint64_t seeds = 100;
  /// Seconds on the clock after which no seed is begun any more; 0: none.
  double most_seconds = 0;
  std::string folder;
  bool shrinks = true;
  std::string program;           ///< What is tried; a folder holds one's seeds only.
  std::uint64_t stop_after = 0;  ///< So many findings; 0: never.
};

struct SeedFinding {
  std::uint64_t seed = 0;
  Finding finding;
  std::string file;  ///< Of the smallest scenario.
  std::string drawn_file;
  int shrink_runs = 0;
};

struct CampaignResult {
  std::uint64_t done = 0;    ///< Seeds, earlier ones in the folder included.
  std::uint64_t before = 0;  ///< Of them: found done in the folder.
  std::vector<SeedFinding> findings;
};

struct CampaignNews {
  std::function<void(std::uint64_t done)> seed_done;
  std::function<void(std::uint64_t seed, const Finding&)> seen;  ///< At once,
  std::function<void(const SeedFinding&)> found;                 ///< and made smaller, in the end.
  std::function<void(std::uint64_t seed, int runs)> shrinking;
};

Result<CampaignResult, std::string> run_campaign(const Campaign& campaign,
                                                 const CampaignNews& news = {});

/// Of a scenario file that a campaign wrote, or any other (then as `anything`): its finding.
Result<std::optional<Finding>, std::string> look_again(const std::string& path);

}  // namespace brokerlab::scenarios
