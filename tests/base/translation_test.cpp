// Every sentence for people has its Korean, with the same blanks (base/translation.h).
#include "base/translation.h"

#include "tests/files.h"

#include <catch2/catch.hpp>

#include <filesystem>
#include <fstream>
#include <regex>
#include <set>
#include <sstream>

using namespace brokerlab;
namespace fs = std::filesystem;

using brokerlab::tests::contents;

namespace {

/// Of the text behind an opening parenthesis: the literals that stand first, as one.
std::string leading_literal(const std::string& text, std::size_t at) {
  std::string out;
  while (true) {
    while (at < text.size() && std::isspace(static_cast<unsigned char>(text[at])) != 0) ++at;
    if (at >= text.size() || text[at] != '"') return out;
    for (++at; at < text.size() && text[at] != '"'; ++at) {
      if (text[at] != '\\') {
        out += text[at];
      } else if (text[++at] == 'n') {
        out += '\n';
      } else {
        out += text[at];
      }
    }
    ++at;
  }
}

/// The sentences that a source text says by tr(), tr_in(), phrase() and sentence().
std::vector<std::string> sentences_in(const std::string& source) {
  static const std::regex call(
      "(?:\\btr|\\btr_in|[^_\\w:]phrase|[^_\\w:]sentence)\\(\\s*(?:[\\w:.]+,\\s*)?(?=\")");
  std::vector<std::string> sentences;
  for (std::sregex_iterator match(source.begin(), source.end(), call), end; match != end; ++match) {
    const auto behind = static_cast<std::size_t>(match->position() + match->length());
    sentences.push_back(leading_literal(source, behind));
  }
  return sentences;
}

std::map<std::string, std::string> sentences_of_the_tree() {
  std::map<std::string, std::string> found;
  const fs::path root(BROKERLAB_SOURCE_DIR);
  for (const char* folder :
       {"base", "log", "sim", "recording", "model", "scenarios", "labs", "plan", "viz", "cli"}) {
    if (!fs::exists(root / folder)) continue;
    for (const auto& entry : fs::recursive_directory_iterator(root / folder)) {
      if (entry.path().extension() != ".cpp" && entry.path().extension() != ".h") continue;
      if (entry.path().filename() == "translation.h") continue;
      for (std::string& one : sentences_in(contents(entry.path()))) {
        found.emplace(std::move(one), fs::relative(entry.path(), root).string());
      }
    }
  }
  return found;
}

/// From an opening parenthesis to behind the one that closes it.
std::string in_parentheses(const std::string& source, std::size_t at) {
  int depth = 0;
  bool quoted = false;
  for (std::size_t i = at; i < source.size(); ++i) {
    const char c = source[i];
    const std::size_t one = i + 1 < source.size() && source[i + 1] == '\\' ? 3 : 2;
    if (!quoted && c == '\'' && i + one < source.size() && source[i + one] == '\'') {
      i += one;  // A character, a quote or a bracket perhaps.
    } else if (quoted && c == '\\') {
      ++i;
    } else if (c == '"') {
      quoted = !quoted;
    } else if (!quoted && c == '(') {
      ++depth;
    } else if (!quoted && c == ')' && --depth == 0) {
      return source.substr(at, i + 1 - at);
    }
  }
  return {};
}

/// The words of mistakes and failures that a source text tells in English only.
std::vector<std::string> untranslated_in(const std::string& source) {
  static const std::regex telling("\\b(?:error|warning|fail)\\(");
  static const std::regex translating("\\b(?:tr|tr_in|phrase|sentence|translated|say)\\(");
  static const std::regex words("[a-z']{2,} [a-z']{2,}");
  std::vector<std::string> found;
  for (std::sregex_iterator match(source.begin(), source.end(), telling), end; match != end;
       ++match) {
    std::string told =
        in_parentheses(source, static_cast<std::size_t>(match->position() + match->length()) - 1);
    for (std::smatch call; std::regex_search(told, call, translating);) {
      const auto open = static_cast<std::size_t>(call.position() + call.length()) - 1;
      const auto begin = static_cast<std::size_t>(call.position());
      const std::size_t size = in_parentheses(told, open).size();
      told.erase(begin, open - begin + std::max<std::size_t>(size, 1));
    }
    std::string literal;
    bool quoted = false;
    for (std::size_t i = 0; i < told.size(); ++i) {
      if (told[i] != '"') {
        if (quoted) literal += told[i];
        if (quoted && told[i] == '\\') ++i;
        continue;
      }
      if (quoted && std::regex_search(literal, words)) found.push_back(literal);
      quoted = !quoted;
      literal.clear();
    }
  }
  return found;
}

/// One line a sentence that lacks its translation, or whose translation lacks its sentence.
std::string differences(const std::map<std::string, std::string>& said, const Catalogue& korean) {
  std::string text;
  for (const auto& [english, file] : said) {
    if (!korean.contains(english)) text += file + ": no Korean for: " + english + "\n";
  }
  for (const auto& [english, translation] : korean) {
    if (!said.contains(english)) text += "base/korean.po: nobody says: " + english + "\n";
    const std::string wrong = wrong_blanks(english, translation);
    if (!wrong.empty()) text += "base/korean.po: " + english + ": " + wrong + "\n";
  }
  return text;
}

}  // namespace

