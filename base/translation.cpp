#include "base/translation.h"

#include "base/check.h"
#include "base/korean.h"

#include <algorithm>
#include <optional>

namespace brokerlab {

extern const std::string_view korean_po;  // korean_po.cpp.in

namespace {

Language current = Language::english;

std::string_view trimmed(std::string_view line) {
  constexpr std::string_view blanks = " \t\r";
  line.remove_prefix(std::min(line.find_first_not_of(blanks), line.size()));
  return line.substr(0, line.find_last_not_of(blanks) + 1);
}

/// "text" with C's escapes.
std::optional<std::string> unquoted(std::string_view text) {
  if (text.size() < 2 || text.front() != '"' || text.back() != '"') return std::nullopt;
  text = text.substr(1, text.size() - 2);
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '"') return std::nullopt;
    if (text[i] != '\\') {
      out += text[i];
      continue;
    }
    if (++i == text.size()) return std::nullopt;
    constexpr std::string_view names = "nt\"\\";
    constexpr std::string_view meanings = "\n\t\"\\";
    const auto named = names.find(text[i]);
    if (named == std::string_view::npos) return std::nullopt;
    out += meanings[named];
  }
  return out;
}

/// One entry at a time.
class CatalogueReader {
 public:
  explicit CatalogueReader(std::vector<std::string>& problems) : problems_(problems) {}

  void line(std::string_view text) {
    ++number_;
    text = trimmed(text);
    if (text.empty() || text.front() == '#') return;
    if (text.starts_with("msgid ")) {
      finish();
      part_ = &english_.emplace();
      text.remove_prefix(6);
    } else if (text.starts_with("msgstr ")) {
      if (!english_ || korean_) return wrong("msgstr without a msgid before it");
      part_ = &korean_.emplace();
      text.remove_prefix(7);
    }
    const auto words = unquoted(trimmed(text));
    if (!words || part_ == nullptr) return wrong("is no msgid, msgstr or quoted text");
    *part_ += *words;
  }

  Catalogue finish() {
    if (english_ && !korean_) wrong("a msgid without its msgstr before this line");
    // The empty msgid is the file's own header.
    if (english_ && korean_ && !english_->empty() && !korean_->empty()) {
      const bool fresh = entries_.emplace(*english_, *korean_).second;
      if (!fresh) wrong("a second translation of \"" + *english_ + "\" before this line");
    }
    english_.reset();
    korean_.reset();
    part_ = nullptr;
    return entries_;
  }

 private:
  void wrong(const std::string& what) {
    problems_.push_back(fmt::format("line {}: {}", number_, what));
  }

  std::vector<std::string>& problems_;
  int number_ = 0;
  std::optional<std::string> english_, korean_;
  std::string* part_ = nullptr;  ///< Of the two, the one that is being read.
  Catalogue entries_;
};

/// "0", "1:.1f": place and format of every blank, in order of places.
std::vector<std::string> blanks_of(std::string_view sentence) {
  std::vector<std::string> blanks;
  int next = 0;
  for (std::size_t at = 0; at < sentence.size(); ++at) {
    if (sentence[at] != '{') continue;
    if (sentence.substr(at).starts_with("{{")) {
      ++at;
      continue;
    }
    const std::size_t close = sentence.find('}', at);
    if (close == std::string_view::npos) return {"an open brace"};
    std::string blank(sentence.substr(at + 1, close - at - 1));
    if (blank.empty() || blank.front() == ':') blank = std::to_string(next++) + blank;
    blanks.push_back(std::move(blank));
    at = close;
  }
  std::sort(blanks.begin(), blanks.end());
  // A language may say a word twice that another says once.
  blanks.erase(std::unique(blanks.begin(), blanks.end()), blanks.end());
  return blanks;
}

}  // namespace

void speak(Language language) { current = language; }
Language spoken() { return current; }

std::string_view to_code(Language language) { return language == Language::korean ? "ko" : "en"; }
Language language_of(std::string_view code) {
  return code.starts_with("ko") ? Language::korean : Language::english;
}

namespace detail {

std::string translate(Language language, std::string_view english, fmt::format_args blanks) {
  if (language == Language::korean) {
    const Catalogue& catalogue = korean_catalogue();
    const auto found = catalogue.find(english);
    if (found != catalogue.end()) return with_particles(fmt::vformat(found->second, blanks));
  }
  return fmt::vformat({english.data(), english.size()}, blanks);
}

}  // namespace detail

std::string translated(std::string_view english) {
  const auto found =
      spoken() == Language::korean ? korean_catalogue().find(english) : korean_catalogue().end();
  return found == korean_catalogue().end() ? std::string(english) : found->second;
}

Catalogue parse_catalogue(std::string_view text, std::vector<std::string>& problems) {
  CatalogueReader reader(problems);
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    reader.line(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return reader.finish();
}

const Catalogue& korean_catalogue() {
  static const Catalogue catalogue = [] {
    std::vector<std::string> problems;
    Catalogue read = parse_catalogue(korean_po, problems);
    ENSURE(problems.empty(), "korean.po: {}", problems.front());
    for (const auto& [english, korean] : read) {
      ENSURE(wrong_blanks(english, korean).empty(), "korean.po: \"{}\": {}", english,
             wrong_blanks(english, korean));
    }
    return read;
  }();
  return catalogue;
}

std::string wrong_blanks(std::string_view english, std::string_view korean) {
  const auto wanted = blanks_of(english);
  const auto found = blanks_of(korean);
  for (const std::string& blank : wanted) {
    if (std::find(found.begin(), found.end(), blank) == found.end()) {
      return fmt::format("lacks the blank {{{}}}", blank);
    }
  }
  for (const std::string& blank : found) {
    if (std::find(wanted.begin(), wanted.end(), blank) == wanted.end()) {
      return fmt::format("has a blank {{{}}} that the English has not", blank);
    }
  }
  return {};
}

}  // namespace brokerlab
