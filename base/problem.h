// Problems: everything a user got wrong, listed at once, each with file, path, value and range.
//
// Whoever reads input collects into one Problems and goes on reading; nobody stops at the first
// mistake. A Problem prints on one line:
//
//   crash.json: /topics/0/replication.factor: 5: must not exceed the number of brokers, 3
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace brokerlab {

struct Problem {
  std::string file;     ///< As the user named it; empty when there is none.
  std::string path;     ///< JSON pointer (RFC 6901), or "line 7, column 3" for broken syntax.
  std::string value;    ///< What stood there, as JSON text; empty when something is missing.
  std::string message;  ///< What is wrong and what is allowed, in plain words.

  std::string text() const;
  bool operator==(const Problem&) const = default;
};

using Problems = std::vector<Problem>;

/// One line a problem.
std::string to_text(const Problems& problems);

/// The name in `known` that a mistyped `name` most likely meant, or "" when none is near.
std::string nearest_name(std::string_view name, const std::vector<std::string>& known);

/// Up to `most` names of `known`, those most like `name` first. Long lists help nobody.
std::vector<std::string> nearest_names(std::string_view name, const std::vector<std::string>& known,
                                       std::size_t most);

}  // namespace brokerlab
