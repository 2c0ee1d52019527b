// What JSON tells, for a page: members that may not be there, and the one of two languages.
//
// Lifetime: values. Threads: none. Errors: what is missing, or of another kind, is empty.
#pragma once

#include "base/json_text.h"
#include "base/phrase.h"
#include "plan/report/html.h"

#include <nlohmann/json_fwd.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace brokerlab::plan::report {

/// A member; nothing's own when it is not there.
const Json& part_of(const Json& object, std::string_view name);
std::string text_of(const Json& object, std::string_view name);
double number_of(const Json& object, std::string_view name);
bool is_true(const Json& object, std::string_view name);

/// A text in the language that is spoken: of "what" and "what_ko"; "text" has its Korean in "ko".
std::string said_of(const Json& object, const std::string& name);
/// The same of lists of texts.
std::vector<std::string> list_of(const Json& object, const std::string& name);
/// Of {"en": ..., "ko": ...}, or of a text.
std::string local_text(const Json& object, std::string_view name);

/// A value as a scenario has it: a text without quotes, all else as JSON.
std::string value_of(const Json& object, std::string_view name);

/// "16.7 s", "250 ms", "3 min 20 s".
std::string seconds_words(double seconds);
std::string millis_words(double millis);
/// "1,234,567".
std::string count_words(double count);

Markup list_markup(const std::vector<std::string>& lines, const char* style = "");
/// "name value" pairs beneath a title.
Markup facts_markup(const std::vector<std::pair<std::string, std::string>>& facts);
struct Tile {
  std::string value;
  std::string name;
};
Markup tiles_markup(const std::vector<Tile>& tiles);

}  // namespace brokerlab::plan::report
