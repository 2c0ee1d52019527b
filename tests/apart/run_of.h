// A scenario, or one given as text, run in a process of its own: its report.
#pragma once

#include "scenarios/loader.h"
#include "scenarios/runner.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include <string>

namespace brokerlab::tests {

inline nlohmann::json report_of(const scenarios::Scenario& scenario) {
  const auto report = scenarios::run_apart(scenario);
  INFO((report ? std::string() : report.error()));
  REQUIRE(report.ok());
  return nlohmann::json::parse(*report);
}

inline nlohmann::json run_of(const std::string& text) {
  const scenarios::Loaded loaded =
      scenarios::parse_scenario(text, "told.json", scenarios::library_directory() + "/data");
  INFO(to_text(loaded.errors));
  REQUIRE(loaded.scenario.has_value());
  return report_of(*loaded.scenario);
}

}  // namespace brokerlab::tests
