// The encoding of the texts that users give: UTF-8, with or without a byte order mark.
//
// Spreadsheets and Windows editors put a mark (EF BB BF) before UTF-8, which is no part of the
// text, or save UTF-16, which is refused by name instead of by whatever its first bytes break.
//
// Threads: none. Errors: fit to follow "path: ".
#pragma once

#include "base/result.h"

#include <cstddef>
#include <string>
#include <string_view>

namespace brokerlab {

/// The text behind its byte order mark. An error for UTF-16 and UTF-32, marked or not.
Result<std::string_view, std::string> without_byte_order_mark(std::string_view text);

/// Length of the UTF-8 sequence at the start of `text`, or 0 (RFC 3629: no overlong forms, no
/// surrogates).
std::size_t utf8_length(std::string_view text);

/// Where `text` stops being UTF-8; npos when it is.
std::size_t find_not_utf8(std::string_view text);

}  // namespace brokerlab
