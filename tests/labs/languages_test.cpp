// Every lab says the same in English and in Korean.
#include "labs/lab.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <regex>
#include <set>
#include <sstream>

using namespace brokerlab;
using namespace brokerlab::labs;

namespace {

std::multiset<std::string> all_of(const std::string& text, const char* pattern) {
  const std::regex expression(pattern);
  std::multiset<std::string> found;
  for (auto i = std::sregex_iterator(text.begin(), text.end(), expression);
       i != std::sregex_iterator(); ++i) {
    found.insert(i->str());
  }
  return found;
}

bool has_korean(const std::string& text) {
  // Hangul syllables, U+AC00 to U+D7A3, begin with 0xEA to 0xED in UTF-8.
  return std::any_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte >= 0xEA && byte <= 0xED;
  });
}

void same(const LocalText& text) {
  INFO(text.en);
  INFO(text.ko);
  CHECK_FALSE(text.en.empty());
  CHECK(has_korean(text.ko));
  CHECK_FALSE(has_korean(text.en));
  for (const char* pattern :
       {"\\{[a-z_]*\\}", "[a-z]+(_[a-z]+)+", "[a-z]+\\.json", "brokerlab [a-z]+"}) {
    std::set<std::string> en;
    std::set<std::string> ko;
    for (const auto& one : all_of(text.en, pattern)) en.insert(one);
    for (const auto& one : all_of(text.ko, pattern)) ko.insert(one);
    CHECK(en == ko);
  }
}

void same(const Metric& metric) { same(metric.name); }

struct Texts {
  void operator()(const Predicted& c) const {
    same(c.metric);
    same(c.because);
  }
  void operator()(const Reading& c) const { same(c.metric); }
  template <class Other>
  void operator()(const Other&) const {}
};

struct Lesson {
  std::vector<std::string> headings;  ///< "## 1." without their words.
  std::vector<std::string> titles;
  std::string code;
  std::multiset<std::string> names;  ///< `like_this`
  int items = 0;
};

/// A comment in a command is for the reader, and so are words that it looks for: in the reader's
/// language.
std::string without_words(const std::string& line) {
  const std::size_t comment = line.find(" # ");
  const std::string command =
      comment == std::string::npos ? line : line.substr(0, line.find_last_not_of(' ', comment) + 1);
  return std::regex_replace(command, std::regex("\"[^\"]*\""), "\"...\"");
}

Lesson parts_of(const std::string& markdown) {
  Lesson lesson;
  std::istringstream lines(markdown);
  std::string line;
  bool in_code = false;
  std::string words;
  while (std::getline(lines, line)) {
    if (line.starts_with("```")) in_code = !in_code;
    if (in_code || line.starts_with("```")) {
      lesson.code += without_words(line) + "\n";
    } else if (line.starts_with("#")) {
      std::smatch parts;
      const bool numbered = std::regex_match(line, parts, std::regex("(#+ [0-9]+\\.) (.*)"));
      lesson.headings.push_back(numbered ? parts[1].str() : line.substr(0, line.find(' ')));
      lesson.titles.push_back(numbered ? parts[2].str() : line.substr(line.find(' ') + 1));
    } else {
      lesson.items += line.starts_with("- ") ? 1 : 0;
      words += line + "\n";
    }
  }
  lesson.names = all_of(words, "`[^`]+`");
  CHECK_FALSE(in_code);
  return lesson;
}

std::vector<Lab> every_lab() {
  std::vector<Lab> labs;
  for (const std::string& name : lab_names()) {
    const LoadedLab found = find_lab(name);
    INFO(to_text(found.errors));
    REQUIRE(found.lab.has_value());
    CHECK(found.lab->id == name);
    labs.push_back(*found.lab);
  }
  return labs;
}

}  // namespace

TEST_CASE("there is a lab, and an unknown name is helped", "[unit]") {
  CHECK_FALSE(lab_names().empty());
  const LoadedLab unknown = find_lab("a_broker_die");
  CHECK_FALSE(unknown.lab.has_value());
  CHECK(to_text(unknown.errors).find("a_broker_dies") != std::string::npos);
}

TEST_CASE("tasks, hints, questions and reasons say the same in both languages", "[unit]") {
  for (const Lab& lab : every_lab()) {
    same(lab.title);
    same(lab.story);
    for (const Outcome& outcome : lab.outcomes) {
      same(outcome.metric);
      if (!outcome.because.en.empty()) same(outcome.because);
    }
    for (const Trial& trial : lab.trials) same(trial.title);
    for (const ExperimentSpec& one : lab.experiments) same(one.title);
    for (const LocalText& one : lab.learnt) same(one);
    for (const LocalText& one : lab.afterwards) same(one);
    for (const Question& question : lab.questions) same(question.text);
    for (const LabTask& task : lab.tasks) {
      same(task.title);
      same(task.text);
      CHECK(task.hints.size() >= 2);
      for (const LocalText& hint : task.hints) same(hint);
      for (const Check& check : task.checks) std::visit(Texts{}, check.what);
    }
  }
}

TEST_CASE("the lesson has the same headings, code and names in both languages", "[unit]") {
  for (const Lab& lab : every_lab()) {
    const Lesson en = parts_of(lesson(lab, "en", 100));
    const Lesson ko = parts_of(lesson(lab, "ko", 100));
    CHECK(en.headings == ko.headings);
    CHECK(en.code == ko.code);
    CHECK(en.names == ko.names);
    CHECK(en.items == ko.items);
    CHECK(has_korean(lesson(lab, "ko", 100)));
    CHECK_FALSE(has_korean(lesson(lab, "en", 100)));
    // One numbered heading a task, with the task's title.
    REQUIRE(en.titles.size() == lab.tasks.size() + 1);
    REQUIRE(ko.titles.size() == lab.tasks.size() + 1);
    CHECK(en.titles[0] == lab.title.en);
    CHECK(ko.titles[0] == lab.title.ko);
    for (std::size_t i = 0; i < lab.tasks.size(); ++i) {
      CHECK(en.titles[i + 1] == lab.tasks[i].title.en);
      CHECK(ko.titles[i + 1] == lab.tasks[i].title.ko);
    }
  }
}

TEST_CASE("the lesson grows by a section with each task, and is whole at the end", "[unit]") {
  for (const Lab& lab : every_lab()) {
    for (const char* language : {"en", "ko"}) {
      std::string before;
      for (std::size_t i = 1; i <= lab.tasks.size(); ++i) {
        const std::string now = lesson(lab, language, i);
        CHECK(now.size() > before.size());
        CHECK(now.starts_with(before));
        CHECK(now.find(fmt::format("\n## {}.", i)) != std::string::npos);
        CHECK(now.find(fmt::format("\n## {}.", i + 1)) == std::string::npos);
        before = now;
      }
      CHECK(before == lesson(lab, language, 100));
    }
  }
}
