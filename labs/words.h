// Sentences of labs: said in both languages at once, for whoever tells them chooses.
#pragma once

#include "base/translation.h"
#include "scenarios/description.h"

#include <string>

namespace brokerlab::labs {

using scenarios::LocalText;

inline LocalText both(Phrase phrase) {
  return {std::move(phrase.english), std::move(phrase.korean)};
}

inline const std::string& pick(const LocalText& text, Language language) {
  return text.in(to_code(language));
}

/// What `say` says in each language: for sentences that hold others.
template <class Say>
LocalText in_both(const Say& say) {
  return {say(Language::english), say(Language::korean)};
}

/// "a, b and c" without the and.
template <class Strings>
std::string listed(const Strings& words) {
  std::string all;
  for (const std::string& word : words) all += (all.empty() ? "" : ", ") + word;
  return all;
}

}  // namespace brokerlab::labs
