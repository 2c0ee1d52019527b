#include "base/korean.h"

#include <array>

namespace brokerlab {
namespace {

/// How the sound before a particle ends.
enum class Ending { vowel, rieul, consonant };

struct LatinEnding {
  std::string_view letters;
  Ending ending;
};

/// Of words in Latin letters as Koreans say them, the longest ending that fits counts.
constexpr std::array latin_endings{
    LatinEnding{"le", Ending::rieul},      // file, enable
    LatinEnding{"l", Ending::rieul},       // all, interval
    LatinEnding{"me", Ending::consonant},  // time, name
    LatinEnding{"ne", Ending::consonant},  // none, machine
    LatinEnding{"m", Ending::consonant},   LatinEnding{"n", Ending::consonant},
    LatinEnding{"ng", Ending::consonant},   // lag is not: rageu
    LatinEnding{"ic", Ending::consonant},   // topic
    LatinEnding{"ck", Ending::consonant},   // lock
    LatinEnding{"ab", Ending::consonant},   // lab
    LatinEnding{"ap", Ending::consonant},   // map
    LatinEnding{"op", Ending::consonant},   // stop
    LatinEnding{"ip", Ending::consonant},   // skip
    LatinEnding{"up", Ending::consonant},   // group
    LatinEnding{"et", Ending::consonant},   // offset
    LatinEnding{"it", Ending::consonant},   // commit
    LatinEnding{"ot", Ending::consonant},   // root
    LatinEnding{"ut", Ending::consonant},   // timeout, input
    LatinEnding{"ook", Ending::consonant},  // hook
    LatinEnding{"eep", Ending::consonant},  // sleep
};

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

/// Letters that are said one by one: "R" is al, "ISR" ends so too, "ms" ends with eseu.
Ending ending_of_letter(char last) {
  switch (last) {
    case 'L':
    case 'R':
      return Ending::rieul;
    case 'M':
    case 'N':
      return Ending::consonant;
    default:
      return Ending::vowel;
  }
}

Ending ending_of_digit(char last) {
  switch (last) {
    case '1':  // il
    case '7':  // chil
    case '8':  // pal
      return Ending::rieul;
    case '0':  // yeong, sip, baek, cheon
    case '3':  // sam
    case '6':  // yuk
      return Ending::consonant;
    default:
      return Ending::vowel;
  }
}

Ending ending_of_ascii(std::string_view text) {
  const char last = text.back();
  if (last >= '0' && last <= '9') return ending_of_digit(last);
  std::size_t begin = text.size();
  while (begin > 0 && is_letter(text[begin - 1])) --begin;
  std::string word(text.substr(begin));
  if (last >= 'A' && last <= 'Z') {
    // A name of several words, as Kafka's errors have them, is read as words.
    if (begin == 0 || text[begin - 1] != '_' || word.size() < 3) return ending_of_letter(last);
    for (char& c : word) c = static_cast<char>(c | 0x20);
  }
  std::size_t longest = 0;
  Ending ending = Ending::vowel;
  for (const LatinEnding& one : latin_endings) {
    if (one.letters.size() <= longest || !word.ends_with(one.letters)) continue;
    longest = one.letters.size();
    ending = one.ending;
  }
  return ending;
}

/// Of text in UTF-8; brackets and quotes at its end are not spoken.
Ending ending_of(std::string_view text) {
  while (!text.empty() && std::string_view(")]}\"'`*").find(text.back()) != text.npos) {
    text.remove_suffix(1);
  }
  if (text.empty()) return Ending::vowel;
  if ((static_cast<unsigned char>(text.back()) & 0x80) == 0) return ending_of_ascii(text);
  if (text.size() < 3) return Ending::vowel;
  const auto byte = [&](std::size_t from_end) {
    return static_cast<unsigned>(static_cast<unsigned char>(text[text.size() - from_end]));
  };
  const unsigned code = (byte(3) & 0x0f) << 12 | (byte(2) & 0x3f) << 6 | (byte(1) & 0x3f);
  if (code < 0xac00 || code > 0xd7a3) return Ending::vowel;
  const unsigned final_sound = (code - 0xac00) % 28;
  return final_sound == 0 ? Ending::vowel : final_sound == 8 ? Ending::rieul : Ending::consonant;
}

struct Particle {
  std::string_view either;  ///< As sentences write it when the word before is not known.
  std::string_view after_vowel;
  std::string_view after_rieul;
  std::string_view after_consonant;
};

constexpr std::array particles{
    Particle{"이(가)", "가", "이", "이"},   Particle{"을(를)", "를", "을", "을"},
    Particle{"은(는)", "는", "은", "은"},   Particle{"와(과)", "와", "과", "과"},
    Particle{"(으)로", "로", "로", "으로"}, Particle{"(이)", "", "이", "이"}};

}  // namespace

std::string with_particles(std::string text) {
  for (const Particle& particle : particles) {
    for (std::size_t at = text.find(particle.either); at != std::string::npos;
         at = text.find(particle.either, at)) {
      const Ending ending = ending_of(std::string_view(text).substr(0, at));
      const std::string_view right = ending == Ending::vowel   ? particle.after_vowel
                                     : ending == Ending::rieul ? particle.after_rieul
                                                               : particle.after_consonant;
      text.replace(at, particle.either.size(), right);
      at += right.size();
    }
  }
  return text;
}

std::string with_korean_unit(std::string length) {
  const std::size_t blank = length.find(' ');
  if (blank == std::string::npos) return length;
  length.erase(blank, 1);
  if (length.substr(blank) == "s") length.replace(blank, 1, "초");
  return length;
}

}  // namespace brokerlab
