// Sentences of others, blanks filled, told in our own words.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace brokerlab::cli {

/// What stands in the blanks when `text` has the form, "{} is required"; nothing when it has not.
std::optional<std::vector<std::string>> blanks_in(std::string_view text, std::string_view form);

/// A sentence with "{}" or "{1}" in it, filled; Korean particles chosen.
std::string filled(std::string_view sentence, const std::vector<std::string>& blanks);

}  // namespace brokerlab::cli
