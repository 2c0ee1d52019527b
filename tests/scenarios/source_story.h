// Stories of sources: a scenario with a source and a producer of it.
#pragma once

#include "scenarios/loader.h"

#include <catch2/catch.hpp>

#include <string>

namespace brokerlab::tests {

inline constexpr const char* lone_source = R"json({
  "name": "one", "starts_at": "08:00:00", "duration": "DURATION", "brokers": {"count": 1},
  "topics": [{"name": "t", "partitions": 8, "replication.factor": 1}],
  "sources": [SOURCES],
  "producers": [{"name": "p", "source": "s", "topic": "t"KEY,
    "config": {"acks": "1", "enable.idempotence": falseCONFIG}}]})json";

struct Setting {
  std::string duration = "100s";
  std::string key = {};
  std::string config = {};
  std::string folder = {};
};

/// A scenario with these sources, and a producer of the one named s.
inline std::string text_with(const std::string& sources, const Setting& setting = {}) {
  std::string text = lone_source;
  const auto put = [&text](const std::string& blank, const std::string& what) {
    text.replace(text.find(blank), blank.size(), what);
  };
  put("DURATION", setting.duration);
  put("SOURCES", sources);
  put("KEY", setting.key);
  put("CONFIG", setting.config);
  return text;
}

inline scenarios::Loaded load_with(const std::string& sources, const Setting& setting = {}) {
  return scenarios::parse_scenario(text_with(sources, setting), "one.json", setting.folder);
}

/// A scenario with one source named s: `fields` of it.
inline scenarios::Scenario with_source(const std::string& fields, const Setting& setting = {}) {
  const scenarios::Loaded loaded = load_with(R"({"name": "s", )" + fields + "}", setting);
  INFO(to_text(loaded.errors));
  REQUIRE(loaded.scenario.has_value());
  return *loaded.scenario;
}

}  // namespace brokerlab::tests
