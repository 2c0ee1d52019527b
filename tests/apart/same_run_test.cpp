// Same scenario, same seed: the same run, for everything in the library.
#include "tests/runs/run_story.h"

#include <catch2/catch.hpp>

using namespace brokerlab;
using namespace brokerlab::tests;

TEST_CASE("same scenario, same seed: same fingerprint and report", "[property]") {
  for (const scenarios::LibraryEntry& entry : scenarios::library()) {
    const scenarios::Scenario scenario = load(entry.name, short_incident(), 11);
    const auto first = scenarios::run_apart(scenario);
    REQUIRE(first.ok());
    REQUIRE(first->find("\"fingerprint\":") != std::string::npos);
    const auto second = scenarios::run_apart(scenario);
    REQUIRE(second.ok());
    REQUIRE(*second == *first);
  }
}
