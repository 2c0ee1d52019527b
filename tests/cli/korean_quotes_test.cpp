// What a Korean text quotes is what the Korean program prints: nobody who reads only Korean looks
// for a heading called "Partitions", or asks why with English words.
#include "base/translation.h"
#include "tests/cli/command.h"
#include "tests/files.h"

#include <catch2/catch.hpp>

#include <filesystem>
#include <fstream>
#include <regex>
#include <sstream>

using namespace brokerlab;
namespace fs = std::filesystem;

using brokerlab::tests::contents;

namespace {

const char* const korean_documents[] = {"README.ko.md", "docs/tutorial.ko.md"};

bool is_korean(const std::string& text) {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) >= 0xea; });
}

/// The quotations of a text that the program says in Korean, or that are several English words;
/// keys of JSON are none.
std::string english_quotes(const std::string& text) {
  static const std::regex quotation("\"([A-Za-z][A-Za-z' ]*)\"(?!:)");
  static const std::regex words("[a-z']+( [a-z']+)+");
  const Catalogue& korean = korean_catalogue();
  std::istringstream lines(text);
  std::string left;
  for (std::string line; std::getline(lines, line);) {
    for (std::sregex_iterator match(line.begin(), line.end(), quotation), end; match != end;
         ++match) {
      const std::string quoted = (*match)[1];
      const auto known = korean.find(quoted);
      const bool said_in_korean = known != korean.end() && known->second != quoted;
      if (said_in_korean || std::regex_search(quoted, words)) left += quoted + ": " + line + "\n";
    }
  }
  return left;
}

/// Of a document in both languages: the lines with Korean, whose quotation marks are escaped.
std::string korean_lines(const std::string& json) {
  std::istringstream lines(json);
  std::string korean;
  for (std::string line; std::getline(lines, line);) {
    if (!is_korean(line)) continue;
    line = std::regex_replace(line.substr(line.rfind("\"ko\"") + 4), std::regex("\\\\\""), "\"");
    korean += line + "\n";
  }
  return korean;
}

}  // namespace

TEST_CASE("Korean texts quote the Korean program", "[unit]") {
  const fs::path root(BROKERLAB_SOURCE_DIR);
  int texts = 0;
  for (const auto& entry : fs::recursive_directory_iterator(root / "labs/library")) {
    const fs::path& path = entry.path();
    const bool lesson = path.filename() == "lab.ko.md";
    if (!lesson && path.extension() != ".json") continue;
    INFO(path);
    ++texts;
    CHECK(english_quotes(lesson ? contents(path) : korean_lines(contents(path))) == "");
  }
  CHECK(texts > 2);
  for (const char* document : korean_documents) {
    INFO(document);
    CHECK(english_quotes(contents(root / document)) == "");
  }
  for (const auto& [english, korean] : korean_catalogue()) {
    INFO(english);
    CHECK(english_quotes(korean) == "");
  }
}

TEST_CASE("a thing has one name in Korean, wherever it is told", "[unit]") {
  // Given up for: 이벤트, 수준, 데이터 센터, 가용 영역, 사본, produce, 사용 불가, 지연(lag),
  // 주키퍼.
  const char* const given_up[] = {"사건",     "등급",       "데이터센터", "존, 데이터",    "복사본",
                                  "프로듀스", "쓸 수 없던", "컨슈머 랙",  "ZooKeeper 서버"};
  const fs::path root(BROKERLAB_SOURCE_DIR);
  std::vector<fs::path> files{root / "base/korean.po"};
  for (const char* document : korean_documents) files.push_back(root / document);
  for (const char* folder : {"cli", "labs", "model", "recording", "scenarios", "sim", "viz"}) {
    for (const auto& entry : fs::recursive_directory_iterator(root / folder)) {
      const std::string kind = entry.path().extension();
      if (kind == ".cpp" || kind == ".h" || kind == ".json" || kind == ".md") {
        files.push_back(entry.path());
      }
    }
  }
  for (const fs::path& file : files) {
    const std::string text = contents(file);
    for (const char* word : given_up) {
      INFO(file << ": " << word);
      CHECK(text.find(word) == std::string::npos);
    }
  }
}

TEST_CASE("an English quotation in a Korean text is found", "[unit]") {
  CHECK(english_quotes("\"Partitions\"에 나옵니다\n") != "");
  CHECK(english_quotes("why demo.run \"is now led by\"\n") != "");
  CHECK(english_quotes("\"파티션\", \"answer\", \"acks=all\"\n") == "");
}
