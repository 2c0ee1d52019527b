// JSON from text and to text. nlohmann's parser and writer are templates that every file would
// compile anew: this is where they are compiled once.
//
// Threads: none. Errors: what is no JSON is a discarded value; to_text never fails.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include <string>
#include <string_view>

namespace brokerlab {

using Json = nlohmann::ordered_json;

/// What is no JSON is a discarded value (is_discarded()).
Json json_from(std::string_view text);

/// Bytes that are no UTF-8 become U+FFFD. indent < 0: on one line. `ascii`: \uXXXX for the rest.
std::string json_text(const Json& value, int indent = -1, bool ascii = false);

}  // namespace brokerlab
