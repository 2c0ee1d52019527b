// What is done to a run from a moment on, as a change of its scenario. A run is a pure function of
// its scenario, so with one thing more in it at a moment the past is the same, event by event, and
// what lies behind follows from what was done: a fork, and every deed of a live session.
//
// A deed is a JSON object with one key (and a fault's "as"):
//   a fault as scenarios have it                     {"kill_process": "broker-2"}
//   {"spike": {"source": S, "factor": 10, "for": "30s"}}
//                                                    records of S come `factor` times as fast
//   {"put_right": "broker-2"}                        what was done to that machine, and can be
//                                                    undone, is: power, process, what has a name
//
// Lifetime: values. Threads: none. Errors: one sentence; what only the whole scenario tells
// (nobody has that name) is the loader's to say (scenarios/loader.h).
#pragma once

#include "base/json_text.h"
#include "base/result.h"
#include "base/units.h"
#include "recording/reader.h"
#include "scenarios/description.h"

#include <string>

namespace brokerlab::cli {

/// The scenario of a recorded run, with its seed. The error: it has none, or another version's past
/// would be another one. `file`: its name in the error.
Result<Json, std::string> recorded_scenario(const recording::Reader& reader,
                                            const std::string& file);

/// Puts the deed into the scenario's JSON (with every setting in force), whose meaning is `loaded`.
Status<std::string> put_deed(Json& scenario, const scenarios::Scenario& loaded, Time at,
                             const Json& deed);

/// What is told of the scenario as it was (a lesson's figures) is not true of it any more.
void forget_lesson(Json& scenario);

/// The folder of the data files of a recording's scenario: as `told`, else the library's, else
/// where the recording is.
std::string data_folder_of(const recording::Reader& reader, const std::string& file,
                           const std::string& told);

/// Keeps the scenario in a file that runs wherever it lies: its data files are named in full.
/// A file that is there is left alone: an error.
Status<std::string> save_scenario(const std::string& path, Json scenario,
                                  const std::string& folder);

}  // namespace brokerlab::cli
