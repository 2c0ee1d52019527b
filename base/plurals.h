// Plurals: the form of an English word that fits the number before it.
//
// A sentence with a blank in it cannot know the number that will stand there, so it writes both
// forms, "{count} record(s)"; with_plurals() picks one when the blank has been filled. What has no
// number before its word stays as it is. Threads: any. Errors: none.
#pragma once

#include <string>

namespace brokerlab {

/// "1 record(s)" becomes "1 record", "1,001 record(s)" becomes "1,001 records".
std::string with_plurals(std::string text);

}  // namespace brokerlab
