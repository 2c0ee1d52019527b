// The catalogue of the library, as Markdown: docs/incidents.md and docs/incidents.ko.md. A test
// keeps them current, and another (tests/apart/library_test.cpp) the numbers in them.
//
// Lifetime: values. Threads: none.
#pragma once

#include "base/phrase.h"

#include <string>

namespace brokerlab::scenarios {

/// By theme; of each scenario question, story, commands. Scenarios without a lesson are left out.
std::string catalogue(Language language);

}  // namespace brokerlab::scenarios
