// Same scenario, same seed: the same run, for everything in the library.
#include "tests/runs/run_story.h"

#include <catch2/catch.hpp>

using namespace brokerlab;
using namespace brokerlab::tests;

TEST_CASE("same scenario, same seed: same fingerprint and report", "[property]") {
  for (const scenarios::LibraryEntry& entry : scenarios::library()) {
    const bool incident =
        entry.name.starts_with("wifi_auth_broker") || entry.name.starts_with("rack");
    const scenarios::Scenario scenario =
        load(entry.name, incident ? short_incident() : std::vector<std::string>(), 11);
    const auto first = scenarios::run_apart(scenario);
    REQUIRE(first.ok());
    REQUIRE(first->find("\"fingerprint\":") != std::string::npos);
    const auto second = scenarios::run_apart(scenario);
    REQUIRE(second.ok());
    REQUIRE(*second == *first);
  }
}
