#include "base/text_encoding.h"

#include "base/translation.h"

namespace brokerlab {
namespace {

using namespace std::string_view_literals;

/// The encoding that such a beginning gives away; empty: none of those that are not read.
std::string_view wide_encoding(std::string_view text) {
  // The longer marks first: that of UTF-32 begins with that of UTF-16.
  if (text.starts_with("\xFF\xFE\0\0"sv) || text.starts_with("\0\0\xFE\xFF"sv)) return "UTF-32";
  if (text.starts_with("\xFF\xFE"sv) || text.starts_with("\xFE\xFF"sv)) return "UTF-16";
  if (text.size() < 2) return {};
  // Without a mark: what people begin a text with is ASCII, every second byte of it a zero.
  return (text[0] == '\0') != (text[1] == '\0') ? "UTF-16"sv : ""sv;
}

}  // namespace

Result<std::string_view, std::string> without_byte_order_mark(std::string_view text) {
  if (const std::string_view wide = wide_encoding(text); !wide.empty()) {
    return fail(tr("is {} text; save the file as UTF-8", wide));
  }
  constexpr std::string_view mark = "\xEF\xBB\xBF";
  if (text.starts_with(mark)) text.remove_prefix(mark.size());
  return text;
}

std::size_t utf8_length(std::string_view text) {
  const auto at = [text](std::size_t i) {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : static_cast<unsigned char>(0);
  };
  const unsigned char first = at(0);
  if (first < 0x80) return 1;
  const auto follows = [&at](std::size_t i) { return (at(i) & 0xC0) == 0x80; };
  if (first >= 0xC2 && first <= 0xDF) return follows(1) ? 2 : 0;
  if (first >= 0xE0 && first <= 0xEF) {
    if (!follows(1) || !follows(2)) return 0;
    if (first == 0xE0 && at(1) < 0xA0) return 0;
    if (first == 0xED && at(1) > 0x9F) return 0;
    return 3;
  }
  if (first >= 0xF0 && first <= 0xF4) {
    if (!follows(1) || !follows(2) || !follows(3)) return 0;
    if (first == 0xF0 && at(1) < 0x90) return 0;
    if (first == 0xF4 && at(1) > 0x8F) return 0;
    return 4;
  }
  return 0;
}

std::size_t find_not_utf8(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t length = utf8_length(text.substr(at));
    if (length == 0) return at;
    at += length;
  }
  return std::string_view::npos;
}

}  // namespace brokerlab
