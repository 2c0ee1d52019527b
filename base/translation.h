// Translation: what brokerlab says to the person in front of it, in that person's language.
//
// Code says everything once, in English: tr("there is no scenario \"{}\"", name). The Korean stands
// in base/korean.po, in gettext's format, under the English sentence as its key; a test finds every
// tr() and phrase() of the tree there, with the same blanks. Korean sentences may order blanks
// ({1} before {0}) and write particles in both forms (base/korean.h). What both languages need at
// once, since somebody else will choose (a recording, a report), is a phrase(). A phrase that fills
// a blank is said in the language of the sentence around it. A sentence that is kept before it is
// said is marked with sentence("...") where it stands, and said by translated().
//
// Source of the format: GNU gettext manual, "The Format of PO Files".
// Lifetime: the language is the process's; main() sets it before anything else runs.
// Threads: reading is safe from any; speak() is for main() and tests.
// Errors: a sentence without a translation is said in English; broken entries stop the tests.
#pragma once

#include "base/phrase.h"

#include <fmt/format.h>

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace brokerlab {

/// From now on tr() says it so.
void speak(Language language);
Language spoken();

/// "en" or "ko".
std::string_view to_code(Language language);
/// Of "ko", "ko_KR.UTF-8" and the like; English for everything else.
Language language_of(std::string_view code);

namespace detail {
template <class Format>
std::string_view view(const Format& english) {
  const fmt::string_view text = english;
  return {text.data(), text.size()};
}
std::string translate(Language language, std::string_view english, fmt::format_args blanks);
}  // namespace detail

inline const std::string& say(const Phrase& phrase, Language language) {
  return language == Language::korean ? phrase.korean : phrase.english;
}
inline const std::string& say(const Phrase& phrase) { return say(phrase, spoken()); }

namespace detail {
inline const std::string& blank_in(Language language, const Phrase& phrase) {
  return say(phrase, language);
}
template <class T>
const T& blank_in(Language, const T& blank) {
  return blank;
}
}  // namespace detail

/// The sentence in a language, blanks filled, particles chosen.
template <class... Args>
std::string tr_in(Language language, fmt::format_string<Args...> english, Args&&... blanks) {
  return detail::translate(language, detail::view(english),
                           fmt::make_format_args(detail::blank_in(language, blanks)...));
}

/// In the language that is spoken.
template <class... Args>
std::string tr(fmt::format_string<Args...> english, Args&&... blanks) {
  return detail::translate(spoken(), detail::view(english),
                           fmt::make_format_args(detail::blank_in(spoken(), blanks)...));
}

/// In both.
template <class... Args>
Phrase phrase(fmt::format_string<Args...> english, Args&&... blanks) {
  const auto in = [&](Language language) {
    return detail::translate(language, detail::view(english),
                             fmt::make_format_args(detail::blank_in(language, blanks)...));
  };
  return {in(Language::english), in(Language::korean)};
}

/// Marks a sentence that translated() will say later.
constexpr const char* sentence(const char* english) { return english; }
/// A marked sentence without blanks, in the language that is spoken.
std::string translated(std::string_view english);

/// While it lives, another language is spoken: what is written for files is English always.
class Speaking {
 public:
  explicit Speaking(Language language) : before_(spoken()) { speak(language); }
  ~Speaking() { speak(before_); }
  Speaking(const Speaking&) = delete;
  Speaking& operator=(const Speaking&) = delete;

 private:
  Language before_;
};

/// English to Korean.
using Catalogue = std::map<std::string, std::string, std::less<>>;

/// A file in PO's format: msgid and msgstr, quoted as in C, over several lines perhaps. Entries
/// without a translation are left out. `problems`: "line 7: ...", one each.
Catalogue parse_catalogue(std::string_view text, std::vector<std::string>& problems);

/// base/korean.po, as it was built in.
const Catalogue& korean_catalogue();

/// What is wrong with a translation of a sentence: blanks that one has and the other has not, or
/// has with another format. Empty: nothing.
std::string wrong_blanks(std::string_view english, std::string_view korean);

}  // namespace brokerlab

/// So that a Phrase may stand among the blanks of tr() and phrase().
template <>
struct fmt::formatter<brokerlab::Phrase> : fmt::formatter<std::string_view> {
  template <class FormatContext>
  auto format(const brokerlab::Phrase& phrase, FormatContext& context) const {
    return fmt::formatter<std::string_view>::format(brokerlab::say(phrase), context);
  }
};
