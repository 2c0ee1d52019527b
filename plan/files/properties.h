// java.util.Properties from text, with the line of each: server.properties and the like.
//
// As Properties.load() reads: comments (# and !), a logical line over several (a backslash at the
// end), keys that end at =, : or white space, escapes (\t, \n, \uXXXX, any other character itself).
// A byte order mark and CRLF are taken. Of a key that stands twice the last value counts.
//
// Source: Java's java.util.Properties.load(Reader). Threads: none. Errors: none; every text is
// read.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace brokerlab::plan {

struct Property {
  std::string key;
  std::string value;  ///< Without white space around it, as Kafka trims it.
  int line = 0;       ///< Where it begins, from 1.
};

/// In the order of the file, repeated keys included.
std::vector<Property> parse_properties(std::string_view text);

}  // namespace brokerlab::plan
