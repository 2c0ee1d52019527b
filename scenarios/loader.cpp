#include "scenarios/loader.h"

#include "base/installation.h"
#include "base/settings.h"
#include "base/translation.h"
#include "scenarios/hardware_profiles.h"
#include "scenarios/text_file.h"
#include "scenarios/validate.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <set>
#include <sstream>

namespace brokerlab::scenarios {
namespace {

Problem about_file(const std::string& path, std::string message) {
  return {path, {}, {}, std::move(message)};
}

/// What a --set changed, as a JSON pointer, and its words.
struct Override {
  std::string path;
  std::string words;
};

std::vector<Override> apply_overrides(const LoadOptions& options, Json& document,
                                      SettingsReport& report) {
  std::vector<Override> done;
  for (const std::string& one : options.overrides) {
    const std::string named = "--set " + one;
    const std::size_t equals = one.find('=');
    if (equals == std::string::npos || equals == 0) {
      report.errors.push_back(about_file(named, tr("must be path=value, such as seed=7")));
      continue;
    }
    const Json before = document;
    const auto status =
        Scenario::settings().set(document, one.substr(0, equals), one.substr(equals + 1));
    if (!status.ok()) report.errors.push_back(about_file(named, status.error()));
    for (const Json& change : Json::diff(before, document)) {
      done.push_back({change.at("path").get<std::string>(), named});
    }
  }
  return done;
}

/// Mistakes in what a --set wrote are its own, not the file's, and come first: others may follow
/// from them.
void blame(const std::vector<Override>& overrides, Problems& problems) {
  const auto its_own = [&](Problem& problem) {
    for (auto one = overrides.rbegin(); one != overrides.rend(); ++one) {
      if (problem.path != one->path && problem.path.rfind(one->path + "/", 0) != 0) continue;
      problem.file = one->words;
      return true;
    }
    return false;
  };
  std::stable_partition(problems.begin(), problems.end(), its_own);
}

}  // namespace

Loaded parse_scenario(std::string_view text, const std::string& file, const std::string& directory,
                      const LoadOptions& options) {
  SettingsReport report;
  report.file = file;
  Json document;
  Scenario scenario;
  if (parse_json(text, document, report)) {
    const std::vector<Override> overrides = apply_overrides(options, document, report);
    use_profiles(document, directory, report);
    scenario = Scenario::settings().read(document, report);
    scenario.editor_schema.reset();
    scenario.brokers_listed = document.contains("brokers") && document["brokers"].is_array();
    for (auto& [name, machine] : scenario.hardware) machine.profile.reset();
    scenario.directory = directory;
    if (options.seed) {
      if (*options.seed < 0) {
        report.errors.push_back(about_file("--seed", tr("must be a whole number of at least 0")));
      }
      scenario.seed = *options.seed;
    }
    validate(scenario, report);
    blame(overrides, report.errors);
    blame(overrides, report.warnings);
  }
  Loaded loaded{std::nullopt, std::move(report.errors), std::move(report.warnings)};
  if (loaded.errors.empty()) loaded.scenario = std::move(scenario);
  return loaded;
}

Loaded load_scenario(const std::string& path, const LoadOptions& options) {
  const auto text = read_text_file(path);
  if (!text) return {std::nullopt, {about_file(path, text.error())}, {}};
  return parse_scenario(*text, path, std::filesystem::path(path).parent_path().string(), options);
}

std::string effective_text(const Scenario& scenario) {
  return Scenario::settings().to_text(scenario);
}

std::string scenario_schema() { return Scenario::settings().schema("A brokerlab scenario"); }

std::string scenario_docs() {
  return "# Scenario reference\n\nEvery setting of a scenario file, made by `brokerlab scenarios "
         "docs`.\n"
         "Kafka's settings have Kafka's names and defaults.\n\n" +
         Scenario::settings().docs();
}

std::string library_directory() {
  const char* other = std::getenv("BROKERLAB_LIBRARY");
  if (other != nullptr && *other != '\0') return other;
  return std::string(installation_directory()) + "/scenarios/library";
}

std::vector<LibraryEntry> json_files_in(const std::string& directory) {
  std::vector<LibraryEntry> entries;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(directory, error)) {
    if (entry.path().extension() != ".json") continue;
    entries.push_back({entry.path().stem().string(), entry.path().string()});
  }
  std::sort(entries.begin(), entries.end(),
            [](const LibraryEntry& a, const LibraryEntry& b) { return a.name < b.name; });
  return entries;
}

std::string no_library(const std::string& directory) {
  std::error_code ignored;
  return std::filesystem::is_directory(directory, ignored)
             ? tr("the library is empty: nothing is in {}", directory)
             : tr("the library is not where this program looks for it: there is no {}", directory);
}

std::vector<LibraryEntry> library() { return json_files_in(library_directory()); }

namespace {

/// What is one letter or two away from a name; else those that have most of its words.
std::vector<std::string> meant_by(const std::string& said, const std::vector<std::string>& names) {
  if (const std::string near = nearest_name(said, names); !near.empty()) return {near};
  const auto words_of = [](const std::string& name) {
    std::set<std::string> words;
    std::istringstream all(name);
    for (std::string word; std::getline(all, word, '_');) words.insert(word);
    return words;
  };
  constexpr std::size_t few = 3;
  const std::set<std::string> said_words = words_of(said);
  std::vector<std::string> best;
  std::ptrdiff_t most = 0;
  for (const std::string& name : names) {
    const std::set<std::string> words = words_of(name);
    const auto shared = std::count_if(said_words.begin(), said_words.end(),
                                      [&](const std::string& one) { return words.contains(one); });
    if (shared == 0 || shared < most) continue;
    if (shared > most) best.clear();
    most = shared;
    best.push_back(name);
  }
  return best.size() <= few ? best : std::vector<std::string>{};
}

}  // namespace

Result<std::string, Problem> find_scenario(const std::string& path_or_name) {
  const bool is_path = path_or_name.find('/') != std::string::npos ||
                       path_or_name.ends_with(".json") || std::filesystem::exists(path_or_name);
  if (is_path) return path_or_name;
  std::vector<std::string> names;
  std::string list;
  for (const LibraryEntry& entry : library()) {
    if (entry.name == path_or_name) return entry.path;
    names.push_back(entry.name);
    list += list.empty() ? "" : ", ";
    list += entry.name;
  }
  if (names.empty()) {
    return fail(
        about_file(path_or_name, tr("is no file, and {}", no_library(library_directory()))));
  }
  const std::vector<std::string> near = meant_by(path_or_name, names);
  if (near.empty()) {
    return fail(
        about_file(path_or_name, tr("is neither a file nor a scenario of the library ({})", list)));
  }
  std::string either;
  for (const std::string& name : near) {
    either += (either.empty() ? "\"" : tr("\" or \"")) + name;
  }
  return fail(about_file(path_or_name,
                         tr("is neither a file nor a scenario of the library; did you mean {}? "
                            "brokerlab scenarios list shows all",
                            either + "\"")));
}

}  // namespace brokerlab::scenarios
