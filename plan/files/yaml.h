// YAML as JSON, for the few files that come in it. Aliases, tags and several documents are beyond
// what these files need; the first document counts.
//
// Threads: none. Errors: what is no YAML, or nested deeper than 32 levels, is nothing.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace brokerlab::plan {

/// Scalars stay texts.
std::optional<nlohmann::ordered_json> json_of_yaml(const std::string& text);

/// A scalar as the number that YAML 1.1 has for it, which is what SnakeYAML reads: 50_000, 0xC350,
/// 0b101, 017 (of base 8), 1:30 (of base 60), 1.5, 1e3. Nothing: it is none ("10KB", "many").
std::optional<double> number_of_yaml(std::string_view text);

}  // namespace brokerlab::plan
