#include "labs/subjects.h"

#include "base/json_text.h"
#include "base/translation.h"
#include "labs/files.h"
#include "labs/trials.h"
#include "labs/workspace.h"

#include <nlohmann/json.hpp>

namespace brokerlab::labs {

Json json_of(const scenarios::Scenario& scenario) {
  return json_from(scenarios::effective_text(scenario));
}

Json without_words(Json scenario) {
  for (const char* key : {"name", "title", "story", "notes"}) scenario.erase(key);
  return scenario;
}

scenarios::Loaded load_original(const Lab& lab) {
  const auto original = original_scenario(lab);
  if (!original) return {std::nullopt, original.error(), {}};
  return scenarios::parse_scenario(original->text, lab.scenario + ".json", original->directory);
}

std::optional<scenarios::Scenario> patched_by(const Lab& lab, const std::string& patch,
                                              const scenarios::Scenario& scenario,
                                              const std::vector<std::string>& brokers,
                                              Problems& problems) {
  const auto text = read_file(lab.directory + "/" + patch);
  const auto document = text ? patched(json_of(scenario), *text, brokers) : fail(text.error());
  if (!document) {
    problems.push_back({patch, {}, {}, document.error()});
    return std::nullopt;
  }
  auto loaded =
      scenarios::parse_scenario(*document, "scenario.json with " + patch, scenario.directory);
  problems.insert(problems.end(), loaded.errors.begin(), loaded.errors.end());
  return std::move(loaded.scenario);
}

Result<Json, std::string> report_of(const recording::Reader& recording) {
  SettingsReport problems;
  Json report;
  if (!parse_json(recording.meta("summary_json"), report, problems)) {
    return fail(tr("the recording has no report; run the lab again"));
  }
  return report;
}

}  // namespace brokerlab::labs
