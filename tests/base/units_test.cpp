#include "base/units.h"

#include <catch2/catch.hpp>

using namespace brokerlab;

TEST_CASE("a quantity is a number and a unit, and prints back", "[unit]") {
  REQUIRE(*parse_duration("10ms") == 10ms);
  REQUIRE(*parse_duration("1.5 s") == 1500ms);
  REQUIRE(*parse_bytes("1GiB") == 1_GiB);
  REQUIRE(*parse_rate("1Gbps") == BytesPerSecond(125'000'000));
  REQUIRE(parse_per_second("20k/s")->count() == 20'000);
  for (const char* text : {"10ms", "1.5s", "18s", "1min", "250us", "0ns", "330s", "999s", "61min",
                           "90min", "7d", "100s", "-75s"}) {
    REQUIRE(to_text(*parse_duration(text)) == text);
  }
  REQUIRE(to_text(1_GiB) == "1GiB");
  REQUIRE(to_text(1500_B) == "1.5KB");
  REQUIRE(to_text(PerSecond(20'000)) == "20k/s");
}

TEST_CASE("a missing or unknown unit is explained", "[unit]") {
  REQUIRE(parse_duration("10").error() == "needs a unit, one of ns, us, ms, s, min, h, d");
  REQUIRE(parse_bytes("10 parsecs").error().find("no such unit as \"parsecs\"") !=
          std::string::npos);
  REQUIRE(parse_bytes("").error().find("must be a number and a unit") == 0);
  REQUIRE(parse_duration("1e9d").error() == "is too large");
  REQUIRE_FALSE(parse_bytes("1e999GiB").ok());
}

TEST_CASE("a transfer takes its size over its rate, rounded up", "[unit]") {
  REQUIRE(time_for(125_MB, 1_Gbps) == 1s);
  REQUIRE(time_for(1_B, BytesPerSecond(3)) == Duration(333'333'334));
}

TEST_CASE("units: quantities have Korean names", "[unit]") {
  CHECK(to_korean_text(Duration(18s)) == "18초");
  CHECK(to_korean_text(Duration(1500us)) == "1.5ms");
  CHECK(to_korean_text(Duration(7ns)) == "7ns");
  CHECK(to_korean_text(Duration(90s)) == "90초");
  CHECK(to_korean_text(PerSecond(200)) == "초당 200건");
}
