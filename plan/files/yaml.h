// YAML as JSON, for the few files that come in it. Aliases, tags and several documents are beyond
// what these files need; the first document counts.
//
// Threads: none. Errors: what is no YAML, or nested deeper than 32 levels, is nothing.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include <optional>
#include <string>

namespace brokerlab::plan {

/// Scalars stay texts.
std::optional<nlohmann::ordered_json> json_of_yaml(const std::string& text);

}  // namespace brokerlab::plan
