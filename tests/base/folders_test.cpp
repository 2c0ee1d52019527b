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
/// base -> { log, sim, recording } -> model -> scenarios -> { labs, plan } -> { viz, cli }.
const std::map<std::string, std::set<std::string>> may_include{
    {"base", {}},
    {"log", {"base"}},
    {"sim", {"base"}},
    {"recording", {"base"}},
    {"model", {"base", "log", "sim"}},
    {"scenarios", {"base", "log", "sim", "recording", "model"}},
    {"labs", {"base", "log", "sim", "recording", "model", "scenarios"}},
    {"plan", {"base", "log", "sim", "recording", "model", "scenarios"}},
    // The viewer reads recordings and nothing else of a run.
    {"viz", {"base", "recording"}},
    {"cli", {"base", "log", "sim", "recording", "model", "scenarios", "labs", "plan"}},
};

/// The same between the rooms of one folder; "" are the files beside the rooms: the words that all
/// of them share.
const std::map<std::string, std::map<std::string, std::set<std::string>>> rooms{
    // types -> batch -> env -> segment -> partition -> directory
    {"log",
     {{"", {}},
      {"batch", {""}},
      {"env", {"", "batch"}},
      {"segment", {"", "batch", "env"}},
      {"partition", {"", "batch", "env", "segment"}},
      {"directory", {"", "batch", "env", "segment", "partition"}}}},
    // words -> wire -> { zookeeper, group, transaction, client, controller } -> { broker,
    // zookeeper_store, stream }
    // Controller and broker see ZooKeeper only through the door: controller/metadata_store.h.
    {"model",
     {{"", {}},
      {"wire", {""}},
      {"zookeeper", {"", "wire"}},
      {"group", {"", "wire"}},
      {"transaction", {"", "wire"}},
      {"client", {"", "wire"}},
      {"stream", {"", "wire", "client"}},
      {"controller", {"", "wire"}},
      {"broker", {"", "wire", "group", "transaction", "controller"}},
      {"zookeeper_store", {"", "wire", "zookeeper", "controller"}}}},
    // words -> { sweep, closed, lint, files, report } -> { limit, workload } -> search
    {"plan",
     {{"", {}},
      {"sweep", {""}},
      {"closed", {""}},
      {"lint", {""}},
      {"files", {""}},
      {"report", {""}},
      {"limit", {"", "closed"}},
      {"workload", {"", "closed"}},
      {"search", {"", "closed", "limit", "workload"}}}},
};

/// Third-party headers and the folders whose .cpp files may name them.
const std::vector<std::pair<std::regex, std::set<std::string>>> libraries{
    {std::regex("simgrid/.*"), {"sim"}},
    {std::regex("sqlite3\\.h"), {"recording"}},
    {std::regex("boost/histogram.*"), {"scenarios"}},
    {std::regex("boost/(?!histogram).*"), {"sim"}},
    {std::regex("(zlib|snappy|lz4|lz4hc|zstd|zstd_errors)\\.h"), {"log"}},
    {std::regex("(imgui|backends/imgui|GLFW/|GL/|EGL/|stb/|stb_).*"), {"viz"}},
    {std::regex("CLI/.*"), {"cli"}},
    {std::regex("yaml-cpp/.*"), {"plan"}},
    {std::regex("nlohmann/json\\.hpp"),
     {"base", "sim", "recording", "model", "scenarios", "labs", "plan", "cli", "viz"}},
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

TEST_CASE("every folder with code has its place in the order", "[unit]") {
  const fs::path root(BROKERLAB_SOURCE_DIR);
  std::string without;
  for (const auto& folder : fs::directory_iterator(root)) {
    const std::string name = folder.path().filename().string();
    if (!folder.is_directory() || name == "tests" || name == "build" || name.starts_with(".") ||
        may_include.contains(name)) {
      continue;
    }
    for (const auto& file : fs::recursive_directory_iterator(folder)) {
      const std::string extension = file.path().extension().string();
      if (extension == ".cpp" || extension == ".h") without += file.path().string() + "\n";
    }
  }
  CHECK(without == "");
}

TEST_CASE("rooms include in the direction of the data", "[unit]") {
  std::string wrong;
  std::set<std::string> seen;
  const auto room_of = [](const std::string& path) {
    const std::size_t first = path.find('/') + 1;
    const std::size_t second = path.find('/', first);
    return second == std::string::npos ? std::string() : path.substr(first, second - first);
  };
  for (const Include& include : all_includes()) {
    const auto folder = rooms.find(include.folder);
    if (folder == rooms.end() || !include.target.starts_with(include.folder + "/")) continue;
    const std::string from = room_of(include.file);
    const std::string to = room_of(include.target);
    seen.insert(include.folder + "/" + from);
    const auto room = folder->second.find(from);
    if (room == folder->second.end()) {
      wrong += include.file + " is in a room that has no place in the order\n";
    } else if (from != to && !room->second.contains(to)) {
      wrong += include.file + " includes " + include.target + "\n";
    }
  }
  REQUIRE(wrong == "");
  for (const auto& [folder, its_rooms] : rooms) {
    for (const auto& [room, allowed] : its_rooms) {
      if (!room.empty()) CHECK(seen.contains(folder + "/" + room));
    }
  }
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
