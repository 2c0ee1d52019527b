// What a lab asks of a run, as pure functions: report or chain of causes in, passed or not out, in
// words of both languages. What did not pass is told by what was measured and what is expected,
// never by the solution.
//
// Lifetime: values. Threads: none. Errors: a lab that asks for a number no report has is told as a
// finding that did not pass.
#pragma once

#include "base/settings.h"
#include "labs/lab.h"
#include "labs/workspace.h"
#include "recording/reader.h"

#include <nlohmann/json_fwd.hpp>

#include <optional>
#include <string>
#include <vector>

namespace brokerlab::labs {

struct Finding {
  bool passed = false;
  LocalText words;
};

/// Nothing when the report has no such number.
std::optional<double> measure(const Json& report, const Metric& metric);

/// "16.04"; at most two decimals.
std::string number_text(double value);

/// Was it written?
Finding check_predicted(const Question& question, const Answer& answer);
/// The prediction beside the measurement; right or wrong, both are fine.
LocalText compare(const Predicted& check, const Question& question, const std::string& predicted,
                  const Json& report);

Finding check_reading(const Reading& check, const Answer& answer, const Json& report);

/// From the event down to the cause of kind `back_to`, both included; empty when it is no cause.
using Chain = std::vector<recording::RecordedEvent>;
Chain chain_between(Chain causes, const std::string& back_to);
/// The chain of the first event of kind `from` of a partition that is not internal, if it goes
/// back to `back_to`; else of the next one. Empty: there is none.
Chain find_chain(const recording::Reader& reader, const std::string& from,
                 const std::string& back_to);
/// The event of a chain that came longest after its cause; a chain of at least two.
const recording::RecordedEvent& longest_wait(const Chain& chain);

Finding check_longest_wait(const LongestWait& check, const Answer& answer, const Chain& chain);
/// `settings`: the scenario in force, as JSON.
Finding check_setting_behind_wait(const SettingBehindWait& check, const Answer& answer,
                                  const Chain& chain, const Json& settings);

/// JSON pointers where two documents differ, the deepest that tell.
std::vector<std::string> differences(const Json& a, const Json& b);
/// At or under one of the patterns ("/producers/*/config").
bool is_allowed(const std::string& path, const std::vector<std::string>& patterns);
Finding check_only_changed(const OnlyChanged& check, const Json& original, const Json& student);

/// A run's report: every outcome holds, no promise is broken, all faults were done. The verdict is
/// not asked: what a scenario expects of itself is for the student to change. `where`: which run.
Finding check_outcomes(const std::vector<const Outcome*>& outcomes, const Json& report,
                       const LocalText& where);

Finding check_count(const Answer& answer, std::int64_t counted, Subject on);

}  // namespace brokerlab::labs
