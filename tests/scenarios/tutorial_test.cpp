// The tutorial, in both languages: each of its commands prints what stands below it.
#include "tests/cli/command.h"
#include "tests/files.h"
#include "tests/in_child.h"
#include "tests/temporary.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <filesystem>
#include <sstream>

using namespace brokerlab;
namespace fs = std::filesystem;

namespace {

struct Step {
  std::string command;             ///< As it is typed, without "$ ".
  std::vector<std::string> shown;  ///< "..." stands for any number of lines.
};

/// The commands of a text, each in a code block with what it prints; `\` at the end of a line
/// continues the command.
std::vector<Step> steps_of(const std::string& text) {
  std::istringstream lines(text);
  std::vector<Step> steps;
  bool inside = false;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("```")) {
      inside = !inside;
    } else if (inside && line.starts_with("$ ")) {
      Step step{line.substr(2), {}};
      for (std::string more; step.command.ends_with("\\") && std::getline(lines, more);) {
        step.command = step.command.substr(0, step.command.size() - 1) + more;
      }
      steps.push_back(step);
    } else if (inside) {
      REQUIRE_FALSE(steps.empty());
      steps.back().shown.push_back(line);
    }
  }
  return steps;
}

/// As the shell takes it apart; both kinds of quotation marks, none within another.
std::vector<std::string> words_of(const std::string& command) {
  std::vector<std::string> words;
  std::string word;
  char quote = 0;
  for (const char c : command + " ") {
    if (c == quote) {
      quote = 0;
    } else if (quote == 0 && (c == '"' || c == '\'')) {
      quote = c;
    } else if (quote == 0 && c == ' ') {
      if (!word.empty()) words.push_back(word);
      word.clear();
    } else {
      word += c;
    }
  }
  return words;
}

bool is_own_time(const std::string& line) {
  return line.find(" simulated in ") != std::string::npos ||
         line.find("걸린 시간") != std::string::npos;
}

/// What is wrong with the lines that the text shows; "" when they are what was printed.
std::string difference(const std::vector<std::string>& shown, const std::string& page) {
  std::istringstream lines(page);
  std::vector<std::string> printed;
  for (std::string line; std::getline(lines, line);) printed.push_back(line);
  auto next = printed.begin();
  bool gap = false;
  for (const std::string& line : shown) {
    const auto same = [&](const std::string& other) {
      return other == line || (is_own_time(other) && is_own_time(line));
    };
    if (line == "...") {
      gap = true;
      continue;
    }
    if (gap) next = std::find_if(next, printed.end(), same);
    if (next == printed.end()) return "is not printed: " + line;
    if (!same(*next)) return "shown: " + line + "\nprinted: " + *next;
    ++next;
    gap = false;
  }
  return gap || next == printed.end() ? "" : "is not shown: " + *next;
}

/// In a process of its own, as every command of a user is.
std::string printed_by(std::vector<std::string> words, const std::string& language) {
  return tests::in_child([&] {
    std::ostringstream out;
    std::ostringstream err;
    words.insert(words.end(), {"--lang", language});
    cli::run_command({words.begin() + 1, words.end()}, cli::Context{out, err, words.front()});
    return out.str().empty() ? err.str() : out.str();
  });
}

void walk(const std::string& file, const std::string& language) {
  const std::vector<Step> steps = steps_of(tests::contents(fs::path(BROKERLAB_SOURCE_DIR) / file));
  REQUIRE(steps.size() > 8);
  const fs::path before = fs::current_path();
  const fs::path folder = tests::temporary_path("tutorial");
  fs::create_directories(folder);
  fs::current_path(folder);
  for (const Step& step : steps) {
    INFO("in " << file << ", $ " << step.command);
    CHECK(difference(step.shown, printed_by(words_of(step.command), language)) == "");
  }
  fs::current_path(before);
  fs::remove_all(folder);
  INFO("the first page is shown as a whole");
  CHECK(std::count(steps[0].shown.begin(), steps[0].shown.end(), "...") == 0);
}

}  // namespace

TEST_CASE("the tutorial shows what its commands print", "[golden]") {
  walk("docs/tutorial.md", "en");
}

TEST_CASE("the Korean tutorial shows what its commands print", "[golden]") {
  walk("docs/tutorial.ko.md", "ko");
}

TEST_CASE("the README shows lines of the tutorial", "[unit]") {
  const fs::path root(BROKERLAB_SOURCE_DIR);
  for (const auto& [readme, tutorial] : {std::pair{"README.md", "docs/tutorial.md"},
                                         std::pair{"README.ko.md", "docs/tutorial.ko.md"}}) {
    const std::vector<std::string> page = steps_of(tests::contents(root / tutorial))[0].shown;
    std::istringstream lines(tests::contents(root / readme));
    int shown = 0;
    for (std::string line; std::getline(lines, line);) {
      if (line.find("  t=") == std::string::npos) continue;
      INFO(readme << ": " << line);
      CHECK(std::count(page.begin(), page.end(), line.substr(2)) == 1);
      ++shown;
    }
    CHECK(shown > 3);
  }
}
