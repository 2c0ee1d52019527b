// Documents name what is there: files, documents, tests.
#include "tests/files.h"

#include <catch2/catch.hpp>

#include <filesystem>
#include <regex>
#include <set>
#include <string>
#include <vector>

namespace fs = std::filesystem;

namespace {

const fs::path checkout(BROKERLAB_SOURCE_DIR);
const char* const source_folders[] = {"base",      "log",  "sim",  "recording", "model",
                                      "scenarios", "labs", "plan", "viz",       "cli"};

/// What the first group of `form` matches in a text.
std::vector<std::string> all_matches(const std::string& text, const std::string& form) {
  const std::regex expression(form);
  std::vector<std::string> found;
  for (std::sregex_iterator match(text.begin(), text.end(), expression), end; match != end;
       ++match) {
    found.push_back((*match)[1]);
  }
  return found;
}

/// The documents that people read first: beside the sources and in docs.
std::vector<fs::path> documents() {
  std::vector<fs::path> found;
  const auto add_those_in = [&](const fs::path& folder) {
    for (const auto& entry : fs::directory_iterator(folder)) {
      if (entry.path().extension() == ".md") found.push_back(entry.path());
    }
  };
  add_those_in(checkout);
  add_those_in(checkout / "docs");
  for (const char* folder : source_folders) add_those_in(checkout / folder);
  return found;
}

}  // namespace

TEST_CASE("the index of the documents has every document", "[unit]") {
  const std::string index = brokerlab::tests::contents(checkout / "docs/README.md");
  for (const auto& entry : fs::directory_iterator(checkout / "docs")) {
    const std::string name = entry.path().filename();
    if (fs::is_directory(entry) || name == "README.md") continue;
    INFO("docs/README.md does not list " << name);
    CHECK(index.find("(" + name + ")") != std::string::npos);
  }
}

TEST_CASE("a link of a document leads somewhere", "[unit]") {
  CHECK(documents().size() > 20);
  for (const fs::path& document : documents()) {
    for (const std::string& link :
         all_matches(brokerlab::tests::contents(document), "\\]\\(([^)#]+)[^)]*\\)")) {
      if (link.find("://") != std::string::npos) continue;
      INFO(document << " has a link to " << link);
      CHECK(fs::exists(document.parent_path() / link));
    }
  }
}

TEST_CASE("a path that a document names is there", "[unit]") {
  // `model/broker/partition.h`, `tests/log/crash_test.cpp`, `model/broker/`
  const std::string form =
      "`((?:base|log|sim|recording|model|scenarios|labs|plan|viz|cli|tests|docs)/[a-z0-9_/.]*)`";
  for (const fs::path& document : documents()) {
    for (const std::string& path : all_matches(brokerlab::tests::contents(document), form)) {
      INFO(document << " names " << path);
      const fs::path named = checkout / path;
      CHECK((fs::exists(named) || fs::exists(named.string() + ".h") ||
             fs::exists(named.string() + ".cpp")));
    }
  }
}

TEST_CASE("a folder's README names files of the folder", "[unit]") {
  for (const char* folder : source_folders) {
    std::set<std::string> names;
    for (const auto& entry : fs::recursive_directory_iterator(checkout / folder)) {
      names.insert(entry.path().filename());
    }
    const fs::path readme = checkout / folder / "README.md";
    REQUIRE(fs::exists(readme));
    for (const std::string& name :
         all_matches(brokerlab::tests::contents(readme), "`([a-z0-9_]+\\.(?:h|cpp))`")) {
      INFO(readme << " names " << name);
      CHECK(names.contains(name));
    }
  }
}

TEST_CASE("docs/fidelity.md says of all that is modelled which test holds it", "[unit]") {
  const std::string fidelity = brokerlab::tests::contents(checkout / "docs/fidelity.md");
  const auto rows =
      all_matches(fidelity, "(?:^|\n)(\\|[^\n|]*\\| (?:modelled|approximated)[^\n]*)");
  CHECK(rows.size() > 50);
  for (const std::string& row : rows) {
    INFO("names no test: " << row);
    const bool admits_it = row.ends_with("| no test of its own |");
    CHECK((row.find("`tests/") != std::string::npos || admits_it));
  }
}
