#include "base/text_encoding.h"

#include "base/settings.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

using namespace brokerlab;
using namespace std::string_literals;

namespace {

/// As a Windows editor saves it.
std::string utf16(const std::string& ascii, bool big_endian, bool marked) {
  std::string wide = !marked ? "" : big_endian ? "\xFE\xFF"s : "\xFF\xFE"s;
  for (const char c : ascii) wide += big_endian ? "\0"s + c : c + "\0"s;
  return wide;
}

std::string said_of(const std::string& text) {
  SettingsReport report;
  report.file = "x.json";
  Json document;
  parse_json(text, document, report);
  return report.errors.empty() ? document.dump() : to_text(report.errors);
}

}  // namespace

TEST_CASE("a byte order mark before UTF-8 is no part of the text", "[unit]") {
  CHECK(*without_byte_order_mark("\xEF\xBB\xBFname") == "name");
  CHECK(*without_byte_order_mark("name") == "name");
  CHECK(without_byte_order_mark("\xEF\xBB\xBF")->empty());
  CHECK(*without_byte_order_mark("\xEF\xBB") == "\xEF\xBB");  // no mark, and no UTF-8: found later
  CHECK(said_of("\xEF\xBB\xBF{\"a\": 1}\r\n") == "{\"a\":1}");
  CHECK(said_of("\xEF\xBB\xBF") == "x.json: is empty; a JSON object is needed\n");
  // Only the first is one; places are counted behind it.
  CHECK(said_of("\xEF\xBB\xBF{\"a\": }").find("line 1, column 7") != std::string::npos);
}

TEST_CASE("UTF-16 and UTF-32 are called what they are", "[unit]") {
  for (const bool big_endian : {false, true}) {
    for (const bool marked : {false, true}) {
      CHECK(said_of(utf16("{\"a\": 1}", big_endian, marked)) ==
            "x.json: is UTF-16 text; save the file as UTF-8\n");
    }
  }
  CHECK(without_byte_order_mark("\xFF\xFE\0\0{\0\0\0"s).error() ==
        "is UTF-32 text; save the file as UTF-8");
  CHECK(without_byte_order_mark("\0\0\xFE\xFF\0\0\0{"s).error() ==
        "is UTF-32 text; save the file as UTF-8");
}
