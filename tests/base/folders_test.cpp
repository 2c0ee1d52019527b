// The folders are the architecture: who may include whom, and which library stays where.
#include <catch2/catch.hpp>

#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <string>
#include <vector>

namespace fs = std::filesystem;

namespace {

/// Every folder with the folders it may include: always leftward in
/// base -> { log, sim } -> model -> scenarios -> { plan, labs } -> { viz, cli }.
const std::map<std::string, std::set<std::string>> may_include{
    {"base", {}},
    {"log", {"base"}},
    {"sim", {"base"}},
    {"model", {"base", "log", "sim"}},
    {"scenarios", {"base", "log", "sim", "model"}},
    {"plan", {"base", "log", "sim", "model", "scenarios"}},
    {"labs", {"base", "log", "sim", "model", "scenarios"}},
    // The viewer reads recordings and nothing else of a run.
    {"viz", {"base", "sim"}},
    {"cli", {"base", "log", "sim", "model", "scenarios", "plan", "labs"}},
};

/// Third-party headers and the folders whose .cpp files may name them.
const std::vector<std::pair<std::regex, std::set<std::string>>> libraries{
    {std::regex("simgrid/.*"), {"sim"}},
    {std::regex("sqlite3\\.h"), {"sim"}},
    {std::regex("boost/.*"), {"sim"}},
    {std::regex("(zlib|snappy|lz4|lz4hc|zstd|zstd_errors)\\.h"), {"log"}},
    {std::regex("(imgui|backends/imgui|GLFW/|GL/|EGL/|stb/|stb_).*"), {"viz"}},
    {std::regex("CLI/.*"), {"cli"}},
    {std::regex("nlohmann/json\\.hpp"),
     {"base", "sim", "model", "scenarios", "labs", "cli", "viz"}},
};

struct Include {
  std::string file;    ///< "sim/disk.h"
  std::string folder;  ///< "sim"
  std::string target;  ///< "base/units.h", "simgrid/s4u.hpp"
  bool quoted;
};

std::vector<Include> all_includes() {
  const fs::path root(BROKERLAB_SOURCE_DIR);
  static const std::regex line_form("\\s*#\\s*include\\s*([\"<])([^\">]+)[\">].*");
  std::vector<Include> found;
  for (const auto& [folder, allowed] : may_include) {
    if (!fs::exists(root / folder)) continue;
    for (const auto& entry : fs::recursive_directory_iterator(root / folder)) {
      const std::string extension = entry.path().extension().string();
      if (extension != ".h" && extension != ".cpp") continue;
      std::ifstream in(entry.path());
      for (std::string line; std::getline(in, line);) {
        std::smatch match;
        if (!std::regex_match(line, match, line_form)) continue;
        found.push_back({fs::relative(entry.path(), root).string(), folder, match[2].str(),
                         match[1].str() == "\""});
      }
    }
  }
  return found;
}

}  // namespace

TEST_CASE("folders include leftward only", "[unit]") {
  const std::vector<Include> includes = all_includes();
  REQUIRE(includes.size() > 100);
  std::string wrong;
  for (const Include& include : includes) {
    const std::string target = include.target.substr(0, include.target.find('/'));
    if (!may_include.contains(target) || target == include.folder) continue;
    if (!may_include.at(include.folder).contains(target)) {
      wrong += include.file + " includes " + include.target + "\n";
    }
  }
  REQUIRE(wrong == "");
}

TEST_CASE("the viewer reads recordings, nothing else of the world", "[unit]") {
  std::string wrong;
  for (const Include& include : all_includes()) {
    if (include.folder != "viz" || !include.target.starts_with("sim/")) continue;
    if (!include.target.starts_with("sim/recording")) {
      wrong += include.file + " includes " + include.target + "\n";
    }
  }
  REQUIRE(wrong == "");
}

TEST_CASE("each library stays inside the .cpp files of its folder", "[unit]") {
  std::string wrong;
  for (const Include& include : all_includes()) {
    for (const auto& [form, folders] : libraries) {
      if (!std::regex_match(include.target, form)) continue;
      const bool is_header = include.file.ends_with(".h");
      if (is_header || !folders.contains(include.folder)) {
        wrong += include.file + " includes " + include.target + "\n";
      }
    }
  }
  REQUIRE(wrong == "");
}
