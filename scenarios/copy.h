// A scenario of one's own, made from another: a folder with the scenario, the files that it reads
// and the schema for editors, which runs as it is from anywhere.
//
// Threads: none. Errors: Problems; nothing is left behind then, and nothing that is there is
// touched.
#pragma once

#include "base/problem.h"
#include "scenarios/description.h"

#include <optional>
#include <string>
#include <vector>

namespace brokerlab::scenarios {

struct ScenarioCopy {
  std::string path;                     ///< The scenario's file: <folder>/<name>.json.
  std::vector<std::string> data_files;  ///< What it reads, as copied.
  std::string schema;                   ///< What editors know the settings by.
  Scenario scenario;
};

/// Makes `folder`, whose last part names the scenario, from the scenario file `from`.
Result<ScenarioCopy, Problems> copy_scenario(const std::string& from, const std::string& folder);

}  // namespace brokerlab::scenarios
