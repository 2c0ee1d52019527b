// Korean: the particle that fits the word before it.
//
// A sentence with a blank in it cannot know which word will stand there, so it writes both forms,
// "{machine}이(가)"; with_particles() picks one when the blank has been filled. Source of the rule:
// the National Institute of Korean Language's rules on particles; words in Latin letters and digits
// count as Koreans read them aloud (broker: beurokeo, 10: sip).
//
// Forms: 이(가), 을(를), 은(는), 와(과), (으)로, and (이) before anything else, as in (이)라는.
// Threads: any. Errors: none; what is no such form stays as it is.
#pragma once

#include <string>
#include <string_view>

namespace brokerlab {

std::string with_particles(std::string text);

/// A length of time as to_rounded_text() writes it, with the unit as a Korean sentence has it:
/// "30.9 s" is "30.9초", "5.1 ms" is "5.1ms".
std::string with_korean_unit(std::string length);

}  // namespace brokerlab
