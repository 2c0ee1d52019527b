// Stories over whole runs: a scenario of the library, changed by overrides, run once.
#pragma once

#include "scenarios/loader.h"
#include "scenarios/runner.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cstdlib>
#include <string>
#include <vector>

namespace brokerlab::tests {

/// The wifi incident in three minutes instead of ten: the same cluster and faults, less waiting.
inline std::vector<std::string> short_incident() {
  return {"duration=150s",
          "sources.0.rate.1.from=20s",
          "sources.0.rate.2.from=60s",
          "sources.0.until=110s",
          "faults.0.at=30.008s",
          "faults.1.at=60s",
          "hardware.office_server.boot_time=10s"};
}

inline scenarios::Scenario load(const std::string& name, std::vector<std::string> overrides,
                                std::int64_t seed) {
  const auto path = scenarios::find_scenario(name);
  REQUIRE(path.ok());
  scenarios::LoadOptions options;
  options.overrides = std::move(overrides);
  options.seed = seed;
  const scenarios::Loaded loaded = scenarios::load_scenario(*path, options);
  INFO(to_text(loaded.errors));
  REQUIRE(loaded.scenario.has_value());
  return *loaded.scenario;
}

inline scenarios::RunReport play(const scenarios::Scenario& scenario,
                                 const std::string& record = {}) {
  scenarios::RunOptions options;
  options.record = record;
  auto report = scenarios::run(scenario, options);
  REQUIRE(report.ok());
  return *report;
}

/// How many seeds a property test tries: `fewer` in the usual run, BROKERLAB_SEEDS for more.
inline std::int64_t seeds_to_try(std::int64_t fewer) {
  const char* wanted = std::getenv("BROKERLAB_SEEDS");
  const std::int64_t seeds = wanted == nullptr ? fewer : std::atoll(wanted);
  REQUIRE(seeds > 0);
  return seeds;
}

/// The command that repeats one run of a property test.
inline std::string replay(const scenarios::Scenario& scenario,
                          const std::vector<std::string>& overrides) {
  std::string command = fmt::format("./brokerlab run {} --seed {}", scenario.name, scenario.seed);
  for (const std::string& one : overrides) command += " --set " + one;
  return command;
}

/// The first moment of the time line that contains the text; fails the test when there is none.
inline scenarios::RunReport::Moment moment(const scenarios::RunReport& report,
                                           std::string_view text) {
  for (const auto& one : report.time_line) {
    if (one.text.english.find(text) != std::string::npos) return one;
  }
  FAIL("nothing in the time line says \"" << text << "\":\n" << report.time_line_text());
  return {};
}

}  // namespace brokerlab::tests
