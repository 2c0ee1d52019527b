// The report of a plan as a page: what was stated, the cluster and its price, what stands nearest
// to its limit, what happens in the hour of the loss, and what was refused.
//
// Lifetime: values. Threads: none. Errors: what is no answer of `brokerlab plan --json` is one
// sentence.
#pragma once

#include "base/result.h"

#include <nlohmann/json_fwd.hpp>

#include <string>

namespace brokerlab::plan::report {

/// Whether it is what `brokerlab plan --json` writes.
bool is_plan_answer(const nlohmann::ordered_json& json);

/// In the language that is spoken. `file`: where the answer came from, for the page.
Result<std::string, std::string> plan_report(const nlohmann::ordered_json& answer,
                                             const std::string& file);

}  // namespace brokerlab::plan::report
