// What is wrong with the run of a drawn scenario: nothing, if brokerlab is as it should be.
//
//   of every one    it is accepted, it ends, it is judged
//   no disk lies    and no bit is flipped: no invariant is broken (scenarios/ledger/ledger.h)
//   synced          and nothing that was acknowledged is lost
//   healed          and in the end every partition has its leader, a full ISR and serves, every
//                   group that had the time is stable and has read what it could, every send has
//                   its answer
//
// Lifetime: values. Threads: none.
#pragma once

#include "base/json_text.h"
#include "base/result.h"
#include "scenarios/fuzz/drawn_scenario.h"

#include <optional>
#include <string>

namespace brokerlab::scenarios {

struct Finding {
  std::string kind;    ///< Equal for what is the same fault: "replicas_agree is broken".
  std::string detail;  ///< Of this run.
};

/// `report`: a run's report as JSON, or why there is none.
std::optional<Finding> look_at(Family family, const Json& scenario,
                               const Result<std::string, std::string>& report);

/// A finding of a scenario that was refused before it could run.
Finding refused(const std::string& problem);

}  // namespace brokerlab::scenarios
