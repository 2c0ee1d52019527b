// Lengths of time and numbers as sentences for people have them, in both languages.
//
// Threads: none.
#pragma once

#include "base/phrase.h"
#include "base/units.h"

namespace brokerlab::scenarios {

/// Three significant digits: "5.10 s", "5.10초"; "230 ms", "230ms".
Phrase rounded(Duration length);
/// Exact: "10min", "10분".
Phrase exact(Duration length);

}  // namespace brokerlab::scenarios
