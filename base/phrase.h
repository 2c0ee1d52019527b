// Phrase: a few words in both languages, where a reason travels from who knows it to who tells it.
// Korean: a particle that depends on the word before is written in both forms, "이(가)"; who tells
// it picks the one that fits (base/korean.h).
#pragma once

#include <string>

namespace brokerlab {

enum class Language { english, korean };

struct Phrase {
  std::string english;
  std::string korean;
};

}  // namespace brokerlab
