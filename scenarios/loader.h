// From a scenario file, with overrides, to a Scenario that has passed every check; and the library
// of scenarios that come with brokerlab.
//
// Lifetime: values. Threads: none. Errors: every mistake is a Problem; a Scenario is given only
// when there is none. Whatever the file holds, nothing crashes and nothing is thrown.
#pragma once

#include "base/problem.h"
#include "scenarios/description.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace brokerlab::scenarios {

struct LoadOptions {
  /// "path=value", applied in order before anything is checked: "brokers.config.num.io.threads=16",
  /// "producers.app.config.acks=all", "faults.0.at=320s". Names may contain dots; an element of a
  /// list is meant by its name or by its place, from 0.
  std::vector<std::string> overrides;
  std::optional<std::int64_t> seed;
};

struct Loaded {
  std::optional<Scenario> scenario;
  Problems errors;
  Problems warnings;
};

/// Reads a file. Data files are looked for beside it.
Loaded load_scenario(const std::string& path, const LoadOptions& options = {});
/// The same from text; `file` is its name in problems, `directory` where its data files are.
Loaded parse_scenario(std::string_view text, const std::string& file, const std::string& directory,
                      const LoadOptions& options = {});

/// The scenario as JSON with every setting in force.
std::string effective_text(const Scenario& scenario);
/// JSON Schema (draft 2020-12) of scenario files; kept as scenarios/scenario.schema.json.
std::string scenario_schema();
/// Markdown tables of every setting.
std::string scenario_docs();

struct LibraryEntry {
  std::string name;  ///< The file's name without ".json".
  std::string path;
};

/// The JSON files of a directory, in the order of their names; none when it is not there.
std::vector<LibraryEntry> json_files_in(const std::string& directory);

/// Where brokerlab's own scenarios are: as built, or what BROKERLAB_LIBRARY names.
std::string library_directory();
/// What to say of a library without a single file.
std::string no_library(const std::string& directory);
/// In the order of their names.
std::vector<LibraryEntry> library();
/// A path as it is, or the path of the library's scenario of that name; else a Problem that
/// suggests the nearest name.
Result<std::string, Problem> find_scenario(const std::string& path_or_name);

}  // namespace brokerlab::scenarios