TEST_CASE("every sentence has its Korean, every Korean its sentence", "[unit]") {
  std::vector<std::string> problems;
  const fs::path file = fs::path(BROKERLAB_SOURCE_DIR) / "base/korean.po";
  const Catalogue korean = parse_catalogue(contents(file), problems);
  CHECK(problems == std::vector<std::string>{});
  CHECK(differences(sentences_of_the_tree(), korean) == "");
  CHECK(korean_catalogue() == korean);
}

TEST_CASE("no mistake and no failure is told in English only", "[unit]") {
  CHECK(untranslated_in("report.error(\"at\", fmt::format(\"must be before {}\", t(x)));") ==
        std::vector<std::string>{"must be before {}"});
  CHECK(untranslated_in("report.error(\"at\", tr(\"must be before {}\", t(x)));").empty());
  const fs::path root(BROKERLAB_SOURCE_DIR);
  std::string all;
  // What log/ says is reworded where it is printed (cli/log_words.h).
  for (const char* folder :
       {"base", "sim", "recording", "model", "scenarios", "labs", "plan", "viz", "cli"}) {
    for (const auto& entry : fs::recursive_directory_iterator(root / folder)) {
      if (entry.path().extension() != ".cpp" && entry.path().extension() != ".h") continue;
      for (const std::string& one : untranslated_in(contents(entry.path()))) {
        all += fs::relative(entry.path(), root).string() + ": " + one + "\n";
      }
    }
  }
  CHECK(all == "");
}

TEST_CASE("a sentence without Korean, and Korean without a sentence, are found", "[unit]") {
  const auto said = sentences_in(
      "a = tr(\"one {}\", n); b = problem(phrase(\"two \"\n  \"parts\\n\")); "
      "c = tr_in(language, \"three\"); d = str(\"not this\");");
  CHECK(said == std::vector<std::string>{"one {}", "two parts\n", "three"});
  CHECK(differences({{"one {}", "cli/a.cpp"}}, {}) == "cli/a.cpp: no Korean for: one {}\n");
  CHECK(differences({}, {{"one", "하나"}}) == "base/korean.po: nobody says: one\n");
  CHECK(differences({{"one {}", "cli/a.cpp"}}, {{"one {}", "하나"}}) ==
        "base/korean.po: one {}: lacks the blank {0}\n");
}

TEST_CASE("blanks agree in place and format, whatever their order", "[unit]") {
  CHECK(wrong_blanks("{} of {}", "{1} 가운데 {0}") == "");
  CHECK(wrong_blanks("{:.1f} s", "{:.1f}초") == "");
  CHECK(wrong_blanks("{:.1f} s", "{:.2f}초") == "lacks the blank {0:.1f}");
  CHECK(wrong_blanks("a {{b}}", "가 {{나}}") == "");
  CHECK(wrong_blanks("all", "모두 {}") == "has a blank {0} that the English has not");
}

TEST_CASE("a catalogue is read as gettext writes it", "[unit]") {
  std::vector<std::string> problems;
  const Catalogue read = parse_catalogue(
      "# note\nmsgid \"\"\nmsgstr \"\"\n\"Language: ko\\n\"\n\n"
      "msgid \"say \\\"{}\\\"\\n\"\nmsgstr \"\"\n\"\\\"{}\\\"\"\n\" 말하기\\n\"\n"
      "msgid \"later\"\nmsgstr \"\"\n",
      problems);
  CHECK(problems.empty());
  CHECK(read == Catalogue{{"say \"{}\"\n", "\"{}\" 말하기\n"}});
}

TEST_CASE("what is no catalogue is told by line", "[unit]") {
  std::vector<std::string> problems;
  (void)parse_catalogue("msgid \"a\"\nmsgid \"b\"\nmsgstr \"c\"\nmsgstr \"d\"\nwords\n\"e\\q\"\n",
                        problems);
  REQUIRE(problems.size() == 4);
  CHECK(problems[0] == "line 2: a msgid without its msgstr before this line");
  CHECK(problems[1] == "line 4: msgstr without a msgid before it");
  CHECK(problems[2] == "line 5: is no msgid, msgstr or quoted text");
  CHECK(problems[3] == "line 6: is no msgid, msgstr or quoted text");
}

TEST_CASE("who speaks Korean hears English only where there is no Korean", "[unit]") {
  const Speaking korean(Language::korean);
  CHECK(tr_in(Language::english, "{} of {}", 2, "broker") == "2 of broker");
  CHECK(say(Phrase{"yes", "예"}) == "예");
  CHECK(detail::translate(Language::korean, "nobody translated {}",
                          fmt::make_format_args("this")) == "nobody translated this");
}

TEST_CASE("schemas and references stay English whoever asks for them", "[unit]") {
  const Speaking korean(Language::korean);
  CHECK(tr("must be {}", "1") == "쓸 수 있는 값: 1");
  {
    const Speaking english(Language::english);
    CHECK(tr("must be {}", "1") == "must be 1");
  }
  CHECK(translated("a text") == "문자열");
}
