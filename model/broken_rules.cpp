#include "model/broken_rules.h"

#include <algorithm>
#include <array>
#include <utility>

namespace brokerlab::model {
namespace {

constexpr std::array rules{
    std::pair{Rule::high_watermark_waits_for_isr, std::string_view("high_watermark_waits_for_isr")},
    std::pair{Rule::high_watermark_bounds_fetches,
              std::string_view("high_watermark_bounds_fetches")},
    std::pair{Rule::isr_grows_once_caught_up, std::string_view("isr_grows_once_caught_up")},
    std::pair{Rule::followers_truncate_by_epoch, std::string_view("followers_truncate_by_epoch")},
    std::pair{Rule::deposed_leaders_refuse_writes,
              std::string_view("deposed_leaders_refuse_writes")},
    std::pair{Rule::commits_are_stored, std::string_view("commits_are_stored")},
    std::pair{Rule::sequences_are_checked, std::string_view("sequences_are_checked")},
    std::pair{Rule::markers_reach_all_partitions, std::string_view("markers_reach_all_partitions")},
    std::pair{Rule::old_epochs_are_fenced, std::string_view("old_epochs_are_fenced")},
    std::pair{Rule::tombstones_stay_a_while, std::string_view("tombstones_stay_a_while")},
};

}  // namespace

std::string_view name_of(Rule rule) {
  const auto* found =
      std::find_if(rules.begin(), rules.end(), [&](const auto& one) { return one.first == rule; });
  return found->second;
}

std::optional<Rule> rule_named(std::string_view name) {
  for (const auto& [rule, known] : rules) {
    if (known == name) return rule;
  }
  return std::nullopt;
}

std::vector<std::string_view> names_of_rules() {
  std::vector<std::string_view> names;
  names.reserve(rules.size());
  for (const auto& [rule, name] : rules) names.push_back(name);
  return names;
}

void break_rule(Rule rule) { detail::broken |= std::uint32_t{1} << static_cast<unsigned>(rule); }

void mend_all_rules() { detail::broken = 0; }

}  // namespace brokerlab::model
