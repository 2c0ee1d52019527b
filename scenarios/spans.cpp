#include "scenarios/spans.h"

namespace brokerlab::scenarios {

Phrase rounded(Duration length) {
  const std::string english = to_rounded_text(length);
  std::string korean = english;
  const std::size_t blank = korean.find(' ');
  korean.erase(blank, 1);
  if (korean.substr(blank) == "s") korean.replace(blank, 1, "초");
  return {english, korean};
}

Phrase exact(Duration length) { return {brokerlab::to_text(length), to_korean_text(length)}; }

}  // namespace brokerlab::scenarios
