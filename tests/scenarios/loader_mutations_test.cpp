// Whatever a scenario says, loading answers: with a scenario, or with mistakes that name their
// place. Each value of tests/scenarios/everything.json, which has one of every kind, with all
// defaults written out, is taken away or becomes another one.
#include "base/json_text.h"
#include "base/random.h"
#include "scenarios/loader.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <vector>

using namespace brokerlab;
using namespace brokerlab::scenarios;

namespace {

const std::string beside_tests = std::string(BROKERLAB_SOURCE_DIR) + "/tests/scenarios";

using Pointer = Json::json_pointer;

void collect(const Json& value, const Pointer& at, std::vector<Pointer>& into) {
  if (!at.empty()) into.push_back(at);
  if (value.is_object()) {
    for (const auto& [key, member] : value.items()) collect(member, at / key, into);
  } else if (value.is_array()) {
    for (std::size_t i = 0; i < value.size(); ++i) collect(value[i], at / i, into);
  }
}

const std::vector<Json>& odd_values() {
  static const std::vector<Json> values{nullptr,
                                        true,
                                        -1,
                                        0,
                                        1e308,
                                        1e18,
                                        "",
                                        "x",
                                        "1s",
                                        "-1s",
                                        "7d",
                                        Json::array(),
                                        Json::object(),
                                        Json::array({Json::array()}),
                                        Json{{"topic", "logins"}}};
  return values;
}

/// Takes the value away, or puts another one in its place, or that of another place.
void mutate(Json& scenario, const std::vector<Pointer>& places, RandomStream& random) {
  const auto any = [&](const auto& all) -> const auto& {
    return all[static_cast<std::size_t>(random.below(static_cast<std::int64_t>(all.size())))];
  };
  const Pointer& place = any(places);
  if (!scenario.contains(place)) return;  // within what went before
  const std::int64_t way = random.below(4);
  if (way == 0) {
    Json& parent = scenario[place.parent_pointer()];
    if (parent.is_object()) {
      parent.erase(place.back());
    } else {
      parent.erase(std::stoul(place.back()));
    }
  } else if (way == 1) {
    const Pointer& other = any(places);
    if (scenario.contains(other)) scenario[place] = Json(scenario[other]);
  } else {
    scenario[place] = any(odd_values());
  }
}

}  // namespace

TEST_CASE("scenario: whatever is wrong in it, loading answers", "[unit]") {
  const Loaded whole = load_scenario(beside_tests + "/everything.json");
  INFO(to_text(whole.errors));
  REQUIRE(whole.scenario.has_value());
  for (const bool spelled_out : {false, true}) {
    std::ifstream file(beside_tests + "/everything.json");
    const std::string written{std::istreambuf_iterator<char>(file), {}};
    const Json original = Json::parse(spelled_out ? effective_text(*whole.scenario) : written);
    std::vector<Pointer> places;
    collect(original, Pointer(), places);
    REQUIRE(places.size() > 200);
    const char* given = std::getenv("BROKERLAB_SEED");
    const std::uint64_t first = given == nullptr ? 1 : std::strtoull(given, nullptr, 10);
    const std::uint64_t tried = given == nullptr ? 400 : 1;
    std::uint64_t valid = 0;
    for (std::uint64_t seed = first; seed < first + tried; ++seed) {
      INFO("again: BROKERLAB_SEED=" << seed);
      RandomStream random(seed, "mutations");
      Json scenario = original;
      for (std::int64_t n = 1 + random.below(2); n > 0; --n) mutate(scenario, places, random);
      const Loaded loaded = parse_scenario(json_text(scenario, 1), "mutated", beside_tests);
      CHECK(loaded.scenario.has_value() == loaded.errors.empty());
      valid += loaded.scenario.has_value() ? 1 : 0;
      for (const Problem& problem : loaded.errors) CHECK_FALSE(problem.message.empty());
    }
    if (given == nullptr) CHECK(valid > 10);  // not all is refused at the door
  }
}
