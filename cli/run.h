// Running a scenario from the command line: what run, demo and view share.
#pragma once

#include "cli/command_line.h"
#include "scenarios/loader.h"
#include "scenarios/report.h"

#include <optional>
#include <string>

namespace brokerlab::cli {

struct RunRequest {
  std::string scenario;  ///< A path or a name of the library.
  scenarios::LoadOptions options;
  std::string record;   ///< Where the recording goes; empty: none.
  bool json = false;    ///< The summary as JSON on standard output, nothing else there.
  bool quiet = false;   ///< No progress and no summary; the exit status tells.
  bool anyway = false;  ///< Though it will not fit into memory.
};

/// Finds, reads and checks the scenario, lists what is wrong with it, or runs it. Returns the exit
/// status.
int run(Context& context, const RunRequest& request);

/// Runs a scenario that was loaded: progress, summary, recording. Returns the exit status.
int run_scenario(Context& context, const scenarios::Scenario& scenario, const RunRequest& request);

/// Of a run that was judged.
int exit_status(scenarios::Verdict verdict);

/// Where brokerlab-viz is, beside this program; nothing, and an error has been told: it is missing.
std::optional<std::string> viewer_program(Context& context);

}  // namespace brokerlab::cli
