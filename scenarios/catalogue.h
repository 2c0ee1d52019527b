// The catalogue of the library, as Markdown: docs/incidents.md and docs/incidents.ko.md. A test
// keeps them current, and another (tests/apart/library_test.cpp) the numbers in them.
//
// Lifetime: values. Threads: none.
#pragma once

#include "base/phrase.h"

#include <string>

namespace brokerlab::scenarios {

struct Scenario;

/// By theme; of each scenario question, story, commands. Scenarios without a lesson are left out.
std::string catalogue(Language language);

/// What the verdict of a run with a --set of the library's means; a sentence.
std::string verdict_of_variations(Language language);

/// Of a lesson: what changes without each cure, and what to try next, each with its command.
/// Needs a lesson.
std::string variations(const Scenario& scenario, Language language);

}  // namespace brokerlab::scenarios
