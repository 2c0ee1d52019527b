// What is run in a lab: the student's scenario, the lab's own, and either with a patch.
//
// Lifetime: values. Threads: none. Errors: problems by file and path; nothing is thrown.
#pragma once

#include "base/result.h"
#include "base/settings.h"
#include "labs/lab.h"
#include "recording/reader.h"
#include "scenarios/loader.h"

#include <nlohmann/json_fwd.hpp>

#include <optional>
#include <string>
#include <vector>

namespace brokerlab::labs {

/// Every setting in force.
Json json_of(const scenarios::Scenario& scenario);
/// Without what is only for people.
Json without_words(Json scenario);
scenarios::Loaded load_original(const Lab& lab);
/// A file of the lab's folder applied to a scenario (labs/trials.h has the blanks); nothing, and
/// the problems, when that is no scenario.
std::optional<scenarios::Scenario> patched_by(const Lab& lab, const std::string& patch,
                                              const scenarios::Scenario& scenario,
                                              const std::vector<std::string>& brokers,
                                              Problems& problems);
/// The report that a recording carries.
Result<Json, std::string> report_of(const recording::Reader& recording);

}  // namespace brokerlab::labs
