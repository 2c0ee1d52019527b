#include "scenarios/spans.h"

#include "base/korean.h"

namespace brokerlab::scenarios {

Phrase rounded(Duration length) {
  const std::string english = to_rounded_text(length);
  return {english, with_korean_unit(english)};
}

Phrase exact(Duration length) { return {brokerlab::to_text(length), to_korean_text(length)}; }

}  // namespace brokerlab::scenarios
