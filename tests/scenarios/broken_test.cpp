// Every broken scenario of tests/scenarios/broken is refused with the messages of expected.txt,
// by the loader and by the command. BROKERLAB_UPDATE_GOLDENS=1 writes expected.txt anew.
#include "cli/command_line.h"
#include "scenarios/loader.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>

using namespace brokerlab;

namespace {

const std::string broken_folder = std::string(BROKERLAB_SOURCE_DIR) + "/tests/scenarios/broken/";

std::vector<std::string> broken_files() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(broken_folder)) {
    if (entry.path().extension() == ".json") names.push_back(entry.path().filename().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::string without_folder(std::string text) {
  for (std::size_t at = 0; (at = text.find(broken_folder, at)) != std::string::npos;) {
    text.erase(at, broken_folder.size());
  }
  return text;
}

}  // namespace

TEST_CASE("broken scenarios: each is refused with every mistake named", "[golden]") {
  std::string answers;
  for (const std::string& name : broken_files()) {
    const auto loaded = scenarios::load_scenario(broken_folder + name);
    CHECK_FALSE(loaded.scenario.has_value());
    CHECK_FALSE(loaded.errors.empty());
    if (!answers.empty()) answers += "\n";
    answers += without_folder(to_text(loaded.errors));
  }
  const std::string golden = broken_folder + "expected.txt";
  if (std::getenv("BROKERLAB_UPDATE_GOLDENS") != nullptr) std::ofstream(golden) << answers;
  std::ifstream file(golden);
  const std::string expected{std::istreambuf_iterator<char>(file), {}};
  CHECK(answers == expected);
}

TEST_CASE("broken scenarios: the command lists the mistakes and exits with 3", "[unit]") {
  REQUIRE(broken_files().size() >= 20);
  for (const std::string& name : broken_files()) {
    INFO(name);
    std::ostringstream out;
    std::ostringstream err;
    CHECK(cli::run_command({"run", broken_folder + name}, {out, err, "brokerlab"}) == 3);
    CHECK_THAT(err.str(), Catch::Contains(name + ": "));
    CHECK_THAT(err.str(), Catch::Contains("nothing was done"));
    std::ostringstream validate_out;
    CHECK(cli::run_command({"scenarios", "validate", broken_folder + name},
                           {validate_out, err, "brokerlab"}) == 3);
    CHECK(validate_out.str() == "0 of 1 files are valid\n");
  }
}
