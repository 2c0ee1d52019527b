#include "scenarios/sources/record_source.h"

#include <catch2/catch.hpp>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>

using brokerlab::scenarios::RecordSource;

namespace {

const std::string data = std::string(BROKERLAB_SOURCE_DIR) + "/scenarios/library/data/";
constexpr const char* header = "id,username,pass,reply,authdate,server\n";

std::string why_not(const std::string& csv) {
  const auto source = RecordSource::parse(csv);
  return source.ok() ? "ok" : source.error();
}

}  // namespace

TEST_CASE("records: a row is the lecture's JSON, field by field", "[unit]") {
  const auto source = RecordSource::parse(
      std::string(header) + "7,kim,Chap,Access-Accept,2019-05-03 08:55:01,192.0.2.63\n");
  REQUIRE(source.ok());
  CHECK(source->json(0) ==
        R"({"id": 7, "username": "kim", "pass": "Chap", "reply": "Access-Accept", )"
        R"("authdate": "2019-05-03 08:55:01", "authdate_v20190503": "2019-05-03T08:55:01", )"
        R"("requestipaddress": "", "calledstationid": "", "callingstationid": "", )"
        R"("framedipaddress": "", "arubaessidname": "", "arubalocationid": "", )"
        R"("server": "192.0.2.63"})");
}

TEST_CASE("records: rows come again under new ids", "[unit]") {
  const auto source = RecordSource::parse(std::string(header) +
                                          "7,a,b,c,2019-05-03 08:55:01,d\n"
                                          "9,\"x,\"\"y\",b,c,2019-05-03 08:55:02,d\n");
  REQUIRE(source.ok());
  REQUIRE(source->rows() == 2);
  CHECK(source->id(0) == 7);
  CHECK(source->id(1) == 9);
  CHECK(source->id(2) == 10);
  CHECK(source->id(5) == 15);
  CHECK(source->column(3, "username") == "x,\"y");
  CHECK(source->column(3, "id") == "12");
}

TEST_CASE("records: a broken table is refused with its line", "[unit]") {
  CHECK(why_not("") == "has no rows");
  CHECK(why_not("a,b\n") == "line 1 must be id,username,pass,reply,authdate,server");
  CHECK(why_not(header) == "has no rows");
  CHECK(why_not(std::string(header) + "1,a\n") == "line 2 has 2 fields; must have 6");
  CHECK(why_not(std::string(header) + "x,a,b,c,2019-05-03 08:55:01,d\n") ==
        "line 2 needs an id of its own, a whole number");
  CHECK(why_not(std::string(header) + "1,a,b,c,yesterday,d\n") ==
        "line 2 needs an authdate as 2019-05-03 08:55:00");
  CHECK(why_not(std::string(header) + "1,\"a\n") == "line 2 has a quote that is never closed");
}

TEST_CASE("records: the library's table is large enough and uses documentation addresses",
          "[unit]") {
  const auto source = RecordSource::open(data + "wifi_auth.csv");
  REQUIRE(source.ok());
  CHECK(source->rows() == 24'000);
  for (std::int64_t i = 0; i < 24'000; i += 97) {
    const std::string server = source->column(i, "server");
    CHECK((server.starts_with("192.0.2.") || server.starts_with("198.51.100.")));
  }
}

TEST_CASE("records: the generator writes the committed table", "[unit]") {
  if (std::system("python3 -c 0 >/dev/null 2>&1") != 0) {
    WARN("no python3: the generator was not run");
    return;
  }
  FILE* pipe = popen(("python3 '" + data + "generate_wifi_auth.py'").c_str(), "r");
  REQUIRE(pipe != nullptr);
  std::string generated;
  std::array<char, 65536> block;
  for (std::size_t n; (n = fread(block.data(), 1, block.size(), pipe)) > 0;) {
    generated.append(block.data(), n);
  }
  CHECK(pclose(pipe) == 0);
  std::ifstream file(data + "wifi_auth.csv", std::ios::binary);
  const std::string committed{std::istreambuf_iterator<char>(file), {}};
  CHECK((generated == committed));  // Not printed: two megabytes.
}

// As spreadsheets save it.
TEST_CASE("records: a table with a byte order mark and CRLF is the same table", "[unit]") {
  const std::string row = "7,kim,Chap,Access-Accept,2019-05-03 08:55:01,192.0.2.63";
  const auto plain = RecordSource::parse(header + row + "\n");
  const std::string windows =
      "\xEF\xBB\xBFid,username,pass,reply,authdate,server\r\n" + row + "\r\n";
  const auto marked = RecordSource::parse(windows);
  REQUIRE(plain.ok());
  REQUIRE(marked.ok());
  CHECK(marked->json(0) == plain->json(0));
}

TEST_CASE("records: a table in another encoding is called that", "[unit]") {
  using namespace std::string_literals;
  CHECK(why_not("\xFF\xFEi\0d\0"s) == "is UTF-16 text; save the file as UTF-8");
  // CP949, what a Korean spreadsheet saves as CSV.
  CHECK(why_not(std::string(header) + "7,\xB1\xE8,b,c,2019-05-03 08:55:01,d\n") ==
        "line 2 is not UTF-8 text; save the file as UTF-8");
}
