// Html: a page in one file, well-formed as XML, with nothing that is fetched.
//
// A text becomes Markup by being escaped, and only Markup goes into a page: a topic that is named
// "<script>" is a name.
//
// Lifetime: values. Threads: none. Errors: bytes that are no UTF-8, and control characters, become
// U+FFFD.
#pragma once

#include "base/phrase.h"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace brokerlab::plan::report {

class Markup {
 public:
  Markup() = default;
  Markup(std::string_view text);  // NOLINT(google-explicit-constructor): escaped, so harmless
  Markup(const std::string& text) : Markup(std::string_view(text)) {}  // NOLINT
  Markup(const char* text) : Markup(std::string_view(text)) {}         // NOLINT
  /// What is written by us and has no name of a user's in it.
  static Markup verbatim(std::string_view markup);

  Markup& operator+=(const Markup& more);
  friend Markup operator+(Markup a, const Markup& b) { return std::move(a += b); }
  const std::string& text() const { return text_; }
  bool empty() const { return text_.empty(); }

 private:
  std::string text_;
};

using Attributes = std::vector<std::pair<std::string_view, std::string>>;

Markup element(std::string_view name, const Attributes& attributes, const Markup& content);
inline Markup element(std::string_view name, const Markup& content) {
  return element(name, {}, content);
}
/// An element without content, such as a line of a picture.
Markup lone_element(std::string_view name, const Attributes& attributes);

struct Column {
  std::string name;
  bool number = false;  ///< To the right.
};
/// A table with a header; its rows are as long as there are columns.
Markup table(const std::vector<Column>& columns, const std::vector<std::vector<Markup>>& rows);

/// A part of a page with a heading and a place to link to.
Markup section(const std::string& id, const std::string& heading, const Markup& content);

/// What a page begins with: by it an earlier report is known.
inline constexpr std::string_view page_beginning = "<!DOCTYPE html>\n<!-- brokerlab report -->\n";

/// The whole file. `body`: sections.
std::string page(Language language, const std::string& title, const Markup& body);

}  // namespace brokerlab::plan::report
